CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE FUNCTION first_org() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT min(id) FROM org; END;
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL DEFAULT first_org() REFERENCES org, name text,
    short text GENERATED ALWAYS AS (lower(name)) STORED, CHECK (length(name) > 0));
CREATE INDEX by_name ON project (lower(name));
