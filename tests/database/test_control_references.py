"""What control holds of an organization's ids is right after the switch, in whatever way it holds them; what can't be told is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from splitter.errors import FailedError, RefusedError
from tests.servers import Server
from tests.small_site import DE, US, SmallSite, make_small_site, moved_site

ROWS = "INSERT INTO org VALUES (5, 'acme'), (6, 'other'); INSERT INTO project VALUES (50, 5), (60, 6);"
Make = Callable[..., str]


def refer(column: str, to: str) -> str:
    return f'[[references]]\nfrom = "{column}"\nto = "{to}"\n'


def test_two_keys_of_one_table(make_database: Make) -> None:
    """Each with numbers of its own: one's ids say nothing about the other's."""
    site = make_small_site(
        make_database,
        schema="""
CREATE TABLE org (id bigserial PRIMARY KEY, slug text UNIQUE);
CREATE TABLE project (id bigserial PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, code bigserial UNIQUE);
""",
        us="INSERT INTO org VALUES (5, 'acme'), (6, 'other'); INSERT INTO project VALUES (50, 5, 60), (60, 6, 50), (51, 5, 52);",
        control="""
CREATE TABLE control_id (n int, project_id bigint);
CREATE TABLE control_code (n int, project_code bigint);
INSERT INTO control_id VALUES (1, 50), (2, 60), (3, 51), (4, 52);
INSERT INTO control_code VALUES (1, 50), (2, 60), (3, 51), (4, 52);
""",
        silos=refer("control_id.project_id", "project.id") + refer("control_code.project_code", "project.code"),
    )
    site.move()
    assert site.sql("control", "SELECT project_id FROM control_id ORDER BY n") == [(US + 50,), (60,), (US + 51,), (52,)]
    assert site.sql("control", "SELECT project_code FROM control_code ORDER BY n") == [(50,), (US + 60,), (51,), (US + 52,)]


def test_a_key_of_several_columns(make_database: Make) -> None:
    site = make_small_site(
        make_database,
        us=ROWS,
        schema="""
CREATE TABLE org (id bigserial PRIMARY KEY, slug text UNIQUE);
CREATE TABLE project (id bigserial, org_id bigint NOT NULL REFERENCES org, PRIMARY KEY (org_id, id));
""",
        control="CREATE TABLE control_star (n int, o bigint, p bigint);"
        "INSERT INTO control_star VALUES (1, 5, 50), (2, 6, 60), (3, 5, 60), (4, NULL, 50), (5, 6, 50)",
        silos='[[references]]\nfrom = ["control_star.o", "control_star.p"]\nto = ["project.org_id", "project.id"]\n',
    )
    site.move()
    moved = site.sql("control", "SELECT o, p FROM control_star ORDER BY n")
    assert moved == [(US + 5, US + 50), (6, 60), (5, 60), (None, 50), (6, 50)]


@pytest.mark.postgres(18)
def test_local_ids_of_two_regions(make_database: Make) -> None:
    """Whose project 50 is, nobody can say: it is refused, not guessed."""
    site = make_small_site(
        make_database,
        us=ROWS,
        de="INSERT INTO org VALUES (7, 'foreign'); INSERT INTO project VALUES (50, 7);",
        control="CREATE TABLE control_star (project_id bigint); INSERT INTO control_star VALUES (50)",
        silos=refer("control_star.project_id", "project.id"),
    )
    with pytest.raises(RefusedError, match="control_star") as refused:
        site.move()
    assert "control-ids" in {problem.code for problem in refused.value.problems}
    assert site.sql("control", "SELECT project_id FROM control_star") == [(50,)]


def of_two_regions(make_database: Make, owner: str) -> SmallSite:
    """Both have a project 50, and a person has said whose control's is."""
    site = make_small_site(
        make_database,
        us=ROWS,
        de="INSERT INTO org VALUES (7, 'foreign'); INSERT INTO project VALUES (50, 7);",
        control="CREATE TABLE control_star (project_id bigint); INSERT INTO control_star VALUES (50)",
        silos=refer("control_star.project_id", "project.id") + f'[[accept]]\ncode = "control-ids"\nobject = "{owner}"\nwhy = "it was us"\n',
    )
    site.own_range("us")
    return site


@pytest.mark.postgres(18)
def test_local_ids_of_the_region_that_was_named(make_database: Make, tmp_path: Path) -> None:
    site = of_two_regions(make_database, "us")
    site.move("foreign", "us")
    assert site.sql("control", "SELECT project_id FROM control_star") == [(50,)]
    site.move("acme", "de")
    assert site.sql("control", "SELECT project_id FROM control_star") == [(US + 50,)]


@pytest.mark.postgres(18)
def test_local_ids_of_another_region_than_the_one_that_was_named(make_database: Make, tmp_path: Path) -> None:
    site = of_two_regions(make_database, "de")
    site.bring(site.export(tmp_path / "a"))
    assert site.sql("control", "SELECT project_id FROM control_star") == [(50,)]
    site.move("foreign", "us")
    assert site.sql("control", "SELECT project_id FROM control_star") == [(DE + 50,)]


@pytest.mark.postgres(18)
def test_local_ids_of_two_regions_in_an_import(make_database: Make, tmp_path: Path) -> None:
    site = make_small_site(
        make_database,
        us=ROWS,
        de="INSERT INTO org VALUES (7, 'foreign'); INSERT INTO project VALUES (50, 7);",
        control="CREATE TABLE control_star (project_id bigint); INSERT INTO control_star VALUES (50)",
        silos=refer("control_star.project_id", "project.id"),
    )
    with pytest.raises(FailedError, match="control_star"):
        site.bring(site.export(tmp_path / "a"))
    site.abort()
    assert site.sql("de", "SELECT slug FROM org") == [("foreign",)]


@pytest.mark.postgres(18)
@pytest.mark.parametrize("type_", ["int", "int[]"])
def test_columns_of_control_without_room_for_new_ids(make_database: Make, tmp_path: Path, type_: str) -> None:
    value = "50" if type_ == "int" else "ARRAY[50]"
    site = make_small_site(
        make_database,
        us=ROWS,
        control=f"CREATE TABLE control_star (project_id {type_}); INSERT INTO control_star VALUES ({value})",
        silos=refer("control_star.project_id", "project.id"),
    )
    with pytest.raises(RefusedError, match="control_star") as refused:
        site.move()
    assert {problem.code for problem in refused.value.problems} == {"narrow-id"}
    with pytest.raises(RefusedError, match="control_star") as refused:
        site.bring(site.export(tmp_path / "a"))
    assert {problem.code for problem in refused.value.problems} == {"narrow-id"}


OWN = """
[control]
tables = ["control_*"]
mapping = { table = "control_org", organization = "id", region = "region" }
"""


@pytest.mark.postgres(18)
def test_a_mapping_without_room_for_new_ids(make_database: Make) -> None:
    site = make_small_site(
        make_database,
        us=ROWS,
        control="CREATE TABLE control_org (id int PRIMARY KEY, region text); INSERT INTO control_org VALUES (5, 'us'), (6, 'us')",
        silos=OWN,
    )
    with pytest.raises(RefusedError, match="control_org") as refused:
        site.move()
    assert {problem.code for problem in refused.value.problems} == {"narrow-id"}


def test_a_key_of_control_that_holds_on_to_what_the_switch_changes(make_database: Make) -> None:
    """With ON UPDATE CASCADE it comes along, whatever else is said of its column."""
    site = make_small_site(
        make_database,
        us=ROWS,
        control="""
CREATE TABLE control_domain (org_id bigint, name text);
CREATE TABLE control_org (id bigint PRIMARY KEY, region text);
INSERT INTO control_org VALUES (5, 'us'), (6, 'us');
INSERT INTO control_domain VALUES (5, 'acme.example'), (6, 'other.example');
ALTER TABLE control_domain ADD CONSTRAINT of_org FOREIGN KEY (org_id) REFERENCES control_org;
""",
        silos=OWN + refer("control_domain.org_id", "org.id"),
    )
    with pytest.raises(RefusedError, match="of_org") as refused:
        site.move()
    assert [problem.code for problem in refused.value.problems] == ["control-key"]
    again = "DROP CONSTRAINT of_org, ADD CONSTRAINT of_org FOREIGN KEY (org_id) REFERENCES control_org ON UPDATE CASCADE"
    site.sql("control", f"ALTER TABLE control_domain {again}")
    site.move()
    assert site.sql("control", "SELECT org_id FROM control_domain ORDER BY name") == [(US + 5,), (6,)]


def test_ids_in_documents_that_are_text(make_database: Make) -> None:
    site = make_small_site(
        make_database,
        us=ROWS,
        control="CREATE TABLE control_rule (n int, d text); INSERT INTO control_rule VALUES"
        """ (1, '{"p": [50, 60]}'), (2, 'no document'), (3, '{ "p" : [60] }')""",
        silos='[[references]]\nfrom = "control_rule.d"\npath = "$.p[*]"\nto = "project.id"\n',
    )
    site.move()
    (one,), *others = site.sql("control", "SELECT d FROM control_rule ORDER BY n")
    assert json.loads(one) == {"p": [US + 50, 60]}
    assert others == [("no document",), ('{ "p" : [60] }',)]


@pytest.mark.postgres(18)
def test_more_rows_of_control_than_one_transaction_should_change(make_database: Make) -> None:
    site = make_small_site(
        make_database,
        us=ROWS,
        control="CREATE TABLE control_star (project_id bigint);"
        "INSERT INTO control_star SELECT 50 + n % 2 * 10 FROM generate_series(1, 20) AS n",
        silos=refer("control_star.project_id", "project.id"),
    )
    with pytest.raises(RefusedError, match="10 rows") as refused:
        site.move(switch_limit=9)
    assert [problem.code for problem in refused.value.problems] == ["switch-limit"]
    site.move(switch_limit=10)
    assert site.sql("control", "SELECT count(*) FROM control_star WHERE project_id = %s", US + 50) == [(10,)]


@pytest.mark.postgres(18)
def test_a_role_of_control_that_may_change_columns_only(make_database: Make, server: Server) -> None:
    """The switch would lack what it takes to lock the table: told before the first write, as the GRANT that is enough."""
    site = make_small_site(
        make_database,
        us=ROWS,
        control="CREATE TABLE control_star (project_id bigint); INSERT INTO control_star VALUES (50)",
        silos=refer("control_star.project_id", "project.id"),
    )
    server.execute("CREATE ROLE narrow_control LOGIN")
    try:
        for grant in (
            "USAGE ON SCHEMA orglift",
            "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA orglift",
            "SELECT, UPDATE (project_id) ON control_star",
        ):
            site.sql("control", f"GRANT {grant} TO narrow_control")
        narrow = moved_site(site, control=make_conninfo(site.urls["control"], user="narrow_control"))
        with pytest.raises(RefusedError, match="UPDATE") as refused:
            narrow.move()
        (problem,) = refused.value.problems
        assert problem.code == "rights"
        site.sql("control", problem.remedy)
        assert narrow.move().state == "switched"
    finally:
        site.sql("control", "DROP OWNED BY narrow_control")
        server.execute("DROP ROLE narrow_control")
