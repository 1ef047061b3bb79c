"""``splitter plan``, ``apply``, ``undo`` and ``status``: plans are made, run, taken back and told."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from splitter.addresses import GIVEN, Address, address_of, all_addresses, given_address
from splitter.apply import ApplyReport, apply_plan, unfinished_plans
from splitter.attempts import PATIENCE_SECONDS, Patience
from splitter.backfill_turn import MAX_LAG
from splitter.console import Common, common_options
from splitter.errors import UsageError
from splitter.identity import CONTROL
from splitter.journal import read_applied_plan
from splitter.key_facts import make_break_fks_plan
from splitter.plan_files import read_plan, write_plan
from splitter.planning import PlanInput, open_for_plan
from splitter.plans.widen_ids.plan import BUDGET_MS
from splitter.sequences import make_region_ids_plan
from splitter.silos import SiloMap
from splitter.silos_file import load_silos
from splitter.status import DatabaseStatus, read_status
from splitter.steps import Plan, Stage, plan_to_text, plan_to_value
from splitter.throttle import Limits
from splitter.undo import UndoReport, undo_plan
from splitter.widen_facts import WidenOptions, make_widen_ids_plan

R = TypeVar("R")


@click.group()
def plan() -> None:
    """Make a plan: it prints, travels as a file, and nothing is changed before `splitter apply`."""


def _plan_options(command: Callable[..., R]) -> Callable[..., R]:
    for option in (
        click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the plan there, for `splitter apply`."),
        click.option("--url", metavar="URL", help="Where the database is, instead of silos.toml's URL."),
        click.option("--table", "tables", multiple=True, metavar="TABLE", help="This table alone; may be given several times."),
    ):
        command = option(command)
    return common_options(command)


def _tell_plan(given: PlanInput, made: Plan, out: Path | None, common: Common) -> None:
    if out is not None:
        write_plan(out, made, [unfinished for unfinished, _ in unfinished_plans(given.conn)])
    common.answer(plan_to_value(made), plan_to_text(made).rstrip())


@plan.command("region-ids")
@click.option("--region", required=True, metavar="REGION", help="The region whose sequences are to be placed.")
@_plan_options
def region_ids(region: str, tables: tuple[str, ...], url: str | None, out: Path | None, common: Common) -> None:
    """Let every new id of a region be unique everywhere: its sequences go on in its origin's range."""
    silos = load_silos(common.config)
    name = silos.region(region).name
    address = address_of(silos, name) if url is None else given_address(url, name)
    with open_for_plan(silos, address, tables) as given:
        _tell_plan(given, make_region_ids_plan(given.conn, given.schema, silos, name, given.tables), out, common)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The one database that a plan is for; a monolith has no other."""

    region: str | None
    control: bool
    url: str | None

    def address(self, silos: SiloMap) -> Address:
        if self.region is not None and self.control:
            raise UsageError("--region and --control exclude each other", hint="a plan is for one database")
        name = CONTROL if self.control else None if self.region is None else silos.region(self.region).name
        if self.url is not None:
            return given_address(self.url) if name is None else given_address(self.url, name)
        if name is None and silos.is_monolith and len(silos.regions) == 1:
            name = next(iter(silos.regions))
        if name is None:
            raise UsageError("a plan is for one database", hint="give --region, --control or --url")
        return address_of(silos, name)


def _place_options(command: Callable[..., R]) -> Callable[..., R]:
    """``--region``, ``--control`` and ``--url``, as ``place``."""

    @click.option("--region", metavar="REGION", help="In this region's database.")
    @click.option("--control", is_flag=True, help="In control's database.")
    @functools.wraps(command)
    def wrapped(*args: Any, region: str | None, control: bool, url: str | None, **kwargs: Any) -> R:
        return command(*args, place=_Place(region=region, control=control, url=url), **kwargs)

    return wrapped


@plan.command("break-fks")
@click.option(
    "--orphans",
    type=click.Choice(["stop", "apply"]),
    default="stop",
    show_default=True,
    help="Rows that refer to nothing stop the plan, or get what ON DELETE says.",
)
@_plan_options
@_place_options
def break_fks(place: _Place, orphans: str, tables: tuple[str, ...], out: Path | None, common: Common) -> None:
    """Break the foreign keys between control and region tables: nothing is enforced across, and what ON DELETE did is done all the same."""
    silos = load_silos(common.config)
    address = place.address(silos)
    with open_for_plan(silos, address, tables) as given:
        made = make_break_fks_plan(given.conn, given.schema, silos, address.name, given.tables, repair=orphans == "apply")
        _tell_plan(given, made, out, common)


@plan.command("widen-ids")
@click.option(
    "--budget",
    type=click.IntRange(min=0),
    default=BUDGET_MS,
    show_default=True,
    metavar="MS",
    help="Tables whose rewrite takes less are rewritten at once, while nobody reads or writes them.",
)
@click.option("--followers-ready", is_flag=True, help="Subscribers and change feeds have what the plan says they need.")
@_plan_options
@_place_options
def widen_ids(place: _Place, budget: int, followers_ready: bool, tables: tuple[str, ...], out: Path | None, common: Common) -> None:
    """Make every id, and every column that repeats it, a bigint, while the application runs."""
    silos = load_silos(common.config)
    address = place.address(silos)
    with open_for_plan(silos, address, tables) as given:
        options = WidenOptions(budget_ms=budget, followed=followers_ready)
        made = make_widen_ids_plan(given.conn, given.schema, silos, address.name, given.tables, options)
        _tell_plan(given, made, out, common)


def _run_options(command: Callable[..., R]) -> Callable[..., R]:
    for option in (
        click.option(
            "--patience",
            type=click.FloatRange(min=0),
            default=PATIENCE_SECONDS,
            show_default=True,
            metavar="SECONDS",
            help="For how long a step is tried whose lock others hold; nothing waits behind it in between.",
        ),
        click.option("--url", metavar="URL", help="Where the plan's database is, instead of silos.toml's URL."),
        click.argument("name", metavar="PLAN"),
    ):
        command = option(command)
    return common_options(command)


def _limit_options(command: Callable[..., R]) -> Callable[..., R]:
    """What holds a backfill back, as ``limits``."""

    @click.option(
        "--max-lag",
        type=click.IntRange(1),
        default=MAX_LAG,
        show_default=True,
        metavar="BYTES",
        help="A backfill waits while a standby or subscriber is further behind.",
    )
    @click.option("--max-wal-rate", type=click.FloatRange(1), metavar="BYTES", help="A backfill lets no more WAL a second be written.")
    @click.option("--max-active", type=click.IntRange(0), metavar="SESSIONS", help="A backfill waits while more than these are at work.")
    @functools.wraps(command)
    def wrapped(*args: Any, max_lag: int, max_wal_rate: float | None, max_active: int | None, **kwargs: Any) -> R:
        limits = Limits(max_lag=max_lag, max_wal_rate=max_wal_rate, max_active=max_active)
        return command(*args, limits=limits, **kwargs)

    return wrapped


def _stage_options(command: Callable[..., R]) -> Callable[..., R]:
    """``--commit`` and ``--finish``, as ``stages``."""

    @click.option("--commit", is_flag=True, help="After the watch: the point of no return, where the plan has one.")
    @click.option("--finish", is_flag=True, help="After that: what was kept for a way back goes.")
    @functools.wraps(command)
    def wrapped(*args: Any, commit: bool, finish: bool, **kwargs: Any) -> R:
        stages = [Stage.APPLY, *([Stage.COMMIT] if commit else []), *([Stage.FINISH] if finish else [])]
        return command(*args, stages=stages, **kwargs)

    return wrapped


@click.command()
@_stage_options
@_limit_options
@_run_options
def apply(name: str, url: str | None, patience: float, stages: list[Stage], limits: Limits, common: Common) -> None:
    """Do what PLAN says, in the database that it was made for. The same command goes on with what was interrupted.

    PLAN is a file, or the id of a plan that was begun: the database that it changes has kept it.
    """
    chosen, address = _find_plan(name, url, common)
    with common.progress() as report, address.open("splitter apply", readonly=False) as conn:
        done = apply_plan(conn, chosen, report=report, patience=Patience(seconds=patience), stages=stages, limits=limits)
    common.answer(_applied_value(chosen, done), _applied_text(chosen, done))


def _find_plan(name: str, url: str | None, common: Common) -> tuple[Plan, Address]:
    if Path(name).exists() or not re.fullmatch(r"[0-9a-f]{32}", name):
        chosen = read_plan(Path(name))
        return chosen, _find_database(chosen, url, common)
    for address in [given_address(url)] if url is not None else all_addresses(load_silos(common.config)):
        with address.open("splitter") as conn:
            applied = read_applied_plan(conn, name)
        if applied is not None:
            return applied, address
    raise UsageError(f"no database has seen plan {name}", hint="`splitter status` tells which plans there are")


def _find_database(chosen: Plan, url: str | None, common: Common) -> Address:
    silo = chosen.database.silo
    if url is not None:
        return given_address(url, silo)
    if silo == GIVEN:
        raise UsageError("the plan is for a database that silos.toml has no name for", hint="give its URL again: --url")
    return address_of(load_silos(common.config), silo)


def _applied_value(chosen: Plan, done: ApplyReport) -> dict[str, object]:
    steps = [{"purpose": chosen.steps[number - 1].purpose, "outcome": outcome} for number, outcome in done.numbered]
    return {"plan": done.plan, "kind": chosen.kind, "database": asdict(chosen.database), "steps": steps}


def _applied_text(chosen: Plan, done: ApplyReport) -> str:
    lines = [f"plan {done.plan} ({chosen.kind}) for {chosen.database.silo}"]
    lines += [f"  {outcome.value:<8} {chosen.steps[number - 1].purpose}" for number, outcome in done.numbered]
    lines += [f"  it waits: watch the application, then `splitter apply {chosen.id} --commit --finish`, or undo"] if done.watched else []
    return "\n".join(lines if chosen.steps else [*lines, "  nothing to do"])


@click.command()
@_run_options
def undo(name: str, url: str | None, patience: float, common: Common) -> None:
    """Take back what PLAN did, the last step first. The same command goes on with what was interrupted.

    PLAN is a file, or the id of a plan that was applied.
    """
    chosen, address = _find_plan(name, url, common)
    with common.progress() as report, address.open("splitter undo", readonly=False) as conn:
        done = undo_plan(conn, chosen, report=report, patience=Patience(seconds=patience))
    common.answer(_undone_value(chosen, done), _undone_text(chosen, done))


def _undone_value(chosen: Plan, done: UndoReport) -> dict[str, object]:
    steps = [{"number": number, "purpose": chosen.steps[number - 1].purpose} for number in done.undone]
    return {"plan": done.plan, "kind": chosen.kind, "database": asdict(chosen.database), "undone": steps}


def _undone_text(chosen: Plan, done: UndoReport) -> str:
    lines = [f"plan {done.plan} ({chosen.kind}) for {chosen.database.silo}"]
    lines += [f"  undone   {chosen.steps[number - 1].purpose}" for number in done.undone]
    return "\n".join(lines if done.undone else [*lines, "  nothing to take back"])


@click.command()
@click.option("--region", metavar="REGION", help="This region alone, or control.")
@click.option("--url", metavar="URL", help="This database alone.")
@common_options
def status(region: str | None, url: str | None, common: Common) -> None:
    """Plans that were applied, and those that are unfinished; without an option, of control and all regions."""
    if region is not None and url is not None:
        raise UsageError("--region and --url exclude each other", hint="give one of them")
    found = read_status([given_address(url)] if url is not None else _addresses(common.config, region))
    common.answer({"databases": [_status_value(database) for database in found]}, _status_text(found))


def _status_value(database: DatabaseStatus) -> dict[str, object]:
    plans = [{**asdict(known), "state": known.state} for known in database.plans]
    return {"name": database.name, "plans": plans, "backfills": [asdict(each) for each in database.backfills]}


def _addresses(config: Path, name: str | None) -> tuple[Address, ...]:
    silos = load_silos(config)
    return all_addresses(silos) if name is None else (address_of(silos, name),)


def _status_text(found: Sequence[DatabaseStatus]) -> str:
    return "\n".join(line for database in found for line in database.lines())
