"""What the demo says in the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from relocate.demo.look import Home
from relocate.demo.report import TRY_NEXT, DemoResult, Sample
from splitter.console import dump_json

RESULT = DemoResult(
    slug="initech",
    before=Home(region="us", organization=3),
    after=Home(region="de", organization=68719476739),
    samples=(Sample(what="its first project", before="27", after="68719476763"),),
    move={"state": "switched", "verified": True, "tables": [{"name": "event", "rows": 14000, "hash": "123"}]},
)


def test_the_text_tells_where_the_organization_lives_and_under_which_ids() -> None:
    told = str(RESULT)
    assert "initech lived in us, as organization 3\ninitech lives in de, as organization 68719476739" in told
    assert "its first project  27" in told
    assert "switched: 14,000 rows in 1 tables\nverified" in told


def test_what_is_not_verified_is_not_called_so() -> None:
    assert "verified" not in str(replace(RESULT, move={**RESULT.move, "verified": False}))


def test_a_kept_demo_tells_the_commands_and_how_it_ends() -> None:
    told = str(replace(RESULT, config=Path("/tmp/my demo/silos.toml")))
    assert [line.strip() for line in told.splitlines()][-5:-1] == ["cd '/tmp/my demo'", *TRY_NEXT]
    assert told.endswith("relocate demo --stop '/tmp/my demo'")


def test_the_value_has_the_keys_of_relocate_start() -> None:
    value = RESULT.value()
    assert (value["state"], value["verified"]) == ("switched", True)
    assert dump_json(value)
