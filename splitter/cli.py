"""``splitter``: what crosses between control and regions, and the plans that change a live schema."""

from __future__ import annotations

import sys

import click

from splitter import console

# A command's modules are loaded when it is asked for: a check has no use for what applies plans.
_COMMANDS = {
    "suggest": "splitter.cli_suggest:suggest",
    "check": "splitter.cli_check:check",
    "graph": "splitter.cli_graph:graph",
    "plan": "splitter.cli_plans:plan",
    "render": "splitter.cli_render:render",
    "apply": "splitter.cli_plans:apply",
    "status": "splitter.cli_plans:status",
    "undo": "splitter.cli_plans:undo",
    "cascades": "splitter.cli_cascades:cascades",
    "annotate": "splitter.cli_annotate:annotate",
    "queries": "splitter.cli_queries:queries",
}


@click.group("splitter", cls=console.LazyGroup, commands_at=_COMMANDS)
@click.version_option(package_name="orglift")
def cli() -> None:
    """Split an application's schema into control and regions, and keep it split."""


def main() -> int:
    return console.run(cli)


if __name__ == "__main__":
    sys.exit(main())
