"""The unique keys of one of the target's tables as its catalog spells them: parts, operators, and the columns that they need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from exports.snapshot import Connection
from splitter.db import translated
from splitter.schema import TableName

# Every valid unique index of the table and of its partitions, but those that a valid index of the parent stands for. The operator is the
# one of the index: with an empty search path, = would be another one for the types of an extension.
_KEYS = """
WITH tree AS (
    SELECT c.oid AS root, r.oid AS relation
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (SELECT c.oid UNION SELECT t.relid FROM pg_partition_tree(c.oid) AS t) AS r(oid)
    WHERE n.nspname = %s AND c.relname = %s
)
SELECT s.nspname::text, r.relname::text, x.relname::text, i.indnullsnotdistinct, pg_get_expr(i.indpred, i.indrelid),
    CASE WHEN t.relation <> t.root THEN pg_get_partition_constraintdef(t.relation) END,
    ARRAY(SELECT pg_get_indexdef(i.indexrelid, p.n, false) FROM generate_series(1, i.indnkeyatts) AS p(n) ORDER BY p.n),
    ARRAY(SELECT a.attname::text FROM generate_series(1, i.indnkeyatts) AS p(n)
        LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p.n - 1] AND a.attnum > 0 ORDER BY p.n),
    ARRAY(SELECT format('OPERATOR(%%I.%%s)', q.nspname, o.oprname) FROM generate_series(1, i.indnkeyatts) AS p(n)
        JOIN pg_opclass AS k ON k.oid = i.indclass[p.n - 1]
        JOIN pg_amop AS m ON m.amopfamily = k.opcfamily AND m.amoplefttype = k.opcintype AND m.amoprighttype = k.opcintype
            AND m.amopstrategy = 3 AND m.amoppurpose = 's'
        JOIN pg_operator AS o ON o.oid = m.amopopr JOIN pg_namespace AS q ON q.oid = o.oprnamespace ORDER BY p.n),
    ARRAY(SELECT CASE WHEN i.indcollation[p.n - 1] <> 0 THEN i.indcollation[p.n - 1]::regcollation::text END
        FROM generate_series(1, i.indnkeyatts) AS p(n) ORDER BY p.n),
    ARRAY(SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND (
        a.attnum = ANY (i.indkey[:i.indnkeyatts - 1]) OR (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) AND EXISTS (
            SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum)) ORDER BY a.attnum)
FROM tree AS t
JOIN pg_index AS i ON i.indrelid = t.relation
JOIN pg_class AS x ON x.oid = i.indexrelid
JOIN pg_am AS m ON m.oid = x.relam
JOIN pg_class AS r ON r.oid = t.relation
JOIN pg_namespace AS s ON s.oid = r.relnamespace
WHERE i.indisunique AND i.indisvalid AND NOT i.indisexclusion AND m.amname = 'btree'
    AND NOT EXISTS (SELECT FROM pg_inherits AS h JOIN pg_index AS above ON above.indexrelid = h.inhparent AND above.indisvalid
        WHERE h.inhrelid = i.indexrelid)
    AND (t.relation = t.root OR has_table_privilege(t.relation, 'SELECT'))
ORDER BY t.relation <> t.root, s.nspname, r.relname, NOT i.indisprimary, x.relname
"""
_GENERATED_FROM = """
SELECT g.attname::text, ARRAY(
    SELECT DISTINCT a.attname::text FROM pg_depend AS d
    JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attnum <> g.attnum
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = g.attrelid AND (d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
        OR d.classid = 'pg_class'::regclass AND d.objid = g.attrelid AND d.objsubid = g.attnum))
FROM pg_attribute AS g
JOIN pg_attrdef AS f ON f.adrelid = g.attrelid AND f.adnum = g.attnum
JOIN pg_class AS c ON c.oid = g.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s AND g.attgenerated <> ''
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPart:
    """One part of a key, as SQL of the target."""

    expression: str
    column: str | None  # where it is a plain one
    operator: str  # of equality
    collation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a key holds: the table itself, or a partition with the rows that it may have (``bound``)."""

    table: TableName
    bound: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetKey:
    """A unique key, or the like keys of several partitions (by the name of the first)."""

    name: str
    parts: tuple[KeyPart, ...]
    predicate: str | None
    nulls_not_distinct: bool
    needs: frozenset[str]  # the columns that it reads, generated ones too
    places: tuple[Place, ...]

    @property
    def columns(self) -> frozenset[str]:
        """The plain columns among its parts."""
        return frozenset(part.column for part in self.parts if part.column is not None)

    @property
    def plain(self) -> bool:
        """Whether it is one that a foreign key may refer to."""
        return self.predicate is None and all(part.column is not None for part in self.parts) and self.places[0].bound is None


def read_unique_keys(connection: Connection, table: TableName) -> tuple[TargetKey, ...]:
    """All keys that a row of ``table`` must not break, each once."""
    with translated(f"reading the keys of {table}"):
        rows = connection.execute(_KEYS, tuple(table)).fetchall()
    found: dict[object, list[tuple[str, Place]]] = {}
    for schema, name, index, distinct, predicate, bound, *lists in rows:
        place = Place(table=TableName(str(schema), str(name)), bound=None if bound is None else str(bound))
        expressions, columns, operators, collations, needs = map(_texts, lists)
        shape = (bound is not None, _parts(expressions, columns, operators, collations), predicate, distinct, frozenset(needs))
        found.setdefault(shape, []).append((str(index), place))
    return tuple(_key(shape, members) for shape, members in found.items())


def _texts(value: object) -> tuple[str | None, ...]:
    assert isinstance(value, list)
    return tuple(value)


def _parts(*lists: Iterable[str | None]) -> tuple[KeyPart, ...]:
    return tuple(
        KeyPart(expression=str(expression), column=column, operator=str(operator), collation=collation)
        for expression, column, operator, collation in zip(*lists, strict=True)
    )


def _key(shape: object, members: list[tuple[str, Place]]) -> TargetKey:
    assert isinstance(shape, tuple)
    _, parts, predicate, distinct, needs = shape
    return TargetKey(
        name=members[0][0],
        parts=parts,
        predicate=predicate,
        nulls_not_distinct=distinct,
        needs=needs,
        places=tuple(place for _, place in members),
    )


def read_generated_from(connection: Connection, table: TableName) -> dict[str, frozenset[str]]:
    """The columns that each generated column of a table is made of."""
    with translated(f"reading the generated columns of {table}"):
        rows = connection.execute(_GENERATED_FROM, tuple(table)).fetchall()
    return {str(name): frozenset(map(str, _texts(columns))) for name, columns in rows}
