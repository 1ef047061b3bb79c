"""What control does."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from tests.sample_app import tracker
from tests.sample_app.databases import Site
from tests.sample_app.models import User


@pytest.mark.control_silo(stable=True)
def test_a_user_is_found_by_email(session: Session, site: Site):
    found = tracker.find_user(session, "ann@example.org")
    assert found is not None and found.id == site.ann


@pytest.mark.control_silo(stable=True)
def test_a_user_is_renamed(session: Session, site: Site):
    tracker.rename_user(session, site.bob, "Robert")
    assert session.get_one(User, site.bob).name == "Robert"


@pytest.mark.control_silo(stable=True)
def test_control_knows_the_region(session: Session):
    assert tracker.region_of(session, "acme") in ("us", "de")
    assert tracker.region_of(session, "nobody") is None


@pytest.mark.control_silo
def test_who_leaves_takes_memberships_along(session: Session, site: Site):
    tracker.leave(session, session.get_one(User, site.bob))
    assert session.get(User, site.bob) is None


def test_a_key_is_issued(session: Session, site: Site):
    project = tracker.create_project(session, site.organization_id, "web")
    assert tracker.issue_key(session, project).public_key == f"key-{project.id}"
