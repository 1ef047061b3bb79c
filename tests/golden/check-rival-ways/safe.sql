CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE team (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, UNIQUE (org_id, id));
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, UNIQUE (org_id, id));
-- the organization itself is the shortest way
CREATE TABLE team_project (org_id bigint NOT NULL REFERENCES org, team_id bigint REFERENCES team, project_id bigint REFERENCES project,
    PRIMARY KEY (team_id, project_id));
-- the tenant's column is in both
CREATE TABLE task (id bigint PRIMARY KEY, org bigint NOT NULL, team_id bigint, project_id bigint,
    FOREIGN KEY (org, team_id) REFERENCES team (org_id, id), FOREIGN KEY (org, project_id) REFERENCES project (org_id, id));
-- one of them alone, in three spellings
CREATE TABLE badge (id bigint PRIMARY KEY, project_id bigint REFERENCES project, team_id bigint REFERENCES team,
    CHECK (num_nonnulls(team_id, project_id) = 1));
CREATE TABLE label (id bigint PRIMARY KEY, project_id bigint REFERENCES project, "Team" bigint REFERENCES team,
    CHECK ((project_id IS NULL) <> ("Team" IS NULL)));
CREATE TABLE note (id bigint PRIMARY KEY, project_id bigint REFERENCES project, team_id bigint REFERENCES team,
    CHECK ((project_id IS NULL AND team_id IS NOT NULL) OR (project_id IS NOT NULL AND team_id IS NULL)));
-- one that every row has, and one that some have
CREATE TABLE page (id bigint PRIMARY KEY, project_id bigint NOT NULL REFERENCES project, team_id bigint REFERENCES team);
-- chosen
CREATE TABLE transfer (id bigint PRIMARY KEY, from_org bigint NOT NULL REFERENCES org, to_org bigint NOT NULL REFERENCES org);
