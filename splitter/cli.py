"""``splitter``: what crosses between control and regions, and the plans that change a live schema."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import click

from splitter import console
from splitter.addresses import Address, address_of, all_addresses, given_address
from splitter.apply import ApplyReport, apply_plan, unfinished_plans
from splitter.console import Common, common_options
from splitter.errors import Problem, UsageError
from splitter.findings import find_findings, parse_codes
from splitter.plan_files import read_plan, write_plan
from splitter.planning import open_for_plan
from splitter.sequences import make_region_ids_plan
from splitter.sight import look_at_all, look_at_file, look_at_url
from splitter.silos_file import load_silos
from splitter.status import DatabaseStatus, read_status
from splitter.steps import Plan, plan_to_text, plan_to_value

R = TypeVar("R")


@click.group("splitter")
@click.version_option(package_name="orglift")
def cli() -> None:
    """Split an application's schema into control and regions, and keep it split."""


def main() -> int:
    return console.run(cli)


@cli.command()
@click.option("--url", metavar="URL", help="Check this database alone.")
@click.option("--schema", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Check a dump, in our own server.")
@click.option("--only", metavar="CODE,...", help="Findings of these kinds alone.")
@common_options
def check(url: str | None, file: Path | None, only: str | None, common: Common) -> int:
    """What stands between these databases and a move; without --url and --schema, of control and all regions."""
    _exclude(("--url", url), ("--schema", file))
    codes = parse_codes(only)
    silos = load_silos(common.config)
    with common.progress() as report:
        if file is not None:
            sight = look_at_file(file, report=report)
        else:
            sight = look_at_all(silos, report=report) if url is None else look_at_url(silos, url, report=report)
    found = find_findings(silos, sight, codes)
    common.answer({"findings": [asdict(finding) for finding in found]}, _findings_text(found))
    return 1 if found else 0


def _findings_text(found: Iterable[Problem]) -> str:
    return "\n".join(f"{finding.code}: {finding.object}: {finding.found}\n    {finding.remedy}" for finding in found) or "nothing found"


def _exclude(*given: tuple[str, object]) -> None:
    names = [name for name, value in given if value is not None]
    if len(names) > 1:
        raise UsageError(f"{' and '.join(names)} exclude each other", hint="give one of them")


@cli.group()
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


@plan.command("region-ids")
@click.option("--region", required=True, metavar="REGION", help="The region whose sequences are to be placed.")
@_plan_options
def region_ids(region: str, tables: tuple[str, ...], url: str | None, out: Path | None, common: Common) -> None:
    """Let every new id of a region be unique everywhere: its sequences go on in its origin's range."""
    silos = load_silos(common.config)
    name = silos.region(region).name
    address = address_of(silos, name) if url is None else given_address(url, name)
    with open_for_plan(silos, address, tables) as given:
        made = make_region_ids_plan(given.conn, given.schema, silos, name, given.tables)
        if out is not None:
            write_plan(out, made, [unfinished for unfinished, _ in unfinished_plans(given.conn)])
    common.answer(plan_to_value(made), plan_to_text(made).rstrip())


@cli.command()
@click.argument("file", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("--url", metavar="URL", help="Where the plan's database is, instead of silos.toml's URL.")
@common_options
def apply(file: Path, url: str | None, common: Common) -> None:
    """Do what PLAN says, in the database that it was made for. The same command goes on with what was interrupted."""
    chosen = read_plan(file)
    silo = chosen.database.silo
    address = address_of(load_silos(common.config), silo) if url is None else given_address(url, silo)
    with common.progress() as report, address.open("splitter apply", readonly=False) as conn:
        done = apply_plan(conn, chosen, report=report)
    common.answer(_applied_value(chosen, done), _applied_text(chosen, done))


def _applied_value(chosen: Plan, done: ApplyReport) -> dict[str, object]:
    steps = [{"purpose": step.purpose, "outcome": outcome} for step, outcome in zip(chosen.steps, done.outcomes, strict=True)]
    return {"plan": done.plan, "kind": chosen.kind, "database": asdict(chosen.database), "steps": steps}


def _applied_text(chosen: Plan, done: ApplyReport) -> str:
    lines = [f"plan {done.plan} ({chosen.kind}) for {chosen.database.silo}"]
    lines += [f"  {outcome.value:<8} {step.purpose}" for step, outcome in zip(chosen.steps, done.outcomes, strict=True)]
    return "\n".join(lines if chosen.steps else [*lines, "  nothing to do"])


@cli.command()
@click.option("--region", metavar="REGION", help="This region alone, or control.")
@click.option("--url", metavar="URL", help="This database alone.")
@common_options
def status(region: str | None, url: str | None, common: Common) -> None:
    """Plans that were applied, and those that are unfinished; without an option, of control and all regions."""
    _exclude(("--region", region), ("--url", url))
    found = read_status([given_address(url)] if url is not None else _addresses(common.config, region))
    common.answer({"databases": [asdict(database) for database in found]}, _status_text(found))


def _addresses(config: Path, name: str | None) -> tuple[Address, ...]:
    silos = load_silos(config)
    return all_addresses(silos) if name is None else (address_of(silos, name),)


def _status_text(found: Sequence[DatabaseStatus]) -> str:
    return "\n".join(line for database in found for line in database.lines())


if __name__ == "__main__":
    sys.exit(main())
