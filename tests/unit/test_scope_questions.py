"""What silos.toml leaves undecided about an exported table stops an export."""

from __future__ import annotations

import pytest

from exports.scope import plan_scope
from splitter.graph import build_graph
from splitter.silos_file import parse_silos
from tests.drawn_schemas import draw

SCHEMA = draw("organization: id bigint pk", "run: id bigint pk, org_id bigint -> organization, ticker_id bigint", "ticker: id bigint pk")
HEAD = '[organization]\ntable = "organization"\n[tables.ticker]\nexport = "none"\nwhy = "kept"\n'
QUESTION = '[[undecided]]\nfrom = "{}.{}"\ncandidates = ["ticker.id"]\nevidence = "3 of 4 exist"\n'


def problems(text: str) -> list[tuple[str, str]]:
    silos = parse_silos(HEAD + text)
    return [(each.code, each.object) for each in plan_scope(SCHEMA, silos, build_graph(SCHEMA, silos)).problems]


def test_an_open_question_about_an_id_of_an_exported_table_stops_an_export():
    assert problems(QUESTION.format("run", "ticker_id")) == [("undecided", "run.ticker_id")]


@pytest.mark.parametrize(
    "text",
    [
        QUESTION.format("ticker", "id"),
        QUESTION.format("run", "ticker_id") + '[[accept]]\ncode = "undecided"\nobject = "run.ticker_id"\nwhy = "an issue number"\n',
        QUESTION.format("run", "ticker_id") + '[[references]]\nfrom = "run.ticker_id"\nto = "ticker.id"\n',
    ],
    ids=["a table that stays", "accepted", "answered"],
)
def test_what_is_answered_or_stays_stops_nothing(text):
    assert problems(text) == []
