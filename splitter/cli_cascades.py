"""``splitter cascades``: the clean-up of children whose foreign key was broken, and how much of it is waiting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from splitter.addresses import Address, all_addresses, given_address
from splitter.brakes import Brakes
from splitter.cascade_status import CascadesStatus, read_cascades_status, render_prometheus
from splitter.cascades import RunOptions, RunReport, run_cascades
from splitter.console import Common, common_options
from splitter.errors import UsageError
from splitter.silos import SiloMap
from splitter.silos_file import load_silos


@click.group()
def cascades() -> None:
    """Children whose parent is gone, where no foreign key takes care of them any more."""


def _brakes(command: Any) -> Any:
    for option in (
        click.option("--max-lag", type=click.IntRange(1), metavar="BYTES", help="Pause while a standby is further behind."),
        click.option("--max-rate", type=click.FloatRange(1), metavar="ROWS", help="Touch at most that many children a second."),
        click.option("--pause", type=click.FloatRange(0), default=0.0, metavar="SECONDS", help="Wait after each batch."),
        click.option("--batch", type=click.IntRange(1, 100_000), default=10_000, show_default=True, help="Children in one transaction."),
    ):
        command = option(command)
    return command


_URL = click.option("--url", metavar="URL", help="This one database, which has the parents and the children.")


@cascades.command()
@_URL
@click.option("--once", is_flag=True, help="End when nothing waits any more.")
@click.option(
    "--interval", type=click.FloatRange(0.01), default=5.0, show_default=True, metavar="SECONDS", help="Wait that long when idle."
)
@click.option(
    "--grace",
    type=click.FloatRange(0),
    default=3600.0,
    show_default=True,
    metavar="SECONDS",
    help="Look once more after that time, for children that were inserted late.",
)
@_brakes
@common_options
def run(url: str | None, once: bool, interval: float, grace: float, common: Common, **brakes: Any) -> int:
    """Clean up what waits, in control and all regions, for ever or --once. Several may run at the same time."""
    addresses, silos = _where(url, common.config)
    batch = brakes.pop("batch")
    options = RunOptions(grace=grace, batch=batch, interval=None if once else interval, brakes=Brakes(**brakes))
    with common.progress() as report:
        done = run_cascades(addresses, silos, options, report=report)
    common.answer(asdict(done), "\n".join(_told(done)))
    return 0 if done.is_clean else 1


def _where(url: str | None, config: Path) -> tuple[tuple[Address, ...], SiloMap | None]:
    """Without silos.toml everything is in the one database."""
    if url is not None:
        return (given_address(url),), None
    silos = load_silos(config)
    return all_addresses(silos), silos


def _told(done: RunReport) -> Iterator[str]:
    yield f"{done.rows:,} children of {done.swept:,} parents cleaned up; {done.done:,} tombstones done"
    if done.returned:
        yield f"  {done.returned:,} parents are there again: their children were left"
    if done.failed:
        yield f"  failed {done.failed:,} times: see `splitter cascades status`"
    yield from (f"  {name} did not answer: what is to be done there waits" for name in done.missing)
    yield from (f"  {name}: an organization is being moved: what is to be done there waits" for name in done.held)


@cascades.command()
@_URL
@click.option("--prometheus", is_flag=True, help="As text for Prometheus.")
@common_options
def status(url: str | None, prometheus: bool, common: Common) -> None:
    """How many deleted parents wait for their clean-up, for how long, of which tables and lanes."""
    if prometheus and common.json:
        raise UsageError("--json and --prometheus exclude each other", hint="give one of them")
    addresses, _ = _where(url, common.config)
    found = read_cascades_status(addresses)
    if prometheus:
        click.echo(render_prometheus(found))
        return
    common.answer({"databases": [asdict(each) for each in found]}, "\n".join(_lines(found)))


def _lines(found: tuple[CascadesStatus, ...]) -> Iterator[str]:
    return (line for each in found for line in each.lines())
