"""What silos.toml itself calls undecided: `splitter suggest` wrote it there, and `splitter check` tells it until somebody decides."""

from __future__ import annotations

from collections.abc import Iterator

from splitter.errors import Problem
from splitter.silos import Export, Silo, SiloMap, SoftReference, SoftTarget, TableRules, Undecided
from splitter.silos_rules import same_place

UNDECIDED = "undecided"
_REFERENCE = (
    "if it holds ids, declare it in [[references]] and remove this entry; "
    'if not, keep the entry and say why in [[accept]] with code = "undecided" and this object'
)


def find_undecided(silos: SiloMap) -> tuple[Problem, ...]:
    """One finding for each ``[[undecided]]`` entry; ``object`` is the table, or the place as references spell it."""
    return tuple(_find(silos))


def _find(silos: SiloMap) -> Iterator[Problem]:
    for undecided in silos.undecided:
        answer = _answer(silos, undecided)
        if answer is not None:
            yield Problem(code=UNDECIDED, object=str(undecided), found=f"is decided: {answer}", remedy="remove the entry in [[undecided]]")
        else:
            yield _problem(undecided)


def _problem(undecided: Undecided) -> Problem:
    if not undecided.columns:
        return Problem(code=UNDECIDED, object=str(undecided), found=undecided.evidence, remedy=_of_table(undecided))
    targets = ", ".join(map(str, undecided.targets))
    whose = f"may hold {targets}: " if targets else ""
    return Problem(code=UNDECIDED, object=str(undecided), found=whose + undecided.evidence, remedy=_REFERENCE)


def find_open(silos: SiloMap) -> tuple[tuple[Undecided, Problem], ...]:
    """The entries that nobody has answered or accepted: a guess that nobody confirmed must not decide about rows or ids."""
    accepted = {each.object for each in silos.accepted if each.code == UNDECIDED}
    open_ = (each for each in silos.undecided if _answer(silos, each) is None and str(each) not in accepted)
    return tuple((each, _problem(each)) for each in open_)


def _of_table(undecided: Undecided) -> str:
    choices = "; or ".join(undecided.choices) or f"add it to control.tables, or give [tables.{undecided.table}] an export"
    return f"{choices}; then remove the entry in [[undecided]]"


def _answer(silos: SiloMap, undecided: Undecided) -> str | None:
    """What the file says of it elsewhere."""
    if undecided.columns:
        asked = as_reference(undecided)
        same = (declared for declared in silos.references if declared.table == asked.table and same_place(declared, asked))
        found = next(same, None)
        return None if found is None else f"[[references]] has {found}"
    if silos.silo_of(undecided.table) is Silo.CONTROL:
        return "control.tables names it"
    rules = silos.tables.get(undecided.table) or TableRules(table=undecided.table)
    decided = rules.export is not Export.ROWS or rules.shared_where is not None
    return f"[tables.{undecided.table}] says what becomes of its rows" if decided else None


def as_reference(undecided: Undecided, targets: tuple[SoftTarget, ...] = ()) -> SoftReference:
    """The reference that an undecided place would be."""
    return SoftReference(
        table=undecided.table,
        columns=undecided.columns,
        targets=targets,
        type_column=undecided.type_column,
        json=undecided.json,
        path=undecided.path,
        type_path=undecided.type_path,
        keys=undecided.keys,
    )
