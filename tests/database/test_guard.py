"""The guard on a real server: what crosses is told before it is sent, whoever makes the statement."""

from __future__ import annotations

import threading
import traceback
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, delete, exists, func, insert, literal_column, make_url, select, table, text, update
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, aliased, configure_mappers, joinedload, selectinload, subqueryload

from splitter.guard import SiloAvailabilityError, SiloMode, SiloWarning, assume_control, assume_monolith, installed, silo_mode
from splitter.guard.boundary import Action, Guard
from splitter.guard.crossing import Crossing, Kind
from splitter.guard.ledger import recording
from splitter.guard.modes import process_mode
from tests.loops import finish
from tests.sample_app.models import AuditLog, Base, Group, Member, Organization, OrganizationMapping, Project, User, team_member
from tests.servers import Servers

REGION = SiloMode.REGION
CONTROL = SiloMode.CONTROL


@pytest.fixture(scope="module")
def engine(servers: Servers) -> Iterator[Engine]:
    engine = create_engine(make_url(servers(18).create()).set(drivername="postgresql+psycopg"))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        acme = Organization(slug="acme", name="Acme")
        acme.members = [Member(user=User(email=f"{name}@example.org", name=name)) for name in ("ann", "bob")]
        acme.projects = [Project(slug="web")]
        session.add(acme)
        session.commit()
    yield engine
    engine.dispose()


@pytest.fixture
def guard() -> Iterator[Guard]:
    """One of its own, in place of the process's."""
    other = installed()
    if other is not None:
        other.remove()
    guard = Guard()
    guard.learn(Base)
    guard.listen()
    with process_mode(SiloMode.MONOLITH):
        yield guard
    guard.remove()
    if other is not None:
        other.listen()


@pytest.fixture
def session(engine: Engine, guard: Guard) -> Iterator[Session]:
    """Whatever it writes is rolled back."""
    with engine.connect() as connection, Session(connection, join_transaction_mode="rollback_only") as session:
        yield session


def crossings_of(run: Any, mode: SiloMode = REGION) -> list[Crossing]:
    with recording() as seen, silo_mode(mode):
        run()
    return list(seen.crossings)


def run(session: Session, statement: Any) -> None:
    """Its rows too: what is loaded eagerly is loaded with them."""
    result = session.execute(statement)
    if getattr(result, "returns_rows", True):
        result.unique().all()


STATEMENTS: dict[str, Any] = {
    "a select": select(User.id),
    "of a table": select(User.__table__.c.id),
    "an alias": select(aliased(User).id),
    "a join": select(Member.id).join(Member.user),
    "an outer join of tables": select(Member.__table__).outerjoin(User.__table__, Member.user_id == User.id),
    "a comma": select(Member.id, User.id).where(Member.user_id == User.id),
    "a subquery": select(Member.id).where(Member.user_id.in_(select(User.id))),
    "a scalar subquery": select(Member.id, select(func.count(User.id)).scalar_subquery()),
    "exists": select(Member.id).where(exists().where(User.id == Member.user_id)),
    "has": select(Member.id).where(Member.user.has(User.name == "ann")),
    "a derived table": select(select(User.id).subquery().c.id),
    "a join within a derived table": select(select(Member.id).join(Member.user).subquery().c.id),
    "a common table expression": select(select(User.id).cte("x").c.id),
    "a union": select(Member.id).union_all(select(User.id)),
    "a lateral": select(Member.id, select(User.name).where(User.id == Member.user_id).lateral().c.name),
    "an insert from a select": insert(AuditLog).from_select(
        ["organization_id", "actor_id", "action"], select(User.id, User.id, User.name).where(User.id < 0)
    ),
    "an insert": insert(User).values(email="x", name="x"),
    "an update": update(User).values(name="x"),
    "an update from": update(Member).values(role="x").where(Member.user_id == User.id, User.name == "ann"),
    "a delete": delete(User).where(User.id == 0),
    "a delete from a table where a model's column": delete(Base.metadata.tables["auth_user"]).where(User.id < 0),
    "an update of a table where a model's column": update(Base.metadata.tables["auth_user"]).values(name="x").where(User.id < 0),
    "a writing cte": select(update(User).values(name="x").returning(User.id).cte("w").c.id),
    "a text": text("SELECT id FROM auth_user WHERE id = :id").bindparams(id=1),
    "a quoted text": text('SELECT "id" FROM public."auth_user"'),
    "a text of a writing cte": text("WITH w AS (UPDATE auth_user SET name = 'x' RETURNING id) SELECT id FROM w"),
    "a text within a construct": select(Member.id).where(text("EXISTS (SELECT FROM auth_user)")),
    "a literal column": select(literal_column("(SELECT max(id) FROM auth_user)")),
    "a light table": select(text("id")).select_from(table("auth_user")),
    "a textual select": select(User).from_statement(text("SELECT * FROM auth_user")),
    "an eager join": select(Member).options(joinedload(Member.user)),
    "an eager select": select(Member).options(selectinload(Member.user)),
    "an eager subquery": select(Member).options(subqueryload(Member.user)),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_that_touches_the_other_silo_is_told(session: Session, guard: Guard, name: str):
    guard.action = Action.RECORD
    found = crossings_of(lambda: run(session, STATEMENTS[name]))
    assert {each.table for each in found if each.kind is Kind.STATEMENT} == {"auth_user"}
    assert not [each for each in found if each.kind is Kind.UNREADABLE]


@pytest.mark.parametrize(
    "statement",
    [
        select(Member).options(joinedload(Member.teams)),
        select(Project).join(Organization.projects).where(Organization.slug == "acme"),
        text("SELECT 1"),
        text("SELECT auth_user.id FROM member AS auth_user"),
        text("WITH auth_user AS (SELECT id FROM member) SELECT * FROM auth_user"),
        text("SELECT 'FROM auth_user', $$auth_user$$ -- auth_user"),
        text("SELECT relname FROM pg_catalog.pg_class JOIN pg_namespace n ON n.oid = relnamespace"),
        text("SELECT count(*) FROM information_schema.tables"),
        text("SAVEPOINT x"),
    ],
)
def test_what_stays_in_its_silo_is_left_alone(session: Session, guard: Guard, statement: Any):
    assert crossings_of(lambda: run(session, statement)) == []


def test_the_first_line_says_what_which_mode_and_where_it_is_available(session: Session):
    with silo_mode(REGION), pytest.raises(SiloAvailabilityError) as caught:
        session.scalars(select(User))
    assert str(caught.value) == "Called `select` on `User` in REGION mode. The model is available only in: MONOLITH, CONTROL"


def test_a_table_without_a_model_is_called_a_table(session: Session):
    with silo_mode(CONTROL), pytest.raises(SiloAvailabilityError) as caught:
        session.execute(insert(team_member).values(team_id=1, member_id=1))
    assert str(caught.value) == "Called `insert` on `team_member` in CONTROL mode. The table is available only in: MONOLITH, REGION"


def failing_line(session: Session) -> None:
    session.scalars(select(User))  # the application's own line


def test_a_traceback_ends_in_the_applications_own_line(session: Session):
    """In a process that is a region, where nobody but the interpreter sees the error on its way."""
    with process_mode(REGION):
        try:
            failing_line(session)
        except SiloAvailabilityError as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
    assert (last.name, last.line) == ("failing_line", "session.scalars(select(User))  # the application's own line")


def test_a_traceback_that_leaves_a_block_has_the_applications_lines_alone(session: Session):
    with pytest.raises(SiloAvailabilityError) as caught, silo_mode(REGION):
        failing_line(session)
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.name for frame in frames] == ["test_a_traceback_that_leaves_a_block_has_the_applications_lines_alone", "failing_line"]


def test_nothing_was_sent_and_the_transaction_goes_on(session: Session):
    with silo_mode(REGION):
        with pytest.raises(SiloAvailabilityError):
            session.execute(update(User).values(name="x"))
        assert session.scalar(select(func.count(Member.id))) == 2
    with assume_monolith():
        session.rollback()
        assert session.scalars(select(User.name).order_by(User.name)).all() == ["ann", "bob"]


def test_a_lazy_load_names_the_relationship_and_the_line_that_asked(session: Session):
    member = session.scalars(select(Member)).first()
    session.commit()
    with silo_mode(REGION), pytest.raises(SiloAvailabilityError) as caught:
        _ = member and member.user
    crossing = caught.value.crossing
    assert crossing.because == "loading Member.user"
    assert crossing.place is not None and crossing.place.function == "test_a_lazy_load_names_the_relationship_and_the_line_that_asked"


def test_a_cascade_is_told(session: Session):
    user = session.scalars(select(User)).first()
    session.commit()
    with silo_mode(CONTROL), pytest.raises(SiloAvailabilityError, match="Called `select` on `Member` in CONTROL mode"):
        session.delete(user)
        session.flush()


def test_a_flush_of_the_other_silos_object_is_told(session: Session):
    with silo_mode(REGION), pytest.raises(SiloAvailabilityError, match="Called `insert` on `User` in REGION mode"):
        session.add(User(email="new@example.org", name="new"))
        session.flush()


def test_an_object_that_is_tied_to_one_of_the_other_silo_is_told_where_only_its_id_is_written(session: Session):
    user, acme = session.scalars(select(User)).first(), session.scalars(select(Organization)).one()
    with silo_mode(REGION), pytest.raises(SiloAvailabilityError) as caught:
        session.add(Project(slug="x", organization=acme))
        session.add(Member(user=user, organization=acme))
        session.flush()
    assert str(caught.value) == "Called `flush` on `Member.user` in REGION mode. The relationship is available only in: MONOLITH"


def test_the_models_own_crossings_are_found(guard: Guard):
    configure_mappers()
    guard.learn(Base)
    found = {(each.kind, each.subject) for each in guard.model_crossings()}
    assert found == {
        (Kind.FOREIGN_KEY, "member.user_id -> auth_user.id"),
        (Kind.RELATIONSHIP, "Member.user"),
        (Kind.RELATIONSHIP, "User.memberships"),
    }


def test_a_transaction_that_writes_in_both_is_told_even_by_way_of_an_escape(session: Session):
    organization = session.scalar(select(Organization.id)) or 0
    session.commit()
    with silo_mode(REGION), pytest.raises(SiloAvailabilityError) as caught:
        session.execute(update(Project).values(slug="y"))
        with assume_control():
            session.execute(insert(OrganizationMapping).values(organization_id=organization, slug="y", region_name="de"))
    assert str(caught.value) == (
        "Called `insert` on `OrganizationMapping` in CONTROL mode, in a transaction that has written to `Project`, in the other silo. "
        "The transaction is available only in: MONOLITH"
    )


def test_two_transactions_may_write_in_both_though_a_test_holds_one_around_them(engine: Engine, guard: Guard):
    with engine.connect() as connection, Session(connection, join_transaction_mode="create_savepoint") as session, silo_mode(REGION):
        connection.begin()
        session.execute(update(Project).values(slug="y"))
        session.commit()
        with assume_control():
            session.execute(update(OrganizationMapping).values(slug="y"))
            session.commit()


def test_statements_that_commit_themselves_are_no_transaction(engine: Engine, guard: Guard):
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")
    with alone.connect() as connection, silo_mode(REGION):
        connection.execute(update(Project).values(slug="web"))
        with assume_control():
            connection.execute(delete(OrganizationMapping))


def test_a_transaction_of_two_engines_is_one(engine: Engine, guard: Guard):
    other = create_engine(engine.url)
    binds: dict[Any, Any] = {Project: engine, OrganizationMapping: other}
    with Session(binds=binds) as session, silo_mode(REGION):
        session.execute(update(Project).values(slug="y"))
        with pytest.raises(SiloAvailabilityError, match="has written to `Project`"), assume_control():
            session.execute(update(OrganizationMapping).values(slug="y"))
    other.dispose()


def test_test_data_of_both_silos_may_be_written_at_once(session: Session):
    with silo_mode(REGION), assume_monolith("test data"):
        session.add(Member(user=User(email="new@example.org", name="new"), organization=session.scalars(select(Organization)).one()))
        session.flush()


@pytest.mark.parametrize("later", [SiloMode.MONOLITH, CONTROL])
def test_a_session_that_outlives_its_mode_is_told(session: Session, later: SiloMode):
    with silo_mode(REGION, region="de"):
        session.scalars(select(Project)).all()
    with silo_mode(later), pytest.raises(SiloAvailabilityError, match="in a transaction that began in REGION mode") as caught:
        session.execute(text("SELECT 1"))
    assert caught.value.crossing.kind is Kind.OUTLIVED


def test_a_session_may_be_used_in_another_mode_once_its_transaction_has_ended(session: Session):
    with silo_mode(REGION, region="de"):
        session.scalars(select(Project)).all()
        session.commit()
    with silo_mode(CONTROL):
        session.scalars(select(User)).all()


def test_a_session_of_one_thread_is_told_in_another_that_has_not_its_mode(session: Session):
    told: list[Crossing] = []

    def use() -> None:
        with pytest.raises(SiloAvailabilityError) as caught:
            session.scalars(select(Project)).all()
        told.append(caught.value.crossing)

    with silo_mode(REGION, region="de"):
        session.scalars(select(Project)).all()
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
    assert [(each.kind, each.mode, each.because) for each in told] == [
        (Kind.OUTLIVED, "MONOLITH", "in a transaction that began in REGION mode (de)")
    ]


def test_asyncio_is_guarded_and_its_line_is_found(engine: Engine, guard: Guard):
    async def look() -> Crossing:
        at = create_async_engine(engine.url)
        try:
            async with AsyncSession(at) as session:
                with silo_mode(REGION):
                    await session.scalars(select(Member))
                    with pytest.raises(SiloAvailabilityError) as caught:
                        await session.scalars(select(User))
                    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "look"
                    return caught.value.crossing
        finally:
            await at.dispose()

    place = finish(look()).place
    assert place is not None and place.function.endswith("look")


def test_what_the_driver_gets_directly_is_read_too(engine: Engine, guard: Guard):
    with engine.connect() as connection, silo_mode(REGION), pytest.raises(SiloAvailabilityError, match="Called `text` on `User`"):
        connection.exec_driver_sql("SELECT * FROM auth_user WHERE id = %(id)s AND name LIKE '%%x'", {"id": 1})


@pytest.mark.parametrize("sql", ["SELEC id FROM member", "SELECT id FROM member WHERE"])
def test_a_text_that_nobody_can_read_is_never_harmless(session: Session, sql: str):
    with silo_mode(REGION), pytest.raises(SiloAvailabilityError) as caught:
        session.execute(text(sql))
    assert str(caught.value) == "Called `text` in REGION mode. The statement is available only in: MONOLITH"
    assert caught.value.crossing.kind is Kind.UNREADABLE
    assert "nobody can tell what it touches: " in caught.value.crossing.because


def test_a_table_in_no_silo_is_told(session: Session):
    with silo_mode(REGION), pytest.raises(SiloAvailabilityError) as caught:
        session.execute(text("SELECT * FROM gadget"))
    assert str(caught.value) == "Called `text` on `gadget` in REGION mode. The table is available only in: MONOLITH"
    assert "or name the table in silos.toml" in caught.value.hint


def test_a_warning_is_at_the_applications_line_and_the_statement_runs(session: Session, guard: Guard):
    guard.action = Action.WARN
    with silo_mode(REGION), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert len(session.scalars(select(User)).all()) == 2
    assert [(each.category, each.filename) for each in caught] == [(SiloWarning, __file__)]
    assert str(caught[0].message).startswith("Called `select` on `User`")


def test_a_record_counts_each_place(session: Session, guard: Guard):
    guard.action = Action.RECORD
    with recording() as seen, silo_mode(REGION):
        for _ in range(3):
            session.scalars(select(User)).all()
        session.scalars(select(User)).all()
    assert sorted(seen.crossings.values()) == [1, 3]


def test_as_a_monolith_nothing_is_told_but_what_no_silo_could_run_can_be_recorded(session: Session, guard: Guard):
    statement = select(User.name).join(Member)
    with recording() as seen:
        session.execute(statement)
        assert not seen.crossings
        guard.in_monolith = True
        session.execute(statement)
        session.execute(select(User))
    assert [(each.mode, each.table, each.near) for each in seen.crossings] == [("MONOLITH", "auth_user", ("member",))]


def test_a_statement_is_analysed_once_however_often_and_with_whatever_values_it_runs(session: Session, guard: Guard):
    with silo_mode(REGION):
        before = guard.analyses.made
        for number in range(20):
            session.scalars(select(Group).where(Group.id == number)).all()
            session.execute(text("SELECT id FROM member WHERE id = :id"), {"id": number})
        assert guard.analyses.made == before + 2


def test_a_removed_guard_hears_nothing(session: Session, guard: Guard):
    guard.remove()
    with silo_mode(REGION):
        session.scalars(select(User)).all()


def test_no_password_of_a_text_is_told(session: Session):
    with silo_mode(REGION), pytest.raises(SiloAvailabilityError) as caught:
        session.execute(text("ALTER ROLE x PASSWORD 'geheim'; SELECT * FROM auth_user"))
    told = "\n".join([str(caught.value), *caught.value.__notes__])
    assert "PASSWORD ***" in told and "geheim" not in told


def test_models_that_were_configured_before_anybody_listened_are_known_by_their_first_statement(session: Session, guard: Guard):
    configure_mappers()
    guard.remove()
    late = Guard()
    late.listen()
    try:
        with silo_mode(REGION), pytest.raises(SiloAvailabilityError, match="Called `select` on `User` in REGION mode"):
            session.scalars(select(User.id))
        assert (Kind.RELATIONSHIP, "Member.user") in {(each.kind, each.subject) for each in late.model_crossings()}
    finally:
        late.remove()


def test_a_pragma_of_sqlite_touches_no_table(guard: Guard):
    with create_engine("sqlite://").connect() as connection, silo_mode(REGION):
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.execute(text("PRAGMA table_info(auth_user)"))
        with pytest.raises(SiloAvailabilityError, match="Called `text` on `User`"):
            connection.exec_driver_sql("SELECT * FROM auth_user WHERE id = ? AND name = 'why?'", (1,))
