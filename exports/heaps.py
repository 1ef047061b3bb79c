"""How a table's rows lie on disk, by the server's statistics, and how many pages some of them are scattered over."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from exports.snapshot import Connection
from splitter.schema import TableName

_HEAPS = """
WITH leaf AS (
    SELECT n.nspname AS schema, c.relname AS name, t.relid, s.nspname, r.relname, pg_table_size(t.relid) AS bytes,
           pg_relation_size(t.relid) / current_setting('block_size')::bigint AS pages
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     CROSS JOIN LATERAL (SELECT c.oid AS relid WHERE c.relkind = 'r' UNION ALL
                         SELECT p.relid FROM pg_partition_tree(c.oid) AS p WHERE c.relkind = 'p' AND p.isleaf) AS t
      JOIN pg_class AS r ON r.oid = t.relid JOIN pg_namespace AS s ON s.oid = r.relnamespace
     WHERE (n.nspname, c.relname) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
), ordered AS (
    SELECT l.schema, l.name, a.attname, min(abs(a.correlation)) AS correlation
      FROM leaf AS l JOIN pg_stats AS a ON a.schemaname = l.nspname AND a.tablename = l.relname AND NOT a.inherited
     WHERE a.correlation IS NOT NULL GROUP BY 1, 2, 3
)
SELECT l.schema, l.name, sum(l.bytes)::bigint, sum(l.pages)::bigint,
       (SELECT jsonb_object_agg(o.attname, o.correlation) FROM ordered AS o WHERE (o.schema, o.name) = (l.schema, l.name))
  FROM leaf AS l GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heap:
    """One table, its partitions and all. ``bytes``: TOAST too, without indexes; ``pages``: of the rows themselves.

    ``order``: for a column how closely its values follow the rows' places, from 0 to 1; one that was never analysed is not there.
    """

    bytes: int = 0
    pages: int = 0
    order: Mapping[str, float] = field(default_factory=dict)

    def scattered(self, column: str, rows: int) -> float:
        """Roughly how many pages ``rows`` neighbours in the order of ``column`` lie scattered over: none where that is their order."""
        if not self.pages:
            return 0.0
        anywhere = self.pages * -math.expm1(-rows / self.pages)
        return anywhere * (1 - self.order.get(column, 0.0) ** 2)


def read_heaps(connection: Connection, names: Sequence[TableName]) -> dict[TableName, Heap]:
    """What the server knows of these tables; those that it hasn't are left out."""
    rows = connection.execute(_HEAPS, ([name.schema for name in names], [name.name for name in names])).fetchall()
    return {TableName(str(schema), str(name)): _heap(size, pages, order) for schema, name, size, pages, order in rows}


def _heap(size: object, pages: object, order: object) -> Heap:
    found = order if isinstance(order, dict) else {}
    return Heap(bytes=int(str(size)), pages=int(str(pages)), order={str(name): float(value) for name, value in found.items()})
