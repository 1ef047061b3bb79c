"""What a check sees of broken keys in live databases: clean-up that is there, triggers that aren't, backlogs, orphans."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from splitter.findings import find_findings
from splitter.findings_kinds import KINDS
from splitter.schema import TableName
from splitter.sight import look_at_all, look_at_url
from splitter.silos import OnDelete, SiloMap, SoftReference, SoftTarget
from tests.split_databases import Split

SCRIPT = """
CREATE TABLE org (id bigint PRIMARY KEY);
CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
CREATE TABLE member (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, user_id bigint REFERENCES users ON DELETE CASCADE);
CREATE TABLE audit (id bigint PRIMARY KEY, project_id bigint REFERENCES project ON DELETE SET NULL);
CREATE INDEX ON member (user_id);
INSERT INTO org VALUES (1);
"""
ABOUT = frozenset({"crossing", "cascade-trigger-missing", "cascade-backlog", "orphan"})

pytestmark = pytest.mark.postgres(18)


def reference(table: str, column: str, target: str, on_delete: OnDelete) -> SoftReference:
    to = (SoftTarget(table=TableName("public", target), columns=("id",)),)
    return SoftReference(table=TableName("public", table), columns=(column,), targets=to, on_delete=on_delete)


DECLARED = (reference("member", "user_id", "users", "cascade"), reference("audit", "project_id", "project", "set null"))


@pytest.fixture
def split(make_database: Callable[..., str]) -> Split:
    return Split(make_database, SCRIPT, ["users", "audit"], ["us", "de"])


def silos(split: Split) -> SiloMap:
    return replace(split.silos, references=DECLARED)


def found(split: Split, only: Iterable[str] = ABOUT) -> list[tuple[str, str]]:
    codes = frozenset(only)
    return [(each.code, each.object) for each in find_findings(silos(split), look_at_all(silos(split), only=codes), codes)]


def test_a_declared_reference_whose_clean_up_is_installed_is_no_finding(split: Split):
    assert found(split) == []


def test_one_database_alone_is_judged_as_far_as_it_goes(split: Split):
    sight = look_at_url(silos(split), split.urls["us"], only=ABOUT)
    assert find_findings(silos(split), sight, ABOUT) == ()


@pytest.mark.parametrize("change", ["DROP TRIGGER orglift_deleted ON users", "ALTER TABLE users DISABLE TRIGGER orglift_deleted"])
def test_a_trigger_that_is_missing_is_told_and_the_reference_crosses_again(split: Split, change: str):
    split.do("control", change)
    assert found(split) == [("crossing", "member.user_id -> users.id"), ("cascade-trigger-missing", "control: users")]


def test_a_region_without_triggers_is_told_by_its_name(split: Split):
    split.do("de", "DROP TRIGGER orglift_deleted ON project")
    assert found(split) == [("crossing", "audit.project_id -> project.id"), ("cascade-trigger-missing", "de: project")]


def test_what_waits_is_no_orphan_until_it_is_done(split: Split):
    split.do("control", "INSERT INTO users VALUES (7)")
    split.do("us", "INSERT INTO member VALUES (1, 1, 7)")
    split.do("control", "DELETE FROM users")
    assert found(split) == []


def test_a_backlog_that_grows_old_is_told(split: Split):
    split.do("control", "INSERT INTO users VALUES (7)", "DELETE FROM users")
    split.do("control", "UPDATE orglift.tombstones SET at = at - interval '2 hours'")
    assert found(split) == [("cascade-backlog", "control: users")]
    assert found(split, ["orphan", "crossing"]) == []


def test_a_child_that_came_later_is_told(split: Split):
    split.do("us", "INSERT INTO member VALUES (1, 1, 99)")
    assert found(split) == [("orphan", "us: member.user_id -> users.id")]
    assert found(split, KINDS.keys() - ABOUT) == []


def test_a_row_of_control_may_have_its_parent_in_any_region(split: Split):
    for region, project in (("us", 1), ("de", 2)):
        split.do(region, f"INSERT INTO project VALUES ({project}, 1)")
    split.do("control", "INSERT INTO audit VALUES (1, 1), (2, 2)")
    assert found(split) == []
    split.do("control", "INSERT INTO audit VALUES (3, 3)")
    assert found(split) == [("orphan", "control: audit.project_id -> project.id")]


def test_a_broken_key_that_nobody_declared_is_told_with_certainty(split: Split):
    only = frozenset({"undeclared-reference", "suspected-reference"})
    sight = look_at_all(split.silos, only=only)
    told = [(each.code, each.object, each.databases) for each in find_findings(split.silos, sight, only)]
    everywhere = ("control", "us", "de")
    assert told == [
        ("undeclared-reference", "audit.project_id -> project.id", everywhere),
        ("undeclared-reference", "member.user_id -> users.id", everywhere),
    ]
    assert find_findings(silos(split), look_at_all(silos(split), only=only), only) == ()
    assert find_findings(silos(split), look_at_url(silos(split), split.urls["us"], only=only), only) == ()


def test_what_is_left_over_in_the_other_silo_is_nobody_s_child(split: Split):
    split.do("control", "INSERT INTO member VALUES (1, 1, 99)")
    assert found(split) == []


def test_a_reference_that_may_dangle_has_no_orphans(split: Split):
    split.do("control", "UPDATE orglift.cascades SET on_delete = 'none'")
    split.do("us", "INSERT INTO member VALUES (1, 1, 99)")
    assert ("orphan", "us: member.user_id -> users.id") not in found(split)
