CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE team (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, "forked from" bigint REFERENCES project);
CREATE TABLE team_project (team_id bigint REFERENCES team, project_id bigint REFERENCES project, PRIMARY KEY (team_id, project_id));
CREATE TABLE transfer (id bigint PRIMARY KEY, from_org bigint NOT NULL REFERENCES org, to_org bigint NOT NULL REFERENCES org);
CREATE TABLE comment (id bigint PRIMARY KEY, project_id bigint REFERENCES project, team_id bigint REFERENCES team);
CREATE TABLE copy (id bigint PRIMARY KEY, project_id bigint NOT NULL REFERENCES project, source_id bigint REFERENCES project);
