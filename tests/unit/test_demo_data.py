"""The sample application's rows, looked at without a database."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from relocate.demo.data import REGION_COLUMNS, RegionRows, Row, make_de, make_us, make_users
from splitter.layout import IdLayout
from tests.demo_truth import REFERENCES


@pytest.fixture(scope="module")
def us() -> RegionRows:
    return make_us(factor=0.1)


def column(rows: Iterable[Row], table: str, name: str) -> list[object]:
    index = REGION_COLUMNS[table].index(name)
    return [row[index] for row in rows]


def test_the_same_seed_makes_the_same_rows(us: RegionRows) -> None:
    assert make_us(factor=0.1) == us


def test_a_full_region_has_some_hundred_thousand_rows() -> None:
    rows = sum(map(len, make_us().rows.values()))
    assert 90_000 < rows < 110_000


@pytest.mark.parametrize(("table", "name"), REFERENCES)
def test_references_stay_within_their_organization(us: RegionRows, table: str, name: str) -> None:
    target = REFERENCES[table, name]
    for slug in ("acme", "globex", "initech"):
        owned = us.rows["plan"] if target == "plan" else us.of(slug, target)
        ids = set(column(owned, target, "id"))
        assert set(column(us.of(slug, table), table, name)) - {None} <= ids


def test_local_ids_of_organizations_interleave(us: RegionRows) -> None:
    owners = us.owners["event"][:100]
    assert {"acme", "globex", "initech"} == set(owners)


def test_ids_of_de_lie_in_its_origin() -> None:
    layout = IdLayout()
    de = make_de(base=layout.first(2), factor=0.1)
    for table in ("organization", "event", "comment"):
        assert {layout.origin_of(int(str(number))) for number in column(de.rows[table], table, "id")} == {2}


def test_shared_plans_have_other_ids_elsewhere(us: RegionRows) -> None:
    de = make_de(base=0, factor=0.1)
    here, there = (
        dict(zip(column(rows, "plan", "name"), column(rows, "plan", "id"), strict=True)) for rows in (us.rows["plan"], de.rows["plan"])
    )
    assert set(here) == set(there)
    assert here != there


def test_members_are_users_of_control(us: RegionRows) -> None:
    assert set(column(us.rows["member"], "member", "user_id")) <= {user[0] for user in make_users()}


def test_numbers_count_within_their_project(us: RegionRows) -> None:
    pairs = list(zip(column(us.rows["group"], "group", "project_id"), column(us.rows["group"], "group", "number"), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert {number for _, number in pairs} == set(range(1, max(int(str(number)) for _, number in pairs) + 1))


def test_rules_hold_ids_inside_json(us: RegionRows) -> None:
    members = {
        member for data in column(us.rows["rule"], "rule", "data") for action in json.loads(str(data))["actions"] for member in action
    }
    assert {"team_id", "integration_id", "target_id", "target_type"} <= members


def test_an_audit_target_may_be_gone(us: RegionRows) -> None:
    audits = us.rows["audit_log"]
    targets = {
        target
        for label, target in zip(column(audits, "audit_log", "target_type"), column(audits, "audit_log", "target_id"), strict=True)
        if label == "project"
    }
    assert targets - set(column(us.rows["project"], "project", "id"))


def test_the_join_table_holds_a_row_twice(us: RegionRows) -> None:
    rows = us.rows["project_team"]
    assert len(set(rows)) < len(rows)
