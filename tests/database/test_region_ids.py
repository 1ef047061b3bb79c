"""The sequences of a region go into its origin's range: no id is given twice, none is born local."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest

from splitter import db
from splitter.apply import apply_plan
from splitter.attempts import Patience
from splitter.catalog import read_schema
from splitter.errors import Clone, FailedError, NarrowIds, OrgliftError, RefusedError, Unprepared
from splitter.identity import Identity, physical_identity, write_identity
from splitter.journal import Outcome
from splitter.layout import IdLayout
from splitter.schema import TableName
from splitter.sequences import find_local_ids, make_region_ids_plan
from splitter.silos import Control, Export, Organization, SiloMap, TableRules
from tests.proxy import Moment, Proxy

LAYOUT = IdLayout()
FIRST = LAYOUT.first(3)
LAST = LAYOUT.last(3)
ORG = TableName("public", "org")
SILOS = SiloMap(organization=Organization(table=ORG), control=Control(tables=("auth_*",)))
SCRIPT = """
CREATE TABLE org (id bigserial PRIMARY KEY);
CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, org_id bigint REFERENCES org (id));
"""


class Region:
    """A database with an identity, and the plan for it."""

    def __init__(self, url: str, origin: int = 3, former: tuple[int, ...] = (), silos: SiloMap = SILOS) -> None:
        self.url = url
        self.silos = silos
        self.conn = db.connect(url, setting="--url")
        physical = physical_identity(self.conn)
        identity = Identity(
            region="us",
            origin=origin,
            database=uuid4(),
            system_identifier=physical.system_identifier,
            database_oid=physical.database_oid,
            former=former,
        )
        write_identity(self.conn, identity)

    def plan(self, *tables: TableName):
        return make_region_ids_plan(self.conn, read_schema(self.conn), self.silos, "us", tables)

    def apply(self):
        return apply_plan(self.conn, self.plan())

    def one(self, query: LiteralString) -> Any:
        row = self.conn.execute(query).fetchone()
        assert row is not None
        return row[0]

    def insert(self) -> Any:
        return self.one("INSERT INTO public.org DEFAULT VALUES RETURNING id")


@pytest.fixture
def region(make_database):
    opened: list[Region] = []

    def make(script: str = SCRIPT, **options) -> Region:
        opened.append(Region(make_database(script), **options))
        return opened[-1]

    yield make
    for one in opened:
        one.conn.close()


@pytest.mark.parametrize(
    ("rows", "following"),
    [
        ("", FIRST + 1),
        ("INSERT INTO public.org SELECT FROM generate_series(1, 41)", FIRST + 42),
        ("INSERT INTO public.org VALUES (900)", FIRST + 901),
        ("SELECT setval('public.org_id_seq', 70)", FIRST + 71),
        ("SELECT setval('public.org_id_seq', 70, false)", FIRST + 70),
        (f"INSERT INTO public.org VALUES (5), ({LAYOUT.first(8) + 9})", FIRST + 6),  # a row that moved in from origin 8
        (f"INSERT INTO public.org VALUES (5), ({FIRST + 99})", FIRST + 100),  # one that came home
        (f"SELECT setval('public.org_id_seq', {FIRST + 50})", FIRST + 51),
    ],
)
def test_a_sequence_goes_on_above_everything_that_was_minted(region, rows, following):
    region = region()
    if rows:
        region.conn.execute(rows)
    plan = region.plan()
    apply_plan(region.conn, plan)
    assert region.insert() == following
    assert f"sequence org_id_seq: on from {following}" in plan.steps[1].purpose


def test_planning_again_gives_nothing_and_applying_again_changes_nothing(region):
    region = region()
    region.insert()
    plan = region.plan()
    assert apply_plan(region.conn, plan).outcomes == (Outcome.DONE, Outcome.DONE)
    assert region.plan().steps == ()
    assert region.insert() == FIRST + 2
    assert region.plan().steps == ()
    assert apply_plan(region.conn, plan).outcomes == (Outcome.SKIPPED, Outcome.SKIPPED)
    assert region.insert() == FIRST + 3


def test_a_sequence_cannot_drift_out_of_its_range(region):
    region = region()
    region.apply()
    for value in (1, LAST + 1):
        with pytest.raises(psycopg.errors.NumericValueOutOfRange):
            region.conn.execute("SELECT setval('public.org_id_seq', %s)", (value,))
    region.conn.execute("TRUNCATE public.org, public.item RESTART IDENTITY")
    assert region.insert() > FIRST
    region.conn.execute("SELECT setval('public.org_id_seq', %s)", (LAST,))
    with pytest.raises(psycopg.errors.SequenceGeneratorLimitExceeded):
        region.insert()


def test_explicit_ids_of_the_own_range_push_the_sequence_forward(region):
    region = region()
    region.apply()
    region.conn.execute("INSERT INTO public.org VALUES (%s)", (FIRST + 500,))
    region.apply()
    assert region.insert() == FIRST + 501


def test_an_int4_sequence_of_a_bigint_column_is_widened(region):
    region = region("CREATE SEQUENCE s AS integer; CREATE TABLE org (id bigint PRIMARY KEY DEFAULT nextval('s'));")
    region.apply()
    assert region.insert() == FIRST + 1


def test_home_keeps_its_sequences(region):
    region = region(origin=0)
    plan = region.plan()
    assert plan.steps == () and "is home" in plan.notes[0]
    apply_plan(region.conn, plan)
    assert region.insert() == 1


def test_shared_control_and_kept_tables_keep_their_sequences(region):
    script = SCRIPT + "".join(f"CREATE TABLE {name} (id serial PRIMARY KEY);" for name in ("auth_user", "plan", "log"))
    rules = {
        TableName("public", "plan"): TableRules(table=TableName("public", "plan"), export=Export.SHARED),
        TableName("public", "log"): TableRules(table=TableName("public", "log"), export=Export.NONE),
    }
    region = region(script, silos=SiloMap(organization=SILOS.organization, control=SILOS.control, tables=rules))
    assert region.plan().tables == (TableName("public", "item"), ORG)


def test_a_number_that_only_counts_is_no_id(region):
    region = region(SCRIPT + "CREATE TABLE issue (id bigint PRIMARY KEY, number serial, org_id bigint REFERENCES org);")
    plan = region.plan()
    assert TableName("public", "issue") not in plan.tables
    assert "no sequence feeds issue.id" in plan.notes[0] and str(FIRST) in plan.notes[0]


def test_tables_can_be_chosen(region):
    assert [step.purpose.split(":")[0] for step in region().plan(ORG).steps] == ["sequence org_id_seq"]


def test_narrow_columns_are_refused_by_name_also_along_references(region):
    region = region(
        "CREATE TABLE org (id serial PRIMARY KEY);"
        "CREATE TABLE head (org_id int PRIMARY KEY REFERENCES org);"
        "CREATE TABLE foot (id bigserial PRIMARY KEY, head_id int REFERENCES head);"
    )
    with pytest.raises(NarrowIds, match=r"foot.head_id: integer cannot hold .* and 2 more") as caught:
        region.plan()
    assert [problem.object for problem in caught.value.problems] == ["foot.head_id", "head.org_id", "org.id"]
    assert "splitter plan widen-ids" in caught.value.hint


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("ALTER SEQUENCE org_id_seq INCREMENT BY 2", "org_id_seq: increments by 2"),
        ("ALTER SEQUENCE org_id_seq INCREMENT BY -1 MINVALUE -9 MAXVALUE 10", "org_id_seq: increments by -1"),
        ("ALTER SEQUENCE org_id_seq CYCLE", "org_id_seq: cycles"),
        (f"SELECT setval('org_id_seq', {LAYOUT.first(8) + 1})", "in the range of origin 8, not of 3"),
        (f"SELECT setval('org_id_seq', {LAST})", "origin 3 has no ids left"),
    ],
)
def test_a_sequence_that_cannot_be_placed_is_refused_by_name(region, change, told):
    region = region(SCRIPT + change)
    with pytest.raises(RefusedError, match=told) as caught:
        region.plan()
    assert caught.value.hint and caught.value.problems


def test_ids_of_a_former_origin_are_left_behind(region):
    region = region(former=(8,))
    region.conn.execute(f"INSERT INTO public.org VALUES (7), ({LAYOUT.first(8) + 5})")
    region.conn.execute(f"SELECT setval('public.org_id_seq', {LAYOUT.first(8) + 5})")
    region.apply()
    assert region.insert() == FIRST + 8


def test_several_tables_on_one_sequence_count_together(region):
    region = region(
        "CREATE SEQUENCE s; CREATE TABLE org (id bigint PRIMARY KEY DEFAULT nextval('s'));"
        "CREATE TABLE item (org_id bigint, id bigint DEFAULT nextval('s'), PRIMARY KEY (org_id, id)); INSERT INTO item VALUES (1, 77);"
    )
    plan = region.plan()
    assert len(plan.steps) == 1
    assert "reads all of item.id" in plan.steps[0].hazard and plan.steps[0].statement_timeout_ms == 0
    apply_plan(region.conn, plan)
    assert region.insert() == FIRST + 78


def test_partitions_count_through_their_root(region):
    region = region(
        "CREATE TABLE org (id bigserial PRIMARY KEY) PARTITION BY RANGE (id);"
        f"CREATE TABLE low PARTITION OF org FOR VALUES FROM (0) TO ({FIRST});"
        f"CREATE TABLE high PARTITION OF org FOR VALUES FROM ({FIRST}) TO ({LAST}); INSERT INTO org VALUES (12);"
    )
    region.apply()
    assert region.insert() == FIRST + 13


def test_hostile_names(region):
    region = region(
        'CREATE SCHEMA "a.b"; CREATE TABLE "a.b"."$orglift$" ("first" bigserial, "t%s{x}" int, "sc""anned" bigserial,'
        ' PRIMARY KEY ("first"), UNIQUE ("sc""anned")); CREATE TABLE org (id bigserial PRIMARY KEY);'
        """ INSERT INTO "a.b"."$orglift$" DEFAULT VALUES; COMMENT ON TABLE org IS 'x';"""
    )
    region.apply()
    assert region.one('INSERT INTO "a.b"."$orglift$" DEFAULT VALUES RETURNING "first" + "sc""anned"') == 2 * (FIRST + 2)


def test_cached_ids_of_other_sessions_are_thrown_away(region):
    region = region(SCRIPT + "ALTER SEQUENCE org_id_seq CACHE 50;")
    with psycopg.connect(region.url, autocommit=True) as other:
        assert other.execute("INSERT INTO org DEFAULT VALUES RETURNING id").fetchone() == (1,)
        region.apply()
        assert other.execute("INSERT INTO org DEFAULT VALUES RETURNING id").fetchone() == (FIRST + 51,)


def test_a_transaction_that_took_an_id_is_waited_for_and_inserts_are_not_held_up(region):
    region = region()
    plan = region.plan()
    with psycopg.connect(region.url) as other:
        other.execute("SELECT nextval('org_id_seq'), nextval('item_id_seq')")
        with pytest.raises(FailedError, match="lock timeout") as caught:
            apply_plan(region.conn, plan, patience=Patience(seconds=1))
        assert "again" in caught.value.hint
        other.commit()
    assert apply_plan(region.conn, plan).outcomes == (Outcome.DONE, Outcome.DONE)


def test_no_local_id_is_born_and_none_twice_while_others_insert(region):
    region = region()
    stop = threading.Event()
    given: list[list[int]] = [[], [], []]

    def write(ids: list[int]) -> None:
        with psycopg.connect(region.url, autocommit=True) as conn:
            while not stop.is_set():
                ids += [row[0] for row in conn.execute("INSERT INTO org SELECT FROM generate_series(1, 3) RETURNING id")]

    writers = [threading.Thread(target=write, args=(ids,)) for ids in given]
    for writer in writers:
        writer.start()
    before = region.plan()
    apply_plan(region.conn, before)
    border = region.one("SELECT pg_sequence_last_value('public.org_id_seq')")
    stop.set()
    for writer in writers:
        writer.join()
    ids = [value for one in given for value in one]
    assert len(set(ids)) == len(ids)
    for one in given:
        assert one == sorted(one)  # each session: local ids, then distributed ones
    images = {FIRST + value for value in ids if value < LAYOUT.serials}
    assert not images & set(ids)
    assert border is None or border > FIRST


@pytest.mark.postgres(18)
@pytest.mark.long
@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.AFTER])
def test_cut_off_at_any_statement_it_goes_on(region, moment):
    number, cut = 0, True
    while cut:
        number += 1
        one = region()
        one.insert()
        plan = one.plan()
        with Proxy(one.url) as proxy:
            trap = proxy.trap(moment, lambda _: None, number=number)
            with suppress(OrgliftError), db.connect(proxy.url(one.url), setting="--url") as conn:
                apply_plan(conn, plan)
            cut = trap.sprung.is_set()
        apply_plan(one.conn, plan)
        assert one.insert() == FIRST + 2
        assert one.plan().steps == ()
        one.conn.close()
    assert number > 20


def test_a_plan_is_for_one_database_only(region):
    plan = region().plan()
    with pytest.raises(Clone, match="and this is us, database"):
        apply_plan(region().conn, plan)
    with db.connect(region().url, setting="--url") as conn:
        conn.execute("DROP TABLE orglift.identity")
        with pytest.raises(Unprepared):
            apply_plan(conn, plan)


def test_local_ids_are_found(region):
    region = region()
    assert list(find_local_ids(region.conn, read_schema(region.conn), SILOS)) == []
    region.conn.execute("INSERT INTO public.org VALUES (%s)", (FIRST + 1,))
    assert list(find_local_ids(region.conn, read_schema(region.conn), SILOS)) == []
    region.insert()
    assert list(find_local_ids(region.conn, read_schema(region.conn), SILOS)) == [(ORG, "id")]
