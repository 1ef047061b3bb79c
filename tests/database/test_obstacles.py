"""Everything that stands in the way of a move, each with a database that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from splitter.apply import apply_plan
from splitter.catalog import read_schema
from splitter.db import connect
from splitter.errors import FailedError
from splitter.silos_file import parse_silos
from splitter.steps import Lock, Plan, PlanDatabase, Step
from tests.demo_databases import demo_databases
from tests.prepared_moves import DE, US, PreparedMove, make_silos, name_region, prepared_move
from tests.servers import Server

SILOS = """
[organization]
table = "org"
slug = "slug"
"""
SCHEMA = """
CREATE TABLE org (id bigserial PRIMARY KEY, slug text NOT NULL UNIQUE, status int);
CREATE TABLE item (id bigserial PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text UNIQUE);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
"""
ROWS = "INSERT INTO org (slug) VALUES ('acme'), ('other'); INSERT INTO item (org_id, name) VALUES (1, 'a');"
FIRST = 1 << 36  # of us
CONTROL = '[control]\nurl = "postgresql://nowhere"\ntables = ["auth_*"]\n'


@pytest.fixture
def moving(make_database: Callable[..., str]):
    """A move of organization 1; ``both`` is run on both sides."""

    @contextmanager
    def make(
        both: str = "", *, source: str = "", target: str = "", silos: str = "", known: tuple[int, ...] = (US, DE)
    ) -> Iterator[PreparedMove]:
        us, de = make_database(SCHEMA + both + ROWS + source), make_database(SCHEMA + both + target)
        name_region(us, "us", US)
        name_region(de, "de", DE)
        with prepared_move(make_silos(SILOS + silos, us, de), known=known) as prepared:
            yield prepared

    return make


def told(prepared: PreparedMove, *, replica: bool = True, resuming: bool = False) -> list[tuple[str, str]]:
    problems = prepared.obstacles(replica=replica, resuming=resuming)
    assert all(problem.found and problem.remedy for problem in problems)
    return [(problem.code, problem.object) for problem in problems]


def test_nothing_stands_in_the_way(moving):
    with moving() as prepared:
        assert told(prepared) == []
        assert told(prepared, replica=False) == []


def test_the_sample_application_can_move(server: Server):
    with demo_databases(server) as demo:
        name_region(demo.urls["us"], "us", US)
        name_region(demo.urls["de"], "de", DE)
        slug = str(demo.us.rows["organization"][0][1])
        with prepared_move(parse_silos(demo.silos, {}), slug) as prepared:
            assert told(prepared) == []
            assert told(prepared, replica=False) == [("trigger", "comment.comment_counted")]


# the organization itself


def test_the_organization_is_there(moving):
    with moving(target=f"INSERT INTO org VALUES ({FIRST + 1}, 'acme');") as prepared:
        assert told(prepared) == [("organization-there", f"org {FIRST + 1}")]
        assert told(prepared, resuming=True) == []


def test_another_one_has_its_slug(moving):
    with moving(target="INSERT INTO org VALUES (1, 'acme');") as prepared:
        assert told(prepared) == told(prepared, resuming=True) == [("slug-taken", f"org {FIRST + 1}")]
        (problem,) = prepared.obstacles()
        assert problem.found == "organization 1 of region de has the slug 'acme'"


def test_a_taken_key_and_a_missing_partition_are_among_them(moving):
    both = "CREATE TABLE event (id bigint, org_id bigint REFERENCES org) PARTITION BY RANGE (id);"
    source = "CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10); INSERT INTO event VALUES (1, 1);"
    target = "INSERT INTO org VALUES (9, 'else'); INSERT INTO item VALUES (9, 9, 'a'); ALTER TABLE item ADD CHECK (true);"
    with moving(both, source=source, target=target) as prepared:
        assert told(prepared) == [("partition", "event"), ("unique", "item: item_name_key")]


# triggers


def test_triggers_that_replica_mode_does_not_stop(moving):
    target = """
        CREATE TRIGGER plain AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION note();
        CREATE TRIGGER always AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION note(); ALTER TABLE item ENABLE ALWAYS TRIGGER always;
        CREATE TRIGGER replica BEFORE DELETE ON item EXECUTE FUNCTION note(); ALTER TABLE item ENABLE REPLICA TRIGGER replica;
        CREATE TRIGGER off AFTER INSERT ON item EXECUTE FUNCTION note(); ALTER TABLE item DISABLE TRIGGER off;
        CREATE TRIGGER updates AFTER UPDATE ON item EXECUTE FUNCTION note(); ALTER TABLE item ENABLE ALWAYS TRIGGER updates;"""
    with moving(target=target) as prepared:
        assert told(prepared) == [("trigger", "item.always"), ("trigger", "item.replica")]
        assert told(prepared, replica=False) == [("trigger", "item.always"), ("trigger", "item.plain")]
    accepted = '[tables.item]\naccept_triggers = ["always", "replica"]'
    with moving(target=target, silos=accepted) as prepared:
        assert told(prepared) == []


def test_an_update_trigger_counts_where_the_hidden_column_is_written(moving):
    hide = 'hide = { column = "status", live = 0, moving = 9 }\n'
    target = """
        CREATE TRIGGER a AFTER UPDATE ON org FOR EACH ROW EXECUTE FUNCTION note(); ALTER TABLE org ENABLE ALWAYS TRIGGER a;
        CREATE TRIGGER b AFTER UPDATE OF status ON org FOR EACH ROW EXECUTE FUNCTION note(); ALTER TABLE org ENABLE ALWAYS TRIGGER b;
        CREATE TRIGGER c AFTER UPDATE OF slug ON org FOR EACH ROW EXECUTE FUNCTION note(); ALTER TABLE org ENABLE ALWAYS TRIGGER c;"""
    with moving(target=target, silos=hide) as prepared:
        assert told(prepared) == [("trigger", "org.a"), ("trigger", "org.b")]
    with moving(target=target) as prepared:
        assert told(prepared) == []


def test_a_trigger_of_one_partition(moving):
    both = """CREATE TABLE event (id bigint, org_id bigint REFERENCES org) PARTITION BY RANGE (id);
        CREATE TABLE event_1 PARTITION OF event DEFAULT;"""
    target = """CREATE TRIGGER own AFTER INSERT ON event_1 FOR EACH ROW EXECUTE FUNCTION note();
        CREATE TRIGGER whole AFTER INSERT ON event_1 FOR EACH STATEMENT EXECUTE FUNCTION note();"""
    with moving(both, target=target) as prepared:
        assert told(prepared, replica=False) == [("trigger", "event_1.own")]
    with moving(both, target=target, silos='[tables.event]\naccept_triggers = ["own"]') as prepared:
        assert told(prepared, replica=False) == []


def test_triggers_of_tables_that_do_not_move_and_our_own_are_no_matter(moving):
    both = "CREATE TABLE queue (id bigint PRIMARY KEY, org_id bigint REFERENCES org);"
    target = """CREATE TRIGGER a AFTER INSERT ON queue EXECUTE FUNCTION note(); ALTER TABLE queue ENABLE ALWAYS TRIGGER a;
        CREATE SCHEMA IF NOT EXISTS orglift;
        CREATE FUNCTION orglift.tombstone() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER b AFTER DELETE ON item FOR EACH ROW EXECUTE FUNCTION orglift.tombstone();
        ALTER TABLE item ENABLE ALWAYS TRIGGER b;"""
    with moving(both, target=target, silos='[tables.queue]\nexport = "none"\nwhy = "of the region"') as prepared:
        assert told(prepared) == []


# control


def test_foreign_keys_that_cross_between_the_silos(moving):
    both = "CREATE TABLE auth_user (id bigint PRIMARY KEY, last_org bigint); ALTER TABLE item ADD user_id bigint REFERENCES auth_user;"
    target = "ALTER TABLE auth_user ADD CONSTRAINT back FOREIGN KEY (last_org) REFERENCES org;"
    with moving(both, target=target, silos=CONTROL) as prepared:
        first, second = prepared.obstacles()
    assert (first.code, first.object) == ("crossing", "item.user_id -> auth_user.id")
    assert first.found == "the foreign key item_user_id_fkey crosses between control and region, in us and de"
    assert first.remedy == "splitter plan break-fks --region us; splitter plan break-fks --region de"
    assert (second.object, second.remedy) == ("auth_user.last_org -> org.id", "splitter plan break-fks --region de")


def test_keys_between_tables_that_stay_cross_nothing(moving):
    both = "CREATE TABLE auth_user (id bigint PRIMARY KEY); CREATE TABLE auth_key (id bigint PRIMARY KEY REFERENCES auth_user);"
    with moving(both, silos=CONTROL) as prepared:
        assert told(prepared) == []


# large objects


def test_numbers_of_large_objects(moving):
    both = "CREATE EXTENSION lo; ALTER TABLE item ADD file oid, ADD other lo, ADD unused oid, ADD many oid[];"
    source = "UPDATE item SET file = lo_create(0), other = 7, many = '{1,2}' WHERE org_id = 1;"
    accepted = '[[accept]]\ncode = "large-object"\nobject = "item.other"\nwhy = "numbers of the application"'
    with moving(both, source=source) as prepared:
        assert told(prepared) == [("large-object", "item.file"), ("large-object", "item.other"), ("large-object", "item.many")]
    with moving(both, source=source, silos=accepted) as prepared:
        assert told(prepared) == [("large-object", "item.file"), ("large-object", "item.many")]


def test_only_some_codes_can_be_accepted(moving):
    accepted = f'[[accept]]\ncode = "slug-taken"\nobject = "org {FIRST + 1}"\nwhy = "never mind"'
    with moving(target="INSERT INTO org VALUES (1, 'acme');", silos=accepted) as prepared:
        assert told(prepared) == [("slug-taken", f"org {FIRST + 1}")]


# plans, strangers, sequences


@pytest.mark.parametrize("side", ["us", "de"])
def test_an_unfinished_plan_of_either_side(moving, side: str):
    with moving() as prepared:
        survey = prepared.move.source if side == "us" else prepared.move.target
        with connect(survey.url, setting="the test") as conn:
            identity = conn.execute("SELECT database FROM orglift.identity").fetchone()
            assert identity is not None
            steps = (Step(purpose="fail", sql="SELECT 1/0", lock=Lock.NONE, lock_timeout_ms=100, statement_timeout_ms=100, undo=None),)
            plan = Plan(
                kind="break-fks",
                database=PlanDatabase(silo=side, uuid=identity[0]),
                fingerprint=read_schema(conn).fingerprint(()),
                tables=(),
                steps=steps,
            )
            with pytest.raises(FailedError):
                apply_plan(conn, plan)
    with prepared_move(prepared.move.silos) as again:
        ((code, place),) = told(again)
    assert (code, place.startswith(f"region {side}: ")) == ("unfinished-plan", True)


def test_rows_of_others_that_hold_on_to_the_organization(moving):
    both = "CREATE TABLE note (id bigint PRIMARY KEY, org_id bigint REFERENCES org, item_id bigint REFERENCES item);"
    source = "INSERT INTO note VALUES (1, 2, 1);"
    with moving(both, source=source, silos='[tables.note]\nowner = "org_id"') as prepared:
        assert told(prepared) == [("held-by-others", "note.item_id -> item.id")]


def test_sequences_of_the_target_in_another_range(moving):
    with moving(target=f"SELECT setval('item_id_seq', {FIRST + 5}), setval('org_id_seq', {2 * FIRST + 5});") as prepared:
        (problem,) = prepared.obstacles()
    assert (problem.code, problem.object) == ("sequence", "item_id_seq")
    assert problem.remedy == "splitter plan region-ids --region de"


def test_local_ids_are_another_regions_where_that_one_is_home(moving):
    with moving(known=(0, US, DE)) as prepared:
        assert told(prepared) == [("sequence", "item_id_seq"), ("sequence", "org_id_seq")]
