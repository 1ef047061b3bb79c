"""The sample application's models as they are before the split: the silos are drawn, and several things cross them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Table, UniqueConstraint, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from splitter.guard import control_silo_model, region_silo_model


class Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger}  # noqa: RUF012 -- SQLAlchemy's own shape


@control_silo_model
class User(Base):
    __tablename__ = "auth_user"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    memberships: Mapped[list[Member]] = relationship(back_populates="user", cascade="all, delete-orphan")


@control_silo_model
class OrganizationMapping(Base):
    __tablename__ = "organization_mapping"

    organization_id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    region_name: Mapped[str]


@control_silo_model
class ProjectKey(Base):
    __tablename__ = "project_key"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    public_key: Mapped[str] = mapped_column(unique=True)
    organization_id: Mapped[int]
    project_id: Mapped[int]


@region_silo_model
class Organization(Base):
    __tablename__ = "organization"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    members: Mapped[list[Member]] = relationship(back_populates="organization", cascade="all, delete-orphan")
    projects: Mapped[list[Project]] = relationship(back_populates="organization", cascade="all, delete-orphan")


@region_silo_model
class Member(Base):
    __tablename__ = "member"
    __table_args__ = (UniqueConstraint("organization_id", "user_id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("auth_user.id"))
    role: Mapped[str] = mapped_column(default="member")
    organization: Mapped[Organization] = relationship(back_populates="members")
    user: Mapped[User] = relationship(back_populates="memberships")
    teams: Mapped[list[Team]] = relationship(secondary="team_member", back_populates="members")


team_member = Table(
    "team_member",
    Base.metadata,
    Column("team_id", ForeignKey("team.id"), primary_key=True),
    Column("member_id", ForeignKey("member.id"), primary_key=True),
    info={"silo": "region"},
)


@region_silo_model
class Team(Base):
    __tablename__ = "team"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    slug: Mapped[str]
    members: Mapped[list[Member]] = relationship(secondary=team_member, back_populates="teams")


@region_silo_model
class Project(Base):
    __tablename__ = "project"
    __table_args__ = (UniqueConstraint("organization_id", "slug"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    slug: Mapped[str]
    organization: Mapped[Organization] = relationship(back_populates="projects")
    groups: Mapped[list[Group]] = relationship(back_populates="project", cascade="all, delete-orphan")


@region_silo_model
class Group(Base):
    __tablename__ = "group"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    title: Mapped[str]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    first_seen: Mapped[datetime] = mapped_column(server_default=func.now())
    project: Mapped[Project] = relationship(back_populates="groups")
    assignee: Mapped[Member | None] = relationship()


@region_silo_model
class AuditLog(Base):
    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    actor_id: Mapped[int]
    action: Mapped[str]
