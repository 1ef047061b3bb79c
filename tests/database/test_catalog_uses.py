"""What views, rules, policies, triggers, expressions and routines use, as the catalog knows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg
import pytest

from splitter.catalog import read_schema
from splitter.schema import Dependent, Holder, Routine, RoutineName, Schema, TableName

SCRIPT = """
CREATE EXTENSION pg_trgm;  -- its functions are nobody's here
CREATE SCHEMA "App.x";
CREATE TABLE "App.x"."a b""c" (id bigint PRIMARY KEY, name text);
CREATE TABLE t (id bigserial PRIMARY KEY, other bigint, name text, CHECK (name <> ''));
CREATE SEQUENCE numbers;
CREATE FUNCTION "App.x"."f(x)"(who "App.x"."a b""c") RETURNS text LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT (who).name; END;
CREATE FUNCTION f(bigint, VARIADIC text[]) RETURNS bigint LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT count(*) FROM t AS x, "App.x"."a b""c" AS y WHERE x.id = $1; END;
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT f(1, 'x'); END;
CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
CREATE PROCEDURE done(OUT n int) LANGUAGE plpgsql AS $$BEGIN n := 1; END$$;
ALTER TABLE t ADD d bigint DEFAULT f(), ADD CONSTRAINT c CHECK (f(id, '') > 0);
CREATE VIEW v AS SELECT f(id, ''), nextval('numbers') AS n FROM t;
CREATE VIEW plain AS SELECT similarity(name, 'x') FROM t;
CREATE RULE r AS ON UPDATE TO t DO ALSO DELETE FROM "App.x"."a b""c";
CREATE RULE own AS ON DELETE TO t DO ALSO UPDATE t SET name = name;
CREATE POLICY p ON t USING (EXISTS (SELECT FROM "App.x"."a b""c" AS o WHERE o.id = t.other));
CREATE POLICY own ON t USING (id > 0);
CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW WHEN (f(NEW.id, '') > 0) EXECUTE FUNCTION told();
CREATE INDEX i ON "App.x"."a b""c" ("App.x"."f(x)"("a b""c".*)) WHERE id > 0;
CREATE TABLE p (id bigint) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p DEFAULT;
CREATE TRIGGER g AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION told();
"""
A, T = TableName("App.x", 'a b"c'), TableName("public", "t")
F, F_ID, TOLD = RoutineName("public", "f"), RoutineName("public", "f", "bigint, text[]"), RoutineName("public", "told")
ROW = RoutineName("App.x", "f(x)", '"App.x"."a b""c"')


@pytest.fixture
def schema(make_database) -> Schema:
    with psycopg.connect(make_database(SCRIPT), autocommit=True) as conn:
        return read_schema(conn)


def test_parts_that_use_more_than_their_own_table(schema: Schema):
    def part(kind: Holder, name: str, table: TableName, **used: Iterable[Any]) -> Dependent:
        return Dependent(kind=kind, name=name, table=table, **{word: frozenset(names) for word, names in used.items()})

    assert set(schema.dependents) == {
        part(Holder.RULE, "r", T, reads={A}),
        part(Holder.POLICY, "p", T, reads={A}),
        part(Holder.TRIGGER, "g", T, calls={TOLD, F_ID}),
        part(Holder.TRIGGER, "g", TableName("public", "p"), calls={TOLD}),
        part(Holder.DEFAULT, "d", T, calls={F}),
        part(Holder.CHECK, "c", T, calls={F_ID}),
        part(Holder.INDEX, "i", A, calls={ROW}),
    }


def test_a_parsed_routine_is_known_by_what_it_uses_and_another_by_its_text(schema: Schema):
    assert {name: (each.reads, each.calls) for name, each in schema.routines.items() if each.body is None} == {
        ROW: (frozenset({A}), frozenset()),
        F_ID: (frozenset({A, T}), frozenset()),
        F: (frozenset(), frozenset({F_ID})),
    }
    assert schema.routines[TOLD] == Routine(name=TOLD, body="BEGIN RETURN NULL; END")
    assert {name.name for name in schema.routines} == {"f(x)", "f", "told", "done"}


def test_a_view_says_what_it_calls_and_a_sequence_is_no_table(schema: Schema):
    view, plain = (schema.views[TableName("public", name)] for name in ("v", "plain"))
    assert (view.reads, view.calls) == (frozenset({T}), frozenset({F_ID}))
    assert plain.reads == {T} and not plain.calls


def test_names_are_spelled_for_people(schema: Schema):
    assert str(ROW) == '"App.x".f(x)("App.x"."a b""c")' and str(F_ID) == "f(bigint, text[])"
    assert schema.fingerprint()
