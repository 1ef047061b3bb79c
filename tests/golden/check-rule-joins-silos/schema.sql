CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text, owner_id bigint);

CREATE RULE remember AS ON DELETE TO project DO ALSO UPDATE users SET email = email WHERE id = OLD.owner_id;
CREATE VIEW project_view AS SELECT id FROM project;
CREATE RULE instead AS ON INSERT TO project_view DO INSTEAD INSERT INTO users VALUES (NEW.id, '');
