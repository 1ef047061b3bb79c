"""Chunks along a column of texts: where both sides order them alike, and what becomes of their bounds where they don't."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from exports.chunks import Bound, Chunk, Range
from exports.heaps import Heap
from exports.rows import chunk_where
from exports.snapshot import ask
from relocate.cautions import find_warnings
from splitter.catalog import read_schema
from splitter.errors import RefusedError
from splitter.schema import BYTES, Column, Schema, TableName
from tests.exported import ORG, Exported, OrderThere, Texts
from tests.prepared_moves import DE, US, make_silos, name_region, prepared_move

Open = Callable[..., Exported]
ITEM = TableName("public", "item")
LETTERS = "a A á a\u0301 ä z Z _ - a-b ab aB ß ss i I ı İ 日本 🦆 \uffff \u200b a\u200bb 10 9 010 \\ \\N ' \" %s {} $1 --".split(" ")  # noqa: SIM905  as a list it would take a screen
NUMBERED = ["cuid_c" + "klm"[number % 3] + str(number * 7919 % 1000) for number in range(20)]
HOSTILE = (*LETTERS, *NUMBERED, "", " ", "  ", "a b", "\t", "a\nb", "x" * 600)
ENGLISH = '"en-US-x-icu"'  # the server of 15 has ICU


def item_table(type_: str) -> str:
    return f"CREATE TABLE item (id {type_} PRIMARY KEY, org_id bigint NOT NULL REFERENCES org); CREATE INDEX ON item (org_id, id);"


def items(type_: str) -> str:
    listed = ", ".join(sql.SQL("({}, 1)").format(sql.Literal(text)).as_string(None) for text in HOSTILE)
    return item_table(type_) + f"INSERT INTO item VALUES {listed}; INSERT INTO item VALUES ('b of another', 2), ('b', 2);"


def ordered(by: str | None) -> OrderThere:
    """A target that orders all texts like that."""
    return lambda name, column: by


def along(chunks: list[Chunk]) -> set[str | None]:
    return {chunk.source.column for chunk in chunks}


def target_rows(exported: Exported, chunk: Chunk, there: Schema, connection: psycopg.Connection) -> Counter[Texts]:
    """What a database with these very rows finds by the chunk's range in the target."""
    membership = replace(exported.membership, scope=replace(exported.survey.scope, schema=there))
    where = chunk_where(membership, chunk, chunk.target, "k")
    rows = ask(connection, sql.SQL("SELECT k.id, k.org_id::text FROM public.item AS k WHERE {}").format(where))
    return Counter((str(row[0]), str(row[1])) for row in rows)


def check(exported: Exported, chunks: list[Chunk]) -> None:
    """Each row in one chunk, and found again by its range in the target, where texts and this organization's number stay."""
    found = [exported.chunk_rows(chunk) for chunk in chunks]
    whole = sum(found, Counter())
    assert whole == exported.rows("item") and len(whole) == len(HOSTILE)
    for chunk, rows in zip(chunks, found, strict=True):
        assert target_rows(exported, chunk, exported.survey.schema, exported.connection) == rows


@pytest.mark.parametrize("type_", ['text COLLATE "C"', 'varchar(700) COLLATE "POSIX"', "text COLLATE ucs_basic"])
def test_texts_in_the_order_of_their_bytes_are_cut_also_for_an_archive(acme: Open, type_: str):
    exported = acme(items(type_), origin=0)
    chunks = exported.chunks("item", 5)
    assert along(chunks) == {"id"} and len(chunks) > 10
    check(exported, chunks)


def test_an_order_that_may_be_another_elsewhere_is_one_scan(acme: Open):
    """The servers of the tests are made with the library's C.UTF-8, which tells no version."""
    exported = acme(items("text"), origin=0)
    assert exported.survey.schema.tables[ITEM].column("id").order is None
    assert along(exported.chunks("item", 5)) == {None}
    assert along(exported.chunks("item", 5, order_there=ordered(None))) == {None}


@pytest.mark.postgres(15)
def test_one_library_in_one_version_on_both_sides_is_one_order(acme: Open):
    exported = acme(items(f"text COLLATE {ENGLISH}"), origin=0)
    order = exported.survey.schema.tables[ITEM].column("id").order
    assert order is not None and order.startswith("ICU en-US ")
    chunks = exported.chunks("item", 5, order_there=ordered(order))
    assert along(chunks) == {"id"} and {chunk.source.order for chunk in chunks} == {order}
    check(exported, chunks)
    for other in (None, BYTES, order.replace("en-US", "de"), order + "1"):
        assert along(exported.chunks("item", 5, order_there=ordered(other))) == {None}


@pytest.mark.postgres(15)
@pytest.mark.parametrize(
    "made",
    [
        "(provider = icu, locale = 'und', deterministic = false)",
        "(provider = icu, locale = 'en-US', version = '1.0')",  # what the index was made with isn't what runs
    ],
)
def test_a_collation_that_says_too_little_has_no_order(acme: Open, made: str):
    exported = acme(f"CREATE COLLATION odd {made}; " + item_table("text COLLATE odd"), origin=0)
    assert exported.survey.schema.tables[ITEM].column("id").order is None


def test_a_value_of_a_text_way_with_too_many_rows(acme: Open):
    exported = acme(
        """
        CREATE TABLE project (id text COLLATE "C" PRIMARY KEY, org_id bigint REFERENCES org);
        INSERT INTO project VALUES ('p''1', 1), ('', 1), ('Z', 1), ('\\', 1), ('other', 2);
        CREATE TABLE item (id bigint PRIMARY KEY, project_id text COLLATE "C" NOT NULL REFERENCES project);
        CREATE INDEX ON item (project_id, id);
        INSERT INTO item SELECT n, CASE WHEN n < 5 THEN 'p''1' WHEN n < 50 THEN '\\' WHEN n < 53 THEN '' ELSE 'Z' END
            FROM generate_series(1, 60) AS n;
        """
    )
    chunks = exported.chunks("item", 10)
    assert along(chunks) == {"project_id", "id"}
    assert sum((exported.chunk_rows(chunk) for chunk in chunks), Counter()) == exported.rows("item")
    assert all(chunk.rows in (None, exported.chunk_rows(chunk).total()) for chunk in chunks)


def test_bounds_in_the_order_of_bytes_hold_in_a_target_that_orders_otherwise(acme: Open, make_database: Callable[..., str]):
    """What an archive's chunk is found by; there no index serves."""
    exported = acme(items('text COLLATE "C"'), origin=0)
    there = make_database(ORG + items("text"))
    with psycopg.connect(there) as conn:
        schema = read_schema(conn)
        for chunk in exported.chunks("item", 5):
            assert target_rows(exported, chunk, schema, conn) == exported.chunk_rows(chunk)


def test_an_order_that_has_changed_since_is_refused(acme: Open):
    exported = acme(items('text COLLATE "C"'), origin=0)
    table = exported.survey.schema.tables[ITEM]
    stale = Range(column="id", low=Bound("a", True), order="libc en_US.utf8 2.31 of UTF8")
    assert not stale.holds_in(table)
    assert Range(column="id", low=Bound("a", True), order=BYTES).holds_in(table) and Range().holds_in(table)
    with pytest.raises(RefusedError, match=r"item\.id are in the order of bytes of UTF8 now, and were cut in that of libc"):
        stale.condition(table, "k")


SILOS = '[organization]\ntable = "org"\nslug = "slug"\n'
HEAP = Heap()
ROWS = "INSERT INTO item SELECT 'k' || n, 1 FROM generate_series(1, 10) AS n;"


@pytest.mark.parametrize(
    ("us", "de", "column", "told"),
    [
        ('"C"', '"C"', "id", None),
        ('"C"', '"default"', None, "the texts of item.id are in an order that cannot be compared between the regions"),
        ('"default"', '"default"', None, "the texts of item.id are in an order that cannot be compared between the regions"),
        ('"C"', ENGLISH, None, "the texts of item.id are in the order of bytes of UTF8 here and of ICU en-US "),
        (ENGLISH, ENGLISH, "id", None),
    ],
)
@pytest.mark.postgres(15)
def test_a_move_cuts_by_what_both_regions_share_and_tells_of_the_rest(
    make_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch, us: str, de: str, column: str | None, told: str | None
):
    monkeypatch.setattr("relocate.cautions.SMALL_TABLE", 0)
    schema = "CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL);"
    table = "CREATE TABLE item (id text COLLATE {} PRIMARY KEY, org_id bigint NOT NULL REFERENCES org); CREATE INDEX ON item (org_id, id);"
    urls = make_database(schema + table.format(us) + "INSERT INTO org VALUES (1, 'acme');" + ROWS), make_database(schema + table.format(de))
    for url, region, origin in zip(urls, ("us", "de"), (US, DE), strict=True):
        name_region(url, region, origin)
    with prepared_move(make_silos(SILOS, *urls)) as prepared:
        cutter = replace(prepared.move.cutter(prepared.reading.membership, prepared.source, 3), small=0)
        (part,) = prepared.reading.membership.parts(ITEM)
        assert along(list(cutter.cut(ITEM, part, HEAP))) == {column}
        warnings = list(find_warnings(prepared.move, prepared.reading, prepared.source, prepared.target, replica=True))
    assert [each for each in warnings if "item.id" in each and "one scan" in each] == [each for each in warnings if "one scan" in each]
    assert any(each.startswith(told) for each in warnings) if told else not any("one scan" in each for each in warnings)


def test_the_order_is_no_part_of_what_a_schema_is():
    """A column is the same in two regions whose libraries differ."""
    one = Column(name="id", position=1, type="text", bare_type="text", base_type="text", not_null=True, order=BYTES)
    assert one == replace(one, order=None)
