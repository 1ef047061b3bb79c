"""Rows of the organization that no partition of the target would take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from relocate.partitions import find_missing_partitions
from tests.prepared_moves import DE, US, PreparedMove, make_silos, name_region, prepared_move

SILOS = '[organization]\ntable = "org"\nslug = "slug"\n'
BASE = "CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL); INSERT INTO org VALUES (1, 'acme'), (2, 'other');"
FIRST = 1 << 36  # of us
BY_TIME = "CREATE TABLE event (id bigint, org_id bigint REFERENCES org, at timestamptz NOT NULL) PARTITION BY RANGE (at);"
ALL = "CREATE TABLE event_all PARTITION OF event DEFAULT;"


@pytest.fixture
def moving(make_database: Callable[..., str]):
    """A move of organization 1: ``table`` in both regions, with these partitions in the target and these rows at the source."""

    @contextmanager
    def make(table: str, partitions: str, rows: str, *, at_source: str = ALL) -> Iterator[PreparedMove]:
        us, de = make_database(BASE + table + at_source + rows), make_database(BASE + "DELETE FROM org WHERE id = 1;" + table + partitions)
        name_region(us, "us", US)
        name_region(de, "de", DE)
        with prepared_move(make_silos(SILOS, us, de)) as prepared:
            yield prepared

    return make


def missing(prepared: PreparedMove) -> list[str]:
    problems = list(find_missing_partitions(prepared.move, prepared.reading, prepared.source, prepared.target))
    assert all(problem.code == "partition" and problem.object == "event" and problem.remedy for problem in problems)
    assert prepared.source.execute("SELECT 1").fetchone() == (1,)  # the snapshot is open
    return [problem.found for problem in problems]


def month(number: int) -> str:
    low, high = f"2024-{number:02}-01", f"2024-{number + 1:02}-01"
    return f"CREATE TABLE event_{number} PARTITION OF event FOR VALUES FROM ('{low}') TO ('{high}');"


def event(id_: int, at: str, org: int = 1) -> str:
    return f"INSERT INTO event VALUES ({id_}, {org}, '{at}');"


def test_rows_outside_of_all_ranges_are_counted_with_their_extremes(moving):
    rows = event(1, "2024-02-10") + event(2, "2023-12-31") + event(3, "2024-04-01") + event(4, "2020-01-01", org=2)
    with moving(BY_TIME, month(1) + month(2) + month(3), rows) as prepared:
        assert missing(prepared) == ["2 rows of the organization have no partition: at 2023-12-31 00:00:00+00 to 2024-04-01 00:00:00+00"]


def test_a_gap_between_ranges_is_found(moving):
    with moving(BY_TIME, month(1) + month(3), event(1, "2024-02-10") + event(2, "2024-03-01")) as prepared:
        assert missing(prepared) == ["1 row of the organization has no partition: at 2024-02-10 00:00:00+00"]


def test_ranges_that_touch_take_everything_between_them(moving):
    with moving(BY_TIME, month(1) + month(3) + month(2), event(1, "2024-02-10") + event(2, "2024-01-31 23:59:59.999")) as prepared:
        assert missing(prepared) == []


@pytest.mark.parametrize("partitions", [ALL, month(1) + ALL])
def test_a_default_partition_takes_the_rest(moving, partitions: str):
    with moving(BY_TIME, partitions, event(1, "1999-01-01")) as prepared:
        assert missing(prepared) == []


def test_no_partition_at_all(moving):
    with moving(BY_TIME, "", event(1, "2024-01-05")) as prepared:
        assert missing(prepared) == ["1 row of the organization has no partition: at 2024-01-05 00:00:00+00"]


def test_open_ends(moving):
    partitions = """CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
        CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM ('2024-02-01') TO (MAXVALUE);"""
    with moving(BY_TIME, partitions, event(1, "1999-01-01") + event(2, "2999-01-01") + event(3, "2024-01-01")) as prepared:
        assert missing(prepared) == ["1 row of the organization has no partition: at 2024-01-01 00:00:00+00"]


def test_the_ids_are_those_of_the_target(moving):
    """A partition for the local ids is of no use where they come as distributed ones."""
    table = "CREATE TABLE event (id bigint PRIMARY KEY, org_id bigint REFERENCES org) PARTITION BY RANGE (id);"
    partitions = "CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (1000);"
    wide = f"CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM ({FIRST}) TO ({FIRST + 3});"
    rows = "INSERT INTO event VALUES (1, 1), (2, 1), (3, 1), (4, 1);"
    with moving(table, partitions, rows) as prepared:
        assert missing(prepared) == [f"4 rows of the organization have no partition: id {FIRST + 1} to {FIRST + 4}"]
    with moving(table, partitions + wide, rows) as prepared:
        assert missing(prepared) == [f"2 rows of the organization have no partition: id {FIRST + 3} to {FIRST + 4}"]


def test_values_of_a_list(moving):
    table = "CREATE TABLE event (id bigint, org_id bigint REFERENCES org, kind text) PARTITION BY LIST (kind);"
    partitions = (
        "CREATE TABLE event_1 PARTITION OF event FOR VALUES IN ('a', 'b'); CREATE TABLE event_2 PARTITION OF event FOR VALUES IN ('c{}%s');"
    )
    rows = "INSERT INTO event VALUES (1, 1, 'a'), (2, 1, 'c{}%s'), (3, 1, 'x'), (4, 1, 'x'), (5, 1, NULL);"
    with moving(table, partitions, rows) as prepared:
        (told,) = missing(prepared)
    assert told in [f"3 rows of the organization have no partition: (kind) = {values}" for values in ("(x), ()", "(), (x)")]
    with moving(table, partitions + "CREATE TABLE event_3 PARTITION OF event FOR VALUES IN (NULL, 'x');", rows) as prepared:
        assert missing(prepared) == []


def test_partitions_of_partitions(moving):
    table = "CREATE TABLE event (id bigint, org_id bigint REFERENCES org, kind text, at date NOT NULL) PARTITION BY LIST (kind);"
    partitions = """CREATE TABLE event_a PARTITION OF event FOR VALUES IN ('a') PARTITION BY RANGE (at);
        CREATE TABLE event_a1 PARTITION OF event_a FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
        CREATE TABLE event_b PARTITION OF event FOR VALUES IN ('b') PARTITION BY HASH (id);
        CREATE TABLE event_b0 PARTITION OF event_b FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE event_b1 PARTITION OF event_b FOR VALUES WITH (MODULUS 4, REMAINDER 1);
        CREATE TABLE event_b3 PARTITION OF event_b FOR VALUES WITH (MODULUS 4, REMAINDER 3);"""
    rows = "INSERT INTO event VALUES (1, 1, 'a', '2024-01-05'), (2, 1, 'a', '2024-02-05'), (3, 1, 'b', '1999-01-01');"
    with moving(table, partitions, rows) as prepared:
        assert missing(prepared) == ["1 row of the organization has no partition: (kind) = (a)"]


def test_a_missing_remainder_is_told_without_a_look_at_rows(moving):
    table = "CREATE TABLE event (id bigint, org_id bigint REFERENCES org) PARTITION BY HASH (id);"
    whole = "CREATE TABLE event_{0} PARTITION OF event FOR VALUES WITH (MODULUS 2, REMAINDER {0});"
    at_source = whole.format(0) + whole.format(1)
    with moving(table, whole.format(0), "", at_source=at_source) as prepared:
        assert missing(prepared) == ["a hash partition of it is missing, so some rows have none"]
    with moving(table, at_source, "INSERT INTO event VALUES (1, 1);", at_source=at_source) as prepared:
        assert missing(prepared) == []


def test_an_expression_as_the_partition_key(moving):
    table = (
        "CREATE TABLE event (id bigint, org_id bigint REFERENCES org, at timestamp NOT NULL) PARTITION BY RANGE (date_trunc('day', at));"
    )
    partitions = "CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');"
    with moving(table, partitions, event(1, "2024-01-31 23:00") + event(2, "2024-02-01")) as prepared:
        (told,) = missing(prepared)
    assert told.startswith("1 row of the organization has no partition")


def test_several_columns_as_the_partition_key(moving):
    table = 'CREATE TABLE event (id bigint, org_id bigint REFERENCES org, "Y" int NOT NULL, m int NOT NULL) PARTITION BY RANGE ("Y", m);'
    partitions = "CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (2024, 6) TO (2025, MINVALUE);"
    rows = "INSERT INTO event VALUES (1, 1, 2024, 5), (2, 1, 2024, 6), (3, 1, 2024, 12), (4, 1, 2025, 1);"
    with moving(table, partitions, rows) as prepared:
        (told,) = missing(prepared)
    assert sorted(told.removeprefix("2 rows of the organization have no partition: (Y, m) = ").split("), (")) == ["(2024,5", "2025,1)"]


def test_a_table_that_is_partitioned_in_the_target_alone(moving, make_database: Callable[..., str]):
    table = "CREATE TABLE event (id bigint, org_id bigint REFERENCES org, at timestamptz NOT NULL);"
    us = make_database(BASE + table + event(1, "2024-01-05") + event(2, "2023-01-05"))
    de = make_database(BASE + "DELETE FROM org WHERE id = 1;" + BY_TIME + month(1))
    name_region(us, "us", US)
    name_region(de, "de", DE)
    with prepared_move(make_silos(SILOS, us, de)) as prepared:
        assert missing(prepared) == ["1 row of the organization has no partition: at 2023-01-05 00:00:00+00"]


def test_a_bound_that_the_source_cannot_evaluate_is_left_to_the_loading(moving):
    table = """CREATE TYPE mood AS ENUM ('sad');
        CREATE TABLE event (id bigint, org_id bigint REFERENCES org, mood mood) PARTITION BY LIST (mood);"""
    partitions = "ALTER TYPE mood ADD VALUE 'new'; CREATE TABLE event_1 PARTITION OF event FOR VALUES IN ('new');"
    with moving(table, partitions, "INSERT INTO event VALUES (1, 1, 'sad');") as prepared:
        assert missing(prepared) == []


def test_a_thousand_partitions_cost_no_more_than_one(moving):
    table = "CREATE TABLE event (id bigint, org_id bigint REFERENCES org, at int NOT NULL) PARTITION BY RANGE (at);"
    partitions = """SELECT format('CREATE TABLE event_%s PARTITION OF event FOR VALUES FROM (%s) TO (%s)', n, n * 10, n * 10 + 10)
        FROM generate_series(0, 999) AS n \\gexec\n"""
    rows = "INSERT INTO event SELECT n, 1, n FROM generate_series(0, 10000) AS n;"
    with moving(table, partitions, rows) as prepared:
        assert missing(prepared) == ["1 row of the organization has no partition: at 10000"]
