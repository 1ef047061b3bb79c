CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text, owner_id bigint);

CREATE FUNCTION owners() RETURNS TABLE (email text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT u.email FROM project AS p, public.users AS u WHERE u.id = p.owner_id;
END$$;
CREATE FUNCTION of_users() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM "users"';
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    who users%ROWTYPE;
BEGIN
    RETURN NULL;
END$$;
CREATE TRIGGER logs AFTER UPDATE ON project FOR EACH ROW EXECUTE FUNCTION log();
CREATE VIEW counted AS SELECT id, of_users() AS users FROM project;
CREATE TRIGGER fine AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION log();
