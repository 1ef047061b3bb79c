"""Unique keys of the organization's rows that the target has taken already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from relocate.conflicts import find_conflicts
from splitter.errors import Problem
from tests.prepared_moves import DE, US, PreparedMove, make_silos, name_region, prepared_move

SILOS = """
[organization]
table = "org"
slug = "slug"
"""
BASE = """
CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL);
INSERT INTO org VALUES (1, 'acme'), (2, 'other');
"""
AWAY = "DELETE FROM org WHERE id = 1;"
FIRST = 1 << 36  # of us


@pytest.fixture
def moving(make_database: Callable[..., str]):
    """A move of organization 1; ``source`` and ``target`` fill the tables of ``schema``. Organization 2 is in both regions."""

    @contextmanager
    def make(schema: str, source: str = "", target: str = "", *, silos: str = "") -> Iterator[PreparedMove]:
        us, de = make_database(BASE + schema + source), make_database(BASE + AWAY + schema + target)
        name_region(us, "us", US)
        name_region(de, "de", DE)
        with prepared_move(make_silos(SILOS + silos, us, de)) as prepared:
            yield prepared

    return make


def conflicts(prepared: PreparedMove, *, resuming: bool = False) -> list[Problem]:
    return list(find_conflicts(prepared.move, prepared.reading, prepared.source, prepared.target, resuming=resuming))


def found(prepared: PreparedMove, *, resuming: bool = False) -> list[tuple[str, str]]:
    return [
        (problem.object, problem.found.removeprefix("rows of the target already have "))
        for problem in conflicts(prepared, resuming=resuming)
    ]


def test_a_taken_key_is_named_with_its_values(moving):
    with moving(
        "CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint REFERENCES org, host text, port int, UNIQUE (host, port));",
        "INSERT INTO item VALUES (1, 1, 'a', 1), (2, 1, 'b', 2), (3, 1, 'c', NULL);",
        "INSERT INTO item VALUES (1, 2, 'b', 2), (2, 2, 'a', 2), (3, 2, 'c', NULL);",
    ) as prepared:
        (problem,) = conflicts(prepared)
    assert (problem.code, problem.object) == ("unique", "item: item_host_port_key")
    assert problem.found == "rows of the target already have (host, port) = (b, 2)"


def test_of_many_five_are_shown_and_all_are_counted(moving):
    fill = "INSERT INTO item SELECT gen_random_uuid(), {}, 'n' || n FROM generate_series(1, 40000) AS n;"
    schema = "CREATE TABLE item (id uuid PRIMARY KEY, org_id bigint REFERENCES org, name text UNIQUE);"
    with moving(schema, fill.format(1), fill.format(2)) as prepared:
        ((name, told),) = found(prepared)
    assert name == "item: item_name_key"
    assert told.startswith("(name) = (n1), (n2), (n3), (n4), (n5)")
    assert told.endswith(" and 39995 more")


def test_rows_of_other_organizations_at_the_source_say_nothing(moving):
    fill = "INSERT INTO item VALUES (1, 2, 'a');"
    with moving("CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint REFERENCES org, name text UNIQUE);", fill, fill) as prepared:
        assert found(prepared) == []


@pytest.mark.parametrize(
    "key",
    [
        "UNIQUE (id)",
        "UNIQUE (org_id, name)",
        "UNIQUE (name, org_id) DEFERRABLE",
        "UNIQUE NULLS NOT DISTINCT (org_id, name)",
    ],
)
def test_a_key_with_a_rewritten_id_is_free(moving, key: str):
    fill = "INSERT INTO item VALUES ({}, 1, 'a');".format
    schema = f"CREATE TABLE item (id bigint NOT NULL, org_id bigint NOT NULL REFERENCES org, name text, {key});"
    taken = f"INSERT INTO org VALUES ({FIRST + 1}, 'ghost'); INSERT INTO item VALUES ({FIRST + 1}, {FIRST + 1}, 'a');"
    with moving(schema, fill(1), taken) as prepared:  # what is there can't be, so this is not looked at
        assert found(prepared) == []


def test_an_id_that_may_mean_nobody_frees_no_key(moving):
    schema = "CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint REFERENCES org, peer bigint, name text, UNIQUE (peer, name));"
    silos = '[[references]]\nfrom = "item.peer"\nto = "item.id"\nnone_values = [0]'
    source, target = "INSERT INTO item VALUES (1, 1, 0, 'a'), (2, 1, 1, 'b');", "INSERT INTO item VALUES (1, 2, 0, 'a'), (2, 2, 1, 'b');"
    with moving(schema, source, target, silos=silos) as prepared:
        assert found(prepared) == [("item: item_peer_name_key", "(peer, name) = (0, a)")]


def test_the_key_is_that_of_the_rewritten_row(moving):
    schema = """CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint REFERENCES org, peer bigint, name text);
        CREATE UNIQUE INDEX item_key ON item ((peer + 0), name);"""
    silos = '[[references]]\nfrom = "item.peer"\nto = "item.id"'
    target = f"INSERT INTO item VALUES (1, 2, 1, 'a'), (2, 2, {FIRST + 1}, 'b');"
    with moving(schema, "INSERT INTO item VALUES (1, 1, 1, 'a'), (2, 1, 1, 'b');", target, silos=silos) as prepared:
        assert found(prepared) == [("item: item_key", f"((peer + 0), name) = ({FIRST + 1}, b)")]


def test_nulls_are_equal_where_the_key_says_so(moving):
    schema = "CREATE TABLE item (id uuid, org_id bigint REFERENCES org, a text, b text, UNIQUE NULLS NOT DISTINCT (a, b));"
    source = "INSERT INTO item VALUES (NULL, 1, NULL, 'x'), (NULL, 1, 'y', NULL), (NULL, 1, NULL, NULL), (NULL, 1, 'z', 'z');"
    target = "INSERT INTO item VALUES (NULL, 2, NULL, 'x'), (NULL, 2, NULL, 'y'), (NULL, 2, NULL, NULL);"
    with moving(schema, source, target) as prepared:
        ((_, told),) = found(prepared)
    assert told in ("(a, b) = (NULL, x), (NULL, NULL)", "(a, b) = (NULL, NULL), (NULL, x)")


def test_partial_and_expression_keys(moving):
    schema = """CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint REFERENCES org, email text, gone boolean NOT NULL);
        CREATE UNIQUE INDEX item_email ON item (lower(email)) WHERE NOT gone AND email <> '{}';"""
    source = "INSERT INTO item VALUES (1, 1, 'A@x', false), (2, 1, 'B@x', true), (3, 1, 'C@x', false), (4, 1, '{}', false);"
    target = "INSERT INTO item VALUES (1, 2, 'a@X', false), (2, 2, 'b@x', false), (3, 2, 'c@x', true), (4, 2, '{}', false);"
    with moving(schema, source, target) as prepared:
        assert found(prepared) == [("item: item_email", "(lower(email)) = (a@x)")]


def test_the_keys_own_operator_decides(moving):
    schema = "CREATE EXTENSION citext; CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint REFERENCES org, tag citext UNIQUE);"
    with moving(schema, "INSERT INTO item VALUES (1, 1, 'Ab');", "INSERT INTO item VALUES (1, 2, 'aB');") as prepared:
        assert found(prepared) == [("item: item_tag_key", "(tag) = (Ab)")]


@pytest.mark.postgres(15)  # the build of 18 has no ICU
def test_the_keys_own_collation_decides(moving):
    schema = """CREATE COLLATION public.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint REFERENCES org, code text);
        CREATE UNIQUE INDEX item_code ON item (code COLLATE public.loose);"""
    with moving(schema, "INSERT INTO item VALUES (1, 1, 'Cd');", "INSERT INTO item VALUES (1, 2, 'cD');") as prepared:
        assert found(prepared) == [("item: item_code", "(code) = (Cd)")]


def test_generated_columns_are_made_in_the_target(moving):
    schema = """CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint REFERENCES org, host text, port int,
        place text GENERATED ALWAYS AS (host || ':' || port) STORED UNIQUE);"""
    with moving(schema, "INSERT INTO item VALUES (1, 1, 'a', 1);", "INSERT INTO item VALUES (1, 2, 'a', 1);") as prepared:
        assert found(prepared) == [("item: item_place_key", "(place) = (a:1)")]


def test_a_column_that_only_the_target_has_gets_its_default(moving):
    schema = "CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint REFERENCES org, name text);"
    added = "ALTER TABLE item ADD kind text DEFAULT 'plain'; ALTER TABLE item ADD UNIQUE (name, kind);"
    target = added + "INSERT INTO item VALUES (1, 2, 'a', 'plain'), (2, 2, 'b', 'fancy');"
    with moving(schema, "INSERT INTO item VALUES (1, 1, 'a'), (2, 1, 'b');", target) as prepared:
        assert found(prepared) == [("item: item_name_kind_key", "(name, kind) = (a, plain)")]


def test_names_that_need_quotes(moving):
    schema = """CREATE SCHEMA "We.ird"; CREATE TABLE "We.ird"."Orglift_key {x} %s" (id bigint PRIMARY KEY, org_id bigint REFERENCES org,
        "v0" text, "a""b{}%%" text, UNIQUE ("a""b{}%%"), UNIQUE (v0));"""
    fill = """INSERT INTO "We.ird"."Orglift_key {{x}} %s" VALUES (1, {}, 'p', 'q');""".format
    with moving(schema, fill(1), fill(2)) as prepared:
        assert sorted(told for _, told in found(prepared)) == ['(a"b{}%%) = (q)', "(v0) = (p)"]


def test_a_table_named_like_our_alias(moving):
    schema = "CREATE TABLE orglift_key (id bigint PRIMARY KEY, org_id bigint REFERENCES org, v0 text, UNIQUE (v0));"
    fill = "INSERT INTO orglift_key VALUES (1, {}, 'p');".format
    with moving(schema, fill(1), fill(2)) as prepared:
        assert found(prepared) == [("orglift_key: orglift_key_v0_key", "(v0) = (p)")]


def test_arrays_json_and_domains_as_keys(moving):
    schema = """CREATE DOMAIN label AS text CHECK (VALUE <> '');
        CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint REFERENCES org, a int[] UNIQUE, j jsonb UNIQUE, d label UNIQUE);"""
    fill = "INSERT INTO item VALUES (1, {}, '{{1,2}}', '{{\"a\": [1, \"\\\\\"]}}', 'x');".format
    with moving(schema, fill(1), fill(2)) as prepared:
        assert [name for name, _ in found(prepared)] == ["item: item_a_key", "item: item_d_key", "item: item_j_key"]


def test_keys_of_a_partitioned_table_and_of_one_partition(moving):
    schema = """CREATE TABLE item (id uuid, org_id bigint REFERENCES org, at date NOT NULL, name text, UNIQUE (name, at))
        PARTITION BY RANGE (at);
        CREATE TABLE item_1 PARTITION OF item FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
        CREATE TABLE item_2 PARTITION OF item FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
        CREATE UNIQUE INDEX item_1_id ON item_1 (id); CREATE UNIQUE INDEX item_2_id ON item_2 (id);"""
    one, two = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
    source = f"INSERT INTO item VALUES ('{one}', 1, '2024-01-05', 'a'), ('{two}', 1, '2024-02-05', 'b');"
    target = f"INSERT INTO item VALUES ('{one}', 2, '2024-02-05', 'a'), ('{two}', 2, '2024-02-06', 'b'), (NULL, 2, '2024-02-05', 'b');"
    with moving(schema, source, target) as prepared:
        assert found(prepared) == [
            ("item: item_name_at_key", "(name, at) = (b, 2024-02-05)"),
            ("item: item_1_id", f"(id) = ({two})"),
        ]


def test_rows_that_hang_on_absent_rows_are_not_looked_at(moving):
    """Whoever refers to a row that the target hasn't cannot be there: only the topmost key goes over the wire."""
    schema = """CREATE TABLE a (id uuid PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
        CREATE TABLE b (a_id uuid NOT NULL REFERENCES a, name text, UNIQUE (a_id, name));"""
    one = "11111111-1111-1111-1111-111111111111"
    ghost = f"SET session_replication_role = replica; INSERT INTO b VALUES ('{one}', 'x'); INSERT INTO a VALUES (gen_random_uuid(), 2);"
    with moving(schema, f"INSERT INTO a VALUES ('{one}', 1); INSERT INTO b VALUES ('{one}', 'x');", ghost) as prepared:
        assert found(prepared) == []
        assert found(prepared, resuming=True) == [("b: b_a_id_name_key", f"(a_id, name) = ({one}, x)")]


def test_they_are_looked_at_where_the_row_above_is_taken(moving):
    schema = """CREATE TABLE a (id uuid PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
        CREATE TABLE b (a_id uuid NOT NULL REFERENCES a, name text, UNIQUE (a_id, name));"""
    fill = "INSERT INTO a VALUES ('11111111-1111-1111-1111-111111111111', {}); INSERT INTO b SELECT id, 'x' FROM a;".format
    with moving(schema, fill(1), fill(2)) as prepared:
        assert [name for name, _ in found(prepared)] == ["a: a_pkey", "b: b_a_id_name_key"]


def test_rows_that_the_move_itself_brought_are_no_conflict(moving):
    schema = """CREATE TABLE a (id uuid PRIMARY KEY, org_id bigint REFERENCES org);
        CREATE TABLE b (id uuid PRIMARY KEY, a_id uuid REFERENCES a, name text UNIQUE);"""
    one, two = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
    source = f"INSERT INTO a VALUES ('{one}', 1); INSERT INTO b VALUES ('{one}', '{one}', 'mine'), ('{two}', '{one}', 'hers');"
    loaded = f"INSERT INTO org VALUES ({FIRST + 1}, 'acme'); INSERT INTO a VALUES ('{one}', {FIRST + 1}), ('{two}', 2);"
    target = loaded + f"INSERT INTO b VALUES ('{one}', '{one}', 'mine'), (gen_random_uuid(), '{two}', 'hers');"
    with moving(schema, source, target) as prepared:
        assert found(prepared, resuming=True) == [("b: b_name_key", "(name) = (hers)")]
        assert len(found(prepared)) == 3


def test_rows_that_only_a_cycle_reaches_are_the_moves_own_too(moving):
    schema = "CREATE TABLE a (id uuid PRIMARY KEY, org_id bigint REFERENCES org, above uuid REFERENCES a, name text UNIQUE);"
    one, two = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
    fill = f"INSERT INTO a VALUES ('{one}', {{}}, NULL, 'x'), ('{two}', NULL, '{one}', 'y');"
    loaded = f"INSERT INTO org VALUES ({FIRST + 1}, 'acme');" + fill.format(FIRST + 1)
    with moving(schema, fill.format(1), loaded) as prepared:
        assert found(prepared, resuming=True) == []


def test_referenced_rows_may_be_there(moving):
    schema = """CREATE TABLE filter (id uuid PRIMARY KEY);
        CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint REFERENCES org, f uuid REFERENCES filter);"""
    fill = "INSERT INTO filter VALUES ('11111111-1111-1111-1111-111111111111');"
    with moving(
        schema, fill + "INSERT INTO item SELECT 1, 1, id FROM filter;", fill, silos='[tables.filter]\nexport = "referenced"'
    ) as prepared:
        assert found(prepared) == []


def test_a_matched_id_is_compared_as_the_targets(moving):
    schema = """CREATE TABLE plan (id bigint PRIMARY KEY, name text UNIQUE);
        CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint REFERENCES org, plan_id bigint REFERENCES plan, name text,
            UNIQUE (plan_id, name));"""
    source = "INSERT INTO plan VALUES (1, 'free'), (2, 'paid'); INSERT INTO item VALUES (1, 1, 1, 'a'), (2, 1, 2, 'b');"
    target = "INSERT INTO plan VALUES (7, 'free'), (1, 'paid'); INSERT INTO item VALUES (1, 2, 7, 'a'), (2, 2, 7, 'b');"
    with moving(schema, source, target, silos='[tables.plan]\nexport = "shared"\nmatch = [["name"]]') as prepared:
        assert found(prepared) == [("item: item_plan_id_name_key", "(plan_id, name) = (7, a)")]


def test_the_session_is_left_as_it_was(moving):
    schema = "CREATE TABLE item (id uuid PRIMARY KEY, org_id bigint REFERENCES org);"
    with moving(schema, "INSERT INTO item VALUES (gen_random_uuid(), 1);", "INSERT INTO item VALUES (gen_random_uuid(), 2);") as prepared:
        assert found(prepared) == []
        for query in ("SHOW enable_seqscan", "SHOW enable_hashjoin"):
            assert prepared.target.execute(query).fetchone() == ("on",)
        assert prepared.target.execute("SELECT to_regclass('pg_temp.orglift_keys')").fetchone() == (None,)
        assert prepared.target.info.transaction_status.name == "IDLE"
        assert prepared.source.execute("SELECT count(*) FROM public.item").fetchone() == (1,)  # the snapshot is still open


@pytest.mark.postgres(18)
def test_a_virtual_column_and_a_temporal_key(moving):
    schema = """CREATE EXTENSION btree_gist;
        CREATE TABLE item (id bigint, org_id bigint REFERENCES org, room int, during tsrange, name text,
        shout text GENERATED ALWAYS AS (upper(name)) VIRTUAL, UNIQUE (room, during WITHOUT OVERLAPS), UNIQUE (name));"""
    fill = "INSERT INTO item VALUES (1, {}, 1, '[2024-01-01, 2024-02-01)', 'x');".format
    with moving(schema, fill(1), fill(2)) as prepared:
        assert found(prepared) == [("item: item_name_key", "(name) = (x)")]
