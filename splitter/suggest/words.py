"""Names of tables and columns as words, so that ``JobRun``, ``job_runs`` and the ``jobRun`` of ``jobRunId`` meet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TypeAlias

Words: TypeAlias = tuple[str, ...]

# A lower-case letter before an upper-case one, the last capital of an acronym, and everything that is neither letter nor digit.
_BORDER = re.compile(r"(?<=[^\W_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")
_IRREGULAR = {"people": "person", "children": "child", "men": "man", "women": "woman", "media": "medium", "criteria": "criterion"}
_MARKS = ("id", "uuid", "guid", "uid", "fk")
_MARKS_OF_MANY = ("ids", "uuids", "guids", "uids")
_VERSION = re.compile(r"v\d+")


@cache
def split_words(name: str) -> Words:
    """The words of a name, folded: ``APIToken`` gives api, token; ``v1_task`` gives v1, task."""
    return tuple(part.casefold() for part in _BORDER.split(name) if part)


def singulars(word: str) -> Iterator[str]:
    """The word and what it may be the plural of; not all of them are words, and that does no harm: both sides of a comparison have them."""
    yield word
    if word in _IRREGULAR:
        yield _IRREGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        yield word[:-3] + "y"
    if word.endswith("es") and len(word) > 4:
        yield word[:-2]
    if word.endswith("s") and not word.endswith("ss") and len(word) > 2:
        yield word[:-1]


@cache
def spellings(words: Words) -> frozenset[str]:
    """What two names have in common that differ in number and in where words are parted; empty for no words."""
    return frozenset("".join((*words[:-1], last)) for last in singulars(words[-1])) if words else frozenset()


def stem_of(column: str) -> Words | None:
    """The words before ``_id``, ``Id``, ``_uuid`` and the like: of what the column may hold the id. None: it isn't named as an id."""
    return _without_mark(split_words(column), _MARKS)


def stem_of_many(column: str) -> Words | None:
    """The same of ``_ids``, ``Ids``, ``_uuids``: what an array is named."""
    return _without_mark(split_words(column), _MARKS_OF_MANY)


def _without_mark(words: Words, marks: Iterable[str]) -> Words | None:
    return words[:-1] if len(words) > 1 and words[-1] in marks else None


def is_uuid_name(column: str) -> bool:
    """Whether the name, of one or of many, ends with what uuids alone are named by."""
    return split_words(column)[-1:] in {("uuid",), ("guid",), ("uuids",), ("guids",)}


def is_id_name(column: str) -> bool:
    """Whether the name is, or ends with, one of the marks of an id."""
    return split_words(column)[-1:] in {(mark,) for mark in (*_MARKS, *_MARKS_OF_MANY)}


def without_version(words: Words) -> Words:
    """``v1_task`` is a task too."""
    return words[1:] if len(words) > 1 and _VERSION.fullmatch(words[0]) else words
