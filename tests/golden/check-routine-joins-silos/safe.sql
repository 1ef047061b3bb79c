CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text, owner_id bigint);

CREATE FUNCTION projects() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM project; END;
CREATE FUNCTION known(who users) RETURNS bool LANGUAGE sql BEGIN ATOMIC SELECT EXISTS (SELECT FROM users WHERE id = (who).id); END;
