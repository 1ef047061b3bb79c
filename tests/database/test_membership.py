"""Whose every row is: by which ways, and over what; no row of the organization is missing and none of another's is there."""

from __future__ import annotations

from collections.abc import Callable

from tests.exported import Exported

Open = Callable[..., Exported]


TWO_WAYS = """
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
CREATE TABLE doc (id bigint PRIMARY KEY, org_id bigint REFERENCES org, project_id bigint REFERENCES project);
INSERT INTO project VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO doc VALUES (1, 1, NULL), (2, NULL, 1), (3, 1, 2), (4, 2, NULL), (5, NULL, 3), (6, 2, 3), (7, NULL, NULL);
"""


def test_each_of_two_ways_gives_rows(acme: Open):
    assert acme(TWO_WAYS).ids("doc") == [1, 2, 3]


def test_parts_are_disjoint(acme: Open):
    parts = acme(TWO_WAYS).part_rows("doc")
    assert len(parts) == 2
    assert [part.total() for part in parts] == [2, 1]


def test_a_way_without_rows_of_its_own_is_no_part(acme: Open):
    exported = acme(TWO_WAYS + "DELETE FROM doc WHERE id = 2;")
    assert len(exported.part_rows("doc")) == 1
    assert exported.ids("doc") == [1, 3]


def test_rows_that_reach_no_organization_are_nobodys(acme: Open):
    assert acme(TWO_WAYS, organization="other").ids("doc") == [4, 5, 6]


def test_three_ways_and_every_mixture_of_them(acme: Open):
    exported = acme("""
    CREATE TABLE a (id bigint PRIMARY KEY, org_id bigint REFERENCES org);
    CREATE TABLE b (id bigint PRIMARY KEY, a_id bigint REFERENCES a, org_id bigint REFERENCES org);
    CREATE TABLE c (id bigint PRIMARY KEY, a_id bigint REFERENCES a, b_id bigint REFERENCES b, org_id bigint REFERENCES org);
    INSERT INTO a VALUES (1, 1), (2, 2), (3, NULL);
    INSERT INTO b VALUES (1, 1, NULL), (2, NULL, 1), (3, 2, NULL), (4, NULL, 2), (5, 3, NULL), (6, 3, 1);
    INSERT INTO c SELECT row_number() OVER (), a.id, b.id, o.id FROM (VALUES (1), (NULL)) AS a(id)
        CROSS JOIN (VALUES (1), (2), (6), (NULL)) AS b(id) CROSS JOIN (VALUES (1), (NULL)) AS o(id);
    INSERT INTO c VALUES (101, 2, NULL, NULL), (102, NULL, 3, NULL), (103, NULL, 5, NULL), (104, 3, 5, NULL), (105, NULL, NULL, 2);
    """)
    assert exported.ids("b") == [1, 2, 6]
    assert exported.ids("c") == list(range(1, 16))


def test_none_values_are_no_way_even_where_a_row_has_them(acme: Open):
    exported = acme(
        """
        CREATE TABLE team (id bigint PRIMARY KEY, org_id bigint REFERENCES org);
        CREATE TABLE member (id bigint PRIMARY KEY, team_id bigint NOT NULL, org_id bigint REFERENCES org);
        INSERT INTO team VALUES (0, 1), (1, 1);
        INSERT INTO member VALUES (1, 0, NULL), (2, 1, NULL), (3, 0, 1), (4, 0, 2);
        """,
        '[[references]]\nfrom = "member.team_id"\nto = "team.id"\nnone_values = [0]',
    )
    assert exported.ids("member") == [2, 3]


# rows that hang on their own kind, or on a cycle


TREE = """
CREATE TABLE comment (id bigint PRIMARY KEY, org_id bigint REFERENCES org, parent_id bigint REFERENCES comment);
INSERT INTO comment VALUES (1, 1, NULL), (2, NULL, 1), (3, NULL, 2), (4, NULL, 3), (5, 1, 4), (6, NULL, 5);
INSERT INTO comment VALUES (11, 2, NULL), (12, NULL, 11), (20, NULL, NULL);
INSERT INTO comment VALUES (21, NULL, NULL), (22, NULL, 21); UPDATE comment SET parent_id = 22 WHERE id = 21;
CREATE TABLE reaction (id bigint PRIMARY KEY, comment_id bigint NOT NULL REFERENCES comment);
INSERT INTO reaction SELECT id * 10, id FROM comment;
"""


def test_replies_of_replies_come_along(acme: Open):
    exported = acme(TREE)
    assert exported.ids("comment") == [1, 2, 3, 4, 5, 6]
    assert exported.ids("reaction") == [10, 20, 30, 40, 50, 60]
    assert acme(TREE, organization="other").ids("reaction") == [110, 120]


def test_a_tree_whose_rows_all_name_their_organization_needs_no_search(acme: Open):
    exported = acme(TREE + "UPDATE comment SET org_id = 1 WHERE id < 10;")
    assert exported.membership.selection.closed == frozenset()
    assert exported.ids("reaction") == [10, 20, 30, 40, 50, 60]


CYCLE = """
CREATE TABLE folder (id bigint PRIMARY KEY, org_id bigint REFERENCES org, cover_id bigint);
CREATE TABLE file (id bigint PRIMARY KEY, folder_id bigint REFERENCES folder);
CREATE TABLE version (id bigint PRIMARY KEY, file_id bigint REFERENCES file, copy_in bigint REFERENCES folder);
ALTER TABLE folder ADD FOREIGN KEY (cover_id) REFERENCES version;
INSERT INTO folder VALUES (1, 1, NULL), (2, NULL, NULL), (3, NULL, NULL), (10, 2, NULL), (11, NULL, NULL), (20, NULL, NULL);
INSERT INTO file VALUES (1, 1), (2, 2), (3, 3), (10, 10), (11, 11), (20, 20), (30, NULL);
INSERT INTO version VALUES (1, 1, NULL), (2, 2, NULL), (3, NULL, 3), (10, 10, NULL), (11, 11, NULL), (20, 20, NULL), (30, 30, NULL);
UPDATE folder SET cover_id = 1 WHERE id = 2; UPDATE folder SET cover_id = 2 WHERE id = 3; UPDATE folder SET cover_id = 10 WHERE id = 11;
UPDATE folder SET cover_id = 20 WHERE id = 20;
"""


def test_rows_that_only_a_cycle_of_tables_reaches(acme: Open):
    exported = acme(CYCLE)
    assert exported.ids("folder") == [1, 2, 3]
    assert exported.ids("file") == [1, 2, 3]
    assert exported.ids("version") == [1, 2, 3]
    assert acme(CYCLE, organization="other").ids("version") == [10, 11]


def test_a_search_in_partitioned_tables(acme: Open):
    exported = acme("""
    CREATE TABLE node (id bigint PRIMARY KEY, org_id bigint REFERENCES org, up bigint) PARTITION BY RANGE (id);
    CREATE TABLE node_low PARTITION OF node FOR VALUES FROM (0) TO (10);
    CREATE TABLE node_high PARTITION OF node FOR VALUES FROM (10) TO (1000);
    INSERT INTO node VALUES (1, 1, NULL), (11, NULL, 1), (2, NULL, 11), (12, NULL, 2), (3, 2, NULL), (13, NULL, 3), (14, NULL, NULL);
    ALTER TABLE node ADD FOREIGN KEY (up) REFERENCES node;
    CREATE TABLE leaf (id bigint PRIMARY KEY, node_id bigint REFERENCES node);
    INSERT INTO leaf SELECT id, id FROM node;
    """)
    assert exported.ids("node") == exported.ids("leaf") == [1, 2, 11, 12]


def test_a_search_among_rows_without_a_key(acme: Open):
    exported = acme(
        """
        CREATE TABLE edge (name text UNIQUE, up text, org_id bigint REFERENCES org, n bigint);
        INSERT INTO edge VALUES ('a', NULL, 1, 1), ('b', 'a', NULL, 2), (NULL, 'b', NULL, 3), (NULL, 'b', NULL, 3);
        INSERT INTO edge VALUES ('x', NULL, 2, 4), (NULL, 'x', NULL, 5);
        """,
        '[[references]]\nfrom = "edge.up"\nto = "edge.name"',
    )
    assert exported.ids("edge", "n") == [1, 2, 3, 3]


# polymorphic parents and declared owners


POLYMORPHIC = """
CREATE TYPE kind AS ENUM ('project', 'team', 'robot');
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint REFERENCES org);
CREATE TABLE team (id bigint PRIMARY KEY, org_id bigint REFERENCES org);
INSERT INTO project VALUES (1, 1), (2, 2); INSERT INTO team VALUES (1, 2), (2, 1);
CREATE TABLE note (id bigint PRIMARY KEY, target_type kind, target_id bigint);
INSERT INTO note VALUES (1, 'project', 1), (2, 'project', 2), (3, 'team', 1), (4, 'team', 2);
INSERT INTO note VALUES (5, 'robot', 1), (6, NULL, 1), (7, 'team', NULL), (8, 'team', 99);
"""
LABELS = '[[references]]\nfrom = "note.target_id"\ntype_column = "target_type"\nto = { project = "project.id", team = "team.id" }'


def test_the_label_says_which_parent_counts(acme: Open):
    assert acme(POLYMORPHIC, LABELS).ids("note") == [1, 4]
    assert acme(POLYMORPHIC, LABELS, "other").ids("note") == [2, 3]


def test_an_owner_decides_alone(acme: Open):
    exported = acme(
        """
        CREATE TABLE grp (id bigint PRIMARY KEY, org_id bigint REFERENCES org);
        CREATE TABLE item (id bigint PRIMARY KEY, grp_id bigint REFERENCES grp, seen_by bigint);
        INSERT INTO grp VALUES (1, 1), (2, 2);
        INSERT INTO item VALUES (1, 1, 2), (2, 2, 1), (3, NULL, 1), (4, 1, NULL);
        """,
        '[[references]]\nfrom = "item.seen_by"\nto = "org.id"\n[tables.item]\nowner = "grp_id"',
    )
    assert exported.ids("item") == [1, 4]


def test_an_owner_of_several_columns(acme: Open):
    exported = acme(
        """
        CREATE TABLE grp (org_id bigint REFERENCES org, n bigint, PRIMARY KEY (org_id, n));
        CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint, n bigint, other_id bigint REFERENCES org,
            FOREIGN KEY (org_id, n) REFERENCES grp);
        INSERT INTO grp VALUES (1, 5), (2, 5);
        INSERT INTO item VALUES (1, 1, 5, 2), (2, 2, 5, 1), (3, NULL, 5, 1), (4, 1, NULL, 1);
        """,
        '[tables.item]\nowner = ["org_id", "n"]',
    )
    assert exported.ids("item") == [1]
