CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE SEQUENCE audit_seq;
CREATE TABLE audit (id bigint PRIMARY KEY DEFAULT nextval('audit_seq'), org_id bigint NOT NULL REFERENCES org);
CREATE TABLE auth_audit (id bigint PRIMARY KEY DEFAULT nextval('audit_seq'));
CREATE TABLE note (id bigserial PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
CREATE TABLE auth_note (id bigint PRIMARY KEY DEFAULT nextval('note_id_seq'));
