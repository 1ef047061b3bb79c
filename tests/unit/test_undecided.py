"""What silos.toml calls undecided is told until somebody decides."""

from __future__ import annotations

import pytest

from splitter.errors import ConfigError
from splitter.silos_check import validate_silos
from splitter.silos_file import parse_silos
from splitter.undecided import find_undecided
from tests.drawn_schemas import draw

HEAD = '[organization]\ntable = "organization"\n'
TABLE = '[[undecided]]\ntable = "ticker"\nevidence = "run refers to it"\nchoices = ["share it", "leave it"]\n'
PLACE = '[[undecided]]\nfrom = "run.ticker_id"\ncandidates = ["ticker.id"]\nevidence = "3 of 4 exist"\n'


def told(text: str) -> list[tuple[str, str, str, str]]:
    return [(each.code, each.object, each.found, each.remedy) for each in find_undecided(parse_silos(HEAD + text))]


def test_a_table_is_told_with_its_evidence_and_choices():
    assert told(TABLE) == [
        ("undecided", "ticker", "run refers to it", "share it; or leave it; then remove the entry in [[undecided]]"),
    ]


def test_a_place_is_told_with_what_it_may_hold():
    ((code, object_, found, remedy),) = told(PLACE)
    assert (code, object_, found) == ("undecided", "run.ticker_id", "may hold ticker.id: 3 of 4 exist")
    assert "[[references]]" in remedy and 'code = "undecided"' in remedy


def test_a_place_in_a_document_is_spelled_with_its_path():
    assert told(PLACE + 'path = "$.a[*].ticker_id"\n')[0][1] == "run.ticker_id $.a[*].ticker_id"


@pytest.mark.parametrize(
    "decision",
    [
        '[control]\ntables = ["tick*"]\n',
        '[tables.ticker]\nexport = "none"\nwhy = "processes"\n',
        '[tables.ticker]\nshared_where = "x IS NULL"\nmatch = [["x"]]\n',
    ],
)
def test_a_table_that_is_decided_all_the_same_is_told_as_such(decision: str):
    ((_, _, found, remedy),) = told(TABLE + decision)
    assert found.startswith("is decided") and remedy == "remove the entry in [[undecided]]"


def test_so_is_a_place_that_is_declared():
    assert told(PLACE + '[[references]]\nfrom = "run.ticker_id"\nto = "ticker.id"\n')[0][2].startswith("is decided")


def test_rules_that_decide_nothing_leave_it_open():
    assert told(TABLE + '[tables.ticker]\nids = ["n"]\n')[0][2] == "run refers to it"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[[undecided]]\nevidence = "x"\n', "wrong-value"),
        ('[[undecided]]\ntable = "a"\nfrom = "a.b"\nevidence = "x"\n', "wrong-value"),
        ('[[undecided]]\ntable = "a"\n', "missing-key"),
        ('[[undecided]]\ntable = "a"\nevidence = "x"\nwhat = 1\n', "unknown-key"),
        ('[[undecided]]\nfrom = "a.b"\nevidence = "x"\ncandidates = "c.d"\n', "wrong-value"),
        (TABLE + TABLE, "duplicate"),
    ],
)
def test_wrong_entries_are_mistakes_of_the_file(text: str, code: str):
    with pytest.raises(ConfigError) as caught:
        parse_silos(HEAD + text)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_what_it_is_about_must_be_there_and_its_guesses_need_not():
    schema = draw("organization: id bigint pk", "run: id bigint pk, ticker_id bigint")
    silos = parse_silos(HEAD + TABLE + PLACE + '[[undecided]]\nfrom = "run.nothing"\nevidence = "x"\n')
    assert [problem.code for problem in validate_silos(silos, {"x": schema})] == ["unknown-table", "unknown-column"]
