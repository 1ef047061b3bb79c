CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text, owner_id bigint);

CREATE FUNCTION owners() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM project AS p JOIN users AS u ON u.id = p.owner_id; END;
CREATE FUNCTION owners(minimum int) RETURNS bool LANGUAGE sql BEGIN ATOMIC SELECT owners() > minimum; END;  -- told of owners()
CREATE PROCEDURE adopt(who users, what bigint) LANGUAGE sql BEGIN ATOMIC UPDATE project SET owner_id = (who).id WHERE id = what; END;
