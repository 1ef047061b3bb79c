"""Two archives compared: rows count as multisets, differing rows are found and shown, in bounded memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exports import compare as module
from exports.archive import ArchiveReader, ArchiveWriter
from exports.compare import Difference, DifferenceKind, compare
from exports.manifest import ArchivedColumn, SectionKind
from splitter.errors import BadArchive
from splitter.events import Advanced, Event, Started
from tests.archives import COLUMNS, EVENT, PLAN, PROJECT, Row, draft, forge, peak, section, write_archive

ROWS = [("1", "one"), ("2", None), ("2", None), ("3", "thr\tee")]


@pytest.fixture
def differ(tmp_path):
    """Compares two sets of rows of ``project``."""

    def run(a, b, *, columns_b=COLUMNS, **options):
        write_archive(tmp_path / "a", {PROJECT: a})
        write_archive(tmp_path / "b", {PROJECT: b}, columns_b)
        return compared(tmp_path, **options)

    return run


def compared(folder, **options) -> tuple[Difference, ...]:
    with ArchiveReader.open(folder / "a") as a, ArchiveReader.open(folder / "b") as b:
        return compare(a, b, **options)


def kinds(differences: tuple[Difference, ...]) -> list[str]:
    return [difference.kind.value for difference in differences]


def test_the_order_of_rows_is_no_difference(differ):
    assert differ(ROWS, ROWS[::-1]) == ()


def test_the_cut_into_chunks_is_no_difference(tmp_path):
    write_archive(tmp_path / "a", {PROJECT: [("1", "x"), ("2", "y")]})
    with ArchiveWriter(tmp_path / "b", draft([section(PROJECT)])) as writer:
        for index, line in enumerate([b"2\ty\n", b"1\tx\n"]):
            with writer.chunk(PROJECT, index) as chunk:
                chunk.write(line)
    assert compared(tmp_path) == ()


def test_differing_rows_are_shown_on_their_side(differ):
    rows, in_a, in_b = differ(ROWS, [*ROWS[:3], ("3", "three")])
    assert (rows.kind, rows.object) == (DifferenceKind.ROWS, "table project")
    assert rows.found == "4 rows in the first, 4 in the second; 1 only in the first, 1 only in the second"
    assert (in_a.kind, in_a.columns, in_a.row, in_a.count) == (DifferenceKind.ROW_ONLY_IN_A, ("id", "name"), ("3", "thr\tee"), 1)
    assert (in_b.kind, in_b.row) == (DifferenceKind.ROW_ONLY_IN_B, ("3", "three"))


def test_a_duplicate_row_counts(differ):
    rows, in_a = differ(ROWS, [ROWS[0], ROWS[1], ROWS[3]])
    assert "1 only in the first, 0 only in the second" in rows.found
    assert (in_a.row, in_a.count) == (("2", None), 1)


def test_null_is_not_its_spelling(differ):
    assert kinds(differ([("1", None)], [("1", r"\N")])) == ["rows", "row-only-in-a", "row-only-in-b"]


def test_long_values_are_cut(differ):
    _, in_a = differ([("1", "x" * 1000)], [])
    assert in_a.row == ("1", "x" * 200 + "…")


def test_no_more_rows_are_shown_than_the_limit(differ):
    differences = differ([(str(n), "a") for n in range(50)], [(str(n), "b") for n in range(60)], limit=3)
    assert kinds(differences) == ["rows", *["row-only-in-a"] * 3, *["row-only-in-b"] * 3]
    assert "50 only in the first, 60 only in the second" in differences[0].found


def test_ids_can_be_left_out(differ):
    a, b = [("1", "one"), ("2", "two")], [("68719476738", "two"), ("68719476737", "one")]
    assert kinds(differ(a, b)) == ["rows", *["row-only-in-a"] * 2, *["row-only-in-b"] * 2]
    assert differ(a, b, ignore_ids=True) == ()
    _, in_a = differ(a, b[:1], ignore_ids=True)
    assert (in_a.columns, in_a.row) == (("name",), ("one",))


def test_a_table_of_nothing_but_ids_is_counted(tmp_path):
    columns = [ArchivedColumn(name="id", type="bigint", id=True)]
    write_archive(tmp_path / "a", {PROJECT: [("1",), ("2",)]}, columns)
    write_archive(tmp_path / "b", {PROJECT: [("8",)]}, columns)
    _, in_a = compared(tmp_path, ignore_ids=True)
    assert (in_a.row, in_a.count) == ((), 1)


def test_columns_in_another_order_are_no_difference(differ):
    assert differ([("1", "x")], [("x", "1")], columns_b=COLUMNS[::-1]) == ()


def test_other_columns_and_types_are_told_and_the_rest_compared(differ):
    columns = [ArchivedColumn(name="id", type="integer"), ArchivedColumn(name="slug", type="text")]
    (difference,) = differ([("1", "x")], [("1", "y")], columns_b=columns)
    assert difference.kind is DifferenceKind.COLUMNS
    assert difference.found == (
        "column 'name' is only in the first; column 'slug' is only in the second; column 'id' is bigint in the first, integer in the second"
    )


def test_the_type_of_an_ignored_id_is_no_difference(differ):
    assert differ([("1", "x")], [("7", "x")], columns_b=[replace(COLUMNS[0], type="integer"), COLUMNS[1]], ignore_ids=True) == ()


def test_tables_of_one_side_are_told(tmp_path):
    write_archive(tmp_path / "a", {PROJECT: ROWS})
    write_archive(tmp_path / "b", {EVENT: []})
    in_a, in_b = compared(tmp_path)
    assert (in_a.kind, in_a.object, in_a.count) == (DifferenceKind.ONLY_IN_A, "table project", 4)
    assert (in_b.kind, in_b.object, in_b.count) == (DifferenceKind.ONLY_IN_B, 'table "we.ird"."e""vent"', 0)


def test_natural_keys_are_compared_apart_from_rows(tmp_path):
    for name, key in (("a", b"1\tfree\n"), ("b", b"1\tpaid\n")):
        writer = ArchiveWriter(tmp_path / name, draft([section(PLAN)], [section(PLAN)]))
        with writer, writer.chunk(PLAN, 0, kind=SectionKind.NATURAL) as chunk:
            chunk.write(key)
    assert {difference.object for difference in compared(tmp_path)} == {"natural keys of plan"}


def test_a_row_with_too_few_fields_is_a_damaged_archive(differ, tmp_path):
    differ(ROWS, ROWS)
    with ArchiveReader.open(tmp_path / "b") as archive:
        (table,) = archive.manifest.tables
    forge(tmp_path / "b", tables=(replace(table, columns=(ArchivedColumn(name="x", type="text"), *table.columns)),))
    with pytest.raises(BadArchive, match="fewer fields than the 3 columns"):
        compared(tmp_path)


def test_progress_counts_every_row_of_both_once(differ):
    events: list[Event] = []
    differ(ROWS, ROWS[:1], report=events.append)
    assert events[0] == Started("compare", 5)
    assert sum([event.by for event in events if isinstance(event, Advanced)]) == 5


ROW = st.tuples(st.sampled_from("12345"), st.none() | st.sampled_from("ab"))


@given(a=st.lists(ROW), b=st.lists(ROW), budget=st.integers(0, 9))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_shown_is_the_difference_of_the_multisets(differ, a, b, budget):
    shown = shown_with(budget, differ, a, b)
    more_in_a, more_in_b = Counter(a) - Counter(b), Counter(b) - Counter(a)
    complete = shown == (more_in_a, more_in_b)
    assert complete or (shown[0] <= more_in_a and shown[1] <= more_in_b and shown[0] + shown[1])


def shown_with(budget, differ, a, b) -> tuple[Counter[Row], Counter[Row]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BUDGET", budget)
        differences = differ(a, b, limit=99)
    sides = DifferenceKind.ROW_ONLY_IN_A, DifferenceKind.ROW_ONLY_IN_B
    return tuple(Counter({each.row: each.count for each in differences if each.kind is side}) for side in sides)  # type: ignore[return-value]


def test_what_was_not_looked_at_is_said(differ, monkeypatch):
    monkeypatch.setattr(module, "_BUDGET", 10)
    rows, *shown = differ([(str(n), "a") for n in range(100)], [])
    assert "; at least 10 only in the first" in rows.found
    assert len(shown) == 10


def test_memory_does_not_grow_with_the_number_of_differing_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_BUDGET", 2_500)
    for name, word in (("a", b"x" * 200), ("b", b"y" * 200)):
        with ArchiveWriter(tmp_path / name, draft([section(PROJECT)])) as writer, writer.chunk(PROJECT, 0) as chunk:
            for number in range(20_000):
                chunk.write(b"%d\t%s\n" % (number, word))
    assert peak(lambda: compared(tmp_path)) < 5 << 20
