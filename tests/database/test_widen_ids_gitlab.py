"""GitLab's schema as it was before its ids became bigint: the whole of it is widened by one plan, and is then what GitLab has today.

``ORGLIFT_GITLAB_ON=18`` runs it on that version.
"""

from __future__ import annotations

import os

import pytest

from splitter.apply import apply_plan
from splitter.catalog import read_schema
from splitter.db import connect
from splitter.families import find_families, find_narrow_columns
from splitter.schema import Schema, TableName
from splitter.silos import SiloMap, spell_column
from splitter.silos_file import parse_silos
from splitter.undo import undo_plan
from tests.cases_support import find_cases
from tests.servers import Server
from tests.wide_sites import WideSite, assert_same, without_order

ON = int(os.environ.get("ORGLIFT_GITLAB_ON", "15"))  # of one version: two minutes on a busy machine
pytestmark = [pytest.mark.long, pytest.mark.postgres(ON)]

MONOLITH = '[organization]\ntable = "organizations"\n[regions.us]\nurl = "postgresql:///x"\n'
AS_IT_WAS = ("[] DEFAULT '{}'::bigint[]", "[] DEFAULT '{}'::integer[]")  # ALTER TYPE leaves the default's own cast as well
GITLAB = find_cases() / "gitlab"


def test_every_narrow_id_is_widened_by_one_plan_and_taken_back(server: Server) -> None:
    url, today_url = server.create(GITLAB / "structure_int4.sql"), server.create(GITLAB / "structure.sql")
    with connect(url, setting="--url") as conn, connect(today_url, setting="--url") as other:
        schema, today = read_schema(conn), read_schema(other)
        narrow = find_differing(schema, today)
        assert len(narrow) == 555
        silos = find_silos(schema, narrow)
        site, wanted = WideSite(url, conn, server, silos), WideSite(today_url, other, server, silos)
        before = site.dump()
        plan = site.plan(budget_ms=200)
        apply_plan(conn, plan)
        undo_plan(conn, plan)
        assert_same(site.dump(), before)
        site.widen(plan)
        assert find_families(read_schema(conn), silos) == ()
        assert find_differing(read_schema(conn), today) == []
        assert_same(*(without_order(each.dump().replace(*AS_IT_WAS)) for each in (site, wanted)))
        assert_same("\n".join(site.catalog()), "\n".join(wanted.catalog()))
    server.drop(url)
    server.drop(today_url)


def find_differing(schema: Schema, today: Schema) -> list[tuple[TableName, str]]:
    """The columns that were put back to int4."""
    pairs = [(table.name, column) for table in schema.tables.values() for column in table.columns]
    return [(name, column.name) for name, column in pairs if column.type != today.tables[name].column(column.name).type]


def find_silos(schema: Schema, narrow: list[tuple[TableName, str]]) -> SiloMap:
    """A monolith in which the columns that no foreign key ties to an id are declared: to whose is all one for their type."""
    silos = parse_silos(MONOLITH)
    found = {(table, column.name) for family in find_families(schema, silos) for table, column in find_narrow_columns(schema, family)}
    loose = [place for place in narrow if place not in found and schema.tables[place[0]].partition_of is None]
    return parse_silos(MONOLITH + "".join(f'[[references]]\nfrom = "{spell_column(*place)}"\nto = "users.id"\n' for place in loose))
