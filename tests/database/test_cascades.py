"""The clean-up worker over control and two regions: what goes, what stays, and what waits."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files

import psycopg
import pytest

from splitter import cleanup, sites
from splitter.addresses import Address
from splitter.brakes import Brakes
from splitter.cascade_status import read_cascades_status
from splitter.cascades import RunOptions
from splitter.errors import Unreachable
from tests.split_databases import NOW, Split

SCRIPT = """
CREATE TABLE org (id bigint PRIMARY KEY, name text);
CREATE TABLE account (id int PRIMARY KEY, email text UNIQUE);
CREATE TABLE member (id int PRIMARY KEY, account_id int REFERENCES account ON DELETE CASCADE);
CREATE TABLE note (id int PRIMARY KEY, author int DEFAULT 1 REFERENCES account ON DELETE SET DEFAULT,
    reader int NOT NULL REFERENCES account ON DELETE SET NULL, email text REFERENCES account (email) ON UPDATE CASCADE ON DELETE SET NULL);
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint, member_id int REFERENCES member ON DELETE CASCADE);
CREATE TABLE invoice (id int PRIMARY KEY, project_id bigint REFERENCES project ON DELETE CASCADE);
"""
CONTROL = ("account", "invoice", "org")
LATER = RunOptions(grace=3600)


@pytest.fixture
def split(make_database) -> Split:
    made = Split(make_database, SCRIPT, CONTROL, ("us", "de"))
    for name in made.urls:
        accounts = "INSERT INTO account SELECT g, 'a' || g FROM generate_series(1, 9) AS g"
        made.do(name, accounts if name == "control" else "INSERT INTO member SELECT g, g FROM generate_series(1, 9) AS g")
    return made


def test_a_delete_in_control_reaches_every_region(split):
    split.do("control", "DELETE FROM account WHERE id IN (1, 2)")
    done = split.clean()
    assert (done.rows, done.swept, done.done) == (4, 2, 2)
    assert [split.values(name, "SELECT min(id) FROM member") for name in ("us", "de")] == [[3], [3]]
    assert split.clean().swept == 0


def test_a_child_that_is_a_parent_writes_its_own_tombstones(split):
    split.do("us", "INSERT INTO project VALUES (70, 7, 2), (71, 7, 3)")
    split.do("control", "INSERT INTO invoice VALUES (700, 70), (701, 71)", "DELETE FROM account WHERE id = 2")
    split.clean()
    assert split.values("us", "SELECT id FROM project") == [71]
    assert split.values("control", "SELECT id FROM invoice") == [701]


def test_a_delete_in_a_region_reaches_control_and_no_other_region(split):
    for name in ("us", "de"):
        split.do(name, "INSERT INTO project VALUES (70, 7)")
    split.do("control", "INSERT INTO invoice VALUES (700, 70)")
    split.do("us", "DELETE FROM project")
    split.clean()
    assert split.values("control", "SELECT id FROM invoice") == []
    assert split.values("de", "SELECT id FROM project") == [70]


def test_late_children_go_with_the_second_sweep(split):
    split.do("control", "DELETE FROM account WHERE id = 1")
    assert split.clean(LATER).done == 0
    split.do("us", "INSERT INTO member VALUES (100, 1)")
    assert split.clean(LATER).rows == 0
    split.grace_is_over("control")
    assert split.clean(LATER).rows == 1
    assert split.tombstones("control") == [("account", True, False)]  # where there was one, there may be more
    split.grace_is_over("control")
    assert split.clean(LATER).done == 1
    assert split.tombstones("control") == [("account", True, True)]
    assert split.values("us", "SELECT count(*) FROM member WHERE account_id = 1") == [0]


def test_a_parent_that_is_there_again_keeps_its_children(split):
    split.do("control", "DELETE FROM account WHERE id IN (1, 2)", "INSERT INTO account VALUES (1, 'again')")
    split.do("us", "INSERT INTO member VALUES (100, 1)")
    done = split.clean()
    assert split.values("us", "SELECT account_id FROM member WHERE account_id < 3 ORDER BY id") == [1, 1]
    assert done.returned == 1
    assert done.is_clean
    assert split.tombstones("control", "key ->> 'id', problem") == [("1", "the parent is there again: its children were left"), ("2", None)]


def test_a_parent_that_comes_back_while_a_batch_runs_keeps_its_new_child(split, monkeypatch):
    """It comes back, with a child, right after the snapshot of the batch was taken; its old child is older than that."""
    ask = cleanup._Run._leave_returned

    def come_back_first(run: cleanup._Run) -> None:
        if not split.values("control", "SELECT id FROM account WHERE id = 1"):
            split.do("control", "INSERT INTO account VALUES (1, 'again')")
            split.do("us", "INSERT INTO member VALUES (100, 1)")
        ask(run)

    split.do("control", "DELETE FROM account WHERE id = 1")
    monkeypatch.setattr(cleanup._Run, "_leave_returned", come_back_first)
    split.clean()
    assert split.values("us", "SELECT id FROM member WHERE account_id = 1 ORDER BY id") == [1, 100]


def test_a_new_child_is_left_even_if_its_parent_came_back_after_it_was_looked_for(split, monkeypatch):
    ask = cleanup._Run._leave_returned

    def come_back_afterwards(run: cleanup._Run) -> None:
        ask(run)
        if not split.values("control", "SELECT id FROM account WHERE id = 1"):
            split.do("control", "INSERT INTO account VALUES (1, 'again')")
            split.do("us", "INSERT INTO member VALUES (100, 1)")

    split.do("control", "DELETE FROM account WHERE id = 1")
    monkeypatch.setattr(cleanup._Run, "_leave_returned", come_back_afterwards)
    split.clean()
    assert split.values("us", "SELECT id FROM member WHERE account_id = 1") == [100]


MOVES = "CREATE SCHEMA IF NOT EXISTS orglift;" + (files("relocate") / "region_schema.sql").read_text()
ENTER = (
    "INSERT INTO orglift.moves (relocation, generation, organization, role, mover)"
    " VALUES ('00000000-0000-0000-0000-000000000001', 1, '42', 'source', 'x')"
)
LEAVE = "UPDATE orglift.moves SET finished_at = now()"


def test_a_region_with_a_move_in_it_is_left_alone_and_waited_for(split):
    split.do("us", MOVES, ENTER)
    split.do("control", "DELETE FROM account WHERE id = 1")
    done = split.clean()
    assert done.held == ("us",)
    assert not done.is_clean
    assert split.tombstones("control") == [("account", False, False)]
    assert [split.values(name, "SELECT count(*) FROM member") for name in ("us", "de")] == [[9], [8]]
    split.do("us", LEAVE)
    assert split.clean().done == 1
    assert split.values("us", "SELECT count(*) FROM member") == [8]


def test_a_move_that_begins_while_a_batch_runs_is_seen(split, monkeypatch):
    split.do("us", MOVES)
    split.do("control", "DELETE FROM account WHERE id = 1")
    wait = cleanup.Cleaner.wait_for_locks

    def enter_first(cleaner: cleanup.Cleaner, milliseconds: int) -> None:
        if not split.values("us", "SELECT 1 FROM orglift.moves"):
            split.do("us", ENTER)
        wait(cleaner, milliseconds)

    monkeypatch.setattr(cleanup.Cleaner, "wait_for_locks", enter_first)
    assert split.clean().held == ("us",)
    assert split.values("us", "SELECT count(*) FROM member") == [9]


def test_what_a_move_carried_into_a_region_that_was_swept_goes_before_the_tombstone_is_done(split):
    """The organization is in ``us``; ``de`` is swept first, then the rows arrive there with a snapshot from before."""
    split.do("us", MOVES, ENTER)
    split.do("de", MOVES)
    split.do("control", "DELETE FROM account WHERE id = 1")
    split.clean(LATER)
    split.do("de", ENTER)
    split.do("de", "SELECT set_config('orglift.moving', 'on', true)", "INSERT INTO member VALUES (100, 1)")
    split.do("us", "SELECT set_config('orglift.moving', 'on', true)", "DELETE FROM member WHERE id = 1", LEAVE)
    split.clean(LATER)
    assert split.tombstones("control") == [("account", True, False)]  # each was swept once: de too early
    split.grace_is_over("control")
    split.clean(LATER)
    assert split.tombstones("control") == [("account", True, False)]  # the move is still in de
    split.do("de", LEAVE)
    split.grace_is_over("control")
    split.clean(LATER)
    split.grace_is_over("control")
    assert split.clean(LATER).done == 1
    assert split.values("de", "SELECT count(*) FROM member WHERE account_id = 1") == [0]


RELOCATION = "00000000-0000-0000-0000-000000000001"


@pytest.mark.parametrize(
    ("phase", "held"),
    [
        ("planned", {"us", "de"}),
        ("loading", {"us", "de"}),
        ("differs", {"us", "de"}),
        ("switched", {"us"}),
        ("purging", {"us"}),
        ("purged", set()),
    ],
)
def test_control_knows_which_region_must_stay_as_it_is(split, phase, held):
    """The target has a record of the move until the purge; from the switch on it is the organization's home, and is cleaned up."""
    split.do("control", "CREATE SCHEMA IF NOT EXISTS orglift", (files("relocate") / "control_schema.sql").read_text())
    row = f"('{RELOCATION}', '42', '42', 'us', 'de', '{phase}')"
    split.do(
        "control", f"INSERT INTO orglift.relocations (id, organization_before, organization_after, source, target, phase) VALUES {row}"
    )
    if phase != "purged":
        split.do("de", MOVES, ENTER.replace("source", "target"))
    split.do("control", "DELETE FROM account WHERE id = 1")
    done = split.clean(LATER)
    assert set(done.held) == held
    assert {name for name in ("us", "de") if split.values(name, "SELECT count(*) FROM member") == [9]} == held
    addresses = [Address(name=name, setting=name, url=url) for name, url in split.urls.items()]
    assert {each.name for each in read_cascades_status(addresses) if each.moving} == held


def test_a_region_that_does_not_answer_is_waited_for(split):
    split.do("control", "DELETE FROM account WHERE id = 1")
    done = split.clean(without=["us"])
    assert done.missing == ("us",)
    assert split.tombstones("control", "swept_at, confirmed @> '{de}'") == [(None, True)]
    assert split.values("de", "SELECT count(*) FROM member") == [8]
    assert split.clean(without=["us"]).rows == 0
    assert split.clean().done == 1


def test_no_database_at_all_is_an_error(split):
    with pytest.raises(Unreachable, match="cannot connect"):
        split.clean(without=split.urls)


def test_a_default_needs_its_parent(split):
    split.do("us", "INSERT INTO note (id, author, reader) VALUES (1, 2, 5), (2, 3, 5)")
    split.do("control", "DELETE FROM account WHERE id = 2")
    assert split.clean().is_clean
    assert split.values("us", "SELECT author FROM note ORDER BY id") == [1, 3]
    split.do("control", "DELETE FROM account WHERE id = 1")
    done = split.clean()
    assert done.failed == 1
    assert "the default 1 is in no row of account" in split.warnings[0]
    assert split.values("us", "SELECT author FROM note ORDER BY id") == [1, 3]
    split.do("control", "INSERT INTO account VALUES (1, 'again')")
    split.may_try_again("control")
    assert split.clean().returned == 1


def test_what_fails_does_not_hold_up_the_others(split):
    """reader is NOT NULL: the foreign key, too, would have failed; but then nobody could have deleted the account."""
    split.do("us", "INSERT INTO note (id, author, reader) VALUES (1, 3, 5)")
    split.do("control", "DELETE FROM account WHERE id > 3")
    done = split.clean()
    assert done.failed == 1
    assert done.swept == 5
    assert split.values("us", "SELECT id FROM member ORDER BY id") == [1, 2, 3]
    waiting = split.tombstones("control", "key ->> 'id', attempts, not_before > now(), problem")
    assert [row[:3] for row in waiting if row[1]] == [("5", 1, True)]
    assert next(row[3] for row in waiting if row[1]).startswith("cleaning up note.reader -> account.id: null value in column")
    split.do("us", "DELETE FROM note")
    split.may_try_again("control")
    assert split.clean().swept == 1


def test_a_key_that_changed_is_followed(split):
    split.do("us", "INSERT INTO note (id, author, reader, email) VALUES (1, 3, 5, 'a3')")
    split.do("control", "UPDATE account SET email = 'new' WHERE id = 3", "UPDATE account SET email = 'newer' WHERE id = 3")
    split.clean()
    assert split.values("us", "SELECT email FROM note") == ["newer"]


def test_keys_that_are_handed_on_in_one_transaction_are_followed_in_their_order(split):
    split.do("us", "INSERT INTO note (id, author, reader, email) SELECT g, 3, 5, 'a' || g FROM generate_series(1, 4) AS g")
    split.do("control", *(f"UPDATE account SET email = 'a{number + 1}' WHERE id = {number}" for number in (9, 8, 7, 6, 5, 4, 3, 2, 1)))
    split.clean()
    assert split.values("us", "SELECT email FROM note ORDER BY id") == ["a2", "a3", "a4", "a5"]


def test_a_key_that_somebody_else_took_over_is_left(split):
    split.do("us", "INSERT INTO note (id, author, reader, email) VALUES (1, 3, 5, 'a3')")
    split.do("control", "UPDATE account SET email = 'gone' WHERE id = 3")
    split.do("control", "UPDATE account SET email = 'a3' WHERE id = 4")
    assert split.clean().returned == 1
    assert split.values("us", "SELECT email FROM note") == ["a3"]


def test_an_unknown_new_key_is_told(split):
    split.do(
        "control", "INSERT INTO orglift.tombstones (parent, action, key, lane) VALUES ('account', 'update', '{\"email\": \"a3\"}', 'x')"
    )
    assert split.clean().is_clean
    assert split.tombstones("control", "problem") == [("the new key of the parent is not known: its children were left",)]


def test_rows_that_are_locked_are_gone_around_and_then_waited_for(split, monkeypatch):
    monkeypatch.setattr(cleanup, "LAST_LOCK_MS", 100)
    split.do("us", "INSERT INTO member SELECT g, 1 FROM generate_series(101, 150) AS g")
    split.do("control", "DELETE FROM account WHERE id = 1")
    with psycopg.connect(split.urls["us"]) as holder:
        holder.execute("SELECT FROM member WHERE id = 120 FOR UPDATE")
        assert split.clean().failed == 1
        assert split.values("us", "SELECT id FROM member WHERE account_id = 1") == [120]
    split.may_try_again("control")
    assert split.clean().done == 1
    assert split.values("us", "SELECT id FROM member WHERE account_id = 1") == []


def test_one_organization_does_not_hold_up_another(split):
    split.do("us", "INSERT INTO project SELECT g, 7 FROM generate_series(1, 50) AS g", "INSERT INTO project VALUES (1000, 8)")
    split.do(
        "control", "INSERT INTO invoice SELECT g, 1 + g % 50 FROM generate_series(1, 2000) AS g", "INSERT INTO invoice VALUES (0, 1000)"
    )
    split.do("us", "DELETE FROM project WHERE org_id = 7")
    split.do("us", "DELETE FROM project WHERE org_id = 8")
    split.clean(replace(LATER, batch=20, slice=0.0))  # a batch a turn, however fast the machine is
    lanes = split.do("us", "SELECT lane, max(swept_at) FROM orglift.tombstones GROUP BY lane ORDER BY max(swept_at)")
    assert [lane for lane, _ in lanes] == ["organization 8", "organization 7"]
    assert split.values("control", "SELECT count(*) FROM invoice") == [0]


@pytest.mark.parametrize("partitioned", [False, True])
def test_many_children_go_in_batches(make_database, partitioned):
    by = "PARTITION BY HASH (id)" if partitioned else ""
    parts = "CREATE TABLE c0 PARTITION OF c FOR VALUES WITH (MODULUS 2, REMAINDER 0);" * partitioned
    parts += "CREATE TABLE c1 PARTITION OF c FOR VALUES WITH (MODULUS 2, REMAINDER 1);" * partitioned
    script = f"""CREATE TABLE account (id int PRIMARY KEY); INSERT INTO account VALUES (1), (2);
    CREATE TABLE c (id int PRIMARY KEY, a int REFERENCES account ON DELETE CASCADE) {by}; {parts}
    INSERT INTO c SELECT g, 1 + g % 2 FROM generate_series(1, 20000) AS g; CREATE INDEX ON c (a)"""
    split = Split(make_database, script, ("account",), ("us",))
    split.do("us", "TRUNCATE account", "TRUNCATE orglift.tombstones")
    split.do("control", "DELETE FROM account WHERE id = 1")
    done = split.clean(replace(NOW, batch=300))
    assert done.rows == 10000
    assert split.values("us", "SELECT DISTINCT a FROM c") == [2]


def test_the_triggers_of_the_children_fire_and_find_their_tables(split):
    function = """CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO said SELECT OLD.id; RETURN OLD; END'"""
    split.do("us", "CREATE TABLE said (id int)", function)
    split.do("us", "CREATE TRIGGER told BEFORE DELETE ON member FOR EACH ROW EXECUTE FUNCTION told()")
    split.do("control", "DELETE FROM account WHERE id = 4")
    assert split.clean().is_clean
    assert split.values("us", "SELECT id FROM said") == [4]


def test_a_child_in_another_partition_after_set_null(make_database):
    script = """CREATE TABLE account (id int PRIMARY KEY); INSERT INTO account VALUES (1), (2);
    CREATE TABLE c (id int, a int REFERENCES account ON DELETE SET NULL) PARTITION BY LIST (a);
    CREATE TABLE c1 PARTITION OF c FOR VALUES IN (1); CREATE TABLE c_rest PARTITION OF c DEFAULT;
    INSERT INTO c VALUES (1, 1), (2, 2), (3, 1)"""
    split = Split(make_database, script, ("account",), ("us",))
    split.do("control", "DELETE FROM account WHERE id = 1")
    assert split.clean().is_clean
    assert split.do("us", "SELECT tableoid::regclass::text, id, a FROM c ORDER BY id") == [
        ("c_rest", 1, None),
        ("c_rest", 2, 2),
        ("c_rest", 3, None),
    ]


def test_a_key_that_no_child_could_hold_has_no_children(make_database):
    script = """CREATE TABLE account (id numeric PRIMARY KEY); INSERT INTO account VALUES (1.50), (40000), (2.0), (1e30), ('NaN');
    CREATE TABLE c (id int PRIMARY KEY, a smallint REFERENCES account ON DELETE CASCADE); INSERT INTO c VALUES (1, 2)"""
    split = Split(make_database, script, ("account",), ("us",))
    split.do("control", "DELETE FROM account")
    assert split.clean().is_clean
    assert split.values("us", "SELECT id FROM c") == []


def test_a_table_that_a_region_lacks_stops_only_its_own_tombstones(split):
    split.do("us", "ALTER TABLE member RENAME TO renamed")
    split.do("control", "DELETE FROM account WHERE id = 1")
    done = split.clean()
    assert done.failed == 1
    assert split.warnings[0].startswith("account id 1, email a1: there is no member in database")
    split.do("us", "ALTER TABLE renamed RENAME TO member")
    split.may_try_again("control")
    assert split.clean().done == 1


def test_a_policy_hides_no_child(split, server):
    server.execute("DROP ROLE IF EXISTS cascade_worker")
    server.execute("CREATE ROLE cascade_worker LOGIN")
    split.do("us", "GRANT ALL ON ALL TABLES IN SCHEMA public, orglift TO cascade_worker", "GRANT USAGE ON SCHEMA orglift TO cascade_worker")
    split.do("us", "ALTER TABLE member ENABLE ROW LEVEL SECURITY")
    split.do("control", "DELETE FROM account WHERE id = 1")
    owner, split.urls["us"] = split.urls["us"], psycopg.conninfo.make_conninfo(split.urls["us"], user="cascade_worker")
    assert split.clean().failed == 1
    assert "row-level security policy" in split.warnings[0]
    split.urls["us"] = owner
    split.do("us", "DROP OWNED BY cascade_worker")
    server.execute("DROP ROLE cascade_worker")


def test_a_worker_needs_no_more_rights_than_the_runbook_grants(split, server):
    server.execute("DROP ROLE IF EXISTS cleaner")
    server.execute("CREATE ROLE cleaner LOGIN")
    owner = dict(split.urls)
    for name in owner:
        split.do(name, MOVES, "GRANT USAGE ON SCHEMA orglift, public TO cleaner", "GRANT SELECT ON orglift.cascades TO cleaner")
        split.do(name, "GRANT SELECT, UPDATE, TRUNCATE ON ALL TABLES IN SCHEMA orglift TO cleaner", "GRANT SELECT ON account TO cleaner")
        split.do(name, "GRANT SELECT, UPDATE, DELETE ON member, note TO cleaner")
    split.do("control", "DELETE FROM account WHERE id = 1")
    split.do("control", "UPDATE orglift.tombstones SET slot = (slot + 1) % 8")  # as if it were yesterday's
    split.urls = {name: psycopg.conninfo.make_conninfo(url, user="cleaner") for name, url in owner.items()}
    done = split.clean()
    split.urls = owner
    assert (done.is_clean, done.done, done.slots) == (True, 1, 1)
    for name in owner:
        split.do(name, "DROP OWNED BY cleaner")
    server.execute("DROP ROLE cleaner")


def test_done_slots_are_emptied_and_no_other(split):
    """In today's slot, and where something waits, everything stays."""
    insert = "INSERT INTO orglift.tombstones (slot, parent, action, key, lane, swept_at, due_at, done_at)"
    today = split.values("control", "SELECT floor(extract(epoch FROM now()) / 86400)::bigint % 8")[0]
    done, waiting, due = ((today + days) % 8 for days in (1, 2, 3))
    for slot, values in ((today, "now(), NULL, now()"), (done, "now(), NULL, now()"), (waiting, "now(), NULL, now()")):
        split.do("control", f"{insert} VALUES ({slot}, 'account', 'delete', '{{\"id\": \"99\"}}', 'x', {values})")
    split.do("control", f"{insert} VALUES ({due}, 'account', 'delete', '{{\"id\": \"99\"}}', 'x', now(), now() + interval '1 day', NULL)")
    split.do("us", "ALTER TABLE member RENAME TO renamed")
    split.do("control", f"{insert} VALUES ({waiting}, 'account', 'delete', '{{\"id\": \"99\"}}', 'x', NULL, NULL, NULL)")
    assert split.clean(LATER).slots == 1
    assert sorted({row[0] for row in split.tombstones("control", "slot")}) == sorted({today, waiting, due})


def test_what_fails_for_days_does_not_keep_a_slot(split):
    today = split.values("control", "SELECT floor(extract(epoch FROM now()) / 86400)::bigint % 8")[0]
    split.do("us", "INSERT INTO note (id, author, reader) VALUES (1, 3, 5)")
    split.do("control", "DELETE FROM account WHERE id IN (4, 5)")
    split.do("control", f"UPDATE orglift.tombstones SET slot = {(today + 5) % 8}, at = now() - interval '3 days'")
    done = split.clean()
    assert (done.failed, done.slots) == (1, 1)
    assert split.tombstones("control", "slot, key ->> 'id', attempts, at < now() - interval '2 days'") == [(today, "5", 1, True)]
    split.do("us", "DELETE FROM note")
    split.may_try_again("control")
    assert split.clean().done == 1


def test_a_connection_that_breaks_is_made_anew_and_nothing_is_lost(split, monkeypatch):
    """Of the region, in the middle of a batch; the others go on."""
    ask = cleanup._Run._leave_returned
    broken: list[bool] = []

    def break_once(run: cleanup._Run) -> None:
        if not broken and run.cleaner.conn.info.dbname in split.urls["us"]:
            broken.append(True)
            split.do("us", f"SELECT pg_terminate_backend({run.cleaner.conn.info.backend_pid})")
        ask(run)

    monkeypatch.setattr(cleanup._Run, "_leave_returned", break_once)
    monkeypatch.setattr(sites, "AGAIN_SECONDS", 0.0)
    split.do("control", "DELETE FROM account WHERE id = 1")
    done = split.clean()
    assert (done.done, done.missing, broken) == (1, (), [True])
    assert [split.values(name, "SELECT count(*) FROM member") for name in ("us", "de")] == [[8], [8]]


def test_a_slot_that_is_in_use_is_left_for_another_time(split):
    today = split.values("control", "SELECT floor(extract(epoch FROM now()) / 86400)::bigint % 8")[0]
    slot = (today + 1) % 8
    row = f"INSERT INTO orglift.tombstones (slot, parent, action, key, lane) VALUES ({slot}, 'nobody', 'delete', '{{}}', 'x')"
    split.do("control", row)
    with psycopg.connect(split.urls["control"]) as other:
        other.execute(row.encode())
        assert split.clean().slots == 0
    assert split.clean().slots == 1


def test_the_brakes_slow_down_and_change_nothing(split):
    split.do("us", "INSERT INTO member SELECT g, 1 FROM generate_series(101, 150) AS g")
    split.do("control", "DELETE FROM account WHERE id = 1")
    brakes = Brakes(max_rate=1000, pause=0.001, max_lag=1_000_000)
    assert split.clean(replace(NOW, batch=10, brakes=brakes)).rows == 52


def test_two_names_of_one_database_are_one(split):
    split.urls["de"] = split.urls["us"]
    split.do("control", "DELETE FROM account WHERE id = 1")
    assert split.clean().rows == 1
    assert split.tombstones("control") == [("account", True, True)]
