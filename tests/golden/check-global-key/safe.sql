CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, slug text NOT NULL, host text, token uuid UNIQUE,
    UNIQUE (org_id, slug));
CREATE UNIQUE INDEX project_host ON project (lower(host), coalesce(org_id, 0));
CREATE UNIQUE INDEX org_slug ON org (lower(slug));
CREATE TABLE booking (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, room text, during tstzrange,
    EXCLUDE USING gist (org_id WITH =, room WITH =, during WITH &&));
CREATE TABLE task (project_id bigint NOT NULL REFERENCES project, nr int, PRIMARY KEY (project_id, nr));
-- text that is made to be an id, and what holds it
CREATE TABLE doc (id text PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
CREATE TABLE doc_text (doc_id text PRIMARY KEY REFERENCES doc, body text);
-- rows of nobody
CREATE TABLE template (id bigint PRIMARY KEY, org_id bigint REFERENCES org, name text);
CREATE UNIQUE INDEX template_of_all ON template (name) WHERE org_id IS NULL;
CREATE TABLE auth_key (id bigint PRIMARY KEY, key text UNIQUE);
CREATE TABLE member (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, user_id bigint, UNIQUE (org_id, user_id));
