"""The runbooks' commands, run in their order against a kept demo."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.journeys.demo_commands import Shell, kept_demo, new_shell
from tests.runbooks import FOLDER, read_commands

pytestmark = pytest.mark.long

MONOLITH = """
CREATE TABLE org (id int PRIMARY KEY);
CREATE TABLE auth_user (id int PRIMARY KEY);
CREATE TABLE member (id int PRIMARY KEY, user_id int REFERENCES auth_user ON DELETE CASCADE);
INSERT INTO auth_user VALUES (1); INSERT INTO member VALUES (1, 1);
"""
SILOS = '[organization]\ntable = "org"\n[control]\ntables = ["auth_*"]\n[regions.us]\nurl = "${URL}"\n'


@pytest.fixture(scope="module")
def demo() -> Iterator[Shell]:
    """One for all pages: each works on an organization of its own, and leaves acme, which two need, where it was."""
    with kept_demo() as made:
        yield made


@pytest.fixture
def ask(demo: Shell) -> Callable[[str, str], list[tuple[Any, ...]]]:
    """``ask("us", statement)`` -> rows."""
    silos = tomllib.loads((demo.demo / "silos.toml").read_text(encoding="utf-8"))
    urls = {"control": silos["control"]["url"], **{name: region["url"] for name, region in silos["regions"].items()}}

    def read(name: str, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(urls[name], autocommit=True) as conn:
            return conn.execute(statement.encode()).fetchall()

    return read


def run_page(demo: Shell, name: str, before: str = "") -> None:
    for command in read_commands(FOLDER / name):
        printed = [line.strip() for line in demo.expect(before + command.line).splitlines()]
        assert set(command.prints) <= set(printed), command.line


def regions_with(ask: Callable[[str, str], list[tuple[Any, ...]]], slug: str) -> set[str]:
    return {name for name in ("us", "de") if ask(name, f"SELECT 1 FROM organization WHERE slug = '{slug}'")}


def test_move(demo: Shell, ask: Callable[[str, str], list[tuple[Any, ...]]]) -> None:
    run_page(demo, "move.md")
    assert ask("control", "SELECT region_name FROM organization_mapping WHERE slug = 'acme'") == [("us",)]
    assert "us" in regions_with(ask, "acme")


def test_import(demo: Shell, ask: Callable[[str, str], list[tuple[Any, ...]]]) -> None:
    run_page(demo, "import.md")
    assert ask("control", "SELECT region_name FROM organization_mapping WHERE slug = 'globex'") == [("de",)]


def test_purge(demo: Shell, ask: Callable[[str, str], list[tuple[Any, ...]]]) -> None:
    run_page(demo, "purge.md")
    assert regions_with(ask, "initech") == {"de"}


def test_abort(demo: Shell, ask: Callable[[str, str], list[tuple[Any, ...]]]) -> None:
    before = ask("us", "SELECT count(*), sum(hashtextextended(t::text, 0)) FROM event AS t")
    with demo.start("relocate start acme --to de") as mover:
        wait_for_loaded_rows(ask)
        mover.kill()
        mover.communicate()
    run_page(demo, "abort.md")
    assert regions_with(ask, "acme") == {"us"}
    assert ask("us", "SELECT count(*), sum(hashtextextended(t::text, 0)) FROM event AS t") == before


def wait_for_loaded_rows(ask: Callable[[str, str], list[tuple[Any, ...]]]) -> None:
    until = time.monotonic() + 60
    while not ask("de", "SELECT to_regclass('orglift.chunks') IS NOT NULL AND EXISTS (SELECT FROM organization WHERE slug = 'acme')")[0][0]:
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.postgres(18)
def test_break_fks(make_database: Callable[..., str]) -> None:
    url = make_database(MONOLITH)
    with new_shell() as shell:
        shell.demo.mkdir()
        (shell.demo / "silos.toml").write_text(SILOS, encoding="utf-8")
        run_page(shell, "break-fks.md", f"export URL='{url}'; ")
    with psycopg.connect(url) as conn:
        assert conn.execute("SELECT conname FROM pg_constraint WHERE contype = 'f'").fetchall() == [("member_user_id_fkey",)]


@pytest.mark.postgres(18)
def test_widen_ids(make_database: Callable[..., str]) -> None:
    url = make_database(MONOLITH.replace("member (id int", "member (id serial"))
    with new_shell() as shell:
        shell.demo.mkdir()
        (shell.demo / "silos.toml").write_text(SILOS, encoding="utf-8")
        run_page(shell, "widen-ids.md", f"export URL='{url}'; ")
    with psycopg.connect(url) as conn:
        query = "SELECT DISTINCT data_type FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'id'"
        assert sorted(conn.execute(query).fetchall()) == [("bigint",), ("integer",)]  # control's own stay
