"""Casts that PostgreSQL put into an expression are told from those that somebody wrote."""

from __future__ import annotations

import pytest

from splitter.domain_texts import Widened, rename_types, without_casts
from splitter.schema import TableName

VAR = "{VAR :varno 1 :varattno 1 :vartype 16390 :vartypmod -1 :varcollid 0 :location -1}"
NAMED = f"{{COERCETODOMAIN :arg {VAR} :resulttype 16390 :resulttypmod -1 :resultcollid 0 :coercionformat 1 :location -1}}"
WIDENED = Widened(domains=frozenset({TableName("we.ird", 'd"o')}), types=frozenset({16390}), columns=frozenset({"id"}))


def relabel(arg: str = VAR, form: int = 2) -> str:
    return f"{{RELABELTYPE :arg {arg} :resulttype 23 :resulttypmod -1 :resultcollid 0 :relabelformat {form} :location -1}}"


PARSED = f"{{COERCEVIAIO :arg {VAR} :resulttype 23 :resultcollid 0 :coerceformat 1 :location -1}}"
CASES = {
    "a column": (relabel(), "((id)::integer > 5)", "((id) > 5)"),
    "of a table": (relabel() + relabel(), '((t.id)::integer > ("we ird".id)::integer)', '((t.id) > ("we ird".id))'),
    "without parentheses": (relabel(), "(id::integer + 1)", "(id + 1)"),
    "what is cast to the domain": (relabel(NAMED), '((5)::"we.ird"."d""o")::integer', '((5)::"we.ird"."d""o")'),
    "in a string": (relabel(), "((id)::integer > 5) AND n <> '(id)::integer'", "((id) > 5) AND n <> '(id)::integer'"),
    "beside somebody's of another column": (relabel() + PARSED, "(id)::integer = (n)::integer", "(id) = (n)::integer"),
    "beside another domain's": (relabel() + relabel(VAR.replace("16390", "16399")), "(id)::integer = (n)::integer", "(id) = (n)::integer"),
    "somebody's of another column": (PARSED, "(n)::integer", "(n)::integer"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_server_put_in_is_taken_out(case: str) -> None:
    tree, text, plain = CASES[case]
    assert without_casts((text,), tree, WIDENED) == (plain,)


UNCLEAR = {
    "somebody's own": (relabel(form=1), "((id)::integer > 5)"),
    "of an expression": (relabel("{COALESCEEXPR :args " + VAR + "}"), "(COALESCE(id, id))::integer"),
    "not in the text": (relabel() + relabel(), "((id)::integer > 5)"),
    "under another name": (relabel(), "((other)::integer > 5)"),
}


@pytest.mark.parametrize("case", UNCLEAR)
def test_what_cannot_be_told_apart_is_left_alone(case: str) -> None:
    tree, text = UNCLEAR[case]
    assert without_casts((text,), tree, WIDENED) is None


def test_types_get_other_names_and_functions_and_strings_keep_theirs() -> None:
    text = """x > ((5)::a.d)::bigint AND a.d(1) = 'x::a.d' AND ((1)::"a"."d") = (2)::b.d"""
    expected = """x > ((5)::a."new")::bigint AND a.d(1) = 'x::a.d' AND ((1)::"a"."new") = (2)::b.d"""
    assert rename_types(text, {TableName("a", "d"): "new"}) == expected
