CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text, owner_id bigint);

CREATE FUNCTION is_known(what bigint) RETURNS bool LANGUAGE sql STABLE BEGIN ATOMIC SELECT EXISTS (SELECT FROM org WHERE id = what); END;
CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$;
CREATE TRIGGER "only the known" BEFORE INSERT ON project FOR EACH ROW WHEN (NOT is_known(NEW.org_id)) EXECUTE FUNCTION stop();
