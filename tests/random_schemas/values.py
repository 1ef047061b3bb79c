"""Values that columns of each type accept and that careless copying spoils, as the text that COPY takes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from random import Random

Maker = Callable[[Random], str]

_TEXTS = (
    "",
    " ",
    "plain",
    "tab\there",
    "line\nbreak\r\n",
    "back\\slash \\N \\. \\\\",
    "\\N",
    "\\.",
    "null",
    "q\"uo\"te 'single'",
    "a,b;{c}",
    "Grüße, 日本 🦆",
    "%s {} $1",
    "x" * 3000,
    "\u200b\u2028",
)
_BYTES = ("\\x", "\\x00", "\\x5c4e", "\\xdeadbeef00ff0a0d09", "\\x" + "5c" * 300)
_DOCUMENTS = (
    "null",
    "{}",
    "[]",
    '"\\\\"',
    '{"a": "\\t\\n", "b": [1, 2.50, -0.0, 1e5]}',
    '{"é": "\\"", "": {"": null}}',
    "123456789012345678901234567890",
)


def text_array(values: list[str | None]) -> str:
    """The array's text, every element quoted."""
    spelled = ["NULL" if value is None else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]
    return "{" + ",".join(spelled) + "}"


def _array(rng: Random, choices: tuple[str, ...]) -> str:
    return text_array([rng.choice((*choices, None)) for _ in range(rng.randrange(4))])


def _one_of(*choices: str) -> Maker:
    return lambda rng: rng.choice(choices)


MAKERS: dict[str, Maker] = {
    "text": _one_of(*_TEXTS),
    "character varying(20)": _one_of("", "short", "exactly twenty chars", "\\N\t\n", "ünï"),
    "character(5)": _one_of("", "a", "abcde", "é\\  "),
    "integer": lambda rng: str(rng.choice((0, 1, -1, 2**31 - 1, -(2**31), rng.randrange(1000)))),
    "smallint": _one_of("0", "-32768", "32767"),
    "bigint": lambda rng: str(rng.choice((0, -1, 2**36, 2**53 + 1, 2**63 - 1, -(2**63), rng.randrange(1000)))),
    "numeric": _one_of("0", "-0.00", "1.500", "NaN", "Infinity", "-Infinity", "123456789012345678901234567890.123456789", "1e-30"),
    "numeric(12,3)": _one_of("0.001", "-999999999.999", "12.300"),
    "real": _one_of("0", "-0", "NaN", "Infinity", "1.17549435e-38", "3.4028235e+38", "0.1"),
    "double precision": _one_of("0", "-0", "NaN", "-Infinity", "1e-310", "0.1", "1.7976931348623157e+308", "123456789.123456789"),
    "boolean": _one_of("t", "f"),
    "bytea": _one_of(*_BYTES),
    "timestamp with time zone": _one_of(
        "infinity",
        "-infinity",
        "2024-02-29 23:59:59.999999+00",
        "0044-03-15 12:00:00+00 BC",
        "294276-12-31 23:59:59.999999+00",
        "1890-01-01 00:00:00+00",
    ),
    "timestamp without time zone": _one_of("infinity", "2024-10-27 02:30:00", "4713-01-01 00:00:00 BC"),
    "date": _one_of("infinity", "2024-02-29", "0001-01-01", "5874897-12-31"),
    "time with time zone": _one_of("00:00:00+00", "24:00:00-15:59", "12:34:56.789012+05:30"),
    "interval": _one_of("0", "1 mon -1 day 00:00:00.000001", "-178000000 years", "@ 3 days ago"),
    "uuid": lambda rng: str(uuid.UUID(int=rng.getrandbits(128))),
    "inet": _one_of("127.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32"),
    "point": _one_of("(0,-0)", "(1e300,-Infinity)", "(0.1,NaN)"),
    "int4range": _one_of("empty", "[1,10)", "(,)"),
    "tsvector": _one_of("", "'a':1A 'it''s':2"),
    "bit varying(9)": _one_of("", "0", "101010101"),
    "text[]": lambda rng: rng.choice((_array(rng, _TEXTS[:12]), "{}", '{{a,b},{"c,\\"d",NULL}}', "[0:1]={x,y}")),
    "numeric(8,2)[]": _one_of("{}", "{1.5,NULL,-0.01}", "{{1,2},{3,999999.99}}", "[0:1]={5,6}"),
    "integer[]": _one_of("{}", "{1,NULL,-3}", "{{1,2},{3,4}}", "[-1:0]={5,6}"),
    "jsonb": _one_of(*_DOCUMENTS),
    "json": _one_of(*_DOCUMENTS, '{"a":1,  "a":2, "b" : 1e5}'),
    "name": _one_of("", "x" * 63, 'q"'),
    "regclass": _one_of("pg_catalog.pg_class", "pg_catalog.pg_type"),
    "regtype": _one_of("integer", "text[]"),
    "xid8": _one_of("0", "18446744073709551615"),
    "mood": _one_of("sad", "it's", 'q"q', "with, comma", "\\N"),
    "mood[]": lambda rng: _array(rng, ("sad", "it's", 'q"q', "with, comma")),
    "short": _one_of("", "fine", "tab\t"),
    "pair": _one_of('(1,"a b")', '(,"")', '(-5,"q""\\\\")'),
}

# Types of the application's own, in a schema that nobody expects; MAKERS has their values under the short name.
OWN_TYPES = {"mood": '"my types"."mo.od"', "mood[]": '"my types"."mo.od"[]', "short": '"my types".short', "pair": '"my types"."Pair"'}
OWN_TYPES_SQL = """
CREATE SCHEMA "my types";
CREATE TYPE "my types"."mo.od" AS ENUM ('sad', 'it''s', 'q"q', 'with, comma', '\\N');
CREATE DOMAIN "my types".short AS character varying(20) CHECK (VALUE <> 'forbidden');
CREATE TYPE "my types"."Pair" AS (a integer, b text);
CREATE DOMAIN "my types".id AS bigint;
"""
ID_DOMAIN = '"my types".id'


def type_sql(short: str) -> str:
    return OWN_TYPES.get(short, short)
