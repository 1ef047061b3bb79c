"""SQL expressions that read and rewrite ids inside JSON, at a path of silos.toml.

jsonb stays jsonb. ``json``, and JSON in text, keep the order of members, duplicate members and the spelling of numbers: they are taken
apart with json_each and put together as text, never by way of jsonb. Names of members are written anew: an escape in one may become
the character that it stands for.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from psycopg import sql

from splitter.graph import Reference
from splitter.json_path import EveryMember, Item, Member, PathStep
from splitter.schema import Column

Rewrite = Callable[[sql.Composable], sql.Composable]  # an id as text -> the id that it becomes, as text; NULL unsets it


@dataclass(frozen=True, slots=True)
class Document:
    """How one JSON type is spelled in SQL."""

    type: str  # jsonb or json

    def call(self, function: str) -> sql.SQL:
        """``typeof``, ``each``, ``array_elements`` of that type."""
        return sql.SQL(f"pg_catalog.{self.type}_{function}")

    @property
    def cast(self) -> sql.SQL:
        return sql.SQL(f"::{self.type}")


JSONB = Document("jsonb")
JSON = Document("json")

# Before PostgreSQL 16 nothing but a trapped error tells whether a text is JSON; the function lives as long as its session.
TEXT_JSON_FUNCTION = """
CREATE OR REPLACE FUNCTION pg_temp.orglift_json(value text) RETURNS json LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN RETURN value::json; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$
"""
HAS_IS_JSON = 160000

# The server can't read \u0000, nor half of a surrogate pair, and fails on a document in which it meets one while it takes it apart.
# A document that may have such an escape is taken apart with every \u written \\u (and every \\ written \\\\), so that they are mere
# characters; afterwards it is written back.
_UNREADABLE = r"\\u(0000|[dD][89a-fA-F])"
_PAIR, _TWO_PAIRS = "\\" * 2, "\\" * 4
_PROTECT = (r"(?<!\\)((?:\\\\\\\\)*)\\u", r"\1\\\\u")  # a run of 4n + 1 backslashes before u: one more
_RESTORE = (r"(?<!\\)((?:\\\\\\\\)*)\\\\u", r"\1\\u")  # a run of 4n + 2: one less


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
        found = [sql.SQL("{} #>> ARRAY[{}]").format(value, sql.Literal(name)) for name in _spellings(last.name)]
        return sql.SQL("COALESCE({found}) = {label}").format(found=sql.SQL(", ").join(found), label=sql.Literal(self.label))


def place_of(reference: Reference) -> Place:
    """The place of a JSON reference."""
    declared = reference.declared
    assert declared is not None
    return Place(declared.path, declared.keys, declared.type_path, reference.label if declared.type_path else None)


def _spellings(name: str) -> list[str]:
    """A member's name as it is read: in a protected document, as it was written."""
    lower = json.dumps(name)[1:-1]
    return list(dict.fromkeys((name, lower, lower.upper().replace("\\U", "\\u")))) if not name.isascii() else [name]


def rewrite_document(document: Document, value: sql.Composable, place: Place, leaf: Rewrite) -> sql.Composable:
    """``value`` with every id at ``place`` replaced by ``leaf(id)``; where that is NULL, by null, and a member of that name goes.

    Without an id at the place the document comes back equal, though not to the last blank: ``changes_document`` tells.
    """
    inner = _rewrite_names(document, leaf) if place.keys else _rewrite_scalar(document, leaf)
    inner = _guarded(place, len(place.path), inner)
    for depth, step in reversed(list(enumerate(place.path))):
        inner = _guarded(place, depth, _rewrite_step(document, step, inner))
    return inner(value) if document is JSONB else _readable(value, inner)


def changes_document(document: Document, value: sql.Composable, place: Place, leaf: Rewrite) -> sql.Composable:
    """Whether there is an id at ``place`` that ``leaf`` makes another."""
    return sql.SQL("EXISTS (SELECT FROM {found} AS f WHERE f.id IS NOT NULL AND {leaf} IS DISTINCT FROM f.id)").format(
        found=found_ids(document, value, place), leaf=leaf(sql.SQL("f.id"))
    )


def _is_unreadable(value: str) -> sql.Composable:
    return sql.SQL("(pg_catalog.strpos({value}::text, {mark}) > 0 AND {value}::text ~ {unreadable})").format(
        value=sql.SQL(value), mark=sql.Literal("\\u"), unreadable=sql.Literal(_UNREADABLE)
    )


def _protected(value: sql.Composable) -> sql.Composable:
    """A FROM item with the document as ``x`` so that it can be taken apart, and ``odd``: whether it was changed for that."""
    return sql.SQL(
        "(SELECT i.odd, CASE WHEN i.odd THEN"
        " pg_catalog.regexp_replace(pg_catalog.replace(i.d::text, {pair}, {two}), {find}, {put}, 'g')::json"
        " ELSE i.d END AS x FROM (SELECT h.d, {odd} AS odd FROM (SELECT {value} AS d OFFSET 0) AS h OFFSET 0) AS i OFFSET 0)"
    ).format(
        value=value,
        odd=_is_unreadable("h.d"),
        pair=sql.Literal(_PAIR),
        two=sql.Literal(_TWO_PAIRS),
        find=sql.Literal(_PROTECT[0]),
        put=sql.Literal(_PROTECT[1]),
    )


def _readable(value: sql.Composable, inner: Rewrite) -> sql.Composable:
    return sql.SQL(
        "(SELECT CASE WHEN r.odd THEN pg_catalog.replace(pg_catalog.regexp_replace(r.new::text, {find}, {put}, 'g'), {two}, {pair})::json"
        " ELSE r.new END FROM (SELECT o.odd, {inner} AS new FROM {protected} AS o OFFSET 0) AS r)"
    ).format(
        inner=inner(sql.SQL("o.x")),
        protected=_protected(value),
        pair=sql.Literal(_PAIR),
        two=sql.Literal(_TWO_PAIRS),
        find=sql.Literal(_RESTORE[0]),
        put=sql.Literal(_RESTORE[1]),
    )


def _guarded(place: Place, depth: int, inner: Rewrite) -> Rewrite:
    guard = place.guard(depth, sql.SQL("v.x"))
    if guard is None:
        return inner

    def rewrite(value: sql.Composable) -> sql.Composable:
        body = sql.SQL("CASE WHEN {guard} THEN {inner} ELSE v.x END").format(guard=guard, inner=inner(sql.SQL("v.x")))
        return _bound(value, body)

    return rewrite


def _bound(value: sql.Composable, body: sql.Composable, name: str = "x", alias: str = "v") -> sql.Composable:
    """``body`` with ``value`` bound to ``v.x``: the value is written once, so the text doesn't grow with the depth squared."""
    return sql.SQL("(SELECT {body} FROM (SELECT {value} AS {name} OFFSET 0) AS {alias})").format(
        body=body, value=value, name=sql.SQL(name), alias=sql.SQL(alias)
    )


def _scalar(document: Document, value: str) -> sql.Composable:
    """A number or string as text; a number that is the whole document may have blanks around it."""
    return sql.SQL(
        "CASE {typeof}({value}) WHEN 'string' THEN {value} #>> '{{}}' WHEN 'number' THEN pg_catalog.btrim({value} #>> '{{}}', {blanks}) END"
    ).format(typeof=document.call("typeof"), value=sql.SQL(value), blanks=sql.Literal(" \t\n\r"))


def _rewrite_scalar(document: Document, leaf: Rewrite) -> Rewrite:
    """Numbers stay numbers, as long as they can, strings strings; an id that doesn't change keeps its spelling."""
    body = sql.SQL("CASE WHEN v.t IS NULL OR ({typeof}(v.x) = 'number' AND v.t !~ '^[0-9]+$') THEN v.x ELSE {new} END").format(
        typeof=document.call("typeof"), new=_bound(leaf(sql.SQL("v.t")), _spelled(document), "t", "n")
    )
    return lambda value: sql.SQL(
        "(SELECT {body} FROM (SELECT w.x, {scalar} AS t FROM (SELECT {value} AS x OFFSET 0) AS w OFFSET 0) AS v)"
    ).format(body=body, scalar=_scalar(document, "w.x"), value=value)


def _spelled(document: Document) -> sql.Composable:
    """The new id n.t in the place of v.x."""
    return sql.SQL(
        "CASE WHEN n.t IS NULL THEN 'null'{cast} WHEN n.t = v.t THEN v.x"
        " WHEN {typeof}(v.x) = 'number' AND n.t ~ '^[0-9]+$' THEN n.t{cast} ELSE pg_catalog.to_json(n.t){cast} END"
    ).format(typeof=document.call("typeof"), cast=document.cast)


def _rewrite_names(document: Document, leaf: Rewrite) -> Rewrite:
    rebuilt = _join_members(document, leaf(sql.SQL("m.key")), sql.SQL("m.value"))
    return lambda value: _bound(value, _where(document, "object", rebuilt))


def _rewrite_step(document: Document, step: PathStep, inner: Rewrite) -> Rewrite:
    if document is JSONB and isinstance(step, Member | Item):
        return lambda value: _bound(value, _set_step(step, inner))
    kind = "object" if isinstance(step, Member | EveryMember) else "array"
    rebuilt = _where(document, kind, _rebuilt(document, step, inner))
    return lambda value: _bound(value, rebuilt)


def _rebuilt(document: Document, step: PathStep, inner: Rewrite) -> sql.Composable:
    """``v.x`` taken apart and put together again."""
    if isinstance(step, Member | EveryMember):
        value = inner(sql.SQL("m.value"))
        return _join_members(document, sql.SQL("m.key"), _only(_is_member(step), value, "m.value"))
    value = inner(sql.SQL("e.value"))
    return _join_items(document, _only(_is_item(step), value, "e.value"))


def _only(condition: sql.Composable | None, value: sql.Composable, otherwise: str) -> sql.Composable:
    if condition is None:
        return value
    return sql.SQL("CASE WHEN {} THEN {} ELSE {} END").format(condition, value, sql.SQL(otherwise))


def _is_member(step: PathStep) -> sql.Composable | None:
    if not isinstance(step, Member):
        return None
    names = sql.SQL(", ").join(map(sql.Literal, _spellings(step.name)))
    return sql.SQL("m.key IN ({})").format(names)


def _is_item(step: PathStep) -> sql.Composable | None:
    return sql.SQL("e.n = {}").format(sql.Literal(step.index + 1)) if isinstance(step, Item) else None


def _set_step(step: Member | Item, inner: Rewrite) -> sql.Composable:
    """jsonb alone can replace one member in place; the rest of the document isn't taken apart."""
    kind, name = ("object", step.name) if isinstance(step, Member) else ("array", str(step.index))
    found = sql.SQL("(v.x #> ARRAY[{name}])").format(name=sql.Literal(name))
    return sql.SQL(
        "CASE WHEN pg_catalog.jsonb_typeof(v.x) = {kind} AND {found} IS NOT NULL THEN pg_catalog.jsonb_set(v.x, ARRAY[{name}], {inner})"
        " ELSE v.x END"
    ).format(kind=sql.Literal(kind), found=found, name=sql.Literal(name), inner=inner(found))


def _where(document: Document, kind: str, rebuilt: sql.Composable) -> sql.Composable:
    return sql.SQL("CASE WHEN {typeof}(v.x) = {kind} THEN {rebuilt} ELSE v.x END").format(
        typeof=document.call("typeof"), kind=sql.Literal(kind), rebuilt=rebuilt
    )


def _join_members(document: Document, key: sql.Composable, value: sql.Composable) -> sql.Composable:
    """The members of ``v.x`` (m.key, m.value) as an object again; one whose key is NULL is left out."""
    if document is JSONB:
        return sql.SQL(
            "(SELECT COALESCE(pg_catalog.jsonb_object_agg(w.key, w.value), '{{}}'::jsonb)"
            " FROM (SELECT {key} AS key, {value} AS value FROM pg_catalog.jsonb_each(v.x) AS m(key, value) OFFSET 0) AS w"
            " WHERE w.key IS NOT NULL)"
        ).format(key=key, value=value)
    return sql.SQL(
        "(SELECT ('{{' || COALESCE(pg_catalog.string_agg(pg_catalog.to_json({key})::text || ':' || ({value})::text, ',' ORDER BY m.n), '')"
        " || '}}')::json FROM pg_catalog.json_each(v.x) WITH ORDINALITY AS m(key, value, n))"
    ).format(key=key, value=value)


def _join_items(document: Document, value: sql.Composable) -> sql.Composable:
    if document is JSONB:
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
    first = sql.SQL("(SELECT {} AS x OFFSET 0)").format(value) if document is JSONB else _protected(value)
    tables: list[sql.Composable] = [sql.SQL("{} AS s0").format(first)]
    tables += [_found_step(document, step, f"s{number}", f"s{number + 1}") for number, step in enumerate(place.path)]
    guards = [place.guard(depth, sql.SQL(f"s{depth}.x")) for depth in range(len(place.path) + 1)]
    where = sql.SQL(" AND ").join([guard for guard in guards if guard is not None] or [sql.SQL("true")])
    last, typeof = sql.SQL(f"s{len(place.path)}.x"), document.call("typeof")
    if place.keys:
        names = sql.SQL("{each}(CASE WHEN {typeof}({x}) = 'object' THEN {x} END) AS leaf(id, ignored)")
        tables.append(names.format(each=document.call("each"), typeof=typeof, x=last))
        wanted: sql.Composable = sql.SQL("leaf.id")
    else:
        wanted = _scalar(document, f"s{len(place.path)}.x")
    return sql.SQL("(SELECT {wanted} AS id FROM {tables} WHERE {where})").format(
        wanted=wanted, tables=sql.SQL(" CROSS JOIN LATERAL ").join(tables), where=where
    )


def _found_step(document: Document, step: PathStep, before: str, after: str) -> sql.Composable:
    """What one step finds in ``before``, as a FROM item called ``after``."""
    if isinstance(step, Member | EveryMember):
        condition, kind, columns = _is_member(step), "object", "{each}({whole}) AS m(key, value)"
    else:
        condition, kind, columns = _is_item(step), "array", "{array_elements}({whole}) WITH ORDINALITY AS e(value, n)"
    whole = sql.SQL("CASE WHEN {typeof}({x}) = {kind} THEN {x} END").format(
        typeof=document.call("typeof"), x=sql.SQL(f"{before}.x"), kind=sql.Literal(kind)
    )
    source = sql.SQL(columns).format(each=document.call("each"), array_elements=document.call("array_elements"), whole=whole)
    return sql.SQL("(SELECT {value} AS x FROM {source} WHERE {condition}) AS {after}").format(
        value=sql.SQL("m.value" if kind == "object" else "e.value"),
        source=source,
        condition=condition or sql.SQL("true"),
        after=sql.SQL(after),
    )
