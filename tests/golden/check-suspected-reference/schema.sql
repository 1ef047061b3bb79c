CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
CREATE TABLE "userDevice" (id uuid PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
CREATE TABLE company (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
CREATE TABLE task (
    id bigint PRIMARY KEY,
    org_id bigint NOT NULL REFERENCES org,
    project_id integer,           -- of another width
    user_id bigint,               -- it would cross
    "userDeviceId" uuid,
    company_id bigint,
    team_id bigint,               -- there is no such table
    number_id bigint,
    "projectId" text              -- of another kind
);
CREATE TABLE auth_token (id bigint PRIMARY KEY, user_id bigint);  -- nothing moves, and nothing crosses
