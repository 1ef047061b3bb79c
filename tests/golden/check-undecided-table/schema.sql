CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
CREATE TABLE plan (id bigint PRIMARY KEY, name text);
CREATE SCHEMA "Weird.Schema";
CREATE TABLE "Weird.Schema"."select" (id bigint PRIMARY KEY);
CREATE TABLE line (id bigint, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE line_1 PARTITION OF line DEFAULT;
