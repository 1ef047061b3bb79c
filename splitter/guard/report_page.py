"""The report as one HTML page that needs nothing else: no network, no other file, no script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from splitter.diagram.lettering import visible


def render_page(report: dict[str, Any], title: str) -> str:
    """Everything that ``make_report`` says, whatever files and tables are called."""
    style = "".join(files("splitter.diagram").joinpath("page", f"{name}.css").read_text("utf-8") for name in ("palette", "dark"))
    style += files("splitter.guard").joinpath("page", "report.css").read_text("utf-8")
    page = files("splitter.guard").joinpath("page", "report.html").read_text("utf-8")
    return Template(page).substitute(
        policy=f"default-src 'none'; img-src data:; style-src '{_digest(style)}'",
        title=_text(title),
        style=style,
        lead=_lead(report["questions"]["how_much"]),
        wrongly=_wrongly(report["questions"]["assigned_wrongly"]),
        amounts=_amounts(report["questions"]["how_much"]),
        places="".join(map(_place, report["places"])) or "<p>Nowhere.</p>",
        pairs=_table(("from", "to", "crossings", "places", "tests"), map(_pair, report["pairs"])),
        models=_table(("what", "object", "instead"), ((each["kind"], each["object"], each["instead"]) for each in report["models"])),
        escapes=_table(("line", "out of", "into", "times", "why"), map(_escape, report["escapes"])),
        tests=_table(("test", "run", "outcome", "crossings", "escapes"), map(_test, report["tests"])),
    )


def _lead(amounts: dict[str, int]) -> str:
    crossings = "{crossings} crossings at {places} places, in {crossing_tests} of {tests} tests"
    return _text(f"{crossings}; {{stable_tests}} of {{silo_tests}} tests in a silo are clean.".format(**amounts))


def _wrongly(found: dict[str, Any]) -> str:
    parts = []
    if found["suspected"]:
        rows = ((each["table"], each["silo"], each["own_silo"], each["other_silo"]) for each in found["suspected"])
        head = ("table", "is in", "statements of its own silo's tests", "of the other silo's")
        parts.append("<p>The tests of the other silo use these more than those of their own:</p>" + _table(head, rows))
    elif found["asked"]:
        parts.append("<p>None that the tests show: each is used most by the tests of its own silo.</p>")
    else:
        parts.append("<p>Can't be told: tests have to run in both silos for that.</p>")
    for key, words in (("in_no_silo", "In no silo"), ("never_used", "Used by no test in a silo")):
        if found[key]:
            names = ", ".join(f"<code>{_text(each)}</code>" for each in found[key])
            parts.append(f"<p>{words}: {names}</p>")
    return "".join(parts)


def _amounts(amounts: dict[str, int]) -> str:
    shown = {
        "places": "places in the code",
        "files": "files",
        "statements": "statements",
        "pairs": "pairs of tables",
        "models": "relationships and foreign keys",
        "escapes": "escapes",
    }
    return "<ul class=amounts>" + "".join(f"<li><b>{amounts[key]}</b> {words}</li>" for key, words in shown.items()) + "</ul>"


def _place(place: dict[str, Any]) -> str:
    where = f"{place['file']}:{place['line']}" if place["file"] else "SQLAlchemy, without a line of the application"
    said = "".join(f"<li>{_text(each)}</li>" for each in (*place["said"], *place["because"]))
    statements = "".join(f"<pre>{_text(each)}</pre>" for each in place["statements"])
    tests = "".join(f"<li>{_text(each)}</li>" for each in place["tests"])
    return (
        f"<details><summary><code>{_text(where)}</code> <span class=quiet>{_text(place['function'])}</span>"
        f"<b>{place['count']}</b></summary><ul>{said}</ul>{statements}<p>Instead: {_text('; '.join(place['instead']))}.</p>"
        f"<p class=quiet>Tests:</p><ul class=quiet>{tests}</ul></details>"
    )


def _pair(pair: dict[str, Any]) -> Sequence[Any]:
    return pair["from"], pair["to"], pair["count"], pair["places"], len(pair["tests"])


def _escape(found: dict[str, Any]) -> Sequence[Any]:
    where = f"{found['file']}:{found['line']} {found['function']}"
    return where, found["out_of"], found["into"], found["count"], found["why"] or "no reason given"


def _test(test: dict[str, Any]) -> Sequence[Any]:
    return test["test"], test["run"] + (" (stable)" if test["stable"] else ""), test["outcome"], test["crossings"], test["escapes"]


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = "".join("<tr>" + "".join(_cell(each) for each in row) + "</tr>" for row in rows)
    if not lines:
        return "<p>None.</p>"
    names = "".join(f"<th scope=col>{_text(each)}</th>" for each in head)
    return f"<div class=wide><table><thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table></div>"


def _cell(value: Any) -> str:
    return f"<td class=number>{value}</td>" if isinstance(value, int) else f"<td>{_text(value)}</td>"


def _text(value: object) -> str:
    return escape(visible(str(value)))


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
