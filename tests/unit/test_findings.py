"""What `splitter check` says: of narrow ids, of sequences, and of what somebody accepted."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from splitter import references_check, silos_check, silos_names
from splitter.errors import ConfigError, UsageError
from splitter.findings import LiveDatabase, Sight, find_findings
from splitter.findings_cleanup import Registry
from splitter.findings_crossings import Held
from splitter.findings_kinds import KINDS, Finding, Subject, from_problem, parse_codes
from splitter.layout import IdLayout
from splitter.plans.region_ids import FedColumn, RegionOrigin, SequenceFacts, SequenceUse
from splitter.schema import Column, ForeignKey, Schema, Sequence, Table, TableName, UniqueKey
from splitter.silos import SiloMap
from splitter.silos_file import parse_silos

LAYOUT = IdLayout()
FIRST, LAST = LAYOUT.first(3), LAYOUT.last(3)
BASE = """[organization]
table = "org"
[control]
url = "${C}"
tables = ["user"]
[regions.us]
url = "${U}"
[regions.de]
url = "${D}"
"""
REFERENCE = '[[references]]\nfrom = "user.org_id"\nto = "org.id"\n'
ORG = TableName("public", "org")
NARROW, CROSSING = frozenset({"narrow-id"}), frozenset({"crossing"})


def column(text: str, position: int) -> Column:
    name, kind = text.split()
    return Column(name=name, position=position, type=kind, bare_type=kind, base_type=kind, not_null=True)


def table(name: str, *columns: str, references: str | None = None) -> Table:
    """``id bigint``; the first column is the primary key, the last one refers to ``references``."""
    own, made = TableName("public", name), [column(text, number) for number, text in enumerate(columns)]
    keys = (UniqueKey(name="pk", table=own, columns=(made[0].name,), primary=True),)
    held = () if references is None else (_foreign_key(own, made[-1].name, references),)
    return Table(name=own, columns=tuple(made), keys=keys, foreign_keys=held)


def _foreign_key(own: TableName, column: str, target: str) -> ForeignKey:
    return ForeignKey(name="fk", table=own, columns=(column,), target=TableName("public", target), target_columns=("id",))


def schema(*tables: Table) -> Schema:
    return Schema(server_version=180000, tables={one.name: one for one in tables})


WIDE = {"us": schema(table("org", "id bigint"))}


def silos(more: str = "") -> SiloMap:
    return parse_silos(BASE + more, {})


def accept(code: str, object_: str) -> str:
    return f"[[accept]]\ncode = '{code}'\nobject = '{object_}'\nwhy = 'w'\n"


def codes(found: tuple[Finding, ...]) -> list[str]:
    return [problem.code for problem in found]


def objects(found: tuple[Finding, ...]) -> list[str]:
    return [problem.object for problem in found]


# narrow ids


def test_narrow_ids_are_found_along_references_also_from_control():
    schemas = {
        "control": schema(table("user", "id integer", "org_id integer")),
        "us": schema(table("org", "id bigint"), table("item", "id integer", "org_id integer", references="org")),
        "de": schema(table("org", "id integer"), table("item", "id bigint", "org_id bigint", references="org")),
    }
    found = find_findings(silos(REFERENCE), Sight(schemas=schemas), NARROW)
    assert {problem.object: problem.found for problem in found} == {
        "item.id": "integer cannot hold a distributed id (in us)",
        "item.org_id": "integer cannot hold a distributed id (in us)",
        "org.id": "integer cannot hold a distributed id (in de)",
        "user.org_id": "integer cannot hold a distributed id (in control)",
    }
    assert found[0].remedy == "`splitter plan widen-ids --table item`"


@pytest.mark.parametrize("rule", ['export = "shared"\nmatch = [["id"]]', 'export = "none"\nwhy = "w"', 'not_ids = ["id"]'])
def test_ids_that_never_leave_may_be_narrow(rule):
    schemas = {"us": schema(table("org", "id bigint"), table("plan", "id integer"))}
    assert find_findings(silos(f"[tables.plan]\n{rule}"), Sight(schemas=schemas), NARROW) == ()


def test_a_number_is_an_id_where_the_file_says_so():
    schemas = {"us": schema(table("org", "id bigint", "number integer"))}
    assert find_findings(silos(), Sight(schemas=schemas)) == ()
    assert objects(find_findings(silos('[tables.org]\nids = ["number"]'), Sight(schemas=schemas))) == ["org.number"]


@pytest.mark.parametrize("code", ["large-object", "unindexed-way", "control-ids"])
def test_what_only_a_move_can_find_may_be_accepted(code):
    schemas = {"us": schema(table("org", "id bigint"))}
    assert find_findings(silos(accept(code, "us")), Sight(schemas=schemas)) == ()


# sequences

SEQUENCE = Sequence(
    name=TableName("public", "org_id_seq"), type="bigint", start=1, minimum=FIRST, maximum=LAST, increment=1, cycle=False, owner=(ORG, "id")
)


def facts(last_value: int, largest: int | None = None, **changes) -> SequenceFacts:
    use = SequenceUse(sequence=replace(SEQUENCE, **changes), columns=(FedColumn(table=ORG, column="id", indexed=True),))
    return SequenceFacts(use=use, last_value=last_value, is_called=True, largest_local=None, largest_own=largest)


def seen(*known: SequenceFacts, origin: int | None = 3) -> Sight:
    region = None if origin is None else RegionOrigin(name="us", database=UUID(int=1), origin=origin)
    return Sight(schemas=WIDE, live=(LiveDatabase(name="us", origin=region, facts=known),))


FREE = {"minimum": 1, "maximum": 2**63 - 1}


@pytest.mark.parametrize("fact", [facts(FIRST + 9, FIRST + 9), facts(FIRST + 9), facts(FIRST + 9, FIRST + 3)])
def test_a_sequence_in_its_range_is_nothing_to_speak_of(fact):
    assert find_findings(silos(), seen(fact)) == ()


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (facts(70, **FREE), f"stands at 70, outside of {FIRST} to {LAST}, the range of origin 3"),
        (facts(LAYOUT.first(8) + 1, **FREE), "in the range of origin 8, not of 3"),
        (facts(FIRST + 9, **FREE), "may leave"),
        (facts(FIRST + 9, FIRST + 50), f"goes on with {FIRST + 10}, and the ids below {FIRST + 51} are taken"),
        (facts(FIRST + 9, increment=2), "increments by 2"),
        (facts(FIRST + 9, cycle=True), "cycles"),
    ],
)
def test_a_sequence_that_region_ids_would_place_is_a_finding(fact, told):
    (finding,) = find_findings(silos(), seen(fact))
    assert (finding.code, finding.object) == ("sequence-range", "us: org_id_seq")
    assert told in finding.found and finding.remedy


def test_home_may_stand_anywhere_below_the_first_range():
    home = facts(70, **FREE)
    assert find_findings(silos(), seen(home, origin=0)) == ()
    assert codes(find_findings(silos(), seen(facts(FIRST + 70, **FREE), origin=0))) == ["sequence-range"]


@pytest.mark.parametrize(
    ("fact", "origin", "left", "remedy"),
    [
        (facts(LAST - LAYOUT.serials // 10 + 2), 3, LAYOUT.serials // 10 - 2, "relocate init --new-origin us"),
        (facts(LAST), 3, 0, "relocate init --new-origin us"),
        (facts(95, minimum=1, maximum=100), None, 5, "widen-ids"),
        (facts(LAYOUT.serials - 10, **FREE), None, 9, "relocate init --new-origin us"),
    ],
)
def test_a_sequence_that_ends_soon_is_a_finding(fact, origin, left, remedy):
    (finding,) = (one for one in find_findings(silos(), seen(fact, origin=origin)) if one.code == "sequence-nearly-used-up")
    assert finding.found.startswith(f"has {left} of ") and remedy in finding.remedy


LASTING = [facts(LAST - LAYOUT.serials // 10 - 1), facts(-5, minimum=-10, maximum=-4), facts(2, increment=-1, minimum=1)]


@pytest.mark.parametrize("fact", LASTING)
def test_a_sequence_that_lasts_or_counts_down_is_none(fact):
    assert "sequence-nearly-used-up" not in codes(find_findings(silos(), seen(fact, origin=None)))


# databases


def test_what_several_databases_show_is_one_finding_with_their_names():
    schemas = {"us": schema(table("org", "id bigint"), table("plan", "id bigint"))}
    schemas["de"] = schemas["us"]
    (finding,) = find_findings(silos(), Sight(schemas=schemas))
    assert (finding.code, finding.object, finding.databases) == ("undecided-table", "plan", ("us", "de"))
    assert finding.value()["database"] == "us, de" and finding.value()["tables"] == ["plan"]


def test_what_lies_in_control_is_not_asked_whose_it_is():
    schemas = {"control": schema(table("user", "id bigint"), table("plan", "id bigint")), **WIDE}
    assert find_findings(silos(), Sight(schemas=schemas)) == ()


MEMBER = {"us": schema(table("org", "id bigint"), table("member", "id bigint", "org_id bigint", references="org"))}
SOFT = '[[references]]\nfrom = "member.id"\nto = "user.id"\n'


HELD = Held(TableName("public", "member"), frozenset({("id", "id")}), TableName("public", "user"))


def registry(database: str, *held: Held) -> LiveDatabase:
    return LiveDatabase(name=database, registry=Registry(database=database, held=frozenset(held)))


@pytest.mark.parametrize(
    ("live", "told"),
    [
        ((registry("control", HELD), registry("us")), False),
        ((registry("control"), registry("us", HELD)), True),  # the outbox stands with the parent
        ((registry("control", HELD._replace(label="x")),), True),
        ((registry("--url", HELD),), False),
        ((registry("--url"),), True),
        ((registry("us"),), False),  # nobody looked where it would be
        ((), True),  # a schema without triggers
    ],
)
def test_a_soft_crossing_is_none_once_its_clean_up_is_installed(live: tuple[LiveDatabase, ...], told: bool):
    sight = Sight(schemas=MEMBER | {"control": schema(table("user", "id bigint"))}, live=live)
    assert codes(find_findings(silos(SOFT), sight, CROSSING)) == ["crossing"] * told


def test_of_a_parent_in_every_region_each_region_has_to_write_tombstones():
    sight = Sight(schemas={"control": schema(table("user", "id bigint", "org_id bigint")), "us": WIDE["us"], "de": WIDE["us"]})
    held = Held(TableName("public", "user"), frozenset({("org_id", "id")}), ORG)
    both, one = (registry("us", held), registry("de", held)), (registry("us", held), registry("de"))
    assert find_findings(silos(REFERENCE), replace(sight, live=both), CROSSING) == ()
    assert codes(find_findings(silos(REFERENCE), replace(sight, live=one), CROSSING)) == ["crossing"]


def test_a_soft_crossing_that_may_dangle_is_none():
    sight = Sight(schemas=MEMBER | {"control": schema(table("user", "id bigint"))})
    assert find_findings(silos(SOFT + 'on_delete = "none"'), sight, CROSSING) == ()


# silos.toml


def test_what_contradicts_the_catalogs_comes_alone():
    sight = replace(seen(facts(70, **FREE)), schemas={"us": schema(table("org", "id integer"))})
    found = find_findings(silos('[tables.org]\nids = ["nr"]'), sight)
    assert codes(found) == ["unknown-column"]
    with pytest.raises(ConfigError) as caught:
        find_findings(silos('[tables.org]\nids = ["nr"]'), sight, NARROW)
    assert tuple(map(from_problem, caught.value.problems)) == found


def test_a_column_that_one_region_lacks_is_told_with_the_region():
    schemas = {"us": schema(table("org", "id bigint", "nr integer")), "de": schema(table("org", "id bigint"))}
    (finding,) = find_findings(silos('[tables.org]\nids = ["nr"]'), Sight(schemas=schemas))
    assert finding.found == "'org' has no column 'nr' (in de)"


def test_a_region_that_is_still_empty_is_none():
    assert find_findings(silos(), Sight(schemas=WIDE | {"de": schema()})) == ()


# accepted


def narrow_sight(**parts) -> Sight:
    return Sight(schemas={"us": schema(table("org", "id integer"))}, **parts)


def test_an_accepted_finding_is_not_told():
    assert find_findings(silos(accept("narrow-id", "org.id")), narrow_sight()) == ()


def test_an_accepted_finding_that_does_not_occur_is_one_itself():
    (finding,) = find_findings(silos(accept("narrow-id", "org.id")), Sight(schemas=WIDE))
    assert (finding.code, finding.object) == ("stale-accept", "silos.toml:10: accept[0]")
    assert finding.found == "narrow-id 'org.id' does not occur"


def test_an_accepted_object_that_is_nearly_right_is_corrected():
    _, stale = find_findings(silos(accept("narrow-id", "orgs.id")), narrow_sight())
    assert stale.remedy == "did you mean 'org.id'?"


@pytest.mark.parametrize(
    ("whole", "stale"),
    [
        (frozenset(Subject), True),
        (frozenset({Subject.DATABASE}), True),
        (frozenset({Subject.SCHEMA}), False),
        (frozenset(), False),
    ],
)
def test_what_was_not_looked_at_is_not_stale(whole, stale):
    found = find_findings(silos(accept("sequence-range", "us: x")), Sight(schemas=WIDE, whole=whole))
    assert codes(found) == ["stale-accept"] * stale


@pytest.mark.parametrize("code", ["query-crosses", "unread-query", "model-disagrees"])
def test_what_this_check_does_not_look_at_is_not_stale(code):
    assert not find_findings(silos(accept(code, "x")), Sight(schemas=WIDE))


def test_a_model_that_agrees_by_now_is_stale_where_models_were_looked_at():
    (finding,) = find_findings(silos(accept("model-disagrees", "x")), Sight(schemas=WIDE, models=()))
    assert finding.code == "stale-accept"


@pytest.mark.parametrize(("code", "told"), [("narow-id", "there is no finding 'narow-id'"), ("unknown-table", "which cannot be accepted")])
def test_what_cannot_be_accepted_is_told_whatever_was_looked_at(code, told):
    (finding,) = find_findings(silos(accept(code, "x")), Sight(schemas=WIDE, whole=frozenset()))
    assert finding.code == "stale-accept" and told in finding.found


def test_only_some_kinds():
    sight = narrow_sight(live=seen(facts(70, **FREE)).live)
    assert codes(find_findings(silos(), sight)) == ["narrow-id", "sequence-range"]
    assert codes(find_findings(silos(), sight, frozenset({"sequence-range"}))) == ["sequence-range"]


# codes


def test_only_is_a_list_of_codes():
    assert parse_codes(None) == frozenset(KINDS)
    assert parse_codes("narrow-id, clone,") == {"narrow-id", "clone"}


@pytest.mark.parametrize(("text", "hint"), [("narow-id", "did you mean 'narrow-id'?"), (" ,", "the findings are unknown-table")])
def test_unknown_codes_are_a_mistake_of_the_command_line(text, hint):
    with pytest.raises(UsageError) as caught:
        parse_codes(text)
    assert hint in caught.value.hint


@pytest.mark.parametrize("module", [silos_check, references_check, silos_names], ids=lambda module: module.__name__)
def test_every_code_of_a_contradiction_is_a_kind(module):
    calls = (node for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8"))) if isinstance(node, ast.Call))
    said = {call.args[1].value for call in calls if getattr(call.func, "id", "") == "Remark" and isinstance(call.args[1], ast.Constant)}
    assert said and all(KINDS[str(code)].subject is Subject.FILE for code in said)
