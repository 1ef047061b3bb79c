"""Rows of the organization that a NOT NULL or a CHECK of the target would refuse."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from relocate.breaches import find_breaches
from tests.prepared_moves import DE, US, make_silos, name_region, prepared_move

SILOS = '[organization]\ntable = "org"\nslug = "slug"\n'
BASE = """
CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL, status int NOT NULL DEFAULT 0);
INSERT INTO org VALUES (1, 'acme'), (2, 'other');
CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text, peer bigint);
INSERT INTO item VALUES (1, 1, 'a', 1), (2, 1, NULL, NULL), (3, 2, '', NULL);
"""
FIRST = 1 << 36  # of us


@pytest.fixture
def breaches(make_database: Callable[..., str]):
    def find(both: str = "", *, source: str = "", target: str = "", silos: str = "") -> list[tuple[str, str, str]]:
        us, de = make_database(BASE + both + source), make_database(BASE + "DELETE FROM item; DELETE FROM org;" + both + target)
        name_region(us, "us", US)
        name_region(de, "de", DE)
        with prepared_move(make_silos(SILOS + silos, us, de)) as prepared:
            found = list(find_breaches(prepared.move, prepared.reading, prepared.source))
            assert prepared.source.execute("SELECT 1").fetchone() == (1,)
        return [(problem.code, problem.object, problem.found.rpartition(": ")[2]) for problem in found]

    return find


def test_a_column_that_only_the_target_requires(breaches):
    assert breaches(target="ALTER TABLE item ALTER name SET NOT NULL;") == [("not-null", "item.name", f"({FIRST + 2})")]
    assert breaches(source="UPDATE item SET name = 'b' WHERE id = 2;", target="ALTER TABLE item ALTER name SET NOT NULL;") == []


def test_a_check_that_only_the_target_has(breaches):
    target = "ALTER TABLE item ADD CONSTRAINT short CHECK (length(name) > 1 AND name <> '{%s}');"
    assert breaches(target=target) == [("check", "item: short", f"({FIRST + 1})")]
    assert breaches("UPDATE item SET name = 'ab';" + target) == []


def test_a_check_of_both_that_the_rewritten_id_breaks(breaches):
    assert breaches("ALTER TABLE item ADD CONSTRAINT small CHECK (id < 100);") == [
        ("check", "item: small", f"({FIRST + 1}), ({FIRST + 2})")
    ]
    assert breaches("ALTER TABLE item ADD CONSTRAINT small CHECK (id > 0);") == []


def test_a_check_that_the_hiding_value_breaks(breaches):
    silos = 'hide = { column = "status", live = 0, moving = 9 }\n'
    assert breaches("ALTER TABLE org ADD CONSTRAINT known CHECK (status IN (0, 1));", silos=silos) == [
        ("check", "org: known", f"({FIRST + 1})")
    ]


def test_a_reference_that_is_unset_on_its_way(breaches):
    silos = '[[references]]\nfrom = "item.peer"\nto = "item.id"\non_move = "null"\n'
    both = "UPDATE item SET peer = id; ALTER TABLE item ALTER peer SET NOT NULL;"
    assert breaches(both, silos=silos) == [("not-null", "item.peer", f"({FIRST + 1}), ({FIRST + 2})")]


def test_a_check_that_the_source_cannot_evaluate_is_left_to_the_loading(breaches):
    target = "CREATE FUNCTION fine(text) RETURNS boolean LANGUAGE sql AS 'SELECT false'; ALTER TABLE item ADD CHECK (fine(name));"
    assert breaches(target=target) == []


@pytest.mark.postgres(18)
def test_what_is_not_enforced_refuses_nothing(breaches):
    assert breaches(target="ALTER TABLE item ADD CHECK (name <> 'a') NOT ENFORCED;") == []
