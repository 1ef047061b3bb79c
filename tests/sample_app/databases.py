"""The sample application's databases, and what stands in each before a test."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.schema import CreateTable

from splitter.guard import silo_of
from splitter.silos import Silo
from tests.sample_app.models import Base

REGIONS = ("us", "de")


@dataclass(frozen=True)
class Site:
    """The rows that every test finds: an organization and its two members."""

    organization_id: int
    ann: int
    bob: int


def make_engine(url: str) -> Engine:
    return create_engine(make_url(url).set(drivername="postgresql+psycopg"))


def create_tables(engine: Engine, silo: Silo) -> None:
    """Those of one silo; keys that cross can't be there."""
    with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            if silo_of(table) is silo:
                kept = [key for key in table.foreign_key_constraints if silo_of(key.referred_table) is silo]
                connection.execute(CreateTable(table, include_foreign_key_constraints=kept))
