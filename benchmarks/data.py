"""The benchmark's rows, made by the servers themselves: one big organization and many small ones, interleaved as they grow in real life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

HERE = Path(__file__).parent
BIG = "acme"  # the organization that is measured
SMALL = 49  # how many others share what ``neighbours`` gives

# Rows of the big organization at scale 1, some 3 million in all.
ROWS: Mapping[str, int] = {
    "organization": 1,
    "team": 100,
    "member": 5_000,
    "project": 200,
    "environment": 600,
    "release": 20_000,
    "issue": 300_000,
    "event": 2_000_000,
    "attachment": 100_000,
    "comment": 200_000,
    "assignment": 150_000,
    "audit_log": 200_000,
    "saved_search": 2_000,
}

# How the tables lead to the organization, for the hand-written commands that orglift is measured against.
WAYS: Mapping[str, str] = {
    "organization": "SELECT t.* FROM {table} t WHERE t.slug = {slug}",
    **dict.fromkeys(
        ("team", "member", "project", "audit_log"),
        "SELECT t.* FROM {table} t JOIN organization o ON o.id = t.organization_id WHERE o.slug = {slug}",
    ),
    **dict.fromkeys(
        ("environment", "release", "issue", "event", "saved_search"),
        "SELECT t.* FROM {table} t JOIN project p ON p.id = t.project_id"
        " JOIN organization o ON o.id = p.organization_id WHERE o.slug = {slug}",
    ),
    **dict.fromkeys(
        ("attachment", "comment", "assignment"),
        "SELECT t.* FROM {table} t JOIN issue i ON i.id = t.issue_id JOIN project p ON p.id = i.project_id"
        " JOIN organization o ON o.id = p.organization_id WHERE o.slug = {slug}",
    ),
}

# One row each: n of all, k of its side (0: the big organization, 1: the small ones, whose rows point at each other; none of them moves).
_VALUES: Mapping[str, str] = {
    "organization": "{id}, {prefix} || CASE side WHEN 0 THEN {big} ELSE 'small' || k END, 'Organization ' || k",
    "team": "{id}, {organization}, 'team ' || k",
    "member": "{id}, {organization}, md5(k::text) || '@example.org', CASE k % 10 WHEN 0 THEN 'owner' ELSE 'member' END",
    "project": "{id}, {organization}, {team}, 'project ' || k",
    "environment": "{id}, {project}, 'environment ' || k",
    "release": "{id}, {project}, '1.' || k, {time}",
    "issue": "{id}, {project}, {release}, 'TypeError: ' || md5(k::text), k::int, {time}",
    "event": "{id}, {project_of_issue}, {issue}, md5(n::text)::uuid, {time}, {payload}",
    "attachment": "{id}, {issue}, 'screenshot.png', decode(repeat(md5(k::text), 8), 'hex')",
    "comment": "{id}, {issue}, {member}, repeat('A comment on it. ', 1 + (k % 9)::int), {time}",
    "assignment": "{issue_by_turns}, {member}",
    "audit_log": "{id}, {organization}, (ARRAY['project', 'issue', 'login'])[1 + k % 3], {audited}, {time}",
    "saved_search": "{id}, {project}, jsonb_build_object('query', 'is:open', 'projects', jsonb_build_array({project}, {other_project}))",
}
_PAYLOAD = """jsonb_build_object('message', 'TypeError: ' || md5(n::text), 'level', 'error', 'culprit', 'app.views.dispatch', 'tags',
    jsonb_build_object('browser', 'Firefox ' || n % 90, 'os', 'Linux', 'trace', md5('t' || n)), 'frames', jsonb_build_array(
    'app/views.py in dispatch line ' || n % 500, 'app/models.py in save line ' || n % 700, md5('f' || n) || md5('g' || n)),
    'sdk', 'python 2.1')"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """``big`` and ``neighbours`` are factors of ROWS; ids start above ``base``; ``prefix`` keeps slugs of two regions apart."""

    big: float
    neighbours: float
    base: int = 0
    prefix: str = ""

    def count(self, table: str, side: int) -> int:
        if table == "organization":
            return (1 if self.big else 0) if side == 0 else SMALL if self.neighbours else 0
        factor = self.neighbours if side else self.big
        return max(round(ROWS[table] * factor), SMALL if side else 1) if factor else 0


def fill(url: str, what: Fill) -> None:
    """Makes the tables with their rows, then indexes and keys; leaves them vacuumed and analysed."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(HERE.joinpath("schema.sql").read_text())
        for table in ROWS:
            conn.execute(_insert(table, what))
        conn.execute(HERE.joinpath("constraints.sql").read_text())
        for table in (name for name in ROWS if name != "assignment"):
            top = sql.SQL("SELECT setval(pg_get_serial_sequence({name}, 'id'), greatest(max(id), 1)) FROM {table}")
            conn.execute(top.format(name=sql.Literal(table), table=sql.Identifier(table)))
        conn.execute("VACUUM ANALYZE")
        conn.execute("CHECKPOINT")


def prepare_empty(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(HERE.joinpath("schema.sql").read_text())


def _insert(table: str, what: Fill) -> sql.Composed:
    """Row n of all is the big organization's where floor(n * share) grows: the sides are interleaved, exactly in their proportion."""
    big, small = what.count(table, 0), what.count(table, 1)
    template = (
        "INSERT INTO {table} SELECT "
        + _VALUES[table]
        + " FROM (SELECT n, CASE WHEN b > p THEN 0 ELSE 1 END AS side, CASE WHEN b > p THEN b ELSE n - b END AS k FROM"
        " (SELECT n, n * {mine} / {all} AS b, (n - 1) * {mine} / {all} AS p FROM generate_series(1::bigint, {all}) AS n) AS x"
        " OFFSET 0) AS rows"
    )
    return sql.SQL(template).format(
        id=sql.SQL(_own(what, "k")),
        table=sql.Identifier(table),
        mine=sql.Literal(big),
        all=sql.SQL("{}::bigint").format(sql.Literal(big + small)),
        prefix=sql.Literal(what.prefix),
        big=sql.Literal(BIG),
        organization=_parent(what, "organization", "k"),
        team=_parent(what, "team", "k"),
        project=_parent(what, "project", "k"),
        other_project=_parent(what, "project", "k * 7"),
        project_of_issue=_parent(what, "project", f"({_turn(what, 'issue', 'k * 7919')})"),
        issue=_parent(what, "issue", "k * 7919"),
        issue_by_turns=_parent(what, "issue", "k"),
        release=_parent(what, "release", "k"),
        member=_parent(what, "member", "k * 31"),
        audited=sql.SQL("CASE k % 3 WHEN 0 THEN {} ELSE {} END").format(_parent(what, "project", "k"), _parent(what, "issue", "k")),
        time=sql.SQL("'2026-01-01'::timestamptz + n * interval '7 seconds'"),
        payload=sql.SQL(_PAYLOAD),
    )


def _own(what: Fill, number: str) -> str:
    return f"({what.base} + 2 * {number} + side)"


def _turn(what: Fill, table: str, number: str) -> str:
    """Which row of a parent table the child's number leads to, from 1."""
    return f"1 + ({number}) % CASE side WHEN 0 THEN {max(what.count(table, 0), 1)} ELSE {max(what.count(table, 1), 1)} END"


def _parent(what: Fill, table: str, number: str) -> sql.SQL:
    return sql.SQL(_own(what, f"({_turn(what, table, number)})"))
