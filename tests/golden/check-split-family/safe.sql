CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE log (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
CREATE TABLE log_old (PRIMARY KEY (id), FOREIGN KEY (org_id) REFERENCES org) INHERITS (log);
-- goes where its table goes
CREATE TABLE auth_event (id bigint, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_1 PARTITION OF auth_event DEFAULT;
