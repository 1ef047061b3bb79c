CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE event (org_id bigint NOT NULL REFERENCES org, at timestamptz);
CREATE TABLE visit (org_id bigint NOT NULL REFERENCES org, nr int, UNIQUE (org_id, nr));
CREATE TABLE partial (org_id bigint NOT NULL REFERENCES org, nr int NOT NULL, gone bool);
CREATE UNIQUE INDEX ON partial (org_id, nr) WHERE NOT gone;
