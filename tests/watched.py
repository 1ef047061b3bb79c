"""A server that counts and logs what it runs, and a small application whose statements cross in every way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from splitter.embedded import Cluster, temporary
from splitter.silos import SiloMap
from splitter.silos_file import parse_silos
from tests.servers import binaries

SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements,auto_explain",
    "auto_explain.log_min_duration": "0",
    "logging_collector": "on",
    "log_destination": "csvlog,jsonlog,stderr",
    "log_filename": "server.log",
    "log_line_prefix": "%m [%p] %v ",
    "autovacuum": "off",
}
SCRIPT = """
CREATE EXTENSION pg_stat_statements;
CREATE SCHEMA app;
CREATE TABLE org (id bigint PRIMARY KEY, slug text);
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, owner_id bigint, name text);
CREATE TABLE app.task (id bigint, project_id bigint NOT NULL REFERENCES project, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE app.task_1 PARTITION OF app.task FOR VALUES FROM (0) TO (1000);
CREATE TABLE users (id bigint PRIMARY KEY, email text);
CREATE TABLE "We.ird" (id bigint PRIMARY KEY, user_id bigint REFERENCES users);
CREATE VIEW owned AS SELECT p.id, u.email FROM project p JOIN users u ON u.id = p.owner_id;
CREATE VIEW names AS SELECT id, name FROM project;
CREATE FUNCTION greet(who bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE found text;
BEGIN
  SELECT email INTO found FROM users WHERE id = who;
  RETURN 'hello ' || found;
END $$;
CREATE FUNCTION app.sweep() RETURNS void LANGUAGE plpgsql SET search_path = app, public AS $$
BEGIN
  DELETE FROM task WHERE id < 0;
  PERFORM greet(1);
END $$;
CREATE FUNCTION anywhere(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ANALYZE ' || what; END $$;
CREATE FUNCTION parsed() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM users; END;
INSERT INTO org VALUES (1, 'acme');
INSERT INTO users VALUES (1, 'a@example.org');
INSERT INTO project VALUES (1, 1, 1, 'one');
"""
CONFIG = """
[organization]
table = "org"
[control]
tables = ["users", '"We.ird"']
[regions.main]
url = "${DATABASE_URL}"
"""


@dataclass(frozen=True)
class Watched:
    """``url``: of the database that SCRIPT made."""

    cluster: Cluster
    url: str

    @property
    def silos(self) -> SiloMap:
        return parse_silos(CONFIG, {"DATABASE_URL": self.url})

    def log(self, suffix: str) -> Path:
        """``csv``, ``json`` or ``log``."""
        return self.cluster.data / "log" / f"server.{suffix}"

    def run(self, *statements: str, autocommit: bool = True) -> None:
        """One session; without ``autocommit`` one transaction."""
        with psycopg.connect(self.url, autocommit=autocommit, prepare_threshold=None) as conn:
            for statement in statements:
                conn.execute(statement.encode())


@contextmanager
def watched(major: int, room: int = 200) -> Iterator[Watched]:
    """``room``: how many statements the server counts."""
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    with temporary(binaries(major), settings=SETTINGS | {"pg_stat_statements.max": str(room)}, place=place) as cluster:
        with psycopg.connect(cluster.url(), autocommit=True) as conn:
            conn.execute("CREATE DATABASE app")
        made = Watched(cluster, cluster.url("app"))
        made.run(SCRIPT)
        yield made
