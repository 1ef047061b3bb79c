"""What the roles of both regions lack for a move, as the GRANTs that are enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import psycopg
import pytest
from psycopg import sql

from relocate.install import Part, install
from relocate.rights import find_missing_rights, find_purge_rights, may_set_replica
from splitter.db import connect
from splitter.errors import Problem
from tests.prepared_moves import DE, US, make_silos, name_region, prepared_move, survey
from tests.servers import Server

SILOS = """
[organization]
table = "org"
slug = "slug"
hide = { column = "Status", live = 0, moving = 9 }
[tables.plan]
export = "shared"
match = [["name"]]
on_missing = "insert"
[tables."other.kind"]
export = "shared"
match = [["name"]]
[tables.queue]
export = "none"
why = "work in flight"
"""
SCHEMA = """
CREATE SCHEMA "Odd ""one"; CREATE SCHEMA other; CREATE SCHEMA types;
CREATE TYPE types.mood AS ENUM ('sad', 'glad');
CREATE TABLE plan (id bigint PRIMARY KEY, name text UNIQUE);
CREATE TABLE other.kind (id bigint PRIMARY KEY, name text UNIQUE);
CREATE TABLE org (id bigserial PRIMARY KEY, slug text NOT NULL UNIQUE, "Status" int NOT NULL DEFAULT 0, plan_id bigint REFERENCES plan);
CREATE TABLE "Odd ""one"."It em" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, org_id bigint NOT NULL REFERENCES org,
    kind_id bigint REFERENCES other.kind, mood types.mood, code uuid UNIQUE DEFAULT gen_random_uuid());
CREATE TABLE event (id bigserial, org_id bigint NOT NULL REFERENCES org, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE queue (id bigint PRIMARY KEY, org_id bigint REFERENCES org);
CREATE TABLE unrelated (id bigint PRIMARY KEY);
"""
SILOS += '[tables.unrelated]\nexport = "none"\nwhy = "of the region"\n'
ROWS = """
INSERT INTO plan VALUES (1, 'free'); INSERT INTO other.kind VALUES (1, 'k');
INSERT INTO org (slug, plan_id) VALUES ('acme', 1), ('other', 1);
INSERT INTO "Odd ""one"."It em" (org_id, kind_id, mood) VALUES (1, 1, 'sad'), (2, 1, 'glad');
INSERT INTO event (org_id, at) VALUES (1, '2024-01-05');
"""
AWAY = "INSERT INTO other.kind VALUES (7, 'k');"
_numbers = count(1)


class Regions:
    """us and de, their URLs as superuser and as a role without rights."""

    def __init__(self, make_database: Callable[..., str], role: str) -> None:
        self.role, self.quoted = role, sql.Identifier(role).as_string(None)
        self.admin = {"us": make_database(SCHEMA + ROWS), "de": make_database(SCHEMA + AWAY)}
        for region, origin in (("us", US), ("de", DE)):
            name_region(self.admin[region], region, origin)
            with connect(self.admin[region], setting="the test") as conn:
                install(conn, Part.REGION)
        self.urls = {name: psycopg.conninfo.make_conninfo(url, user=role) for name, url in self.admin.items()}
        self.silos = make_silos(SILOS, *map(_as_url, self.urls.values()))

    def run(self, region: str, script: str) -> None:
        with psycopg.connect(self.admin[region], autocommit=True) as conn:
            conn.execute(script.encode())

    def problems(self) -> list[Problem]:
        source, target = survey(self.silos, "us"), survey(self.silos, "de")
        with source.connect() as here, target.connect() as there:
            return list(find_missing_rights(source, target, here, there))

    def grant(self) -> None:
        """What the problems say, exactly."""
        for problem in self.problems():
            assert problem.code == "rights"
            self.run(problem.object.removeprefix("region "), problem.remedy)


def _as_url(conninfo: str) -> str:
    parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    user = str(parts["user"]).replace(" ", "%20").replace('"', "%22")
    return f"postgresql://{user}@/{parts['dbname']}?host={parts['host']}"


@pytest.fixture
def role(server: Server) -> Iterator[str]:
    name = f'mo"ver {next(_numbers)}'
    quoted = sql.Identifier(name).as_string(None)
    server.execute(f"CREATE ROLE {quoted} LOGIN")
    yield name
    server.execute(f"DROP OWNED BY {quoted}; DROP ROLE {quoted}")


@pytest.fixture
def regions(role: str, make_database: Callable[..., str]) -> Regions:
    made = Regions(make_database, role)
    for region, url in made.admin.items():
        made.run(region, f"REVOKE TEMPORARY ON DATABASE {psycopg.conninfo.conninfo_to_dict(url)['dbname']} FROM PUBLIC")
    return made


def test_a_superuser_lacks_nothing(make_database: Callable[..., str]):
    regions = Regions(make_database, "postgres")
    assert regions.problems() == []


def test_a_role_without_rights_gets_one_problem_a_side(regions: Regions):
    source, target = regions.problems()
    assert (source.code, source.object, target.code, target.object) == ("rights", "region us", "rights", "region de")
    assert source.found.startswith(f"the role {regions.role} lacks USAGE on schema ")
    assert "INSERT" not in source.remedy
    assert f'GRANT UPDATE ("Status") ON TABLE "public"."org" TO {regions.quoted};' in source.remedy
    assert 'GRANT SELECT, INSERT, DELETE ON TABLE "Odd ""one"."It em", ' in target.remedy
    assert "unrelated" not in target.remedy + source.remedy
    assert "queue" not in target.remedy + source.remedy


def test_what_is_granted_is_enough_for_all_questions(regions: Regions):
    regions.grant()
    assert regions.problems() == []
    with prepared_move(regions.silos) as prepared:
        assert prepared.codes(replica=True) == []


def test_nothing_less_is_enough(regions: Regions):
    """Each statement is needed: with all but one, that one is asked for again."""
    for region, statement in [(p.object.removeprefix("region "), each) for p in regions.problems() for each in p.remedy.split("; ")]:
        regions.grant()
        regions.run(region, statement.rstrip(";").replace("GRANT", "REVOKE", 1).replace(" TO ", " FROM "))
        (problem,) = regions.problems()
        assert problem.remedy == statement.rstrip(";") + ";"


def test_the_purge_needs_more(regions: Regions):
    regions.grant()
    source = survey(regions.silos, "us")
    with source.connect() as here:
        (problem,) = find_purge_rights(source, here)
        assert "DELETE" in problem.remedy
        assert "plan" not in problem.remedy
        regions.run("us", problem.remedy)
        assert list(find_purge_rights(source, here)) == []


def test_the_purge_looks_at_tables_that_are_left_out(regions: Regions):
    """Their rows may hold on to the organization's; a move doesn't read them."""
    regions.grant()
    source = survey(regions.silos, "us")
    with source.connect() as here:
        (problem,) = find_purge_rights(source, here)
    assert f'GRANT SELECT ON TABLE "public"."queue" TO {regions.quoted};' in problem.remedy
    assert "unrelated" not in problem.remedy


def test_row_security_that_holds_for_the_role(regions: Regions):
    regions.grant()
    regions.run("us", 'ALTER TABLE "Odd ""one"."It em" ENABLE ROW LEVEL SECURITY; ALTER TABLE unrelated ENABLE ROW LEVEL SECURITY')
    regions.run("de", "ALTER TABLE org ENABLE ROW LEVEL SECURITY")
    found = regions.problems()
    assert [(problem.code, problem.object) for problem in found] == [
        ("row-security", 'region us: "Odd ""one".It em'),
        ("row-security", "region de: org"),
    ]
    regions.run("us", found[0].remedy.partition(": ")[2].partition(",")[0])  # BYPASSRLS is the role's, in every database
    assert regions.problems() == []


def test_row_security_is_no_matter_to_the_owner_unless_forced(role: str, make_database: Callable[..., str]):
    regions = Regions(make_database, role)
    quoted = sql.Identifier(role).as_string(None)
    regions.grant()
    regions.run("us", f"ALTER TABLE org OWNER TO {quoted}; ALTER TABLE org ENABLE ROW LEVEL SECURITY")
    assert regions.problems() == []
    regions.run("us", "ALTER TABLE org FORCE ROW LEVEL SECURITY")
    assert [problem.code for problem in regions.problems()] == ["row-security"]


def test_nothing_else_is_asked_while_rights_are_missing(regions: Regions):
    regions.grant()
    with prepared_move(regions.silos) as prepared:
        regions.run("de", f"REVOKE SELECT ON org FROM {regions.quoted}")
        assert prepared.codes() == ["rights"]


def test_replica_mode_is_tried_and_left(server: Server, database: str, role: str):
    quoted = sql.Identifier(role).as_string(None)
    as_role = psycopg.conninfo.make_conninfo(database, user=role)
    with psycopg.connect(database, autocommit=True) as admin, psycopg.connect(as_role, autocommit=True) as mover:
        assert may_set_replica(admin)
        assert not may_set_replica(mover)
        with mover.transaction():
            assert not may_set_replica(mover)
            assert mover.execute("SELECT 1").fetchone() == (1,)
        server.execute(f"GRANT SET ON PARAMETER session_replication_role TO {quoted}")
        assert may_set_replica(mover)
        for conn in (admin, mover):
            assert conn.execute("SHOW session_replication_role").fetchone() == ("origin",)
            assert conn.info.transaction_status.name == "IDLE"
        server.execute(f"REVOKE SET ON PARAMETER session_replication_role FROM {quoted}")


def test_what_may_use_a_row_that_is_inserted_can_be_read_by_an_abort(make_database: Callable[..., str], role: str) -> None:
    """A table that is left out, with a reference that only silos.toml knows."""
    regions = Regions(make_database, role)
    more = '[[references]]\nfrom = "unrelated.id"\nto = "plan.id"\n'
    silos = make_silos(SILOS + more, *map(_as_url, regions.urls.values()))
    with connect(regions.admin["us"], setting="us") as here, connect(regions.urls["de"], setting="de") as there:
        (problem,) = (each for each in find_missing_rights(survey(silos, "us"), survey(silos, "de"), here, there) if "de" in each.object)
    assert "unrelated" in problem.remedy
