"""``exports``: all of one organization, and nothing else."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from exports.archive import ArchiveReader, verify_archive
from exports.compare import compare
from exports.manifest import Manifest
from exports.organization import ExportOptions, export_organization
from exports.report import ScopeReport, report_scope
from exports.survey import survey_home
from splitter import console
from splitter.console import Common, common_options
from splitter.errors import UsageError
from splitter.silos_file import load_silos


@click.group("exports")
@click.version_option(package_name="orglift")
def cli() -> None:
    """Take one organization out of a region: see its scope, write and look at archives."""


def main() -> int:
    return console.run(cli)


@cli.command()
@click.argument("organization", metavar="ORG")
@click.option("--region", help="The region to look in; without it, where ORG lives.")
@common_options
def scope(organization: str, region: str | None, common: Common) -> int:
    """Which tables belong to ORG, by which way, and how many rows; reads only."""
    silos = load_silos(common.config)
    found = report_scope(*survey_home(silos, organization, region))
    tables = [asdict(table) for table in found.tables]
    undecided = [asdict(problem) for problem in found.undecided]
    value = {"organization": found.organization, "from": found.region, "to": None, "tables": tables, "undecided": undecided}
    common.answer(value, _scope_text(found))
    return 1 if found.undecided else 0


def _scope_text(found: ScopeReport) -> str:
    width = max((len(table.name) for table in found.tables), default=0)
    lines = [f"organization {found.organization['slug'] or found.organization['id']} in {found.region}"]
    lines += [f"  {table.name:<{width}}  {table.rows:>12,}  {table.rule:<10}  {table.way}" for table in found.tables]
    lines += [f"undecided: {problem.object}: {problem.found}\n    {problem.remedy}" for problem in found.undecided]
    return "\n".join(lines)


@cli.command()
@click.argument("organization", metavar="ORG")
@click.option("--region", help="The region to take ORG from; without it, where ORG lives.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The archive to write.")
@click.option("--to", help="The region that it is made for: `relocate import` then finishes a move.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 64), help="Connections at once.")
@click.option("--hashes/--no-hashes", default=True, show_default=True, help="Content hashes of every chunk.")
@common_options
def org(organization: str, region: str | None, common: Common, **chosen: Any) -> None:
    """Write all of ORG, as it is at one instant, into an archive."""
    silos = load_silos(common.config)
    options = ExportOptions(**chosen)
    target = silos.region(options.to).name if options.to is not None else None
    survey, text = survey_home(silos, organization, region)
    if target == survey.region:
        raise UsageError(f"--to {target} is the region that {organization!r} is exported from", hint="name another region")
    with common.progress() as report:
        done = export_organization(survey, text, options, report)
    common.answer(_archive_value(done.path, done.manifest), _archive_text(done.path, done.manifest))


def _archive_value(path: Path, manifest: Manifest) -> dict[str, object]:
    return {
        "archive": str(path),
        "organization": asdict(manifest.organization),
        "from": manifest.source.region,
        "to": manifest.to,
        "relocation": manifest.relocation,
        "source": asdict(manifest.source),
        "created_at": manifest.created_at,
        "orglift": manifest.orglift,
        "format": manifest.format,
        "tables": [
            {"name": str(section.name), "rule": section.rule, "rows": section.rows, "bytes": section.bytes, "hash": _text(section.hash)}
            for section in manifest.tables
        ],
        "natural": [{"name": str(section.name), "rows": section.rows} for section in manifest.natural],
    }


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _archive_text(path: Path, manifest: Manifest) -> str:
    who = manifest.organization
    width = max((len(str(section.name)) for section in manifest.tables), default=0)
    lines = [f"{path}: {who.slug or who.before} of {manifest.source.region}, {manifest.created_at:%Y-%m-%d %H:%M:%S %Z}"]
    lines += [f"  {section.name!s:<{width}}  {section.rows:>12,}  {section.rule}" for section in manifest.tables]
    lines.append(f"  {sum(section.rows for section in manifest.tables):,} rows in {len(manifest.tables)} tables")
    return "\n".join(lines)


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@common_options
def inspect(file: Path, common: Common) -> None:
    """What an archive says of itself; reads only its end."""
    with ArchiveReader.open(file) as archive:
        common.answer(_archive_value(file, archive.manifest), _archive_text(file, archive.manifest))


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@common_options
def verify(file: Path, common: Common) -> int:
    """Read an archive from beginning to end and check every byte of it."""
    with common.progress() as report:
        faults = verify_archive(file, report)
    text = "\n".join(str(fault) for fault in faults) or f"{file}: whole"
    common.answer({"archive": str(file), "verified": not faults, "faults": [asdict(fault) for fault in faults]}, text)
    return 1 if faults else 0


@cli.command("compare")
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--ignore-ids", is_flag=True, help="Compare everything but ids.")
@common_options
def compare_archives(a: Path, b: Path, ignore_ids: bool, common: Common) -> int:
    """What two archives differ in, table by table and row by row."""
    with common.progress() as report, ArchiveReader.open(a) as first, ArchiveReader.open(b) as second:
        found = compare(first, second, ignore_ids=ignore_ids, report=report)
    text = "\n".join(str(difference) for difference in found) or "equal"
    common.answer({"equal": not found, "differences": [asdict(difference) for difference in found]}, text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
