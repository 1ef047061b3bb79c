"""A file of SQL as its statements."""

from __future__ import annotations

import pytest

from splitter.guard.sql_files import split_statements

CASES = {
    "two": ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
    "quotes": ("""SELECT ';', "a;b", E'\\';' ; SELECT 'it''s;'""", ["""SELECT ';', "a;b", E'\\';'""", "SELECT 'it''s;'"]),
    "a name before a quote is no escape": ("SELECT date'\\' ; SELECT 2", ["SELECT date'\\'", "SELECT 2"]),
    "dollars": ("DO $a$ x; $b$ ; $a$; SELECT a$b$c; SELECT $1", ["DO $a$ x; $b$ ; $a$", "SELECT a$b$c", "SELECT $1"]),
    "comments": ("-- a; b\n/* c; /* d; */ e; */ SELECT 1 -- f;\n, 2; ", ["SELECT 1 -- f;\n, 2"]),
    "only comments": ("-- nothing\n/* at all */ ;;", []),
    "psql": ("\\set x 1\nSELECT 1;\n\\c other\nSELECT 2;", ["SELECT 1", "SELECT 2"]),
    "data": ("COPY a FROM stdin;\n1;\t2\n'\n\\.\nSELECT 1;", ["COPY a FROM stdin", "SELECT 1"]),
    "atomic": (
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 3",
        ["CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END", "SELECT 3"],
    ),
    "cut": ("SELECT 1; SELECT 'a; b", ["SELECT 1", "SELECT 'a; b"]),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_statements_end_at_their_own_semicolons(text: str, expected: list[str]):
    assert list(split_statements(text)) == expected
