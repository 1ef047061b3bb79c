"""silos.toml -> ``SiloMap``: every section is read, whatever is wrong with the others, so that all errors are told at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from splitter.errors import ConfigError
from splitter.layout import IdLayout
from splitter.nearest import did_you_mean
from splitter.places import KeyPath, Places, Remark, find_places, spell_key
from splitter.schema import TableName
from splitter.silos import (
    Accepted,
    Control,
    Database,
    Export,
    Hide,
    Hooks,
    Organization,
    OwnMapping,
    SiloMap,
    SoftReference,
    TableRules,
    Undecided,
    config_error,
)
from splitter.silos_model import (
    AcceptPart,
    ControlPart,
    HidePart,
    HooksPart,
    IdsPart,
    MappingPart,
    OrganizationPart,
    Part,
    ReferencePart,
    RegionPart,
    TablePart,
    UndecidedPart,
    Wrong,
    shown,
    table_name,
)
from splitter.silos_rules import file_remarks

Model = TypeVar("Model", bound=Part)

_SECTIONS = ("organization", "ids", "control", "regions", "references", "tables", "hooks", "accept", "undecided")
_UNREAD = Organization(table=TableName("", ""))  # stands in for one that is wrong, so that the rest is checked
_WANTED = {
    "string_type": "write a string",
    "int_type": "write a whole number",
    "float_type": "write a number",
    "bool_type": "write true or false",
    "list_type": "write a list: [ ... ]",
    "greater_than": "write a number above {gt}",
    "greater_than_equal": "write {ge} or more",
    "less_than_equal": "write {le} or less",
    "finite_number": "write a number",
}


def load_silos(path: str | os.PathLike[str], environ: Mapping[str, str] = os.environ) -> SiloMap:
    """The file at ``path``; ConfigError with every problem that it has.

    Variables in URLs are looked up in ``environ`` when a URL is asked for, not here.
    """
    source = os.fspath(path)
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except FileNotFoundError as exc:
        raise ConfigError(f"there is no file {source}", hint="name it with --config; `splitter suggest` writes a first one") from exc
    except OSError as exc:
        raise ConfigError(f"{source} cannot be read: {(exc.strerror or str(exc)).lower()}", hint="name another with --config") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{source} is not UTF-8 at byte {exc.start}", hint="TOML is UTF-8: save it as that") from exc
    return parse_silos(text, environ, source=source)


def parse_silos(text: str, environ: Mapping[str, str] = os.environ, *, source: str = "silos.toml") -> SiloMap:
    """The ``SiloMap`` that a text says; ConfigError with every problem that it has. ``source`` is the file's name in messages."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        message = str(exc)
        raise ConfigError(f"{source} is not TOML: {message[:1].lower()}{message[1:]}", hint="correct the syntax there") from exc
    reader = _Reader(raw, environ, find_places(text, source))
    silos = reader.silo_map()
    unread = frozenset(str(remark.key[0]) for remark in reader.remarks)
    problems = silos.places.problems([*reader.remarks, *file_remarks(silos, unread)])
    if problems:
        raise config_error(source, problems)
    return silos


class _Reader:
    """Reads section after section; ``remarks`` gathers what is wrong."""

    def __init__(self, raw: Mapping[str, Any], environ: Mapping[str, str], places: Places) -> None:
        self.raw = raw
        self.environ = environ
        self.places = places
        self.remarks: list[Remark] = []

    def silo_map(self) -> SiloMap:
        self.remarks += [_unknown_key((name,), _SECTIONS) for name in self.raw if name not in _SECTIONS]
        return SiloMap(
            organization=self.organization() or _UNREAD,
            ids=self.ids(),
            control=self.control(),
            regions=self.regions(),
            references=tuple(self.references()),
            tables=self.tables(),
            hooks=self.hooks(),
            accepted=tuple(self.accepted()),
            undecided=tuple(self.undecided()),
            places=self.places,
        )

    def read(self, model: type[Model], raw: object, key: KeyPath) -> Model | None:
        """One section as its model; None, with remarks, where it is wrong."""
        if not isinstance(raw, dict):
            remedy = "write { key = value, ... }" if isinstance(key[-1], int) else f"write [{spell_key(key)}] and its keys below it"
            self.remark(key, "wrong-value", f"{shown(raw)} is not a table", remedy)
            return None
        try:
            return model.model_validate(raw)
        except ValidationError as exc:
            self.remarks += [_remark(error, model, key) for error in exc.errors(include_url=False)]
            return None

    def remark(self, key: KeyPath, code: str, found: str, remedy: str) -> None:
        self.remarks.append(Remark(key, code, found, remedy))

    def entries(self, name: str) -> Iterator[tuple[str, object]]:
        """The members of a section that is a table of tables."""
        raw = self.raw.get(name, {})
        if isinstance(raw, dict):
            yield from raw.items()
        else:
            self.remark((name,), "wrong-value", f"{shown(raw)} is not a table", f"write [{name}.NAME] for each")

    def items(self, name: str, model: type[Model]) -> Iterator[tuple[KeyPath, Model]]:
        """The valid items of a section that is an array of tables."""
        raw = self.raw.get(name, [])
        if not isinstance(raw, list):
            self.remark((name,), "wrong-value", "is one table, not a list of them", f"write [[{name}]] above each")
            return
        for number, item in enumerate(raw):
            part = self.read(model, item, (name, number))
            if part is not None:
                yield (name, number), part

    def organization(self) -> Organization | None:
        if "organization" not in self.raw:
            self.remark(("organization",), "missing-key", "is missing", "add [organization] with table, the tenant's root table")
            return None
        part = self.read(OrganizationPart, self.raw["organization"], ("organization",))
        if part is None:
            return None
        return Organization(table=part.table, slug=part.slug, hide=None if part.hide is None else self.hide(part.hide))

    def hide(self, raw: object) -> Hide | None:
        part = self.read(HidePart, raw, ("organization", "hide"))
        return None if part is None else Hide(column=part.column, live=part.live, moving=part.moving)

    def ids(self) -> IdLayout:
        part = self.read(IdsPart, self.raw.get("ids", {}), ("ids",))
        return IdLayout(bits=part.bits, serial_bits=part.serial_bits) if part else IdLayout()

    def control(self) -> Control | None:
        if "control" not in self.raw:
            return None
        part = self.read(ControlPart, self.raw["control"], ("control",))
        if part is None:
            return Control()
        return Control(
            database=None if part.url is None else self.database("control", "control.url", part.url),
            tables=tuple(part.tables),
            mapping=None if part.mapping is None else self.mapping(part.mapping),
        )

    def mapping(self, raw: object) -> OwnMapping | None:
        part = self.read(MappingPart, raw, ("control", "mapping"))
        if part is None:
            return None
        return OwnMapping(table=part.table, organization=part.organization, slug=part.slug, region=part.region)

    def database(self, name: str, setting: str, url: str) -> Database:
        return Database(name=name, setting=setting, raw=url, environ=self.environ)

    def regions(self) -> dict[str, Database]:
        regions = {}
        for name, raw in self.entries("regions"):
            part = self.read(RegionPart, raw, ("regions", name))
            if part:
                regions[name] = self.database(name, spell_key(("regions", name, "url")), part.url)
        return regions

    def references(self) -> Iterator[SoftReference]:
        for key, part in self.items("references", ReferencePart):
            table, columns = part.holder
            yield SoftReference(
                table=table,
                columns=columns,
                targets=part.to,
                type_column=part.type_column,
                json=part.path is not None,
                path=part.path or (),
                type_path=part.type_path or (),
                keys=part.keys,
                on_delete=part.on_delete,
                restrict_becomes=part.restrict_becomes,
                none_values=tuple(part.none_values),
                dangling=part.dangling,
                on_move=part.on_move,
                key=key,
            )

    def tables(self) -> dict[TableName, TableRules]:
        rules: dict[TableName, TableRules] = {}
        for name, raw in self.entries("tables"):
            key = ("tables", name)
            table = self.table_of(key, name, raw)
            part = self.read(TablePart, raw, key) if table else None
            if table in rules:
                self.remark(key, "duplicate", f"the table {str(table)!r} is named twice", "keep one of both")
            elif table and part:
                rules[table] = _rules(table, part, key)
        return rules

    def table_of(self, key: KeyPath, name: str, raw: object) -> TableName | None:
        inner = [f'[tables."{name}.{below}"]' for below, value in raw.items() if isinstance(value, dict)] if isinstance(raw, dict) else []
        if inner:
            self.remark(key, "wrong-value", "is a table of tables", f"quote a name with a schema: {', '.join(inner)}")
            return None
        try:
            return table_name(name)
        except Wrong as exc:
            self.remark(key, exc.code, exc.found, exc.remedy)
            return None

    def hooks(self) -> Hooks:
        part = self.read(HooksPart, self.raw.get("hooks", {}), ("hooks",))
        return Hooks(before_copy=part.before_copy, after_switch=part.after_switch, timeout=part.timeout) if part else Hooks()

    def accepted(self) -> Iterator[Accepted]:
        for key, part in self.items("accept", AcceptPart):
            yield Accepted(code=part.code, object=part.object, why=part.why, key=key)

    def undecided(self) -> Iterator[Undecided]:
        for key, part in self.items("undecided", UndecidedPart):
            if (part.table is None) == (part.holder is None):
                self.remark((*key, "table"), "wrong-value", "names a table and a place in one, or neither", "give table, or from")
                continue
            table, columns = part.holder or (part.table, ())
            assert table is not None
            yield Undecided(
                table=table,
                columns=columns,
                type_column=part.type_column,
                json=part.path is not None,
                path=part.path or (),
                type_path=part.type_path or (),
                keys=part.keys,
                targets=part.candidates,
                evidence=part.evidence,
                choices=tuple(part.choices),
                key=key,
            )


def _rules(table: TableName, part: TablePart, key: KeyPath) -> TableRules:
    return TableRules(
        table=table,
        export=Export(part.export),
        why=part.why,
        match=tuple(part.match),
        ignore=tuple(part.ignore),
        on_missing=part.on_missing,
        shared_where=part.shared_where,
        owner=part.owner,
        ids=tuple(part.ids),
        not_ids=tuple(part.not_ids),
        accept_triggers=tuple(part.accept_triggers),
        key=key,
    )


def _remark(error: Mapping[str, Any], model: type[Part], section: KeyPath) -> Remark:
    """One of pydantic's errors in our words."""
    key = (*section, *error["loc"])
    kind, wrong = error["type"], error.get("ctx", {}).get("error")
    if kind == "extra_forbidden":
        return _unknown_key(key, [field.alias or name for name, field in model.model_fields.items()])
    if kind == "missing":
        return Remark(key, "missing-key", "is missing", f"add the key {str(key[-1])!r}")
    if isinstance(wrong, Wrong):
        return Remark(key, wrong.code, wrong.found, wrong.remedy)
    if kind == "literal_error":
        expected = error["ctx"]["expected"].replace("'", '"')
        return Remark(key, "wrong-value", f"{shown(error['input'])} is none of its values", f"write {expected}")
    remedy = _WANTED.get(kind, "write a value of the right kind").format(**error.get("ctx", {}))
    return Remark(key, "wrong-value", f"{shown(error['input'])} does not fit", remedy)


def _unknown_key(key: KeyPath, known: Iterable[str]) -> Remark:
    keys = list(known)
    return Remark(key, "unknown-key", f"unknown key {key[-1]!r}", did_you_mean(str(key[-1]), keys, f"its keys are {', '.join(keys)}"))
