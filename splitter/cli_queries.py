"""``splitter queries``."""

from __future__ import annotations

from pathlib import Path

import click

from splitter.cli_check import finding_lines
from splitter.console import Common, common_options, exclude
from splitter.errors import UsageError
from splitter.extras import extra_needed
from splitter.findings_kinds import parse_codes
from splitter.silos_file import load_silos

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--url", metavar="URL", help="This database alone.")
@click.option("--schema", type=_FILE, help="The schema from a dump, in our own server; with --log or --sql.")
@click.option("--log", "logs", type=_FILE, multiple=True, help="Statements from a log: csvlog, jsonlog or plain, auto_explain's too.")
@click.option("--sql", "files", type=_FILE, multiple=True, help="Statements from a file of SQL.")
@click.option("--database", metavar="NAME", help="The database whose statements in a log count.")
@click.option("--search-path", metavar="SCHEMA,...", default="public", show_default=True, help="Where names without a schema are.")
@click.option("--only", metavar="CODE,...", help="Findings of these kinds alone.")
@common_options
def queries(  # noqa: PLR0913 -- click's options
    url: str | None,
    schema: Path | None,
    logs: tuple[Path, ...],
    files: tuple[Path, ...],
    database: str | None,
    search_path: str,
    only: str | None,
    common: Common,
) -> int:
    """Which statements that really ran need both silos, how often and how long, and which transactions write in both.

    Without --log and --sql from pg_stat_statements, of control and all regions or of --url.
    """
    exclude(("--url", url), ("--schema", schema))
    if schema is not None and not logs and not files:
        raise UsageError("--schema has no statements", hint="give --log FILE or --sql FILE too, or --url instead")
    codes = parse_codes(only)
    silos = load_silos(common.config)
    with extra_needed("splitter queries"):
        from splitter.guard.queries import Asked, look_at_queries
        from splitter.guard.query_stats import parse_path
        from splitter.guard.query_summary import summarize, summary_lines

    asked = Asked(url=url, schema=schema, logs=logs, files=files, database=database, path=parse_path(search_path, ""))
    with common.progress() as report:
        found = look_at_queries(silos, asked, report)
    kept = [finding for finding in found.findings if finding.code in codes]
    summary = summarize(found.queries, silos, found.transactions)
    value = {**summary, "statements": [each.value() for each in found.queries], "findings": [finding.value() for finding in kept]}
    common.answer(value, "\n".join([*finding_lines(kept), *summary_lines(summary)]))
    return 1 if kept else 0
