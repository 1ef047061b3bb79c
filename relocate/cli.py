"""``relocate``: bring an organization into another region, prove it, and update the mapping in control."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from relocate.demo.run import run_demo, stop_demo
from relocate.importing import ImportOptions, import_archive, plan_import
from relocate.init import InitReport, run_init
from relocate.init_plan import InitOptions
from relocate.move import Options
from relocate.outcome import Outcome
from relocate.plan import import_plan_text, import_plan_value, plan_text, plan_value, read_plan
from relocate.recheck import verify as verify_organization
from relocate.retire import purge as purge_organization
from relocate.run import start as start_move
from relocate.status import read_status
from relocate.undo import abort as abort_move
from splitter import console
from splitter.console import Common, common_options
from splitter.errors import UsageError
from splitter.silos_file import load_silos


@click.group("relocate")
@click.version_option(package_name="orglift")
def cli() -> None:
    """Move organizations between regions."""


def main() -> int:
    return console.run(cli)


@cli.command()
@click.option("--home", metavar="REGION", help="This region's local ids are final as they are (origin 0).")
@click.option("--rebind", metavar="REGION", multiple=True, help="This region's database was moved to another server: the same one.")
@click.option("--new-origin", metavar="REGION", multiple=True, help="This region's database is a copy or was restored: a new origin.")
@common_options
def init(home: str | None, rebind: tuple[str, ...], new_origin: tuple[str, ...], common: Common) -> int:
    """Make the orglift schema in control and in all regions; safe to repeat."""
    options = InitOptions(home=home, rebind=frozenset(rebind), new_origin=frozenset(new_origin))
    with common.progress() as report:
        done = run_init(load_silos(common.config), options, report=report)
    common.answer(asdict(done), _init_text(done))
    return 1 if done.problems else 0


def _init_text(done: InitReport) -> str:
    lines = [f"{region.name}: origin {region.origin} ({region.action.value})" for region in done.regions]
    lines.append(f"{done.adopted} organizations adopted")
    lines += [f"{problem.code}: {problem.object}: {problem.found}\n    {problem.remedy}" for problem in done.problems]
    return "\n".join(lines)


def _brakes(command: Any) -> Any:
    for option in (
        click.option(
            "--switch-limit",
            default=100_000,
            show_default=True,
            type=click.IntRange(0),
            metavar="ROWS",
            help="Rows of control that the switch may change.",
        ),
        click.option("--max-lag", type=click.IntRange(1), metavar="BYTES", help="Pause while a standby of the target is further behind."),
        click.option("--max-rate", type=click.FloatRange(1), metavar="BYTES", help="Copy at most that much a second."),
        click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 64), help="Connections at once, to each side."),
    ):
        command = option(command)
    return command


@cli.command()
@click.argument("organization", metavar="ORG")
@click.option("--to", required=True, metavar="REGION", help="Where it is to live.")
@click.option("--plan", "only_plan", is_flag=True, help="Only print what would be done, and what is in the way.")
@click.option("--hashes/--no-hashes", default=True, show_default=True, help="Content hashes; keys and references are always checked.")
@_brakes
@common_options
def start(organization: str, to: str, only_plan: bool, common: Common, **brakes: Any) -> int:
    """Move ORG: copy, prove, switch. The same command goes on with a move that was stopped."""
    silos = load_silos(common.config)
    options = Options(**brakes)
    with common.progress() as report:
        if only_plan:
            plan = read_plan(silos, organization, to, options)
            common.answer(plan_value(plan), plan_text(plan))
            return 1 if plan.problems else 0
        done = start_move(silos, organization, to, options, report)
    common.answer(done.value(), outcome_text(done))
    return 0


@cli.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", required=True, metavar="REGION", help="Where it is to live.")
@click.option("--plan", "only_plan", is_flag=True, help="Only print what would be done, and what is in the way.")
@click.option("--slug", help="Another slug, where the archive's is taken.")
@click.option("--source-is-gone", is_flag=True, help="The region that it was exported from can't be looked at again.")
@_brakes
@common_options
def import_(file: Path, to: str, only_plan: bool, slug: str | None, source_is_gone: bool, common: Common, **brakes: Any) -> int:
    """Bring the organization in FILE into a region: the second half of a move, or an organization that is new here."""
    silos = load_silos(common.config)
    options = ImportOptions(file=file, to=to, slug=slug, source_is_gone=source_is_gone, work=Options(**brakes))
    with common.progress() as report:
        if only_plan:
            plan = plan_import(silos, options, report)
            common.answer(import_plan_value(plan), import_plan_text(plan))
            return 1 if plan.problems else 0
        done = import_archive(silos, options, report)
    common.answer(done.value(), outcome_text(done))
    return 0


def outcome_text(done: Outcome) -> str:
    """One relocation, for a person."""
    width = max((len(str(table["name"])) for table in done.tables), default=0)
    lines = [f"{done.slug or done.before}: {done.source or 'an archive'} -> {done.target}: {done.state}"]
    if done.before != done.after:
        lines.append(f"  id {done.before} is {done.after}")
    lines += [f"  {table['name']:<{width}}  {table['rows']:>12,}" for table in done.tables]
    if done.verified:
        lines.append("  verified")
    return "\n".join(lines)


@cli.command()
@click.argument("organization", metavar="[ORG]", required=False)
@common_options
def status(organization: str | None, common: Common) -> None:
    """Moves under way and where organizations live."""
    found = read_status(load_silos(common.config), organization)
    if organization is not None:
        common.answer(found[0].value(), outcome_text(found[0]))
        return
    common.answer({"relocations": [each.value() for each in found]}, "\n".join(outcome_text(each) for each in found) or "no moves")


@cli.command()
@click.argument("organization", metavar="ORG")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 64), help="Connections at once.")
@common_options
def verify(organization: str, jobs: int, common: Common) -> int:
    """Prove a moved ORG once more: chunks while its source is not purged, references and ids always."""
    with common.progress() as report:
        found = verify_organization(load_silos(common.config), organization, jobs, report)
    differences = [str(each) for each in found.differences]
    value = {"organization": found.organization, "region": found.region, "compared": found.compared, "verified": not differences}
    common.answer({**value, "differences": differences}, "\n".join(differences) or f"{organization} in {found.region}: verified")
    return 1 if differences else 0


@cli.command()
@click.argument("organization", metavar="ORG")
@common_options
def abort(organization: str, common: Common) -> None:
    """Undo a move that was not switched: delete exactly what it brought into the target."""
    with common.progress() as report:
        done = abort_move(load_silos(common.config), organization, report)
    common.answer(done.value(), outcome_text(done))


@cli.command()
@click.argument("organization", metavar="ORG")
@common_options
def purge(organization: str, common: Common) -> None:
    """Delete ORG's rows from the region that it left; there is no way back."""
    with common.progress() as report:
        done = purge_organization(load_silos(common.config), organization, report)
    common.answer(done.value(), outcome_text(done))


@cli.command()
@click.option("--keep", metavar="DIR", type=click.Path(path_type=Path), help="Leave the servers running in DIR.")
@click.option("--stop", metavar="DIR", type=click.Path(path_type=Path), help="Stop the servers in DIR and delete it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def demo(keep: Path | None, stop: Path | None, as_json: bool) -> None:
    """Three servers, a sample application, one move, the proof."""
    common = Common(config=Path("silos.toml"), json=as_json)
    if keep is not None and stop is not None:
        raise UsageError("--keep and --stop exclude each other", hint="give one of them")
    if stop is not None:
        stop_demo(stop)
        return
    with common.progress() as report:
        done = run_demo(report, keep)
    common.answer(done.value(), str(done))


if __name__ == "__main__":
    sys.exit(main())
