CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE auth_login (id bigint PRIMARY KEY, user_id bigint REFERENCES users);

-- region -> control, by every action that a delete may have
CREATE TABLE member (
    id bigint PRIMARY KEY,
    org_id bigint NOT NULL REFERENCES org,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    invited_by bigint REFERENCES users ON DELETE SET NULL,
    approved_by bigint REFERENCES users ON DELETE RESTRICT,
    removed_by bigint REFERENCES users,
    blocked_by bigint NOT NULL REFERENCES users ON DELETE SET NULL,
    watcher_id bigint,
    muted_by bigint
);
-- control -> region
CREATE TABLE auth_session (id bigint PRIMARY KEY, user_id bigint REFERENCES users, org_id bigint REFERENCES org ON DELETE CASCADE);
-- composite, to a key that is not the primary one, names that need quotes
CREATE TABLE "auth_Api ""Key""" (user_id bigint REFERENCES users, "Nr." int, UNIQUE (user_id, "Nr."));
CREATE TABLE "Use of Key" (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, "User" bigint, "Nr." int,
    FOREIGN KEY ("User", "Nr.") REFERENCES "auth_Api ""Key""" (user_id, "Nr.") ON DELETE SET NULL ("Nr."));
-- a partition's own key counts as its table's
CREATE TABLE event (id bigint, org_id bigint NOT NULL REFERENCES org, user_id bigint, PRIMARY KEY (id, org_id)) PARTITION BY LIST (org_id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES IN (1);
ALTER TABLE event_1 ADD CONSTRAINT event_user FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
