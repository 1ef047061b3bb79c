"""Write into the mapping, at once, all the organizations that are found in regions and that control doesn't know.

Copies that a move made, in the target before the switch and in the source after it, are no organizations of their own. What could be
two organizations, or one in two places, is left for a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import sql

from exports.homes import own_table
from relocate.control import actor
from splitter.db import Connection, translated
from splitter.errors import Problem
from splitter.silos import OwnMapping

MOST_PROBLEMS = 100  # that are told, of each kind
_STAGE = """
CREATE TEMPORARY TABLE orglift_found (region text NOT NULL, organization text NOT NULL, slug text) ON COMMIT DROP
"""
_FORGET_COPIES = """
DELETE FROM pg_temp.orglift_found AS f USING orglift.relocations AS r
WHERE f.region = r.source AND f.organization = r.organization_before
        AND (r.phase IN ('switched', 'purging') OR r.phase = 'purged' AND r.organization_before <> r.organization_after)
    OR f.region = r.target AND f.organization = r.organization_after
        AND r.phase IN ('planned', 'loading', 'verifying', 'differs', 'aborting')
"""
_FORGET_KNOWN = """
DELETE FROM pg_temp.orglift_found AS f USING orglift.mapping AS m
WHERE m.organization = f.organization AND m.region = f.region
"""
_SAME_ID = """
SELECT f.organization, pg_catalog.string_agg(f.region, ', ' ORDER BY f.region) || coalesce('; the mapping says ' || m.region, '')
FROM pg_temp.orglift_found AS f LEFT JOIN orglift.mapping AS m USING (organization)
GROUP BY f.organization, m.region HAVING pg_catalog.count(*) > 1 OR m.region IS NOT NULL
ORDER BY f.organization
"""
_SAME_SLUG = """
SELECT f.organization, 'slug ' || f.slug || ' in ' || f.region || ', and ' || o.organization || ' in ' || o.region || ' has it too'
FROM pg_temp.orglift_found AS f JOIN (SELECT organization, slug, region FROM pg_temp.orglift_found UNION ALL
    SELECT organization, slug, region FROM orglift.mapping) AS o ON o.slug = f.slug AND o.organization <> f.organization
ORDER BY f.organization, o.organization
"""
_UNMAPPED = """
SELECT f.organization, 'in ' || f.region || ', and ' || {shown} || ' says ' || coalesce(o.{region}::text, 'nothing of it')
FROM pg_temp.orglift_found AS f LEFT JOIN {table} AS o ON o.{organization}::text = f.organization
WHERE o.{region}::text IS DISTINCT FROM f.region ORDER BY f.organization
"""
_ADOPT = """
WITH adopted AS (INSERT INTO orglift.mapping (organization, slug, region)
    SELECT organization, slug, region FROM pg_temp.orglift_found RETURNING organization, slug, region)
INSERT INTO orglift.audit (actor, organization, action, detail)
SELECT %s, organization, 'adopted', pg_catalog.jsonb_build_object('region', region, 'slug', slug) FROM adopted
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An organization's row in a region."""

    region: str
    organization: str
    slug: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """How many organizations are in the mapping now that were not, and those that could not be adopted."""

    adopted: int
    problems: tuple[Problem, ...]


def adopt_all(control: Connection, found: Iterable[Found], own: OwnMapping | None = None) -> Adoption:
    """``found`` is all that every region holds. Each is adopted, known already, a move's copy, or a problem; repeating is safe."""
    with translated("adopting organizations"), control.transaction():
        control.execute(_STAGE)
        with control.cursor().copy("COPY pg_temp.orglift_found (region, organization, slug) FROM STDIN") as copy:
            for one in found:
                copy.write_row((one.region, one.organization, one.slug))
        control.execute(_FORGET_COPIES)
        control.execute(_FORGET_KNOWN)
        problems = [*_put_aside(control, "same-id", _SAME_ID, _MOVE_ONE), *_put_aside(control, "same-slug", _SAME_SLUG, _RENAME_ONE)]
        if own is not None:
            problems += _put_aside(control, "not-mapped", _own_query(own), f"add or correct its row in {own.table}")
        return Adoption(adopted=control.execute(_ADOPT, (actor(),)).rowcount, problems=tuple(problems))


_MOVE_ONE = "move one of them first (by its slug): its ids are its own from then on; or remove the copy, if it is one organization"
_RENAME_ONE = "rename one of the two"


def _own_query(own: OwnMapping) -> sql.Composed:
    return sql.SQL(_UNMAPPED).format(
        shown=sql.Literal(str(own.table)),
        table=own_table(own),
        organization=sql.Identifier(own.organization),
        region=sql.Identifier(own.region),
    )


def _put_aside(control: Connection, code: str, query: str | sql.Composed, remedy: str) -> list[Problem]:
    """Take what ``query`` finds, (organization, what was found), out of the table of those that will be adopted."""
    rows = control.execute(query.encode() if isinstance(query, str) else query).fetchall()
    control.execute("DELETE FROM pg_temp.orglift_found WHERE organization = ANY (%s)", (list({row[0] for row in rows}),))
    return [Problem(code=code, object=f"organization {row[0]}", found=row[1], remedy=remedy) for row in rows[:MOST_PROBLEMS]]
