"""`splitter suggest` on real rows: what they prove, what they contradict, and what it costs to ask."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings

from splitter.catalog import read_schema
from splitter.db import connect
from splitter.errors import UsageError
from splitter.events import Event, Note, Warned, silent
from splitter.silos_check import check_silos
from splitter.silos_file import parse_silos
from splitter.silos_model import table_name
from splitter.suggest import sampling
from splitter.suggest.command import Existing, Written, suggest, suggest_for
from splitter.suggest.keys import KeyBook
from splitter.suggest.sampling import Looker
from splitter.suggest.values import Key
from tests.random_schemas import Case, cases
from tests.random_schemas.databases import connected, fill_region
from tests.random_schemas.ddl import control_ddl
from tests.random_schemas.names import HOSTILE, identifier, spelled
from tests.servers import Servers

ABSENT = Path("/nonexistent/silos.toml")

# Two organizations, whose projects' ids alternate; of every kind of reference one that holds and one that doesn't.
APPLICATION = """
CREATE TABLE organization (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE);
INSERT INTO organization VALUES (1, 'acme'), (2, 'other');
CREATE TABLE users (id uuid PRIMARY KEY, email text);
INSERT INTO users SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, n || '@example.test' FROM generate_series(1, 40) n;
CREATE TABLE project (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organization, name text);
INSERT INTO project SELECT n, 1 + n % 2, 'project ' || n FROM generate_series(1, 40) n;
CREATE TABLE team (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organization);
INSERT INTO team SELECT n, 1 + n % 2 FROM generate_series(1, 40) n;
CREATE TABLE task (
    id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organization,
    meta_project_id bigint,            -- of the same organization: proven, though the numbers are dense
    meta_team_id bigint,               -- a number that happens to be in range, of any organization
    last_project_id bigint NOT NULL,   -- 0 is none
    legacy_project_id bigint,          -- ids of another system
    made_by uuid, watcher text, gone uuid,
    project_ids bigint[], tag_ids bigint[],
    subject_type text, subject_id bigint,
    settings jsonb, note text, old json
);
INSERT INTO task SELECT
    n, 1 + n % 2, n, 1 + (n / 2 * 7) % 40, CASE WHEN n % 4 = 0 THEN 0 ELSE n END, 900000 + n,
    u, u::text, gen_random_uuid(),
    ARRAY[n, n], ARRAY[n + 5000],
    CASE n % 3 WHEN 0 THEN 'Project' WHEN 1 THEN 'App::Team' ELSE 'Trace' END, CASE n % 3 WHEN 2 THEN n + 7000 ELSE n END,
    jsonb_build_object('steps', jsonb_build_array(jsonb_build_object('project_id', n, 'at', 1.5)),
                       'watchers', jsonb_build_object(u::text, true),
                       'link', jsonb_build_object('type', 'team', 'id', n), 'size', n, 'ref', u),
    CASE WHEN n % 2 = 0 THEN '{"project_id": "' || n || '"}' ELSE '{"other": 1}' END,
    json_build_object('team', json_build_object('id', n))
FROM generate_series(1, 40) n, LATERAL (SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid AS u) x;
"""


def run(url: str, organization: str | None = "organization", config: Path = ABSENT, events: list[Event] | None = None) -> Written:
    return suggest(config, organization, url=url, file=None, report=silent if events is None else events.append)


def references(written: Written) -> dict[str, str]:
    return {str(each.reference): "; ".join(each.evidence) for each in written.suggestion.references}


@pytest.fixture
def written(make_database: Callable[..., str]) -> Written:
    return run(make_database(APPLICATION))


# what rows prove and contradict


def test_every_kind_of_reference_is_found_and_nothing_else(written: Written):
    assert set(references(written)) == {
        "task.meta_project_id -> project.id",
        "task.last_project_id -> project.id",
        "task.made_by -> users.id",
        "task.watcher -> users.id",
        "task.project_ids -> project.id",
        "task.subject_id -> team.id [App::Team], project.id [Project]",
        "task.settings $.steps[*].project_id -> project.id",
        "task.settings $.watchers -> users.id",
        "task.settings $.link.id -> team.id [team]",
        "task.settings $.ref -> users.id",
        "task.note $.project_id -> project.id",
        "task.old $.team.id -> team.id",
    }


def test_dense_numbers_are_proven_by_the_organization_at_both_ends(written: Written):
    told = references(written)["task.meta_project_id -> project.id"]
    assert "40 of 40 lead to the row's own organization" in told and "behind 'meta'" in told


def test_numbers_that_lead_to_strangers_are_dropped(written: Written):
    dropped = {str(each.candidate): each.why for each in written.suggestion.dropped}
    assert "20 of 40 lead to the row's own organization" in dropped["task.meta_team_id -> team.id"]
    assert "0 of 40 sampled values exist" in dropped["task.legacy_project_id -> project.id"]
    assert "task.meta_team_id" in written.text and "rows say otherwise" in written.text


def test_a_zero_that_means_nobody_is_said(written: Written):
    (made,) = (each.reference for each in written.suggestion.references if each.reference.columns == ("last_project_id",))
    assert made.none_values == (0,)


def test_labels_without_a_table_are_told(written: Written):
    assert "not followed, for no table here holds their ids: Trace" in next(
        told for name, told in references(written).items() if "subject_id" in name
    )


def test_uuids_are_found_whatever_they_are_called(written: Written):
    assert "found by its values alone" in references(written)["task.watcher -> users.id"]


def test_the_file_loads_and_fits_and_a_second_time_there_is_nothing_to_add(make_database: Callable[..., str], tmp_path: Path):
    url = make_database(APPLICATION)
    config = tmp_path / "silos.toml"
    config.write_text(run(url).text)
    events: list[Event] = []
    again = run(url, None, config, events)
    assert (again.text, again.suggestion.is_empty) == ("", True) and Note("nothing is to be added") in events


def test_what_a_person_wrote_is_kept_and_only_new_things_are_told(make_database: Callable[..., str], run_sql, tmp_path: Path):
    url = make_database(APPLICATION)
    config = tmp_path / "silos.toml"
    config.write_text(run(url).text.replace("[regions.main]", "# by hand\n[regions.eu]"))
    before = config.read_text()
    run_sql(url, "CREATE TABLE badge (id bigint PRIMARY KEY, project_id bigint)")
    run_sql(url, "INSERT INTO badge SELECT n, n FROM generate_series(1, 9) n")
    run_sql(
        url, "CREATE TABLE wall (id bigint PRIMARY KEY); CREATE TABLE login (id bigint PRIMARY KEY, user_id uuid NOT NULL REFERENCES users)"
    )
    added = run(url, None, config)
    assert config.read_text() == before
    assert list(references(added)) == ["badge.project_id -> project.id"]
    assert {str(each.table): each.role.value for each in added.suggestion.placements} == {"wall": "undecided", "login": "undecided"}
    config.write_text(before + "\n" + added.text)
    assert run(url, None, config).suggestion.is_empty


def test_references_of_one_array_are_told_as_one_array(make_database: Callable[..., str], tmp_path: Path):
    config = tmp_path / "silos.toml"
    config.write_text('references = [{ from = "task.made_by", to = "users.id" }]\n[organization]\ntable = "organization"\n')
    added = tomllib.loads(run(make_database(APPLICATION), None, config).text)
    assert {"from": "task.meta_project_id", "to": "project.id"} in added["references"]
    assert all(each["from"] != "task.made_by" for each in added["references"])


def test_an_organization_that_is_none_is_a_mistake(make_database: Callable[..., str]):
    url = make_database("CREATE TABLE organization (id bigint PRIMARY KEY); CREATE TABLE keyless (x text)")
    for name, hint in (("organisation", "did you mean 'organization'?"), ("keyless", "give it a primary key"), ('a."', "as in SQL")):
        with pytest.raises(UsageError) as caught:
            run(url, name)
        assert hint in caught.value.hint


# hostile names


def test_names_that_break_what_pastes_them_break_nothing(make_database: Callable[..., str], run_sql):
    url = make_database()
    run_sql(url, 'CREATE SCHEMA "s.%s"; CREATE TABLE "s.%s"."org %(x)s" (id bigint PRIMARY KEY)')
    run_sql(url, 'INSERT INTO "s.%s"."org %(x)s" VALUES (1), (2)')
    root = '"s.%s"."org %(x)s"'
    names = [name for name in HOSTILE if name.strip() == name and len(name.encode()) < 50]
    for name in names:
        table, column = identifier(name), identifier(f"{name}_id")
        run_sql(url, f"CREATE TABLE {table} (id uuid PRIMARY KEY, org bigint NOT NULL REFERENCES {root})")
        run_sql(url, f"INSERT INTO {table} SELECT gen_random_uuid(), 1 + n % 2 FROM generate_series(1, 9) n")
        run_sql(url, f"CREATE TABLE {identifier(name + ' of')} ({column} uuid, {identifier(name + ' doc')} jsonb)")
        document = f"jsonb_build_object('a', jsonb_build_object({_literal(name)}, id))"
        run_sql(url, f"INSERT INTO {identifier(name + ' of')} SELECT id, {document} FROM {table}")
    written = run(url, '"s.%s"."org %(x)s"')
    found = {
        (each.reference.table.name, each.reference.json, each.reference.targets[0].table.name) for each in written.suggestion.references
    }
    assert found == {(f"{name} of", json, name) for name in names for json in (False, True)}
    assert not written.suggestion.unseen
    with connect(url, setting="test") as conn:
        check_silos(parse_silos(written.text, {}), {"x": read_schema(conn)})


def _literal(text: str) -> str:
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


# what it costs, and who is not let in


@contextmanager
def looker(url: str, **more: Any) -> Iterator[Looker]:
    with connect(url, setting="test", readonly=True) as conn:
        yield Looker(conn, read_schema(conn), **more)


LARGE = """
CREATE TABLE big (id bigint PRIMARY KEY, filler text) WITH (autovacuum_enabled = false);
INSERT INTO big SELECT n, repeat('x', 500) FROM generate_series(1, 20000) n;
CREATE TABLE sparse (id bigint PRIMARY KEY, filler text) WITH (autovacuum_enabled = false);
INSERT INTO sparse SELECT n, repeat('x', 500) FROM generate_series(1, 20000) n;
DELETE FROM sparse WHERE id < 19999;
"""


def test_of_a_large_table_some_blocks_are_read_the_same_ones_each_time(make_database: Callable[..., str]):
    url = make_database(LARGE)
    with looker(url) as one:
        table = next(table for table in one.schema.tables.values() if table.name.name == "big")
        shown = [psycopg.sql.SQL("h.id")]
        first = one.rows(table, shown)
        assert first is not None and len(first) == sampling.ROWS and max(row[0] for row in first) > 10_000
        assert one.rows(table, shown) == first
        plan = one.conn.execute(psycopg.sql.Composed([psycopg.sql.SQL("EXPLAIN "), sampling._sample(table, shown, 1000, 1334)])).fetchall()
        assert any("Sample Scan on big" in line for (line,) in plan)


def test_rows_that_no_drawn_block_has_are_found(make_database: Callable[..., str]):
    with looker(make_database(LARGE)) as one:
        table = next(table for table in one.schema.tables.values() if table.name.name == "sparse")
        assert sorted(one.rows(table, [psycopg.sql.SQL("h.id")]) or ()) == [(19999,), (20000,)]


def test_keys_are_looked_up_by_their_index(make_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch):
    with looker(make_database(LARGE)) as one:
        table = next(table for table in one.schema.tables.values() if table.name.name == "big")
        asked: list[Any] = []
        ask = one.conn.execute

        def noting(query: Any, *more: Any) -> Any:
            asked.append(query)
            return ask(query, *more)

        monkeypatch.setattr(one.conn, "execute", noting)
        key = Key(table=table.name, columns=("id",), kinds=("integer",))
        assert set(one.existing(key, [str(n) for n in range(19_500, 20_500)] + ["x", "9" * 30], None) or {}) == {
            str(n) for n in range(19_500, 20_001)
        }
        monkeypatch.undo()
        with sampling._bounded(one.conn):
            plan = one.conn.execute(psycopg.sql.Composed([psycopg.sql.SQL("EXPLAIN "), asked[-1]])).fetchall()
        assert any("Index Only Scan" in line or "Index Scan" in line for (line,) in plan) and not any(
            "Seq Scan on big" in line for (line,) in plan
        )


def test_a_table_that_is_locked_is_told_and_judged_by_its_names(make_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch):
    url = make_database(APPLICATION)
    monkeypatch.setattr(sampling, "_BOUNDS", psycopg.sql.SQL("SET TRANSACTION READ ONLY; SET LOCAL lock_timeout = 50"))
    events: list[Event] = []
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE task IN ACCESS EXCLUSIVE MODE")
        written = run(url, events=events)
    assert [str(table) for table in written.suggestion.unseen] == ["task"]
    assert any(isinstance(event, Warned) and "task could not be looked at" in event.text for event in events)
    assert "task.last_project_id -> project.id" in references(written)
    assert "its rows could not be looked at" in references(written)["task.last_project_id -> project.id"]


def test_a_table_without_the_right_to_read_it_is_told(server, make_database: Callable[..., str], run_sql):
    url = make_database(APPLICATION)
    server.execute("DROP ROLE IF EXISTS looker")
    server.execute("CREATE ROLE looker LOGIN")
    run_sql(url, "GRANT SELECT ON organization, project TO looker")
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    written = run(server.url(str(name), user="looker"))
    assert {"task", "users"} <= {str(table) for table in written.suggestion.unseen}
    assert "permission denied" in " ".join(written.suggestion.unseen.values())


def test_nothing_is_written(make_database: Callable[..., str], run_sql):
    url = make_database(APPLICATION)
    before = run_sql(url, "SELECT pg_current_xact_id_if_assigned(), txid_snapshot_xmax(txid_current_snapshot())")
    run(url)
    assert run_sql(url, "SELECT pg_current_xact_id_if_assigned(), txid_snapshot_xmax(txid_current_snapshot())") == before


def test_after_its_time_names_alone_are_judged(make_database: Callable[..., str]):
    ticks = iter([0.0, *[1e6] * 1000])
    with looker(make_database(APPLICATION), clock=lambda: next(ticks)) as one:
        table = KeyBook(one.schema).tables[0]
        assert one.rows(table, [psycopg.sql.SQL("1")]) is None and "were over" in one.unseen[table.name]


# any application


@pytest.mark.long
@pytest.mark.postgres(15)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_of_any_application_the_file_loads_fits_and_is_stable(
    servers: Servers, case: Case, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server, config = servers(15), tmp_path_factory.mktemp("any") / "silos.toml"
    url = server.create()
    fill_region(url, case, target=False)
    with connected(url) as conn:
        conn.execute(control_ddl(case.shape) or "SELECT 1")
    root = spelled(case.shape.root.name)
    config.write_text(run(url, root).text)
    assert run(url, root, config).text == ""
    with connect(url, setting="test", readonly=True) as conn:
        schema = read_schema(conn)
    named = suggest_for(schema, table_name(root), None, None, silent)
    again = Existing(silos=parse_silos(named.text), text=named.text)
    assert suggest_for(schema, table_name(root), again, None, silent).text == ""
    server.drop(url)
