CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE event (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, at timestamptz);
CREATE TABLE visit (org_id bigint NOT NULL REFERENCES org, nr int NOT NULL, UNIQUE (org_id, nr));
CREATE TABLE auth_log (at timestamptz);
