"""The statements of the clean-up, without a server: which keys a column could hold, and what the text looks like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitter.cascade import Cascade, ChildAction
from splitter.cleanup_sql import Batch, CleanUp, ColumnFacts, TableFacts, holdable
from splitter.schema import TableName

CHILD, PARENT = TableName("public", "c"), TableName("public", "p")


def facts(*types: str) -> TableFacts:
    columns = {f"c{number}": ColumnFacts(name=f"c{number}", type=type_, operator=("pg_catalog", "=")) for number, type_ in enumerate(types)}
    return TableFacts(table=CHILD, columns=columns)


def clean_up(*types: str, action: ChildAction = ChildAction.CASCADE, keys: tuple[tuple[str, ...], ...] = (("1",),)) -> CleanUp:
    columns = tuple(f"c{number}" for number in range(len(types)))
    cascade = Cascade(
        name="fk", child=CHILD, columns=columns, parent=PARENT, parent_columns=columns, on_delete=action, on_update=ChildAction.CASCADE
    )
    return CleanUp(cascade=cascade, facts=facts(*types), keys=keys)


@pytest.mark.parametrize(
    ("type_", "text", "held"),
    [
        ("integer", "7", "7"),
        ("integer", "7.00", "7"),
        ("integer", "7.5", None),
        ("integer", "NaN", None),
        ("integer", "Infinity", None),
        ("bigint", str(2**63), None),
        ("bigint", "1e3", "1000"),
        ("smallint", "abc", None),
        ("text", "7.5", "7.5"),
        ("numeric", "7.5", "7.5"),
    ],
)
def test_a_key_is_looked_for_where_a_column_could_hold_it(type_, text, held):
    assert holdable(facts(type_), ["c0"], (text,)) == (None if held is None else (held,))


@given(st.integers(-(2**70), 2**70))
def test_every_integer_that_fits_stays_itself(number):
    found = holdable(facts("bigint"), ["c0"], (str(number),))
    assert found == ((str(number),) if abs(number) < 2**63 else None)


def test_a_delete_by_one_column_is_looked_up_by_an_array():
    text = clean_up("integer", keys=(("1",), ("2",))).render_batch(Batch(limit=10)).as_string()
    assert """"c"."c0" OPERATOR("pg_catalog".=) ANY ('{1,2}'::bigint[])""" in text
    assert text.startswith('DELETE FROM ONLY "public"."c" AS c WHERE c.ctid = ANY')
    assert text.rstrip(")").endswith("LIMIT 10")


def test_pages_are_read_without_an_index_and_locked_rows_are_gone_around():
    pages = Batch(limit=10, between=(5, 9))
    assert "c.ctid >= '(5,0)'::tid AND c.ctid < '(9,0)'::tid" in clean_up("integer").render_batch(pages).as_string()
    around = clean_up("integer").render_batch(Batch(limit=10, skip_locked=True)).as_string()
    assert "FOR UPDATE SKIP LOCKED" in around


def test_what_a_statement_asks_for_never_goes_without_its_key():
    """A batch that lost its condition would take the rows of others."""
    for batch in (Batch(limit=1), Batch(limit=1, skip_locked=True), Batch(limit=1, between=(0, 1)), Batch(limit=1, partition="public.c_1")):
        for action in (ChildAction.CASCADE, ChildAction.SET_NULL, ChildAction.SET_DEFAULT):
            for types, keys in ((("integer",), (("1",),)), (("text", "uuid"), (("a", "b"),))):
                text = clean_up(*types, action=action, keys=keys).render_batch(batch).as_string()
                assert 'OPERATOR("pg_catalog".=)' in text
