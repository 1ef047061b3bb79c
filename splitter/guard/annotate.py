"""The decorators that models need to say what silos.toml says, as a patch of their source."""

from __future__ import annotations

import ast
import difflib
import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from splitter.guard.model_tables import Model
from splitter.silos import Silo, SiloMap

_DECORATORS = {silo: f"{silo.value}_silo_model" for silo in Silo}
_HOME = "splitter.guard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """``silo`` by silos.toml. ``file`` None: what is to be done by hand, since no class statement stands in a file of its own."""

    model: Model
    silo: Silo
    file: Path | None = None
    line: int = 0  # of the class statement, or its first decorator; from 1
    replaces: int = 0  # the line of the decorator that says otherwise

    @property
    def by_hand(self) -> str:
        """What to write where there is no class statement, or none that a decorator can be put on."""
        if self.model.cls is None:
            return f'{self.model.name}: info={{"silo": "{self.silo.value}"}}'
        return f"{self.model.name}: @{_DECORATORS[self.silo]}"

    def value(self) -> dict[str, Any]:
        return {
            "model": self.model.name,
            "table": str(self.model.table),
            "silo": self.silo.value,
            "file": None if self.file is None else str(self.file),
            "line": self.line or None,
        }


def propose(models: Iterable[Model], silos: SiloMap) -> tuple[Proposal, ...]:
    """For every model that says nothing or something else. A table of which the file says nothing is a region table."""
    wrong = ((model, silos.silo_of(model.table)) for model in models)
    return tuple(_propose(model, silo) for model, silo in wrong if model.silo is not silo)


def _propose(model: Model, silo: Silo) -> Proposal:
    found = None if model.cls is None else _locate(model.cls)
    if found is None:
        return Proposal(model=model, silo=silo)
    file, node = found
    replaces = next((each.lineno for each in node.decorator_list if _is_ours(each)), 0)
    if model.silo is not None and not replaces:
        return Proposal(model=model, silo=silo)  # its base or its table says so: that is to be changed
    return Proposal(model=model, silo=silo, file=file, line=_first_line(node), replaces=replaces)


def _locate(cls: type) -> tuple[Path, ast.ClassDef] | None:
    """None where it was made by a call or in a session, or where several statements may have made it."""
    try:
        file = inspect.getsourcefile(cls)
    except (OSError, TypeError):
        return None
    found = () if file is None else _classes(Path(file)).get(cls.__qualname__, ())
    return (Path(str(file)), found[0]) if len(found) == 1 else None


@cache
def _classes(file: Path) -> Mapping[str, tuple[ast.ClassDef, ...]]:
    """All class statements of a file by qualified name: a file may have hundreds of models."""
    found: dict[str, tuple[ast.ClassDef, ...]] = {}
    waiting: list[tuple[str, ast.AST]] = [("", ast.parse(file.read_text("utf-8")))]
    while waiting:
        above, node = waiting.pop()
        for child in ast.iter_child_nodes(node):
            name = above
            if isinstance(child, ast.ClassDef):
                found[f"{above}{child.name}"] = (*found.get(f"{above}{child.name}", ()), child)
                name = f"{above}{child.name}."
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                name = f"{above}{child.name}.<locals>."
            waiting.append((name, child))
    return found


def _first_line(node: ast.ClassDef) -> int:
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


def _is_ours(decorator: ast.expr) -> bool:
    name = decorator.attr if isinstance(decorator, ast.Attribute) else decorator.id if isinstance(decorator, ast.Name) else ""
    return name in _DECORATORS.values()


def render_patch(proposals: Iterable[Proposal], here: Path) -> str:
    """For `git apply` or `patch -p1`; paths are relative to ``here`` where they lie below it, else to the root."""
    files: dict[Path, list[Proposal]] = {}
    for proposal in proposals:
        if proposal.file is not None:
            files.setdefault(proposal.file, []).append(proposal)
    return "".join("".join(_patch(file, known, here)) for file, known in sorted(files.items()))


def _patch(file: Path, proposals: list[Proposal], here: Path) -> Iterator[str]:
    before = file.read_text("utf-8").splitlines(keepends=True)
    after = list(before)
    for proposal in sorted(proposals, key=lambda each: -each.line):
        _decorate(after, proposal)
    _import(after, proposals)
    name = str(file.relative_to(here) if file.is_relative_to(here) else file).lstrip("/")
    for line in difflib.unified_diff(before, after, f"a/{name}", f"b/{name}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _decorate(lines: list[str], proposal: Proposal) -> None:
    decorator = _DECORATORS[proposal.silo]
    if proposal.replaces:
        other = _DECORATORS[Silo.REGION if proposal.silo is Silo.CONTROL else Silo.CONTROL]
        lines[proposal.replaces - 1] = lines[proposal.replaces - 1].replace(other, decorator)
        return
    first = lines[proposal.line - 1]
    lines.insert(proposal.line - 1, f"{first[: len(first) - len(first.lstrip())]}@{decorator}\n")


def _import(lines: list[str], proposals: Iterable[Proposal]) -> None:
    """Below the imports that there are; without what is imported already."""
    tree = ast.parse("".join(lines))
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    known = {alias.asname or alias.name for node in imports for alias in node.names}
    needed = sorted({_DECORATORS[proposal.silo] for proposal in proposals} - known)
    if not needed:
        return
    last = max((node.end_lineno or 0 for node in imports), default=_after_docstring(tree))
    lines.insert(last, f"from {_HOME} import {', '.join(needed)}\n")


def _after_docstring(tree: ast.Module) -> int:
    first = tree.body[0] if tree.body else None
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return (first.end_lineno or 0) if first is not None and is_text else 0
