"""What of the models themselves crosses: foreign keys, and relationships. Neither can be there once the silos are two databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ForeignKey, MetaData, Table
from sqlalchemy.exc import NoReferencedColumnError, NoReferencedTableError
from sqlalchemy.orm import Mapper, RelationshipProperty

from splitter.guard.assignments import Assigned, Assignments, name_of
from splitter.guard.crossing import Crossing, Kind
from splitter.guard.modes import SiloMode

_BOTH = (SiloMode.MONOLITH.value,)


def find_model_crossings(assignments: Assignments, mode: SiloMode) -> tuple[Crossing, ...]:
    """Every foreign key of the tables that are known, and every relationship of the models, that leads into the other silo."""
    keys = (found for metadata in assignments.metadata for found in _foreign_keys(metadata, assignments, mode))
    ties = (tie for mapper in assignments.mappers for tie in crossing_relationships(mapper, assignments))
    found = {*keys, *(relationship_crossing(tie, assignments, mode, "relationship") for tie in ties)}
    return tuple(sorted(found, key=lambda each: (each.kind.value, each.subject)))


def crossing_relationships(mapper: Mapper[Any], assignments: Assignments) -> tuple[RelationshipProperty[Any], ...]:
    """The relationships of a mapper whose far side, or whose table between, is in another silo than the mapper's."""
    near = assignments.silo_of_mapper(mapper)
    if near is None:
        return ()
    ties = ((tie, [far.silo for far in _far_sides(tie, assignments) if far is not None]) for tie in mapper.relationships)
    return tuple(tie for tie, silos in ties if any(silo not in (None, near) for silo in silos))


def relationship_crossing(tie: RelationshipProperty[Any], assignments: Assignments, mode: SiloMode, operation: str) -> Crossing:
    """The crossing that is a relationship. ``operation``: what is done with it."""
    return Crossing(
        kind=Kind.RELATIONSHIP,
        operation=operation,
        subject=f"{tie.parent.class_.__name__}.{tie.key}",
        table=str(name_of(tie.parent.local_table)) if isinstance(tie.parent.local_table, Table) else "",
        near=tuple(dict.fromkeys(str(far.table) for far in _far_sides(tie, assignments) if far is not None)),
        mode=mode.value,
        available=_BOTH,
    )


def _far_sides(tie: RelationshipProperty[Any], assignments: Assignments) -> Iterator[Assigned | None]:
    yield _assigned(tie.mapper.local_table, assignments)
    yield _assigned(tie.secondary, assignments)


def _assigned(table: Any, assignments: Assignments) -> Assigned | None:
    return assignments.of_construct(table) if isinstance(table, Table) else None


def _foreign_keys(metadata: MetaData, assignments: Assignments, mode: SiloMode) -> Iterator[Crossing]:
    for table in metadata.tables.values():
        near = assignments.of_construct(table)
        for key in table.foreign_key_constraints:
            far = _target(key.elements[0])
            if near and far is not None and (other := assignments.of_construct(far)) and _differ(near, other):
                columns = ", ".join(column.name for column in key.columns)
                targets = ", ".join(element.target_fullname.rpartition(".")[2] for element in key.elements)
                yield Crossing(
                    kind=Kind.FOREIGN_KEY,
                    operation="ForeignKey",
                    subject=f"{near.table}.{columns} -> {other.table}.{targets}",
                    table=str(near.table),
                    near=(str(other.table),),
                    mode=mode.value,
                    available=_BOTH,
                )


def _target(key: ForeignKey) -> Table | None:
    """None: the table that it names is not among the models."""
    try:
        return key.column.table
    except (NoReferencedTableError, NoReferencedColumnError):
        return None


def _differ(one: Assigned, other: Assigned) -> bool:
    return None not in (one.silo, other.silo) and one.silo is not other.silo
