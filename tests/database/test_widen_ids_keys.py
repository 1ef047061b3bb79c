"""Foreign keys change over to the twins, and back, and nobody sees it: the same actions, in the same order, put off by the same name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import psycopg
import pytest

from splitter.apply import apply_plan
from splitter.events import Event, Note
from splitter.plans.widen_ids import parts
from splitter.steps import Action, Plan, Step
from splitter.undo import undo_plan
from tests.database.test_widen_ids_parts import ACTIONS, swaps
from tests.wide_sites import MakeWide, WideSite, assert_same

ORG = "CREATE TABLE org (id serial PRIMARY KEY, name text); INSERT INTO org (name) SELECT 'n' || g FROM generate_series(1, 30) AS g;"
ORDERED = {  # an action that clears the way for the next ones
    "deeper": ORG + "CREATE TABLE z (id serial PRIMARY KEY, org int REFERENCES org ON DELETE CASCADE);"
    "CREATE TABLE a (id serial PRIMARY KEY, z int REFERENCES z ON DELETE CASCADE, o1 int REFERENCES org ON DELETE SET NULL,"
    " o2 int REFERENCES org ON DELETE SET NULL); INSERT INTO z (org) SELECT g FROM generate_series(1, 30) AS g;"
    "INSERT INTO a (z, o1, o2) SELECT g, g, g FROM generate_series(1, 30) AS g;",
    "beside": ORG + "CREATE TABLE z (id serial PRIMARY KEY, o1 int REFERENCES org ON DELETE CASCADE, o2 int REFERENCES org, o3 int);"
    "ALTER TABLE z ADD CONSTRAINT a FOREIGN KEY (o3) REFERENCES org ON DELETE RESTRICT;"
    "INSERT INTO z (o1, o2, o3) SELECT g, g, g FROM generate_series(1, 30) AS g;",
    "late": ORG + "CREATE TABLE z (id serial PRIMARY KEY, o1 int DEFAULT 7 REFERENCES org ON DELETE CASCADE ON UPDATE SET DEFAULT,"
    " o2 int REFERENCES org); INSERT INTO z (o1, o2) SELECT g, g FROM generate_series(1, 30) AS g;",
}
ORDER = """SELECT c.conrelid::pg_catalog.regclass::text, c.conname FROM pg_catalog.pg_constraint AS c JOIN pg_catalog.pg_trigger AS g
    ON g.tgconstraint = c.oid AND g.tgrelid = c.confrelid AND g.tgtype & 8 <> 0 ORDER BY g.tgname::text COLLATE "C\""""
PUT_OFF = ORG + (
    "CREATE TABLE c (id serial PRIMARY KEY, org int, CONSTRAINT told FOREIGN KEY (org) REFERENCES org DEFERRABLE);"
    "INSERT INTO c (org) SELECT g FROM generate_series(1, 30) AS g; COMMENT ON CONSTRAINT told ON c IS 't';"
)


def before_swap(plan: Plan) -> Plan:
    return replace(plan, steps=plan.steps[: swaps(plan)[0]])


def asking(ask: Callable[[str], None]) -> Callable[[Event], None]:
    def report(event: Event) -> None:
        if isinstance(event, Note):
            ask(event.text)

    return report


def walk(site: WideSite, steps: Iterable[Step], ask: Callable[[str], None]) -> None:
    """What the way back does within one step's undo, statement by statement."""
    for step in steps:
        if step.action is Action.AUDIT or (step.precondition and not site.rows(step.precondition)[0][0]):
            continue
        site.run(f"BEGIN; {step.sql}; COMMIT" if step.transactional else step.sql)
        ask(step.purpose)


def in_vain(site: WideSite, *statements: str) -> Callable[[str], None]:
    """What the application does, in a transaction that is rolled back."""

    def ask(after: str) -> None:
        with psycopg.connect(site.url, autocommit=True) as conn, conn.transaction(force_rollback=True):
            for statement in statements:
                try:
                    conn.execute(statement.encode())
                except psycopg.Error as exc:
                    raise AssertionError(f"after {after}") from exc

    return ask


def there_and_back(site: WideSite, ask: Callable[[str], None]) -> None:
    """Taken back before the swap, and after it; ``ask`` between all statements."""
    before, plan = site.dump(), site.plan()
    half = before_swap(plan)
    apply_plan(site.conn, half, report=asking(ask))
    walk(site, [back for step in reversed(half.steps) if "is the twins'" in step.purpose for back in step.undo or ()], ask)
    undo_plan(site.conn, half, report=asking(ask))
    assert_same(site.dump(), before)
    apply_plan(site.conn, plan, report=asking(ask))
    for number in reversed(swaps(plan)):
        walk(site, plan.steps[number].undo or (), ask)
    undo_plan(site.conn, plan, report=asking(ask))
    assert_same(site.dump(), before)
    site.widen(plan)
    ask("the last step")


@pytest.mark.parametrize("swapped", [1, 20])
@pytest.mark.parametrize("world", ORDERED)
def test_the_actions_of_one_delete_go_off_in_the_order_in_which_they_did(
    make_wide: MakeWide, monkeypatch: pytest.MonkeyPatch, world: str, swapped: int
) -> None:
    monkeypatch.setattr(parts, "SWAPPED", swapped)
    site = make_wide(ORDERED[world])
    first = site.rows(ORDER)
    there_and_back(site, in_vain(site, "DELETE FROM org WHERE id = 5"))
    assert site.rows(ORDER) == first


def test_no_second_key_stands_beside_one_that_sets_a_default(make_wide: MakeWide) -> None:
    """Either could fire first, and the other one would find a row that it does not know."""
    site = make_wide(ACTIONS)
    beside: list[object] = []

    def ask(_: str) -> None:
        beside.extend(site.rows("SELECT conname FROM pg_catalog.pg_constraint WHERE contype = 'f' AND confdeltype = 'd'"))

    there_and_back(site, ask)
    assert set(beside) == {("c_d_fkey",)}
    site.run("DELETE FROM public.c WHERE id <> 8", "DELETE FROM public.org WHERE id = 15")


def test_a_transaction_puts_off_by_its_name_all_that_is_to_be_checked(make_wide: MakeWide) -> None:
    site = make_wide(PUT_OFF)
    there_and_back(
        site,
        in_vain(
            site,
            "SET CONSTRAINTS told DEFERRED",
            "INSERT INTO c (org) VALUES (5000)",
            "INSERT INTO org (id) VALUES (5000)",
            "SET CONSTRAINTS ALL IMMEDIATE",
        ),
    )


def test_a_rule_hears_what_an_action_writes(make_wide: MakeWide) -> None:
    site = make_wide(
        ORG + "CREATE TABLE c (id serial PRIMARY KEY, org int REFERENCES org ON DELETE SET NULL); CREATE TABLE log (was int, is_now int);"
        "INSERT INTO c (org) SELECT g FROM generate_series(1, 30) AS g;"
        "CREATE RULE heard AS ON UPDATE TO c DO ALSO INSERT INTO log VALUES (old.id, new.org)"
    )
    heard = "DO $$ BEGIN ASSERT (SELECT array_agg(is_now) FROM log) = ARRAY[NULL::int]; END $$"
    there_and_back(site, in_vain(site, "DELETE FROM org WHERE id = 5", heard))
