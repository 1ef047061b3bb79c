"""What waits in the outboxes: how much, for how long, of which parents and lanes; as text, values and for Prometheus. It only reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from psycopg import sql

from splitter.addresses import GIVEN, Address
from splitter.cascade_findings import Backlog
from splitter.db import Connection, translated
from splitter.figures import spell_seconds
from splitter.identity import has_relation, read_identity
from splitter.moves_under_way import Moves, read_moves
from splitter.sql import load_queries

_SQL = load_queries("cascades.sql")
LANES_SHOWN = 20
NO_MOVES = Moves()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentBacklog:
    """Tombstones of one parent table. ``oldest`` and ``oldest_due``: seconds; ``grace``: those that wait for their second sweep.

    ``failing``: of those that wait, how many have failed; ``left``: parents that were there again, not yet dropped.
    """

    parent: str
    waiting: int
    oldest: float
    grace: int
    failing: int
    left: int
    problem: str | None = None  # one of them


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneBacklog:
    """What waits of one lane; those with the most."""

    lane: str
    waiting: int
    oldest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadesStatus:
    """One database. ``stored``: tombstones that are there, done or not, by the planner's estimate; ``moving``: an organization that is
    being moved, which holds up the children in this database."""

    name: str
    references: int
    waiting: int
    oldest: float
    lanes: int
    stored: int
    moving: str | None
    parents: tuple[ParentBacklog, ...]
    largest_lanes: tuple[LaneBacklog, ...]

    def backlogs(self) -> Iterator[Backlog]:
        """What `splitter check` judges."""
        for each in self.parents:
            yield Backlog(
                database=self.name,
                parent=each.parent,
                waiting=each.waiting,
                oldest=each.oldest,
                failing=each.failing,
                problem=each.problem,
            )

    def lines(self) -> Iterator[str]:
        """For a person."""
        if not self.references and not self.parents:
            yield f"{self.name}: no keys were broken here"
            return
        yield f"{self.name}: {self.waiting:,} waiting, the oldest for {spell_seconds(self.oldest)}, in {self.lanes:,} lanes"
        if self.moving is not None:
            yield f"  held: organization {self.moving} is being moved"
        for each in self.parents:
            age = spell_seconds(each.oldest)
            yield f"  {each.parent}: {each.waiting:,} waiting, the oldest for {age}; {each.grace:,} to be swept once more"
            if each.failing:
                yield f"    {each.failing:,} failing: {each.problem}"
            if each.left:
                yield f"    {each.left:,} parents are there again: their children were left"
        yield from (f"  {lane.lane}: {lane.waiting:,} waiting, the oldest for {spell_seconds(lane.oldest)}" for lane in self.largest_lanes)


def read_cascades_status(addresses: Iterable[Address]) -> tuple[CascadesStatus, ...]:
    """Of each database; control, where there is one, comes first. Raises Unreachable for the first that does not answer."""
    found: list[CascadesStatus] = []
    moves = Moves()
    for address in addresses:
        with address.open("splitter cascades") as conn:
            if not found:
                moves = read_moves(conn)
            identity = read_identity(conn) if address.name == GIVEN else None
            found.append(read_backlog(conn, identity.region if identity else address.name, moves))
    return tuple(found)


def read_backlog(conn: Connection, name: str, moves: Moves = NO_MOVES) -> CascadesStatus:
    """What waits in the outbox of one database. ``moves``: what control knows."""
    with translated(f"reading the outbox of {name}"):
        shown = moves.regions.get(name) or _read_moving(conn, moves)
        if not has_relation(conn, "orglift.tombstones"):
            return _empty(name, shown)
        whole = conn.execute(_SQL["backlog"]).fetchone()
        parents = tuple(_parent(row) for row in conn.execute(_SQL["backlog_by_parent"]).fetchall())
        lanes = conn.execute(sql.SQL(_SQL["backlog_by_lane"]).format(limit=sql.Literal(LANES_SHOWN))).fetchall()
    assert whole is not None
    waiting, oldest, lane_count, references, stored = whole
    return CascadesStatus(
        name=name,
        references=references,
        waiting=waiting,
        oldest=float(oldest),
        lanes=lane_count,
        stored=stored,
        moving=shown,
        parents=parents,
        largest_lanes=tuple(LaneBacklog(lane=row[0], waiting=row[1], oldest=float(row[2])) for row in lanes),
    )


def _read_moving(conn: Connection, moves: Moves) -> str | None:
    """What the database itself says."""
    if not has_relation(conn, "orglift.moves"):
        return None
    row = conn.execute(sql.SQL(_SQL["moving"]).format(over=sql.Literal(list(moves.over)))).fetchone()
    return None if row is None else str(row[0])


def _empty(name: str, moving: str | None) -> CascadesStatus:
    return CascadesStatus(name=name, references=0, waiting=0, oldest=0.0, lanes=0, stored=0, moving=moving, parents=(), largest_lanes=())


def _parent(row: tuple[object, ...]) -> ParentBacklog:
    parent, waiting, oldest, grace, failing, left, problem = row
    return ParentBacklog(
        parent=str(parent),
        waiting=int(str(waiting)),
        oldest=float(str(oldest)),
        grace=int(str(grace)),
        failing=int(str(failing)),
        left=int(str(left)),
        problem=None if problem is None else str(problem),
    )


_METRICS: dict[str, tuple[str, Callable[[ParentBacklog], object]]] = {
    "waiting": ("Tombstones whose children have not been cleaned up.", lambda each: each.waiting),
    "oldest_seconds": ("How long the oldest of them has waited.", lambda each: f"{each.oldest:.3f}"),
    "grace": ("Tombstones whose children will be looked for once more.", lambda each: each.grace),
    "failing": ("Waiting tombstones that have failed.", lambda each: each.failing),
    "left": ("Parents that were there again, so that their children were left.", lambda each: each.left),
}


def render_prometheus(found: Iterable[CascadesStatus]) -> str:
    """In its text format: gauges by database and parent table."""
    known = tuple(found)
    lines: list[str] = []
    for name, (told, value) in _METRICS.items():
        lines += [f"# HELP orglift_cascades_{name} {told}", f"# TYPE orglift_cascades_{name} gauge"]
        for status in known:
            rows = ((_labels(database=status.name, parent=each.parent), value(each)) for each in status.parents)
            lines += [f"orglift_cascades_{name}{labels} {shown}" for labels, shown in rows]
    lines += ["# HELP orglift_cascades_held Whether an organization is being moved, which holds up the clean-up in that database."]
    lines += ["# TYPE orglift_cascades_held gauge"]
    lines += [f"orglift_cascades_held{_labels(database=each.name)} {int(each.moving is not None)}" for each in known]
    return "\n".join(lines)


def _labels(**labels: str) -> str:
    shown = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{shown}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
