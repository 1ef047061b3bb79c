"""Real schemas with their rows: users and what hangs on them in control, all else in a region; deletes and new keys in control.

The clean-up leaves the rows that the foreign keys left in a second copy, which kept them, table by table.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import psycopg
import pytest
from psycopg import sql

from splitter.addresses import Address
from splitter.cascades import RunOptions, run_cascades
from splitter.catalog import read_schema
from splitter.db import Connection, connect
from splitter.schema import ForeignKey, Schema, TableName
from splitter.silos import Control, Database, Organization, SiloMap
from tests.broken_keys import break_keys
from tests.cases_support import find_cases, run_script, run_sql
from tests.servers import Server

_numbers = count(1)


@dataclass(frozen=True)
class Case:
    """``new_key``: what becomes of a key of ``deleted``, where keys there follow; SQL over ``id``."""

    name: str
    control: tuple[str, ...]
    deleted: str
    new_key: str | None = None
    unset: bool = True  # nullable keys that restrict unset, else delete


LANGFUSE = ("users", "Account", "Session", "verification_tokens", "sso_configs", "billing_meter_backups")
LABELSTUDIO = ("htx_user", "htx_user_*", "authtoken_token", "token_blacklist_*", "users_*", "django_admin_log", "auth_*")
CASES = [
    Case("langfuse", LANGFUSE, "users", "id || '-new'"),
    Case("hatchet", ("User", "UserOAuth", "UserPassword", "UserSession"), "User", "gen_random_uuid()"),
    Case("labelstudio", LABELSTUDIO, "htx_user"),
    Case("concourse", ("builds",), "builds"),  # its users hold nothing: what much hangs on stands in for them
    Case("citusads", ("companies",), "companies"),
]


class Twins:
    """A copy that kept its keys, and the same rows in a control and a region whose keys were broken."""

    def __init__(self, server: Server, case: Case) -> None:
        self.case = case
        self.silos = _silos(case)
        number = next(_numbers)
        names = [f"cascade_{case.name}_{which}_{number}" for which in ("keyed", "control", "us")]
        for name in names:
            server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{_template(server, case)}"')
        self.keyed, self.control, self.us = (server.url(name) for name in names)
        with connect(self.keyed, setting="keyed") as conn:
            self.schema = read_schema(conn)
        self.crossing = [key for table in self.schema.tables.values() for key in table.foreign_keys if self._crosses(key)]
        self._split()

    def drop(self, server: Server) -> None:
        for url in (self.keyed, self.control, self.us):
            server.drop(url)

    def _crosses(self, key: ForeignKey) -> bool:
        silo_of, root_of = self.silos.silo_of, self.schema.root_of
        return silo_of(root_of(key.table)) is not silo_of(root_of(key.target))

    def _split(self) -> None:
        for url, others in ((self.control, self._tables(control=False)), (self.us, self._tables(control=True))):
            with connect(url, setting="url") as conn:
                break_keys(conn, self._crosses)
                conn.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.SQL(", ").join(sql.Identifier(*name) for name in others)))

    def _tables(self, *, control: bool) -> list[TableName]:
        roots = [table.name for table in self.schema.roots()]
        return [name for name in roots if (self.silos.silo_of(name).value == "control") is control]

    def say(self, statement: str, *values: object) -> bool:
        """In control, as in the keyed copy; where that one refuses, in neither."""
        for url in (self.keyed, self.control):
            try:
                with psycopg.connect(url) as conn:
                    conn.execute(statement.encode(), values)
            except psycopg.errors.IntegrityError:
                assert url == self.keyed
                return False
        return True

    def clean(self) -> None:
        addresses = [Address(name=name, setting=name, url=url) for name, url in (("control", self.control), ("us", self.us))]
        done = run_cascades(addresses, self.silos, RunOptions(grace=0))
        assert done.is_clean, done

    def differences(self) -> dict[str, tuple[int, int]]:
        """Tables whose rows are not equal: how many each side has."""
        found = {}
        for control, url in ((True, self.control), (False, self.us)):
            for name in self._tables(control=control):
                ours, theirs = (_rows(each, name) for each in (url, self.keyed))
                if ours != theirs:
                    found[str(name)] = (len(ours), len(theirs))
        return found


def _silos(case: Case) -> SiloMap:
    return SiloMap(
        organization=Organization(table=TableName("public", "none")),
        control=Control(database=Database(name="control", setting="test", raw="x"), tables=case.control),
        regions={"us": Database(name="us", setting="test", raw="x")},
    )


def _template(server: Server, case: Case) -> str:
    """The case as it is, but that keys which restrict delete or unset: else hardly anything could be deleted where the keys are kept."""
    name = f"cascade_case_{case.name}"
    if not server.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        run_script(server.url(name), find_cases() / case.name / "schema.sql")
        run_sql(server.url(name), gzip.decompress((find_cases() / case.name / "data.sql.gz").read_bytes()))
        with connect(server.url(name), setting="template") as conn:
            for table in read_schema(conn).tables.values():
                for key in table.foreign_keys:
                    if key.on_delete in "ar":
                        nullable = not any(table.column(name).not_null for name in key.columns)
                        _soften(conn, key, "SET NULL" if nullable and case.unset else "CASCADE")
    return name


def _soften(conn: Connection, key: ForeignKey, action: str) -> None:
    table, name = sql.Identifier(*key.table), sql.Identifier(key.name)
    query = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass"
    (definition,) = conn.execute(query, (key.name, table.as_string())).fetchone() or ("",)
    told = re.sub(r"( ON DELETE (NO ACTION|RESTRICT))|(?= DEFERRABLE)|$", f" ON DELETE {action}", definition, count=1)
    conn.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(table, name))
    conn.execute(sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(table, name, sql.SQL(told)))


def _rows(url: str, table: TableName) -> list[str]:
    with psycopg.connect(url) as conn:
        query = sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(sql.Identifier(*table))
        return [row[0] for row in conn.execute(query).fetchall()]


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def twins(server: Server, request: pytest.FixtureRequest) -> Iterator[Twins]:
    if request.param.name == "concourse" and server.major != 15:
        pytest.skip("the embedded server has no pgcrypto")
    made = Twins(server, request.param)
    yield made
    made.drop(server)


@pytest.mark.long
def test_what_is_deleted_in_control_leaves_the_rows_that_the_keys_would_have_left(twins):
    assert twins.crossing
    before = _counts(twins.us, twins.schema)
    table = sql.Identifier("public", twins.case.deleted).as_string()
    ids = [row[0] for row in _query(twins.control, f"SELECT id FROM {table} ORDER BY id")]
    gone = [id_ for id_ in ids[::2] if twins.say(f"DELETE FROM {table} WHERE id = %s", id_)]
    assert gone
    twins.clean()
    assert twins.differences() == {}
    assert _counts(twins.us, twins.schema) != before
    if twins.case.new_key:
        kept = next(id_ for id_ in ids if id_ not in gone)
        new = _query(twins.control, f"SELECT {twins.case.new_key} FROM {table} WHERE id = %s", kept)[0][0]
        assert twins.say(f"UPDATE {table} SET id = %s WHERE id = %s", new, kept)
        twins.clean()
        assert twins.differences() == {}


def _query(url: str, query: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(query.encode(), values or None).fetchall()


def _counts(url: str, schema: Schema) -> dict[str, str]:
    """Of each table that is there, a digest of its rows."""
    digest: Callable[[TableName], str] = lambda name: str(hash(tuple(_rows(url, name))))  # noqa: E731
    there = {str(row[0]) for row in _query(url, "SELECT format('%s.%s', schemaname, tablename) FROM pg_tables")}
    return {str(each.name): digest(each.name) for each in schema.roots() if ".".join(each.name) in there}
