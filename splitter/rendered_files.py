"""Rendered files in a folder of their own: written, and replaced by a later rendering; nobody else's file is touched."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

from splitter.errors import RefusedError, UsageError
from splitter.render.units import RenderedFile
from splitter.steps import Plan

LIST = "orglift-render.json"  # what was written, so that it may be replaced
FORMAT = 1
_HINT = "name an empty folder, or one that `splitter render` wrote, with --out"
_BYTECODE = "__pycache__"
_DRAFT = ".orglift-render."  # what a killed process has left is in nobody's way


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedList:
    """The files of a folder and their SHA-256."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    orglift_render: int
    plan: str
    files: dict[str, str]


_LIST: TypeAdapter[RenderedList] = TypeAdapter(RenderedList)


def write_rendered(folder: Path, plan: Plan, files: Iterable[RenderedFile]) -> None:
    """Make the folder where it isn't there; what was rendered into it before is replaced.

    RefusedError, and nothing is written, where the folder holds anything else, or a rendered file that somebody has changed. Cut off,
    the same call goes on.
    """
    texts = {file.name: file.text.encode() for file in files}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = _read_list(folder)
        old = _check_replaceable(folder, known, texts)
        for name, content in texts.items():
            _write(folder / name, content)
        made = RenderedList(orglift_render=FORMAT, plan=plan.id, files={name: _hash(content) for name, content in texts.items()})
        _write(folder / LIST, _LIST.dump_json(made, indent=2) + b"\n")
        for name in old - texts.keys():
            (folder / name).unlink(missing_ok=True)
    except OSError as exc:
        raise UsageError(
            f"{folder} cannot be written: {(exc.strerror or str(exc)).lower()}", hint="name another folder with --out"
        ) from exc


def _read_list(folder: Path) -> Mapping[str, str]:
    path = folder / LIST
    if not path.exists():
        return {}
    try:
        return _LIST.validate_json(path.read_bytes()).files
    except ValidationError as exc:
        raise RefusedError(f"{path} is not what `splitter render` wrote", hint=_HINT) from exc


def _check_replaceable(folder: Path, known: Mapping[str, str], texts: Mapping[str, bytes]) -> set[str]:
    """The files that were rendered into the folder before."""
    there = {path.name: path for path in folder.iterdir() if path.name not in (LIST, _BYTECODE) and not path.name.startswith(_DRAFT)}
    foreign = [name for name in sorted(there) if name not in known and not _is_same(there[name], texts.get(name))]
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise RefusedError(f"{folder} holds what was not rendered: {foreign[0]}{more}", hint=_HINT)
    rendered = [name for name in sorted(there) if name in known]
    changed = [name for name in rendered if _hash(there[name].read_bytes()) != known[name] and not _is_same(there[name], texts.get(name))]
    if changed:
        hint = "render into another folder and compare, or remove the file; a plan runs as it was made"
        raise RefusedError(f"{folder / changed[0]} was changed after it was rendered", hint=hint)
    return set(rendered)


def _is_same(path: Path, content: bytes | None) -> bool:
    """Also one that a rendering wrote before it was cut off."""
    return content is not None and path.is_file() and path.read_bytes() == content


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f"{_DRAFT}{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
