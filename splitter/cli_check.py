"""``splitter check``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import indent

import click

from splitter import console
from splitter.console import Common, common_options, exclude
from splitter.findings import find_findings
from splitter.findings_kinds import Finding, parse_codes
from splitter.guard.model_findings import find_model_findings
from splitter.guard.model_tables import load_models
from splitter.sight import look
from splitter.silos_file import load_silos


@click.command()
@click.option("--url", metavar="URL", help="Check this database alone.")
@click.option("--schema", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Check a dump, in our own server.")
@click.option("--models", metavar="MODULE:BASE", help="Compare the application's models with silos.toml too: app.models:Base.")
@click.option("--only", metavar="CODE,...", help="Findings of these kinds alone.")
@click.option("--sarif", is_flag=True, help="SARIF 2.1.0 on stdout, for code scanning.")
@common_options
def check(url: str | None, file: Path | None, models: str | None, only: str | None, sarif: bool, common: Common) -> int:
    """What stands between these databases and a split; without --url and --schema, of control and all regions."""
    exclude(("--url", url), ("--schema", file))
    exclude(("--json", common.json or None), ("--sarif", sarif or None))
    codes = parse_codes(only)
    silos = load_silos(common.config)
    loaded = None if models is None else load_models(models)
    with common.progress() as report:
        sight = look(silos, url, file, only=codes, report=report)
    if loaded is not None:
        sight = replace(sight, models=tuple(find_model_findings(loaded, silos, sight.schemas)))
    found = find_findings(silos, sight, codes)
    if sarif:
        from splitter.sarif import render_sarif

        console.print_json(render_sarif(found, silos, sight.file, "" if file is None else file.read_text("utf-8", "replace")))
    else:
        common.answer({"findings": [finding.value() for finding in found]}, "\n".join(finding_lines(found)) or "nothing found")
    return 1 if found else 0


def finding_lines(found: Iterable[Finding]) -> Iterator[str]:
    """By kind; a remedy that is the same for all of a kind stands once."""
    kinds: dict[str, list[Finding]] = {}
    for finding in found:
        kinds.setdefault(finding.code, []).append(finding)
    for code, group in kinds.items():
        yield f"{code} ({len(group)}): {group[0].kind.what}"
        yield f"  {group[0].why}"
        remedies = {finding.remedy for finding in group}
        for finding in group:
            yield f"  - {finding.object}: {finding.found}"
            if len(remedies) > 1:
                yield indent(finding.remedy, "      ")
        if len(remedies) == 1:
            yield indent(group[0].remedy, "  ")
