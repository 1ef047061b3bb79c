"""Whose every row is, whatever the keys, the tables and their names are made of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.exported import Exported, look

Open = Callable[..., Exported]


def test_composite_keys(acme: Open):
    exported = acme("""
    CREATE TABLE project (org_id bigint REFERENCES org, number int, PRIMARY KEY (org_id, number));
    CREATE TABLE task (id bigint PRIMARY KEY, org bigint, project int, FOREIGN KEY (org, project) REFERENCES project);
    CREATE TABLE step (id bigint PRIMARY KEY, task_id bigint REFERENCES task);
    INSERT INTO project VALUES (1, 1), (1, 2), (2, 1), (2, 3);
    INSERT INTO task VALUES (1, 1, 1), (2, 1, 2), (3, 2, 1), (4, 2, 3), (5, 1, NULL), (6, NULL, 1);
    INSERT INTO step SELECT id, id FROM task;
    """)
    assert exported.ids("project", "number") == [1, 2]
    assert exported.ids("task") == exported.ids("step") == [1, 2]


COMPOSITE_ORG = """
CREATE TABLE org (country text, number int, slug text, PRIMARY KEY (country, number));
CREATE TABLE project (id bigint PRIMARY KEY, number int, country text, FOREIGN KEY (country, number) REFERENCES org);
CREATE TABLE task (id bigint PRIMARY KEY, project_id bigint REFERENCES project);
INSERT INTO org VALUES ('us', 1, 'acme'), ('us', 2, 'other'), ('de', 1, 'third');
INSERT INTO project VALUES (1, 1, 'us'), (2, 2, 'us'), (3, 1, 'de'), (4, 1, NULL), (5, NULL, 'us');
INSERT INTO task SELECT id, id FROM project;
"""


def test_an_organization_whose_key_has_two_columns(make_database: Callable[..., str]):
    with look(make_database(COMPOSITE_ORG)) as exported:
        assert exported.ids("project") == exported.ids("task") == [1]
        assert exported.membership.root == ("us", "1")


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        ("uuid", "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "6f9619ff-8b86-d011-b42d-00cf4fc964fe"),
        ("text", 'it\'s "1" | %s {}', "1"),
        ("varchar(9)", "é", "e"),
        ("char(4)", "a", "ab"),
        ("numeric(20,2)", "5.00", "5.01"),
        ("date", "2024-02-29", "2024-03-01"),
    ],
)
def test_keys_of_any_type(make_database: Callable[..., str], type_: str, one: str, other: str):
    quoted = [text.replace("'", "''") for text in (one, other)]
    url = make_database(f"""
    CREATE TABLE org (id {type_} PRIMARY KEY, slug text);
    CREATE TABLE project (id {type_} PRIMARY KEY, org_id {type_} REFERENCES org);
    CREATE TABLE task (id bigint PRIMARY KEY, project_id {type_} REFERENCES project);
    INSERT INTO org VALUES ('{quoted[0]}', 'acme'), ('{quoted[1]}', 'other'); INSERT INTO project SELECT id, id FROM org;
    INSERT INTO task VALUES (1, '{quoted[0]}'), (2, '{quoted[1]}'), (3, NULL);
    """)
    with look(url) as exported:
        assert exported.ids("task") == [1]
        assert exported.problems(inbound=True) == {}


def test_an_organization_is_found_by_a_text_key_with_a_bar_in_it(make_database: Callable[..., str]):
    url = make_database("CREATE TABLE org (id text PRIMARY KEY, slug text); INSERT INTO org VALUES ('a|b', 'acme'), ('a', 'other');")
    with look(url, organization="a|b") as exported:
        assert exported.column("org", "slug") == ["acme"]


def test_a_text_column_that_holds_ids(acme: Open):
    exported = acme(
        """
        CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint REFERENCES org);
        CREATE TABLE log (id bigint PRIMARY KEY, org text, project varchar(30));
        INSERT INTO project VALUES (7, 1), (8, 2);
        INSERT INTO log VALUES (1, '1', NULL), (2, '2', NULL), (3, NULL, '7'), (4, NULL, '8'), (5, NULL, '07'), (6, ' 1', 'x'), (7, '', '');
        """,
        '[[references]]\nfrom = "log.org"\nto = "org.id"\n[[references]]\nfrom = "log.project"\nto = "project.id"',
    )
    assert exported.ids("log") == [1, 3]


def test_a_key_that_is_larger_than_the_column_that_could_hold_it(acme: Open):
    exported = acme(
        f"""
        INSERT INTO org VALUES ({2**35}, 'large');
        CREATE TABLE log (id bigint PRIMARY KEY, org_id int, org bigint REFERENCES org);
        INSERT INTO log VALUES (1, 1, 1), (2, NULL, {2**35});
        """,
        '[[references]]\nfrom = "log.org_id"\nto = "org.id"',
        "large",
    )
    assert exported.ids("log") == [2]


def test_an_integer_reference_to_a_numeric_key(acme: Open):
    exported = acme("""
    CREATE TABLE project (id numeric(20,2) PRIMARY KEY, org_id bigint REFERENCES org);
    CREATE TABLE task (id bigint PRIMARY KEY, project_id int REFERENCES project);
    INSERT INTO project VALUES (5, 1), (6, 2); INSERT INTO task VALUES (1, 5), (2, 6), (3, NULL);
    """)
    assert exported.ids("task") == [1]


def test_a_reference_between_collations(acme: Open):
    exported = acme("""
    CREATE TABLE project (code text COLLATE "C" PRIMARY KEY, org_id bigint REFERENCES org);
    CREATE TABLE task (id bigint PRIMARY KEY, code text COLLATE "POSIX" REFERENCES project);
    CREATE TABLE step (id bigint PRIMARY KEY, code name REFERENCES project);
    INSERT INTO project VALUES ('a', 1), ('b', 2); INSERT INTO task VALUES (1, 'a'), (2, 'b'); INSERT INTO step VALUES (1, 'a'), (2, 'b');
    """)
    assert exported.ids("task") == exported.ids("step") == [1]
    assert exported.problems(inbound=True) == {}


def test_keys_that_compare_by_an_extensions_operator(acme: Open):
    exported = acme("""
    CREATE SCHEMA "my ext"; CREATE EXTENSION citext SCHEMA "my ext";
    CREATE TABLE project (code "my ext".citext PRIMARY KEY, org_id bigint REFERENCES org);
    CREATE TABLE task (id bigint PRIMARY KEY, code "my ext".citext REFERENCES project);
    INSERT INTO project VALUES ('Abc', 1), ('Other', 2); INSERT INTO task VALUES (1, 'aBC'), (2, 'OTHER'), (3, 'ABC');
    """)
    assert exported.ids("task") == [1, 3]
    assert exported.problems(inbound=True) == {}


def test_a_slug_that_ignores_case(make_database: Callable[..., str]):
    url = make_database("CREATE EXTENSION citext; CREATE TABLE org (id int PRIMARY KEY, slug citext); INSERT INTO org VALUES (1, 'Acme');")
    with look(url, organization="Acme") as exported:
        assert exported.membership.root == ("1",)


@pytest.mark.postgres(18)
def test_a_temporal_key_leads_by_what_stands_before_its_period(acme: Open):
    exported = acme("""
    CREATE EXTENSION btree_gist;
    CREATE TABLE room (id bigint, at daterange, org_id bigint REFERENCES org, PRIMARY KEY (id, at WITHOUT OVERLAPS));
    CREATE TABLE booking (id bigint PRIMARY KEY, room_id bigint, at daterange,
        FOREIGN KEY (room_id, PERIOD at) REFERENCES room (id, PERIOD at));
    INSERT INTO room VALUES (1, '[2024-01-01,2024-06-01)', 1), (1, '[2024-06-01,2025-01-01)', 1), (2, '[2024-01-01,2025-01-01)', 2);
    INSERT INTO booking VALUES (1, 1, '[2024-02-01,2024-03-01)'), (2, 1, '[2024-05-01,2024-07-01)'), (3, 2, '[2024-02-01,2024-03-01)');
    """)
    assert exported.ids("booking") == [1, 2]


# tables of all kinds


def test_rows_of_an_old_style_child_are_not_its_parents(acme: Open):
    exported = acme("""
    CREATE TABLE event (id bigint, org_id bigint REFERENCES org);
    CREATE TABLE event_old () INHERITS (event); ALTER TABLE event_old ADD FOREIGN KEY (org_id) REFERENCES org;
    INSERT INTO event VALUES (1, 1), (2, 2); INSERT INTO event_old VALUES (3, 1), (4, 2);
    """)
    assert exported.ids("event") == [1]
    assert exported.ids("event_old") == [3]


def test_equal_rows_of_a_table_without_a_key_are_all_there(acme: Open):
    exported = acme("""
    CREATE TABLE hit (org_id bigint REFERENCES org, at date, other bigint REFERENCES org);
    INSERT INTO hit VALUES (1, NULL, NULL), (1, NULL, NULL), (1, '2024-01-01', 1), (2, NULL, NULL), (NULL, NULL, 1), (NULL, NULL, 1);
    """)
    assert exported.rows("hit").total() == 5


HOSTILE = ('we"ird', "%s", "{name}", "new\nline", "é" * 31, "x" * 63, "it's", "back\\slash", "k", "v0", "c0")


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_break_what_pastes_them(acme: Open, name: str):
    quoted = '"' + name.replace('"', '""') + '"'
    exported = acme(f"""
    CREATE SCHEMA {quoted};
    CREATE TABLE {quoted}.{quoted} ({quoted} bigint PRIMARY KEY, org_id bigint REFERENCES org, up bigint REFERENCES {quoted}.{quoted});
    INSERT INTO {quoted}.{quoted} VALUES (1, 1, NULL), (2, NULL, 1), (3, 2, NULL);
    CREATE TABLE child (id bigint PRIMARY KEY, {quoted} bigint REFERENCES {quoted}.{quoted});
    INSERT INTO child VALUES (1, 1), (2, 2), (3, 3);
    """)
    assert exported.ids("child") == [1, 2]
    assert exported.problems(inbound=True) == {}
