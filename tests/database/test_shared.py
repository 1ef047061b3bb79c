"""Rows that every region has: which of them an organization needs, and the target's rows that stand for them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import pytest

from exports.match import Matched, Place, insert_missing, match_rows
from exports.shared import SharedRows, read_needed
from splitter.catalog import read_schema
from splitter.db import connect
from splitter.schema import TableName
from tests.exported import ORG, Exported, far

Open = Callable[..., Exported]
PLAN = '[tables.plan]\nexport = "shared"\nmatch = [["name"]]\n'


@dataclass(frozen=True)
class Sides:
    """An organization, and a target that has shared rows of its own."""

    exported: Exported
    matched: Matched
    needed: tuple[SharedRows, ...]

    @property
    def problems(self) -> list[str]:
        return [problem.code for problem in self.matched.problems]

    def needs(self, name: str, column: str = "name") -> list[str | None]:
        return sorted(row[column] for shared in self.needed if shared.table.name == name for row in shared.rows) if self.needed else []  # type: ignore[type-var]

    def column(self, name: str, column: str) -> list[str | None]:
        return self.exported.with_maps(self.matched.maps).column(name, column)


@pytest.fixture
def sides(acme: Open, make_database: Callable[..., str]) -> Callable[..., Sides]:
    def make(schema: str, source: str, target: str, silos: str) -> Sides:
        exported = acme(schema + source, silos)
        url = make_database(ORG + schema + target)
        survey = exported.survey
        with closing(connect(url, setting="target")) as connection:
            place = Place(connection=connection, schema=read_schema(connection))
            needed = read_needed(exported.membership, exported.connection)
            matched = match_rows(needed, survey.silos, survey.schema, survey.rules, exported.minting, lambda _: place)
            for missing in matched.inserts:
                insert_missing(connection, place.schema, missing)
        return Sides(exported, matched, needed)

    return make


SIMPLE = """
CREATE TABLE plan (id int PRIMARY KEY, name text, price numeric);
CREATE TABLE account (org_id bigint REFERENCES org, plan_id int REFERENCES plan, old text, plans int[], data json, by jsonb);
"""
PLACES = (
    PLAN
    + '[[references]]\nfrom = "account.old"\nto = "plan.id"\n[[references]]\nfrom = "account.plans"\nto = "plan.id"\n'
    + '[[references]]\nfrom = "account.data"\npath = "$.p"\nto = "plan.id"\n'
    + '[[references]]\nfrom = "account.by"\npath = "$"\nkeys = true\nto = "plan.id"\n'
)


def test_references_of_every_kind_follow_to_the_targets_rows(sides: Callable[..., Sides]):
    found = sides(
        SIMPLE,
        """INSERT INTO plan VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (4, 'd', 4), (5, 'e', 5), (6, 'unused', 6);
        INSERT INTO account VALUES (1, 1, '2', '{3,NULL,1}', '{ "p": 4, "x": 1 }', '{"5": 1, "x": 2}'), (2, 6, NULL, NULL, NULL, NULL);""",
        "INSERT INTO plan VALUES (11, 'a', 1), (12, 'b', 2), (13, 'c', 3), (14, 'd', 4), (15, 'e', 5), (1, 'other', 6), (2, 'more', 7);",
        PLACES,
    )
    assert found.problems == []
    assert found.needs("plan") == ["a", "b", "c", "d", "e"]
    ((_, *columns),) = found.exported.with_maps(found.matched.maps).rows("account")
    assert columns == ["11", "12", "{13,NULL,11}", '{"p":14,"x":1}', '{"x": 2, "15": 1}']


def test_an_archive_leaves_them_as_they_are(sides: Callable[..., Sides]):
    found = sides(SIMPLE, "INSERT INTO plan VALUES (1, 'a', 1); INSERT INTO account VALUES (1, 1);", "", PLACES)
    assert found.exported.column("account", "plan_id") == ["1"]


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        ("(1, 'a', 1)", "(2, 'b', 1)", "missing-shared-row"),
        ("(1, 'a', 1)", "(2, 'a', 2)", "shared-row-differs"),
        ("(1, 'a', 1)", "(2, 'a', NULL)", "shared-row-differs"),
        ("(1, 'a', 1)", "(2, 'a', 1), (3, 'a', 1)", "ambiguous-natural-key"),
        ("(1, 'a', 1), (2, 'a', 1)", "(2, 'a', 1)", "ambiguous-natural-key"),
        ("(1, NULL, 1)", "(2, NULL, 1)", "null-natural-key"),
    ],
)
def test_what_can_not_be_matched_is_told(sides: Callable[..., Sides], source: str, target: str, code: str):
    found = sides(
        SIMPLE, f"INSERT INTO plan VALUES {source}; INSERT INTO account VALUES (1, 1);", f"INSERT INTO plan VALUES {target};", PLACES
    )
    assert found.problems == [code]


def test_a_difference_that_is_ignored_by_name(sides: Callable[..., Sides]):
    rows = "INSERT INTO plan VALUES (1, 'a', 1); INSERT INTO account VALUES (1, 1);"
    found = sides(SIMPLE, rows, "INSERT INTO plan VALUES (9, 'a', 2);", PLAN + 'ignore = ["price"]\n' + PLACES.removeprefix(PLAN))
    assert found.problems == []
    assert found.column("account", "plan_id") == ["9"]


def test_alternatives_the_first_without_null_counts(sides: Callable[..., Sides]):
    found = sides(
        """CREATE TABLE plan (id int PRIMARY KEY, code text, vendor text, name text);
        CREATE TABLE account (org_id bigint REFERENCES org, plan_id int REFERENCES plan);""",
        """INSERT INTO plan VALUES (1, 'x', 'v', 'n'), (2, NULL, 'v', 'n'), (3, 'y', 'v', 'n');
        INSERT INTO account VALUES (1, 1), (1, 2);""",
        "INSERT INTO plan VALUES (11, 'x', 'v', 'n'), (12, NULL, 'v', 'm'), (13, NULL, 'w', 'n'), (14, NULL, 'v', 'n');",
        '[tables.plan]\nexport = "shared"\nmatch = [["code"], ["vendor", "name"]]\n',
    )
    assert found.problems == ["ambiguous-natural-key"]  # of the target: the second key finds the row that has a code too


def test_a_needed_row_brings_the_shared_rows_that_it_refers_to(sides: Callable[..., Sides]):
    schema = """
    CREATE TABLE vendor (id int PRIMARY KEY, name text);
    CREATE TABLE plan (id int PRIMARY KEY, name text, vendor_id int REFERENCES vendor);
    CREATE TABLE account (org_id bigint REFERENCES org, plan_id int REFERENCES plan);
    """
    found = sides(
        schema,
        "INSERT INTO vendor VALUES (1, 'u'), (2, 'v'); INSERT INTO plan VALUES (1, 'a', 1), (2, 'a', 2);INSERT INTO account VALUES (1, 2);",
        "INSERT INTO vendor VALUES (7, 'v'), (8, 'u'); INSERT INTO plan VALUES (1, 'a', 8), (3, 'a', 7);",
        '[tables.vendor]\nexport = "shared"\nmatch = [["name"]]\n[tables.plan]\nexport = "shared"\nmatch = [["vendor_id", "name"]]\n',
    )
    assert found.problems == []
    assert found.needs("vendor") == ["v"]
    assert found.column("account", "plan_id") == ["3"]


TREE = """
CREATE TABLE topic (id bigint PRIMARY KEY, name text, up bigint);
CREATE TABLE post (org_id bigint REFERENCES org, topic_id bigint REFERENCES topic);
INSERT INTO topic VALUES {}; ALTER TABLE topic ADD FOREIGN KEY (up) REFERENCES topic;
"""


def test_a_tree_of_shared_rows_whose_names_count_below_their_parents(sides: Callable[..., Sides]):
    silos = '[tables.topic]\nexport = "shared"\nmatch = [["up", "name"], ["name"]]\n'
    found = sides(
        "",
        TREE.replace("{}", "(1, 'top', NULL), (2, 'a', 1), (3, 'x', 2), (4, 'b', 1), (5, 'x', 4)") + "INSERT INTO post VALUES (1, 5);",
        TREE.replace("{}", "(10, 'top', NULL), (20, 'a', 10), (30, 'x', 20), (40, 'b', 10), (50, 'x', 40)"),
        silos,
    )
    assert found.problems == []
    assert found.needs("topic") == ["b", "top", "x"]
    assert found.column("post", "topic_id") == ["50"]


def test_shared_rows_that_refer_to_each_other_in_a_circle(sides: Callable[..., Sides]):
    silos = '[tables.topic]\nexport = "shared"\nmatch = [["name"]]\n'
    rows = "(1, 'a', 2), (2, 'b', 3), (3, 'c', 1)"
    target = "(4, 'b', 5), (5, 'c', 6), (6, 'a', 4)"
    found = sides("", TREE.replace("{}", rows) + "INSERT INTO post VALUES (1, 1);", TREE.replace("{}", target), silos)
    assert found.problems == []
    assert found.needs("topic") == ["a", "b", "c"]
    differs = sides("", TREE.replace("{}", rows) + "INSERT INTO post VALUES (1, 1);", TREE.replace("{}", target.replace("4)", "5)")), silos)
    assert differs.problems == ["shared-row-differs"]


def test_natural_keys_that_hold_each_others_ids(sides: Callable[..., Sides]):
    silos = '[tables.topic]\nexport = "shared"\nmatch = [["up"]]\n'
    found = sides(
        "", TREE.replace("{}", "(1, 'a', 2), (2, 'b', 1)") + "INSERT INTO post VALUES (1, 1);", TREE.replace("{}", "(1, 'a', 1)"), silos
    )
    assert found.problems == ["circular-natural-key"]


def test_missing_rows_are_put_in_parents_first(sides: Callable[..., Sides]):
    silos = '[tables.topic]\nexport = "shared"\nmatch = [["name"]]\non_missing = "insert"\n'
    found = sides(
        "",
        TREE.replace("{}", "(1, 'leaf', 3), (2, 'twig', 4), (3, 'branch', 2), (4, 'tree', NULL)") + "INSERT INTO post VALUES (1, 1);",
        TREE.replace("{}", "(7, 'tree', NULL), (1, 'other', NULL)"),
        silos,
    )
    assert found.problems == []
    assert [missing.values["name"] for missing in found.matched.inserts] == ["twig", "branch", "leaf"]
    assert found.matched.inserts[0].values == {"id": far(2), "name": "twig", "up": "7"}
    assert found.column("post", "topic_id") == [far(1)]


def test_a_missing_row_whose_id_does_not_fit_is_told_before_it_is_put_in(sides: Callable[..., Sides]):
    rows = "INSERT INTO plan VALUES (1, 'a', 1); INSERT INTO account VALUES (1, 1);"
    found = sides(SIMPLE, rows, "", PLAN + 'on_missing = "insert"\n' + PLACES.removeprefix(PLAN))
    assert [(problem.code, problem.object) for problem in found.matched.problems] == [("narrow-id", "plan.id")]
    assert found.matched.inserts == ()


def test_only_the_shared_part_of_the_targets_table_counts(sides: Callable[..., Sides]):
    schema = """
    CREATE TABLE role (id bigint PRIMARY KEY, name text, org_id bigint REFERENCES org);
    CREATE TABLE member (id bigint PRIMARY KEY, org_id bigint REFERENCES org, role_id bigint REFERENCES role);
    """
    found = sides(
        schema,
        "INSERT INTO role VALUES (1, 'admin', NULL), (2, 'own', 1); INSERT INTO member VALUES (1, 1, 1), (2, 1, 2);",
        "INSERT INTO role VALUES (10, 'admin', 2), (20, 'admin', NULL);",
        '[tables.role]\nshared_where = "org_id IS NULL"\nmatch = [["name"]]\n',
    )
    assert found.problems == []
    assert found.column("member", "role_id") == ["20", far(2)]
    assert found.column("role", "id") == [far(2)]


def test_composite_keys_of_shared_rows(sides: Callable[..., Sides]):
    schema = """
    CREATE TABLE rate (country text, number int, name text UNIQUE, PRIMARY KEY (country, number));
    CREATE TABLE bill (id bigint PRIMARY KEY, org_id bigint REFERENCES org, c text, n int, FOREIGN KEY (c, n) REFERENCES rate);
    """
    found = sides(
        schema,
        """INSERT INTO rate VALUES ('1:a', 1, 'x'), ('1', 11, 'y'), ('é', 2, 'z');
        INSERT INTO bill VALUES (1, 1, '1:a', 1), (2, 1, '1', 11), (3, 1, 'é', 2), (4, 1, NULL, 1);""",
        "INSERT INTO rate VALUES ('p', 1, 'y'), ('q', 2, 'x'), ('r', 3, 'z');",
        '[tables.rate]\nexport = "shared"\nmatch = [["name"]]\n',
    )
    assert found.problems == []
    assert [row[2:] for row in sorted(found.exported.with_maps(found.matched.maps).rows("bill"), key=str)] == [
        ("q", "2"),
        ("p", "1"),
        ("r", "3"),
        (None, "1"),
    ]


def test_a_reference_to_a_row_that_refers_to_a_shared_one(sides: Callable[..., Sides]):
    schema = """
    CREATE TABLE plan (id int PRIMARY KEY, name text);
    CREATE TABLE subscription (org_id bigint REFERENCES org, plan_id int REFERENCES plan, PRIMARY KEY (org_id, plan_id));
    CREATE TABLE usage (org_id bigint REFERENCES org, plan_id int, plans int, FOREIGN KEY (org_id, plan_id) REFERENCES subscription);
    """
    found = sides(
        schema,
        "INSERT INTO plan VALUES (1, 'a'); INSERT INTO subscription VALUES (1, 1); INSERT INTO usage VALUES (1, 1, NULL);",
        "INSERT INTO plan VALUES (9, 'a');",
        PLAN,
    )
    assert found.problems == []
    assert found.column("subscription", "plan_id") == found.column("usage", "plan_id") == ["9"]


def test_what_leads_to_no_shared_row_stops_the_export(acme: Open):
    script = SIMPLE + "INSERT INTO plan VALUES (1, 'a', 1); INSERT INTO account (org_id, plan_id, old) VALUES (1, 1, '7');"
    assert acme(script, PLACES).problems() == {"dangling-shared": ["account.old -> plan.id"]}
    assert acme(script.replace("'7'", "'x'"), PLACES).problems() == {}


def test_the_needed_rows_come_before_what_they_refer_to(sides: Callable[..., Sides]):
    schema = """
    CREATE TABLE a (id int PRIMARY KEY, name text); CREATE TABLE b (id int PRIMARY KEY, name text, a_id int REFERENCES a);
    CREATE TABLE c (org_id bigint REFERENCES org, a_id int REFERENCES a, b_id int REFERENCES b);
    """
    rows = "INSERT INTO a VALUES (1, 'a'); INSERT INTO b VALUES (1, 'b', 1);"
    silos = "".join(f'[tables.{name}]\nexport = "shared"\nmatch = [["name"]]\n' for name in "ab")
    found = sides(schema, rows + "INSERT INTO c VALUES (1, 1, 1);", rows, silos)
    assert [shared.table for shared in found.needed] == [TableName("public", "b"), TableName("public", "a")]
