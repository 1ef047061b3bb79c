"""A monolith to plan for, apply to and take back: its silos.toml, its crossings and its dump."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from splitter.catalog import read_schema
from splitter.crossings import find_crossings
from splitter.db import Connection
from splitter.key_facts import make_break_fks_plan
from splitter.silos import SiloMap
from splitter.steps import Plan, plan_from_json, plan_to_json
from tests.servers import Server

SILOS = """
[organization]
table = "org"
[control]
tables = ["u", "u_*", "Us*"]
[regions.us]
url = "postgresql:///x"
"""
BASE = "CREATE TABLE org (id int PRIMARY KEY);"
USERS = BASE + "CREATE TABLE u (id int PRIMARY KEY, name text UNIQUE, a int, b text, UNIQUE (a, b));"
RESTRICTS = '\n[[references]]\nfrom = "c.x"\nto = "u.id"\non_delete = "restrict"\nrestrict_becomes = "cascade"\n'


@dataclass(frozen=True, slots=True)
class PlanSite:
    url: str
    conn: Connection
    server: Server
    silos: SiloMap

    def plan(self, **more: Any) -> Plan:
        """The plan that breaks its keys, as it comes back from its file."""
        made = make_break_fks_plan(self.conn, read_schema(self.conn), self.silos, "us", **more)
        read = plan_from_json(plan_to_json(made))
        assert read == made
        return read

    def hard(self) -> list[str]:
        """The crossings that foreign keys enforce."""
        return [str(crossing) for crossing in find_crossings(read_schema(self.conn), self.silos) if crossing.is_hard]

    def dump(self) -> str:
        command = [str(self.server.binaries / "pg_dump"), "--schema-only", "--exclude-schema=orglift", "-d", self.url]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return re.sub(r"^\\(un)?restrict .*$", "", text, flags=re.MULTILINE)

    def run(self, *statements: str) -> None:
        for statement in statements:
            self.conn.execute(statement.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.conn.execute(query.encode()).fetchall()


MakeSite = Callable[..., PlanSite]
