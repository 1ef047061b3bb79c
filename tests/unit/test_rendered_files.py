"""Rendered files replace what was rendered before, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from splitter.errors import RefusedError, UsageError
from splitter.render.units import RenderedFile
from splitter.rendered_files import LIST, write_rendered
from splitter.steps import Plan, PlanDatabase

PLAN = Plan(kind="test", database=PlanDatabase(silo="us", uuid=UUID(int=7)), fingerprint="ab", tables=(), steps=())
FILES = (RenderedFile("a.sql", "a\r\nü"), RenderedFile("b.sql", "b"))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_the_text(tmp_path: Path):
    write_rendered(tmp_path / "new" / "m", PLAN, FILES)
    assert names(tmp_path / "new" / "m") == ["a.sql", "b.sql", LIST]
    assert (tmp_path / "new" / "m" / "a.sql").read_bytes() == "a\r\nü".encode()


def test_a_later_rendering_replaces_an_earlier_one(tmp_path: Path):
    write_rendered(tmp_path, PLAN, FILES)
    (tmp_path / "__pycache__").mkdir()
    write_rendered(tmp_path, replace(PLAN, kind="other"), [RenderedFile("b.sql", "B"), RenderedFile("c.sql", "c")])
    assert names(tmp_path) == ["__pycache__", "b.sql", "c.sql", LIST]
    assert (tmp_path / "b.sql").read_text() == "B"


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path):
    (tmp_path / "0001_initial.py").write_text("mine")
    with pytest.raises(RefusedError, match=r"holds what was not rendered: 0001_initial.py"):
        write_rendered(tmp_path, PLAN, FILES)
    assert names(tmp_path) == ["0001_initial.py"]


def test_an_empty_init_is_nobodys(tmp_path: Path):
    (tmp_path / "__init__.py").touch()
    write_rendered(tmp_path, PLAN, [*FILES, RenderedFile("__init__.py", "")])


@pytest.mark.parametrize("files", [FILES, (RenderedFile("c.sql", "c"),)])
def test_a_rendered_file_that_was_changed_is_not_replaced(tmp_path: Path, files: tuple[RenderedFile, ...]):
    write_rendered(tmp_path, PLAN, FILES)
    (tmp_path / "b.sql").write_text("b, and better")
    with pytest.raises(RefusedError, match=r"b.sql was changed after it was rendered"):
        write_rendered(tmp_path, PLAN, files)
    assert (tmp_path / "b.sql").read_text() == "b, and better"


def test_a_rendering_that_was_cut_off_goes_on(tmp_path: Path):
    write_rendered(tmp_path, PLAN, FILES)
    later = [RenderedFile("b.sql", "B"), RenderedFile("c.sql", "c")]
    (tmp_path / "b.sql").write_text("B")
    (tmp_path / "c.sql").write_text("c")
    (tmp_path / ".orglift-render.7").write_text("half")
    write_rendered(tmp_path, PLAN, later)
    assert (tmp_path / "c.sql").read_text() == "c" and not (tmp_path / "a.sql").exists()


def test_a_list_that_is_none_is_told(tmp_path: Path):
    (tmp_path / LIST).write_text("[]")
    with pytest.raises(RefusedError, match="is not what `splitter render` wrote"):
        write_rendered(tmp_path, PLAN, FILES)


def test_a_folder_that_cannot_be_is_told(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        write_rendered(tmp_path / "file", PLAN, FILES)
