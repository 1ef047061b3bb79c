"""The twins and the trigger that keeps them equal, in either direction."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from psycopg import sql

from splitter.dependents import WideColumn
from splitter.plans.foreign_keys import LOCK_BUDGET_MS, LOCK_TIMEOUT_MS, name_of, regclass, under_lock
from splitter.plans.widen_ids.component import Component
from splitter.plans.widen_ids.keys import written_by_actions
from splitter.plans.widen_ids.names import TRIGGER, Side, function_name, twin_name, twin_type, wanted
from splitter.schema import TableName
from splitter.steps import Action, Lock, Step

# Replaced in the swap: plans of old sessions are made anew, for the trigger follows the column's name.
_FUNCTION = """CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS {body}"""
_LEADS = """    IF TG_OP = 'UPDATE' AND NEW.{twin} IS DISTINCT FROM OLD.{twin} AND NEW.{live} IS NOT DISTINCT FROM OLD.{live} THEN
        NEW.{live} := NEW.{twin};
    ELSE
        NEW.{twin} := NEW.{live};
    END IF;"""
_FITS = "CASE WHEN NEW.{live} BETWEEN {least} AND {most} THEN NEW.{live} END"
_FITS_ALL = """CASE WHEN NOT EXISTS (SELECT FROM pg_catalog.unnest(NEW.{live}) AS e WHERE e NOT BETWEEN {least} AND {most})
        THEN NEW.{live}::pg_catalog.{type} END"""
_HAS_TRIGGER = """EXISTS (SELECT FROM pg_catalog.pg_trigger AS g
    WHERE g.tgrelid = pg_catalog.to_regclass({table}) AND g.tgname = {trigger})"""
_HAS_COLUMN = """EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = pg_catalog.to_regclass({table}) AND a.attname = {column} AND NOT a.attisdropped)"""
# 'replica' keeps the application's triggers from firing for an update that changes nothing of theirs; ours fires ALWAYS.
_BACKFILL = """UPDATE ONLY {table} SET {assignments}
WHERE ctid >= pg_catalog.current_setting('orglift.first_row')::pg_catalog.tid
  AND ctid < pg_catalog.current_setting('orglift.last_row')::pg_catalog.tid AND ({unequal})
  AND pg_catalog.hashtid(ctid) & 3 <= (SELECT pg_catalog.current_setting('orglift.round')::pg_catalog.int4)"""
_DISALLOWED = "SELECT {}, 'has a row that its check ' || {} || ' does not allow: ' || t.ctid::text FROM ONLY {} AS t WHERE NOT ({}) LIMIT 1"
_FIRING = """SELECT {shown}, 'has trigger ' || g.tgname || ', which the role ' || current_user || ' cannot keep from firing'
FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = pg_catalog.to_regclass({table}) AND NOT g.tgisinternal AND g.tgenabled <> 'D'
 AND g.tgtype & 16 <> 0 AND g.tgname <> {trigger}
 AND (g.tgenabled = 'A'
      OR (g.tgenabled = 'R') = pg_catalog.has_parameter_privilege('session_replication_role', 'SET'))"""


def render_function(component: Component, table: TableName, live: Side) -> sql.Composed:
    """``live``: the side whose column has the name, and which the other one follows."""
    written = written_by_actions(component, table) if live is Side.NARROW else frozenset()
    lines = [_leads(column) if column.name in written else _follows(column, live) for column in component.of(table)]
    body = sql.SQL("BEGIN\n{}\n    RETURN NEW;\nEND").format(sql.SQL("\n").join(lines)).as_string()
    return sql.SQL(_FUNCTION).format(name=function_name(table), body=sql.Literal(body))


def _leads(column: WideColumn) -> sql.Composed:
    """An action of a foreign key that is the twins' writes the twin alone."""
    return sql.SQL(_LEADS).format(live=sql.Identifier(column.name), twin=sql.Identifier(twin_name(column, Side.WIDE)))


def _follows(column: WideColumn, live: Side) -> sql.Composed:
    """What is too large for the narrow column is no reason to refuse a row: it is NULL there."""
    twin = sql.Identifier(twin_name(column, live.other))
    name = sql.Identifier(column.name)
    if live is Side.NARROW:
        return sql.SQL("    NEW.{} := NEW.{};").format(twin, name)
    values = {"live": name, "least": sql.Literal(-column.limit - 1), "most": sql.Literal(column.limit), "type": sql.SQL(_array(column))}
    fits = sql.SQL(_FITS_ALL if column.is_array else _FITS).format(**values)
    return sql.SQL("    NEW.{} := {};").format(twin, fits)


def _unequal(columns: Iterable[WideColumn]) -> sql.Composed:
    """Asked without the function: true as well for a value that is NULL in the narrow column. It goes by place, so it holds both ways."""
    pairs = [
        [as_wide(column, sql.SQL("NEW.{}").format(sql.Identifier(name))) for name in (twin_name(column, Side.WIDE), column.name)]
        for column in columns
    ]
    return sql.SQL(" OR ").join(sql.SQL("{} IS DISTINCT FROM {}").format(*pair) for pair in pairs)


def _array(column: WideColumn) -> str:
    return "int2[]" if column.type.startswith("smallint") else "int4[]"


def exchange_columns(component: Component, tables: Container[TableName], side: Side) -> Iterator[str]:
    """The columns of that side get the names, in those tables."""
    text = sql.SQL("ALTER TABLE {} RENAME COLUMN {} TO {}")
    for column in component.columns:
        if column.table in tables and not column.inherited:
            live, other, made = (sql.Identifier(name) for name in (column.name, twin_name(column, side.other), twin_name(column, side)))
            yield text.format(component.whole(column.table), live, other).as_string()
            yield text.format(component.whole(column.table), made, live).as_string()


def as_wide(column: WideColumn, value: sql.Composable) -> sql.Composable:
    """Integers compare across their types, arrays do not."""
    return sql.SQL("{}::pg_catalog.int8[]").format(value) if column.is_array else value


def has_column(table: TableName, column: str) -> sql.Composed:
    return sql.SQL(_HAS_COLUMN).format(table=regclass(table), column=sql.Literal(column))


def has_trigger(table: TableName) -> sql.Composed:
    return sql.SQL(_HAS_TRIGGER).format(table=regclass(table), trigger=sql.Literal(TRIGGER))


def twin_step(component: Component, tree: tuple[TableName, ...]) -> Step:
    """For a table with all that inherits from it: a function that fills a column which is not there yet would stop every writer."""
    top = tree[0]
    texts = [_add_columns(component, table) for table in reversed(tree)]
    texts += [_add_generated(component, column) for table in reversed(tree) for column in _own(component.generated(table))]
    texts += [_trigger(component, table) for table in tree if table in component.triggered]
    places = [regclass(table) for table in tree if table in component.holders]
    if places:
        texts.append(sql.SQL("DELETE FROM orglift.backfills WHERE place IN ({})").format(sql.SQL(", ").join(places)))
    shown = ", ".join(column.name for column in component.of(top))
    return Step(
        purpose=f"{top}: a wide twin of {shown}, which follows it from here on",
        sql=under_lock(component.schema, _locked(component, tree), Lock.ACCESS_EXCLUSIVE, sql.SQL(";\n").join(filter(None, texts))),
        lock=Lock.ACCESS_EXCLUSIVE,
        tables=tree,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=LOCK_BUDGET_MS,
        hazard=_twin_hazard(component, tree),
        undo=(_gone(component, tree),),
        precondition=wanted(component.of(top)[0], Side.WIDE, sql.SQL("NOT {}").format(has_trigger(top))),
    )


def _twin_hazard(component: Component, tree: tuple[TableName, ...]) -> str:
    stored = any(not column.virtual for table in tree for column in component.generated(table))
    moment = "while the table is rewritten, for its stored generated column" if stored else "for a moment"
    return f"readers and writers wait {moment}; COPY and INSERT without a list of columns see one more"


def _add_columns(component: Component, table: TableName) -> sql.Composable | None:
    """Children first: what is their own as well is joined by their parent's."""
    columns = _own(component.of(table))
    adds = [sql.SQL("ADD COLUMN {} {}").format(sql.Identifier(twin_name(c, Side.WIDE)), twin_type(c)) for c in columns]
    return sql.SQL("ALTER TABLE {} {}").format(component.whole(table), sql.SQL(", ").join(adds)) if adds else None


def _own(columns: Iterable[WideColumn]) -> list[WideColumn]:
    """Those that do not come and go with their parent's alone."""
    return [column for column in columns if column.local or not column.inherited]


def _add_generated(component: Component, column: WideColumn) -> sql.Composed:
    text = "ALTER TABLE {} ADD COLUMN {} {}{} GENERATED ALWAYS AS ({}) {}"
    return sql.SQL(text).format(
        component.whole(column.table),
        sql.Identifier(twin_name(column, Side.WIDE)),
        sql.SQL(column.wide_type),
        sql.SQL("" if column.collation is None else f" COLLATE {column.collation}"),
        component.twin_text(column.table, column.generated or "", Side.WIDE),
        sql.SQL("VIRTUAL" if column.virtual else "STORED"),
    )


def _trigger(component: Component, table: TableName) -> sql.Composed:
    return sql.SQL(
        "{function};\n"
        "CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW WHEN ({unequal}) EXECUTE FUNCTION {name}();\n"
        "ALTER TABLE {altered} ENABLE ALWAYS TRIGGER {trigger}"
    ).format(
        function=render_function(component, table, Side.NARROW),
        unequal=_unequal(component.of(table)),
        trigger=sql.Identifier(TRIGGER),
        table=name_of(table),
        name=function_name(table),
        altered=component.parts(table),
    )


def _locked(component: Component, tree: tuple[TableName, ...]) -> tuple[TableName, ...]:
    """A partitioned table's lock is its partitions' as well; that of a table with children is not theirs."""
    return tuple(table for table in tree if table in component.triggered)


def _gone(component: Component, tree: tuple[TableName, ...]) -> Step:
    top = tree[0]
    removal = render_removal(component, tree, Side.WIDE)
    return replace_undo(removal, tree, wanted(component.of(top)[0], Side.WIDE, has_trigger(top)))


def render_removal(component: Component, tree: tuple[TableName, ...], side: Side) -> str:
    """Triggers, functions and the twins of that side are gone; parents first, for what is inherited cannot go alone.

    What is generated goes before what it is generated from, in a child as well.
    """
    texts: list[sql.Composable] = []
    for table in tree:
        if table in component.triggered:
            parts = (sql.Identifier(TRIGGER), name_of(table), function_name(table))
            texts.append(sql.SQL("DROP TRIGGER {} ON {};\nDROP FUNCTION {}()").format(*parts))
    for columns in (_own(chosen(table)) for chosen in (component.generated, component.of) for table in tree):
        drops = [sql.SQL("DROP COLUMN {}").format(sql.Identifier(twin_name(column, side))) for column in columns]
        if drops:
            texts.append(sql.SQL("ALTER TABLE {} {}").format(component.whole(columns[0].table), sql.SQL(", ").join(drops)))
    return under_lock(component.schema, _locked(component, tree), Lock.ACCESS_EXCLUSIVE, sql.SQL(";\n").join(texts))


def replace_undo(statement: str, tree: tuple[TableName, ...], precondition: str) -> Step:
    return Step(
        purpose=f"{tree[0]}: no twins and no trigger",
        sql=statement,
        lock=Lock.ACCESS_EXCLUSIVE,
        tables=tree,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=LOCK_BUDGET_MS,
        hazard="readers and writers wait for a moment",
        undo=None,
        precondition=precondition,
    )


def backfill_step(component: Component, table: TableName) -> Step:
    columns = component.of(table)
    pairs = [(sql.Identifier(twin_name(column, Side.WIDE)), as_wide(column, sql.Identifier(column.name))) for column in columns]
    statement = sql.SQL(_BACKFILL).format(
        table=name_of(table),
        assignments=sql.SQL(", ").join(sql.SQL("{} = {}").format(*pair) for pair in pairs),
        unequal=sql.SQL(" OR ").join(sql.SQL("{} IS DISTINCT FROM {}").format(*pair) for pair in pairs),
    )
    return Step(
        purpose=f"{table}: the twins of the rows that were there",
        sql=statement.as_string(),
        lock=Lock.ROW_EXCLUSIVE,
        tables=(table,),
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=0,
        action=Action.BACKFILL,
        hazard="writes every row once: WAL, and room for as many row versions until they are vacuumed",
        undo=(),
        precondition=wanted(columns[0], Side.WIDE, sql.SQL("true")),
    )


def audit_checks(component: Component, table: TableName) -> Iterator[Step]:
    """Rows that a check was never proved for cannot be written once more, not even without a change."""
    for check in component.schema.tables[table].checks:
        if not check.enforced or check.validated:
            continue
        query = sql.SQL(_DISALLOWED)
        text = query.format(sql.Literal(str(table)), sql.Literal(check.name), name_of(table), sql.SQL(check.expression))
        yield _audit(
            f"{table}: every row may be written as it is, check {check.name}",
            text.as_string(),
            "mend the rows, or drop the check and make it again after the plan",
            wanted(component.of(table)[0], Side.WIDE, sql.SQL("true")),
        )


def audit_triggers(component: Component, table: TableName) -> Step:
    """The application's own triggers would fire for every row of the backfill."""
    text = sql.SQL(_FIRING).format(shown=sql.Literal(str(table)), table=regclass(table), trigger=sql.Literal(TRIGGER))
    return _audit(
        f"{table}: no trigger of the application fires for the backfill",
        text.as_string(),
        "GRANT SET ON PARAMETER session_replication_role to the role; an ENABLE ALWAYS trigger: DISABLE it for the backfill",
        wanted(component.of(table)[0], Side.WIDE, sql.SQL("true")),
    )


def _audit(purpose: str, text: str, remedy: str, precondition: str) -> Step:
    return Step(
        purpose=purpose,
        sql=text,
        lock=Lock.ACCESS_SHARE,
        lock_timeout_ms=LOCK_TIMEOUT_MS,
        statement_timeout_ms=0,
        action=Action.AUDIT,
        remedy=remedy,
        undo=(),
        precondition=precondition,
    )
