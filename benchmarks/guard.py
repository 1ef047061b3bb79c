"""What the guard costs: a Core select of one row, an ORM load of 100, with it and without, in turns, in one run; medians.

    python -m benchmarks.guard [--rounds N] [--url postgresql+psycopg://...]

Both go over the same connection of the same server, in REGION mode. A round is a block of executions without the guard and one with it,
in changing order; blocks are short, so that other work on the machine meets both alike. The ratio is the median of all rounds'.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, Identity, create_engine, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from splitter.embedded import find_binaries, temporary
from splitter.guard import SiloMode, region_silo_model, silo_mode
from splitter.guard.boundary import Guard

ROWS = 100
LIMITS = {"a Core select of one row": 1.03, "an ORM load of 100": 1.02}


class Base(DeclarativeBase):
    pass


@region_silo_model
class Event(Base):
    __tablename__ = "event"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    title: Mapped[str]
    count: Mapped[int]


@contextmanager
def served(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    with temporary(find_binaries()) as cluster:
        yield cluster.url().replace("postgresql://", "postgresql+psycopg://", 1)


def one_row(connection: Connection) -> Callable[[], object]:
    table = Event.__table__
    statement = select(table).where(table.c.id == 1)
    return lambda: connection.execute(statement).one()


def hundred_rows(connection: Connection) -> Callable[[], object]:
    session = Session(connection)

    def load() -> None:
        session.expunge_all()
        assert len(session.scalars(select(Event)).all()) == ROWS

    return load


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of one execution: on the clock, and of the client's processor."""

    clock: float
    client: float


def take(run: Callable[[], object], times: int) -> Taken:
    clock, client = time.perf_counter(), time.thread_time()
    for _ in range(times):
        run()
    return Taken((time.perf_counter() - clock) / times, (time.thread_time() - client) / times)


def compare(run: Callable[[], object], guard: Guard, rounds: int, times: int) -> tuple[list[Taken], list[Taken]]:
    """Each round without the guard, and with it."""
    without, guarded = [], []
    for number in range(rounds):
        for listening in (number % 2 == 0, number % 2 == 1):
            if listening:
                guard.listen()
            run()
            (guarded if listening else without).append(take(run, times))
            guard.remove()
    return without, guarded


def show(name: str, limit: float, without: list[Taken], guarded: list[Taken]) -> None:
    pairs = list(zip(without, guarded, strict=True))
    before, after = (statistics.median(each.clock for each in taken) * 1e6 for taken in (without, guarded))
    ratio = statistics.median(late.clock / early.clock for early, late in pairs)
    more = statistics.median(late.client - early.client for early, late in pairs) * 1e6
    print(f"{name}: {before:.1f} µs without, {after:.1f} µs with the guard: {ratio:.4f} × (limit {limit})")
    print(f"    {more:.1f} µs more of the client's processor")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=1500)
    parser.add_argument("--url")
    options = parser.parse_args()
    guard = Guard()
    guard.learn(Base)
    with served(options.url) as url:
        engine = create_engine(url)
        Base.metadata.drop_all(engine)
        Base.metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(insert(Event), [{"title": f"event {number}", "count": number} for number in range(ROWS)])
        with engine.connect() as connection, silo_mode(SiloMode.REGION, region="de"):
            for (name, limit), (make, times) in zip(LIMITS.items(), ((one_row, 20), (hundred_rows, 5)), strict=True):
                show(name, limit, *compare(make(connection), guard, options.rounds, times))
        engine.dispose()


if __name__ == "__main__":
    main()
