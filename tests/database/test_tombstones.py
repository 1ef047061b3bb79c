"""Whoever loses a parent writes a tombstone, in the same transaction: each row once, on whatever way it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from splitter.cascade import Cascade, ChildAction
from splitter.catalog import read_schema
from splitter.db import Connection, connect
from splitter.registry import read_cascades
from splitter.schema import TableName
from splitter.tombstones import (
    render_outbox,
    render_registration,
    render_registration_precondition,
    render_registration_removal,
    render_registration_removal_precondition,
    render_triggers,
    render_triggers_precondition,
    render_triggers_removal,
    render_triggers_removal_precondition,
    trigger_tables,
)
from tests.servers import Server

PLAIN = "CREATE TABLE p (id int PRIMARY KEY, org int, slug text UNIQUE, note text)"
PARTITIONED = """
CREATE TABLE p (id int, r int, org int NOT NULL, PRIMARY KEY (id, r)) PARTITION BY RANGE (r);
CREATE TABLE p_low PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p_high PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY LIST (r);
CREATE TABLE p_ten PARTITION OF p_high FOR VALUES IN (10, 11);
CREATE TABLE p_rest (org int NOT NULL, gone int, r int NOT NULL, id int NOT NULL);
ALTER TABLE p_rest DROP COLUMN gone;
ALTER TABLE p_high ATTACH PARTITION p_rest DEFAULT;
INSERT INTO p SELECT g, g, g FROM generate_series(1, 19) AS g;
"""


def cascade(*columns: str, parent: TableName | str = "p", **more: Any) -> Cascade:
    """Of the child ``c`` to these columns of a parent, deleting and following."""
    table = parent if isinstance(parent, TableName) else TableName("public", parent)
    given: dict[str, Any] = {"on_delete": ChildAction.CASCADE, "on_update": ChildAction.CASCADE} | more
    name = f"{table}: {', '.join(columns)}"
    return Cascade(name=name, child=TableName("public", "c"), columns=columns, parent=table, parent_columns=columns, **given)


class Outbox:
    """A database with an outbox, and what its transactions wrote."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.conn: Connection = connect(url, setting="url")
        self.conn.execute(render_outbox())

    def watch(self, *cascades: Cascade) -> None:
        schema = read_schema(self.conn)
        for each in cascades:
            self.conn.execute(render_registration(each).encode())
        for parent in {each.parent for each in cascades}:
            mine = tuple(each for each in cascades if each.parent == parent)
            self.conn.execute(render_triggers(schema, parent, mine).encode())

    def after(self, *statements: str) -> list[tuple[Any, ...]]:
        """(action, key, new key, lane) of what these statements write, run by somebody else in one transaction."""
        self.conn.execute("TRUNCATE orglift.tombstones")
        with psycopg.connect(self.url) as conn:
            for statement in statements:
                conn.execute(statement.encode())
        query = "SELECT action, key, new_key, lane FROM orglift.tombstones ORDER BY id"
        return self.conn.execute(query).fetchall()

    def keys_after(self, *statements: str) -> list[Any]:
        return [row[1] for row in self.after(*statements)]


@pytest.fixture
def outbox(make_database: Callable[..., str]) -> Iterator[Callable[[str], Outbox]]:
    made: list[Outbox] = []

    def make(script: str) -> Outbox:
        made.append(Outbox(make_database(script)))
        return made[-1]

    yield make
    for each in made:
        each.conn.close()


def test_a_statement_writes_each_deleted_parent_once(outbox):
    box = outbox(PLAIN + "; INSERT INTO p VALUES (1, 7, 'a'), (2, NULL, 'b'), (3, 7, 'c')")
    box.watch(cascade("id", lane_column="org"))
    found = box.after("DELETE FROM p WHERE id < 3", "DELETE FROM p WHERE id = 4")
    assert [row[:3] for row in found] == [("delete", {"id": "1"}, None), ("delete", {"id": "2"}, None)]
    assert found[0][3] == "organization 7"
    assert found[1][3].startswith("transaction 0")


def test_a_rolled_back_delete_leaves_nothing(outbox):
    box = outbox(PLAIN + "; INSERT INTO p VALUES (1, 7)")
    box.watch(cascade("id"))
    assert box.after("DELETE FROM p", "ROLLBACK") == []


def test_all_keys_that_somebody_refers_to_are_written(outbox):
    box = outbox(PLAIN + "; INSERT INTO p VALUES (1, 7, 'a'), (2, 7, NULL)")
    box.watch(cascade("id"), cascade("org", "slug"))
    assert box.keys_after("DELETE FROM p") == [{"id": "1", "org": "7", "slug": "a"}, {"id": "2", "org": "7", "slug": None}]


def test_a_key_with_a_null_has_no_children(outbox):
    box = outbox(PLAIN + "; INSERT INTO p VALUES (1, 7, 'a'), (2, 7, NULL)")
    box.watch(cascade("slug"))
    assert box.keys_after("DELETE FROM p") == [{"slug": "a"}]


def test_an_update_is_written_where_the_key_changes(outbox):
    box = outbox(PLAIN + "; INSERT INTO p VALUES (1, 7, 'a'), (2, 7, 'b')")
    box.watch(cascade("id"))
    assert box.after("UPDATE p SET note = 'x', id = id") == []
    assert [row[:3] for row in box.after("UPDATE p SET id = 5 WHERE id = 1")] == [("update", {"id": "1"}, {"id": "5"})]


def test_a_trigger_of_the_application_may_change_the_key(outbox):
    box = outbox(
        PLAIN
        + """; INSERT INTO p VALUES (1, 7, 'a');
        CREATE FUNCTION lower_slug() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.slug := ''b''; RETURN NEW; END';
        CREATE TRIGGER change BEFORE UPDATE ON p FOR EACH ROW EXECUTE FUNCTION lower_slug()"""
    )
    box.watch(cascade("slug"))
    assert [row[:3] for row in box.after("UPDATE p SET note = 'x'")] == [("update", {"slug": "a"}, {"slug": "b"})]


@pytest.mark.parametrize("upper", ["UPDATE p SET slug = 'A'", "INSERT INTO p VALUES (1) ON CONFLICT (id) DO UPDATE SET slug = 'A'"])
def test_a_key_that_its_type_calls_equal_changed_all_the_same(outbox, upper):
    box = outbox("CREATE EXTENSION citext; CREATE TABLE p (id int PRIMARY KEY, slug citext UNIQUE); INSERT INTO p VALUES (1, 'a')")
    box.watch(cascade("slug"))
    assert [row[1:3] for row in box.after(upper)] == [({"slug": "a"}, {"slug": "A"})]


def test_truncate_writes_what_it_empties(outbox):
    box = outbox(PLAIN + "; INSERT INTO p VALUES (1, 7), (2, 8)")
    box.watch(cascade("id", lane_column="org"))
    found = box.after("TRUNCATE p")
    assert sorted((row[0], row[1]["id"], row[3]) for row in found) == [
        ("truncate", "1", "organization 7"),
        ("truncate", "2", "organization 8"),
    ]


@pytest.mark.parametrize(
    ("statement", "gone"),
    [
        ("DELETE FROM p WHERE r IN (1, 11, 15)", {1, 11, 15}),
        ("DELETE FROM p_low WHERE r = 2", {2}),
        ("DELETE FROM p_high WHERE r IN (10, 12)", {10, 12}),
        ("DELETE FROM p_ten WHERE r = 10", {10}),
        ("DELETE FROM p_rest WHERE r = 12", {12}),
        ("TRUNCATE p_ten", {10, 11}),
        ("TRUNCATE p_high", set(range(10, 20))),
        ("TRUNCATE p", set(range(1, 20))),
    ],
)
def test_each_row_of_a_partition_is_written_once_wherever_a_delete_is_addressed(outbox, statement, gone):
    box = outbox(PARTITIONED)
    box.watch(cascade("id", "r"))
    assert sorted((key["id"], key["r"]) for key in box.keys_after(statement)) == sorted((str(id), str(id)) for id in gone)


@pytest.mark.parametrize(
    ("statement", "pairs"),
    [
        ("UPDATE p SET r = r + 5 WHERE r IN (3, 8)", [((3, 3), (3, 8)), ((8, 8), (8, 13))]),  # the second one moves
        ("UPDATE p_high SET r = 11 WHERE r = 14", [((14, 14), (14, 11))]),
        ("UPDATE p_low SET id = 99 WHERE r = 4", [((4, 4), (99, 4))]),
        ("UPDATE p SET org = 99", []),
    ],
)
def test_a_key_that_changes_in_a_partitioned_table_is_written_once_also_where_the_row_moves(outbox, statement, pairs):
    box = outbox(PARTITIONED)
    box.watch(cascade("id", "r"))
    found = [tuple((int(key["id"]), int(key["r"])) for key in row[1:3]) for row in box.after(statement)]
    assert found == pairs


def test_where_a_trigger_takes_back_a_moving_row_no_new_key_is_made_up(outbox):
    box = outbox(
        PARTITIONED
        + """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER refuse BEFORE INSERT ON p_ten FOR EACH ROW EXECUTE FUNCTION refuse();"""
    )
    box.watch(cascade("id", "r"))
    assert box.after("UPDATE p SET r = r + 8 WHERE r IN (2, 5)")[0][:3] == ("update", {"id": "2", "r": "2"}, None)


def test_a_partition_that_came_later_is_watched_through_its_root_and_missed_otherwise(outbox):
    box = outbox(PARTITIONED)
    box.watch(cascade("id", "r"))
    schema, parent = read_schema(box.conn), TableName("public", "p")
    box.conn.execute("CREATE TABLE public.p_late PARTITION OF public.p FOR VALUES FROM (20) TO (30)")
    late = "INSERT INTO p VALUES (20, 20, 1), (21, 21, 1)"
    assert box.keys_after(late, "DELETE FROM p WHERE r = 20") == [{"id": "20", "r": "20"}]
    assert {"id": "21", "r": "21"} in box.keys_after("TRUNCATE p")
    missing = render_triggers_precondition(schema, parent, [cascade("id", "r")])
    assert box.conn.execute(missing.encode()).fetchone() == (True,)
    box.conn.execute(render_triggers(schema, parent, [cascade("id", "r")]).encode())
    assert box.conn.execute(missing.encode()).fetchone() == (False,)
    assert box.keys_after(late, "DELETE FROM p_late WHERE r = 20") == [{"id": "20", "r": "20"}]


def test_what_cascades_inside_the_database_is_written(outbox):
    box = outbox(
        """CREATE TABLE grandparent (id int PRIMARY KEY); INSERT INTO grandparent VALUES (1);
        CREATE TABLE p (id int PRIMARY KEY, g int REFERENCES grandparent ON DELETE CASCADE); INSERT INTO p VALUES (10, 1), (11, 1)"""
    )
    box.watch(cascade("id"))
    assert box.keys_after("DELETE FROM grandparent") == [{"id": "10"}, {"id": "11"}]


@pytest.mark.parametrize("statement", ["DELETE FROM p", "UPDATE p SET id = id + 100", "TRUNCATE p"])
@pytest.mark.parametrize("script", [PLAIN + "; INSERT INTO p VALUES (1, 7)", PARTITIONED])
def test_a_move_writes_nothing(outbox, script, statement):
    box = outbox(script)
    box.watch(cascade("id"))
    assert box.after("SELECT set_config('orglift.moving', 'on', true)", statement) == []


def test_after_a_move_the_same_session_writes_again(outbox):
    box = outbox(PLAIN + "; INSERT INTO p VALUES (1, 7)")
    box.watch(cascade("id"))
    assert box.keys_after("SELECT set_config('orglift.moving', 'on', true)", "COMMIT", "DELETE FROM p") == [{"id": "1"}]


def test_nothing_fires_where_the_foreign_key_would_not_have(outbox):
    box = outbox(PLAIN + "; INSERT INTO p VALUES (1, 7)")
    box.watch(cascade("id"))
    assert box.after("SET session_replication_role = replica", "DELETE FROM p") == []


VALUES = [
    ("int4", "-5", "-5"),
    ("numeric", "1.50", "1.50"),
    ("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("date", "2020-02-01", "2020-02-01"),
    ("timestamptz", "2020-02-01 12:00:00+02", "2020-02-01 10:00:00+00"),
    ("interval", "1 day 02:00", "1 day 02:00:00"),
    ("float8", "0.1", "0.1"),
    ("bytea", r"\x00ff", r"\x00ff"),
    ("mood", "it's \\ bad", "it's \\ bad"),
    ("even", "4", "4"),
    ("date[]", "{2020-02-01}", "{2020-02-01}"),
    ("text", "a\nb'\"\\", "a\nb'\"\\"),
    ("char(5)", "ab", "ab   "),
]


@pytest.mark.parametrize(("type_", "value", "text"), VALUES, ids=[type_ for type_, _, _ in VALUES])
def test_a_value_has_the_same_text_in_every_session(outbox, type_, value, text):
    box = outbox(
        rf"""CREATE TYPE mood AS ENUM ('good', 'it''s \ bad'); CREATE DOMAIN even AS int CHECK (VALUE % 2 = 0);
        CREATE TABLE p (id {type_} PRIMARY KEY)"""
    )
    box.conn.execute(
        f"INSERT INTO public.p VALUES (CAST(%s AS {'public.' if type_ in ('mood', 'even') else ''}{type_}))".encode(), (value,)
    )
    box.watch(cascade("id"))
    settings = "SET datestyle = German; SET intervalstyle = iso_8601; SET timezone = 'Asia/Tokyo'; SET extra_float_digits = -5; "
    assert box.keys_after(settings + "SET bytea_output = escape", "DELETE FROM p") == [{"id": text}]


LONG = "ü" * 31 + "x"  # 63 bytes
HOSTILE = [TableName("public", "a\"b\n'c$orglift$"), TableName('s"x.y', LONG), TableName(LONG, "select")]


@pytest.mark.parametrize("table", HOSTILE, ids=["quotes", "long", "reserved"])
def test_hostile_names_are_only_names(outbox, table):
    box = outbox("CREATE EXTENSION citext")
    schema, name, column, org = (psycopg.sql.Identifier(each) for each in (*table, "%s {} \\ \"';--", LONG))
    box.conn.execute(psycopg.sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
    create = "CREATE TABLE {}.{} ({} int PRIMARY KEY, {} public.citext); INSERT INTO {}.{} VALUES (1, 'x'), (2, 'y'), (3, 'z')"
    box.conn.execute(psycopg.sql.SQL(create).format(schema, name, column, org, schema, name))
    mine = cascade("%s {} \\ \"';--", parent=table, lane_column=LONG, definition="it's %s \\")
    box.watch(mine)
    assert read_cascades(box.conn) == (mine,)
    where = psycopg.sql.SQL("DELETE FROM {}.{} WHERE {} = 1").format(schema, name, column).as_string()
    truncate = psycopg.sql.SQL("TRUNCATE {}.{}").format(schema, name).as_string()
    update = psycopg.sql.SQL("UPDATE {}.{} SET {} = 5 WHERE {} = 2").format(schema, name, column, column).as_string()
    found = box.after(where, update, truncate)
    assert sorted((row[0], *row[1].values()) for row in found) == [("delete", "1"), ("truncate", "3"), ("truncate", "5"), ("update", "2")]
    assert {row[3] for row in found} == {"organization x", "organization y", "organization z"}


def test_the_application_needs_no_right_on_the_outbox(outbox, server: Server):
    box = outbox(PLAIN + "; INSERT INTO p VALUES (1, 7), (2, 7), (3, 7)")
    box.watch(cascade("id"))
    server.execute("DROP ROLE IF EXISTS tombstone_app")
    server.execute("CREATE ROLE tombstone_app")
    box.conn.execute("GRANT SELECT, DELETE, UPDATE, TRUNCATE ON public.p TO tombstone_app")
    found = box.after("SET ROLE tombstone_app", "DELETE FROM p WHERE id = 1", "UPDATE p SET id = 9 WHERE id = 2", "TRUNCATE p")
    assert sorted(row[0] for row in found) == ["delete", "truncate", "truncate", "update"]
    box.conn.execute("REVOKE ALL ON public.p FROM tombstone_app")
    server.execute("DROP ROLE tombstone_app")


def test_a_role_that_may_not_write_the_outbox_installs_nothing(outbox, server: Server):
    box = outbox(PLAIN)
    server.execute("DROP ROLE IF EXISTS tombstone_owner")
    server.execute("CREATE ROLE tombstone_owner")
    box.conn.execute("ALTER TABLE public.p OWNER TO tombstone_owner; GRANT ALL ON SCHEMA orglift TO tombstone_owner")
    box.conn.execute("SET ROLE tombstone_owner")
    triggers = render_triggers(read_schema(box.conn), TableName("public", "p"), [cascade("id")])
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=r"may not write orglift\.tombstones"):
        box.conn.execute(triggers.encode())
    box.conn.execute("RESET ROLE; DROP OWNED BY tombstone_owner CASCADE")
    server.execute("DROP ROLE tombstone_owner")


def test_what_is_installed_again_is_the_same_and_what_is_removed_leaves_nothing(outbox):
    box = outbox(PARTITIONED)
    schema, parent, mine = read_schema(box.conn), TableName("public", "p"), cascade("id", "r")
    box.watch(mine)
    box.watch(mine)
    before = (render_triggers_precondition(schema, parent, [mine]), render_registration_precondition(mine))
    assert [box.conn.execute(query.encode()).fetchone() for query in before] == [(False,), (False,)]
    removal = (render_triggers_removal_precondition(parent), render_registration_removal_precondition(mine))
    assert [box.conn.execute(query.encode()).fetchone() for query in removal] == [(True,), (True,)]
    box.conn.execute("ALTER TABLE public.p DETACH PARTITION public.p_low")
    box.conn.execute(f"{render_triggers_removal(parent)}; {render_registration_removal(mine)}".encode())
    assert [box.conn.execute(query.encode()).fetchone() for query in (*before, *removal)] == [(True,), (True,), (False,), (False,)]
    assert all(not table.triggers for table in read_schema(box.conn).tables.values())
    assert box.after("DELETE FROM p") == []


def test_a_second_plan_adds_its_keys_and_its_undo_takes_them_back(outbox):
    box = outbox(PLAIN + "; INSERT INTO p VALUES (1, 7, 'a'), (2, 7, 'b'), (3, 7, 'c')")
    schema, parent = read_schema(box.conn), TableName("public", "p")
    first, second = cascade("id", on_update=ChildAction.NONE), cascade("slug")
    for cascades, key, triggers in (([first], {"id"}, 2), ([first, second], {"id", "slug"}, 3), ([first], {"id"}, 2)):
        box.conn.execute(render_triggers(schema, parent, cascades).encode())
        assert len(read_schema(box.conn).tables[parent].triggers) == triggers
        assert [set(found) for found in box.keys_after("DELETE FROM p WHERE id = (SELECT min(id) FROM p)")] == [key]


def test_triggers_are_the_same_in_whatever_order_their_keys_come(outbox):
    box = outbox(PLAIN)
    schema, parent, both = read_schema(box.conn), TableName("public", "p"), [cascade("slug"), cascade("id")]
    box.watch(*both)
    for cascades in (both, both[::-1]):
        assert box.conn.execute(render_triggers_precondition(schema, parent, cascades).encode()).fetchone() == (False,)


def test_a_reference_that_asks_for_nothing_has_no_trigger(outbox):
    box = outbox(PLAIN)
    nothing = cascade("id", on_delete=ChildAction.NONE, on_update=ChildAction.NONE)
    box.watch(nothing)
    assert read_schema(box.conn).tables[TableName("public", "p")].triggers == ()
    assert read_cascades(box.conn) == (nothing,)
    changed = replace(nothing, on_delete=ChildAction.SET_NULL, delete_columns=("id",))
    assert box.conn.execute(render_registration_precondition(changed).encode()).fetchone() == (True,)
    box.watch(changed)
    assert read_cascades(box.conn) == (changed,)


def test_the_tables_that_are_locked_are_named_root_first(outbox):
    names = [name.name for name in trigger_tables(read_schema(outbox(PARTITIONED).conn), TableName("public", "p"))]
    assert names[0] == "p"
    assert set(names) == {"p", "p_low", "p_high", "p_ten", "p_rest"}
    assert names.index("p_high") < names.index("p_ten")
