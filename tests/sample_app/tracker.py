"""What the sample application does, as its web handlers would call it. Some of it crosses the silos, as such code does before a split."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import Session, joinedload

from splitter.guard import assume_control
from tests.sample_app.models import AuditLog, Group, Member, Organization, OrganizationMapping, Project, ProjectKey, User


def find_user(session: Session, email: str) -> User | None:
    return session.scalar(select(User).where(User.email == email))


def rename_user(session: Session, user_id: int, name: str) -> None:
    session.get_one(User, user_id).name = name
    session.commit()


def region_of(session: Session, slug: str) -> str | None:
    return session.scalar(select(OrganizationMapping.region_name).where(OrganizationMapping.slug == slug))


def create_project(session: Session, organization_id: int, slug: str) -> Project:
    project = Project(organization_id=organization_id, slug=slug)
    session.add(project)
    session.commit()
    return project


def add_group(session: Session, project: Project, title: str) -> Group:
    group = Group(project_id=project.id, title=title)
    session.add(group)
    session.commit()
    return group


def open_groups(session: Session, organization_id: int) -> Sequence[Group]:
    of_organization = select(Project.id).where(Project.organization_id == organization_id)
    return session.scalars(select(Group).where(Group.project_id.in_(of_organization)).order_by(Group.id)).all()


def assignee_name(group: Group) -> str | None:
    """Crosses: the relationship loads a user of control."""
    return group.assignee.user.name if group.assignee else None


def member_emails(session: Session, organization_id: int) -> list[str]:
    """Crosses: one join over both silos."""
    return list(session.scalars(select(User.email).join(Member).where(Member.organization_id == organization_id).order_by(User.email)))


def members_with_users(session: Session, organization_id: int) -> Sequence[Member]:
    """Crosses: an eager join."""
    return session.scalars(select(Member).options(joinedload(Member.user)).where(Member.organization_id == organization_id)).all()


def issue_key(session: Session, project: Project) -> ProjectKey:
    """Crosses: control's row and the region's are written in one transaction."""
    key = ProjectKey(public_key=f"key-{project.id}", organization_id=project.organization_id, project_id=project.id)
    session.add(key)
    session.add(AuditLog(organization_id=project.organization_id, actor_id=0, action="key issued"))
    session.commit()
    return key


def busiest_users(session: Session) -> list[tuple[str, int]]:
    """Crosses, and no model shows it: a text."""
    found = session.execute(
        text("""
        WITH written AS (SELECT actor_id, count(*) AS actions FROM audit_log GROUP BY actor_id)
        SELECT u.name, w.actions FROM written w JOIN auth_user u ON u.id = w.actor_id ORDER BY w.actions DESC, u.name
        """)
    )
    return [(name, actions) for name, actions in found]


def actor_name(session: Session, entry: AuditLog) -> str:
    """Crosses, is known to, and says so."""
    with assume_control("the audit log shows names; to be asked of control's API"):
        return session.get_one(User, entry.actor_id).name


def leave(session: Session, user: User) -> None:
    """Crosses: the delete cascades into the region."""
    session.delete(user)
    session.commit()


def rename_organization(session: Session, slug: str, name: str) -> None:
    organization = session.scalars(select(Organization).where(Organization.slug == slug)).one()
    organization.name = name
    session.commit()
