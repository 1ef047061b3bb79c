"""What is known of one region before a row is read: its schema, the scope and the id rules, and where the organization stands in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

from psycopg import sql

from exports.homes import ask_control
from exports.ids import IdRules, decide_rules
from exports.json_sql import HAS_IS_JSON, TEXT_JSON_FUNCTION
from exports.key_sql import INTEGERS, column_sql, is_key_sql, table_sql
from exports.membership import Membership, Selection
from exports.org_keys import spell_key, split_key
from exports.probe import probe_ways
from exports.scope import NO_ROOT, Scope, plan_scope
from exports.snapshot import Connection, Snapshot, ask
from splitter.catalog import read_schema
from splitter.db import connect, translated
from splitter.errors import ConfigError, Problem, RefusedError, UndecidedScope, UnknownOrganization, UsageError
from splitter.graph import Kind, build_graph
from splitter.schema import Column, Schema, Table, TableName
from splitter.silos import Database, SiloMap
from splitter.silos_check import check_silos, validate_silos


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
                connection.execute(sql.SQL(self.prepare))
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


def survey_region(silos: SiloMap, region: str, environ: Mapping[str, str] | None = None) -> Survey:
    """Read the catalog of a region and decide every table and column of it; ConfigError where silos.toml doesn't fit it."""
    database = silos.regions[region]
    url = database.url(environ)
    schema = _read_schema(database, url)
    if validate_silos(silos, {region: schema}):  # what another region has is right all the same
        check_silos(silos, {**_other_schemas(silos, database, environ), region: schema})
    return survey_of(silos, region, url, database.setting, schema)


def _read_schema(database: Database, url: str) -> Schema:
    with closing(connect(url, setting=database.setting, readonly=True)) as connection, translated(database.setting):
        return read_schema(connection)


def _other_schemas(silos: SiloMap, own: Database, environ: Mapping[str, str] | None) -> Mapping[str, Schema]:
    """The schemas of the other databases, as far as they can be read."""
    found = {}
    for database in silos.databases:
        if database is not own:
            with suppress(ConfigError, RefusedError):
                found[database.name] = _read_schema(database, database.url(environ))
    return found


def survey_of(silos: SiloMap, region: str, url: str, setting: str, schema: Schema) -> Survey:
    scope = plan_scope(schema, silos, build_graph(schema, silos))
    return Survey(region=region, url=url, setting=setting, silos=silos, schema=schema, scope=scope, rules=decide_rules(scope, silos))


def survey_home(silos: SiloMap, organization: str, region: str | None = None) -> tuple[Survey, str]:
    """Where to find an organization, and by which text: in the region that was named, else where control says that it lives, else in
    the only region that has it. An id of before a move is told as today's.

    UnknownOrganization: none has it; UsageError: several.
    """
    if region is not None:
        survey = survey_region(silos, silos.region(region).name)
        home = None if _has(survey, organization) else ask_control(silos, organization)
        return survey, organization if home is None or home.region != region else f"id:{home.organization}"
    home = ask_control(silos, organization)
    if home is not None and home.region in silos.regions:
        return _survey_one(silos, home.region), f"id:{home.organization}"
    return _search(silos, organization), organization


def _search(silos: SiloMap, organization: str) -> Survey:
    surveys = [_survey_one(silos, name) for name in silos.regions]
    if len(surveys) == 1:
        return surveys[0]
    having = [survey for survey in surveys if _has(survey, organization)]
    if not having:
        regions = ", ".join(silos.regions)
        raise UnknownOrganization(f"no organization {organization!r} in any of the regions {regions}", hint=_SPELLINGS)
    if len(having) > 1:
        regions = ", ".join(survey.region for survey in having)
        raise UsageError(f"{organization!r} is in several regions: {regions}", hint="say which one is meant with --region")
    return having[0]


def _survey_one(silos: SiloMap, region: str) -> Survey:
    try:
        return survey_region(silos, region)
    except (ConfigError, RefusedError) as exc:
        hint = "; ".join(filter(None, (exc.hint, "with --region only the region that it names is looked at")))
        raise type(exc)(exc.message, hint=hint, problems=exc.problems) from exc


def _has(survey: Survey, organization: str) -> bool:
    require_root(survey)
    with closing(survey.connect()) as connection:
        return find_in_region(survey, connection, organization) is not None


def require_decided(survey: Survey) -> None:
    """Stop before the first row when a table or a column isn't decided."""
    _refuse((*survey.scope.problems, *survey.rules.problems))


def require_root(survey: Survey) -> None:
    """Stop where there is no telling who is an organization."""
    _refuse(tuple(problem for problem in survey.scope.problems if problem.code in NO_ROOT))


def _refuse(problems: Sequence[Problem]) -> None:
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
        """The key as one text."""
        return spell_key(self.key)


def key_of(scope: Scope, text: str) -> tuple[str, ...]:
    """The key that ``Organization.id`` spells; UnknownOrganization where the organizations' table has got another key since."""
    key = split_key(text, len(scope.root_key))
    if key is None:
        raise UnknownOrganization(f"{text!r} is no key of {scope.root}", hint="see whether its primary key was changed")
    return key


def find_in_region(survey: Survey, connection: Connection, text: str) -> Organization | None:
    """The organization with that slug or id (``id:42`` where a slug looks like a number) in this region; None: it isn't there.

    UnknownOrganization where several have that slug.
    """
    root, column = survey.scope.table(survey.scope.root), survey.silos.organization.slug
    conditions: list[sql.Composable] = []
    if column and not text.startswith("id:"):
        conditions.append(sql.SQL("{}::text = {}").format(column_sql("k", column), sql.Literal(text)))
    parts = split_key(text.removeprefix("id:"), len(survey.scope.root_key))
    if parts is not None and all(map(_may_be, map(root.column, survey.scope.root_key), parts)):
        conditions.append(is_key_sql(root, survey.scope.root_key, parts, "k"))
    for condition in conditions:  # a slug wins over an id that is spelled the same
        with translated(survey.setting):
            rows = ask(connection, _root_rows(survey, root, condition))
        if len(rows) > 1:
            ids = ", ".join("id:" + spell_key(list(map(str, key))) for _, *key in rows)
            raise UnknownOrganization(
                f"several organizations of region {survey.region!r} have the slug {text!r}", hint=f"name one by its id: {ids}"
            )
        for slug, *key in rows:
            return Organization(key=tuple(map(str, key)), slug=None if slug is None else str(slug))
    return None


def _may_be(column: Column, text: str) -> bool:
    """Whether a text can be a value of the column's type."""
    if column.base_type in INTEGERS:
        return re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text) is not None
    return column.base_type != "uuid" or re.fullmatch(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){4}[0-9a-fA-F]{8}", text) is not None


def _root_rows(survey: Survey, root: Table, condition: sql.Composable) -> sql.Composable:
    slug = survey.silos.organization.slug
    shown = [sql.SQL("{}::text").format(column_sql("k", slug)) if slug else sql.SQL("NULL")]
    shown += [sql.SQL("{}::text").format(column_sql("k", name)) for name in survey.scope.root_key]
    return sql.SQL("SELECT {shown} FROM {root} AS k WHERE {condition} LIMIT 3").format(
        shown=sql.SQL(", ").join(shown), root=table_sql(root), condition=condition
    )


_SPELLINGS = "give its slug, its id, or id:NUMBER where a slug looks like a number"


def require_organization(survey: Survey, connection: Connection, text: str) -> Organization:
    require_root(survey)
    found = find_in_region(survey, connection, text)
    if found is None:
        raise UnknownOrganization(f"no organization {text!r} in region {survey.region!r}", hint=_SPELLINGS)
    return found


def select_ways(scope: Scope, root: tuple[str, ...] | None, connection: Connection) -> Membership:
    """Ask the database, in the connection's snapshot, which ways give rows; the result reads exactly the organization's."""
    questions = probe_ways(scope, root)
    try:
        question = next(questions)
        while True:
            ((found,),) = ask(connection, question)
            question = questions.send(bool(found))
    except StopIteration as done:
        selection: Selection = done.value
    return Membership(scope, root, selection)


_SIZES = """
SELECT n.nspname, c.relname,
       (SELECT COALESCE(sum(pg_table_size(t.relid)), pg_table_size(c.oid))::bigint FROM pg_partition_tree(c.oid) AS t)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND (n.nspname, c.relname) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
"""


def table_sizes(connection: Connection, names: Sequence[TableName]) -> dict[TableName, int]:
    """Bytes of each table, its partitions, TOAST and all, without indexes."""
    rows = connection.execute(_SIZES, ([name.schema for name in names], [name.name for name in names])).fetchall()
    return {TableName(str(schema), str(name)): int(str(size)) for schema, name, size in rows}
