"""Looks at the sample application before and after a move: where an organization lives, and a few of its ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import LiteralString

from splitter.db import Connection

_HOME = "SELECT region_name, organization_id FROM public.organization_mapping WHERE slug = %s"
# What, and how to find it on both sides by something that no move changes.
_SAMPLES: Mapping[str, LiteralString] = MappingProxyType(
    {
        "its first project": """
            SELECT p.id FROM public.project p JOIN public.organization o ON o.id = p.organization_id
            WHERE o.slug = %s ORDER BY p.slug LIMIT 1""",
        "that project's issue #1": """
            SELECT g.id FROM public."group" g JOIN public.project p ON p.id = g.project_id
            JOIN public.organization o ON o.id = p.organization_id
            WHERE o.slug = %s AND g.label = '#1' ORDER BY p.slug LIMIT 1""",
        "its newest event": """
            SELECT e.id FROM public.event e JOIN public.project p ON p.id = e.project_id
            JOIN public.organization o ON o.id = p.organization_id
            WHERE o.slug = %s ORDER BY p.slug, e.received_at DESC LIMIT 1""",
        "projects in a dashboard's array": """
            SELECT d.project_ids FROM public.dashboard d JOIN public.organization o ON o.id = d.organization_id
            WHERE o.slug = %s AND cardinality(d.project_ids) = 2 ORDER BY d.id LIMIT 1""",
        "a team inside a rule's JSON": """
            SELECT jsonb_path_query_first(r.data, '$.actions[*].team_id') FROM public.rule r
            JOIN public.project p ON p.id = r.project_id JOIN public.organization o ON o.id = p.organization_id
            WHERE o.slug = %s AND r.data @? '$.actions[*].team_id' ORDER BY r.id LIMIT 1""",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where control says that an organization lives, and its id there."""

    region: str
    organization: int


def read_home(control: Connection, slug: str) -> Home:
    row = control.execute(_HOME, (slug,)).fetchone()
    assert row is not None
    return Home(region=row[0], organization=row[1])


def read_samples(region: Connection, slug: str) -> dict[str, str]:
    """A few ids of an organization, as text, by what they are."""
    return {what: _read_text(region, query, slug) for what, query in _SAMPLES.items()}


def _read_text(conn: Connection, query: LiteralString, slug: str) -> str:
    row = conn.execute(query, (slug,)).fetchone()
    return str(row[0]) if row else "-"
