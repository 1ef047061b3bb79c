"""Tables that belong together, found in their names and references: what a person would call a domain of the application.

First by name: tables whose names begin with the same words are one domain; one that is too large is told apart by the next word.
Then by reference: what is left over goes to the domain that it is tied to most closely, where a table that everybody refers to ties
nobody closely. All of it in the order of names, so that the same schema gives the same picture.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from splitter.graph import Reference
from splitter.schema import TableName
from splitter.silos import Silo

SMALL = 3  # tables that make a domain by their name
LARGE = 32  # tables of which a domain is told apart, if their names allow it, and beyond which none is filled up by references

_WORD = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z\d]+|[^\W_A-Za-z]+")  # of snake_case, CamelCase and other alphabets
_NEARLY_ALL = 0.75  # of a domain's tables give it its name
ALONE = "others"  # the domain of tables that nothing ties to another one


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """``tables`` in the order of their names."""

    name: str
    silo: Silo
    tables: tuple[TableName, ...]


@dataclass(slots=True)
class _Cluster:
    """A domain in the making; a loose one was made by a name that too few share."""

    name: str
    tables: list[TableName]
    loose: bool = False


def find_domains(silo_of: Mapping[TableName, Silo], references: Sequence[Reference]) -> tuple[Group, ...]:
    """The domains of control, then those of the region, each in the order of their names. Every table is in exactly one."""
    ordered = sorted(silo_of)
    return tuple(
        Group(name=cluster.name, silo=silo, tables=tuple(sorted(cluster.tables)))
        for silo in Silo
        for cluster in _find_in([name for name in ordered if silo_of[name] is silo], references)
    )


def _find_in(names: Sequence[TableName], references: Sequence[Reference]) -> list[_Cluster]:
    inside = set(names)
    ties = _weigh((each.table, each.target) for each in references if each.table in inside and each.target in inside)
    clusters = _by_name([_Worded(name, *_words(name)) for name in names], 0)
    _attach(clusters, ties)
    kept = [cluster for cluster in clusters if cluster.tables]
    return sorted(kept, key=lambda cluster: (cluster.name == ALONE, cluster.name, cluster.tables))


# by name


class _Worded(NamedTuple):
    """A name and its words: ``keys`` in lower case and the singular, by which they are compared; ``words`` as they are spelled."""

    name: TableName
    keys: tuple[str, ...]
    words: tuple[str, ...]


def _words(name: TableName) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The schema first where it isn't public. A single letter is no word."""
    words = [word for word in _WORD.findall(name.name) if len(word) > 1] or [name.name]
    if name.schema != "public":
        words.insert(0, name.schema)
    return tuple(_singular(word.lower()) for word in words), tuple(words)


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _by_name(tables: Sequence[_Worded], depth: int) -> list[_Cluster]:
    """By the word at ``depth``. A word that is shared by too few makes a loose cluster."""
    buckets: dict[str, list[_Worded]] = {}
    for table in tables:
        buckets.setdefault(table.keys[depth] if depth < len(table.keys) else "", []).append(table)
    found: list[_Cluster] = []
    for bucket in buckets.values():
        found += _told_apart(bucket, depth) if len(bucket) > LARGE else [_cluster(bucket, depth)]
    return found


def _told_apart(bucket: Sequence[_Worded], depth: int) -> list[_Cluster]:
    """One by each next word that enough share; the rest stays together."""
    if all(len(table.keys) <= depth + 1 for table in bucket):
        return [_cluster(bucket, depth)]
    found = _by_name(bucket, depth + 1)
    apart = [cluster for cluster in found if not cluster.loose]
    rest = {name for cluster in found if cluster.loose for name in cluster.tables}
    return [*apart, _cluster([table for table in bucket if table.name in rest], depth)] if rest else apart


def _cluster(bucket: Sequence[_Worded], depth: int) -> _Cluster:
    return _Cluster(name=_name_of(bucket, depth), tables=[table.name for table in bucket], loose=len(bucket) < SMALL)


def _name_of(bucket: Sequence[_Worded], depth: int) -> str:
    """The words that nearly all begin with, in their usual spelling, at least those up to ``depth``; of one table, its name."""
    if len(bucket) == 1:
        return bucket[0].name.name
    chosen = list(bucket)
    said: list[str] = []
    while True:
        place = len(said)
        (key, count), *_ = Counter(table.keys[place : place + 1] for table in chosen).most_common(1)
        if not key or (place > depth and count < _NEARLY_ALL * len(bucket)):
            return " ".join(said) or bucket[0].name.name
        chosen = [table for table in chosen if table.keys[place : place + 1] == key]
        said.append(_usual(table.words[place] for table in chosen))


def _usual(words: Iterable[str]) -> str:
    counted = Counter(words)
    return min(counted, key=lambda word: (-counted[word], word != word.lower(), len(word), word), default="")


# by reference


def _weigh(pairs: Iterable[tuple[TableName, TableName]]) -> dict[TableName, dict[TableName, float]]:
    """How closely two tables are tied, either way: the fewer others refer to the same table, the more closely."""
    distinct = dict.fromkeys(pair for pair in pairs if pair[0] != pair[1])
    referring = Counter(target for _, target in distinct)
    ties: dict[TableName, dict[TableName, float]] = {}
    for table, target in distinct:
        weight = 1 / referring[target]
        for one, other in ((table, target), (target, table)):
            near = ties.setdefault(one, {})
            near[other] = near.get(other, 0.0) + weight
    return ties


def _attach(clusters: list[_Cluster], ties: Mapping[TableName, Mapping[TableName, float]]) -> None:
    """Every loose cluster to the one that it is tied to most closely; smallest first, so that they may grow together before."""
    home = {name: cluster for cluster in clusters for name in cluster.tables}
    around: dict[str, _Cluster] = {}
    loose = sorted((cluster for cluster in clusters if cluster.loose), key=lambda cluster: (len(cluster.tables), cluster.tables))
    nameless = [cluster for cluster in loose if len(cluster.tables) == 1]
    for cluster in loose:
        if len(cluster.tables) >= SMALL:  # grown by others that came to it
            continue
        pull = _pull(cluster, ties, home)
        target = next((other for other in pull if len(other.tables) + len(cluster.tables) <= LARGE), None)
        if target is None and pull:
            target = around.setdefault(pull[0].name, _Cluster(name=f"around {pull[0].name}", tables=[]))
        if target is None:
            target = around.setdefault(ALONE, _Cluster(name=ALONE, tables=[]))
        target.tables += cluster.tables
        home |= dict.fromkeys(cluster.tables, target)
        cluster.tables = []
    for cluster in nameless:
        if len(cluster.tables) > 1:
            cluster.name = _centre(cluster, ties)
    clusters += around.values()


def _centre(cluster: _Cluster, ties: Mapping[TableName, Mapping[TableName, float]]) -> str:
    """The table that is tied to most others: what references alone have brought together has no other name."""
    return min(cluster.tables, key=lambda name: (-len(ties.get(name, {})), name)).name


def _pull(cluster: _Cluster, ties: Mapping[TableName, Mapping[TableName, float]], home: Mapping[TableName, _Cluster]) -> list[_Cluster]:
    """The other clusters that it is tied to, closest first."""
    weights: dict[int, float] = {}
    found: dict[int, _Cluster] = {}
    for table in cluster.tables:
        for other, weight in ties.get(table, {}).items():
            target = home[other]
            if target is not cluster:
                found[id(target)] = target
                weights[id(target)] = weights.get(id(target), 0.0) + weight
    return [found[key] for key in sorted(found, key=lambda key: (-weights[key], found[key].tables))]
