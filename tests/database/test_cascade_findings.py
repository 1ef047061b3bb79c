"""What `splitter check` may say of keys that were broken: what waits too long, what nobody writes down, whose parent is gone."""

from __future__ import annotations

import pytest

from splitter.cascade import Cascade, ChildAction
from splitter.cascade_findings import Backlog, find_backlogs, find_late_orphans, find_missing_triggers
from splitter.cascade_status import read_backlog
from splitter.catalog import read_schema
from splitter.db import connect
from splitter.late_orphans import Side, read_late_orphans
from splitter.registry import read_cascades
from splitter.schema import TableName
from tests.broken_keys import break_keys
from tests.split_databases import Split

SCRIPT = """
CREATE TABLE account (id int, r int, PRIMARY KEY (id, r)) PARTITION BY LIST (r);
CREATE TABLE account_1 PARTITION OF account FOR VALUES IN (1);
CREATE TABLE child (id int PRIMARY KEY, a int, r int, FOREIGN KEY (a, r) REFERENCES account ON DELETE CASCADE);
INSERT INTO account SELECT g, 1 FROM generate_series(1, 9) AS g;
"""


@pytest.fixture
def split(make_database) -> Split:
    return Split(make_database, SCRIPT, ("account",), ("us",))


def missing(url: str) -> list[tuple[str, str]]:
    with connect(url, setting="url") as conn:
        return [(each.object, each.found) for each in find_missing_triggers("control", read_schema(conn), read_cascades(conn))]


def test_nothing_is_missing_after_a_plan(split):
    assert missing(split.urls["control"]) == []


def test_a_partition_that_was_attached_later_is_told(split):
    split.do("control", "CREATE TABLE account_2 PARTITION OF account FOR VALUES IN (2)")
    (found,) = missing(split.urls["control"])
    assert found[0] == "control: account_2"
    assert found[1].startswith("lacks orglift_deleted, orglift_truncated, orglift_updated: the children of rows of account")


@pytest.mark.parametrize("change", ["DISABLE TRIGGER orglift_deleted", "ENABLE REPLICA TRIGGER orglift_deleted"])
def test_a_trigger_that_does_not_fire_is_told(split, change):
    split.do("control", f"ALTER TABLE account_1 {change}")
    assert [found[1].split(":")[0] for found in missing(split.urls["control"])] == ["lacks orglift_deleted"]


def test_a_registry_that_is_a_copy_of_another_database_misses_nothing(split):
    split.do("us", "DROP TABLE account")
    assert missing(split.urls["us"]) == []


def backlog(**more: object) -> Backlog:
    return Backlog(**{"database": "control", "parent": "account", "waiting": 5, "oldest": 10.0} | more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (backlog(), None),
        (backlog(waiting=100_001), "100,001 deleted or re-keyed rows wait"),
        (backlog(oldest=3601.0), "the oldest for 3,601 s"),
        (backlog(failing=2, problem="no default"), "2 failed: no default"),
    ],
)
def test_a_backlog_is_told_where_it_is_deep_or_old_or_fails(given, told):
    found = [problem.found for problem in find_backlogs([given])]
    assert len(found) == (told is not None)
    assert all(told in each for each in found)


def test_the_backlog_of_a_database_is_read(split):
    split.do("control", "DELETE FROM account WHERE id < 4")
    with connect(split.urls["control"], setting="url") as conn:
        (found,) = read_backlog(conn, "control").backlogs()
    assert (found.database, found.parent, found.waiting, found.failing) == ("control", "account", 3, 0)
    assert found.oldest >= 0


def orphans(split: Split, cascade: Cascade | None = None, seconds: float = 60) -> list[tuple[str, str]]:
    with connect(split.urls["us"], setting="us") as us, connect(split.urls["control"], setting="control") as control:
        chosen = cascade or read_cascades(control)[0]
        found = read_late_orphans(chosen, Side(name="us", conn=us), Side(name="control", conn=control), seconds=seconds)
    return [(each.object, each.found) for each in find_late_orphans([found])]


def test_an_orphan_that_came_after_the_clean_up_is_told(split):
    split.do("us", "INSERT INTO child VALUES (1, 3, 1), (2, 77, 1), (3, 77, 1), (4, NULL, 5), (5, 3, 2), (6, 70000, 1)")
    ((place, told),) = orphans(split)
    assert place == "us: child.a, r -> account.id, r"
    assert told == "3 keys are in no row of account, and nothing waits for them: 3, 2, 77, 1, 70000, 1"


def test_a_child_that_the_clean_up_will_reach_is_no_orphan(split):
    split.do("us", "INSERT INTO child VALUES (1, 3, 1)")
    split.do("control", "DELETE FROM account WHERE id = 3")
    assert orphans(split) == []
    split.clean()
    split.do("us", "INSERT INTO child VALUES (2, 3, 1)")
    assert len(orphans(split)) == 1


@pytest.mark.parametrize("column", ["int", "text", "citext", "uuid", "date", "numeric"])
def test_every_key_is_looked_at_once_whatever_its_type(make_database, column):
    value = {"uuid": "lpad(g::text, 32, '0')::uuid", "date": "date '2020-01-01' + g"}.get(column, f"g::{column}")
    script = f"""CREATE EXTENSION citext; CREATE TABLE account (id {column} PRIMARY KEY);
    CREATE TABLE child (id int PRIMARY KEY, a {column} REFERENCES account);
    INSERT INTO account SELECT {value} FROM generate_series(1, 2500) AS g;
    INSERT INTO child SELECT g, {value.replace("g::", "(1 + g % 2500)::")} FROM generate_series(1, 2499) AS g"""
    split = Split(make_database, script, ("account",), ("us",))
    split.do("control", "SELECT set_config('orglift.moving', 'on', true)", "DELETE FROM account WHERE ctid > '(2,0)'")
    gone = 2500 - int(split.values("control", "SELECT count(*) FROM account")[0])
    ((_, told),) = orphans(split)
    unused = split.values("us", "SELECT count(*) FROM account WHERE ctid > '(2,0)' AND id NOT IN (SELECT a FROM child)")[0]
    assert told.startswith(f"{gone - unused:,} keys are in no row")


def test_where_the_time_is_over_the_finding_says_so(make_database):
    script = """CREATE TABLE account (id int PRIMARY KEY); CREATE TABLE child (id int PRIMARY KEY, a int, kind text);
    INSERT INTO child SELECT g, g, CASE WHEN g % 2 = 0 THEN 'account' ELSE 'other' END FROM generate_series(1, 5000) AS g"""
    split = Split(make_database, script, ("account",), ("us",))
    soft = Cascade(
        name="a [account]",
        child=TableName("public", "child"),
        columns=("a",),
        parent=TableName("public", "account"),
        parent_columns=("id",),
        on_delete=ChildAction.CASCADE,
        on_update=ChildAction.CASCADE,
        type_column="kind",
        type_value="account",
    )
    ((_, told),) = orphans(split, soft, seconds=0)
    assert told.startswith("1,000 keys among those that were looked at are in no row of account")
    assert orphans(split, soft)[0][1].startswith("2,500 keys are")


def test_a_polymorphic_reference_is_cleaned_up_where_the_row_says_so(make_database):
    """A soft one that silos.toml declares: the same registry, the same triggers."""
    script = """CREATE TABLE account (id int PRIMARY KEY); INSERT INTO account VALUES (1), (2);
    CREATE TYPE kind AS ENUM ('account', 'team');
    CREATE TABLE log (id int PRIMARY KEY, kind kind, target bigint);
    INSERT INTO log VALUES (1, 'account', 1), (2, 'team', 1), (3, 'account', 2)"""
    split = Split(make_database, script, ("account",), ("us",))
    soft = Cascade(
        name="target [account]",
        child=TableName("public", "log"),
        columns=("target",),
        parent=TableName("public", "account"),
        parent_columns=("id",),
        on_delete=ChildAction.CASCADE,
        on_update=ChildAction.NONE,
        type_column="kind",
        type_value="account",
    )
    with connect(split.urls["control"], setting="control") as conn:
        break_keys(conn, soft=[soft])
    split.do("control", "DELETE FROM account WHERE id = 1")
    assert split.clean().is_clean
    assert split.values("us", "SELECT id FROM log ORDER BY id") == [2, 3]
