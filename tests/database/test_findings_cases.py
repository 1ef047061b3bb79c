"""What is found in the schemas of real applications: what an engineer would want to hear of them, and no more."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import pytest

from splitter.catalog import read_schema
from splitter.db import connect
from splitter.findings import Sight, find_findings
from splitter.findings_kinds import Finding
from splitter.silos_file import load_silos
from tests.cases_support import OURS, find_cases

Look = Callable[[str], tuple[Finding, ...]]


@pytest.fixture
def look(make_database: Callable[..., str]) -> Look:
    """``look("gitlab")``: what is found in the monolith's schema."""

    def found(case: str) -> tuple[Finding, ...]:
        script = find_cases() / case / ("structure.sql" if case == "gitlab" else "schema.sql")
        with connect(make_database(script), setting="--url", readonly=True) as conn:
            schema = read_schema(conn)
        return find_findings(load_silos(OURS / case / "silos.toml"), Sight(schemas={"schema.sql": schema}))

    return found


def counts(found: tuple[Finding, ...]) -> dict[str, int]:
    return dict(Counter(finding.code for finding in found))


def objects(found: tuple[Finding, ...], code: str) -> list[str]:
    return [finding.object for finding in found if finding.code == code]


KNOWN = {
    "citusads": {},
    "concourse": {"rival-ways": 6, "keyless-table": 6, "global-key": 5, "narrow-id": 65},
    "hatchet": {"crossing": 1, "rival-ways": 11, "global-key": 1},
    "labelstudio": {"rival-ways": 19, "global-key": 4, "narrow-id": 196},
    "langfuse": {"crossing": 34, "rival-ways": 1, "global-key": 5},
}


@pytest.mark.postgres(15)
@pytest.mark.parametrize("case", KNOWN)
def test_the_tenant_cases(look: Look, case: str):
    """They were read one by one: links between two rows that may be of two organizations, secrets that are unique in every region, log
    tables without a key, int4 ids, and the keys to users that are still there."""
    assert counts(look(case)) == KNOWN[case]


@pytest.mark.long
def test_gitlab(look: Look):
    found = look("gitlab")
    assert counts(found) == {
        "crossing": 162,
        "rival-ways": 54,
        "suspected-reference": 63,
        "global-key": 68,
        "suspected-join": 3,
        "shared-sequence": 1,
    }
    assert {"workspaces.personal_access_token_id -> personal_access_tokens.id", "identities.saml_provider_id -> saml_providers.id"} <= {
        *objects(found, "crossing")
    }
    assert objects(found, "shared-sequence") == ["shared_audit_event_id_seq"]
    assert objects(found, "suspected-join") == [
        f"trigger {table}_loose_fk_trigger on {table}" for table in ("users", "chat_names", "plans")
    ]
    assert {"project_authorizations.user_id", "p_ci_builds.user_id", "timelogs.user_id"} <= {*objects(found, "suspected-reference")}
    names = {"workspaces.index_workspaces_on_name", "pages_domains.index_pages_domains_on_domain_and_wildcard"}
    assert names <= {*objects(found, "global-key")}


@pytest.mark.long
@pytest.mark.postgres(15)
def test_gitlab_s_own_list_of_references_without_keys_is_found_where_names_say_so(look: Look):
    """An independent witness: the columns that GitLab's developers wrote down by hand because no foreign key holds them."""
    listed = json.loads((find_cases() / "gitlab" / "loose_fks.json").read_text("utf-8"))["definitions"]
    written = {f"{table}.{entry['column']}": entry["table"] for table, entries in listed.items() for entry in entries}
    suspected = {finding.object: str(finding.tables[1]) for finding in look("gitlab") if finding.code == "suspected-reference"}
    both = suspected.keys() & written.keys()
    assert len(both) >= 20 and all(suspected[place] == written[place] for place in both)
