"""What a server counted and logged of an application -> which of it needs both silos."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from splitter.errors import UsageError
from splitter.events import Event, Warned
from splitter.findings_kinds import QUERY_CROSSES, TRANSACTION_CROSSES, UNREAD_QUERY, Finding
from splitter.guard.queries import Asked, Report, look_at_queries
from splitter.silos_file import parse_silos
from tests.watched import CONFIG, Watched, watched


@pytest.fixture(scope="module", params=(15, 18), ids=lambda major: f"pg{major}")
def site(request: pytest.FixtureRequest) -> Iterator[Watched]:
    with watched(request.param) as made:
        yield made


@pytest.fixture
def fresh(site: Watched) -> Watched:
    """Nothing is counted yet."""
    site.run("SELECT pg_stat_statements_reset()")
    return site


def counted(site: Watched, **options: object) -> Report:
    return look_at_queries(site.silos, replace(Asked(url=site.url), **options))  # type: ignore[arg-type]


def said(report: Report, code: str = QUERY_CROSSES) -> list[Finding]:
    return [finding for finding in report.findings if finding.code == code]


def tables(report: Report, code: str = QUERY_CROSSES) -> list[list[str]]:
    return [sorted(map(str, finding.tables)) for finding in said(report, code)]


CROSSING = {
    "join": ("SELECT p.name, u.email FROM project p JOIN users u ON u.id = p.owner_id", ["project", "users"]),
    "view": ("SELECT * FROM owned", ["project", "users"]),
    "function": ("SELECT name, greet(owner_id) FROM project", ["project", "users"]),
    "function of a function": ("SELECT app.sweep()", ["app.task", "users"]),
    "parsed function": ("SELECT name, parsed() FROM names", ["project", "users"]),
    "write": ("UPDATE project SET owner_id = (SELECT min(id) FROM users)", ["project", "users"]),
    "partition": ('SELECT FROM app.task_1 t, "We.ird" w WHERE w.id = t.id', ['"We.ird"', "app.task"]),
}


@pytest.mark.parametrize(("sql", "names"), CROSSING.values(), ids=CROSSING)
def test_a_statement_that_needs_both_silos_is_found_with_its_count(fresh: Watched, sql: str, names: list[str]):
    fresh.run(sql, sql, "SELECT FROM project WHERE name = 'x'", "SELECT FROM users")
    report = counted(fresh)
    assert tables(report) == [names]
    assert "2 times" in said(report)[0].found and not said(report, UNREAD_QUERY)


def test_a_view_that_is_defined_is_not_written_to(fresh: Watched, tmp_path: Path):
    kept = "CREATE MATERIALIZED VIEW kept AS SELECT * FROM owned"
    fresh.run(kept)
    change = "CREATE OR REPLACE VIEW names AS SELECT id, name FROM project; ALTER VIEW owned OWNER TO postgres; DROP VIEW owned;"
    (tmp_path / "x.sql").write_text(f"BEGIN; {change} COMMIT; REFRESH MATERIALIZED VIEW kept; INSERT INTO owned VALUES (1); {kept};")
    report = counted(fresh, files=(tmp_path / "x.sql",))
    fresh.run("DROP MATERIALIZED VIEW kept")
    told = sorted((finding.object.partition(" ")[0], finding.found.partition(":")[0]) for finding in report.findings)
    assert told == [("createtableas", "reads both silos"), ("insert", "writes in both silos"), ("refreshmatview", "reads both silos")]


def test_a_name_of_with_is_no_table(fresh: Watched):
    fresh.run("WITH users AS (SELECT 1 AS id) SELECT FROM project JOIN users ON true")
    assert not tables(counted(fresh))


def test_what_a_role_finds_on_its_own_path_counts(fresh: Watched):
    fresh.run("DROP ROLE IF EXISTS worker", "CREATE ROLE worker SUPERUSER LOGIN", "ALTER ROLE worker SET search_path = app, public")
    with psycopg.connect(fresh.url.replace("postgres@", "worker@"), autocommit=True) as conn:
        conn.execute("SELECT FROM task, users")
    assert ["app.task", "users"] in tables(counted(fresh))


def test_what_several_roles_run_is_one_statement(fresh: Watched):
    for role in ("one", "two"):
        fresh.run(f"DROP ROLE IF EXISTS {role}", f"CREATE ROLE {role} SUPERUSER LOGIN")
        with psycopg.connect(fresh.url.replace("postgres@", f"{role}@"), autocommit=True) as conn:
            conn.execute("SELECT FROM owned")
    (found,) = said(counted(fresh))
    assert "2 times" in found.found


def test_what_cannot_be_told_is_named(fresh: Watched):
    fresh.run("SELECT anywhere('users')", "SELECT FROM ts_stat('SELECT to_tsvector(email) FROM users')")
    found = sorted(finding.found for finding in said(counted(fresh), UNREAD_QUERY))
    assert "routine anywhere(text): EXECUTE 'ANALYZE ' || what" in found[0] and "what ts_stat() is given to run" in found[1]


def test_temporary_tables_are_no_unknown_ones(fresh: Watched):
    fresh.run("CREATE TEMP TABLE wanted AS SELECT id FROM project", "SELECT FROM wanted JOIN project USING (id)", "DROP TABLE wanted")
    assert not counted(fresh).findings


def test_values_are_not_shown(fresh: Watched, tmp_path: Path):
    (tmp_path / "x.sql").write_text("SELECT FROM project, users WHERE email = 'secret@example.org'; SELECT 'secret@")
    report = counted(fresh, files=(tmp_path / "x.sql",))
    assert len(report.findings) == 2 and "secret" not in str([(each, each.value()) for each in report.findings])


def test_an_accepted_statement_is_silent(fresh: Watched):
    fresh.run("SELECT * FROM owned")
    (finding,) = said(counted(fresh))
    accept = f'[[accept]]\ncode = "{finding.code}"\nobject = "{finding.object}"\nwhy = "a report, until the split"\n'
    silos = parse_silos(CONFIG + accept, {"DATABASE_URL": fresh.url})
    report = look_at_queries(silos, Asked(url=fresh.url))
    assert not said(report) and sum(each.crosses for each in report.queries) == 1


def test_all_databases_of_the_file_are_asked_where_none_is_given(fresh: Watched):
    fresh.run("SELECT * FROM owned")
    report = look_at_queries(fresh.silos, Asked())
    assert tables(report) == [["project", "users"]] and "in main" in said(report)[0].found


@pytest.mark.parametrize("suffix", ["csv", "json", "log"])
def test_a_transaction_that_writes_in_both_silos_is_found_in_a_log(fresh: Watched, tmp_path: Path, suffix: str):
    log = _logged(fresh, tmp_path, suffix)
    report = counted(fresh, logs=(log,))
    assert tables(report, TRANSACTION_CROSSES) == [["project", "users"]]
    found = said(report, TRANSACTION_CROSSES)[0].found
    assert "2 times" in found and "update" in found and "insert" in found


@pytest.mark.parametrize("suffix", ["csv", "json", "log"])
def test_a_log_tells_statements_with_their_values_as_one(fresh: Watched, tmp_path: Path, suffix: str):
    (found,) = said(counted(fresh, logs=(_logged(fresh, tmp_path, suffix),)))
    assert "4 times" in found.found and "reads both silos" in found.found


def _logged(site: Watched, folder: Path, suffix: str) -> Path:
    """What the server writes of these, and nothing from before."""
    begin = site.log(suffix).stat().st_size if site.log(suffix).exists() else 0
    for number in range(2):
        insert = f"INSERT INTO users VALUES ({number} + 9000) ON CONFLICT DO NOTHING"
        site.run(f"UPDATE project SET name = '{number}'", "SELECT 1", insert, autocommit=False)
        site.run(f"UPDATE project SET name = '{number}'", f"UPDATE users SET email = '{number}'")
        site.run(f"SELECT 'a\nb' FROM owned WHERE id = {number}", f"SELECT 'c' FROM owned WHERE id = {number + 5}")
    site.run("SELECT 'the end of these'")
    until = time.monotonic() + 10
    while True:
        text = site.log(suffix).read_bytes()[begin:]
        if b"the end of these" in text:
            break
        assert time.monotonic() < until
        time.sleep(0.02)
    log = folder / f"server.{suffix}"
    log.write_bytes(text)
    return log


def test_a_file_of_sql_has_transactions_too(fresh: Watched, tmp_path: Path):
    both = "BEGIN; UPDATE project SET name = ''; UPDATE users SET email = ''; COMMIT;"
    (tmp_path / "x.sql").write_text(f"{both} BEGIN; DELETE FROM app.task; COMMIT; DELETE FROM users;")
    report = counted(fresh, files=(tmp_path / "x.sql",))
    assert tables(report, TRANSACTION_CROSSES) == [["project", "users"]] and not tables(report) and report.transactions == 1


def test_a_search_path_that_a_session_sets_counts(fresh: Watched, tmp_path: Path):
    (tmp_path / "x.sql").write_text("SET search_path = app; SELECT FROM task, public.users;")
    assert tables(counted(fresh, files=(tmp_path / "x.sql",))) == [["app.task", "users"]]


def test_a_search_path_that_is_set_back_counts_no_more(fresh: Watched, tmp_path: Path):
    fresh.run("DROP TABLE IF EXISTS app.users", "CREATE TABLE app.users ()")
    text = "SET search_path = app; SELECT FROM public.project, users; RESET search_path; SELECT FROM project p, users;"
    (tmp_path / "x.sql").write_text(text)
    assert tables(counted(fresh, files=(tmp_path / "x.sql",))) == [["project", "users"]]
    fresh.run("DROP TABLE app.users")


def test_a_prepared_statement_is_known_where_its_prepare_was_seen(fresh: Watched, tmp_path: Path):
    (tmp_path / "x.sql").write_text("PREPARE p AS SELECT FROM project; EXECUTE p; EXECUTE q;")
    (found,) = counted(fresh, files=(tmp_path / "x.sql",)).findings
    assert found.code == UNREAD_QUERY and "EXECUTE q, whose PREPARE was not seen" in found.found


UNREAD = {
    "cut": ("SELECT name FROM project WHERE name = 'ab", "its end is missing"),
    "no SQL": ("SHOW ME EVERYTHING", "syntax error"),
    "unknown table": ("SELECT FROM projekt, users", "projekt, which is no table or view of the database"),
    "foreign schema": ("SELECT FROM nowhere.project", "nowhere.project, which is no table or view of the database"),
}


@pytest.mark.parametrize(("text", "why"), UNREAD.values(), ids=UNREAD)
def test_what_cannot_be_read_is_told_and_not_taken_for_harmless(fresh: Watched, tmp_path: Path, text: str, why: str):
    (tmp_path / "x.sql").write_text(f"SELECT 1; {text}")
    (found,) = counted(fresh, files=(tmp_path / "x.sql",)).findings
    assert found.code == UNREAD_QUERY and why in found.found and found.remedy


def test_what_fills_the_room_of_pg_stat_activity_may_be_cut(fresh: Watched, tmp_path: Path):
    (tmp_path / "x.sql").write_text(f"SELECT name FROM project WHERE name IN ($1{', $1' * 245});")
    assert len((tmp_path / "x.sql").read_text()) == 1024
    (found,) = counted(fresh, files=(tmp_path / "x.sql",)).findings
    assert found.code == UNREAD_QUERY and "track_activity_query_size" in found.found


def test_statements_that_a_role_may_not_see_are_told(fresh: Watched):
    fresh.run("DROP ROLE IF EXISTS guest", "CREATE ROLE guest LOGIN", "SELECT * FROM owned")
    report = look_at_queries(fresh.silos, Asked(url=fresh.url.replace("postgres@", "guest@")))
    (found,) = report.findings
    assert found.code == UNREAD_QUERY and "GRANT pg_read_all_stats" in found.found


def test_without_the_extension_the_way_to_it_is_told(site: Watched):
    with pytest.raises(UsageError) as caught:
        look_at_queries(parse_silos(CONFIG, {}), Asked(url=site.cluster.url("template1")))
    assert "has no pg_stat_statements" in caught.value.message and "shared_preload_libraries" in caught.value.hint


@pytest.mark.postgres(15)
def test_an_extension_that_is_not_loaded_is_told(make_database):
    url = make_database("CREATE EXTENSION pg_stat_statements")
    with pytest.raises(UsageError) as caught:
        look_at_queries(parse_silos(CONFIG, {}), Asked(url=url))
    assert "not loaded" in caught.value.message


def test_what_was_thrown_out_is_told(fresh: Watched):
    fresh.run(*(f"SELECT 1{', 1' * number}" for number in range(210)))
    told: list[Event] = []
    look_at_queries(fresh.silos, Asked(url=fresh.url), told.append)
    assert any(isinstance(event, Warned) and "thrown out" in event.text for event in told)
