"""What a region does."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.sample_app import tracker
from tests.sample_app.databases import Site
from tests.sample_app.models import AuditLog, Group, Member, Organization


@pytest.mark.region_silo(regions=["us", "de"], stable=True)
def test_the_groups_of_an_organization_are_listed(session: Session, site: Site):
    project = tracker.create_project(session, site.organization_id, "web")
    added = [tracker.add_group(session, project, title).id for title in ("one", "two")]
    assert [group.id for group in tracker.open_groups(session, site.organization_id)] == added


@pytest.mark.region_silo(stable=True)
def test_an_organization_is_renamed(session: Session, site: Site):
    tracker.rename_organization(session, "acme", "Acme Inc.")
    assert session.get_one(Organization, site.organization_id).name == "Acme Inc."


@pytest.mark.region_silo(stable=True)
def test_the_audit_log_shows_names(session: Session, site: Site):
    entry = AuditLog(organization_id=site.organization_id, actor_id=site.ann, action="looked")
    session.add(entry)
    session.flush()
    assert tracker.actor_name(session, entry) == "Ann"


@pytest.mark.region_silo
def test_an_assignee_has_a_name(session: Session, site: Site):
    group = tracker.add_group(session, tracker.create_project(session, site.organization_id, "web"), "one")
    group.assignee = session.scalars(select(Member).where(Member.user_id == site.ann)).one()
    session.commit()
    assert tracker.assignee_name(session.get_one(Group, group.id)) == "Ann"


@pytest.mark.region_silo
def test_members_have_emails(session: Session, site: Site):
    assert tracker.member_emails(session, site.organization_id) == ["ann@example.org", "bob@example.org"]


@pytest.mark.region_silo
def test_members_come_with_their_users(session: Session, site: Site):
    assert {member.user.name for member in tracker.members_with_users(session, site.organization_id)} == {"Ann", "Bob"}


@pytest.mark.region_silo
def test_the_busiest_come_first(session: Session, site: Site):
    for actor in (site.bob, site.ann, site.bob):
        session.add(AuditLog(organization_id=site.organization_id, actor_id=actor, action="looked"))
    session.flush()
    assert tracker.busiest_users(session) == [("Bob", 2), ("Ann", 1)]
