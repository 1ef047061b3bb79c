"""Every kind of foreign key is broken, taken back, and stands as it stood: the dumps of before and after are equal."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest

from splitter.apply import apply_plan
from splitter.catalog import read_schema
from splitter.crossings import find_crossings
from splitter.db import connect
from splitter.errors import Conflict, FailedError, RefusedError, Unprepared
from splitter.identity import Identity, has_relation, physical_identity, write_identity
from splitter.journal import Outcome, PlanState, read_journal
from splitter.key_facts import make_break_fks_plan
from splitter.schema import TableName
from splitter.silos_file import parse_silos
from splitter.steps import Action, Lock, Step, plan_to_text
from splitter.undo import undo_plan
from tests.plan_sites import BASE, RESTRICTS, SILOS, USERS, MakeSite, PlanSite
from tests.servers import Server

PARTED = (
    "CREATE TABLE c (id int, x int, r int, PRIMARY KEY (id, r)) PARTITION BY RANGE (r);"
    "CREATE TABLE c_low PARTITION OF c FOR VALUES FROM (0) TO (10);"
    "CREATE TABLE c_high PARTITION OF c FOR VALUES FROM (10) TO (20) PARTITION BY LIST (r);"
    "CREATE TABLE c_ten PARTITION OF c_high FOR VALUES IN (10);"
)


KINDS = {
    "cascade": (USERS + "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u ON DELETE CASCADE);", ""),
    "set_null": (USERS + "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u ON DELETE SET NULL ON UPDATE CASCADE);", ""),
    "set_default": (USERS + "CREATE TABLE c (id int PRIMARY KEY, x int DEFAULT 7 REFERENCES u ON DELETE SET DEFAULT);", ""),
    "set_null_columns": (
        USERS
        + "CREATE TABLE c (id int PRIMARY KEY, x int NOT NULL, y text,"
        + " FOREIGN KEY (x, y) REFERENCES u (a, b) ON DELETE SET NULL (y) ON UPDATE SET NULL);",
        "",
    ),
    "composite": (
        USERS
        + "CREATE TABLE c (id int PRIMARY KEY, y text, x int, CONSTRAINT k FOREIGN KEY (y, x) REFERENCES u (b, a) ON DELETE CASCADE);",
        "",
    ),
    "restrict": (USERS + "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u ON DELETE RESTRICT ON UPDATE RESTRICT);", RESTRICTS),
    "no_action": (USERS + "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u);", RESTRICTS),
    "unique": (
        USERS + "CREATE TABLE c (id int PRIMARY KEY, x text CONSTRAINT k REFERENCES u (name) ON DELETE CASCADE ON UPDATE SET DEFAULT);"
        "COMMENT ON CONSTRAINT k ON c IS 'it''s \"so\" $$ % {}';",
        "",
    ),
    "deferred": (
        USERS + "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);"
        "CREATE TABLE d (id int PRIMARY KEY, x int REFERENCES u ON DELETE CASCADE DEFERRABLE);",
        "",
    ),
    "not_valid": (
        USERS + "CREATE TABLE c (id int PRIMARY KEY, x int);"
        "ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (x) REFERENCES u ON DELETE CASCADE NOT VALID;",
        "",
    ),
    "match_full": (
        USERS + "CREATE TABLE c (id int PRIMARY KEY, x int, y text, FOREIGN KEY (x, y) REFERENCES u (a, b) MATCH FULL ON DELETE SET NULL);",
        "",
    ),
    "twice": (
        USERS + "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u ON DELETE CASCADE, y int REFERENCES u ON DELETE CASCADE);"
        "ALTER TABLE c ADD CONSTRAINT again FOREIGN KEY (x) REFERENCES u ON DELETE CASCADE;",
        "",
    ),
    "both_ways": (
        BASE + "CREATE TABLE u (id int PRIMARY KEY, org int REFERENCES org ON DELETE CASCADE);"
        "CREATE TABLE c (id int PRIMARY KEY, org int REFERENCES org ON DELETE CASCADE, x int REFERENCES u ON DELETE CASCADE);"
        "ALTER TABLE u ADD c int REFERENCES c ON DELETE SET NULL;",
        "",
    ),
    "indexed": (
        USERS + "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u ON DELETE CASCADE); CREATE INDEX ON c (x, id);",
        "",
    ),
    "partitioned_child": (USERS + PARTED + "ALTER TABLE c ADD CONSTRAINT k FOREIGN KEY (x) REFERENCES u ON DELETE CASCADE;", ""),
    "partition_of_its_own": (
        USERS + PARTED + "ALTER TABLE c_low ADD CONSTRAINT k FOREIGN KEY (x) REFERENCES u ON DELETE CASCADE;",
        "",
    ),
    "partitioned_parent": (
        BASE + "CREATE TABLE u (id int, r int, PRIMARY KEY (id, r)) PARTITION BY LIST (r);"
        "CREATE TABLE u_1 PARTITION OF u FOR VALUES IN (1); CREATE TABLE u_2 PARTITION OF u FOR VALUES IN (2);"
        "CREATE TABLE c (id int PRIMARY KEY, x int, r int, FOREIGN KEY (x, r) REFERENCES u ON DELETE CASCADE);",
        "",
    ),
    "both_partitioned": (
        BASE + "CREATE TABLE u (id int, r int, PRIMARY KEY (id, r)) PARTITION BY LIST (r);"
        "CREATE TABLE u_1 PARTITION OF u FOR VALUES IN (1); CREATE TABLE u_2 PARTITION OF u FOR VALUES IN (2);"
        + PARTED
        + "ALTER TABLE c ADD FOREIGN KEY (x, r) REFERENCES u ON DELETE CASCADE;",
        "",
    ),
    "inherited": (
        USERS + "CREATE TABLE u_special (more int, PRIMARY KEY (id)) INHERITS (u);"
        "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u ON DELETE CASCADE);"
        "CREATE TABLE c_special (PRIMARY KEY (id), CONSTRAINT s FOREIGN KEY (x) REFERENCES u_special ON DELETE SET NULL) INHERITS (c);",
        "",
    ),
    "hostile": (
        BASE + 'CREATE SCHEMA "or""der.x"; CREATE TABLE "Us"" er\n" ("select" int PRIMARY KEY);'
        f'CREATE TABLE "or""der.x"."{"ü" * 31}x" (id int PRIMARY KEY, "x $1 %s {{}}" int,'
        f' CONSTRAINT "{"ключ" * 7}" FOREIGN KEY ("x $1 %s {{}}") REFERENCES "Us"" er\n" ON DELETE CASCADE);',
        "",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_broken_and_taken_back_nothing_is_different(make_site: MakeSite, kind: str) -> None:
    site = make_site(*KINDS[kind])
    before, hard = site.dump(), site.hard()
    assert hard
    plan = site.plan()
    outcomes = apply_plan(site.conn, plan).outcomes
    skipped = [step.purpose for step, outcome in zip(plan.steps, outcomes, strict=True) if outcome is Outcome.SKIPPED]
    assert all(purpose.startswith("nothing left of an index") for purpose in skipped)
    assert site.hard() == []
    assert site.plan().steps == ()
    assert set(apply_plan(site.conn, plan).outcomes) == {Outcome.SKIPPED}
    undo_plan(site.conn, plan)
    assert site.dump() == before
    assert undo_plan(site.conn, plan).undone == ()
    assert [known.state for known in read_journal(site.conn)] == [PlanState.UNDONE]
    assert site.plan() == plan
    apply_plan(site.conn, plan)
    assert site.hard() == []


def test_an_empty_plan_where_nothing_crosses(make_site: MakeSite) -> None:
    site = make_site(USERS + "CREATE TABLE c (id int PRIMARY KEY, x int);")
    plan = site.plan()
    assert (plan.steps, plan.tables, plan.paste) == ((), (), ())
    assert apply_plan(site.conn, plan).outcomes == ()


def test_tables_can_be_chosen_and_the_rest_follows_later(make_site: MakeSite) -> None:
    site = make_site(
        USERS + "CREATE TABLE c (x int REFERENCES u ON DELETE CASCADE); CREATE TABLE d (x int REFERENCES u ON DELETE CASCADE);"
    )
    first = site.plan(tables=[TableName("public", "d")])
    apply_plan(site.conn, first)
    assert site.hard() == ["c.x -> u.id"]
    before = site.dump()
    second = site.plan()
    apply_plan(site.conn, second)
    assert site.hard() == [] and site.plan().steps == ()
    undo_plan(site.conn, second)
    assert site.dump() == before  # the first plan's triggers are there
    site.run("INSERT INTO public.u VALUES (1)", "DELETE FROM public.u")
    assert site.rows("SELECT parent, action FROM orglift.tombstones") == [("u", "delete")]


def test_every_step_says_what_it_costs_and_how_it_is_taken_back(make_site: MakeSite) -> None:
    site = make_site(*KINDS["both_partitioned"])
    for step in site.plan().steps:
        assert step.undo is not None
        for each in (step, *step.undo):
            blocks = each.lock in (Lock.ACCESS_EXCLUSIVE, Lock.SHARE_ROW_EXCLUSIVE, Lock.SHARE)
            assert each.lock_timeout_ms < 1000 or not blocks, each.purpose
            assert each.tables or each.lock in (Lock.NONE, Lock.ROW_EXCLUSIVE), each.purpose
            assert each.precondition or each.action is Action.AUDIT, each.purpose


@pytest.mark.parametrize("kind", ["cascade", "match_full", "both_partitioned", "partitioned_child"])
def test_a_step_takes_the_locks_that_it_names_and_no_stronger_ones(make_site: MakeSite, kind: str) -> None:
    site = make_site(*KINDS[kind])
    plan = site.plan()
    for step in plan.steps:
        _run_and_compare(site, step)
    for step in reversed(plan.steps):
        for back in step.undo or ():
            _run_and_compare(site, back)
    assert site.hard()


def _run_and_compare(site: PlanSite, step: Step) -> None:
    if step.precondition is not None and site.rows(step.precondition) != [(True,)]:
        return
    if not step.transactional:
        site.run(step.sql)
        return
    with site.conn.transaction():
        site.run(step.sql)
        taken = site.rows(
            "SELECT l.relation::regclass::text, l.mode FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation"
            " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE l.pid = pg_backend_pid() AND n.nspname = 'public' AND c.relkind IN ('r', 'p')"
        )
    strength = list(Lock)
    modes = {lock.value.replace(" ", "").lower() + "lock": lock for lock in Lock}
    for relation, mode in taken:
        lock = modes[mode.lower()]
        if lock in (Lock.ACCESS_SHARE, Lock.ROW_SHARE):
            continue
        assert strength.index(lock) <= strength.index(step.lock), f"{step.purpose}: {mode} on {relation}"
        assert relation.removeprefix("public.") in {table.name for table in step.tables}, f"{step.purpose}: {mode} on {relation}"


def test_both_tables_are_locked_parent_first(make_site: MakeSite) -> None:
    site = make_site(*KINDS["both_ways"])
    dropped = [step for step in site.plan().steps if step.purpose.startswith("no foreign key")]
    assert [[table.name for table in step.tables] for step in dropped] == [["c", "u"], ["org", "u"], ["u", "c"]]


def test_the_trigger_is_there_before_the_key_goes_and_the_index_before_both(make_site: MakeSite) -> None:
    purposes = [step.purpose for step in make_site(*KINDS["cascade"]).plan().steps]
    found = [index for word in ("index", "is cleaned up", "written down", "no foreign key") for index in _where(purposes, word)]
    assert found == sorted(found) and len(found) >= 4


def _where(purposes: list[str], word: str) -> list[int]:
    return [number for number, purpose in enumerate(purposes) if word in purpose and not purpose.startswith("nothing left")]


def index_steps(site: PlanSite) -> list[str]:
    return [step.purpose for step in site.plan().steps if step.purpose.startswith("index")]


def test_somebody_elses_invalid_index_is_told_and_not_used(make_site: MakeSite) -> None:
    site = make_site(USERS + "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u ON DELETE CASCADE); CREATE INDEX theirs ON c (x);")
    assert index_steps(site) == []
    site.run("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'public.theirs'::regclass")
    plan = site.plan()
    assert "index theirs of c is not valid" in plan.notes[-1]
    assert index_steps(site)


@pytest.mark.parametrize(
    ("index", "serves"),
    [
        ("(x, y)", True),
        ("(y, x)", True),
        ("(y, x, id)", True),
        ("(x)", False),
        ("(x, id, y)", False),
        ("USING gin ((ARRAY[x]))", False),
        ("(x, y) WHERE id > 0", False),
        ("(x, y) WHERE x IS NOT NULL", True),
        ("((x + 1), y)", False),
        ('(x, y COLLATE "C")', False),
    ],
)
def test_an_index_serves_where_it_finds_the_children(make_site: MakeSite, index: str, serves: bool) -> None:
    site = make_site(
        USERS + "CREATE TABLE c (id int PRIMARY KEY, x int, y text, FOREIGN KEY (x, y) REFERENCES u (a, b) ON DELETE CASCADE);"
        f"CREATE INDEX ON c {index}"
    )
    assert bool(index_steps(site)) != serves


def test_of_a_partitioned_child_an_index_on_every_partition_serves(make_site: MakeSite) -> None:
    site = make_site(KINDS["partitioned_child"][0] + "CREATE INDEX ON c_low (x); CREATE INDEX ON c_ten (x);")
    assert index_steps(site) == []


def test_a_later_partition_has_the_index(make_site: MakeSite) -> None:
    site = make_site(*KINDS["partitioned_child"])
    apply_plan(site.conn, site.plan())
    site.run("CREATE TABLE public.c_later PARTITION OF public.c FOR VALUES FROM (20) TO (30)")
    assert [index.columns for index in read_schema(site.conn).tables[TableName("public", "c_later")].indexes] == [("id", "r"), ("x",)]


# what nobody has decided

RESTRICTING = (
    "CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES u ON DELETE RESTRICT); CREATE TABLE d (id int PRIMARY KEY, x int REFERENCES u);"
    "CREATE TABLE e (id int PRIMARY KEY, x int NOT NULL REFERENCES u ON DELETE SET NULL);"
)


def test_what_restricts_is_refused_all_at_once_with_the_blocks_to_paste(make_site: MakeSite) -> None:
    site = make_site(USERS + RESTRICTING)
    with pytest.raises(RefusedError, match="and 2 more") as caught:
        site.plan()
    problems = caught.value.problems
    assert [(each.code, each.object) for each in problems] == [
        ("restrict-unanswered", "c.x -> u.id (c_x_fkey)"),
        ("restrict-unanswered", "d.x -> u.id (d_x_fkey)"),
        ("restrict-unanswered", "e.x -> u.id (e_x_fkey)"),
    ]
    assert [each.found.split(" stops")[0] for each in problems] == [
        "ON DELETE RESTRICT",
        "ON DELETE NO ACTION",
        "ON DELETE SET NULL of a column that cannot be NULL",
    ]
    pasted = "\n".join(each.remedy.partition(":\n")[2] for each in problems)
    again = replace(site, silos=parse_silos(SILOS + pasted))
    assert [step.purpose for step in again.plan().steps if step.purpose.endswith("on delete cascade, on update cascade")]
    assert again.plan().paste == ()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('on_delete = "set null"', 'says ON DELETE CASCADE, and silos.toml "set null"'),
        ('on_delete = "restrict"\nrestrict_becomes = "none"', 'says ON DELETE CASCADE, and silos.toml "none"'),
    ],
)
def test_a_key_and_silos_toml_that_contradict_each_other(make_site: MakeSite, said: str, told: str) -> None:
    block = f'[[references]]\nfrom = "c.x"\nto = "u.id"\n{said}\n'
    site = make_site(USERS + "CREATE TABLE c (x int REFERENCES u ON DELETE CASCADE);", block)
    with pytest.raises(RefusedError) as caught:
        site.plan()
    (problem,) = caught.value.problems
    assert told in problem.found and problem.remedy == 'write on_delete = "cascade"'


def test_a_column_that_cannot_be_null_cannot_become_null(make_site: MakeSite) -> None:
    block = '[[references]]\nfrom = "c.x"\nto = "u.id"\non_delete = "restrict"\nrestrict_becomes = "set null"\n'
    site = make_site(USERS + "CREATE TABLE c (x int NOT NULL REFERENCES u);", block)
    with pytest.raises(RefusedError, match="x cannot be NULL"):
        site.plan()


def test_the_blocks_of_a_plan_say_what_the_catalog_will_not_say_any_more(make_site: MakeSite) -> None:
    for kind in ("composite", "set_default", "hostile", "both_partitioned"):
        site = make_site(*KINDS[kind])
        plan = site.plan()
        apply_plan(site.conn, plan)
        again = replace(site, silos=parse_silos(SILOS + "\n\n" + "\n\n".join(plan.paste)))
        crossings = find_crossings(read_schema(site.conn), again.silos)
        assert [crossing.is_hard for crossing in crossings] == [False]
        assert plan_to_text(plan).endswith("\n".join(plan.paste) + "\n")


def test_a_decision_to_leave_them_needs_no_orphans_to_be_gone(make_site: MakeSite) -> None:
    block = '[[references]]\nfrom = "c.x"\nto = "u.id"\non_delete = "restrict"\nrestrict_becomes = "none"\n'
    site = make_site(
        USERS + "CREATE TABLE c (x int); INSERT INTO c VALUES (9); ALTER TABLE c ADD FOREIGN KEY (x) REFERENCES u NOT VALID;", block
    )
    with pytest.raises(Conflict, match=r"c\.x: 1 rows refer to rows of u that do not exist"):
        apply_plan(site.conn, site.plan())
    apply_plan(site.conn, site.plan(repair=True))
    assert site.hard() == [] and site.rows("SELECT x FROM public.c") == [(9,)]


@pytest.mark.postgres(18)
@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE c (x int REFERENCES u NOT ENFORCED);",
        "CREATE TABLE c (x int REFERENCES u ON DELETE CASCADE NOT ENFORCED);",
        "CREATE TABLE c (x int, r int) PARTITION BY LIST (r); CREATE TABLE c1 PARTITION OF c FOR VALUES IN (1);"
        "ALTER TABLE c ADD FOREIGN KEY (x) REFERENCES u ON DELETE CASCADE NOT VALID;",
        "CREATE EXTENSION btree_gist; CREATE TABLE u_t (id int, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));"
        "CREATE TABLE c (x int, during daterange, FOREIGN KEY (x, PERIOD during) REFERENCES u_t (id, PERIOD during));",
    ],
)
def test_kinds_that_only_newer_servers_know(make_site: MakeSite, script: str) -> None:
    block = '[[references]]\nfrom = "c.x"\nto = "u_t.id"\non_delete = "none"\n' if "u_t" in script else ""
    site = make_site(USERS + script, block)
    before, plan = site.dump(), site.plan()
    apply_plan(site.conn, plan)
    assert site.hard() == [] and site.plan().steps == ()
    undo_plan(site.conn, plan)
    assert site.dump() == before


@pytest.mark.postgres(18)
def test_a_period_that_nobody_can_clean_up_is_refused(make_site: MakeSite) -> None:
    site = make_site(
        USERS + "CREATE EXTENSION btree_gist; CREATE TABLE u_t (id int, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));"
        "CREATE TABLE c (x int, during daterange, FOREIGN KEY (x, PERIOD during) REFERENCES u_t (id, PERIOD during));",
        '[[references]]\nfrom = "c.x"\nto = "u_t.id"\non_delete = "cascade"\n',
    )
    with pytest.raises(RefusedError) as caught:
        site.plan()
    assert [problem.code for problem in caught.value.problems] == ["temporal-key"]


def test_match_full_goes_on_to_hold(make_site: MakeSite) -> None:
    site = make_site(*KINDS["match_full"])
    apply_plan(site.conn, site.plan())
    site.run("INSERT INTO public.c VALUES (1, NULL, NULL), (2, 7, 'x')")
    with pytest.raises(psycopg.errors.CheckViolation):
        site.run("INSERT INTO public.c VALUES (3, 7, NULL)")


# who may


def test_rights_that_are_missing_are_said_before_the_first_step(make_site: MakeSite, server: Server) -> None:
    site = make_site(*KINDS["cascade"])
    plan = site.plan()
    server.execute("DROP ROLE IF EXISTS clerk")
    server.execute("CREATE ROLE clerk LOGIN")
    site.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO clerk", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    name = str(psycopg.conninfo.conninfo_to_dict(site.url)["dbname"])
    with connect(server.url(name, "clerk"), setting="--url") as clerk, pytest.raises(Conflict) as caught:
        apply_plan(clerk, plan)
    found = {problem.object: problem.found for problem in caught.value.problems}
    assert set(found) == {"c", "u", "schema public", f"database {name}"}
    assert found["c"] == "the role clerk is not its owner"
    assert not has_relation(site.conn, "orglift.journal")
    site.run(f'GRANT CREATE ON DATABASE "{name}" TO clerk', "GRANT CREATE ON SCHEMA public TO clerk")
    site.run("ALTER TABLE public.c OWNER TO clerk", "ALTER TABLE public.u OWNER TO clerk")
    with connect(server.url(name, "clerk"), setting="--url") as clerk:
        apply_plan(clerk, site.plan())
        undo_plan(clerk, plan)
    assert site.hard()
    site.run("DROP OWNED BY clerk CASCADE")


# other places


def test_a_plan_made_before_the_database_had_an_identity_fits_after_it(make_site: MakeSite) -> None:
    site = make_site(*KINDS["cascade"])
    plan = site.plan()
    physical = physical_identity(site.conn)
    identity = Identity(
        region="us",
        origin=1,
        database=uuid4(),
        system_identifier=physical.system_identifier,
        database_oid=physical.database_oid,
    )
    write_identity(site.conn, identity)
    assert site.plan().database.uuid == identity.database
    apply_plan(site.conn, plan)
    undo_plan(site.conn, plan)


def test_a_copy_of_the_database_is_another_one(make_site: MakeSite) -> None:
    plan = make_site(*KINDS["cascade"]).plan()
    with pytest.raises(Unprepared, match="has no identity, and the plan is for us"):
        apply_plan(make_site(*KINDS["cascade"]).conn, plan)


def test_a_schema_that_has_changed_since_is_refused(make_site: MakeSite) -> None:
    site = make_site(*KINDS["cascade"])
    plan = site.plan()
    site.run("ALTER TABLE public.u ADD z int")
    with pytest.raises(Conflict, match="another state"):
        apply_plan(site.conn, plan)
    assert site.hard()


def test_partitions_that_came_and_went_in_between_are_no_obstacle(make_site: MakeSite) -> None:
    site = make_site(*KINDS["partitioned_child"])
    plan = site.plan()
    site.run("INSERT INTO public.u VALUES (1)")
    apply_plan(site.conn, plan)
    site.run(
        "DROP TABLE public.c_low",
        "CREATE TABLE public.c_later PARTITION OF public.c FOR VALUES FROM (20) TO (30)",
        "INSERT INTO public.c VALUES (1, 1, 25)",
    )
    assert set(apply_plan(site.conn, plan).outcomes) == {Outcome.SKIPPED}
    undo_plan(site.conn, plan)
    assert site.hard() == ["c.x -> u.id"]
    site.run("DELETE FROM public.u")
    assert site.rows("SELECT count(*) FROM public.c") == [(0,)]
    assert site.rows("SELECT FROM pg_class WHERE relname LIKE '%orglift%' AND relnamespace = 'public'::regnamespace") == []


def test_once_the_parent_is_elsewhere_there_is_no_way_back(make_site: MakeSite) -> None:
    site = make_site(*KINDS["cascade"])
    plan = site.plan()
    apply_plan(site.conn, plan)
    site.run("DROP TABLE public.u")
    with pytest.raises(Conflict, match="u: not in this database any more") as caught:
        undo_plan(site.conn, plan)
    assert "silos are apart" in caught.value.hint


def test_a_parent_that_was_deleted_in_between_stops_the_way_back(make_site: MakeSite) -> None:
    site = make_site(*KINDS["cascade"])
    plan = site.plan()
    site.run("INSERT INTO public.u VALUES (1), (2)", "INSERT INTO public.c VALUES (10, 1), (20, 2)")
    apply_plan(site.conn, plan)
    site.run("DELETE FROM public.u WHERE id = 1")
    with pytest.raises(FailedError, match=r"c.x: 1 rows refer to rows of u that do not exist: \(10\) refers to \(1\)"):
        undo_plan(site.conn, plan)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):  # from here on nothing new goes wrong
        site.run("INSERT INTO public.c VALUES (30, 3)")
    site.run("DELETE FROM public.c WHERE id = 10")
    undo_plan(site.conn, plan)
    assert site.hard() == ["c.x -> u.id"]


# without a key, or without a trigger

SOFT = (
    USERS + "CREATE TABLE c (id int PRIMARY KEY, x int, kind text); INSERT INTO u (id) VALUES (1), (2); INSERT INTO c VALUES (1, 1, 'U');"
)


def soft(said: str, more: str = "") -> str:
    return f'[[references]]\nfrom = "c.x"\nto = {more or chr(34) + "u.id" + chr(34)}\n{said}\n'


def test_a_reference_without_a_key_gets_the_clean_up_that_silos_toml_asks_for(make_site: MakeSite) -> None:
    site = make_site(SOFT, soft('on_delete = "cascade"'))
    before, plan = site.dump(), site.plan()
    assert "1 reference without a foreign key" in plan.notes[0]
    apply_plan(site.conn, plan)
    assert site.plan().steps == ()
    site.run("DELETE FROM public.u WHERE id = 1")
    assert site.rows("SELECT parent, key FROM orglift.tombstones") == [("u", {"id": "1"})]
    undo_plan(site.conn, plan)
    assert site.dump() == before and site.rows("SELECT * FROM orglift.cascades") == []


def test_a_polymorphic_one_as_well(make_site: MakeSite) -> None:
    site = make_site(SOFT, soft('on_delete = "set null"\ntype_column = "kind"', '{ U = "u.id", O = "org.id" }'))
    apply_plan(site.conn, site.plan())
    assert site.plan().steps == ()
    assert site.rows("SELECT parent, type_column, type_value, on_delete FROM orglift.cascades") == [("u", "kind", "U", "set null")]


@pytest.mark.parametrize("said", ["", 'on_delete = "none"', 'on_delete = "restrict"\nrestrict_becomes = "none"'])
def test_where_nothing_is_asked_for_nothing_is_done(make_site: MakeSite, said: str) -> None:
    assert make_site(SOFT, soft(said)).plan().steps == ()


def test_a_mind_that_was_changed_changes_the_clean_up(make_site: MakeSite) -> None:
    site = make_site(SOFT, soft('on_delete = "cascade"'))
    apply_plan(site.conn, site.plan())
    changed = replace(site, silos=parse_silos(SILOS + soft('on_delete = "set null"')))
    plan = changed.plan()
    apply_plan(site.conn, plan)
    assert site.rows("SELECT on_delete FROM orglift.cascades") == [("set null",)]
    assert changed.plan().steps == ()
    undo_plan(site.conn, plan)
    assert site.rows("SELECT on_delete FROM orglift.cascades") == [("cascade",)]


def test_what_was_pasted_after_the_key_went_is_nothing_new(make_site: MakeSite) -> None:
    for kind in ("composite", "partition_of_its_own", "partitioned_parent"):
        site = make_site(*KINDS[kind])
        plan = site.plan()
        apply_plan(site.conn, plan)
        pasted = replace(site, silos=parse_silos(SILOS + "\n\n".join(("", *plan.paste))))
        assert pasted.plan().steps == ()


def test_triggers_that_are_missing_are_made_again(make_site: MakeSite) -> None:
    site = make_site(*KINDS["partitioned_parent"])
    apply_plan(site.conn, site.plan())
    site.run("CREATE TABLE public.u_3 PARTITION OF public.u FOR VALUES IN (3)", "INSERT INTO public.u VALUES (1, 3), (2, 3)")
    plan = site.plan()
    assert [step.purpose for step in plan.steps[-1:]] == ["deletes and new keys of u are written down"]
    apply_plan(site.conn, plan)
    assert site.plan().steps == ()
    site.run("DELETE FROM public.u_3 WHERE id = 1")
    assert site.rows("SELECT key FROM orglift.tombstones") == [({"id": "1", "r": "3"},)]
    undo_plan(site.conn, plan)
    assert site.plan().steps == ()  # what the first plan installed stands


def test_a_plan_is_not_taken_back_from_under_a_later_one(make_site: MakeSite) -> None:
    site = make_site(*KINDS["twice"])
    first = site.plan()
    apply_plan(site.conn, first)
    again = replace(site, silos=parse_silos(SILOS + '[[references]]\nfrom = "org.id"\nto = "u.a"\non_delete = "cascade"\n'))
    second = again.plan()
    apply_plan(site.conn, second)
    with pytest.raises(Conflict, match=f"plan {second.id} .* was applied to the same tables after this one"):
        undo_plan(site.conn, first)
    undo_plan(site.conn, second)
    undo_plan(site.conn, first)
    assert site.hard()


def test_each_silo_has_the_clean_up_of_its_own_parents(make_site: MakeSite) -> None:
    """Once they are apart: control writes its deletes down although the children are elsewhere; a region has nothing to do for those."""
    site = make_site(USERS)
    text = SILOS.replace("[control]", '[control]\nurl = "postgresql:///c"') + soft('on_delete = "cascade"')
    silos = parse_silos(text)
    schema = read_schema(site.conn)
    plan = make_break_fks_plan(site.conn, schema, silos, "control")
    assert "c.x -> u.id is cleaned up: on delete cascade, on update cascade" in [step.purpose for step in plan.steps]
    assert make_break_fks_plan(site.conn, schema, silos, "us").steps == ()
