"""What the foreign keys did to one copy, the triggers and the worker do to another: random schemas, keys and statements."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack

import psycopg
import pytest
from hypothesis import HealthCheck, given, note, settings

from splitter.addresses import Address, given_address
from splitter.cascades import RunOptions, RunReport, run_cascades
from splitter.db import connect
from splitter.schema import ForeignKey, TableName
from splitter.silos import Control, Database, Organization, SiloMap
from tests.broken_keys import break_keys
from tests.random_crossings import NAMES, TYPES, RandomTable, World, worlds
from tests.servers import Server

FEW = settings(max_examples=12, suppress_health_check=list(HealthCheck), print_blob=True)
MANY = settings(max_examples=150, suppress_health_check=list(HealthCheck), print_blob=True)
NOW = RunOptions(grace=0)


class Twins:
    """One copy with all keys, one without those that were broken, which may be two databases."""

    def __init__(self, server: Server, world: World, stack: ExitStack, *, split: bool) -> None:
        self.world = world
        self.keyed = self._create(server, world.create(world.tables), stack)
        silos = {table.control for table in world.tables} if split else {False}
        self.urls = {silo: self._create(server, world.create(world.tables), stack) for silo in silos}
        self.silos = _silos(world.tables, split)
        for silo in silos:
            self._break(silo, split)

    @staticmethod
    def _create(server: Server, script: str, stack: ExitStack) -> str:
        url = server.create(TYPES)
        stack.callback(server.drop, url)
        with psycopg.connect(url) as conn:
            conn.execute(script.encode())
        return url

    def _break(self, silo: bool, split: bool) -> None:
        """As a monolith was split: both copies have everything first, then each loses the other's tables, and the keys to them."""
        broken = {each.name for each in self.world.references if each.broken}

        def chosen(key: ForeignKey) -> bool:
            return key.name in broken

        with connect(self.urls[silo], setting="test") as conn:
            break_keys(conn, chosen)
            for table in self.world.tables:
                if split and table.control is not silo:
                    conn.execute(f"DROP TABLE public.{table.sql} CASCADE".encode())

    def url_of(self, table: RandomTable) -> str:
        return self.urls[table.control] if len(self.urls) > 1 else next(iter(self.urls.values()))

    def run(self, options: RunOptions = NOW) -> RunReport:
        if self.silos is None:
            return run_cascades([given_address(next(iter(self.urls.values())))], None, options)
        names = {True: "control", False: "home"}
        addresses = [Address(name=names[silo], setting="test", url=url) for silo, url in self.urls.items()]
        return run_cascades(addresses, self.silos, options)

    def rows(self, table: RandomTable) -> tuple[list[str], list[str]]:
        return tuple(_rows(url, table) for url in (self.keyed, self.url_of(table)))  # type: ignore[return-value]


def _silos(tables: Iterable[RandomTable], split: bool) -> SiloMap | None:
    if not split:
        return None
    control = Control(
        database=Database(name="control", setting="test", raw="x"),
        tables=tuple('"' + NAMES[table.number].replace('"', '""') + '"' for table in tables if table.control),
    )
    regions = {"home": Database(name="home", setting="test", raw="x")}
    return SiloMap(organization=Organization(table=TableName("public", "none")), control=control, regions=regions)


def _rows(url: str, table: RandomTable) -> list[str]:
    with psycopg.connect(url) as conn:
        found = conn.execute(f"SELECT t::text FROM {table.sql} AS t ORDER BY 1".encode())
        return [row[0] for row in found.fetchall()]


def _say(url: str, statement: str) -> bool:
    """Whether the database took it."""
    with psycopg.connect(url, autocommit=True) as conn:
        try:
            conn.execute(statement.encode())
        except psycopg.Error as exc:
            note(f"refused: {statement}: {exc.sqlstate} {exc.diag.message_primary}")
            return False
    return True


def check(server: Server, world: World, *, split: bool) -> None:
    """A key that stays may refuse to set a value in a row which a broken one had deleted before it came to that."""
    can_refuse = any(each.can_refuse for each in world.references)
    with ExitStack() as stack:
        try:
            twins = Twins(server, world, stack, split=split)
        except psycopg.errors.InvalidForeignKey:
            return
        for statement in world.statements:
            if not _say(twins.keyed, statement.with_keys):
                continue  # what the keys forbid is not done
            note(statement.without)
            taken = _say(twins.url_of(statement.table), statement.without)
            if not taken and can_refuse:
                return
            assert taken
            done = twins.run()
            if done.failed and can_refuse:
                return
            for table in world.tables:
                keyed, cleaned = twins.rows(table)
                assert cleaned == keyed, (table.name, done)
            assert done.is_clean


@pytest.mark.parametrize("split", [False, True], ids=["one", "two"])
def test_what_is_cleaned_up_is_what_the_keys_would_have_done(server, split):
    FEW(given(world=worlds(split=split))(lambda world: check(server, world, split=split)))()


@pytest.mark.long
@pytest.mark.parametrize("split", [False, True], ids=["one", "two"])
def test_what_is_cleaned_up_is_what_the_keys_would_have_done_in_many_worlds(server, split):
    MANY(given(world=worlds(split=split))(lambda world: check(server, world, split=split)))()
