CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, slug text NOT NULL UNIQUE, host text, port int, gone bool);
CREATE UNIQUE INDEX project_host ON project (lower(host), port) WHERE NOT gone;
CREATE TABLE member (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, user_id bigint, UNIQUE (user_id));
CREATE TABLE booking (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, room text, during tstzrange,
    CONSTRAINT one_at_a_time EXCLUDE USING gist (room WITH =, during WITH &&));
CREATE TABLE currency (org_id bigint NOT NULL REFERENCES org, code text PRIMARY KEY);
ALTER TABLE org ADD name text UNIQUE;
