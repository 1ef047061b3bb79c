"""``splitter suggest``."""

from __future__ import annotations

from pathlib import Path

import click

from splitter.console import Common, common_options, exclude
from splitter.suggest.command import suggest as make_suggestion
from splitter.suggest.command import suggest_from_models
from splitter.suggest.text import suggestion_to_value


@click.command()
@click.option("--organization", metavar="TABLE", help="The tenant's root table; not needed where silos.toml names it.")
@click.option("--url", metavar="URL", help="Look into this database, and at samples of its rows.")
@click.option(
    "--schema", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Look at a dump: names and types alone."
)
@click.option("--models", metavar="MODULE:BASE", help="The silos from annotated models, app.models:Base; alone, or with one of these.")
@common_options
def suggest(organization: str | None, url: str | None, file: Path | None, models: str | None, common: Common) -> None:
    """Print a first silos.toml, with what could not be decided marked; or what is to be added to the one that there is."""
    exclude(("--url", url), ("--schema", file))
    if models is not None and url is None and file is None:
        text = suggest_from_models(common.config, organization, models)
        common.answer({"toml": text}, text.rstrip("\n"))
        return
    with common.progress() as report:
        written = make_suggestion(common.config, organization, url=url, file=file, models=models, report=report)
    common.answer(suggestion_to_value(written.suggestion, written.text), written.text.rstrip("\n"))
