"""What is written as silos.toml is read back as it was, whatever the names are."""

from __future__ import annotations

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from splitter.json_path import EveryItem, EveryMember, Item, Member
from splitter.schema import TableName
from splitter.silos import Export, SoftReference, SoftTarget, TableRules, Undecided, matches
from splitter.silos_file import parse_silos
from splitter.silos_text import (
    render_array,
    render_comment,
    render_reference,
    render_rules,
    render_section,
    render_undecided,
    spell_name,
    spell_pattern,
    spell_value,
)
from tests.random_schemas.names import HOSTILE

LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
TEXTS = st.text(LETTERS, min_size=1, max_size=20)
NAMES = st.one_of(st.sampled_from(HOSTILE), TEXTS).filter(lambda name: bool(name.strip()))
TABLES = st.builds(TableName, st.sampled_from(["public", "other", 'we.ird"']), NAMES)
STEPS = st.one_of(st.builds(Member, TEXTS), st.builds(Item, st.integers(0, 99)), st.just(EveryItem()), st.just(EveryMember()))
FEW = settings(max_examples=20)
HEAD = '[organization]\ntable = "organization"\n'


def joined(lines: list[str]) -> str:
    return HEAD + "\n".join(lines) + "\n"


@FEW
@given(
    st.recursive(
        st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(LETTERS)),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(LETTERS), inner),
    )
)
def test_values_come_back(value):
    assert tomllib.loads(f"x = {spell_value(value)}") == {"x": value}


@FEW
@given(st.text(LETTERS))
def test_keys_come_back(name: str):
    assert tomllib.loads(f"{spell_name(name)} = 1") == {name: 1}


@FEW
@given(st.text(LETTERS))
def test_comments_are_comments(text: str):
    assert tomllib.loads("\n".join(render_comment(text))) == {}


@FEW
@given(TABLES, st.lists(TABLES))
def test_a_pattern_matches_its_table_alone(table: TableName, others: list[TableName]):
    assert matches(spell_pattern(table), table)
    assert not any(matches(spell_pattern(table), other) for other in others if other != table)


@FEW
@given(TABLES, st.lists(NAMES, min_size=1, max_size=3, unique=True), st.data())
def test_references_come_back(table: TableName, columns: list[str], data):
    target = SoftTarget(table=data.draw(TABLES), columns=tuple(f"k{number}" for number in range(len(columns))))
    made = SoftReference(table=table, columns=tuple(columns), targets=(target,), none_values=(0, "x"), on_move="null", dangling="refuse")
    assert parse_silos(joined(render_reference(made))).references == (made,)


@FEW
@given(TABLES, NAMES, st.lists(TEXTS, min_size=1, max_size=3, unique=True), st.data())
def test_polymorphic_and_inner_ones_come_back(table: TableName, column: str, labels: list[str], data):
    targets = tuple(SoftTarget(table=data.draw(TABLES), columns=("id",), label=label) for label in labels)
    path = tuple(data.draw(st.lists(STEPS, max_size=4)))
    beside = SoftReference(table=table, columns=(column,), targets=targets, type_column=column + "_type")
    plain = SoftReference(
        table=table, columns=(column + "_keys",), targets=(SoftTarget(table=table, columns=("id",)),), json=True, keys=True
    )
    inner = SoftReference(
        table=table,
        columns=(column + "_doc",),
        targets=targets,
        json=True,
        path=(*path, Member("id")),
        type_path=(*path, Member("type")),
    )
    lines = [line for each in (beside, plain, inner) for line in render_reference(each)]
    assert parse_silos(joined(lines)).references == (beside, plain, inner)


@FEW
@given(TABLES, NAMES, TEXTS.filter(lambda text: bool(text.strip())))
def test_rules_come_back(table: TableName, column: str, why: str):
    shared = TableRules(table=table, export=Export.SHARED, match=((column,), (column, "other" + column)))
    assert parse_silos(joined(render_rules(shared))).tables == {table: shared}
    left = TableRules(table=table, export=Export.NONE, why=why)
    assert parse_silos(joined(render_rules(left))).tables == {table: left}


@FEW
@given(TABLES, NAMES, TEXTS.filter(lambda text: bool(text.strip())), st.data())
def test_what_is_undecided_comes_back(table: TableName, column: str, why: str, data):
    of_table = Undecided(table=table, evidence=why, choices=(why, "other"))
    plain = SoftTarget(table=data.draw(TABLES), columns=("a", "b"))
    labelled = SoftTarget(table=data.draw(TABLES), columns=("id",), label=why)
    of_place = Undecided(
        table=table,
        columns=(column, "x" + column),
        type_column="t",
        json=True,
        path=(Member(why),),
        targets=(plain, labelled),
        evidence=why,
    )
    assert parse_silos(joined([*render_undecided(of_table), *render_undecided(of_place)])).undecided == (of_table, of_place)


@FEW
@given(st.lists(st.tuples(TEXTS, TEXTS)))
def test_lists_with_reasons_are_lists(items: list[tuple[str, str]]):
    text = "\n".join(["[control]", *render_array("tables", items)])
    assert tomllib.loads(text)["control"]["tables"] == [item for item, _ in items]


def test_long_comments_are_wrapped():
    assert all(len(line) <= 140 for line in render_comment("word " * 200)) and len(render_comment("word " * 200)) > 5


def test_what_is_at_its_default_is_left_out():
    assert render_section("[x]", {"a": None, "b": False, "c": 0}) == ["[x]", "b = false", "c = 0"]
    made = SoftReference(table=TableName("public", "a"), columns=("b",), targets=(SoftTarget(table=TableName("x", "c"), columns=("id",)),))
    assert render_reference(made) == ["[[references]]", 'from = "a.b"', 'to = "x.c.id"']
