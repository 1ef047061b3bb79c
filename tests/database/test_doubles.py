"""Rows of the organization that would break a key that only the target has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from relocate.doubles import find_doubles
from tests.prepared_moves import DE, US, make_silos, name_region, prepared_move

SILOS = '[organization]\ntable = "org"\nslug = "slug"\n'
BASE = """
CREATE TABLE org (id bigint PRIMARY KEY, slug text NOT NULL); INSERT INTO org VALUES (1, 'acme'), (2, 'other');
CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org, name text, gone boolean NOT NULL DEFAULT false);
"""
TWICE = "INSERT INTO item VALUES (1, 1, 'a'), (2, 1, 'a'), (3, 1, NULL), (4, 1, NULL), (5, 2, 'b'), (6, 1, 'b');"


@pytest.fixture
def doubles(make_database: Callable[..., str]):
    def find(source: str, target: str) -> list[tuple[str, str]]:
        us, de = make_database(BASE + source), make_database(BASE + "DELETE FROM org;" + target)
        name_region(us, "us", US)
        name_region(de, "de", DE)
        with prepared_move(make_silos(SILOS, us, de)) as prepared:
            found = list(find_doubles(prepared.move, prepared.reading, prepared.source))
            assert prepared.source.execute("SELECT 1").fetchone() == (1,)
        assert all(problem.code == "unique" for problem in found)
        return [(problem.object, problem.found.rpartition(": ")[2]) for problem in found]

    return find


def test_a_key_of_the_target_alone_is_looked_at(doubles):
    assert doubles(TWICE, "CREATE UNIQUE INDEX item_key ON item (name, org_id);") == [("item: item_key", f"(a,{(1 << 36) + 1})")]


def test_nulls_count_where_the_key_says_so(doubles):
    key = "CREATE UNIQUE INDEX item_key ON item (org_id, name) NULLS NOT DISTINCT;"
    source = "DELETE FROM item; INSERT INTO item VALUES (3, 1, NULL), (4, 1, NULL);"
    assert doubles(source, key) == [("item: item_key", f"({(1 << 36) + 1},)")]
    with_key = source.replace("(4, 1", "(4, 2") + key
    assert doubles(with_key, key) == []


def test_expressions_and_predicates(doubles):
    key = "CREATE UNIQUE INDEX item_key ON item (upper(name)) WHERE NOT gone;"
    assert doubles(TWICE + "UPDATE item SET name = 'A' WHERE id = 2;", key) == [("item: item_key", "(A)")]
    assert doubles(TWICE + "UPDATE item SET gone = true WHERE id = 2;", key) == []


@pytest.mark.parametrize("at_source", ["ALTER TABLE item ADD UNIQUE (name);", "ALTER TABLE item ADD UNIQUE (name, org_id);"])
def test_a_key_that_the_source_keeps_needs_no_look(doubles, at_source: str):
    assert doubles(at_source, "ALTER TABLE item ADD UNIQUE (org_id, name);") == []


def test_an_expression_that_the_source_cannot_evaluate_is_left_to_the_loading(doubles):
    function = "CREATE FUNCTION fold(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';"
    assert doubles(TWICE, function + "CREATE UNIQUE INDEX item_key ON item (fold(name));") == []
