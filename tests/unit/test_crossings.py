"""What crosses between control and region, of one database and of several."""

from __future__ import annotations

from dataclasses import replace

from splitter.crossings import find_all_crossings, find_crossings
from splitter.graph import build_graph
from splitter.schema import Column, ForeignKey, Schema, Table, TableName
from splitter.silos import Control, Organization, Silo, SiloMap, SoftReference, SoftTarget


def name(text: str) -> TableName:
    return TableName("public", text)


def table(text: str, *columns: str, to: str | None = None) -> Table:
    made = tuple(
        Column(name=column, position=n, type="bigint", bare_type="bigint", base_type="bigint", not_null=n == 1)
        for n, column in enumerate(("id", *columns), start=1)
    )
    keys = (ForeignKey(name=f"{text}_fk", table=name(text), columns=columns[:1], target=name(to), target_columns=("id",)),) if to else ()
    return Table(name=name(text), columns=made, foreign_keys=keys)


def schema(*tables: Table) -> Schema:
    return Schema(server_version=150000, tables={each.name: each for each in tables})


SILOS = SiloMap(organization=Organization(table=name("org")), control=Control(tables=("auth_*",)))
TABLES = (
    table("org"),
    table("auth_user", "org_id", to="org"),
    table("member", "user_id", to="auth_user"),
    table("note", "org_id", to="org"),
)
SOFT = replace(
    SILOS,
    references=(SoftReference(table=name("note"), columns=("org_id",), targets=(SoftTarget(table=name("auth_user"), columns=("id",)),)),),
)


def test_crossings_go_either_way_and_what_stays_in_its_silo_is_none():
    found = {str(each): (each.child, each.parent, each.is_hard) for each in find_crossings(schema(*TABLES), SILOS)}
    assert found == {
        "auth_user.org_id -> org.id": (Silo.CONTROL, Silo.REGION, True),
        "member.user_id -> auth_user.id": (Silo.REGION, Silo.CONTROL, True),
    }


def test_a_soft_reference_crosses_too():
    assert [str(each) for each in find_crossings(schema(*TABLES), SOFT) if not each.is_hard] == ["note.org_id -> auth_user.id"]


def test_of_several_databases_each_is_told_once_and_a_key_wins_over_its_declaration():
    broken = tuple(replace(each, foreign_keys=()) if each.name.name == "member" else each for each in TABLES)
    declared = replace(
        SILOS,
        references=(
            SoftReference(table=name("member"), columns=("user_id",), targets=(SoftTarget(table=name("auth_user"), columns=("id",)),)),
        ),
    )
    graphs = {"us": build_graph(schema(*broken), declared), "de": build_graph(schema(*TABLES), declared)}
    found = find_all_crossings(graphs, declared)
    assert [(str(crossing), crossing.is_hard, names) for crossing, names in found] == [
        ("auth_user.org_id -> org.id", True, ("us", "de")),
        ("member.user_id -> auth_user.id", True, ("us", "de")),
    ]
