"""Which tables belong together, by their names and by their references."""

from __future__ import annotations

import random

from splitter.diagram.domains import ALONE, LARGE, find_domains
from splitter.graph import build_graph
from splitter.schema import Table
from splitter.silos import Silo
from tests.diagrams import name, schema, silos, table


def domains(*tables: Table, control: tuple[str, ...] = ()) -> dict[tuple[str, str], list[str]]:
    found = schema(*tables)
    given = silos(control=control)
    groups = find_domains({each: given.silo_of(each) for each in found.tables}, build_graph(found, given).references)
    return {(group.silo.value, group.name): [str(each) for each in group.tables] for group in groups}


def test_a_common_beginning_makes_a_domain_whatever_the_spelling():
    found = domains(table("merge_requests"), table("merge_request_diffs"), table("MergeRequestNote"), table("wikis"))
    assert found.pop(("region", "merge request")) == ["MergeRequestNote", "merge_request_diffs", "merge_requests"]
    assert found == {("region", ALONE): ["wikis"]}


def test_a_table_goes_where_it_is_tied_to_and_not_to_what_everybody_refers_to():
    tables = [table("hub"), table("boards"), table("board_lists", hub_id="hub"), table("board_pins", hub_id="hub")]
    tables += [table("sticker", hub_id="hub", board_id="boards")]
    tables += [table(f"hub_{letter}", hub_id="hub") for letter in "xyz"]
    assert domains(*tables)["region", "board"] == ["board_lists", "board_pins", "boards", "sticker"]


def test_what_only_references_bring_together_is_called_after_the_table_in_its_middle():
    tables = (table("apples"), table("owner"), table("label", basket_id="basket"))
    found = domains(table("basket", apple_id="apples", owner_id="owner"), *tables)
    assert found == {("region", "basket"): ["apples", "basket", "label", "owner"]}


def test_what_refers_to_a_full_domain_stands_around_it():
    full = [table(f"hub_a{number:02}") for number in range(LARGE - 1)]
    found = domains(table("hub"), *full, *(table(f"{word}", hub_id="hub") for word in ("alpha", "beta", "gamma")))
    assert found["region", "around hub"] == ["alpha", "beta", "gamma"]


def test_a_large_domain_is_told_apart_by_the_next_word():
    many = [table(f"shop_{area}_{number:02}") for area in ("cart", "order") for number in range(20)]
    assert sorted(domains(*many)) == [("region", "shop cart"), ("region", "shop order")]


def test_a_schema_is_a_word_too():
    found = domains(*(table(text, "billing") for text in ("a1", "b1", "c1")), *(table(f"post_{each}") for each in "xyz"))
    assert sorted(found) == [("region", "billing"), ("region", "post")]


def test_control_and_region_have_domains_of_their_own():
    found = domains(*(table(f"user_{each}") for each in ("a1", "b1", "c1", "d1", "e1", "f1")), control=("user_a1", "user_b1", "user_c1"))
    assert found == {("control", "user"): ["user_a1", "user_b1", "user_c1"], ("region", "user"): ["user_d1", "user_e1", "user_f1"]}


def test_any_schema_is_divided_without_rest_and_the_same_every_time():
    draw = random.Random(7)
    words = ["ci", "Build", "job", "项目", "x", "v1", "job-s", "_", "9"]
    for _ in range(20):
        texts = sorted({"_".join(draw.choices(words, k=draw.randint(1, 4))) + str(number) for number in range(draw.randint(0, 120))})
        tables = [table(text, parent_id=draw.choice(texts)) for text in texts]
        found = domains(*tables, control=("ci*",))
        assert sorted(each for group in found.values() for each in group) == sorted(str(name(text)) for text in texts)
        assert found == domains(*reversed(tables), control=("ci*",))
        assert all(Silo(silo) for silo, _ in found)
