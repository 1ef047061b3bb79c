"""A database knows who it is, and a copy of it is found out."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest

from splitter import db
from splitter.errors import Clone, Unprepared
from splitter.identity import (
    CONTROL,
    NO_ORIGIN,
    Identity,
    check_identity,
    physical_identity,
    read_identity,
    same_database,
    write_identity,
)


def open_(url: str) -> db.Connection:
    return db.connect(url, setting="--url")


def identity_of(conn: db.Connection, region: str = "us", origin: int = 1) -> Identity:
    physical = physical_identity(conn)
    return Identity(
        region=region,
        origin=origin,
        database=uuid4(),
        system_identifier=physical.system_identifier,
        database_oid=physical.database_oid,
        former=(4, 2),
    )


def test_nobody_has_an_identity_before_init(database):
    with open_(database) as conn:
        assert read_identity(conn) is None
        with pytest.raises(Unprepared, match="'us' has no identity") as caught:
            check_identity(conn, "us")
    assert "relocate init" in caught.value.hint


def test_what_was_written_is_read(database):
    with open_(database) as conn:
        identity = identity_of(conn)
        write_identity(conn, identity)
        assert read_identity(conn) == check_identity(conn, "us") == identity


def test_there_is_one_row(database, run_sql):
    with open_(database) as conn:
        for origin in (1, 2):
            write_identity(conn, identity_of(conn, origin=origin))
    assert run_sql(database, "SELECT origin FROM orglift.identity") == [(2,)]


def test_a_copy_is_a_clone(server, database):
    with open_(database) as conn:
        write_identity(conn, identity_of(conn))
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    server.execute(f"CREATE DATABASE copy TEMPLATE {name}")
    try:
        with open_(server.url("copy")) as conn, pytest.raises(Clone, match="'us' is a copy") as caught:
            check_identity(conn, "us")
    finally:
        server.execute("DROP DATABASE copy WITH (FORCE)")
    assert "relocate init --rebind us" in caught.value.hint
    assert "relocate init --new-origin us" in caught.value.hint


def test_another_region_under_this_name_is_a_clone(database):
    with open_(database) as conn:
        write_identity(conn, identity_of(conn, region="eu"))
        with pytest.raises(Clone, match="'us' says that it is 'eu'"):
            check_identity(conn, "us")


def test_control_cannot_have_an_origin(database):
    with open_(database) as conn:
        write_identity(conn, identity_of(conn, region=CONTROL, origin=NO_ORIGIN))
        with pytest.raises(Clone) as caught:
            check_identity(conn, "us")
        assert check_identity(conn, CONTROL).origin == NO_ORIGIN
    assert "--rebind us" in caught.value.hint


def test_one_database_is_known_under_any_url(server, database, make_database):
    with open_(database) as one, open_(f"{database}&application_name=x") as two, open_(make_database()) as three:
        assert same_database(one, two)
        assert not same_database(one, three)


def test_other_clusters_have_other_identifiers(servers, major, database):
    with open_(database) as one, open_(servers(33 - major).url("postgres")) as other:
        assert physical_identity(one).system_identifier != physical_identity(other).system_identifier
