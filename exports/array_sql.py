"""SQL expressions that rewrite the elements of an array and leave its shape: NULLs, dimensions and lower bounds."""

from __future__ import annotations

from collections.abc import Callable

from psycopg import sql

from exports.key_sql import raw

_ELEMENT = r'"([^"\\]|\\.)*"|[^{},"]+'  # of an array as text


def rewrite_array(value: sql.Composable, made: str, leaf: Callable[[sql.Composable], sql.Composable]) -> sql.Composable:
    """``value`` with ``leaf`` of each element, cast to ``made``; a NULL array stays NULL."""
    element = sql.SQL("({})::{}").format(leaf(sql.SQL("x.id")), raw(made))
    return sql.SQL(
        "CASE WHEN {value} IS NULL THEN NULL WHEN pg_catalog.cardinality({value}) = 0 THEN {empty}"
        " WHEN pg_catalog.array_ndims({value}) = 1 AND pg_catalog.array_lower({value}, 1) = 1 THEN (SELECT"
        " pg_catalog.array_agg({element} ORDER BY x.n) FROM pg_catalog.unnest({value}) WITH ORDINALITY AS x(id, n)) ELSE {spelled} END"
    ).format(value=value, empty=empty_array(made), element=element, spelled=_spelled(value, made, element))


def empty_array(made: str) -> sql.Composable:
    """``'{}'`` of elements of that type."""
    return sql.SQL("{}::{}").format(sql.Literal("{}"), raw(f"{made}[]"))


def _spelled(value: sql.Composable, made: str, element: sql.Composable) -> sql.Composable:
    """An array of another shape: what stands between the elements of its text is kept, and the new elements are put there."""
    body = sql.SQL("pg_catalog.substr({value}::text, pg_catalog.strpos({value}::text, {brace}))")
    return sql.SQL(
        "(SELECT (s.head || pg_catalog.string_agg(s.between[x.n] || COALESCE({quoted}, 'NULL'), '' ORDER BY x.n)"
        " || s.between[pg_catalog.cardinality({value}) + 1])::{made} FROM pg_catalog.unnest({value}) WITH ORDINALITY AS x(id, n)"
        " CROSS JOIN (SELECT pg_catalog.split_part({value}::text, {brace}, 1) AS head,"
        " pg_catalog.regexp_split_to_array({body}, {pattern}) AS between) AS s GROUP BY s.head, s.between)"
    ).format(
        value=value,
        body=body.format(value=value, brace=sql.Literal("{")),
        quoted=_quoted(element),
        made=raw(f"{made}[]"),
        brace=sql.Literal("{"),
        pattern=sql.Literal(_ELEMENT),
    )


def _quoted(element: sql.Composable) -> sql.Composable:
    escaped = sql.SQL("pg_catalog.replace(pg_catalog.replace(({})::text, {}, {}), {}, {})").format(
        element, *map(sql.Literal, ("\\", "\\\\", '"', '\\"'))
    )
    return sql.SQL("""'"' || {} || '"'""").format(escaped)
