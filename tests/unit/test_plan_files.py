"""A plan's file is whole, replaces an older plan, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from splitter.errors import Conflict, UsageError
from splitter.plan_files import read_plan, write_plan
from splitter.steps import Plan, PlanDatabase

PLAN = Plan(kind="test", database=PlanDatabase(silo="us", uuid=UUID(int=7)), fingerprint="ab", tables=(), steps=())
OTHER = replace(PLAN, notes=("other",))


def test_what_was_written_is_read(tmp_path: Path):
    write_plan(tmp_path / "p.json", PLAN)
    assert read_plan(tmp_path / "p.json") == PLAN
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]


def test_an_older_plan_is_replaced(tmp_path: Path):
    write_plan(tmp_path / "p.json", PLAN)
    write_plan(tmp_path / "p.json", OTHER, [OTHER.id])
    assert read_plan(tmp_path / "p.json") == OTHER


def test_an_unfinished_plan_is_not_replaced_by_another(tmp_path: Path):
    path = tmp_path / "p.json"
    write_plan(path, PLAN)
    write_plan(path, PLAN, [PLAN.id])
    with pytest.raises(Conflict, match="which is unfinished") as caught:
        write_plan(path, OTHER, [PLAN.id])
    assert f"splitter apply {path}" in caught.value.hint
    assert read_plan(path) == PLAN


def test_another_file_is_not_replaced(tmp_path: Path):
    (tmp_path / "silos.toml").write_text("x")
    with pytest.raises(UsageError, match="is there, and it is no plan"):
        write_plan(tmp_path / "silos.toml", PLAN)
    assert (tmp_path / "silos.toml").read_text() == "x"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(UsageError, match="cannot be written: no such file"):
        write_plan(tmp_path / "gone" / "p.json", PLAN)


def test_a_file_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(UsageError, match=r"p.json cannot be read: no such file") as caught:
        read_plan(tmp_path / "p.json")
    assert "--out" in caught.value.hint


def test_what_is_no_plan_is_told_with_its_name(tmp_path: Path):
    (tmp_path / "p.json").write_text("{}")
    with pytest.raises(UsageError, match=r"p.json: this is not a plan"):
        read_plan(tmp_path / "p.json")
