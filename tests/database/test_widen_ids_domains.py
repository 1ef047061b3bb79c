"""Domains over ids: afterwards everything is as if the domain had been over bigint from the start; taken back it is as before."""

from __future__ import annotations

import psycopg
import pytest

from splitter.apply import apply_plan
from splitter.catalog import read_schema
from splitter.db import connect
from splitter.errors import Conflict, OrgliftError, RefusedError
from splitter.families import find_families
from splitter.id_columns import find_id_columns, find_narrow
from splitter.undo import undo_plan
from tests.proxy import Moment, Proxy
from tests.wide_sites import MakeWide, WideSite, assert_both_ways

# {i} is what is widened
ORG = (
    "CREATE DOMAIN d AS {i}; CREATE TABLE org (id d PRIMARY KEY, name text);"
    "INSERT INTO org SELECT g, 'n' || g FROM generate_series(1, 300) AS g;"
)
KEYS = (
    ORG
    + "CREATE TABLE c (id {i} PRIMARY KEY, org d NOT NULL REFERENCES org ON DELETE CASCADE, plain {i} REFERENCES org, up {i} REFERENCES c);"
    "INSERT INTO c SELECT g, g, 1 + g % 300, g FROM generate_series(1, 200) AS g; CREATE INDEX ON c (org DESC) WHERE plain > 3;"
    "CREATE TABLE shares (n d DEFAULT 7, k text UNIQUE); INSERT INTO shares SELECT g, g FROM generate_series(1, 50) AS g;"
)
# a CHECK that is not proved, so that nothing is read under a lock
MANY = (
    'CREATE SCHEMA "we.ird"; CREATE DOMAIN "we.ird"."do""main %s" AS {s} DEFAULT 3; CREATE DOMAIN "select" AS "we.ird"."do""main %s";'
    'CREATE DOMAIN unused AS "select";'
    'ALTER DOMAIN "we.ird"."do""main %s" ADD CONSTRAINT "it\'s" CHECK (VALUE > -5 OR VALUE IN (-7)) NOT VALID;'
    'ALTER DOMAIN "select" ADD CONSTRAINT low CHECK (VALUE < 30000 AND VALUE <> 7000::"we.ird"."do""main %s") NOT VALID;'
    'COMMENT ON DOMAIN "select" IS \'it\'\'s\'; COMMENT ON CONSTRAINT "it\'s" ON DOMAIN "we.ird"."do""main %s" IS \'{{0}} %\';'
    'REVOKE USAGE ON DOMAIN "select" FROM PUBLIC; GRANT USAGE ON DOMAIN "select" TO pg_monitor WITH GRANT OPTION;'
    'ALTER DOMAIN "we.ird"."do""main %s" OWNER TO pg_monitor;'
    "CREATE TABLE org (id \"select\" PRIMARY KEY, name text); INSERT INTO org SELECT g, 'n' FROM generate_series(1, 30) AS g;"
    'CREATE TABLE "we.ird"."t %s" ("o""r g" "we.ird"."do""main %s" NOT NULL REFERENCES org, n {i} REFERENCES org, u unused DEFAULT 4);'
    'INSERT INTO "we.ird"."t %s" SELECT g, g FROM generate_series(1, 30) AS g;'
)
CONSTRAINTS = (
    "CREATE DOMAIN d AS {i} DEFAULT 4 CONSTRAINT there NOT NULL CONSTRAINT positive CHECK (VALUE > 0);"
    "ALTER DOMAIN d ADD CONSTRAINT filled CHECK (VALUE IS NOT NULL);"
    "ALTER DOMAIN d ADD CONSTRAINT late CHECK (VALUE <> 7000) NOT VALID; COMMENT ON CONSTRAINT filled ON DOMAIN d IS 'it''s';"
    "CREATE DOMAIN e AS d CHECK (VALUE < 40000); CREATE SEQUENCE s AS {i};"
    "CREATE TABLE org (id d DEFAULT nextval('s') PRIMARY KEY, name text); ALTER SEQUENCE s OWNED BY org.id;"
    "INSERT INTO org (name) SELECT 'n' || g FROM generate_series(1, 300) AS g;"
    "CREATE TABLE c (id {i} PRIMARY KEY, org e REFERENCES org, other d); INSERT INTO c SELECT g, g, g FROM generate_series(1, 100) AS g;"
)
TEXTS = (
    ORG + "CREATE DOMAIN age AS int; CREATE TABLE c (id d DEFAULT 7::d PRIMARY KEY CHECK (id > 0), org d REFERENCES org, n text, m age,"
    " next {i} GENERATED ALWAYS AS (org + 1) STORED, CHECK (org <> 70::d AND n <> '(org)::integer'), CHECK (m > org));"
    "INSERT INTO c SELECT g, g, g, 1 + g FROM generate_series(1, 20) AS g;"
    "CREATE INDEX x ON c ((org + m), lower(n)) WHERE org > 2::d AND n::int > 1; CREATE STATISTICS st ON (org + 1), m FROM c;"
    "CREATE INDEX y ON c (abs(org)); ALTER INDEX y ALTER COLUMN 1 SET STATISTICS 70;"
    "CREATE VIEW v AS SELECT c.id, o.id + 1 AS next, c.org AS other, m FROM c JOIN org AS o ON o.id = c.org WHERE c.org > 1 AND m < 50;"
    "CREATE VIEW w AS SELECT v.other AS name, v.id > 3 AS large, coalesce(v.other, 0::d) AS some FROM v WHERE v.other = 3 OR v.id = 4::d;"
    "CREATE FUNCTION dear(a bigint) RETURNS bigint LANGUAGE plpgsql STABLE COST 1000000 AS 'BEGIN RETURN a; END';"
    "CREATE MATERIALIZED VIEW filled AS SELECT dear(id) AS n, org, 5::d AS five FROM c WHERE org > 1; CREATE INDEX ON filled (org);"
    "CREATE MATERIALIZED VIEW mv AS SELECT max(org) AS m, sum(id) AS s FROM c GROUP BY n;"
    "CREATE POLICY p ON c USING (org > 0) WITH CHECK (id > 0 OR n = 'x');"
    "CREATE RULE r AS ON DELETE TO c WHERE OLD.org = 7000 DO INSTEAD NOTHING;"
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'DECLARE x public.d; BEGIN x := NEW.org; RETURN NEW; END';"
    "CREATE TRIGGER g BEFORE UPDATE OF org ON c FOR EACH ROW WHEN (OLD.org > 2) EXECUTE FUNCTION f();"
    "CREATE FUNCTION many() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM c WHERE c.id > 3; END;"
    "CREATE PUBLICATION pc FOR TABLE c (id, org);"
)
TREES = (
    ORG + "CREATE TABLE e (id d, org d NOT NULL CHECK (org > 0), n int, PRIMARY KEY (id, n)) PARTITION BY RANGE (n);"
    "CREATE TABLE e1 PARTITION OF e FOR VALUES FROM (0) TO (10); CREATE TABLE e2 PARTITION OF e DEFAULT;"
    "INSERT INTO e SELECT g, g, g FROM generate_series(1, 30) AS g; ALTER TABLE e ADD FOREIGN KEY (org) REFERENCES org;"
    "CREATE INDEX ON e ((org + n)); CREATE TABLE p (org d CHECK (org < 5000), n text); CREATE TABLE q (m int) INHERITS (p);"
    "INSERT INTO q SELECT g, 'n', g FROM generate_series(1, 9) AS g;"
)
KINDS = {"keys": KEYS, "many": MANY, "texts": TEXTS, "trees": TREES}


def spelled(script: str, small: str = "int", wide: bool = False) -> str:
    return script.replace("{i}", "bigint" if wide else "int").replace("{s}", "bigint" if wide else small)


@pytest.mark.parametrize("kind", KINDS)
def test_widened_it_is_as_if_it_had_been_wide_and_taken_back_as_before(make_wide: MakeWide, kind: str) -> None:
    script = KINDS[kind]
    budget = 10_000 if "STORED" in script else 0
    site, other = make_wide(spelled(script, "smallint")), make_wide(spelled(script, wide=True))
    assert_both_ways(site, other, budget, by_hand=("SELECT 1",))
    assert site.rows("SELECT typname FROM pg_catalog.pg_type WHERE typname LIKE 'orglift%' AND typtype = 'd'") == []


def test_what_a_domain_demands_it_demands_again(make_wide: MakeWide) -> None:
    site, other = make_wide(spelled(CONSTRAINTS)), make_wide(spelled(CONSTRAINTS, wide=True))
    assert_both_ways(site, other, 10_000, by_hand=("SELECT 1",))
    for value in ("NULL", "-1", "7000"):
        with pytest.raises(psycopg.IntegrityError):
            site.run(f"INSERT INTO public.c (id, org, other) VALUES (5000, 1, {value})")


def test_constraints_that_are_proved_for_too_long_are_refused_by_name(make_wide: MakeWide) -> None:
    site = make_wide(spelled(CONSTRAINTS))
    with pytest.raises(RefusedError, match="domain d: has constraints, which are proved while writers wait"):
        site.plan()


def test_everything_that_shares_a_domain_is_one_family(make_wide: MakeWide) -> None:
    site = make_wide(spelled(MANY + "CREATE TABLE far (x unused, y int); CREATE TABLE other (y int);"))
    (family,) = find_families(read_schema(site.conn), site.silos)
    assert {(str(table), name) for table, name in family} == {
        ("org", "id"),
        ("far", "x"),
        ('"we.ird".t %s', 'o"r g'),
        ('"we.ird".t %s', "n"),
        ('"we.ird".t %s', "u"),
    }


def test_a_value_above_int4_is_null_in_the_narrow_column_and_ends_the_way_back(make_wide: MakeWide) -> None:
    site = make_wide(spelled(CONSTRAINTS))
    before = site.dump()
    apply_plan(site.conn, plan := site.plan(10_000))
    site.run("INSERT INTO public.org (id) VALUES (3000000000)", "INSERT INTO public.c (id, org, other) VALUES (3000000000, 9, 3000000001)")
    assert site.rows("SELECT id_orglift_narrow FROM public.org WHERE id = 3000000000") == [(None,)]
    with pytest.raises(Conflict, match=r"which no narrow column holds"):
        undo_plan(site.conn, plan)
    site.run("DELETE FROM public.c WHERE id > 2000000000", "DELETE FROM public.org WHERE id = 3000000000")
    undo_plan(site.conn, plan)
    assert site.dump() == before


def test_functions_of_old_sessions_have_the_wide_domain_at_once(make_wide: MakeWide) -> None:
    script = "CREATE FUNCTION same(text) RETURNS text LANGUAGE plpgsql AS 'DECLARE x public.D := $1; BEGIN RETURN x; END';"
    site = make_wide(spelled(KEYS) + script)
    with psycopg.connect(site.url, autocommit=True) as session:
        assert session.execute("SELECT public.same('5')").fetchone() == ("5",)
        site.widen(site.plan())
        assert session.execute("SELECT public.same('3000000000')").fetchone() == ("3000000000",)
        session.execute("INSERT INTO public.org (id) VALUES (3000000000::public.d)")


def test_check_finds_narrow_domains_and_none_after_the_end(make_wide: MakeWide) -> None:
    site = make_wide(spelled(KEYS))
    assert narrow(site) == {"org.id", "c.id", "c.org", "c.plain", "c.up"}
    site.widen(site.plan())
    assert narrow(site) == set()


def narrow(site: WideSite) -> set[str]:
    schema = read_schema(site.conn)
    return {problem.object for problem in find_narrow({"us": schema}, site.silos, find_id_columns(schema, site.silos))}


def test_what_has_the_domain_since_the_plan_stops_it(make_wide: MakeWide) -> None:
    site = make_wide(spelled(KEYS))
    plan = site.plan()
    site.run("CREATE TABLE public.late (n public.d)")
    with pytest.raises(Conflict, match="whatever has the domains of org and those tied to it: was changed"):
        apply_plan(site.conn, plan)


def test_what_only_names_the_domain_swaps_with_it(make_wide: MakeWide) -> None:
    script = (
        "CREATE DOMAIN d AS {i}; CREATE TABLE org (id {i} PRIMARY KEY); CREATE VIEW v AS SELECT id FROM org WHERE id <> 5::d;"
        "CREATE TABLE a (id d PRIMARY KEY); CREATE TABLE b (id {i} PRIMARY KEY CHECK (id <> 7000::d)); INSERT INTO b VALUES (1);"
    )
    assert_both_ways(make_wide(spelled(script)), make_wide(spelled(script, wide=True)), by_hand=("SELECT 1",))


def test_what_has_the_domain_since_the_swap_is_in_the_way_back(make_wide: MakeWide) -> None:
    site = make_wide(spelled(KEYS))
    before = site.dump()
    apply_plan(site.conn, plan := site.plan())
    site.run("CREATE TABLE public.late (n public.d)")
    with pytest.raises(Conflict, match=r"the undo stops: column n of table public\.late: has public\.d since the swap"):
        undo_plan(site.conn, plan)
    site.run("DROP TABLE public.late", "CREATE FUNCTION public.late(a public.d[]) RETURNS int LANGUAGE sql AS 'SELECT 1'")
    with pytest.raises(Conflict, match=r"the undo stops: function public\.late"):
        undo_plan(site.conn, plan)
    site.run("DROP FUNCTION public.late")
    undo_plan(site.conn, plan)
    assert site.dump() == before


def found_by(site: WideSite) -> list[str]:
    with pytest.raises(RefusedError) as caught:
        site.plan()
    return [f"{each.object}: {each.found}".replace("public.", "") for each in caught.value.problems]


REFUSED = {
    "column a of table arrays: depends on type d[]": "CREATE TABLE arrays (a d[]);",
    "soft.a: has the type d[]": "CREATE TABLE soft (a d[]);",
    "column a of composite type k: depends on type d": "CREATE TYPE k AS (a d);",
    "function takes(d): depends on type d": "CREATE FUNCTION takes(d) RETURNS int LANGUAGE sql AS 'SELECT 1';",
    "function gives(): depends on type d": "CREATE FUNCTION gives() RETURNS SETOF d LANGUAGE sql BEGIN ATOMIC SELECT id FROM org; END;",
    "type r: depends on type d": "CREATE TYPE r AS RANGE (SUBTYPE = d);",
    "cast from text to d: depends on type d": "CREATE CAST (text AS d) WITH INOUT;",
    "rule _RETURN on view alone: depends on type d": "CREATE VIEW alone AS SELECT 5::d AS n;",
    "default value for column n of table other: depends on type d": "CREATE TABLE other (n text DEFAULT 5::d::text);",
    "constraint checks_n_check on table checks: depends on type d": "CREATE TABLE checks (n text CHECK (n::d > 5));",
    "column a of foreign table far: depends on type d": "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
    "CREATE FOREIGN TABLE far (a d) SERVER s;",
    "domain d: has its values from sequence s": "CREATE SEQUENCE s AS int; ALTER DOMAIN d SET DEFAULT nextval('s');",
    "view casts: does with a domain": "CREATE VIEW casts AS SELECT id::int FROM org;",
    "view hides: does with a domain": "CREATE VIEW hides AS SELECT coalesce(id, id) + 1 FROM org;",
    "check k of org: does with a domain": "ALTER TABLE org ADD CONSTRAINT k CHECK (id::int > 0);",
    "index i: would not be understood": "CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';"
    "CREATE TABLE x (a d REFERENCES org); CREATE INDEX i ON x (f(a));",
    "generated.g: is a generated column of the domain": "CREATE TABLE generated (a d, g d GENERATED ALWAYS AS (a) STORED);",
    "column id of parts: is part of the partition key": "CREATE TABLE parts (id d) PARTITION BY HASH (id);",
    "y.id: has the type information_schema.cardinal_number": "CREATE TABLE y (id information_schema.cardinal_number REFERENCES org);",
    "domain b: belongs to an extension": "CREATE DOMAIN b AS int; CREATE DOMAIN e AS b; CREATE TABLE over (a e REFERENCES org);"
    "ALTER EXTENSION plpgsql ADD DOMAIN b;",
}


def test_what_cannot_be_carried_with_a_domain_is_refused_by_name(make_wide: MakeWide) -> None:
    site = make_wide(spelled(ORG) + "".join(REFUSED.values()), '[[references]]\nfrom = "soft.a"\nto = "org.id"\n')
    before, found = site.dump(), found_by(site)
    assert [told for told in REFUSED if not any(one.startswith(told) for one in found)] == []
    assert site.dump() == before


def test_an_extensions_domain_is_refused_by_name(make_wide: MakeWide) -> None:
    assert found_by(make_wide(spelled(ORG) + "ALTER EXTENSION plpgsql ADD DOMAIN d;")) == ["org.id: has the type d"]


def test_an_undo_that_was_begun_leaves_no_check_on_the_narrow_domain(make_wide: MakeWide) -> None:
    site, number = make_wide(spelled(CONSTRAINTS).replace("300", "3").replace("100", "3")), 150
    apply_plan(site.conn, plan := site.plan(10_000))
    narrow = "SELECT pg_catalog.count(*) FROM pg_catalog.pg_constraint WHERE contypid::pg_catalog.regtype::text LIKE '%orglift_narrow%'"
    while site.rows(narrow) == [(0,)]:
        with Proxy(site.url) as proxy:
            proxy.trap(Moment.AFTER, lambda _: None, number=number)
            with pytest.raises(OrgliftError), connect(proxy.url(site.url), setting="--url") as victim:
                undo_plan(victim, plan)
        number += 5
    apply_plan(site.conn, plan)
    assert site.rows(narrow) == [(0,)]


def test_of_a_large_family_those_that_share_a_domain_swap_at_once(make_wide: MakeWide) -> None:
    script = "CREATE DOMAIN d AS {i}; CREATE TABLE org (id {i} PRIMARY KEY); INSERT INTO org VALUES (1), (2);"
    for number in range(24):
        type_ = "d" if number % 10 == 3 else "{i}"
        script += f"CREATE TABLE t{number:02} (id {type_} PRIMARY KEY REFERENCES org); INSERT INTO t{number:02} VALUES (1), (2);"
    site = make_wide(spelled(script))
    before, plan = site.dump(), site.plan()
    swaps = [step for step in plan.steps if "have the names" in step.purpose]
    assert len(swaps) > 1 and sum("RENAME TO" in step.sql and "DOMAIN" in step.sql for step in swaps) == 1
    apply_plan(site.conn, plan)
    undo_plan(site.conn, plan)
    assert site.dump() == before
    site.widen(plan)
    assert site.plan().steps == () and len(site.content()["t03"]) == 2
