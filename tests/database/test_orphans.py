"""Rows that refer to nothing stop the plan, counted and listed; `--orphans apply` does to them what ON DELETE says, and to no other row."""

from __future__ import annotations

import pytest

from splitter import orphans
from splitter.apply import apply_plan
from splitter.errors import Conflict, FailedError
from splitter.identity import has_relation
from splitter.undo import undo_plan
from tests.plan_sites import BASE, USERS, MakeSite, PlanSite

PARENTS = "INSERT INTO u (id, name, a, b) VALUES (1, 'one', 1, 'x'), (2, 'two', 2, 'y');"


def unchecked(*rows: str) -> str:
    """Rows that no foreign key looked at."""
    return "SET session_replication_role = replica;" + "".join(f"INSERT INTO c VALUES {row};" for row in rows) + "RESET ALL;"


def child(key: str, *rows: str, columns: str = "id int PRIMARY KEY, x int, y text") -> str:
    return USERS + PARENTS + f"CREATE TABLE c ({columns}, {key});" + unchecked(*rows)


def found(site: PlanSite) -> list[str]:
    with pytest.raises(Conflict) as caught:
        apply_plan(site.conn, site.plan())
    assert not has_relation(site.conn, "orglift.journal")
    return [problem.found for problem in caught.value.problems]


def test_they_are_counted_and_listed_and_nothing_is_done(make_site: MakeSite) -> None:
    site = make_site(child("FOREIGN KEY (x) REFERENCES u ON DELETE CASCADE", "(10, 1), (11, 7), (12, NULL), (13, 8)"))
    assert found(site) == ["2 rows refer to rows of u that do not exist: (11) refers to (7); (13) refers to (8)"]
    assert site.hard()
    site.run("DELETE FROM public.c WHERE x > 2")
    apply_plan(site.conn, site.plan())


def test_of_many_some_are_listed(make_site: MakeSite) -> None:
    rows = ", ".join(f"({number}, 7)" for number in range(100, 130))
    (told,) = found(make_site(child("FOREIGN KEY (x) REFERENCES u ON DELETE CASCADE", rows)))
    assert told.startswith("30 rows refer") and told.count("refers to (7)") == orphans.SHOWN and told.endswith("; ...")


def test_all_keys_are_asked_before_the_plan_stops(make_site: MakeSite) -> None:
    script = child("FOREIGN KEY (x) REFERENCES u ON DELETE CASCADE", "(11, 7)")
    script += "CREATE TABLE d (x int REFERENCES u ON DELETE CASCADE);" + unchecked().replace("RESET", "INSERT INTO d VALUES (9); RESET")
    assert len(found(make_site(script))) == 2


@pytest.mark.parametrize(
    ("key", "rows", "told"),
    [
        ("FOREIGN KEY (x, y) REFERENCES u (a, b) ON DELETE CASCADE", "(1, 1, 'x'), (2, 1, 'y'), (3, 9, NULL)", "(2) refers to (1, y)"),
        (
            "FOREIGN KEY (x, y) REFERENCES u (a, b) MATCH FULL ON DELETE CASCADE",
            "(1, 1, 'x'), (2, NULL, NULL), (3, 9, NULL)",
            "(3) refers to (9)",
        ),
        ("FOREIGN KEY (y) REFERENCES u (name) ON DELETE CASCADE", "(1, 1, 'one'), (2, 1, 'One')", "(2) refers to (One)"),
    ],
)
def test_a_key_of_several_columns_or_to_another_one(make_site: MakeSite, key: str, rows: str, told: str) -> None:
    assert [text.partition(": ")[2] for text in found(make_site(child(key, rows)))] == [told]


@pytest.mark.postgres(15)  # the contrib extensions are there on both; one will do
def test_values_are_compared_as_the_key_does(make_site: MakeSite) -> None:
    """citext: without the key's own operator 'Ann' would be an orphan; and another collation would be an error."""
    site = make_site(
        BASE + "CREATE EXTENSION citext; CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
        "CREATE TABLE u (n citext PRIMARY KEY, m text COLLATE blind UNIQUE); INSERT INTO u VALUES ('ann', 'bob');"
        'CREATE TABLE c (n citext REFERENCES u ON DELETE CASCADE, m text COLLATE "C" REFERENCES u (m) ON DELETE CASCADE);'
        "SET session_replication_role = replica; INSERT INTO c VALUES ('ANN', 'BOB'), ('Eve', NULL); RESET ALL;"
    )
    assert [text.partition(": ")[2] for text in found(site)] == ["((0,2)) refers to (Eve)"]


@pytest.mark.postgres(18)
def test_a_period_has_to_be_covered(make_site: MakeSite) -> None:
    site = make_site(
        BASE + "CREATE EXTENSION btree_gist; CREATE TABLE u (id int, during int4range, PRIMARY KEY (id, during WITHOUT OVERLAPS));"
        "INSERT INTO u VALUES (1, '[1,5)'), (1, '[5,9)');"
        "CREATE TABLE c (id int PRIMARY KEY, x int, during int4range, FOREIGN KEY (x, PERIOD during) REFERENCES u (id, PERIOD during));"
        "SET session_replication_role = replica; INSERT INTO c VALUES (1, 1, '[2,8)'), (2, 1, '[2,12)'), (3, 2, '[1,2)'); RESET ALL;",
        '[[references]]\nfrom = "c.x"\nto = "u.id"\non_delete = "none"\n',
    )
    assert [text.partition(": ")[2] for text in found(site)] == ["(2) refers to (1, [2,12)); (3) refers to (2, [1,2))"]


def test_what_inherits_is_no_parent_and_no_child(make_site: MakeSite) -> None:
    site = make_site(
        USERS + "CREATE TABLE u_more () INHERITS (u); INSERT INTO u_more (id) VALUES (5); INSERT INTO u (id) VALUES (1);"
        "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u ON DELETE CASCADE); CREATE TABLE c_more () INHERITS (c);"
        "INSERT INTO c_more VALUES (1, 77); SET session_replication_role = replica; INSERT INTO c VALUES (2, 5), (3, 1); RESET ALL;"
    )
    assert [text.partition(": ")[2] for text in found(site)] == ["(2) refers to (5)"]
    apply_plan(site.conn, site.plan(repair=True))
    assert site.rows("SELECT id FROM public.c ORDER BY 1") == [(1,), (3,)]


@pytest.mark.parametrize(
    ("key", "columns", "left"),
    [
        ("FOREIGN KEY (x) REFERENCES u ON DELETE CASCADE", "x int, y text", [(1, 1, "k")]),
        ("FOREIGN KEY (x) REFERENCES u ON DELETE SET NULL", "x int, y text", [(1, 1, "k"), (2, None, "k"), (3, None, "k")]),
        ("FOREIGN KEY (x) REFERENCES u ON DELETE SET DEFAULT", "x int DEFAULT 2, y text", [(1, 1, "k"), (2, 2, "k"), (3, 2, "k")]),
        (
            "FOREIGN KEY (x, y) REFERENCES u (a, b) ON DELETE SET NULL (y)",
            "x int, y text",
            [(1, 1, None), (2, 8, None), (3, 9, None)],
        ),
    ],
)
def test_what_on_delete_says_is_done_to_them(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch, key: str, columns: str, left: list[object]
) -> None:
    monkeypatch.setattr(orphans, "BATCH", 1)
    site = make_site(child(key, "(1, 1, 'k'), (2, 8, 'k'), (3, 9, 'k')", columns=f"id int PRIMARY KEY, {columns}"))
    plan = site.plan(repair=True)
    apply_plan(site.conn, plan)
    assert site.rows("SELECT * FROM public.c ORDER BY id") == left
    assert site.hard() == []
    undo_plan(site.conn, plan)
    assert site.rows("SELECT * FROM public.c ORDER BY id") == left


@pytest.mark.parametrize(
    ("rows", "told"),
    [("(2, 8, 'k')", r"violates foreign key constraint"), ("(2, 99, 'k')", r"\(2\) refers to \(99\)")],
)
def test_a_default_that_exists_nowhere_ends_and_is_told(make_site: MakeSite, rows: str, told: str) -> None:
    key = "FOREIGN KEY (x) REFERENCES u ON DELETE SET DEFAULT"
    site = make_site(child(key, rows, columns="id int PRIMARY KEY, x int DEFAULT 99, y text"))
    with pytest.raises(FailedError, match=told):
        apply_plan(site.conn, site.plan(repair=True))
    assert site.hard()


def test_of_a_partitioned_child_every_partition_is_mended(make_site: MakeSite) -> None:
    site = make_site(
        USERS + PARENTS + "CREATE TABLE c (id int, x int, r int) PARTITION BY LIST (r);"
        "CREATE TABLE c1 PARTITION OF c FOR VALUES IN (1); CREATE TABLE c2 PARTITION OF c FOR VALUES IN (2);"
        "ALTER TABLE c ADD FOREIGN KEY (x) REFERENCES u ON DELETE CASCADE;" + unchecked("(1, 1, 1), (2, 7, 1), (3, 7, 2), (4, 2, 2)")
    )
    apply_plan(site.conn, site.plan(repair=True))
    assert site.rows("SELECT id FROM public.c ORDER BY id") == [(1,), (4,)]


def test_a_plan_that_mends_needs_no_mending_to_be_there(make_site: MakeSite) -> None:
    site = make_site(child("FOREIGN KEY (x) REFERENCES u ON DELETE CASCADE", "(1, 1, 'k')"))
    apply_plan(site.conn, site.plan(repair=True))
    assert site.rows("SELECT id FROM public.c") == [(1,)] and site.hard() == []
