"""``splitter annotate``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from splitter.console import Common, common_options
from splitter.guard.annotate import Proposal, propose, render_patch
from splitter.guard.model_tables import load_models
from splitter.silos_file import load_silos


@click.command()
@click.option("--models", required=True, metavar="MODULE:BASE", help="The application's models: app.models:Base.")
@common_options
def annotate(models: str, common: Common) -> None:
    """Print a patch that annotates the models as silos.toml has them: `splitter annotate --models app.models:Base | git apply`."""
    silos = load_silos(common.config)
    proposals = propose(load_models(models), silos)
    patch = render_patch(proposals, Path.cwd())
    by_hand = [proposal for proposal in proposals if proposal.file is None]
    value = {"models": [proposal.value() for proposal in proposals], "by_hand": [each.by_hand for each in by_hand], "patch": patch}
    common.answer(value, patch.rstrip("\n"))
    for line in _lines(proposals, by_hand):
        click.echo(line, err=True)


def _lines(proposals: tuple[Proposal, ...], by_hand: list[Proposal]) -> Iterator[str]:
    if not proposals:
        yield "every model says what silos.toml says"
    for proposal in by_hand:
        yield f"by hand: {proposal.by_hand}"
