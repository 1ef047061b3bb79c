"""Which texts are the same statement."""

from __future__ import annotations

import pytest

from splitter.guard.statement_ids import mask, statement_id, text_id

SAME = {
    "constants": ("SELECT * FROM a WHERE x = 1 AND y = 'it''s'", "SELECT * FROM a WHERE x = $1 AND y = $2"),
    "lists": ("SELECT 1 FROM a WHERE x IN (1, 2, 3)", "SELECT $1 FROM a WHERE x IN ($2 /*, ... */)"),
    "rows": ("INSERT INTO a VALUES (1, 2), (3, 4), (5, 6)", "INSERT INTO a VALUES ($1,\t$2)"),
    "spaces": ("SELECT *\n  FROM a;", "SELECT * FROM a"),
    "comments": ("/* request 1 */ SELECT * FROM a -- /* 2", "SELECT * FROM a /* request 2 */"),
    "no SQL": ("SELEKT 1, 'a'", "SELEKT 2, 'b'"),
}
OTHER = {
    "digits of names": ("SELECT * FROM order_1", "SELECT * FROM order_2"),
    "schema": ("SELECT * FROM s.a", "SELECT * FROM t.a"),
    "spaces in names": ('SELECT * FROM "a  b"', 'SELECT * FROM "a b"'),
    "comment in a name": ('SELECT * FROM "a/* 1 */"', 'SELECT * FROM "a/* 2 */"'),
    "case of names": ('SELECT * FROM "A"', 'SELECT * FROM "a"'),
    "no SQL": ("SELEKT a", "SELEKT b"),
}


@pytest.mark.parametrize(("first", "second"), SAME.values(), ids=SAME)
def test_constants_spaces_and_comments_make_no_other_statement(first: str, second: str):
    assert statement_id(first) == statement_id(second)


@pytest.mark.parametrize(("first", "second"), OTHER.values(), ids=OTHER)
def test_names_do(first: str, second: str):
    assert statement_id(first) != statement_id(second)


def test_constants_do_where_they_decide():
    assert text_id("SET search_path = 'a'") != text_id("SET search_path = 'b'")


MASKED = (
    "SELECT * FROM a WHERE y = 'secret' AND z = 4711",
    "SELEKT 'secret', 4711, 'secr",
    "ALTER ROLE x PASSWORD 'secret'",
    "CREATE TABLE a AS SELECT 'secret', -4711",
    "EXECUTE p(E'se\\'cret', U&'secret', 4711.5e1)",
    "COPY a FROM PROGRAM 'secret'",
    "DO $$ BEGIN PERFORM f('secret', 4711); END $$",
    "SELECT $x$secret$x$ FROM (",
)


@pytest.mark.parametrize("sql", MASKED)
def test_values_are_masked(sql: str):
    assert "secr" not in mask(sql) and "cret" not in mask(sql) and "4711" not in mask(sql)


def test_names_are_not_masked():
    assert mask('SELECT t1.c2 FROM t1, "2", "it\'s 5" WHERE c3 = 3') == 'SELECT t1.c2 FROM t1, "2", "it\'s 5" WHERE c3 = $1'
