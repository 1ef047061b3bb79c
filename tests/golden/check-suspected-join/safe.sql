CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text, owner_id bigint);

CREATE FUNCTION clean() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- not from users
    /* nor DELETE FROM users */
    RAISE NOTICE 'project % of users', OLD.id;
    DELETE FROM ONLY public.project USING org WHERE project.org_id = OLD.id AND project.name IS DISTINCT FROM 'users';
    RETURN NULL;
END$$;
CREATE TRIGGER cleans AFTER UPDATE ON org FOR EACH ROW EXECUTE FUNCTION clean();
