-- What only PostgreSQL 18 can say.
CREATE EXTENSION btree_gist;
CREATE TABLE target (id bigint PRIMARY KEY);
CREATE TABLE source (
  id bigint PRIMARY KEY, half bigint GENERATED ALWAYS AS (id / 2) VIRTUAL, whole bigint GENERATED ALWAYS AS (id * 2) STORED,
  target_id bigint CONSTRAINT loosely REFERENCES target NOT ENFORCED, n int CONSTRAINT hopefully CHECK (n > 0) NOT ENFORCED, "o""ld" text);
ALTER TABLE source ADD CONSTRAINT from_now_on NOT NULL "o""ld" NOT VALID;
CREATE TABLE lease (id int, during tstzrange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE visit (id int, during tstzrange, CONSTRAINT within FOREIGN KEY (id, PERIOD during) REFERENCES lease (id, PERIOD during));
