"""What a bigint does not fit into is found before the first step: functions and operators that take integers only."""

from __future__ import annotations

import pytest

from splitter.errors import RefusedError
from tests.wide_sites import MakeWide, assert_both_ways

TABLES = (
    "CREATE TABLE org (id int PRIMARY KEY, name text); CREATE TABLE c (id serial PRIMARY KEY, org int REFERENCES org, n text, m int);"
    "INSERT INTO org VALUES (1, 'x'), (2, 'y'); CREATE TABLE \"T's\" (\"i d\" int REFERENCES org, at int);"
    "CREATE FUNCTION small(a int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT a < 1000000';"
    "CREATE FUNCTION either(a int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';"
    "CREATE FUNCTION either(a bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';"
    "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
)
REFUSED = {
    "a check": ("ALTER TABLE c ADD CONSTRAINT k CHECK (m > 0 AND small(org))", "check k of public.c", "public.small(bigint)"),
    "one that sees another type": ("ALTER TABLE c ADD CONSTRAINT k CHECK (small(org + m))", "check k of public.c", "public.small(bigint)"),
    "an index": ("CREATE INDEX i ON c (n, chr(org), lower(n))", "index public.i", "chr(bigint)"),
    "a predicate": ("CREATE INDEX i ON c (n) WHERE small(id)", "index public.i", "public.small(bigint)"),
    "an operator": ("CREATE INDEX i ON c ((m << org))", "index public.i", "integer << bigint"),
    "an exclusion": (
        "ALTER TABLE c ADD CONSTRAINT x EXCLUDE USING gist (int4range(org, m) WITH &&)",
        "index public.x",
        "int4range(bigint, integer)",
    ),
    "statistics": ("CREATE STATISTICS s ON lpad(n, org), m FROM c", "statistics public.s", "lpad(text, bigint)"),
    "a policy": (
        "CREATE POLICY p ON c USING (EXISTS (SELECT FROM org AS o WHERE small(o.id)))",
        "policy p of public.c",
        "public.small(bigint)",
    ),
    "a generated column": (
        "ALTER TABLE c ADD g text GENERATED ALWAYS AS (repeat(n, org)) STORED",
        "column g of public.c",
        "repeat(text, bigint)",
    ),
    "a trigger": (
        "CREATE TRIGGER g AFTER UPDATE ON c FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.* AND small(NEW.org)) EXECUTE FUNCTION t()",
        "trigger g of public.c",
        "public.small(bigint)",
    ),
    "a rule": ("CREATE RULE r AS ON DELETE TO c WHERE small(OLD.id) DO INSTEAD NOTHING", "rule r of public.c", "public.small(bigint)"),
    "an operator class": ("CREATE INDEX i ON c USING brin ((org + m) int4_bloom_ops, n)", "index i", "int4_bloom_ops"),
    "a row filter": (
        "CREATE PUBLICATION b FOR TABLE c WHERE (make_date(id, 1, 1) > '2020-01-01')",
        "publication b, row filter of public.c",
        "make_date",
    ),
    "a view": (
        'CREATE VIEW v AS SELECT x."i d" AS a FROM "T\'s" AS x;'
        'CREATE VIEW "w w" AS WITH c AS (SELECT a FROM v) SELECT make_date(a, 1, 1) FROM c;'
        'CREATE VIEW u AS SELECT * FROM "w w"',
        'view public."w w"',
        "make_date(bigint, integer, integer)",
    ),
    "a cast": (
        'ALTER TABLE "T\'s" ADD CONSTRAINT k CHECK ("i d"::boolean)',
        'check k of public."T\'s"',
        "cannot cast type bigint to boolean",
    ),
}
CARRIED = (
    TABLES + "ALTER TABLE c ADD CHECK (small(org::bigint::int)), ADD CHECK (either(org)), ADD CHECK (small(m)),"
    " ADD CHECK (chr(id::bigint::integer) <> 'c'), ADD CHECK (c.* IS NOT NULL),"
    " ADD CHECK (org % 7 < 7 AND (org & 1) + (id << m) >= 0 AND org = ANY (ARRAY[1, 2]) AND coalesce(org, m) > 0);"
    "CREATE INDEX ON c (to_hex(org), abs(id), (id::text || n), (id * 1.5)) WHERE org::float8 > 2;"
    "CREATE INDEX ON c (chr(m)) WHERE small(m);"
    "CREATE FUNCTION whole(a c) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';"
    "CREATE VIEW v AS SELECT id, n, count(*) AS all FROM c GROUP BY id; CREATE VIEW w AS SELECT v.*, public.c.org FROM v JOIN c USING (id);"
    "CREATE POLICY p ON c USING (EXISTS (SELECT FROM org WHERE org.id = c.org AND small(c.m)));"
)


@pytest.mark.parametrize("kind", REFUSED)
def test_it_is_refused_by_name_where_the_server_would_not_understand_it(make_wide: MakeWide, kind: str) -> None:
    script, name, function = REFUSED[kind]
    with pytest.raises(RefusedError) as caught:
        make_wide(TABLES + script).plan(budget_ms=10**9)
    (problem,) = caught.value.problems
    assert problem.object == name and function in problem.found
    assert "for bigint" in problem.remedy or "class" in kind


def test_what_is_understood_is_carried(make_wide: MakeWide) -> None:
    assert_both_ways(make_wide(CARRIED), make_wide(CARRIED))
