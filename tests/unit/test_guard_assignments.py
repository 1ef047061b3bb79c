"""Every table's silo, from models and silos.toml together; the process's guard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from splitter.errors import ConfigError, UsageError
from splitter.guard import control_silo_model, install, installation, installed, uninstall
from splitter.guard.assignments import Assignments
from splitter.guard.boundary import Action
from splitter.schema import TableName
from splitter.silos import Silo
from splitter.silos_file import parse_silos

SILOS = parse_silos('[organization]\ntable = "organization"\n[control]\ntables = ["auth_*"]\n[regions.us]\nurl = "postgresql://x"\n')


def metadata_of(*tables: str, schema: str | None = None, silo: str | None = None) -> MetaData:
    metadata = MetaData()
    for name in tables:
        Table(name, metadata, Column("id", Integer), schema=schema, info={"silo": silo} if silo else {})
    return metadata


def test_the_file_speaks_for_tables_that_no_model_speaks_for():
    assignments = Assignments(SILOS)
    assignments.learn(metadata_of("auth_user", "project"))
    assert {str(each.table): each.silo for each in assignments.all()} == {"auth_user": Silo.CONTROL, "project": Silo.REGION}


def test_a_model_and_the_file_that_disagree_are_told():
    assignments = Assignments(SILOS)
    assignments.learn(metadata_of("auth_user", silo="region"))
    with pytest.raises(ConfigError, match=r"table 'auth_user': auth_user is region by its model, and control by silos\.toml"):
        assignments.all()


def test_without_a_word_a_table_is_in_no_silo():
    assignments = Assignments()
    assignments.learn(metadata_of("project"))
    found = assignments.of_text(None, "project")
    assert found is not None and found.silo is None


@pytest.mark.parametrize("name", [(None, "pg_class"), ("pg_catalog", "pg_class"), ("information_schema", "tables"), ("orglift", "mapping")])
def test_what_belongs_to_the_server_or_to_us_is_in_neither(name):
    assert Assignments(SILOS).of_text(*name) is None


def test_a_name_without_a_schema_is_publics_else_the_only_one():
    assignments = Assignments()
    assignments.learn([metadata_of("user", silo="control"), metadata_of("user", "group", schema="app", silo="region")])
    user, group = assignments.of_text(None, "user"), assignments.of_text(None, "group")
    assert user is not None and user.silo is Silo.CONTROL
    assert group is not None and (group.table, group.silo) == (TableName("app", "group"), Silo.REGION)


def test_two_models_of_one_table_are_called_by_the_one_near_the_base():
    class Base(DeclarativeBase):
        pass

    @control_silo_model
    class Account(Base):
        __tablename__ = "account"
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "account"}  # noqa: RUF012 -- SQLAlchemy's own shape

    class Robot(Account):
        __mapper_args__ = {"polymorphic_identity": "robot"}  # noqa: RUF012

    assignments = Assignments()
    assignments.learn([Robot.registry])
    found = assignments.of_text(None, "account")
    assert found is not None and (found.label, found.is_model) == ("Account", True)


def test_what_has_no_models_is_refused():
    with pytest.raises(UsageError, match="has no models"):
        Assignments().learn(5)  # type: ignore[arg-type]


@pytest.fixture
def no_guard(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The one that the other tests of this process have is put aside."""
    other = installed()
    if other is not None:
        other.remove()
    monkeypatch.setattr(installation, "_installed", None)
    monkeypatch.setattr(installation, "_held", False)
    yield
    uninstall()
    if other is not None:
        other.listen()


@pytest.mark.usefixtures("no_guard")
def test_a_process_has_one_guard_however_often_it_is_installed():
    guard = install(models=metadata_of("a", silo="region"))
    assert install(models=metadata_of("b", silo="control"), action="warn") is guard
    assert guard.action is Action.WARN
    assert {str(each.table) for each in guard.assignments.all()} == {"a", "b"}


@pytest.mark.usefixtures("no_guard")
def test_an_unknown_action_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="the guard has no action 'rais'") as caught:
        install(action="rais")
    assert caught.value.hint == "did you mean 'raise'?"
    assert installed() is None
