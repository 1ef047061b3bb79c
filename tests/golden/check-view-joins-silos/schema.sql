CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text, owner_id bigint);

CREATE VIEW owner AS SELECT p.id, u.email FROM project AS p JOIN users AS u ON u.id = p.owner_id;
CREATE MATERIALIZED VIEW "Owner Count" AS SELECT count(*) AS n FROM users WHERE EXISTS (SELECT FROM project WHERE owner_id = users.id);
CREATE VIEW regional AS SELECT id FROM project;
CREATE VIEW through AS SELECT r.id FROM regional AS r, users;
CREATE VIEW again AS SELECT email FROM owner;  -- told of owner
