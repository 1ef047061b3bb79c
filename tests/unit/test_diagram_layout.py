"""Where tables and lines are: nothing lies over anything else, and lines keep off the names."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from splitter.diagram.layout import ROW, ROW_GAP, Box, place
from splitter.diagram.lettering import fitted, text_width, visible
from splitter.diagram.routes import find_routes
from splitter.silos import Silo
from tests.diagrams import HOSTILE, diagram, schema, silos, small, table, thousand

NUMBER = re.compile(r"-?\d+")


@pytest.fixture(scope="module")
def big():
    return thousand()


def inside(inner: Box, outer: Box) -> bool:
    return outer.x <= inner.x and outer.y <= inner.y and inner.right <= outer.right and inner.bottom <= outer.bottom


def apart(one: Box, other: Box) -> bool:
    return one.right <= other.x or other.right <= one.x or one.bottom <= other.y or other.bottom <= one.y


def test_every_table_has_a_place_in_its_silo_and_none_covers_another(big):
    layout = place(big)
    assert sorted(layout.tables) == list(range(len(big.tables)))
    assert all(inside(box, layout.silos[big.tables[number].silo]) for number, box in layout.tables.items())
    for one, other in pairwise(sorted(layout.tables.values())):
        assert apart(one, other)
    cards = [card.box for card in layout.cards]
    assert all(apart(one, other) for place_, one in enumerate(cards) for other in cards[:place_])
    assert inside(layout.silos[Silo.REGION], Box(0, 0, layout.width, layout.height))


def test_control_is_left_of_the_region(big):
    layout = place(big)
    assert layout.silos[Silo.CONTROL].right < layout.silos[Silo.REGION].x


def test_the_picture_is_about_as_high_as_a_screen_and_not_a_ribbon(big):
    layout = place(big)
    assert 0.7 < layout.width / layout.height < 2.5


def test_domains_with_crossings_are_nearer_to_the_border():
    rows = [table("orgs"), table("users"), *(table(f"quiet_{each}", org_id="orgs") for each in range(30))]
    rows += [table(f"loud_{each}", user_id="users") for each in range(12)]
    found = diagram({"db": schema(*rows)}, silos())
    layout = place(found)
    by_name = {str(table.name): layout.tables[number] for number, table in enumerate(found.tables)}
    assert by_name["loud_0"].x <= by_name["quiet_0"].x


def test_of_some_tables_only_these_have_a_place():
    found = small()
    assert set(place(found, found.crossing_tables).tables) == found.crossing_tables


def test_nothing_at_all_has_a_layout_too():
    assert place(small(), ()).tables == {}


def test_the_same_diagram_has_the_same_layout(big):
    assert place(big) == place(replace(big))


def test_level_lines_run_between_rows_and_never_over_a_table(big):
    layout = place(big)
    grid = {box.y % (ROW + ROW_GAP) for box in layout.tables.values()}
    assert len(grid) == 1, "all rows stand on one grid"
    (offset,) = grid
    routes = find_routes(big, layout)
    assert len(routes) == len(big.references)
    level = 0
    for line in routes.values():
        for found in re.finditer(r"(-?\d+)H", line):
            level += 1
            assert (int(found[1]) - offset) % (ROW + ROW_GAP) > ROW, line
    assert level > 300


def test_a_line_begins_at_its_table_and_ends_before_its_target(big):
    layout = place(big)
    for number, line in find_routes(big, layout).items():
        edge = big.references[number]
        child, parent = layout.tables[edge.child], layout.tables[edge.parent]
        x, y, *_, end_x, end_y = map(int, NUMBER.findall(line))
        assert x in (child.x, child.right) and child.y <= y <= child.bottom
        assert min(abs(end_x - parent.x), abs(end_x - parent.right)) <= 10 and parent.y <= end_y <= parent.bottom


def test_what_cannot_be_seen_is_shown_as_what_it_is():
    assert visible("new\nline") == "new␊line"
    assert visible("a\u202eb\u200bc") == "a\\u{202e}b\\u{200b}c"
    assert visible("日本 Ünï 🦆") == "日本 Ünï 🦆"
    assert all(visible(text).isprintable() for text in HOSTILE)


def test_a_long_name_keeps_its_beginning_and_its_end():
    short = fitted("merge_request_approval_settings_for_groups", 12, 150)
    assert short.startswith("merge_") and short.endswith("_groups") and "…" in short
    assert text_width(short, 12) <= 150
    assert fitted("short", 12, 150) == "short"
