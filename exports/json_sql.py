"""SQL expressions that read and rewrite ids inside JSON, at a path of silos.toml.

jsonb stays jsonb. ``json``, and JSON in text, keep the order of members, duplicate members and the spelling of numbers: they are taken
apart with json_each and put together as text, never by way of jsonb. A document without an id at the path passes unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from psycopg import sql

from splitter.graph import Reference
from splitter.json_path import EveryItem, EveryMember, Item, Member, PathStep
from splitter.schema import Column

Rewrite = Callable[[sql.Composable], sql.Composable]  # an id as bigint or text -> the id that it becomes, of the same type


@dataclass(frozen=True, slots=True)
class Document:
    """How one JSON type is spelled in SQL."""

    type: str  # jsonb or json

    @property
    def typeof(self) -> sql.SQL:
        return sql.SQL("pg_catalog.jsonb_typeof") if self.type == "jsonb" else sql.SQL("pg_catalog.json_typeof")

    @property
    def elements(self) -> sql.SQL:
        return sql.SQL("pg_catalog.jsonb_array_elements") if self.type == "jsonb" else sql.SQL("pg_catalog.json_array_elements")

    @property
    def members(self) -> sql.SQL:
        return sql.SQL("pg_catalog.jsonb_each") if self.type == "jsonb" else sql.SQL("pg_catalog.json_each")

    @property
    def cast(self) -> sql.SQL:
        return sql.SQL("::jsonb") if self.type == "jsonb" else sql.SQL("::json")


JSONB = Document("jsonb")
JSON = Document("json")

# Before PostgreSQL 16 nothing but a trapped error tells whether a text is JSON; the function lives as long as its session.
TEXT_JSON_FUNCTION = """
CREATE OR REPLACE FUNCTION pg_temp.orglift_json(value text) RETURNS json LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RETURN value::json; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$
"""
HAS_IS_JSON = 160000


def text_as_json(server_version: int, value: sql.Composable) -> sql.Composed:
    """A text as json; NULL where it isn't JSON. Older servers need ``TEXT_JSON_FUNCTION`` in the session."""
    if server_version >= HAS_IS_JSON:
        return sql.SQL("CASE WHEN ({value})::text IS JSON THEN ({value})::json END").format(value=value)
    return sql.SQL("pg_temp.orglift_json({value})").format(value=value)


def as_document(server_version: int, column: Column, value: sql.Composable) -> tuple[Document, sql.Composable]:
    """A column's value as the document that its paths lead into."""
    if column.base_type == "jsonb":
        return JSONB, value
    return JSON, value if column.base_type == "json" else text_as_json(server_version, value)


@dataclass(frozen=True, slots=True)
class Place:
    """Where ids stand: at the end of ``path``, or (``keys``) as the names of the members found there.

    With a ``label``, only where the member that ``type_path`` ends in holds it; the rest of ``type_path`` is the beginning of ``path``.
    """

    path: tuple[PathStep, ...]
    keys: bool = False
    type_path: tuple[PathStep, ...] = ()
    label: str | None = None

    def guard(self, depth: int, value: sql.Composable) -> sql.Composable | None:
        """The condition on the object found after ``depth`` steps; None where there is none."""
        if self.label is None or not self.type_path or depth != len(self.type_path) - 1:
            return None
        last = self.type_path[-1]
        assert isinstance(last, Member)
        return sql.SQL("({value} #>> ARRAY[{name}]) = {label}").format(
            value=value, name=sql.Literal(last.name), label=sql.Literal(self.label)
        )


def place_of(reference: Reference) -> Place:
    """The place of a JSON reference."""
    declared = reference.declared
    assert declared is not None
    return Place(declared.path, declared.keys, declared.type_path, reference.label if declared.type_path else None)


def rewrite_document(document: Document, value: sql.Composable, place: Place, leaf: Rewrite) -> sql.Composable:
    """``value`` with every id at ``place`` replaced by ``leaf(id)``: it is given the id as text and returns text."""
    inner = _rewrite_keys(document, leaf) if place.keys else _rewrite_scalar(document, leaf)
    inner = _guarded(place, len(place.path), inner)
    for depth, step in reversed(list(enumerate(place.path))):
        inner = _guarded(place, depth, _rewrite_step(document, step, inner))
    return inner(value)


def _guarded(place: Place, depth: int, inner: Rewrite) -> Rewrite:
    guard = place.guard(depth, sql.SQL("v.x"))
    if guard is None:
        return inner

    def rewrite(value: sql.Composable) -> sql.Composable:
        body = sql.SQL("CASE WHEN {guard} THEN {inner} ELSE v.x END").format(guard=guard, inner=inner(sql.SQL("v.x")))
        return _bound(value, body)

    return rewrite


def _bound(value: sql.Composable, body: sql.Composable) -> sql.Composable:
    """``body`` with ``value`` bound to ``v.x``: the value is written once, so the text doesn't grow with the depth squared."""
    return sql.SQL("(SELECT {body} FROM (SELECT {value} AS x OFFSET 0) AS v)").format(body=body, value=value)


def _rewrite_scalar(document: Document, leaf: Rewrite) -> Rewrite:
    text = sql.SQL("(v.x #>> '{{}}')").format()

    def rewrite(value: sql.Composable) -> sql.Composable:
        body = sql.SQL(
            "CASE WHEN {typeof}(v.x) = 'number' AND {text} ~ '^[0-9]+$' THEN ({leaf}){cast}"
            " WHEN {typeof}(v.x) = 'string' THEN {string} ELSE v.x END"
        ).format(typeof=document.typeof, text=text, leaf=leaf(text), cast=document.cast, string=_rewrite_string(document, text, leaf))
        return _bound(value, body)

    return rewrite


def _rewrite_string(document: Document, text: sql.Composable, leaf: Rewrite) -> sql.Composable:
    return sql.SQL("CASE WHEN {leaf} IS DISTINCT FROM {text} THEN pg_catalog.to_json({leaf}){cast} ELSE v.x END").format(
        leaf=leaf(text), text=text, cast=document.cast
    )


def _rewrite_keys(document: Document, leaf: Rewrite) -> Rewrite:
    def rewrite(value: sql.Composable) -> sql.Composable:
        rebuilt = _join_members(document, leaf(sql.SQL("m.key")), sql.SQL("m.value"))
        return _bound(value, _where(document, "object", rebuilt))

    return rewrite


def _rewrite_step(document: Document, step: PathStep, inner: Rewrite) -> Rewrite:
    def rewrite(value: sql.Composable) -> sql.Composable:
        if isinstance(step, Member | Item) and document.type == "jsonb":
            return _bound(value, _set_step(step, inner))
        if isinstance(step, Member):
            changed = sql.SQL("CASE WHEN m.key = {name} THEN {inner} ELSE m.value END").format(
                name=sql.Literal(step.name), inner=inner(sql.SQL("m.value"))
            )
            return _bound(value, _where(document, "object", _join_members(document, sql.SQL("m.key"), changed)))
        if isinstance(step, EveryMember):
            rebuilt = _join_members(document, sql.SQL("m.key"), inner(sql.SQL("m.value")))
            return _bound(value, _where(document, "object", rebuilt))
        changed = inner(sql.SQL("e.value"))
        if isinstance(step, Item):
            changed = sql.SQL("CASE WHEN e.n = {n} THEN {inner} ELSE e.value END").format(n=sql.Literal(step.index + 1), inner=changed)
        else:
            assert isinstance(step, EveryItem)
        return _bound(value, _where(document, "array", _join_items(document, changed)))

    return rewrite


def _set_step(step: Member | Item, inner: Rewrite) -> sql.Composable:
    """jsonb alone can replace one member in place; the rest of the document isn't taken apart."""
    kind, name = ("object", step.name) if isinstance(step, Member) else ("array", str(step.index))
    found = sql.SQL("(v.x #> ARRAY[{name}])").format(name=sql.Literal(name))
    return sql.SQL(
        "CASE WHEN jsonb_typeof(v.x) = {kind} AND {found} IS NOT NULL THEN jsonb_set(v.x, ARRAY[{name}], {inner}) ELSE v.x END"
    ).format(kind=sql.Literal(kind), found=found, name=sql.Literal(name), inner=inner(found))


def _where(document: Document, kind: str, rebuilt: sql.Composable) -> sql.Composable:
    return sql.SQL("CASE WHEN {typeof}(v.x) = {kind} THEN {rebuilt} ELSE v.x END").format(
        typeof=document.typeof, kind=sql.Literal(kind), rebuilt=rebuilt
    )


def _join_members(document: Document, key: sql.Composable, value: sql.Composable) -> sql.Composable:
    if document.type == "jsonb":
        return sql.SQL(
            "(SELECT COALESCE(pg_catalog.jsonb_object_agg({key}, {value}), v.x) FROM pg_catalog.jsonb_each(v.x) AS m(key, value))"
        ).format(key=key, value=value)
    return sql.SQL(
        "(SELECT ('{{' || COALESCE(pg_catalog.string_agg(pg_catalog.to_json({key})::text || ':' || ({value})::text, ',' ORDER BY m.n), '')"
        " || '}}')::json FROM pg_catalog.json_each(v.x) WITH ORDINALITY AS m(key, value, n))"
    ).format(key=key, value=value)


def _join_items(document: Document, value: sql.Composable) -> sql.Composable:
    if document.type == "jsonb":
        return sql.SQL(
            "(SELECT COALESCE(pg_catalog.jsonb_agg({value} ORDER BY e.n), v.x)"
            " FROM pg_catalog.jsonb_array_elements(v.x) WITH ORDINALITY AS e(value, n))"
        ).format(value=value)
    return sql.SQL(
        "(SELECT ('[' || COALESCE(pg_catalog.string_agg(({value})::text, ',' ORDER BY e.n), '') || ']')::json"
        " FROM pg_catalog.json_array_elements(v.x) WITH ORDINALITY AS e(value, n))"
    ).format(value=value)


def found_ids(document: Document, value: sql.Composable, place: Place) -> sql.Composable:
    """A FROM item that gives the ids at ``place`` in ``value``, one row each, in the column ``id`` (text); scalars only."""
    tables: list[sql.Composable] = [sql.SQL("(SELECT {value} AS x OFFSET 0) AS s0").format(value=value)]
    tables += [_found_step(document, step, f"s{number}", f"s{number + 1}") for number, step in enumerate(place.path)]
    guards = [place.guard(depth, sql.SQL(f"s{depth}.x")) for depth in range(len(place.path) + 1)]
    where = sql.SQL(" AND ").join([guard for guard in guards if guard is not None] or [sql.SQL("true")])
    last = sql.SQL(f"s{len(place.path)}.x")
    if place.keys:
        tables.append(
            sql.SQL("{members}(CASE WHEN {typeof}({x}) = 'object' THEN {x} END) AS leaf(id, ignored)").format(
                members=document.members, typeof=document.typeof, x=last
            )
        )
        wanted = sql.SQL("leaf.id")
    else:
        wanted = sql.SQL("CASE WHEN {typeof}({x}) IN ('number', 'string') THEN {x} #>> '{{}}' END").format(typeof=document.typeof, x=last)
    return sql.SQL("(SELECT {wanted} AS id FROM {tables} WHERE {where})").format(
        wanted=wanted, tables=sql.SQL(" CROSS JOIN LATERAL ").join(tables), where=where
    )


def _found_step(document: Document, step: PathStep, before: str, after: str) -> sql.Composable:
    x, name = sql.SQL(f"{before}.x"), sql.SQL(after)
    if isinstance(step, Member | EveryMember):
        one = sql.SQL(" WHERE m.key = {name}").format(name=sql.Literal(step.name)) if isinstance(step, Member) else sql.SQL("")
        return sql.SQL(
            "(SELECT m.value AS x FROM {members}(CASE WHEN {typeof}({x}) = 'object' THEN {x} END) AS m(key, value){one}) AS {name}"
        ).format(members=document.members, typeof=document.typeof, x=x, one=one, name=name)
    one = sql.SQL(" WHERE e.n = {n}").format(n=sql.Literal(step.index + 1)) if isinstance(step, Item) else sql.SQL("")
    return sql.SQL(
        "(SELECT e.value AS x FROM {elements}(CASE WHEN {typeof}({x}) = 'array' THEN {x} END) WITH ORDINALITY AS e(value, n){one}) AS {name}"
    ).format(elements=document.elements, typeof=document.typeof, x=x, one=one, name=name)
