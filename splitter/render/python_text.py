"""Python source: texts as literals that a person can read, steps as data, and the shipped files put together into one."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from importlib.resources import files

from splitter.render.units import shown
from splitter.steps import Step

_SHIPPED = "splitter.render.shipped"


def text_literal(text: str) -> str:
    """SQL between lines of its own where that can be written as it is; else one literal a line."""
    if '"""' not in text and all(char.isprintable() or char == "\n" for char in text):
        return f'r"""\n{text}\n"""'
    lines = "\n".join(f"        {line!r}" for line in text.splitlines(keepends=True))
    return f"(\n{lines}\n    )"


def docstring(text: str) -> str:
    """``text`` is one line."""
    return repr(text) if '"' in text or "\\" in text else f'"""{text}"""'


def comments(lines: Iterable[str]) -> str:
    return "\n".join(f"# {line}" for line in lines)


def step_list(name: str, steps: Iterable[Step]) -> str:
    """``NAME = [{...}, ...]``: what ``shipped.steps.run_steps`` takes."""
    return "\n".join([f"{name} = [", *(line for step in steps for line in _step(step)), "]"])


def _step(step: Step) -> Iterator[str]:
    values = {
        "purpose": repr(shown(step.purpose)),
        "action": repr(step.action.value),
        "transactional": repr(step.transactional),
        "tables": repr([str(table) for table in step.tables]),
        "lock_timeout_ms": repr(step.lock_timeout_ms),
        "statement_timeout_ms": repr(step.statement_timeout_ms),
        "precondition": "None" if step.precondition is None else text_literal(step.precondition),
        "sql": text_literal(step.sql),
        "remedy": repr(step.remedy),
    }
    return iter(("    {", *(f'        "{key}": {value},' for key, value in values.items()), "    },"))


def shipped_source(adaptor: str, more: Iterable[str] = ()) -> str:
    """``steps.py`` and one of the others as one file: the docstring of the other, all imports, ``more`` lines, then what both define."""
    first, second = (_Source((files(_SHIPPED) / name).read_text(encoding="utf-8")) for name in ("steps.py", adaptor))
    imports = sorted({*first.imports, *second.imports}, key=lambda line: (line.startswith("from"), line))
    ours = ["from __future__ import annotations", "", *imports]
    return "\n".join([second.docstring, "", *ours, "", *more, *first.body, "", "", *second.body]) + "\n"


class _Source:
    """A shipped file, taken apart."""

    def __init__(self, text: str) -> None:
        lines = text.splitlines()
        tree = ast.parse(text)
        heads = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        doc = tree.body[0]
        self.docstring = "\n".join(lines[: doc.end_lineno])
        spelled = ("\n".join(lines[node.lineno - 1 : node.end_lineno]) for node in heads)
        self.imports = [line for line in spelled if "splitter." not in line and "__future__" not in line]
        self.body = "\n".join(lines[heads[-1].end_lineno :]).strip("\n").splitlines()
