CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text, owner_id bigint);

CREATE VIEW regional AS SELECT p.id, o.slug FROM project AS p JOIN org AS o ON o.id = p.org_id;
CREATE VIEW of_control AS SELECT email FROM users;
CREATE VIEW again AS SELECT id FROM regional;
