"""Shared rows, straight from region to region and through an archive: the same rows stand for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from splitter.errors import RefusedError
from tests.small_site import US, SmallSite, make_small_site

pytestmark = pytest.mark.postgres(18)
Make = Callable[..., str]
SCHEMA = """
CREATE TABLE org (id bigserial PRIMARY KEY, slug text UNIQUE);
CREATE TABLE plan (id bigserial PRIMARY KEY, name text UNIQUE);
CREATE TABLE project (id bigserial PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, plan_id bigint REFERENCES plan);
CREATE TABLE dash (id bigserial PRIMARY KEY, project_id bigint REFERENCES project, name text, plan_id bigint REFERENCES plan);
CREATE TABLE fav (id bigserial PRIMARY KEY, project_id bigint NOT NULL REFERENCES project, dash_id bigint REFERENCES dash);
"""
SILOS = """
[tables.plan]
export = "shared"
match = [["name"]]
on_missing = "insert"
[tables.dash]
shared_where = "project_id IS NULL"
match = [["name"]]
on_missing = "insert"
"""
ROWS = """
INSERT INTO org VALUES (5, 'acme'), (6, 'other');
INSERT INTO plan VALUES (1, 'free'), (2, 'gold');
INSERT INTO project VALUES (50, 5, 1), (51, 5, 2), (60, 6, 2);
INSERT INTO dash VALUES (1, 50, 'mine', NULL), (2, NULL, 'default', NULL), (3, NULL, 'gold', 2);
INSERT INTO fav VALUES (1, 50, 1), (2, 50, 2), (3, 60, 2), (4, 51, 3);
"""
THERE = """
INSERT INTO plan VALUES (2, 'silver'), (7, 'free');
INSERT INTO dash VALUES (2, NULL, 'another'), (9, NULL, 'default');
SELECT setval('plan_id_seq', 7), setval('dash_id_seq', 9);
"""


@pytest.fixture
def site(make_database: Make) -> SmallSite:
    return make_small_site(make_database, schema=SCHEMA, us=ROWS, de=THERE, silos=SILOS)


def go(site: SmallSite, tmp_path: Path, way: str) -> None:
    if way == "straight":
        site.move()
    else:
        site.bring(site.export(tmp_path / "a"))


@pytest.mark.parametrize("way", ["straight", "archive"])
def test_references_lead_to_the_rows_that_stand_for_them(site: SmallSite, tmp_path: Path, way: str) -> None:
    go(site, tmp_path, way)
    assert site.sql("de", "SELECT p.id - %s, n.name FROM project p JOIN plan n ON n.id = p.plan_id ORDER BY 1", US) == [
        (50, "free"),
        (51, "gold"),
    ]
    assert site.sql("de", "SELECT f.id - %s, d.name FROM fav f JOIN dash d ON d.id = f.dash_id ORDER BY 1", US) == [
        (1, "mine"),
        (2, "default"),
        (4, "gold"),
    ]
    assert site.sql("de", "SELECT id, name FROM plan ORDER BY 1") == [(2, "silver"), (7, "free"), (US + 2, "gold")]
    assert site.sql("de", "SELECT id, name, plan_id FROM dash WHERE project_id IS NULL ORDER BY 1") == [
        (2, "another", None),
        (9, "default", None),
        (US + 3, "gold", US + 2),
    ]
    site.purge()
    assert site.sql("us", "SELECT count(*) FROM plan") == [(2,)]


@pytest.mark.parametrize("way", ["straight", "archive"])
def test_a_row_that_has_the_id_of_a_missing_one_does_not_take_its_place(site: SmallSite, tmp_path: Path, way: str) -> None:
    """What an earlier move had inserted was renamed there since."""
    site.sql("de", "INSERT INTO plan VALUES (%s, 'golden')", US + 2)
    with pytest.raises(RefusedError, match="plan"):
        go(site, tmp_path, way)
    assert site.sql("de", "SELECT * FROM org") == []


@pytest.mark.parametrize("way", ["straight", "archive"])
@pytest.mark.parametrize("accepted", [False, True])
def test_what_control_holds_of_shared_rows(make_database: Make, tmp_path: Path, way: str, accepted: bool) -> None:
    """One id means another row in each region."""
    accept = '[[accept]]\ncode = "control-shared"\nobject = "control_bill.plan_id -> plan.id"\nwhy = "of us"\n' if accepted else ""
    site = make_small_site(
        make_database,
        schema=SCHEMA,
        us=ROWS,
        de=THERE,
        control="CREATE TABLE control_bill (org_id bigint, plan_id bigint); INSERT INTO control_bill VALUES (5, 2)",
        silos='[[references]]\nfrom = "control_bill.org_id"\nto = "org.id"\n'
        f'[[references]]\nfrom = "control_bill.plan_id"\nto = "plan.id"\n{SILOS}{accept}',
    )
    if not accepted:
        with pytest.raises(RefusedError, match="control_bill"):
            go(site, tmp_path, way)
        return
    go(site, tmp_path, way)
    assert site.sql("control", "SELECT * FROM control_bill") == [(US + 5, 2)]
