"""What control holds of an organization's ids is right after the switch, in whatever way it holds them; what can't be told is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from splitter.errors import RefusedError
from tests.small_site import US, make_small_site

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
