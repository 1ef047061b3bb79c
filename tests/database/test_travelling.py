"""Rows that are part of an organization by what refers to them, and rows of its tables that are nobody's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.exported import Exported

Open = Callable[..., Exported]


SHARED = """
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint REFERENCES org);
CREATE TABLE dashboard (id bigint PRIMARY KEY, name text, project_id bigint REFERENCES project, org_id bigint REFERENCES org,
    up bigint REFERENCES dashboard);
CREATE TABLE widget (id bigint PRIMARY KEY, dashboard_id bigint REFERENCES dashboard);
INSERT INTO project VALUES (1, 1), (2, 2);
INSERT INTO dashboard VALUES (1, 'own', 1, NULL, NULL), (2, '100% {}', NULL, 1, NULL), (3, NULL, NULL, 1, NULL);
INSERT INTO dashboard VALUES (4, 'other', 2, NULL, NULL), (5, 'below', NULL, NULL, 2), (6, 'hangs', NULL, NULL, 1);
INSERT INTO widget SELECT id, id FROM dashboard;
"""
PART = '[tables.dashboard]\nshared_where = "{}"\nmatch = [["name"]]'


@pytest.mark.parametrize("where", ["name = '100% {}'", "dashboard.name = '100% {}'", "name LIKE '1%{}' OR name = 'none'"])
def test_the_shared_part_of_a_table_is_nobodys_and_brings_nothing(acme: Open, where: str):
    exported = acme(SHARED, PART.replace("{}", where, 1))
    assert exported.ids("dashboard") == [1, 3, 6]
    assert exported.ids("widget") == [1, 3, 6]


def test_the_shared_part_of_a_table_without_a_key(acme: Open):
    exported = acme(
        """
        CREATE TABLE word (org_id bigint REFERENCES org, text text, n bigint);
        INSERT INTO word VALUES (1, NULL, 1), (1, 'all', 2), (1, 'all', 2), (1, 'own', 3);
        """,
        '[tables.word]\nshared_where = "text = \'all\'"\nmatch = [["text"]]',
    )
    assert exported.ids("word", "n") == [1, 3]


REFERENCED = """
CREATE TABLE filter (id bigint PRIMARY KEY, code text UNIQUE, base_id bigint REFERENCES filter);
CREATE TABLE palette (id bigint PRIMARY KEY, filter_id bigint REFERENCES filter);
CREATE TABLE view (id bigint PRIMARY KEY, org_id bigint REFERENCES org, filter_id bigint REFERENCES filter, filter_code text,
    palettes bigint[], data jsonb);
INSERT INTO filter VALUES (1, 'a', NULL), (2, NULL, 1), (3, 'c', 4), (4, NULL, NULL), (5, 'e', NULL), (6, 'f', 7), (7, 'g', NULL);
INSERT INTO filter VALUES (8, 'h', 9), (9, 'i', 8);
INSERT INTO palette VALUES (1, 6), (2, NULL), (3, 5), (4, 8);
INSERT INTO view VALUES (1, 1, 2, NULL, '{1,NULL,2}', '{"p": 4}'), (2, 1, NULL, 'c', NULL, NULL), (3, 2, 5, 'a', '{3}', '{"p": 3}');
"""
TRAVELLING = """
[tables.filter]
export = "referenced"
[tables.palette]
export = "referenced"
[[references]]
from = "view.filter_code"
to = "filter.code"
[[references]]
from = "view.palettes"
to = "palette.id"
[[references]]
from = "view.data"
path = "$.p"
to = "palette.id"
"""


def test_rows_that_are_referred_to_travel_along_with_what_they_refer_to(acme: Open):
    exported = acme(REFERENCED, TRAVELLING)
    assert exported.ids("palette") == [1, 2, 4]
    assert exported.ids("filter") == [1, 2, 3, 4, 6, 7, 8, 9]
    assert acme(REFERENCED, TRAVELLING, "other").ids("filter") == [1, 5]


def test_referenced_rows_without_a_key_that_all_have(acme: Open):
    exported = acme(
        """
        CREATE TABLE style (code text UNIQUE, number bigint UNIQUE, n bigint);
        CREATE TABLE view (id bigint PRIMARY KEY, org_id bigint REFERENCES org,
            code text REFERENCES style (code), number bigint REFERENCES style (number));
        INSERT INTO style VALUES ('a', NULL, 1), (NULL, 7, 2), ('c', 8, 3), ('d', 9, 4), (NULL, NULL, 5);
        INSERT INTO view VALUES (1, 1, 'a', 7), (2, 1, 'c', 8), (3, 2, 'd', NULL);
        """,
        '[tables.style]\nexport = "referenced"',
    )
    assert exported.ids("style", "n") == [1, 2, 3]


def test_a_way_may_lead_over_a_table_that_stays(acme: Open):
    exported = acme(
        """
        CREATE TABLE queue (id bigint PRIMARY KEY, org_id bigint REFERENCES org); INSERT INTO queue VALUES (1, 1), (2, 2);
        CREATE TABLE result (id bigint PRIMARY KEY, queue_id bigint); INSERT INTO result VALUES (1, 1), (2, 2);
        """,
        '[tables.queue]\nexport = "none"\nwhy = "work in flight"\n[[references]]\nfrom = "result.queue_id"\nto = "queue.id"',
    )
    assert exported.ids("result") == [1]
