"""Databases for the sample application's tests: one for everything, or, with ``--silo-databases two``, one for each silo.

The same sessions serve both: each statement goes to the engine of its tables' silo.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from splitter.guard import SiloEngines, SiloSession, install
from splitter.guard.runs import SiloRun
from splitter.silos import Silo
from tests.sample_app.databases import REGIONS, Site, create_tables, make_engine
from tests.sample_app.models import Base, Member, Organization, OrganizationMapping, User
from tests.servers import Servers

install(models=Base)  # an application does so where it makes its engine


@pytest.fixture(scope="session")
def monolith(servers: Servers) -> Iterator[SiloEngines]:
    engine = make_engine(servers(18).create())
    Base.metadata.create_all(engine)
    yield SiloEngines(control=engine, regions=dict.fromkeys(REGIONS, engine))
    engine.dispose()


@pytest.fixture(scope="session")
def silos(servers: Servers) -> Iterator[SiloEngines]:
    """Three databases, each with its silo's tables; keys that cross can't be there."""
    engines = {name: make_engine(servers(18).create()) for name in ("control", *REGIONS)}
    for name, engine in engines.items():
        create_tables(engine, Silo.CONTROL if name == "control" else Silo.REGION)
    yield SiloEngines(control=engines["control"], regions={name: engines[name] for name in REGIONS})
    for engine in engines.values():
        engine.dispose()


@pytest.fixture
def engines(request: pytest.FixtureRequest, silo_run: SiloRun) -> Iterator[SiloEngines]:
    """Empty after each test."""
    found: SiloEngines = request.getfixturevalue("silos" if silo_run.split else "monolith")
    yield found
    for engine in {found.control, *found.regions.values()}:
        with engine.begin() as connection:
            there = set(inspect(connection).get_table_names())
            for table in reversed(Base.metadata.sorted_tables):
                if table.name in there:
                    connection.execute(table.delete())


@pytest.fixture
def site(engines: SiloEngines, silo_run: SiloRun) -> Site:
    """An organization, acme, with two members; written in a session of its own, so that a test finds nothing loaded."""
    with SiloSession(engines=engines, region=silo_run.region or REGIONS[0]) as session:
        ann, bob = User(email="ann@example.org", name="Ann"), User(email="bob@example.org", name="Bob")
        acme = Organization(slug="acme", name="Acme")
        acme.members = [Member(user=ann, role="owner"), Member(user=bob)]
        session.add_all([acme, ann, bob])
        session.flush()
        session.add(OrganizationMapping(organization_id=acme.id, slug="acme", region_name=silo_run.region or REGIONS[0]))
        session.commit()
        return Site(acme.id, ann.id, bob.id)


@pytest.fixture
def session(engines: SiloEngines, site: Site, silo_run: SiloRun) -> Iterator[Session]:
    with SiloSession(engines=engines, region=silo_run.region or REGIONS[0]) as session:
        yield session
