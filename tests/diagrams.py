"""Schemas for the tests of `splitter graph`: small ones, hostile ones, and one of a thousand tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from splitter.diagram.model import Diagram, make_diagram
from splitter.findings_kinds import Finding, make_finding
from splitter.schema import Column, ForeignKey, Schema, Table, TableKind, TableName, UniqueKey
from splitter.silos import Control, Organization, SiloMap, SoftReference, SoftTarget

HOSTILE = (
    'quo"te',
    "single'quote",
    "</script><script>alert(1)</script>",
    "<!--",
    "]]>",
    "new\nline",
    "tab\there",
    "bell\x07",
    "a & b &amp; c",
    "dotted.name",
    " leading and trailing ",
    "back\\slash\\N",
    "${title} $$ %s {0}",
    "a -> b.c",
    "\u202eright to left",
    "nothing\u200bseen",
    "line\u2028separator",
    "\ufffe\uffff",
    "日本語のテーブル",
    "Ünïcödé",
    "🦆 duck",
    "select",
    "x" * 63,
)


def name(text: str, schema: str = "public") -> TableName:
    return TableName(schema, text)


def table(text: str, schema: str = "public", /, **references: str) -> Table:
    """``id``, and a column for each reference: ``user_id="users"``."""
    own = name(text, schema)
    columns = tuple(
        Column(name=column, position=number, type="bigint", bare_type="bigint", base_type="bigint", not_null=number == 1)
        for number, column in enumerate(("id", *references), start=1)
    )
    keys = tuple(
        ForeignKey(name=f"{text}_{column}", table=own, columns=(column,), target=name(target), target_columns=("id",), on_delete="c")
        for column, target in references.items()
    )
    primary = UniqueKey(name=f"{text}_pkey", table=own, columns=("id",), primary=True)
    return Table(name=own, columns=columns, keys=(primary,), foreign_keys=keys)


def partition(text: str, root: str) -> Table:
    return Table(name=name(text), columns=table(text).columns, partition_of=name(root), rows=5)


def partitioned(text: str, **references: str) -> Table:
    made = table(text, **references)
    return Table(name=made.name, kind=TableKind.PARTITIONED, columns=made.columns, keys=made.keys, foreign_keys=made.foreign_keys)


def schema(*tables: Table) -> Schema:
    return Schema(server_version=180000, tables={each.name: each for each in tables})


def soft(source: str, target: str, on_delete: str | None = None) -> SoftReference:
    """``member.user_id`` holds ``users.id``."""
    (table_name, column), (to, key) = source.rsplit(".", 1), target.rsplit(".", 1)
    targets = (SoftTarget(table=name(to), columns=(key,)),)
    return SoftReference(table=name(table_name), columns=(column,), targets=targets, on_delete=on_delete)  # type: ignore[arg-type]


def silos(*references: SoftReference, control: tuple[str, ...] = ("users", "auth_*"), organization: str = "orgs") -> SiloMap:
    return SiloMap(organization=Organization(table=name(organization)), control=Control(tables=control), references=references)


SMALL = schema(
    replace(table("orgs", plan_id="plans"), rows=3),
    table("plans"),
    replace(table("users", org_id="orgs"), rows=100),
    table("auth_tokens", user_id="users"),
    table("projects", org_id="orgs"),
    table("issues", project_id="projects", author_id="users", parent_id="issues"),
    table("issue_labels", issue_id="issues"),
    table("issue_notes", issue_id="issues", org_id="orgs"),
    table("members"),
)
SMALL_SILOS = silos(soft("members.user_id", "users.id"), soft("members.org_id", "orgs.id", "cascade"))
FINDINGS = (
    make_finding("crossing", "issues.author_id -> users.id", "a foreign key crosses", "break it", [name("issues"), name("users")]),
    make_finding("undecided-table", "plans", "nothing ties it", "decide", [name("plans")]),
    make_finding("empty-pattern", "control.tables[1]", "'auth2_*' matches no table", "remove it"),
)


@cache
def small() -> Diagram:
    """Three crossings: two hard, one of them to the region, and a soft one."""
    with_columns = table("members", user_id="users", org_id="orgs")
    bare = Table(name=with_columns.name, columns=with_columns.columns, keys=with_columns.keys)
    tables = {**SMALL.tables, bare.name: bare}
    return diagram({"db": Schema(server_version=180000, tables=tables)}, SMALL_SILOS, FINDINGS)


def diagram(schemas: Mapping[str, Schema], given: SiloMap, findings: tuple[Finding, ...] = ()) -> Diagram:
    return make_diagram(given, schemas, findings, source=", ".join(schemas))


@cache
def hostile() -> Diagram:
    """Every hostile name as a table, a column, a finding and the source; all of them refer to one of control."""
    tables = [table(text, **{text: "users", "org_id": "orgs"}) for text in HOSTILE]
    findings = tuple(make_finding("undecided-table", text, f"found {text}", f"do {text}", [name(text)]) for text in HOSTILE)
    found = schema(table("users"), table("orgs"), *tables)
    return make_diagram(silos(), {"db": found}, findings, source="</title><script>alert(2)</script>")


@cache
def thousand() -> Diagram:
    """1,000 tables in 50 domains, some 1,900 references; every tenth table refers to a user."""
    tables = [table("orgs"), table("users")]
    for number in range(998):
        text = f"area{number % 50:02}_thing{number // 50:02}"
        held = {"org_id": "orgs"} if number < 50 else {"parent_id": f"area{number % 50:02}_thing{(number // 50) // 2:02}"}
        if number % 10 == 0:
            held["user_id"] = "users"
        if number % 3 == 0:
            held["other_id"] = f"area{(number * 7) % 50:02}_thing00"
        tables.append(table(text, **held))
    return diagram({"big": schema(*tables)}, silos())
