"""A database whose ids are to be widened, beside one on which ALTER TYPE did it: their dumps are compared."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from splitter.apply import apply_plan
from splitter.catalog import read_schema
from splitter.schema import TableName
from splitter.steps import Plan, Stage, plan_from_json, plan_to_json
from splitter.widen_facts import WidenOptions, make_widen_ids_plan
from tests.plan_sites import PlanSite

WIDE = '[organization]\ntable = "org"\n[regions.us]\nurl = "postgresql:///x"\n'
ALL = tuple(Stage)


@dataclass(frozen=True, slots=True)
class WideSite(PlanSite):
    def plan(self, budget_ms: int = 0, tables: Iterable[TableName] = (), **more: Any) -> Plan:
        """As it comes back from its file; without a budget no table is small enough to be rewritten."""
        options = WidenOptions(budget_ms=budget_ms, **more)
        made = make_widen_ids_plan(self.conn, read_schema(self.conn), self.silos, "us", tables, options)
        read = plan_from_json(plan_to_json(made))
        assert read == made
        return read

    def widen(self, plan: Plan) -> None:
        apply_plan(self.conn, plan)
        apply_plan(self.conn, plan, stages=ALL)

    def dump(self, *more: str) -> str:
        command = [str(self.server.binaries / "pg_dump"), "--exclude-schema=orglift", *(more or ["--schema-only"]), "-d", self.url]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return re.sub(r"^\\(un)?restrict .*$", "", text, flags=re.MULTILINE)

    def content(self) -> dict[str, list[str]]:
        """Every table's rows as JSON, whatever the order of their columns."""
        found = {}
        for table in read_schema(self.conn).tables:
            query = sql.SQL("SELECT pg_catalog.to_jsonb(t)::text FROM {} AS t ORDER BY 1").format(sql.Identifier(*table))
            found[str(table)] = [row[0] for row in self.conn.execute(query).fetchall()]
        return found


MakeWide = Callable[..., WideSite]


def without_order(dump: str) -> str:
    """A dump in which the columns of a table stand in the order of their names."""
    dump = re.sub(r"(?m)^(CREATE STATISTICS .* ON )(.*)( FROM .*)$", lambda m: m[1] + ", ".join(sorted(m[2].split(", "))) + m[3], dump)
    return re.sub(r"(?ms)^(CREATE TABLE .*? \()\n(.*?)\n\)", lambda m: f"{m[1]}\n{_sorted(m[2])}\n)", dump)


def _sorted(body: str) -> str:
    return "\n".join(sorted(line.rstrip(",") for line in body.splitlines()))
