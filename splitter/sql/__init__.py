"""SQL texts in files: each block begins with ``-- name: NAME`` and a line that says what it is for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import LiteralString, cast

_HEAD = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def load_queries(file: str) -> Mapping[str, LiteralString]:
    """The blocks of a file of this folder by name. They are part of the program, so they may stand where literals may."""
    _, *parts = _HEAD.split((files(__name__) / file).read_text(encoding="utf-8"))
    named = zip(parts[::2], parts[1::2], strict=True)
    return MappingProxyType({name: cast(LiteralString, text.strip()) for name, text in named})
