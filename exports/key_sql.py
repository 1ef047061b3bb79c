"""How SQL names tables, columns and keys, and compares a reference with the key that it holds, whatever the types of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from psycopg import sql

from exports.json_sql import as_document, found_ids, place_of
from exports.scope import Scope
from splitter.graph import Kind, Reference
from splitter.schema import Column, Table, TableKind, TableName, split_name

INTEGERS = frozenset({"smallint", "integer", "bigint"})
LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1}  # what narrow columns hold
_TEXTS = frozenset({"text", "character varying", "bpchar", "name"})
_CANONICAL = {  # the one spelling that a key of that type has as text
    "integer": "^(0|-?[1-9][0-9]{0,17})$",
    "uuid": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
}
_NINETEEN = "^[1-9][0-9]{18}$"  # digits: as many as the largest bigint has
_LARGEST = str(2**63 - 1)


def table_sql(table: Table) -> sql.Composable:
    """The table in a FROM clause: ONLY its own rows where others inherit from it."""
    name = sql.Identifier(table.name.schema, table.name.name)
    return name if table.kind is TableKind.PARTITIONED else sql.SQL("ONLY {}").format(name)


def column_sql(alias: str, name: str) -> sql.Composable:
    return sql.Identifier(alias, name)


def columns_sql(alias: str, names: Iterable[str]) -> sql.Composable:
    return sql.SQL(", ").join(column_sql(alias, name) for name in names)


def all_sql(conditions: Sequence[sql.Composable]) -> sql.Composable:
    """The conditions joined with AND."""
    return sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true")


def raw(text: str) -> sql.SQL:
    """SQL that the catalog spelled: a type (format_type quotes what needs quotes), a collation, an expression."""
    return sql.SQL(text)


def type_family(column: Column) -> str:
    """Types that compare without a cast share a family."""
    return _family(column.base_type)


def _family(base: str) -> str:
    if base in INTEGERS:
        return "integer"
    return "text" if base in _TEXTS else base


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyType:
    """What matters of a type when keys are compared."""

    base: str
    collation: str | None = None  # as SQL; None: the database's
    operators: str | None = None  # the schema of an extension's type, which an empty search_path doesn't find

    @classmethod
    def of(cls, column: Column) -> KeyType:
        own = '"C"' if column.base_type == "name" else None
        return cls(base=column.base_type, collation=column.collation or own, operators=_operators(column))

    @property
    def element(self) -> KeyType:
        """Of an array."""
        return KeyType(base=self.base.removesuffix("[]"), collation=self.collation)

    @property
    def family(self) -> str:
        return _family(self.base)


_TEXT = KeyType(base="text")


def _operators(column: Column) -> str | None:
    if column.extension is None or column.base_type.endswith("[]"):
        return None
    parts = split_name(column.base_type)
    return parts[0] if len(parts) == 2 else None


def holds_sql(mine: KeyType, value: sql.Composable, theirs: KeyType, key: sql.Composable, *, seek_key: bool = False) -> sql.Composable:
    """``value`` (of a reference) is ``key``. Where the types differ the reference's side stays bare, so that its index serves.

    ``seek_key``: the key's side does instead.
    """
    if mine.family == theirs.family or {mine.family, theirs.family} == {"integer", "numeric"}:
        return _equal(mine, value, theirs, key)
    if mine.family == "text" and seek_key and theirs.family in _CANONICAL:
        return sql.SQL("{value} = {key}").format(value=_parsed(value, theirs), key=key)
    value = value if mine.family == "text" else sql.SQL("{}::text").format(value)
    key = key if theirs.family == "text" else sql.SQL("{}::text").format(key)
    return sql.SQL("{value} = {key}").format(value=value, key=key)


def _equal(mine: KeyType, value: sql.Composable, theirs: KeyType, key: sql.Composable) -> sql.Composable:
    if mine.collation != theirs.collation:  # the server would not choose between two; a foreign key goes by the key's
        key = sql.SQL("{key} COLLATE {collation}").format(key=key, collation=raw(theirs.collation or 'pg_catalog."default"'))
    schema = mine.operators or theirs.operators
    operator = sql.SQL("OPERATOR({}.=)").format(sql.Identifier(schema)) if schema else sql.SQL("=")
    return sql.SQL("{value} {operator} {key}").format(value=value, operator=operator, key=key)


def may_be_sql(mine: KeyType, value: sql.Composable, theirs: KeyType) -> list[sql.Composable]:
    """Conditions under which a value is a key of that type at all: a text may be anything."""
    if mine.family != "text" or theirs.family not in _CANONICAL:
        return []
    return [sql.SQL("({}) IS NOT NULL").format(_parsed(value, theirs))]


def _parsed(value: sql.Composable, theirs: KeyType) -> sql.Composable:
    """A text as a key of that type; NULL where it is not the spelling of one."""
    canonical = matches_sql(value, _CANONICAL[theirs.family])
    if theirs.family == "uuid":
        return sql.SQL("CASE WHEN {canonical} THEN {value}::uuid END").format(value=value, canonical=canonical)
    return sql.SQL(
        'CASE WHEN {canonical} THEN {value}::bigint WHEN {nineteen} AND {value}::text COLLATE "C" <= {largest} THEN {value}::bigint END'
    ).format(value=value, canonical=canonical, nineteen=matches_sql(value, _NINETEEN), largest=sql.Literal(_LARGEST))


def matches_sql(value: sql.Composable, pattern: str) -> sql.Composable:
    """A text matches a regular expression; some collations can't do that."""
    return sql.SQL('{value}::text COLLATE "C" ~ {pattern}').format(value=value, pattern=sql.Literal(pattern))


def is_key_sql(table: Table, columns: Sequence[str], values: Sequence[str], alias: str) -> sql.Composable:
    """These columns of ``alias`` have these values, given as texts."""
    held = ((table.column(name), value) for name, value in zip(columns, values, strict=True))
    return all_sql([value_sql(column, column, column_sql(alias, column.name), value) for column, value in held])


def value_sql(holder: Column, key: Column, column: sql.Composable, text: str) -> sql.Composable:
    """``column`` (of the type of ``holder``) holds the key (of the type of ``key``) that is spelled ``text``.

    An integer may be larger than the holder's type: then it holds another.
    """
    mine, theirs, literal = KeyType.of(holder), KeyType.of(key), sql.Literal(text)
    if mine.family == "text":
        return sql.SQL("{column} = {literal}").format(column=column, literal=literal)
    if theirs.family == "text":
        return sql.SQL("{column}::text = {literal}").format(column=column, literal=literal)
    type_ = "bigint" if theirs.family == "integer" else theirs.base
    return holds_sql(mine, column, theirs, sql.SQL("{}::{}").format(literal, raw(type_)))


Named = tuple[str, Sequence[str]]  # an alias, and what the columns are called there


def same_sql(table: Table, columns: Sequence[str], one: Named, other: Named) -> sql.Composable:
    """Two rows of one table have the same values in these columns."""
    types = [KeyType.of(table.column(name)) for name in columns]
    sides = zip(types, one[1], other[1], strict=True)
    return all_sql([_equal(type_, column_sql(one[0], mine), type_, column_sql(other[0], theirs)) for type_, mine, theirs in sides])


def value_types(table: Table, reference: Reference) -> tuple[KeyType, ...]:
    """The types of what a reference holds; of an array, its elements'; inside JSON everything is read as text."""
    if reference.kind is Kind.JSON:
        return (_TEXT,)
    types = tuple(KeyType.of(table.column(name)) for name in reference.columns)
    return (types[0].element,) if reference.kind is Kind.ARRAY else types


def reference_values(
    table: Table, reference: Reference, alias: str, server_version: int
) -> tuple[list[sql.Composable], sql.Composable | None]:
    """The expressions of a reference's values on ``alias``; for arrays and JSON also the set that gives them, to be joined as ``x(id)``."""
    value = column_sql(alias, reference.columns[0])
    if reference.kind is Kind.ARRAY:
        return [sql.SQL("x.id")], sql.SQL("(SELECT pg_catalog.unnest({column}) AS id)").format(column=value)
    if reference.kind is Kind.JSON:
        document, whole = as_document(server_version, table.column(reference.columns[0]), value)
        return [sql.SQL("x.id")], found_ids(document, whole, place_of(reference))
    return [column_sql(alias, column) for column in reference.columns], None


def points_at(scope: Scope, reference: Reference, values: str, alias: str) -> sql.Composable:
    """A join condition: the values (v0, v1 ...) of ``values`` are the target's key on ``alias``, whose index serves."""
    target, holder = scope.table(reference.target), scope.table(reference.table)
    return all_sql(
        [
            holds_sql(mine, column_sql(values, f"v{n}"), KeyType.of(target.column(theirs)), column_sql(alias, theirs), seek_key=True)
            for n, (mine, theirs) in enumerate(zip(value_types(holder, reference), reference.target_columns, strict=True))
        ]
    )


def set_sql(reference: Reference, values: Sequence[sql.Composable]) -> list[sql.Composable]:
    """Conditions: none of the values is one that means nobody."""
    nobody = [str(value) for value in reference.declared.none_values] if reference.declared else []
    if not nobody:
        return []
    return [sql.SQL("{}::text <> ALL ({}::text[])").format(value, sql.Literal(nobody)) for value in values]


def label_of(table: Table, reference: Reference, alias: str) -> sql.Composable:
    """The row's type column holds the reference's label; ``true`` where there is none."""
    return all_sql(label_conditions(table, reference, alias))


def label_conditions(table: Table, reference: Reference, alias: str) -> list[sql.Composable]:
    if reference.label is None or reference.type_column is None:
        return []
    return [label_condition(table, reference.type_column, reference.label, alias)]


def label_condition(table: Table, type_column: str, label: str, alias: str) -> sql.Composable:
    """The type column holds ``label``; compared as text where the type isn't one (an enum may not have the label)."""
    column = column_sql(alias, type_column)
    if type_family(table.column(type_column)) not in ("text", "integer"):
        column = sql.SQL("{}::text").format(column)
    return sql.SQL("{column} = {label}").format(column=column, label=sql.Literal(label))


def shared_sql(table: TableName, where: str, alias: str) -> sql.Composable:
    """``where`` (``shared_where`` of silos.toml) holds for the row ``alias``: a subquery shows the row's columns under the table's name."""
    return sql.SQL("EXISTS (SELECT FROM (SELECT {alias}.*) AS {name} WHERE ({where}))").format(
        alias=sql.Identifier(alias), name=sql.Identifier(table.name), where=raw(where)
    )
