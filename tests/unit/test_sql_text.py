"""What a text of SQL does, by PostgreSQL's own grammar."""

from __future__ import annotations

import pytest

from splitter.guard.sql_text import Statement, TableRef, UnreadableStatement, read_statement


def refs(*names: str) -> frozenset[TableRef]:
    return frozenset(TableRef(schema or None, name) for schema, _, name in (each.rpartition(".") for each in names))


READS = {
    "join": ("SELECT * FROM a JOIN s.b USING (id)", "a s.b"),
    "subquery": ("SELECT (SELECT max(id) FROM b) FROM a WHERE EXISTS (SELECT FROM c WHERE c.id IN (TABLE d))", "a b c d"),
    "lateral": ("SELECT FROM a, LATERAL (SELECT FROM b WHERE b.x = a.x) l LEFT JOIN c ON true", "a b c"),
    "set operation": ("SELECT 1 FROM a UNION ALL SELECT 1 FROM b EXCEPT (SELECT 1 FROM c ORDER BY (SELECT 1 FROM d))", "a b c d"),
    "quoted": ('SELECT FROM "We.ird"."Ta""b le", Plain', 'We.ird.Ta"b le plain'),
    "own name": ("WITH a AS (SELECT * FROM a) SELECT * FROM a", "a"),
    "name of WITH": ("WITH x AS (SELECT FROM a), y AS (SELECT FROM x, b) SELECT FROM x, y", "a b"),
    "with a schema it is a table": ("WITH x AS (SELECT 1) SELECT FROM s.x, x", "s.x"),
    "before its WITH": ("WITH y AS (SELECT FROM x), x AS (SELECT FROM a) SELECT FROM y, x", "x a"),
    "recursive": ("WITH RECURSIVE x AS (SELECT 1 FROM a UNION SELECT 1 FROM x, y), y AS (SELECT 1 FROM b) SELECT FROM x", "a b"),
    "inner WITH ends": ("SELECT FROM (WITH x AS (SELECT FROM a) SELECT FROM x) s, x", "a x"),
    "locking": ("SELECT FROM a l JOIN b ON true FOR UPDATE OF l", "a b"),
    "only": ("SELECT FROM ONLY a TABLESAMPLE system (10)", "a"),
    "in FROM": ("SELECT FROM ROWS FROM (f(1), g((SELECT 1 FROM a))) x, jsonb_to_recordset($1) y(i int)", "a"),
    "explain": ("EXPLAIN (FORMAT json, ANALYZE false) UPDATE a SET x = 1 FROM b", "a b"),
    "copy out": ("COPY a (x) TO STDOUT", "a"),
    "copy of a query": ("COPY (SELECT FROM a, b) TO '/tmp/x' CSV", "a b"),
    "cursor": ("DECLARE c CURSOR FOR SELECT FROM a", "a"),
    "values of pg_stat_statements": ("SELECT FROM a WHERE at > now() - INTERVAL $1 AND x IN ($2 /*, ... */) LIMIT $3", "a"),
    "parameters of a driver": ("SELECT FROM a WHERE x = %(x)s AND y LIKE '%%' AND z = %s", "a"),
    "parameters of psql": ("SELECT FROM a WHERE x = :x AND y = :'y' AND z[1:2] = $1", "a"),
    "nothing": ("SELECT 1 /* FROM a */ -- FROM b", ""),
    "several": ("SELECT FROM a; ; SELECT FROM b;", "a b"),
    "lock": ("LOCK TABLE a, s.b IN SHARE MODE", "a s.b"),
}
WRITES = {
    "insert": (
        "INSERT INTO a SELECT * FROM b ON CONFLICT (x) DO UPDATE SET y = (SELECT max(y) FROM c) RETURNING (SELECT 1 FROM d)",
        "a",
        "b c d",
    ),
    "update": ("UPDATE s.a SET x = 1 FROM b WHERE a.id = b.id", "s.a", "b"),
    "delete": ("DELETE FROM a USING b WHERE a.id = b.id", "a", "b"),
    "merge": ("MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)", "a", "b"),
    "writing WITH": ("WITH x AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM x", "a b", ""),
    "a target is no name of WITH": ("WITH a AS (SELECT FROM b) INSERT INTO a SELECT * FROM a", "a", "b"),
    "truncate": ("TRUNCATE a, s.b CASCADE", "a s.b", ""),
    "copy in": ("COPY a FROM STDIN", "a", ""),
    "select into": ("SELECT * INTO a FROM b", "a", "b"),
    "create as": ("CREATE TABLE a AS SELECT * FROM b", "a", "b"),
    "create": ("CREATE TABLE a (LIKE b, x int REFERENCES c) INHERITS (d)", "a", "b c d"),
    "partition": ("CREATE TABLE a PARTITION OF b FOR VALUES IN (1)", "a", "b"),
    "alter": ("ALTER TABLE a ADD FOREIGN KEY (x) REFERENCES b", "a", "b"),
    "attach": ("ALTER TABLE a ATTACH PARTITION b DEFAULT", "a", "b"),
    "index": ("CREATE INDEX CONCURRENTLY ON a (x) WHERE y", "a", ""),
    "view": ("CREATE VIEW v AS SELECT FROM a", "v", "a"),
    "refresh": ("REFRESH MATERIALIZED VIEW v", "v", "v"),
    "drop": ("DROP TABLE IF EXISTS a, s.b, db.s.c CASCADE", "a s.b s.c", ""),
    "drop trigger": ("DROP TRIGGER t ON s.a", "s.a", ""),
    "rule": ("CREATE RULE r AS ON INSERT TO a DO ALSO INSERT INTO b VALUES (1)", "a b", ""),
    "trigger": ("CREATE TRIGGER t AFTER UPDATE ON a FOR EACH ROW EXECUTE FUNCTION f()", "a", ""),
    "policy": ("CREATE POLICY p ON a USING (EXISTS (SELECT FROM b))", "a", "b"),
    "explain analyze": ("EXPLAIN (ANALYZE, BUFFERS) DELETE FROM a", "a", ""),
}


@pytest.mark.parametrize(("sql", "expected"), READS.values(), ids=READS)
def test_what_is_read(sql: str, expected: str):
    found = read_statement(sql)
    assert (found.reads, found.writes) == (refs(*_split(expected)), frozenset())


@pytest.mark.parametrize(("sql", "writes", "reads"), WRITES.values(), ids=WRITES)
def test_what_is_written(sql: str, writes: str, reads: str):
    found = read_statement(sql)
    assert (found.writes, found.reads) == (refs(*_split(writes)), refs(*_split(reads)))


def _split(names: str) -> list[str]:
    return ['We.ird.Ta"b le', "plain"] if "We.ird" in names else names.split()


def test_routines_are_named():
    found = read_statement("SELECT s.f(g(x)) FROM h(1); CALL p(2)")
    assert found.calls == refs("s.f", "g", "h", "p")


def test_a_routine_that_is_made_is_not_called():
    assert not read_statement("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM a'").calls


def test_temporary_tables_are_told():
    assert read_statement("CREATE TEMP TABLE a AS SELECT FROM b").temporary == refs("a")


@pytest.mark.parametrize(
    ("sql", "words"), [("BEGIN", ("begin",)), ("START TRANSACTION; COMMIT", ("start", "commit")), ("ROLLBACK TO s", ("rollback_to",))]
)
def test_transactions_are_told(sql: str, words: tuple[str, ...]):
    assert read_statement(sql).transactions == words


def test_a_search_path_is_told():
    assert read_statement("SET search_path TO app, \"We.ird\", public").search_path == ("app", "We.ird", "public")


@pytest.mark.parametrize("sql", ["RESET search_path", "SET search_path TO DEFAULT", "RESET ALL", "DISCARD ALL"])
def test_a_search_path_that_is_set_back_is_told(sql: str):
    assert read_statement(sql).search_path == ()


def test_prepared_statements_are_known_by_name():
    assert read_statement("PREPARE p AS DELETE FROM a").writes == refs("a")
    assert read_statement("EXECUTE p(1)").executes == {"p"}


UNREADABLE = {
    "no SQL": ("GET / HTTP/1.1", 'syntax error at or near "GET"'),
    "its end is missing": ("SELECT * FROM a WHERE x =", "syntax error at end of input: its end is missing"),
    "cut in a text": ("SELECT * FROM a WHERE x = 'ab", "unterminated quoted string: its end is missing"),
    "a value is not told": ("SELECT 1 FROM a WHERE x 4711", "syntax error"),
    "zero byte": ("SELECT 1 FROM a\0; DROP TABLE b", "it has a zero byte in it"),
    "half a letter": ("SELECT 1 FROM a WHERE x = '\udcff'", "it is no text that UTF-8 can spell"),
}


@pytest.mark.parametrize(("sql", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_not_harmless(sql: str, reason: str):
    with pytest.raises(UnreadableStatement) as caught:
        read_statement(sql)
    assert reason in caught.value.reason and "4711" not in caught.value.reason and "'ab" not in caught.value.reason


@pytest.mark.parametrize("sql", ["SELECT 1 FROM a WHERE " + "(" * 20_000 + "x" + ")" * 20_000, "SELECT " + "1 + " * 50_000 + "1 FROM a"])
def test_what_is_nested_too_deeply_is_refused(sql: str):
    with pytest.raises(UnreadableStatement):
        read_statement(sql)


def test_what_is_nested_deeply_is_read():
    assert read_statement("SELECT " + "1 + " * 150 + "1 FROM a WHERE " + "(" * 150 + "x" + ")" * 150).reads == refs("a")


def test_a_do_block_is_looked_into():
    found = read_statement(
        """DO $$
        DECLARE r record; n int := (SELECT count(*) FROM a);
        BEGIN
          FOR r IN SELECT * FROM b LOOP n := n + (SELECT 1 FROM c); END LOOP;
          IF EXISTS (SELECT FROM d) THEN UPDATE e SET x = f(n); END IF;
          EXECUTE 'DELETE FROM g';
          PERFORM h FROM i;
        EXCEPTION WHEN others THEN INSERT INTO j VALUES (1);
        END $$"""
    )
    assert found.reads == refs("a", "b", "c", "d", "i") and found.writes == refs("e", "g", "j")
    assert not found.unseen and found.calls >= refs("f")


def test_what_a_do_block_puts_together_is_named():
    found = read_statement("DO $$ BEGIN EXECUTE format('DROP TABLE %I', (SELECT name FROM a)); END $$")
    assert found.reads == refs("a") and found.unseen == ("EXECUTE format('DROP TABLE %I', (SELECT name FROM a))",)


def test_a_do_block_in_another_language_is_named():
    assert read_statement("DO LANGUAGE plpython3u 'plpy.execute(x)'").unseen == ("a DO block in plpython3u",)


def test_statements_join():
    both = read_statement("SELECT FROM a") | read_statement("DELETE FROM b")
    assert both == Statement(verbs=("select", "delete"), reads=refs("a"), writes=refs("b"))
