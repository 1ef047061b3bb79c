CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text, owner_id bigint);

ALTER TABLE project ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON project USING (org_id IN (SELECT id FROM org WHERE slug = current_user));
CREATE POLICY set ON project USING (owner_id = current_setting('app.user')::bigint);
