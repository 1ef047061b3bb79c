"""Rows that refer to a parent that does not exist: the SQL that tells them, and the SQL that does to them what ON DELETE would have done.

A foreign key looks at the very table that it stands on and at the very one that it names, not at what inherits from them; at partitions
of course. Operators are those of the key: another type's ``=`` is not found by name alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from splitter.schema import TableName

SHOWN = 10  # rows that an audit lists
BATCH = 5000  # rows of one transaction
_IS_ORPHAN = "{set} AND NOT EXISTS (SELECT FROM {parent} AS p WHERE {equal})"
_UNCOVERED = """{set} AND NOT EXISTS (SELECT FROM (
    SELECT pg_catalog.range_agg(p.{period}) AS covered FROM {parent} AS p WHERE {equal}) AS all_of WHERE c.{own} <@ all_of.covered)"""
_AUDIT = """SELECT {place} AS object,
    o.total || {told} || pg_catalog.string_agg(o.shown, '; ' ORDER BY o.shown)
        || CASE WHEN o.total > {limit} THEN '; ...' ELSE '' END AS found
FROM (SELECT pg_catalog.count(*) OVER () AS total,
        '(' || pg_catalog.concat_ws(', ', {row}) || ') refers to (' || pg_catalog.concat_ws(', ', {key}) || ')' AS shown
    FROM {child} AS c WHERE {is_orphan} LIMIT {limit}) AS o
GROUP BY o.total"""
_CHOSEN = """(SELECT c.tableoid AS relation, c.ctid AS place FROM {child} AS c WHERE {is_orphan} LIMIT {batch} FOR UPDATE OF c) AS o
WHERE d.tableoid = o.relation AND d.ctid = o.place"""
_DELETE = "DELETE FROM {child} AS d USING {chosen}"
_UPDATE = "UPDATE {child} AS d SET {changes} FROM {chosen}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyColumn:
    """``name`` of the child holds ``parent`` of the parent. ``equals`` is SQL: the operator between the parent's value and the child's."""

    name: str
    parent: str
    equals: str = "OPERATOR(pg_catalog.=)"
    collation: str | None = None  # SQL: that of the parent, where the child's is another one
    default: str | None = None  # SQL


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyJoin:
    """What a foreign key compares. ``whole_child``, ``whole_parent``: with their partitions. ``row``: what tells a child's rows apart."""

    child: TableName
    parent: TableName
    columns: tuple[KeyColumn, ...]
    whole_child: bool = False
    whole_parent: bool = False
    match_full: bool = False
    temporal: bool = False  # the last column is a period, which several of the parent's may cover together
    row: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.child}.{', '.join(column.name for column in self.columns)}"


def render_orphan_audit(join: KeyJoin) -> str:
    """A query of rows (object, found): none, or one that counts and lists."""
    row = join.row or ("ctid",)
    return (
        sql.SQL(_AUDIT)
        .format(
            place=sql.Literal(str(join)),
            told=sql.Literal(f" rows refer to rows of {join.parent} that do not exist: "),
            limit=sql.Literal(SHOWN),
            row=_texts(row),
            key=_texts(tuple(column.name for column in join.columns)),
            child=_child(join),
            is_orphan=sql.SQL("({})").format(_violates(join)),
        )
        .as_string()
    )


def render_orphan_delete(join: KeyJoin) -> str:
    """One batch."""
    return sql.SQL(_DELETE).format(child=_child(join), chosen=_chosen(join, sql.SQL(""))).as_string()


def render_orphan_update(join: KeyJoin, names: tuple[str, ...], *, to_default: bool) -> str:
    """One batch: these columns become NULL, or their default. An orphan that is at its default already stays one."""
    value = "DEFAULT" if to_default else "NULL"
    changes = [sql.SQL("{} = " + value).format(sql.Identifier(name)) for name in names]
    defaults = [column for column in join.columns if column.name in names]
    differs = [
        sql.SQL("c.{} IS DISTINCT FROM ({})").format(sql.Identifier(column.name), sql.SQL(column.default or "NULL")) for column in defaults
    ]
    moved = sql.SQL(" AND ({})").format(sql.SQL(" OR ").join(differs)) if to_default else sql.SQL("")
    return sql.SQL(_UPDATE).format(child=_child(join), changes=sql.SQL(", ").join(changes), chosen=_chosen(join, moved)).as_string()


def _chosen(join: KeyJoin, more: sql.Composable) -> sql.Composed:
    is_orphan = sql.SQL("{}{}").format(_is_orphan(join), more)
    return sql.SQL(_CHOSEN).format(child=_child(join), is_orphan=is_orphan, batch=sql.Literal(BATCH))


def _is_orphan(join: KeyJoin) -> sql.Composed:
    """A row with a NULL among the columns refers to nothing."""
    compared = join.columns[:-1] if join.temporal else join.columns
    named = {
        "set": sql.SQL(" AND ").join(sql.SQL("c.{} IS NOT NULL").format(sql.Identifier(column.name)) for column in join.columns),
        "parent": _relation(join.parent, join.whole_parent),
        "equal": sql.SQL(" AND ").join(map(_equal, compared)),
    }
    if not join.temporal:
        return sql.SQL(_IS_ORPHAN).format(**named)
    period = join.columns[-1]
    return sql.SQL(_UNCOVERED).format(**named, period=sql.Identifier(period.parent), own=sql.Identifier(period.name))


def _violates(join: KeyJoin) -> sql.Composed:
    """MATCH FULL does not allow a key of which a part is NULL either."""
    if not join.match_full or len(join.columns) == 1:
        return _is_orphan(join)
    columns = sql.SQL(", ").join(sql.SQL("c.{}").format(sql.Identifier(column.name)) for column in join.columns)
    half = sql.SQL("pg_catalog.num_nulls({}) BETWEEN 1 AND {}").format(columns, sql.Literal(len(join.columns) - 1))
    return sql.SQL("{} OR {}").format(half, _is_orphan(join))


def _equal(column: KeyColumn) -> sql.Composed:
    collate = sql.SQL(f" COLLATE {column.collation}" if column.collation else "")
    return sql.SQL("p.{} {} c.{}{}").format(sql.Identifier(column.parent), sql.SQL(column.equals), sql.Identifier(column.name), collate)


def _texts(names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL("c.{}::text").format(sql.Identifier(name)) for name in names)


def _child(join: KeyJoin) -> sql.Composed:
    return _relation(join.child, join.whole_child)


def _relation(name: TableName, whole: bool) -> sql.Composed:
    return sql.SQL("{}{}").format(sql.SQL("" if whole else "ONLY "), sql.Identifier(*name))
