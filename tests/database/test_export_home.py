"""`exports` finds an organization where control says that it lives, by any id that it ever had; without control it looks around."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from exports.report import report_scope
from exports.survey import survey_home
from splitter.errors import Conflict, UnknownOrganization, UsageError
from tests.small_site import US, SmallSite, make_small_site

pytestmark = pytest.mark.postgres(18)
ROWS = "INSERT INTO org VALUES (5, 'acme'), (6, 'other'); INSERT INTO project VALUES (50, 5);"
Make = Callable[..., str]


@pytest.fixture
def moved(make_database: Make) -> SmallSite:
    """What acme left in us is still there."""
    site = make_small_site(make_database, us=ROWS)
    site.move()
    return site


def found(site: SmallSite, text: str, region: str | None = None) -> tuple[str, str | None]:
    report = report_scope(*survey_home(site.silos, text, region))
    return report.region, report.organization["id"]


@pytest.mark.parametrize("text", ["acme", "5", "id:5", str(US + 5)])
def test_it_is_where_control_says(moved: SmallSite, text: str) -> None:
    assert found(moved, text) == ("de", str(US + 5))
    moved.purge()
    assert found(moved, text) == ("de", str(US + 5))
    assert found(moved, text, "de") == ("de", str(US + 5))


def test_the_region_that_was_named_counts(moved: SmallSite) -> None:
    assert found(moved, "acme", "us") == ("us", "5")


def test_without_control_it_is_looked_for_in_all_regions(moved: SmallSite) -> None:
    moved.sql("control", "DROP SCHEMA orglift CASCADE")
    assert found(moved, "other") == ("us", "6")
    with pytest.raises(UsageError, match="several"):
        found(moved, "acme")
    with pytest.raises(UnknownOrganization):
        found(moved, "nobody")


def test_mappings_that_disagree_are_no_answer(make_database: Make) -> None:
    site = make_small_site(
        make_database,
        us=ROWS,
        control="CREATE TABLE control_org (id bigint, region text); INSERT INTO control_org VALUES (5, 'us'), (6, 'us')",
        silos='[control]\ntables = ["control_*"]\nmapping = { table = "control_org", organization = "id", region = "region" }\n',
    )
    site.sql("control", "UPDATE control_org SET region = 'de'")
    with pytest.raises(Conflict, match="control_org"):
        found(site, "5")
