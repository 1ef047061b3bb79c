"""Bodies in PL/pgSQL: what they read, write, and put together."""

from __future__ import annotations

import pytest

from splitter.guard.plpgsql_text import read_plpgsql
from splitter.guard.statements import TableRef, UnreadableStatement

READ = {
    "declarations": ("DECLARE r users%ROWTYPE; s app.task%rowtype; n int := (SELECT 1 FROM a); BEGIN END", "a app.task users", ""),
    "cursors": ("DECLARE c CURSOR FOR SELECT 1 FROM a; BEGIN OPEN c; FETCH c INTO x; CLOSE c; END", "a", ""),
    "loops": ("BEGIN FOR x IN SELECT 1 FROM a LOOP WHILE (SELECT true FROM b) LOOP EXIT WHEN x = 1; END LOOP; END LOOP; END", "a b", ""),
    "assignments": ("BEGIN x := (SELECT 1 FROM a WHERE 1 >= 0); x = y + (SELECT 1 FROM b); END", "a b", ""),
    "cases": ("BEGIN CASE x WHEN (SELECT 1 FROM a) THEN DELETE FROM b; ELSE PERFORM 1 FROM c; END CASE; END", "a c", "b"),
    "results": ("BEGIN RETURN QUERY SELECT 1 FROM a; RETURN QUERY EXECUTE 'SELECT 1 FROM b'; END", "a b", ""),
    "errors": ("BEGIN RAISE NOTICE '%', (SELECT 1 FROM a); EXCEPTION WHEN others THEN INSERT INTO b VALUES (1); END", "a", "b"),
    "a constant that is run": ("BEGIN EXECUTE 'UPDATE a SET x = $1' USING (SELECT 1 FROM b); END", "b", "a"),
    "names of WITH": ("BEGIN WITH a AS (SELECT 1 FROM b) INSERT INTO c SELECT * FROM a; END", "b", "c"),
}


@pytest.mark.parametrize(("body", "reads", "writes"), READ.values(), ids=READ)
def test_every_statement_and_expression_is_read(body: str, reads: str, writes: str):
    found = read_plpgsql(f"CREATE FUNCTION f(x int, y int) RETURNS SETOF int LANGUAGE plpgsql AS $f$ {body} $f$")
    assert (found.reads, found.writes, found.unseen) == (refs(reads), refs(writes), ())


def refs(names: str) -> frozenset[TableRef]:
    return frozenset(TableRef(schema or None, name) for schema, _, name in (each.rpartition(".") for each in names.split()))


def test_what_is_put_together_is_named():
    found = read_plpgsql(
        "CREATE PROCEDURE f(x text) LANGUAGE plpgsql AS 'BEGIN EXECUTE x || (SELECT 1 FROM a); FOR x IN EXECUTE x LOOP END LOOP; END'"
    )
    assert sorted(found.unseen) == ["EXECUTE x", "EXECUTE x || (SELECT 1 FROM a)"] and found.reads == refs("a")


NONE = {
    "no body": "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql",
    "a parsed body": "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
    "two of them": "DO $$ BEGIN END $$; DO $$ BEGIN END $$",
    "no function": "SELECT 1",
    "no PL/pgSQL": "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'SELECT 1'",
    "a constant that is no SQL": "DO $$ BEGIN EXECUTE 'DELETE a'; END $$",
    "cut": "DO $$ BEGIN DELETE FROM a",
}


@pytest.mark.parametrize("definition", NONE.values(), ids=NONE)
def test_what_is_no_body_is_refused(definition: str):
    with pytest.raises(UnreadableStatement):
        read_plpgsql(definition)
