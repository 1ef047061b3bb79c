"""What stops an export: rows that two organizations claim, references that leave the organization, and those that hold on to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from exports.report import row_problems
from tests.exported import CONTROL, Exported

Open = Callable[..., Exported]
TEAMS = """
CREATE TABLE team (id bigint PRIMARY KEY, org_id bigint REFERENCES org); INSERT INTO team VALUES (1, 1), (2, 2), (3, NULL);
CREATE TABLE member (id bigint PRIMARY KEY, org_id bigint REFERENCES org, team_id bigint);
"""
HARD = "ALTER TABLE member ADD FOREIGN KEY (team_id) REFERENCES team;"
SOFT = '[[references]]\nfrom = "member.team_id"\nto = "team.id"\n'
LEAVING = {"leaves-organization": ["member.team_id -> team.id"]}


def test_nothing_stops_an_organization_that_keeps_to_itself(acme: Open):
    exported = acme(TEAMS + HARD + "INSERT INTO member VALUES (1, 1, 1), (2, 2, 2), (3, NULL, NULL), (4, NULL, 1);")
    assert exported.problems(inbound=True) == {}


def test_a_row_whose_ways_lead_to_two_organizations(acme: Open):
    script = TEAMS + HARD + "INSERT INTO member VALUES (1, 1, 1), (2, 1, 2);"
    exported = acme(script)
    assert exported.problems() == LEAVING
    (problem,) = row_problems(exported.membership, exported.connection)
    assert problem.found.endswith(": 2 -> 2")
    assert acme(script, organization="other").problems() == {"leaves-organization": ["member.org_id -> org.id"]}


def test_a_foreign_key_to_a_row_of_nobody_leaves_and_a_soft_reference_dangles(acme: Open):
    rows = "INSERT INTO member VALUES (1, 1, 3);"
    assert acme(TEAMS + HARD + rows).problems() == LEAVING
    assert acme(TEAMS + rows, SOFT).problems() == {}


def test_a_soft_reference_to_another_organizations_row(acme: Open):
    assert acme(TEAMS + "INSERT INTO member VALUES (1, 1, 2), (2, 1, 99);", SOFT).problems() == LEAVING


ISSUES = """
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint REFERENCES org);
CREATE TABLE issue (id bigint PRIMARY KEY, org_id bigint REFERENCES org, project_id bigint REFERENCES project, up bigint REFERENCES issue);
CREATE TABLE link (id bigint PRIMARY KEY, org_id bigint REFERENCES org, issue_id bigint);
INSERT INTO project VALUES (1, 2);
INSERT INTO issue VALUES (1, NULL, 1, NULL), (2, NULL, NULL, 1), (3, 1, NULL, NULL), (4, NULL, NULL, NULL);
"""


def test_a_soft_reference_to_a_row_that_is_anothers_by_a_way_that_nobody_of_ours_goes(acme: Open):
    silos = '[[references]]\nfrom = "link.issue_id"\nto = "issue.id"'
    assert acme(ISSUES + "INSERT INTO link VALUES (1, 1, 3), (2, 1, 4);", silos).problems() == {}
    for issue in (1, 2):
        problems = acme(ISSUES + f"INSERT INTO link VALUES (1, 1, {issue});", silos).problems()
        assert problems == {"leaves-organization": ["link.issue_id -> issue.id"]}


@pytest.mark.parametrize(
    ("column", "value", "path"), [("bigint[]", "{1,2}", ""), ("jsonb", '{"t": [1, "2"]}', "$.t[*]"), ("text", '{"t": [2]}', "$.t[*]")]
)
def test_an_id_in_a_list_or_a_document_that_is_anothers(acme: Open, column: str, value: str, path: str):
    script = (
        TEAMS + f"CREATE TABLE view (org_id bigint REFERENCES org, teams {column}); INSERT INTO view VALUES (1, '{value}'), (2, '{value}');"
    )
    reference = '[[references]]\nfrom = "view.teams"\nto = "team.id"\n' + (f'path = "{path}"\n' if path else "")
    assert acme(script, reference).problems() == {"leaves-organization": ["view.teams -> team.id"]}
    assert acme(script.replace(value, value.replace("2", "1")), reference).problems() == {}


def test_an_organization_that_refers_to_another_one(acme: Open):
    script = "ALTER TABLE org ADD parent_id bigint REFERENCES org; UPDATE org SET parent_id = 2 WHERE id = 1;"
    assert acme(script).problems() == {"leaves-organization": ["org.parent_id -> org.id"]}
    assert acme(script, organization="other").problems(inbound=True) == {"held-by-others": ["org.parent_id -> org.id"]}


def test_references_to_the_shared_part_of_a_table_stay_in(acme: Open):
    script = """
    CREATE TABLE role (id bigint PRIMARY KEY, name text, org_id bigint REFERENCES org);
    CREATE TABLE member (id bigint PRIMARY KEY, org_id bigint REFERENCES org, role_id bigint REFERENCES role);
    INSERT INTO role VALUES (1, 'all', NULL), (2, 'own', 1), (3, 'theirs', 2), (4, 'nobodys', NULL);
    INSERT INTO member VALUES (1, 1, 1), (2, 1, 2), (3, 1, NULL);
    """
    silos = '[tables.role]\nshared_where = "name = \'all\'"\nmatch = [["name"]]'
    assert acme(script, silos).problems() == {}
    for role in (3, 4):
        assert "leaves-organization" in acme(script + f"INSERT INTO member VALUES (5, 1, {role});", silos).problems()


def test_rows_without_a_key_are_told_apart(acme: Open):
    script = """
    CREATE TABLE word (text text UNIQUE, org_id bigint REFERENCES org);
    CREATE TABLE used (org_id bigint REFERENCES org, word text REFERENCES word (text));
    INSERT INTO word VALUES ('a', 1), ('b', 2), (NULL, 1), (NULL, NULL); INSERT INTO used VALUES (1, 'a'), (1, NULL), (2, 'b');
    """
    assert acme(script).problems(inbound=True) == {}
    assert "leaves-organization" in acme(script + "INSERT INTO used VALUES (1, 'b');").problems()


def test_a_foreign_key_to_rows_that_are_left(acme: Open):
    script = (
        "CREATE TABLE queue (id bigint PRIMARY KEY); CREATE TABLE job (org_id bigint REFERENCES org, queue_id bigint REFERENCES queue);"
    )
    silos = '[tables.queue]\nexport = "none"\nwhy = "work in flight"'
    assert acme(script + "INSERT INTO job VALUES (1, NULL);", silos).problems() == {}
    problems = acme(script + "INSERT INTO queue VALUES (1); INSERT INTO job VALUES (1, 1);", silos).problems()
    assert problems == {"refers-to-excluded": ["job.queue_id -> queue.id"]}


# what holds on to the organization's rows


def test_rows_of_others_that_refer_to_the_organizations(acme: Open):
    script = TEAMS + HARD + "INSERT INTO member VALUES (1, 2, 1);"
    assert acme(script, '[tables.member]\nowner = "org_id"').problems(inbound=True) == {"held-by-others": ["member.team_id -> team.id"]}


@pytest.mark.parametrize("export", ["none", "referenced", "shared"])
def test_rows_that_stay_behind_may_not_refer_to_what_goes(acme: Open, export: str):
    script = TEAMS + "CREATE TABLE log (id bigint PRIMARY KEY, name text, team_id bigint REFERENCES team);"
    silos = f'[tables.log]\nexport = "{export}"\n' + {"none": 'why = "legal hold"\n', "shared": 'match = [["name"]]\n'}.get(export, "")
    assert acme(script + "INSERT INTO log VALUES (1, 'x', 2), (2, 'y', NULL);", silos).problems(inbound=True) == {}
    found = acme(script + "INSERT INTO log VALUES (1, 'x', 1);", silos).problems(inbound=True)
    assert found == {"held-by-others": ["log.team_id -> team.id"]}


# what nobody decided


def test_every_table_is_accounted_for(acme: Open):
    exported = acme("CREATE TABLE lonely (id bigint PRIMARY KEY); CREATE TABLE child (id bigint PRIMARY KEY, up bigint REFERENCES lonely);")
    assert exported.problems() == {"undecided-table": ["child", "lonely"]}


def test_lists_and_documents_own_nothing(acme: Open):
    exported = acme(
        "CREATE TABLE view (id bigint PRIMARY KEY, orgs bigint[], data jsonb);",
        '[[references]]\nfrom = "view.orgs"\nto = "org.id"\n[[references]]\nfrom = "view.data"\npath = "$.o"\nto = "org.id"',
    )
    assert exported.problems() == {"undecided-table": ["view"]}


def test_a_reference_to_control_ties_nothing(acme: Open):
    exported = acme(
        "CREATE TABLE login (id bigint PRIMARY KEY, user_id bigint);",
        CONTROL + '[[references]]\nfrom = "login.user_id"\nto = "auth_user.id"',
    )
    assert exported.problems() == {"undecided-table": ["login"]}
