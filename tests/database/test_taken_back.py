"""An abort takes back the shared rows that its move inserted, and leaves those that others have begun to use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from relocate.undo import abort
from splitter.errors import FailedError
from splitter.events import Event, Warned
from tests.small_site import US, SmallSite, make_small_site

Make = Callable[..., str]
SCHEMA = """
CREATE TABLE org (id bigserial PRIMARY KEY, slug text UNIQUE);
CREATE TABLE vendor (id bigserial PRIMARY KEY, name text UNIQUE);
CREATE TABLE plan (id bigserial PRIMARY KEY, name text UNIQUE, parent_id bigint REFERENCES plan, vendor_id bigint REFERENCES vendor);
CREATE TABLE project (id bigserial PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, plan_id bigint REFERENCES plan);
CREATE TABLE pick (org_id bigint NOT NULL REFERENCES org, plan text, plans bigint[], d jsonb, kind text, thing bigint);
CREATE TABLE keep (plan_id bigint);
ALTER TABLE vendor ADD plan_id bigint REFERENCES plan;
"""
SILOS = """
[tables.vendor]
export = "shared"
match = [["name"]]
on_missing = "insert"
[tables.plan]
export = "shared"
match = [["name"]]
on_missing = "insert"
[tables.keep]
export = "none"
why = "of this region alone"
[[references]]
from = "pick.plan"
to = "plan.id"
[[references]]
from = "pick.plans"
to = "plan.id"
[[references]]
from = "pick.d"
path = "$.p[*].plan"
to = "plan.id"
[[references]]
from = "pick.thing"
type_column = "kind"
to = { plan = "plan.id", vendor = "vendor.id" }
[[references]]
from = "keep.plan_id"
to = "plan.id"
none_values = [0]
"""
US_ROWS = """
INSERT INTO org VALUES (5, 'acme'), (6, 'other');
INSERT INTO vendor VALUES (1, 'v'), (2, 'w');
INSERT INTO plan VALUES (1, 'root', NULL, 1), (2, 'gold', 1, 1), (3, 'odd', NULL, 2);
UPDATE vendor SET plan_id = 1 WHERE id = 1;
INSERT INTO project VALUES (50, 5, 2), (51, 5, 3);
"""
DE_ROWS = """
INSERT INTO org VALUES (7, 'foreign'); INSERT INTO keep VALUES (0);
ALTER TABLE project ADD CHECK (plan_id IS NULL);
"""


@pytest.fixture
def site(make_database: Make, tmp_path: Path) -> SmallSite:
    """An import that has inserted shared rows, and came no further."""
    site = make_small_site(make_database, schema=SCHEMA, us=US_ROWS, de=DE_ROWS, silos=SILOS)
    with pytest.raises(FailedError):
        site.bring(site.export(tmp_path / "a"))
    assert site.sql("de", "SELECT name FROM plan UNION ALL SELECT name FROM vendor ORDER BY 1") == [
        ("gold",),
        ("odd",),
        ("root",),
        ("v",),
        ("w",),
    ]
    return site


def left(site: SmallSite) -> tuple[list[str], list[str]]:
    """What is there after the abort, and what it warned of."""
    events: list[Event] = []
    abort(site.silos, "acme", events.append)
    names = site.sql("de", "SELECT name FROM plan UNION ALL SELECT name FROM vendor ORDER BY 1")
    return [name for (name,) in names], [event.text for event in events if isinstance(event, Warned)]


def test_all_go_where_nobody_uses_them_trees_and_circles_too(site: SmallSite) -> None:
    assert left(site) == ([], [])


@pytest.mark.parametrize(
    "use",
    [
        "INSERT INTO project VALUES (70, 7, {gold})",
        "INSERT INTO pick (org_id, plan) VALUES (7, '{gold}')",
        "INSERT INTO pick (org_id, plans) VALUES (7, ARRAY[1, {gold}])",
        """INSERT INTO pick (org_id, d) VALUES (7, '{{"p": [{{"plan": 9}}, {{"plan": {gold}}}]}}')""",
        "INSERT INTO pick (org_id, kind, thing) VALUES (7, 'plan', {gold})",
        "INSERT INTO keep VALUES ({gold})",
        "INSERT INTO plan VALUES (90, 'child', {gold})",
    ],
)
def test_one_that_is_used_stays_with_all_that_it_needs(site: SmallSite, use: str) -> None:
    site.sql("de", "ALTER TABLE project DROP CONSTRAINT project_plan_id_check")
    site.sql("de", use.format(gold=US + 2))
    names, warned = left(site)
    assert [name for name in names if name != "child"] == ["gold", "root", "v"]
    assert len(warned) == 2
    assert any("2 rows of plan" in text for text in warned)
    assert any("1 row of vendor" in text for text in warned)


@pytest.mark.postgres(18)
def test_a_label_of_another_table_uses_nothing(site: SmallSite) -> None:
    site.sql("de", "INSERT INTO pick (org_id, kind, thing) VALUES (7, 'vendor', %s)", US + 3)
    assert left(site) == ([], [])
