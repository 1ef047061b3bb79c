"""The lines of keys in a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from splitter.places import KeyPath, Remark, find_places, spell_key

ROOT = Path(__file__).parents[2]
TEXT = '''\
# a comment with [brackets] and "quotes
top = 1
text = """
[not.a.header]
key = "no key"
"""
literal = \'\'\'
]\'\'\'
dotted.key = { one = 1, "two.three" = [1, 2], four = { five = "}" } } # }

[tables."billing.invoice"] # the comment
export = "none"   # why = "x"
when = 1979-05-27 07:32:00

[[references]]
from = "a.b"
to = [
    "c.d",   # [
    'e.f',
]
[[references]]
from = "g.h"
[references.inner]
key = 1
[[references.inner.deep]]
key = 2
["q\\u0041"]
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("top",), 2),
        (("text",), 3),
        (("literal",), 7),
        (("dotted",), 9),
        (("dotted", "key", "four", "five"), 9),
        (("dotted", "key", "two.three", 1), 9),
        (("tables",), 11),
        (("tables", "billing.invoice"), 11),
        (("tables", "billing.invoice", "export"), 12),
        (("tables", "billing.invoice", "when"), 13),
        (("references",), 15),
        (("references", 0, "from"), 16),
        (("references", 0, "to", 0), 18),
        (("references", 0, "to", 1), 19),
        (("references", 1, "from"), 22),
        (("references", 1, "inner", "key"), 24),
        (("references", 1, "inner", "deep", 0, "key"), 26),
        (("qA",), 27),
    ],
)
def test_every_key_has_its_line(key, line):
    assert find_places(TEXT, "x.toml").lines[key] == line


def keys_of(value: object, key: KeyPath = ()) -> Iterator[KeyPath]:
    """Every key and position of a parsed file."""
    pairs: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in pairs:
        yield (*key, name)
        yield from keys_of(inner, (*key, name))


@pytest.mark.parametrize("path", [*sorted(ROOT.glob("tests/cases/*/silos.toml")), ROOT / "relocate/demo/silos.toml"])
def test_no_key_of_a_real_file_is_missed(path):
    text = path.read_text("utf-8")
    assert find_places(text, "x.toml").lines.keys() == set(keys_of(tomllib.loads(text)))


def test_windows_line_ends_count_once():
    assert find_places("a = 1\r\n\r\n[b]\r\nc = 2\r\n", "x.toml").lines[("b", "c")] == 4


def test_a_missing_key_has_the_line_of_what_it_would_stand_in():
    assert find_places("[a]\nb = 1\n", "x.toml").spell(("a", "c")) == "x.toml:1: a.c"


def test_what_is_nowhere_has_no_line():
    assert find_places("", "x.toml").spell(("a",)) == "x.toml: a"


def test_keys_are_spelled_as_toml_would():
    assert spell_key(("references", 3, "to", "we.ird", 'q"')) == 'references[3].to."we.ird".\'q"\''


def test_problems_come_in_the_order_of_the_file_and_once():
    places = find_places("a = 1\nb = 2\n", "x.toml")
    late, early = Remark(("b",), "c", "f", "r"), Remark(("a",), "c", "f", "r")
    assert [problem.object for problem in places.problems([late, early, late])] == ["x.toml:1: a", "x.toml:2: b"]
