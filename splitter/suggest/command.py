"""EDGE: what `splitter suggest` does: a schema or database, and the silos.toml that there may be, to what is to be added to it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from splitter.addresses import GIVEN, Address, address_of, given_address
from splitter.catalog import read_schema
from splitter.db import Connection, translated
from splitter.errors import BugError, OrgliftError, UsageError
from splitter.events import Note, Reporter, Warned
from splitter.guard.model_suggestion import render_models
from splitter.guard.model_tables import load_models
from splitter.identity import read_identity
from splitter.nearest import did_you_mean
from splitter.schema import Schema, TableName
from splitter.schema_file import read_schema_file
from splitter.silos import Organization, Silo, SiloMap
from splitter.silos_check import check_silos
from splitter.silos_file import load_silos, parse_silos
from splitter.silos_model import Wrong, table_name
from splitter.suggest.draft import draft, taken_places
from splitter.suggest.inquiry import Inquiry, inquire
from splitter.suggest.keys import KeyBook
from splitter.suggest.leads import find_leads
from splitter.suggest.text import open_questions, render_suggestion
from splitter.suggest.values import Suggestion

_WHERE = "give --url URL, or --schema FILE.sql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A suggestion and its text: a whole file where there was none, else what is to be added below it; empty: nothing."""

    suggestion: Suggestion
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """The file that there is."""

    silos: SiloMap
    text: str

    @property
    def is_inline(self) -> bool:
        """Whether its references are one array, below which no ``[[references]]`` can stand."""
        try:
            tomllib.loads(self.text + "\n[[references]]\n")
        except tomllib.TOMLDecodeError:
            return True
        return False


def suggest(
    config: Path, organization: str | None, *, url: str | None, file: Path | None, models: str | None = None, report: Reporter
) -> Written:
    """ConfigError for a file that is wrong, UsageError for an organization or database that is none, NoServer, Unreachable.

    ``models``: whose annotations decide the silos, where there is no file yet.
    """
    existing = _read_existing(config) if models is None else _of_models(config, organization, models)
    root = _root(existing, organization, config)
    if file is not None:
        schema = read_schema_file(file, report=report)
        made = suggest_for(schema, root, existing, None, report)
    else:
        with _address(existing, url).open("splitter suggest") as conn:
            with translated("reading the catalog"):
                schema = read_schema(conn)
            made = suggest_for(schema, root, existing, conn, report)
    if models is None or existing is None:
        return made
    return Written(suggestion=made.suggestion, text=f"{existing.text}\n{made.text}" if made.text else existing.text)


def suggest_from_models(config: Path, organization: str | None, models: str) -> str:
    """A whole file from annotated models alone. UsageError as ``load_models``, and where there is a file."""
    return _of_models(config, organization, models).text


def _of_models(config: Path, organization: str | None, models: str) -> Existing:
    if _read_existing(config) is not None:
        hint = f"`splitter check --models {models}` tells where they disagree; for a new file name another one with --config"
        raise UsageError(f"there is {config}, and --models writes a whole file", hint=hint)
    root = _root(None, organization, config)
    text = render_models(load_models(models), root)
    return Existing(silos=parse_silos(text, {}), text=text)


def _read_existing(config: Path) -> Existing | None:
    """None where there is no file, or an empty one: what a shell has made of ``> silos.toml`` before we were started."""
    if not config.exists() or not config.read_bytes().strip():
        return None
    return Existing(silos=load_silos(config), text=config.read_bytes().decode("utf-8-sig"))


def _root(existing: Existing | None, organization: str | None, config: Path) -> TableName:
    declared = existing.silos.organization.table if existing else None
    if organization is None:
        if declared is None:
            raise UsageError("there is no organization's table", hint="name the tenant's root table with --organization")
        return declared
    try:
        given = table_name(organization)
    except Wrong as exc:
        raise UsageError(f"--organization {organization!r}: {exc.found}", hint=exc.remedy) from exc
    if declared is not None and declared != given:
        hint = f"leave --organization out, or name another file with --config: {config} is kept as it is"
        raise UsageError(f"{config} says that the organization's table is {str(declared)!r}, and not {str(given)!r}", hint=hint)
    return given


def _address(existing: Existing | None, url: str | None) -> Address:
    if url is not None:
        return given_address(url)
    databases = existing.silos.databases if existing else ()
    if existing is None or len(databases) != 1:
        why = f"silos.toml names {len(databases)} databases" if databases else "there is no database to look into"
        raise UsageError(why, hint=_WHERE)
    return address_of(existing.silos, databases[0].name)


def _name(conn: Connection | None, existing: Existing | None) -> str:
    """The database that this is, by its identity: only its own silo's tables are then asked for. ``GIVEN``: it stands for all."""
    identity = read_identity(conn) if conn and existing else None
    known = (*existing.silos.regions, Silo.CONTROL.value) if existing else ()
    return identity.region if identity is not None and identity.region in known else GIVEN


def suggest_for(schema: Schema, root: TableName, existing: Existing | None, conn: Connection | None, report: Reporter) -> Written:
    """Of a schema that was read; ``conn``: the database that has its rows."""
    _check_root(schema, root)
    schemas = {_name(conn, existing): schema}
    silos = existing.silos if existing else SiloMap(organization=Organization(table=root))
    check_silos(silos, schemas)
    book, taken = KeyBook(schema), taken_places(silos)
    found = inquire(conn, book, silos, taken, report=report) if conn else Inquiry(leads=find_leads(book, taken), unseen={})
    for table, why in found.unseen.items():
        report(Warned(f"{table} could not be looked at, its columns are judged by their names: {why}"))
    made = draft(book, silos, found.leads, fresh=existing is None, unseen=found.unseen)
    written = _write(made, existing)
    _check_text(written.text, existing, schemas)
    report(Note(_summary(made, existing)))
    return written


def _check_root(schema: Schema, root: TableName) -> None:
    table = schema.tables.get(root)
    if table is None:
        known = (str(each.name) for each in schema.roots())
        raise UsageError(
            f"there is no table {str(root)!r}", hint=did_you_mean(str(root), known, "name it as silos.toml does: schema.table")
        )
    if table.partition_of is not None:
        raise UsageError(f"{str(root)!r} is a partition", hint=f"name the table that it belongs to: {str(schema.root_of(root))!r}")
    if not table.identifying_key:
        raise UsageError(f"{str(root)!r} has no key that tells organizations apart", hint="give it a primary key")


def _write(made: Suggestion, existing: Existing | None) -> Written:
    if existing is None:
        return Written(suggestion=made, text=render_suggestion(made, fresh=True))
    text = "" if made.is_empty else render_suggestion(made, fresh=False, inline=existing.is_inline)
    return Written(suggestion=made, text=text)


def _check_text(text: str, existing: Existing | None, schemas: dict[str, Schema]) -> None:
    """What is printed loads and fits, or it is not printed. References of a file with one array are merged by hand."""
    if existing is not None and existing.is_inline:
        return
    try:
        check_silos(parse_silos((existing.text if existing else "") + "\n" + text, {}), schemas)
    except OrgliftError as exc:
        told = "; ".join(f"{problem.object}: {problem.found}" for problem in exc.problems) or exc.message
        raise BugError(f"the suggested silos.toml does not fit: {told}") from exc


def _summary(made: Suggestion, existing: Existing | None) -> str:
    if existing is not None and made.is_empty:
        return "nothing is to be added"
    count = sum(1 for _ in open_questions(made))
    told = f"{len(made.references)} references, {count} undecided, {len(made.dropped)} dropped because the rows say otherwise"
    if existing is None:
        return f"a whole silos.toml: {told}"
    where = "into its array of references, and the rest below it" if existing.is_inline and made.references else "below what it has"
    return f"to be added to silos.toml, {where}: {told}"
