"""What is known of one region before a row is read: its schema, the scope and the id rules, and where the organization stands in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from exports.ids import IdRules, decide_rules
from exports.json_sql import HAS_IS_JSON, TEXT_JSON_FUNCTION
from exports.membership import Membership, Selection, column_sql, probe_ways, table_sql
from exports.scope import Scope, plan_scope
from exports.snapshot import Connection, Snapshot
from splitter.catalog import read_schema
from splitter.db import connect, translated
from splitter.errors import RefusedError, UndecidedScope, UnknownOrganization
from splitter.graph import Kind, build_graph
from splitter.schema import Schema, TableName
from splitter.silos import SiloMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """One region, read once."""

    region: str
    url: str
    setting: str
    silos: SiloMap
    schema: Schema
    scope: Scope
    rules: IdRules

    @property
    def prepare(self) -> str:
        """What a session needs before it can read the ids that silos.toml declares (see ``json_sql.text_as_json``); empty: nothing."""
        textual = any(
            reference.kind is Kind.JSON
            and self.schema.tables[reference.table].column(reference.columns[0]).base_type not in ("json", "jsonb")
            for reference in self.scope.graph.references
        )
        return TEXT_JSON_FUNCTION if textual and self.schema.server_version < HAS_IS_JSON else ""

    def connect(self) -> Connection:
        """A session that may write."""
        connection = connect(self.url, setting=self.setting)
        if self.prepare:
            with translated(self.setting):
                connection.execute(self.prepare)  # type: ignore[call-overload]
        return connection

    def snapshot(self) -> Snapshot:
        """A view of the region as it is now."""
        snapshot = Snapshot(self.url, setting=self.setting, prepare=self.prepare)
        if self.prepare and snapshot.standby:
            snapshot.close()
            raise RefusedError(
                f"{self.setting} is a standby of a version before 16, which can't tell JSON in text columns",
                hint="read from the primary, or make the columns json or jsonb",
            )
        return snapshot


def survey_region(silos: SiloMap, region: str, environ: Mapping[str, str] = os.environ) -> Survey:
    """Read the catalog of a region and decide every table and column of it."""
    database = silos.regions[region]
    url = database.url(environ)
    with connect(url, setting=database.setting, readonly=True) as connection, translated(database.setting):
        schema = read_schema(connection)
    return survey_of(silos, region, url, database.setting, schema)


def survey_of(silos: SiloMap, region: str, url: str, setting: str, schema: Schema) -> Survey:
    scope = plan_scope(schema, silos, build_graph(schema, silos))
    return Survey(region=region, url=url, setting=setting, silos=silos, schema=schema, scope=scope, rules=decide_rules(scope, silos))


def require_decided(survey: Survey) -> None:
    """Stop before the first row when a table or a column isn't decided."""
    problems = (*survey.scope.problems, *survey.rules.problems)
    if problems:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise UndecidedScope(f"{first.object}: {first.found}{more}", hint=first.remedy, problems=problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """The organization's row in a region."""

    key: tuple[str, ...]  # the values of the scope's root_key
    slug: str | None

    @property
    def id(self) -> str:
        """The key as one text; the parts of a composite one are joined by ``|``."""
        return "|".join(self.key)


def find_in_region(survey: Survey, connection: Connection, text: str) -> Organization | None:
    """The organization with that slug or id (``id:42`` where a slug looks like a number) in this region; None: it isn't there."""
    column = survey.silos.organization.slug
    root = survey.scope.table(survey.scope.root)
    keys = [sql.SQL("{}::text").format(column_sql("k", name)) for name in survey.scope.root_key]
    slug = sql.SQL("{}::text").format(column_sql("k", column)) if column else sql.SQL("NULL")
    conditions = []
    if column and not text.startswith("id:"):
        conditions.append(sql.SQL("{} = {}").format(slug, sql.Literal(text)))
    parts = text.removeprefix("id:").split("|")
    if len(parts) == len(keys):
        equal = [sql.SQL("{} = {}").format(key, sql.Literal(part)) for key, part in zip(keys, parts, strict=True)]
        conditions.append(sql.SQL(" AND ").join(equal))
    for condition in conditions:  # a slug wins over an id that is spelled the same
        query = sql.SQL("SELECT {slug}, {keys} FROM {root} AS k WHERE {condition}").format(
            slug=slug, keys=sql.SQL(", ").join(keys), root=table_sql(root), condition=condition
        )
        with translated(survey.setting):
            row = connection.execute(query).fetchone()
        if row:
            return Organization(key=tuple(str(part) for part in row[1:]), slug=None if row[0] is None else str(row[0]))
    return None


def require_organization(survey: Survey, connection: Connection, text: str) -> Organization:
    found = find_in_region(survey, connection, text)
    if found is None:
        raise UnknownOrganization(
            f"no organization {text!r} in region {survey.region!r}",
            hint="give its slug, its id, or id:NUMBER where a slug looks like a number",
        )
    return found


def select_ways(scope: Scope, root: tuple[str, ...] | None, connection: Connection) -> Membership:
    """Ask the database, in the connection's snapshot, which ways give rows; the result reads exactly the organization's."""
    questions = probe_ways(scope, root)
    try:
        question = next(questions)
        while True:
            row = connection.execute(question).fetchone()
            assert row is not None
            question = questions.send(bool(row[0]))
    except StopIteration as done:
        selection: Selection = done.value
    return Membership(scope, root, selection)


def table_sizes(connection: Connection, names: list[TableName]) -> dict[TableName, int]:
    """Bytes of each table, its partitions, TOAST and all, without indexes."""
    rows = connection.execute(
        "SELECT n.nspname, c.relname, (SELECT COALESCE(sum(pg_table_size(t.relid)), pg_table_size(c.oid))::bigint FROM pg_partition_tree(c.oid) AS t)"
        " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')"
        " AND (n.nspname, c.relname) IN (SELECT * FROM unnest(%s::text[], %s::text[]))",
        ([name.schema for name in names], [name.name for name in names]),
    ).fetchall()
    return {TableName(str(schema), str(name)): int(str(size)) for schema, name, size in rows}
