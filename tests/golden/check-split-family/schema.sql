CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE log (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
CREATE TABLE auth_log () INHERITS (log);
CREATE TABLE event (id bigint, org_id bigint NOT NULL REFERENCES org, PRIMARY KEY (id, org_id)) PARTITION BY LIST (org_id);
CREATE TABLE auth_event PARTITION OF event FOR VALUES IN (1);
