"""Python source: texts as literals that a person can read, steps as data, and the shipped files put together into one."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from importlib.resources import files

from splitter.backfill_turn import Turn, begin_text, place_of, turn_text
from splitter.render.units import shown
from splitter.steps import Action, Step

_SHIPPED = "splitter.render.shipped"
_TURN_SECONDS = 1.0  # of a backfill, between which standbys are looked at


def text_literal(text: str) -> str:
    """SQL between lines of its own where that can be written as it is; else one literal a line."""
    if '"""' not in text and all(char.isprintable() or char == "\n" for char in text):
        return f'r"""\n{text}\n"""'
    lines = "\n".join(f"            {line!r}" for line in text.splitlines(keepends=True))
    return f"(\n{lines}\n        )"


def literal(text: str) -> str:
    """In double quotes where that needs no more escapes."""
    spelled = repr(text)
    return spelled if '"' in spelled or "\\'" in spelled else f'"{spelled[1:-1]}"'


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
        "purpose": literal(shown(step.purpose)),
        "sql": text_literal(step.sql),
        "precondition": "None" if step.precondition is None else text_literal(step.precondition),
        "action": literal(step.action.value),
        "transactional": repr(step.transactional),
        "tables": f"[{', '.join(literal(str(table)) for table in step.tables)}]",
        "lock_timeout_ms": repr(step.lock_timeout_ms),
        "statement_timeout_ms": repr(step.statement_timeout_ms),
        "remedy": literal(step.remedy),
    }
    if step.action is Action.BACKFILL:
        values |= {"sql": text_literal(turn_text(step, Turn(seconds=_TURN_SECONDS)))}
        values |= {"place": literal(place_of(step)), "begin": text_literal(begin_text(step))}
    return iter(("    {", *(f'        "{key}": {value},' for key, value in values.items()), "    },"))


def shipped_source(adaptor: str, more: Iterable[str] = ()) -> str:
    """``steps.py`` and one of the others as one file: the docstring of the other, all imports, ``more`` lines, then what both define."""
    first, second = (_Source((files(_SHIPPED) / name).read_text(encoding="utf-8")) for name in ("steps.py", adaptor))
    imports = "\n\n".join(_import_lines([*first.imports, *second.imports]))
    return "\n".join(
        [second.docstring, "", "from __future__ import annotations", "", imports, "", *more, first.body, "", "", second.body, ""]
    )


def _import_lines(imports: list[ast.Import | ast.ImportFrom]) -> Iterator[str]:
    """Those of the standard library, then the others."""
    names: dict[str, set[str]] = {}
    for node in imports:
        if isinstance(node, ast.ImportFrom):
            names.setdefault(str(node.module), set()).update(alias.name for alias in node.names)
    whole = sorted({f"import {alias.name}" for node in imports if isinstance(node, ast.Import) for alias in node.names})
    lines = {module: f"from {module} import {', '.join(sorted(found))}" for module, found in sorted(names.items())}
    ours = [module for module in lines if module.partition(".")[0] in sys.stdlib_module_names]
    yield "\n".join([*whole, *(lines[module] for module in ours)])
    yield "\n".join(line for module, line in lines.items() if module not in ours)


class _Source:
    """A shipped file, taken apart."""

    def __init__(self, text: str) -> None:
        lines = text.splitlines()
        tree = ast.parse(text)
        heads = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        doc = tree.body[0]
        self.docstring = "\n".join(lines[: doc.end_lineno])
        self.imports = [node for node in heads if not _is_left_out(node)]
        self.body = "\n".join(lines[heads[-1].end_lineno :]).strip("\n")


def _is_left_out(node: ast.Import | ast.ImportFrom) -> bool:
    return isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] in ("splitter", "__future__")
