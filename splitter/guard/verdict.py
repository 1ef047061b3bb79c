"""The rules: what of one statement crosses, where the code stands and after what its transaction has done."""

from __future__ import annotations

from collections.abc import Iterator

from splitter.guard.analysis import Analysis
from splitter.guard.assignments import Assigned
from splitter.guard.crossing import Crossing, Kind
from splitter.guard.modes import SiloMode, Standing
from splitter.guard.transactions import Transaction
from splitter.silos import Silo

_MONOLITH = (SiloMode.MONOLITH.value,)


def find_crossings(standing: Standing, analysis: Analysis, transaction: Transaction, autocommit: bool) -> Iterator[Crossing]:
    """The first is the one to raise. In MONOLITH mode: what no silo could run, whichever it is."""
    if transaction.began.mode is not SiloMode.MONOLITH and transaction.began != standing.ground:
        yield _crossing(Kind.OUTLIVED, standing, analysis, _subject(analysis), available=(transaction.began.mode.value,)).because_of(
            f"in a transaction that began in {transaction.began}"
        )
    if standing.mode not in analysis.allowed_in:
        yield _foreign(standing, analysis)
    elif standing.mode is SiloMode.MONOLITH and analysis.is_joint:
        control, region = analysis.in_silo(Silo.CONTROL), analysis.in_silo(Silo.REGION)
        yield _crossing(Kind.STATEMENT, standing, analysis, control[0], near=region, available=_modes_of(Silo.CONTROL))
    if not autocommit and (standing.mode.silo is not None or standing.beneath is None):
        yield from _both_written(standing, analysis, transaction)


def _foreign(standing: Standing, analysis: Analysis) -> Crossing:
    foreign = analysis.foreign_to(standing.mode)
    if not foreign:
        found = _crossing(Kind.UNREADABLE, standing, analysis, _subject(analysis), available=_MONOLITH)
        return found.because_of(f"nobody can tell what it touches: {analysis.unreadable}")
    table = foreign[0]
    near = tuple(each for each in analysis.tables if each not in foreign)
    if table.silo is None:
        return _crossing(Kind.UNASSIGNED, standing, analysis, table, near=near, available=_MONOLITH).because_of("it is in no silo")
    return _crossing(Kind.STATEMENT, standing, analysis, table, near=near, available=_modes_of(table.silo))


def _both_written(standing: Standing, analysis: Analysis, transaction: Transaction) -> Iterator[Crossing]:
    """Told when the second silo is first written to, not for each write that follows."""
    written = transaction.written
    for table in analysis.written:
        other = next((each for silo, each in written.items() if silo is not table.silo), None)
        if table.silo is not None and other is not None and table.silo not in written:
            found = _crossing(Kind.TRANSACTION, standing, analysis, table, near=(other,), available=_MONOLITH)
            yield found.because_of(f"in a transaction that has written to `{other.label}`, in the other silo")
            return


def _crossing(
    kind: Kind,
    standing: Standing,
    analysis: Analysis,
    subject: Assigned | None,
    *,
    near: tuple[Assigned, ...] = (),
    available: tuple[str, ...],
) -> Crossing:
    return Crossing(
        kind=kind,
        operation=analysis.operation,
        subject=subject.label if subject else "",
        is_model=subject is not None and subject.is_model,
        table=str(subject.table) if subject else "",
        near=tuple(str(table.table) for table in near),
        mode=standing.mode.value,
        region=standing.region,
        available=available,
        statement=analysis.statement,
    )


def _subject(analysis: Analysis) -> Assigned | None:
    return next(iter(analysis.tables), None)


def _modes_of(silo: Silo) -> tuple[str, ...]:
    return SiloMode.MONOLITH.value, silo.value.upper()
