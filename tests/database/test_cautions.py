"""What an operator is told before a move although it stops nothing."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from relocate import cautions
from relocate.cautions import find_warnings
from tests.prepared_moves import DE, US, PreparedMove, make_silos, name_region, prepared_move

SILOS = '[organization]\ntable = "org"\nslug = "slug"\n'
SCHEMA = """
CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL);
CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text);
"""
ROWS = "INSERT INTO org VALUES (1, 'acme'); INSERT INTO item SELECT n, 1, repeat('x', 900) FROM generate_series(1, 10000) AS n;"


@pytest.fixture
def regions(make_database: Callable[..., str]):
    def make(both: str = "", *, source: str = "", target: str = "") -> tuple[str, str]:
        us, de = make_database(SCHEMA + both + ROWS + source), make_database(SCHEMA + both + target)
        name_region(us, "us", US)
        name_region(de, "de", DE)
        return us, de

    return make


def warnings(prepared: PreparedMove, *, replica: bool = True, size: int | None = None) -> list[str]:
    return list(find_warnings(prepared.move, prepared.reading, prepared.source, prepared.target, replica=replica, size=size))


def test_a_large_table_without_an_index_on_its_way(regions):
    urls = regions()
    with prepared_move(make_silos(SILOS, *urls)) as prepared:
        (told,) = warnings(prepared)
        assert told.startswith("no index serves item.org_id -> org.id: 10 MB of item are read in one scan")
    accepted = '[[accept]]\ncode = "unindexed-way"\nobject = "item.org_id -> org.id"\nwhy = "once is enough"'
    with prepared_move(make_silos(SILOS + accepted, *urls)) as prepared:
        assert warnings(prepared) == []


def test_an_index_ends_that(regions):
    with prepared_move(make_silos(SILOS, *regions("CREATE INDEX ON item (org_id, id);"))) as prepared:
        assert warnings(prepared) == []


def test_small_tables_need_none(regions):
    with prepared_move(make_silos(SILOS, *regions(source="TRUNCATE item;"))) as prepared:
        assert warnings(prepared) == []


def test_transactions_that_are_open_for_long(regions, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cautions, "LONG", 0)
    us, de = regions(source="TRUNCATE item;")
    with (
        psycopg.connect(us, application_name="backup") as long,
        psycopg.connect(de, autocommit=True) as other,
        prepared_move(make_silos(SILOS, us, de)) as prepared,
    ):
        long.execute("SELECT 1")
        other.execute("BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'half'")
        found = warnings(prepared)
        other.execute("ROLLBACK PREPARED 'half'")
    assert any(told.startswith("region us: process ") and "(backup) has had a transaction open for 0 h" in told for told in found)
    assert any(told.startswith("region de: prepared transaction half (") for told in found)


def test_triggers_that_stay_silent(regions):
    target = """CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER one AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION note();
        CREATE TRIGGER two AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION note(); ALTER TABLE item DISABLE TRIGGER two;"""
    with prepared_move(make_silos(SILOS, *regions(source="TRUNCATE item;", target=target))) as prepared:
        assert warnings(prepared) == ["these triggers of the target don't fire for moved rows: item.one"]
        assert warnings(prepared, replica=False) == []


def test_sequences_that_still_give_local_ids(regions):
    target = "CREATE SEQUENCE s OWNED BY item.id; ALTER TABLE item ALTER id SET DEFAULT nextval('s');"
    with prepared_move(make_silos(SILOS, *regions(source="TRUNCATE item;", target=target))) as prepared:
        (told,) = warnings(prepared)
    assert told == (
        "these sequences of de still give local ids, which change when their rows move: s; `splitter plan region-ids --region de` ends that"
    )


def test_how_much_goes(regions):
    with prepared_move(make_silos(SILOS, *regions(source="TRUNCATE item;"))) as prepared:
        assert warnings(prepared, size=3 << 30) == ["about 3 GB of rows go to de, their indexes on top, and about twice as much WAL"]
