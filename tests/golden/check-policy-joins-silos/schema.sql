CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text, owner_id bigint);

ALTER TABLE project ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON project USING (owner_id IN (SELECT id FROM users WHERE email = current_user));
CREATE FUNCTION my_ids() RETURNS SETOF bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT id FROM users WHERE email = current_user; END;
CREATE POLICY "by function" ON project FOR INSERT WITH CHECK (owner_id IN (SELECT my_ids()));
