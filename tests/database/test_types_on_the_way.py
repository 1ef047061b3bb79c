"""Columns of another type in the target: what fits arrives as a cast would give it, straight or through an archive; the rest is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from relocate.outcome import Outcome
from relocate.recheck import verify
from splitter.errors import RefusedError
from splitter.events import silent
from tests.small_sites import ORG, Site, make_site

DOMAINS = """
CREATE DOMAIN price AS {numeric}; CREATE DOMAIN code AS {text}; CREATE DOMAIN deep AS code; CREATE DOMAIN list AS {numeric}[];
CREATE TYPE "sel.ect"."user" AS ENUM ({labels});
"""
THERE = {"numeric": "numeric(20,6)", "text": "varchar(30)", "labels": "'b', 'a', 'new'"}
HERE = {"numeric": "numeric(12,3)", "text": "varchar(20)", "labels": "'a', 'b'"}
FITS = {
    "numeric": ("numeric(12,3)", "numeric(20,6)", ("12.3", "-0.001", "NaN", None)),
    "numeric of any scale": ("numeric(12,3)", "numeric", ("12.300", "0")),
    "negative scale": ("numeric(5,-2)", "numeric(9,2)", ("12300", "-100")),
    "numeric array": ("numeric(12,3)[]", "numeric(20,6)[]", ("{1.5,NULL,2}", "{}", "{{1,2},{3,4}}")),
    "domain": ("price", "price", ("12.3", "0.001")),
    "array of a domain": ("price[]", "price[]", ("{1.5,2}",)),
    "domain over an array": ("list", "list", ("{1.5,2}",)),
    "out of a domain": ("price", "numeric(12,3)", ("7.25",)),
    "domain over a domain": ("deep", "deep", ("x", "trailing  ")),
    "real": ("real", "double precision", ("0.1", "1000000", "3.4028235e+38", "1.17549435e-38", "-0", "NaN", "-Infinity", "16777216")),
    "real array": ("real[]", "double precision[]", ("{0.1,1000000}",)),
    "small integer": ("smallint", "bigint", ("-32768", "0")),
    "integer array": ("integer[]", "bigint[]", ("{1,NULL}", "[-1:0]={5,6}")),
    "varchar": ("varchar(20)", "text", ("", "trailing  ")),
    "varchar array": ("varchar(20)[]", "text[]", ('{"a ",NULL}',)),
    "char": ("char(5)", "char(5)", ("a", "", "abcde")),
    "char without a length": ("char(5)", "bpchar", ("a", "")),
    "char array": ("char(5)[]", "char(5)[]", ("{a,NULL}",)),
    "bit": ("bit(3)", "bit(3)", ("101",)),
    "varbit": ("bit varying(3)", "bit varying(9)", ("101", "")),
    "timestamp": ("timestamp(0)", "timestamp(3)", ("2024-01-01 00:00:00", "infinity")),
    "timestamptz": ("timestamptz(3)", "timestamptz", ("2024-01-01 00:00:00.123+05",)),
    "timetz": ("timetz(0)", "timetz(3)", ("12:00:00+05:30",)),
    "interval": ("interval(3)", "interval", ("1 mon -1 day 00:00:00.001",)),
    "interval of fields": ("interval year to month", "interval year to month", ("1 year 2 mons",)),
    "enum": ('"sel.ect"."user"', '"sel.ect"."user"', ("a", "b")),
    "enum array": ('"sel.ect"."user"[]', '"sel.ect"."user"[]', ("{a,b}",)),
}
NARROW = {
    "rounded": ("numeric(12,3)", "numeric(12,1)", "numeric(12,3) here, numeric(12,1)"),
    "rounded by a domain": ("price", "short_price", "numeric(12,3) here, numeric(20,1)"),
    "rounded in an array": ("numeric[]", "numeric(12,3)[]", "numeric[] here, numeric(12,3)[]"),
    "cut": ("varchar(20)", "varchar(10)", "character varying(20) here, character varying(10)"),
    "cut by a domain": ("deep", "varchar(10)", "character varying(20) here, character varying(10)"),
    "padded": ("char(3)", "char(5)", "character(3) here, character(5)"),
    "padded in an array": ("char(3)[]", "char(5)[]", "character(3)[] here, character(5)[]"),
    "bits": ("bit(3)", "bit(5)", "bit(3) here, bit(5)"),
    "fields": ("interval", "interval year to month", "interval here, interval year to month"),
    "precision": ("timestamptz", "timestamptz(0)", "timestamp with time zone here, timestamp(0) with time zone"),
    "real": ("double precision", "real", "double precision here, real"),
    "size": ("bigint[]", "integer[]", "bigint[] here, integer[]"),
}


TYPES = f'CREATE SCHEMA "sel.ect"; {DOMAINS.format(**HERE)}', f'CREATE SCHEMA "sel.ect"; {DOMAINS.format(**THERE)}'
SHARED = "CREATE TABLE plan (id int PRIMARY KEY, name text UNIQUE);"
SILOS = '[tables.plan]\nexport = "shared"\nmatch = [["name"]]'
Moving = Callable[[Site, Path], Outcome]


def straight(site: Site, _: Path) -> Outcome:
    return site.move()


def through_an_archive(site: Site, folder: Path) -> Outcome:
    site.export(folder / "one")
    return site.bring(folder / "one")


def make(make_database: Callable[..., str], types: Iterable[tuple[str, str]], *, also: str = "") -> Site:
    """Columns v0, v1 ... of those types, and one that has to be rewritten; in the target's table they stand in another order."""
    here, there = (", ".join(f"v{number} {each}" for number, each in enumerate(side)) for side in zip(*types, strict=True))
    columns = "id bigint PRIMARY KEY, org_id bigint REFERENCES org, plan_id int REFERENCES plan"
    rows = "INSERT INTO org VALUES (1, 'acme'); INSERT INTO plan VALUES (1, 'free');"
    us = f"{TYPES[0]}{ORG}{SHARED}CREATE TABLE item ({columns}, {here});{rows}"
    de = f"{TYPES[1]}{ORG}{SHARED}CREATE TABLE item (more text DEFAULT 'new', {there}, {columns}); INSERT INTO plan VALUES (7, 'free');"
    return make_site(make_database, us + also, de, SILOS)


@pytest.mark.parametrize("move", [straight, through_an_archive])
def test_what_fits_arrives_as_a_cast_would_give_it(make_database: Callable[..., str], tmp_path: Path, move: Moving):
    site = make(make_database, [(here, there) for here, there, _ in FITS.values()])
    for number in range(1, 1 + max(len(values) for _, _, values in FITS.values())):
        row = [(values[number % len(values)], here) for here, _, values in FITS.values()]
        casts = ", ".join(f"%s::text::{here}" for _, here in row)
        site.rows("us", f"INSERT INTO item VALUES ({number}, 1, 1, {casts})", *(value for value, _ in row))
    assert move(site, tmp_path).verified
    for column, (name, (here, there, values)) in enumerate(FITS.items()):
        (wanted,) = site.rows("de", f"SELECT {', '.join(f'%s::text::{here}::{there}::text' for _ in values)}", *values)
        assert {row[0] for row in site.rows("de", f"SELECT v{column}::text FROM item")} == set(wanted), name
    assert site.rows("de", "SELECT DISTINCT plan_id, more FROM item") == [(7, "new")]
    assert verify(site.silos, "acme", 1, silent).differences == ()


@pytest.mark.parametrize("move", [straight, through_an_archive])
def test_what_does_not_fit_is_refused_before_the_first_row(make_database: Callable[..., str], tmp_path: Path, move: Moving):
    target = "CREATE DOMAIN short_price AS numeric(20,1);"
    site = make(make_database, [(here, there.replace("short_price", "numeric(20,1)")) for here, there, _ in NARROW.values()])
    site.rows("de", target + f"ALTER TABLE item ALTER v{list(NARROW).index('rounded by a domain')} TYPE short_price")
    with pytest.raises(RefusedError) as caught:
        move(site, tmp_path)
    told = {problem.object: problem.found for problem in caught.value.problems if problem.code == "narrower-type"}
    assert told == {f"item.v{number}": f"{told_} in the target" for number, (_, _, told_) in enumerate(NARROW.values())}
    assert site.rows("control", "SELECT count(*) FROM orglift.relocations") == [(0,)]


@pytest.mark.parametrize("move", [straight, through_an_archive])
def test_labels_that_the_target_lacks_are_told(make_database: Callable[..., str], tmp_path: Path, move: Moving):
    """Of an enum that is spelled like a word of SQL, inside an array."""
    more = """ALTER TYPE "sel.ect"."user" ADD VALUE 'z';"""
    site = make(make_database, [('"sel.ect"."user"[]', '"sel.ect"."user"[]')], also=more)
    with pytest.raises(RefusedError) as caught:
        move(site, tmp_path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.object, problem.found) == ("missing-enum-label", "item.v0", "the target's type lacks 'z'")


def test_verify_says_which_columns_are_gone_since_the_move(make_database: Callable[..., str]):
    site = make(make_database, [("text", "text")])
    site.rows("us", "INSERT INTO item VALUES (1, 1, 1, 'x')")
    site.move()
    site.rows("de", "ALTER TABLE item DROP v0")
    assert [str(each) for each in verify(site.silos, "acme", 1, silent).differences] == ["item: its column 'v0' is gone since the move"]
