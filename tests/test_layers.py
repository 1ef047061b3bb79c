"""The house's arrows and sizes: imports point one way, pure modules touch nothing, files and functions stay short."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("splitter", "exports", "relocate")  # each may import those to its left

# Values and pure logic: neither they nor anything they import reaches a database, a network or another process.
# A name that has no file yet says where one will be pure.
PURE = (
    "splitter.errors",
    "splitter.events",
    "splitter.schema",
    "splitter.layout",
    "splitter.silos",
    "splitter.graph",
    "splitter.crossings",
    "splitter.cascade",
    "splitter.cascade_findings",
    "splitter.cleanup_sql",
    "splitter.tombstones",
    "splitter.tombstone_triggers",
    "splitter.findings",
    "splitter.diagram",
    "splitter.diagram.*",
    "splitter.steps",
    "splitter.silos_text",
    "splitter.undecided",
    *(f"splitter.suggest.{name}" for name in ("composites", "decide", "documents", "draft", "judge", "keys", "leads", "lexicon", "names")),
    *(f"splitter.suggest.{name}" for name in ("natural_keys", "pairs", "people", "placement", "text", "values", "ways", "words")),
    "splitter.plans",
    "splitter.plans.*",
    "splitter.render",
    "splitter.render.*",
    *(f"splitter.guard.{name}" for name in ("model_findings", "model_suggestion", "names", "parse_tree", "plpgsql_text", "query_findings")),
    *(f"splitter.guard.{name}" for name in ("query_logs", "query_summary", "sql_files", "sql_text", "statement_ids", "statements")),
    "splitter.guard.tally",
    "exports.scope",
    "exports.ids",
    "exports.rewrite",
    "relocate.phases",
)
# What reaches out of the process. psycopg.sql only composes text.
EDGES = ("psycopg", "sqlalchemy", "socket", "subprocess", "urllib.request", "http", "threading", "tempfile", "backports", "zstandard")
COMPOSERS = ("psycopg.sql",)
TALKERS = ("click", "tqdm")

EXTRAS = ("sqlalchemy", "alembic", "pgparse")

FILE_LINES, FUNCTION_LINES = 500, 60


@dataclass(frozen=True)
class Import:
    """``origin`` imports ``module``, at that line."""

    origin: str
    module: str
    line: int

    def __str__(self) -> str:
        return f"{self.origin}:{self.line} imports {self.module}"


def _files() -> list[Path]:
    return [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _modules() -> dict[str, Path]:
    return {_module(path): path for path in _files()}


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def _imports_of(name: str, path: Path) -> Iterator[Import]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (Import(name, alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(package, node)
            for alias in node.names:
                yield Import(name, _narrowed(base, alias.name), node.lineno)


def _base(package: str, node: ast.ImportFrom) -> str:
    above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    return ".".join([*above, node.module] if node.module else above)


def _narrowed(base: str, name: str) -> str:
    """``from splitter import db`` is an import of splitter.db, ``from psycopg import sql`` one of psycopg.sql."""
    inner = f"{base}.{name}"
    return inner if inner in _modules() or inner in COMPOSERS else base


def _imports() -> list[Import]:
    return list(dict.fromkeys(found for name, path in _modules().items() for found in _imports_of(name, path)))


def _below(module: str, roots: tuple[str, ...]) -> bool:
    return any(module == root or module.startswith(f"{root}.") for root in roots)


def _is_cli(module: str) -> bool:
    return module.endswith(".cli") or ".cli." in module or ".cli_" in module


def _report(found: list[str]) -> None:
    if found:
        pytest.fail("\n".join(["", *found]), pytrace=False)


def test_imports_point_down():
    def is_up(found: Import) -> bool:
        origin, target = found.origin.partition(".")[0], found.module.partition(".")[0]
        return target in FLOORS and FLOORS.index(target) > FLOORS.index(origin)

    _report([str(found) for found in _imports() if is_up(found)])


def test_nothing_imports_a_cli():
    _report([str(found) for found in _imports() if _below(found.module, FLOORS) and _is_cli(found.module) and not _is_cli(found.origin)])


def test_only_the_console_talks():
    def may_talk(module: str) -> bool:
        return module == "splitter.console" or _is_cli(module)

    talk = (found for found in _imports() if _below(found.module, TALKERS) or found.module == "splitter.console")
    _report([str(found) for found in talk if not may_talk(found.origin)])


def test_pure_modules_reach_no_edge():
    arrows = _arrows()
    pure = sorted(module for module in _modules() if any(fnmatchcase(module, pattern) for pattern in PURE))
    reached = {name: way for module in pure for name, way in _reach(module, arrows).items()}
    edges = (found for found in _imports() if found.origin in reached and _is_edge(found.module))
    _report([f"{' -> '.join(reached[found.origin])} -> {found.module} (line {found.line})" for found in edges])


def _is_edge(module: str) -> bool:
    return _below(module, EDGES) and module not in COMPOSERS


def _arrows() -> dict[str, set[str]]:
    arrows: dict[str, set[str]] = {name: set() for name in _modules()}
    for found in _imports():
        if found.module in arrows and found.module != found.origin:
            arrows[found.origin].add(found.module)
    return arrows


def _reach(module: str, arrows: dict[str, set[str]]) -> dict[str, tuple[str, ...]]:
    """Every module that an import of ``module`` loads, with a way to it."""
    ways: dict[str, tuple[str, ...]] = {module: (module,)}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        for target in arrows[name] - ways.keys():
            ways[target] = (*ways[name], target)
            waiting.append(target)
    return ways


def test_packages_themselves_import_nothing():
    """Else every import of one module would load all of them, and the arrows would mean nothing."""
    _report([str(found) for found in _imports() if found.origin in FLOORS])


def test_modules_do_not_import_each_other_in_circles():
    arrows = _arrows()
    while free := [name for name, targets in arrows.items() if not targets & arrows.keys()]:
        for name in free:
            del arrows[name]
    _report([f"{name} is in, or leads to, a circle: {sorted(targets & arrows.keys())}" for name, targets in arrows.items()])


def test_psycopg_and_sqlalchemy_are_not_mixed():
    used: dict[str, set[str]] = {}
    for found in _imports():
        for library in ("psycopg", "sqlalchemy"):
            if _below(found.module, (library,)):
                used.setdefault(found.origin, set()).add(library)
    _report([f"{name} uses psycopg and sqlalchemy" for name, libraries in used.items() if len(libraries) == 2])


def test_only_the_guard_and_what_is_rendered_for_alembic_need_what_an_extra_brings():
    """Every other module can be imported without it."""
    needs = [found for found in _imports() if _below(found.module, EXTRAS)]
    _report([str(found) for found in needs if not _below(found.origin, ("splitter.guard", "splitter.render.shipped.alembic"))])


def test_a_command_loads_sqlalchemy_only_when_it_needs_it():
    optional = ("splitter.guard", "splitter.render.shipped")
    names = [name for name in _modules() if not _below(name, optional)] + ["splitter.guard.models"]
    script = f"import importlib, sys\nfor name in {names}: importlib.import_module(name)\nsys.exit(bool({set(EXTRAS)} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0


def test_modules_say_what_they_are():
    _report([f"{path.relative_to(ROOT)} has no docstring" for path in _files() if not ast.get_docstring(_tree(path))])


def test_files_are_short():
    lengths = ((path, len(path.read_text("utf-8").splitlines())) for path in _files())
    _report([f"{path.relative_to(ROOT)} has {length} lines" for path, length in lengths if length > FILE_LINES])


def test_functions_are_short():
    _report([f"{where} has {length} lines" for where, length in _function_lengths() if length > FUNCTION_LINES])


def _function_lengths() -> Iterator[tuple[str, int]]:
    for path in _files():
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1
