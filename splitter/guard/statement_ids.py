"""What makes two texts the same statement: all but constants, placeholders, spaces, comments and the lengths of lists.

Not libpg_query's own fingerprint, which leaves out digits of names too: ``order_1`` and ``order_2`` would be one table.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache

import pgparse

from splitter.guard.sql_files import find_tokens

_REMEMBERED = 4096  # texts: in a log most come again at once
_NUMBER = re.compile(r"(?<![\w$])\d[\w.]*")
_PARAMETER = re.compile(r"\$\d+")
_LIST = re.compile(r"\(\s*\$(?:\s*,\s*\$)*\s*\)")
_ROWS = re.compile(r"\(\$\)(?:\s*,\s*\(\$\))+")


def mask(sql: str) -> str:
    """The text with placeholders for its constants and without its comments, whether it can be read or not."""
    try:
        plain = str(pgparse.normalize(sql))
    except (pgparse.PGQueryError, UnicodeError):
        plain = sql
    return "".join(_masked(plain))


def _masked(sql: str) -> Iterator[str]:
    """What libpg_query leaves in: most utility statements, and all that it cannot read."""
    done = 0
    for kind, begin, end in find_tokens(sql):
        yield _NUMBER.sub("$1", sql[done:begin])
        is_value = kind == "quoted" and sql[begin] != '"'
        yield "$1" if is_value else " " if kind == "comment" else sql[begin:end]
        done = end
    yield _NUMBER.sub("$1", sql[done:])


@lru_cache(maxsize=_REMEMBERED)
def statement_id(sql: str) -> str:
    """16 hexadecimal digits, the same for the same statement."""
    plain = _PARAMETER.sub("$", _squeeze(mask(sql)))
    return _hash(_ROWS.sub("($)", _LIST.sub("($)", plain)))


def text_id(sql: str) -> str:
    """The same, where constants matter: for what they decide what a statement does."""
    return _hash(_squeeze(sql))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _squeeze(sql: str) -> str:
    """Without comments, and one space wherever there are some, save inside of quotes."""
    return "".join(_pieces(sql)).strip().rstrip(";").rstrip()


def _pieces(sql: str) -> Iterator[str]:
    done = 0
    for kind, begin, end in find_tokens(sql):
        yield re.sub(r"\s+", " ", sql[done:begin])
        yield " " if kind == "comment" else sql[begin:end]
        done = end
    yield re.sub(r"\s+", " ", sql[done:])
