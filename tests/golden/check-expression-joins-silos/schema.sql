CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE FUNCTION first_user() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT min(id) FROM users; END;
CREATE FUNCTION mail(who bigint) RETURNS text LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT email FROM users WHERE id = who; END;
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, owner_id bigint DEFAULT first_user(),
    "Mail" text GENERATED ALWAYS AS (mail(owner_id)) STORED, CONSTRAINT has_mail CHECK (mail(owner_id) IS NOT NULL));
CREATE INDEX by_mail ON project (mail(owner_id));
