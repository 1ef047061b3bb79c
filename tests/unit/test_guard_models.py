"""Which silo a model or table says it is in."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from splitter.errors import ConfigError
from splitter.guard import control_silo_model, region_silo_model, silo_of
from splitter.silos import Silo


def make_base() -> type[DeclarativeBase]:
    class Base(DeclarativeBase):
        pass

    return Base


def test_a_decorated_model_and_its_table_say_the_same():
    @control_silo_model
    class User(make_base()):  # type: ignore[misc]
        __tablename__ = "auth_user"
        id: Mapped[int] = mapped_column(primary_key=True)

    assert silo_of(User) is silo_of(User.__table__) is Silo.CONTROL
    assert User.__table__.info == {"silo": "control"}


def test_a_table_says_it_in_its_info():
    assert silo_of(Table("t", MetaData(), Column("id", Integer), info={"silo": "region"})) is Silo.REGION
    assert silo_of(Table("u", MetaData())) is None


def test_an_abstract_base_speaks_for_its_models_and_a_models_own_word_counts_more():
    @region_silo_model
    class RegionBase(make_base()):  # type: ignore[misc]
        __abstract__ = True
        id: Mapped[int] = mapped_column(primary_key=True)

    class Team(RegionBase):
        __tablename__ = "team"

    @control_silo_model
    class Plan(RegionBase):
        __tablename__ = "plan"

    assert [silo_of(Team), silo_of(Plan), silo_of(RegionBase)] == [Silo.REGION, Silo.CONTROL, Silo.REGION]


def test_a_joined_child_is_where_its_parent_is():
    @region_silo_model
    class Asset(make_base()):  # type: ignore[misc]
        __tablename__ = "asset"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Image(Asset):
        __tablename__ = "image"
        id: Mapped[int] = mapped_column(ForeignKey("asset.id"), primary_key=True)

    assert silo_of(Image) is Silo.REGION


def test_two_models_of_one_table_cannot_be_in_two_silos():
    @region_silo_model
    class Asset(make_base()):  # type: ignore[misc]
        __tablename__ = "asset"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Image(Asset):
        pass

    with pytest.raises(ConfigError, match="model Image is decorated as control, and its table 'asset' says region"):
        control_silo_model(Image)


def test_a_model_decorated_for_both_silos_is_refused():
    class Asset(make_base()):  # type: ignore[misc]
        __abstract__ = True

    with pytest.raises(ConfigError, match="model Asset is decorated as region, and another decorator says control"):
        region_silo_model(control_silo_model(Asset))


def test_a_silo_that_is_none_is_told_with_the_nearest():
    with pytest.raises(ConfigError, match="'contrl', which is no silo") as caught:
        silo_of(Table("t", MetaData(), info={"silo": "contrl"}))
    assert caught.value.hint == "did you mean 'control'?"


def test_a_decorator_on_what_is_no_class_says_what_to_do():
    with pytest.raises(ConfigError, match="which is no class") as caught:
        control_silo_model(Table("t", MetaData()))  # type: ignore[type-var]
    assert "info=" in caught.value.hint
