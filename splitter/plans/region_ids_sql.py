"""The SQL that puts one sequence into its origin's range."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from splitter.layout import IdLayout
from splitter.schema import TableName

_PLACE = """
DECLARE
    scanned bigint;
    upcoming bigint;
BEGIN
    -- Ids that were inserted without the sequence. What has no index is read here, while nothing is locked.
    scanned := greatest({all_columns});
    -- From here on nobody gets an id until this commits, and whoever got one has committed: the largest ids and the last value
    -- cannot grow any more. RESTART below makes sessions throw away ids that they had cached; setval would not.
    ALTER SEQUENCE {sequence} AS bigint;
    scanned := greatest(scanned, {indexed_columns});
    SELECT CASE WHEN s.is_called THEN s.last_value + 1 ELSE s.last_value END INTO STRICT upcoming FROM {sequence} AS s;
    upcoming := CASE
        WHEN upcoming BETWEEN {first} AND {last} + 1 THEN upcoming
        WHEN upcoming BETWEEN 0 AND {serials} THEN {first} + upcoming
        WHEN upcoming >> {serial_bits} = ANY ({former}::bigint[]) THEN {first} END;
    IF upcoming IS NULL THEN
        RAISE EXCEPTION '% stands in the range of another origin than {origin}', {name};
    END IF;
    upcoming := greatest(upcoming, scanned + 1, {first} + 1);
    IF upcoming > {last} THEN
        RAISE EXCEPTION 'origin {origin} has no ids left for %', {name};
    END IF;
    EXECUTE pg_catalog.format('ALTER SEQUENCE %s MINVALUE {first} MAXVALUE {last} START WITH %s RESTART WITH %s',
        {name}, upcoming, upcoming);
END
"""
_LARGEST = """(SELECT pg_catalog.max(t.{column}) FROM {table} AS t WHERE t.{column} BETWEEN {first} AND {last}),
        {first} + (SELECT pg_catalog.max(t.{column}) FROM {table} AS t WHERE t.{column} BETWEEN 0 AND {serials} - 1)"""
_PRECONDITION = """
SELECT CASE
    WHEN d.seqincrement <> 1 OR d.seqcycle OR NOT EXISTS (SELECT FROM orglift.identity WHERE origin = {origin}) THEN NULL
    ELSE NOT (d.seqtypid = 'bigint'::pg_catalog.regtype AND d.seqmin = {first} AND d.seqmax = {last} AND s.last_value >= {start}) END
FROM pg_catalog.pg_sequence AS d, {sequence} AS s
WHERE d.seqrelid = {name}::pg_catalog.regclass
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A sequence, the (table, column, indexed) that it feeds, and where it goes: ``start`` or above in the range of ``origin``."""

    sequence: TableName
    columns: tuple[tuple[TableName, str, bool], ...]
    layout: IdLayout
    origin: int
    former: tuple[int, ...]
    start: int


def render_placement(placement: Placement) -> str:
    """One DO statement. It reads everything again when it runs, never goes backwards, and may be repeated."""
    body = _format(_PLACE, placement, {"all_columns": _largest(placement), "indexed_columns": _largest(placement, indexed=True)})
    tag = "$orglift$"
    while tag in body:
        tag = tag.replace("orglift", "orglift_")
    return f"DO {tag}{body}{tag}"


def render_precondition(placement: Placement) -> str:
    """True while the sequence has to be placed; null when it or the region's origin is not what the plan was made for."""
    return _format(_PRECONDITION, placement, {}).strip()


def _largest(placement: Placement, *, indexed: bool = False) -> sql.Composable:
    values = [
        sql.SQL(_LARGEST).format(
            table=_name(table),
            column=sql.Identifier(column),
            first=sql.Literal(placement.layout.first(placement.origin)),
            last=sql.Literal(placement.layout.last(placement.origin)),
            serials=sql.Literal(placement.layout.serials),
        )
        for table, column, has_index in placement.columns
        if has_index or not indexed
    ]
    return sql.SQL(",\n        ").join(values) if values else sql.SQL("NULL")


def _format(template: str, placement: Placement, slots: dict[str, sql.Composable]) -> str:
    name = _name(placement.sequence)
    layout, origin = placement.layout, placement.origin
    numbers = {
        "first": layout.first(origin),
        "last": layout.last(origin),
        "serials": layout.serials,
        "serial_bits": layout.serial_bits,
        "origin": origin,
        "start": placement.start,
    }
    former = sql.SQL("ARRAY[{}]").format(sql.SQL(", ").join(sql.Literal(number) for number in placement.former))
    literals = {key: sql.Literal(value) for key, value in numbers.items()}
    composed = sql.SQL(template).format(sequence=name, name=sql.Literal(name.as_string()), former=former, **literals, **slots)
    return composed.as_string().strip()


def _name(name: TableName) -> sql.Identifier:
    return sql.Identifier(name.schema, name.name)
