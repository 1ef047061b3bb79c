"""What must hold in silos.toml from one key to another."""

from __future__ import annotations

import pytest

from splitter.errors import ConfigError
from splitter.schema import TableName
from splitter.silos_file import parse_silos

HEAD = '[organization]\ntable = "organization"\n'


def problems(text: str, head: str = HEAD):
    with pytest.raises(ConfigError) as caught:
        parse_silos(head + text, {})
    return caught.value.problems


@pytest.mark.parametrize(
    ("one", "other", "is_double"),
    [
        ('from = "a.x", to = "b.id"', 'from = "a.x", to = "c.id"', True),
        ('from = "a.x", to = "b.id"', 'from = "public.a.x", to = "b.id"', True),
        ('from = "a.x", to = "b.id"', 'from = "a.y", to = "b.id"', False),
        ('from = ["a.x", "a.t"], to = ["b.id", "b.t"]', 'from = ["a.y", "a.t"], to = ["b.id", "b.t"]', False),
        ('from = ["a.x", "a.t"], to = ["b.id", "b.t"]', 'from = ["a.t", "a.x"], to = ["b.t", "b.id"]', True),
        ('from = "a.d", path = "$.x", to = "b.id"', 'from = "a.d", path = "$.y", to = "c.id"', False),
        ('from = "a.d", path = "$.l[*].x", to = "b.id"', 'from = "a.d", path = "$.l[0].x", to = "c.id"', True),
        ('from = "a.d", path = "$.x", keys = true, to = "b.id"', 'from = "a.d", path = "$.x", to = "b.id"', False),
        ('from = "a.d", path = "$.x", to = "b.id"', 'from = "a.d", to = "b.id"', True),
    ],
)
def test_two_references_for_the_same_ids_are_refused(one, other, is_double):
    text = f"references = [ {{ {one} }}, {{ {other} }} ]\n{HEAD}"
    if not is_double:
        assert parse_silos(text, {})
        return
    (problem,) = problems(text, head="")
    assert (problem.code, problem.object) == ("two-rules", "silos.toml:1: references[1].from")


@pytest.mark.parametrize(
    ("text", "code", "key"),
    [
        ('[tables.x]\nexport = "none"', "missing-key", "tables.x.export"),
        ('[tables.x]\nexport = "none"\nwhy = " "', "wrong-value", "tables.x.why"),
        ('[tables.x]\nexport = "shared"', "missing-key", "tables.x.export"),
        ('[tables.x]\nshared_where = "true"', "missing-key", "tables.x.shared_where"),
        ('[tables.x]\nexport = "shared"\nmatch = [["a"]]\nshared_where = "true"', "wrong-value", "tables.x.shared_where"),
        ('[tables.x]\nmatch = [["a"]]', "wrong-value", "tables.x.match"),
        ('[tables.x]\nmatch = [[]]\nexport = "shared"', "wrong-value", "tables.x.match[0]"),
        ('[tables.x]\nignore = ["a"]', "wrong-value", "tables.x.ignore"),
        ('[tables.x]\non_missing = "insert"', "wrong-value", "tables.x.on_missing"),
        ('[tables.x]\nexport = "referenced"\nowner = "a"', "wrong-value", "tables.x.owner"),
        ('[tables.x]\nids = ["a"]\nnot_ids = ["a"]', "two-rules", "tables.x.not_ids"),
        ('[tables.x]\nids = ["a"]\n[[references]]\nfrom = "x.a"\nto = "y.id"', "two-rules", "tables.x.ids"),
        ('[tables.x]\nnot_ids = ["a"]\n[[references]]\nfrom = "x.a"\nto = "y.id"', "two-rules", "tables.x.not_ids"),
        ('[tables.x]\n[tables."public.x"]', "duplicate", 'tables."public.x"'),
        ('[tables.organization]\nexport = "referenced"', "wrong-value", "tables.organization.export"),
        ('[control]\ntables = ["org*"]', "both-silos", "organization.table"),
        ('[control]\ntables = ["x"]\n[tables.x]\nexport = "referenced"', "both-silos", "tables.x.export"),
        ('[control]\ntables = ["x"]\n[tables.x]\nowner = "a"', "both-silos", "tables.x.owner"),
        ('[control]\ntables = ["x"]\n[tables.x]\naccept_triggers = ["a"]', "both-silos", "tables.x.accept_triggers"),
        ('[control]\ntables = ["x", "x"]', "duplicate", "control.tables[1]"),
        ('[control]\nmapping = { table = "m", organization = "o", region = "r" }', "both-silos", "control.mapping.table"),
        ('[regions.control]\nurl = "${U}"', "wrong-value", "regions.control"),
        ('[regions.us]\nurl = "${U}"\n[regions.de]\nurl = "${D}"', "missing-key", "regions"),
        ('[control]\nurl = "${C}"\n[regions.us]\nurl = "${U}"\n[regions.de]\nurl = "${U}"', "duplicate", "regions.de.url"),
        ("[ids]\nbits = 36", "wrong-value", "ids.serial_bits"),
        ('hide = { column = "s", live = 1, moving = 1 }', "wrong-value", "organization.hide.moving"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(text, code, key):
    assert [(problem.code, problem.object.rpartition(": ")[2]) for problem in problems(text)] == [(code, key)]


def test_control_rows_may_have_a_natural_key():
    silos = parse_silos(HEAD + '[control]\ntables = ["auth_*"]\n[tables.auth_user]\nmatch = [["email"]]\nignore = ["last_login"]', {})
    assert silos.rules(TableName("public", "auth_user")).match == (("email",),)


def test_a_finding_is_accepted_once():
    item = '[[accept]]\ncode = "c"\nobject = "o"\nwhy = "w"\n'
    assert [problem.object for problem in problems(item + item)] == ["silos.toml:9: accept[1].object"]


def test_rules_about_a_section_that_is_wrong_are_not_told():
    assert [problem.code for problem in problems('[control]\nurl = 1\n[regions.us]\nurl = "${U}"\n[regions.de]\nurl = "${D}"')] == [
        "wrong-value"
    ]
