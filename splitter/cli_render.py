"""``splitter render``: a plan as files for psql, Alembic or Django."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from splitter.console import Common, common_options
from splitter.errors import UsageError
from splitter.plan_files import read_plan
from splitter.render.alembic import render_alembic
from splitter.render.django import render_django
from splitter.render.sql import RUNNER, render_sql
from splitter.render.units import RenderedFile
from splitter.rendered_files import write_rendered
from splitter.steps import Plan, Stage

FORMATS = ("sql", "alembic", "django")


@click.command()
@click.option("--format", "kind", type=click.Choice(FORMATS), required=True, help="What is to run them.")
@click.option(
    "--out", "folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", required=True, help="A folder of their own."
)
@click.option("--app", metavar="LABEL", help="Django: the app that the migrations belong to.")
@click.option(
    "--after",
    multiple=True,
    metavar="NAME",
    help="What comes before: Alembic's revision id; a Django migration, 0042_more, or of another app, LABEL.0042_more (several times).",
)
@click.option(
    "--stage",
    type=click.Choice([stage.value for stage in Stage]),
    default=Stage.APPLY.value,
    show_default=True,
    help="The last stage to render; into the same folder, later, the next one as well.",
)
@click.argument("file", metavar="PLAN", type=click.Path(path_type=Path))
@common_options
def render(file: Path, kind: str, folder: Path, common: Common, **chosen: Any) -> None:
    """PLAN as files to review, for psql, Alembic or Django to run: the steps of `splitter apply`, and no others. Asks no database."""
    plan = read_plan(file)
    files = _render(plan, kind, **chosen)
    if files:
        write_rendered(folder, plan, files)
    names = [rendered.name for rendered in files]
    value = {"plan": plan.id, "kind": plan.kind, "format": kind, "folder": folder, "files": names}
    common.answer(value, _text(plan, kind, folder, names))


def _render(plan: Plan, kind: str, app: str | None, after: tuple[str, ...], stage: str) -> tuple[RenderedFile, ...]:
    last = Stage(stage)
    if app is not None and kind != "django":
        raise UsageError("--app is for --format django", hint="leave it out")
    if kind == "django":
        if app is None:
            raise UsageError("a Django migration belongs to an app", hint="give its label: --app LABEL")
        return render_django(plan, app, after, last)
    if len(after) > 1 or (after and kind == "sql"):
        hint = "give --after once: a second revision before it would be a merge" if kind == "alembic" else "leave it out"
        raise UsageError(f"--after names {len(after)} for --format {kind}", hint=hint)
    return render_sql(plan, last) if kind == "sql" else render_alembic(plan, after[0] if after else None, last)


def _text(plan: Plan, kind: str, folder: Path, names: list[str]) -> str:
    if not names:
        return f"plan {plan.id} ({plan.kind}): nothing to do, and nothing was written"
    how = {
        "sql": f'sh {folder / RUNNER} up -d "$URL"',
        "alembic": "alembic upgrade head, with this folder in version_locations",
        "django": "manage.py migrate, with these files in the app's folder of migrations",
    }
    return "\n".join([*(str(folder / name) for name in names), f"run them: {how[kind]}"])
