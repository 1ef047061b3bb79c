"""A database whose ids are to be widened, beside one on which ALTER TYPE did it: their dumps are compared."""

from __future__ import annotations

import difflib
import re
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from splitter.apply import apply_plan
from splitter.catalog import read_schema
from splitter.journal import PlanState, read_journal
from splitter.schema import TableName
from splitter.steps import Plan, Stage, plan_from_json, plan_to_json
from splitter.undo import undo_plan
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

    def catalog(self) -> list[str]:
        """What a dump does not say: of every constraint, relation, index, trigger and column, those of partitions too."""
        return [str(row) for query in _CATALOG for row in sorted(self.rows(query), key=str)]


_NAME = "c.oid::regclass::text"
_CATALOG = tuple(
    f"SELECT {_NAME}, {columns} FROM pg_class AS c {more}"
    f" WHERE c.relnamespace::regnamespace::text !~ '^(orglift|pg_|information_schema)'{but}"
    for columns, more, but in (
        ("relkind, relpersistence, reloptions::text, relreplident, relhasrules, relrowsecurity, relacl::text", "", ""),
        (  # what stands for one partition of the table that is referred to is never marked as proved, nor asked about it
            "conname, contype, condeferrable, condeferred, convalidated OR conparentid <> 0, conparentid <> 0, coninhcount,"
            " connoinherit AND contype IN ('c', 'n')",
            "JOIN pg_constraint AS k ON k.conrelid = c.oid",
            "",
        ),
        (
            "indisunique, indisprimary, indisvalid, indisready, indimmediate, indisclustered, indisreplident",
            "JOIN pg_index AS x ON x.indexrelid = c.oid",
            "",
        ),
        ("tgname, tgenabled, tgparentid <> 0", "JOIN pg_trigger AS g ON g.tgrelid = c.oid", " AND NOT tgisinternal"),
        (
            "attname, atttypid::regtype::text, attnotnull, attidentity, attgenerated, attislocal, attinhcount, attstattarget, attstorage,"
            " attcompression, attoptions::text, attacl::text",
            "JOIN pg_attribute AS a ON a.attrelid = c.oid",
            " AND attnum > 0 AND NOT attisdropped AND lower(relkind::text) <> 'i'",
        ),
    )
)
MakeWide = Callable[..., WideSite]


def without_order(dump: str) -> str:
    """A dump in which the columns of a table stand in the order of their names."""
    dump = re.sub(r"(?m)^(CREATE STATISTICS .* ON )(.*)( FROM .*)$", lambda m: m[1] + ", ".join(sorted(m[2].split(", "))) + m[3], dump)
    dump = re.sub(r"(?m)^(ALTER PUBLICATION .* ADD TABLE .* )\((.*?)\)", lambda m: f"{m[1]}({', '.join(sorted(m[2].split(', ')))})", dump)
    return re.sub(r"(?ms)^(CREATE TABLE .*? \()\n(.*?)\n\)", lambda m: f"{m[1]}\n{_sorted(m[2])}\n)", dump)


def _sorted(body: str) -> str:
    return "\n".join(sorted(line.rstrip(",") for line in body.splitlines()))


def assert_same(one: str, other: str) -> None:
    told = "\n".join(difflib.unified_diff(one.splitlines(), other.splitlines(), lineterm="", n=1))
    assert not told, told


def assert_both_ways(site: WideSite, other: WideSite, budget_ms: int = 0, by_hand: tuple[str, ...] = ()) -> None:
    """Widened online it is as ``other``, its equal, is after ALTER TYPE; taken back as before. ``budget_ms`` is too little for a rewrite.

    ``by_hand``: what widens ``other``, where one ALTER TYPE does not.
    """
    before, content = site.dump(), site.content()
    plan = site.plan(budget_ms)
    assert plan.steps
    apply_plan(site.conn, plan)
    assert [known.state for known in read_journal(site.conn)] == [PlanState.WATCHED]
    undo_plan(site.conn, plan)
    assert_same(site.dump(), before)
    assert site.content() == content
    assert [known.state for known in read_journal(site.conn)] == [PlanState.UNDONE]
    site.widen(plan)
    direct = None if by_hand else other.plan(budget_ms=10**9)
    other.run(*by_hand)
    if direct is not None:
        assert len(direct.steps) < len(plan.steps)
        other.widen(direct)
    assert_same(without_order(site.dump()), without_order(other.dump()))
    assert_same("\n".join(site.catalog()), "\n".join(other.catalog()))
    assert site.content() == content == other.content()
    assert site.plan().steps == ()
    assert [known.state for known in read_journal(site.conn)] == [PlanState.FINISHED]


def assert_at_once_and_back(site: WideSite) -> None:
    before = site.dump()
    plan = site.plan(budget_ms=10**9)
    apply_plan(site.conn, plan)
    assert site.plan().steps == ()
    undo_plan(site.conn, plan)
    assert_same(site.dump(), before)
