"""Domains over ids: a wide one is made beside each, the twins have it, and in the swap the two change their names.

PostgreSQL rewrites a table that gets a column of a domain with constraints, and takes a domain's default for every row. So the wide one
gets both later: its checks before the swap, NOT NULL and what else refuses NULL in it, for until then the application's rows say nothing
of the twins. Whichever domain has not got the name has neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from psycopg import sql

from splitter.dependents import DomainCheck, DomainFacts
from splitter.domain_texts import rename_types
from splitter.plans.foreign_keys import LOCK_BUDGET_MS, LOCK_TIMEOUT_MS, name_of, regclass, under_lock
from splitter.plans.widen_ids.component import Component
from splitter.plans.widen_ids.names import Side, domain_temporary, wanted
from splitter.plans.widen_ids.step_maker import StepMaker, negated
from splitter.schema import TableName
from splitter.steps import Action, Lock, Stage, Step

NAMED_NOT_NULL = 170000  # from here on a domain's NOT NULL is a constraint with a name
_THERE = "pg_catalog.to_regtype({name}) IS NOT NULL"
_CONSTRAINT = """EXISTS (SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.contypid = pg_catalog.to_regtype({name}) AND k.conname = ANY ({names}){more})"""

_STRANGERS = """SELECT pg_catalog.pg_describe_object(u.classid, u.objid, u.objsubid),
       'has ' || u.refobjid::pg_catalog.regtype::text || ' since the swap'
  FROM pg_catalog.pg_depend AS u
 WHERE u.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND u.refobjid IN (
       SELECT x.oid FROM (VALUES {domains}) AS w (name) JOIN pg_catalog.pg_type AS t ON t.oid = pg_catalog.to_regtype(w.name)
        CROSS JOIN LATERAL (VALUES (t.oid), (t.typarray)) AS x (oid))
   AND (EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = u.objsubid
                 WHERE u.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = u.objid AND c.relkind NOT IN ('v', 'm')
                   AND NOT EXISTS (SELECT FROM (VALUES {columns}) AS w (name, col)
                                    WHERE pg_catalog.to_regclass(w.name) = c.oid AND w.col = a.attname))
        OR EXISTS (SELECT FROM pg_catalog.pg_proc AS p WHERE u.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = u.objid
                      AND u.refobjid = ANY (coalesce(p.proallargtypes, p.proargtypes::oid[]) || p.prorettype)))"""
_STRANGERS_REMEDY = "drop it, or give it another type, and make it again after the undo"


def audit_domains(component: Component) -> Iterator[Step]:
    """The way back leaves the wide domains to nobody."""
    if component.domains:
        domains = sql.SQL(", ").join(sql.SQL("({})").format(regclass(domain.name)) for domain in component.domains)
        columns = [sql.SQL("({}, {})").format(regclass(column.table), sql.Literal(column.name)) for column in component.columns]
        yield Step(
            purpose=f"{', '.join(str(domain.name) for domain in component.domains)}: no column and no routine that has it since the swap",
            sql=sql.SQL(_STRANGERS).format(domains=domains, columns=sql.SQL(", ").join(columns)).as_string(),
            lock=Lock.NONE,
            lock_timeout_ms=LOCK_TIMEOUT_MS,
            statement_timeout_ms=60_000,
            action=Action.AUDIT,
            remedy=_STRANGERS_REMEDY,
            undo=None,
            precondition=wanted(next(column for column in component.columns if column.domain is not None), Side.NARROW, sql.SQL("true")),
        )


def proved_under_lock(domain: DomainFacts) -> int:
    """How often its tables are read while writers wait, in one step: once for each check before the swap, and for all the rest in it."""
    return max(_proved_in_swap(domain), int(any(check.validated and not check.needs_value for check in domain.checks)))


def exchange_names(component: Component, side: Side) -> Iterator[str]:
    """The domains of that side get the names."""
    text = sql.SQL("ALTER DOMAIN {} RENAME TO {}")
    for domain in component.domains:
        other, made = (domain_temporary(domain.name, each) for each in (side.other, side))
        yield text.format(name_of(domain.name), sql.Identifier(other.name)).as_string()
        yield text.format(name_of(made), sql.Identifier(domain.name.name)).as_string()


def refuses_null(domain: DomainFacts) -> bool:
    """Whether the swap reads its tables."""
    return _proved_in_swap(domain) > 0


def _proved_in_swap(domain: DomainFacts) -> int:
    return domain.not_null + sum(check.needs_value and check.validated for check in domain.checks)


class Domains(StepMaker):
    """The domains of the twins of one side."""

    def create(self) -> Iterator[Step]:
        for domain in self.component.domains:
            there = self._exists(domain)
            gone = self._step(domain, "no wide one", self._drop(domain), there, None)
            text = sql.SQL(";\n").join(self._create(domain))
            yield self._step(domain, "a wide one, without its constraints", text, negated(there), (gone,))

    def prove(self) -> Iterator[Step]:
        """Its checks, but for those that refuse NULL."""
        for domain in self.component.domains:
            checks = [check for check in domain.checks if not check.needs_value]
            if not checks:
                continue
            there = self._has(domain, [check.name for check in checks])
            drops = [self._alter(domain, "DROP CONSTRAINT IF EXISTS {}", sql.Identifier(check.name)) for check in checks]
            gone = self._step(domain, f"no checks of the {self.side.value} one", _joined(drops), there, None)
            adds = [text for check in checks for text in self._add(domain, check, " NOT VALID")]
            shown = f"the checks of the {self.side.value} one, not yet proved"
            yield self._step(domain, shown, _joined(adds), negated(there), (gone,))
            yield from (self._validate(domain, check) for check in checks if check.validated)

    def clear(self) -> Iterator[Step]:
        """Nothing is left of ``prove``."""
        for domain in self.component.domains:
            names = [check.name for check in domain.checks if not check.needs_value]
            if names:
                shown = "nothing left of an undo that was begun"
                drops = [self._alter(domain, "DROP CONSTRAINT IF EXISTS {}", sql.Identifier(name)) for name in names]
                yield self._step(domain, shown, _joined(drops), self._has(domain, names), ())

    def finish(self) -> Iterator[Step]:
        for domain in reversed(self.component.domains):
            step = self._step(domain, "the narrow one is gone, for good", self._drop(domain), self._exists(domain), None)
            yield replace(step, stage=Stage.FINISH)

    def exchange(self) -> Iterator[str]:
        """In the swap, before anything takes the name of the domain into its text."""
        yield from exchange_names(self.component, self.side)
        for domain in self.component.domains:
            other = domain_temporary(domain.name, self.side.other)
            texts: list[sql.Composable] = [sql.SQL("DROP CONSTRAINT {}").format(sql.Identifier(check.name)) for check in domain.checks]
            texts += [sql.SQL("DROP NOT NULL")] if domain.not_null else []
            if domain.default is not None:
                texts.append(sql.SQL("DROP DEFAULT"))
                default = sql.SQL("SET DEFAULT {}").format(sql.SQL(domain.default))
                yield sql.SQL("ALTER DOMAIN {} {}").format(name_of(domain.name), default).as_string()
            yield from (sql.SQL("ALTER DOMAIN {} {}").format(name_of(other), text).as_string() for text in texts)

    def close(self) -> Iterator[str]:
        """In the swap, as soon as the columns have their names: what refuses NULL; reads the tables."""
        for domain in self.component.domains:
            for check in domain.checks:
                if check.needs_value:
                    for text in _add_check(domain.name, check, check.expression, "" if check.validated else " NOT VALID"):
                        yield text.as_string()
            if domain.not_null:
                yield from self._not_null(domain)

    # the statements

    def _name(self, domain: DomainFacts) -> TableName:
        return domain_temporary(domain.name, self.side)

    def _create(self, domain: DomainFacts) -> Iterator[sql.Composed]:
        name = name_of(self._name(domain))
        base = sql.SQL("bigint") if domain.base is None else name_of(domain_temporary(domain.base, self.side))
        yield sql.SQL("CREATE DOMAIN {} AS {}").format(name, base)
        if domain.granted is not None:
            yield sql.SQL("REVOKE ALL ON DOMAIN {} FROM PUBLIC").format(name)
        yield sql.SQL("ALTER DOMAIN {} OWNER TO {}").format(name, sql.Identifier(domain.owner))
        if domain.granted is not None:
            yield sql.SQL("REVOKE ALL ON DOMAIN {} FROM {}").format(name, sql.Identifier(domain.owner))
            yield from (sql.SQL("GRANT USAGE ON DOMAIN {} TO {}").format(name, sql.SQL(who)) for who in domain.granted)
        if domain.comment is not None:
            yield sql.SQL("COMMENT ON DOMAIN {} IS {}").format(name, sql.Literal(domain.comment))

    def _drop(self, domain: DomainFacts) -> sql.Composed:
        return sql.SQL("DROP DOMAIN {}").format(name_of(self._name(domain)))

    def _alter(self, domain: DomainFacts, text: str, *parts: sql.Composable) -> sql.Composed:
        return sql.SQL("ALTER DOMAIN {} {}").format(name_of(self._name(domain)), sql.SQL(text).format(*parts))

    def _add(self, domain: DomainFacts, check: DomainCheck, tail: str) -> Iterator[sql.Composed]:
        types = {other.name: domain_temporary(other.name, self.side).name for other in self.component.domains}
        return _add_check(self._name(domain), check, rename_types(check.expression, types), tail)

    def _not_null(self, domain: DomainFacts) -> Iterator[str]:
        name = name_of(domain.name)
        if self.schema.server_version < NAMED_NOT_NULL:
            yield sql.SQL("ALTER DOMAIN {} SET NOT NULL").format(name).as_string()
            return
        constraint = sql.Identifier(domain.not_null_name or "")
        yield sql.SQL("ALTER DOMAIN {} ADD CONSTRAINT {} NOT NULL").format(name, constraint).as_string()
        if domain.not_null_comment is not None:
            text = sql.SQL("COMMENT ON CONSTRAINT {} ON DOMAIN {} IS {}")
            yield text.format(constraint, name, sql.Literal(domain.not_null_comment)).as_string()

    # the steps, and what tells that they are wanted

    def _wanted(self, domain: DomainFacts, condition: sql.Composable) -> str:
        """Its columns tell on which side of the swap it is: others may be in another part."""
        tree = {other.name for other in self.component.domains if other.root == domain.root}
        return wanted(next(column for column in self.component.columns if column.domain in tree), self.side, condition)

    def _exists(self, domain: DomainFacts) -> sql.Composed:
        return sql.SQL(_THERE).format(name=regclass(self._name(domain)))

    def _has(self, domain: DomainFacts, names: list[str], more: str = "") -> sql.Composed:
        return sql.SQL(_CONSTRAINT).format(name=regclass(self._name(domain)), names=sql.Literal(names), more=sql.SQL(more))

    def _step(
        self, domain: DomainFacts, purpose: str, statement: sql.Composable, condition: sql.Composable, undo: tuple[Step, ...] | None
    ) -> Step:
        return Step(
            purpose=f"domain {domain.name}: {purpose}",
            sql=statement.as_string(),
            lock=Lock.NONE,
            lock_timeout_ms=LOCK_TIMEOUT_MS,
            statement_timeout_ms=LOCK_BUDGET_MS,
            undo=undo,
            precondition=self._wanted(domain, condition),
        )

    def _validate(self, domain: DomainFacts, check: DomainCheck) -> Step:
        statement = self._alter(domain, "VALIDATE CONSTRAINT {}", sql.Identifier(check.name))
        tables = self.component.having(domain)
        return Step(
            purpose=f"domain {domain.name}: check {check.name} of the {self.side.value} one proved",
            sql=under_lock(self.schema, tables, Lock.SHARE, statement) if tables else statement.as_string(),
            lock=Lock.SHARE if tables else Lock.NONE,
            tables=self.component.reached(tables),
            lock_timeout_ms=LOCK_TIMEOUT_MS,
            statement_timeout_ms=LOCK_BUDGET_MS,
            hazard="reads the tables, and writers wait meanwhile" if tables else "",
            undo=(),
            precondition=self._wanted(domain, self._has(domain, [check.name], " AND NOT k.convalidated")),
        )


def _joined(texts: list[sql.Composed]) -> sql.Composed:
    return sql.SQL(";\n").join(texts)


def _add_check(name: TableName, check: DomainCheck, expression: str, tail: str) -> Iterator[sql.Composed]:
    text = "ALTER DOMAIN {} ADD CONSTRAINT {} CHECK ({}){}"
    yield sql.SQL(text).format(name_of(name), sql.Identifier(check.name), sql.SQL(expression), sql.SQL(tail))
    if check.comment is not None:
        comment = "COMMENT ON CONSTRAINT {} ON DOMAIN {} IS {}"
        yield sql.SQL(comment).format(sql.Identifier(check.name), name_of(name), sql.Literal(check.comment))
