"""The sequence of an id on its way: it follows the column that has the name, and stays within what both columns hold until it is opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from psycopg import sql

from splitter.dependents import SequenceFacts, WideColumn
from splitter.plans.foreign_keys import LOCK_BUDGET_MS, LOCK_TIMEOUT_MS, name_of, regclass
from splitter.plans.widen_ids.component import Component
from splitter.plans.widen_ids.names import Side, twin_name, wanted
from splitter.steps import Action, Lock, Stage, Step

_LIMITS = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
# An identity's sequence cannot change hands: it is made anew where the old one stood. ALTER SEQUENCE keeps nextval out until the end.
_IDENTITY = """DECLARE
    stood record;
BEGIN
    ALTER SEQUENCE {sequence} CACHE {cache};
    SELECT s.last_value, s.is_called INTO STRICT stood FROM {sequence} AS s;
    ALTER TABLE {table} ALTER COLUMN {live} DROP IDENTITY;{between}
    ALTER TABLE {table} ALTER COLUMN {twin} ADD GENERATED {how} AS IDENTITY (SEQUENCE NAME {sequence} START WITH {start}
        INCREMENT BY {increment} MINVALUE {minimum} MAXVALUE {maximum} CACHE {cache} {cycle});
    PERFORM pg_catalog.setval({name}::pg_catalog.regclass, stood.last_value, stood.is_called);
END"""
_IS_CLOSED = """SELECT EXISTS (SELECT FROM pg_catalog.pg_sequence AS s WHERE s.seqrelid = pg_catalog.to_regclass({name})
    AND (s.seqtypid <> 'bigint'::pg_catalog.regtype OR s.seqmax <> {maximum} OR s.seqmin <> {minimum}))"""
_IS_OPEN = """SELECT EXISTS (SELECT FROM pg_catalog.pg_sequence AS s WHERE s.seqrelid = pg_catalog.to_regclass({name})
    AND (s.seqtypid <> {type}::pg_catalog.regtype OR s.seqmax <> {maximum} OR s.seqmin <> {minimum}))"""
_TOO_FAR = """SELECT {shown}, 'stands at ' || s.last_value || ', which a narrow column does not hold'
FROM {sequence} AS s WHERE s.last_value > {most}"""
_TOO_LARGE = """(SELECT {shown}, {column} || ' is ' || t.{live}::text || ', which no narrow column holds' FROM ONLY {table} AS t
    WHERE {unfit} LIMIT 5)"""
REMEDY = "the plan stays as it is: `splitter apply` goes forward; what is too large for the narrow column has to go before it can come back"


def fed(component: Component) -> Iterator[tuple[WideColumn, SequenceFacts]]:
    """Each sequence once, with the column that it belongs to, if it does to one."""
    seen = set()
    for column in sorted(component.columns, key=lambda column: column.sequence is None or not column.sequence.owned):
        if column.sequence is not None and column.sequence.name not in seen:
            seen.add(column.sequence.name)
            yield column, column.sequence


def closed_range(column: WideColumn, known: SequenceFacts) -> tuple[int, int]:
    """Its limits while the narrow column has to follow; those that it has where they are narrower, or where it is beyond them already."""
    if known.last > column.limit or known.start > column.limit:
        return known.minimum, known.maximum
    return max(known.minimum, -column.limit - 1), min(known.maximum, column.limit)


def open_range(known: SequenceFacts) -> tuple[int, int]:
    """What AS bigint makes of it: limits that are its type's become bigint's, others stay."""
    top, wide = _LIMITS[known.type], _LIMITS["bigint"]
    return -wide - 1 if known.minimum == -top - 1 else known.minimum, wide if known.maximum == top else known.maximum


def identity_text(component: Component, column: WideColumn, side: Side, between: Iterable[str] = ()) -> str:
    """The identity moves to the twin of that side; NOT NULL stands already, or is set by ``between``."""
    known = column.sequence
    assert known is not None
    minimum, maximum = closed_range(column, known) if side is Side.WIDE else (known.minimum, known.maximum)
    body = sql.SQL(_IDENTITY).format(
        sequence=name_of(known.name),
        name=regclass(known.name),
        table=component.parts(column.table),
        between=sql.SQL("".join(f"\n    {text};" for text in between)),
        live=sql.Identifier(column.name),
        twin=sql.Identifier(twin_name(column, side)),
        how=sql.SQL("ALWAYS" if column.identity == "a" else "BY DEFAULT"),
        start=sql.Literal(known.start),
        increment=sql.Literal(known.increment),
        minimum=sql.Literal(minimum),
        maximum=sql.Literal(maximum),
        cache=sql.Literal(known.cache),
        cycle=sql.SQL("CYCLE" if known.cycle else "NO CYCLE"),
    )
    return "\n".join([sql.SQL("DO {}").format(sql.Literal(body.as_string())).as_string() + ";", *(f"{text};" for text in known.after)])


def sequence_texts(column: WideColumn, known: SequenceFacts, side: Side) -> Iterator[str]:
    """A sequence of its own: within both columns' range, or as it was; and owned by the column that has the name by then."""
    closed, free = closed_range(column, known), (known.minimum, known.maximum)
    minimum, maximum = closed if side is Side.WIDE else free
    parts: list[sql.Composable] = []
    if closed != free:
        parts.append(sql.SQL(" MINVALUE {} MAXVALUE {}").format(sql.Literal(minimum), sql.Literal(maximum)))
    if known.owned:
        parts.append(sql.SQL(" OWNED BY {}.{}").format(name_of(column.table), sql.Identifier(column.name)))
    if parts:
        yield sql.SQL("ALTER SEQUENCE {}{}").format(name_of(known.name), sql.SQL("").join(parts)).as_string()


def open_steps(component: Component) -> Iterator[Step]:
    """The point of no return: ids grow beyond what the narrow columns hold."""
    audits = tuple(audit_values(component))
    for column, known in fed(component):
        minimum, maximum = open_range(known)
        statement = sql.SQL("ALTER SEQUENCE {} AS bigint MINVALUE {} MAXVALUE {}").format(
            name_of(known.name), sql.Literal(minimum), sql.Literal(maximum)
        )
        closed = sql.SQL(_IS_CLOSED).format(name=regclass(known.name), minimum=sql.Literal(minimum), maximum=sql.Literal(maximum))
        yield _sequence_step(
            f"sequence {known.name} gives ids that only bigint holds: from the first of them on there is no way back",
            known,
            statement,
            closed,
            (*audits, _audit_sequence(column, known), _close(column, known)),
        )


def _close(column: WideColumn, known: SequenceFacts) -> Step:
    kind = "bigint" if column.identity else known.type
    minimum, maximum = closed_range(column, known)
    statement = sql.SQL("ALTER SEQUENCE {} AS {} MINVALUE {} MAXVALUE {}").format(
        name_of(known.name), sql.SQL(kind), sql.Literal(minimum), sql.Literal(maximum)
    )
    is_open = sql.SQL(_IS_OPEN).format(
        name=regclass(known.name), type=sql.Literal(kind), minimum=sql.Literal(minimum), maximum=sql.Literal(maximum)
    )
    return _sequence_step(f"sequence {known.name} stays within the narrow column's range", known, statement, is_open, None)


def _sequence_step(
    purpose: str, known: SequenceFacts, statement: sql.Composed, precondition: sql.Composed, undo: tuple[Step, ...] | None
) -> Step:
    return Step(
        purpose=purpose,
        sql=statement.as_string(),
        lock=Lock.SHARE_ROW_EXCLUSIVE,
        tables=(known.name,),
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=LOCK_BUDGET_MS,
        stage=Stage.COMMIT,
        hazard="waits for transactions that have taken an id; who wants one waits behind it",
        undo=undo,
        precondition=precondition.as_string(),
    )


def _audit_sequence(column: WideColumn, known: SequenceFacts) -> Step:
    text = sql.SQL(_TOO_FAR).format(shown=sql.Literal(str(known.name)), sequence=name_of(known.name), most=sql.Literal(column.limit))
    there = sql.SQL("SELECT pg_catalog.to_regclass({}) IS NOT NULL").format(regclass(known.name)).as_string()
    return _audit(f"sequence {known.name} stands within the narrow column's range", text.as_string(), there)


def audit_values(component: Component) -> Iterator[Step]:
    """Every value of the wide columns fits the narrow ones; reads the tables."""
    for table in component.holders:
        parts = [_unfit(column) for column in component.of(table)]
        text = sql.SQL("\nUNION ALL\n").join(parts).as_string()
        precondition = wanted(component.of(table)[0], Side.NARROW, sql.SQL("true"))
        yield _audit(f"{table}: every id fits the narrow column", text, precondition)


def _unfit(column: WideColumn) -> sql.Composed:
    live = sql.Identifier(column.name)
    range_ = {"live": live, "least": sql.Literal(-column.limit - 1), "most": sql.Literal(column.limit)}
    one = "t.{live} NOT BETWEEN {least} AND {most}"
    many = "EXISTS (SELECT FROM pg_catalog.unnest(t.{live}) AS e WHERE e NOT BETWEEN {least} AND {most})"
    return sql.SQL(_TOO_LARGE).format(
        shown=sql.Literal(str(column.table)),
        column=sql.Literal(column.name),
        live=live,
        table=name_of(column.table),
        unfit=sql.SQL(many if column.is_array else one).format(**range_),
    )


def _audit(purpose: str, text: str, precondition: str) -> Step:
    return Step(
        purpose=purpose,
        sql=text,
        lock=Lock.ACCESS_SHARE,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=0,
        action=Action.AUDIT,
        remedy=REMEDY,
        undo=None,
        precondition=precondition,
    )
