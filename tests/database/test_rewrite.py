"""What becomes of ids in columns: the formula at its limits, every type that may hold one, and values that are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from splitter.errors import UndecidedScope
from tests.exported import CONTROL, LIMIT, Exported, far

Open = Callable[..., Exported]
PROJECT = """
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint REFERENCES org);
INSERT INTO project VALUES (5, 1), (6, 1), (7, 2);
"""

# the formula


FORMULA = {
    0: LIMIT,
    1: LIMIT + 1,
    LIMIT - 1: 2 * LIMIT - 1,
    2 * LIMIT: 2 * LIMIT,
    3 * LIMIT - 1: 3 * LIMIT - 1,
    4 * LIMIT - 1: 4 * LIMIT - 1,
}


def test_a_local_id_is_shifted_and_any_other_stays(acme: Open):
    values = ", ".join(f"({id_}, 1)" for id_ in FORMULA)
    exported = acme(f"CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint REFERENCES org); INSERT INTO project VALUES {values};")
    assert exported.rows("project") == Counter((str(after), far(1)) for after in FORMULA.values())


@pytest.mark.parametrize("id_", [-1, -(2**63), 4 * LIMIT, 2**53, 2**63 - 1])
def test_an_id_that_nobody_issued_is_told_with_its_column(acme: Open, id_: int):
    exported = acme(
        f"CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint REFERENCES org); INSERT INTO project VALUES ({id_}, 1), (1, 1);"
    )
    with pytest.raises(UndecidedScope) as error:
        exported.rows("project")
    (problem,) = error.value.problems
    assert problem.object == "project.id"
    assert problem.found.endswith(f": {id_}")
    assert problem.code == ("negative-id" if id_ < 0 else "foreign-id")


def test_without_an_origin_ids_stay_and_must_be_local(acme: Open):
    script = "CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint REFERENCES org); INSERT INTO project VALUES (5, 1);"
    assert acme(script, origin=None).rows("project") == {("5", "1"): 1}
    exported = acme(script + f"INSERT INTO project VALUES ({LIMIT}, 1);", origin=None)
    with pytest.raises(UndecidedScope, match=rf"project\.id: .*: {LIMIT}"):
        exported.rows("project")


def test_at_home_local_ids_are_final(acme: Open):
    assert acme(PROJECT, origin=0).rows("project") == {("5", "1"): 1, ("6", "1"): 1}


def test_hostile_names_in_the_message(acme: Open):
    exported = acme(
        """CREATE TABLE "a: b" ("%s {}" bigint PRIMARY KEY, org_id bigint REFERENCES org); INSERT INTO "a: b" VALUES (-7, 1);"""
    )
    with pytest.raises(UndecidedScope, match=r"a: b\.%s {}: this id is negative: -7"):
        exported.rows("a: b")


# which columns


def test_columns_that_are_ids_and_columns_that_are_not(acme: Open):
    exported = acme(
        """
        CREATE SEQUENCE number_seq;
        CREATE TABLE ticket (
            id int PRIMARY KEY, org_id bigint REFERENCES org, number bigint NOT NULL DEFAULT nextval('number_seq'), fed bigserial,
            other bigint, counted numeric GENERATED ALWAYS AS (id * 2) STORED, short smallint, UNIQUE (org_id, number)
        );
        INSERT INTO ticket (id, org_id, number, fed, other, short) VALUES (1, 1, 2, 3, 4, 5);
        """,
        '[tables.ticket]\nids = ["short"]',
    )
    assert exported.rows("ticket") == {(far(1), far(1), far(2), "3", "4", far(5)): 1}


def test_an_id_that_is_none_by_silos_toml(acme: Open):
    exported = acme(PROJECT, '[tables.project]\nnot_ids = ["id"]')
    assert exported.column("project", "id") == ["5", "6"]


def test_a_reference_follows_the_column_that_it_refers_to(acme: Open):
    exported = acme(
        """
        CREATE TABLE a (id bigint PRIMARY KEY, org_id bigint REFERENCES org, code int UNIQUE, token uuid UNIQUE);
        CREATE TABLE b (id bigint PRIMARY KEY REFERENCES a, code int REFERENCES a (code), token uuid REFERENCES a (token));
        CREATE TABLE c (id bigserial PRIMARY KEY, b_id bigint REFERENCES b, user_id int UNIQUE NOT NULL);
        INSERT INTO a VALUES (1, 1, 8, '6f9619ff-8b86-d011-b42d-00cf4fc964ff');
        INSERT INTO b SELECT id, code, token FROM a; INSERT INTO c VALUES (1, 1, 5);
        """,
        CONTROL + '[[references]]\nfrom = "c.user_id"\nto = "auth_user.id"',
    )
    assert exported.rows("b") == {(far(1), "8", "6f9619ff-8b86-d011-b42d-00cf4fc964ff"): 1}
    assert exported.rows("c") == {(far(1), far(1), "5"): 1}


def test_columns_that_refer_to_each_other_have_one_rule(acme: Open):
    exported = acme("""
    CREATE TABLE account (id bigserial PRIMARY KEY, org_id bigint REFERENCES org);
    CREATE TABLE profile (id bigint UNIQUE NOT NULL REFERENCES account);
    ALTER TABLE account ADD FOREIGN KEY (id) REFERENCES profile (id) DEFERRABLE INITIALLY DEFERRED;
    BEGIN; INSERT INTO account VALUES (1, 1); INSERT INTO profile VALUES (1); COMMIT;
    """)
    assert exported.column("account", "id") == exported.column("profile", "id") == [far(1)]


def test_two_rules_for_one_column_are_told(acme: Open):
    exported = acme(
        """
        CREATE TABLE a (id bigint PRIMARY KEY, org_id bigint REFERENCES org); CREATE TABLE b (n int UNIQUE, org_id bigint REFERENCES org);
        CREATE TABLE c (org_id bigint REFERENCES org, x bigint REFERENCES a);
        """,
        '[[references]]\nfrom = "c.x"\nto = "b.n"',
    )
    assert exported.problems()["two-rules"] == ["c.x"]


# types that hold an id


def test_ids_in_text_and_in_numeric(acme: Open):
    exported = acme(
        PROJECT
        + """
        CREATE SEQUENCE money_seq;
        CREATE TABLE money (
            id numeric(30,2) PRIMARY KEY DEFAULT nextval('money_seq'), org_id bigint REFERENCES org, m numeric(30,2) REFERENCES money,
            t text, v varchar(40), n name
        );
        INSERT INTO money VALUES (1, 1, 1.00, '5', '6', '7'), (2, 1, NULL, '05', '', NULL), (3, 1, 2, '-5', 'x', '68719476736');
        """,
        "".join(f'[[references]]\nfrom = "money.{name}"\nto = "project.id"\n' for name in "tvn"),
    )
    assert exported.rows("money") == {
        (far(1) + ".00", far(1), far(1) + ".00", far(5), far(6), far(7)): 1,
        (far(2) + ".00", far(1), None, "05", "", None): 1,
        (far(3) + ".00", far(1), far(2) + ".00", "-5", "x", "68719476736"): 1,
    }


def test_uuids_and_texts_stay(acme: Open):
    exported = acme("""
    CREATE TABLE doc (id uuid PRIMARY KEY, org_id bigint REFERENCES org, slug text UNIQUE, up uuid REFERENCES doc);
    INSERT INTO doc VALUES ('6f9619ff-8b86-d011-b42d-00cf4fc964ff', 1, '5', '6f9619ff-8b86-d011-b42d-00cf4fc964ff');
    """)
    assert exported.column("doc", "slug") == ["5"]
    assert exported.column("doc", "up") == ["6f9619ff-8b86-d011-b42d-00cf4fc964ff"]


ARRAYS = {
    "{}": "{}",
    "{5}": f"{{{far(5)}}}",
    "{5,NULL,6}": f"{{{far(5)},NULL,{far(6)}}}",
    "{{5,6},{7,NULL}}": f"{{{{{far(5)},{far(6)}}},{{{far(7)},NULL}}}}",
    "{{{5}},{{6}}}": f"{{{{{{{far(5)}}}}},{{{{{far(6)}}}}}}}",
    "[0:1]={5,6}": f"[0:1]={{{far(5)},{far(6)}}}",
    "[-1:0][2:3]={{5,6},{7,8}}": f"[-1:0][2:3]={{{{{far(5)},{far(6)}}},{{{far(7)},{far(8)}}}}}",
}


@pytest.mark.parametrize("type_", ["int[]", "bigint[]", "text[]"])
def test_arrays_keep_their_shape(acme: Open, type_: str):
    values = ", ".join(f"(1, '{array}')" for array in ARRAYS)
    exported = acme(
        PROJECT + f"CREATE TABLE t (org_id bigint REFERENCES org, ids {type_}); INSERT INTO t VALUES {values};",
        '[[references]]\nfrom = "t.ids"\nto = "project.id"',
    )
    assert exported.rows("t") == Counter((far(1), array) for array in ARRAYS.values())


def test_an_array_of_texts_with_everything_that_needs_quotes(acme: Open):
    exported = acme(
        PROJECT
        + r"""CREATE TABLE t (org_id bigint REFERENCES org, ids text[]);
        INSERT INTO t VALUES (1, '[0:5]={"a,b","{5}","q\"q","back\\slash","NULL","  "}'), (1, NULL), (1, '{{5,"{6}"},{"",x}}');""",
        '[[references]]\nfrom = "t.ids"\nto = "project.id"',
    )
    assert exported.rows("t") == {
        (far(1), r'[0:5]={"a,b","{5}","q\"q","back\\slash","NULL","  "}'): 1,
        (far(1), None): 1,
        (far(1), f'{{{{{far(5)},"{{6}}"}},{{"",x}}}}'): 1,
    }


def test_a_domain_over_an_id(acme: Open):
    exported = acme("""
    CREATE DOMAIN "my {id}" AS bigint CHECK (VALUE > 0); CREATE DOMAIN ids AS "my {id}"[];
    CREATE TABLE a (id "my {id}" PRIMARY KEY, org_id bigint REFERENCES org); INSERT INTO a VALUES (5, 1);
    CREATE TABLE b (a_id "my {id}" REFERENCES a, org_id bigint REFERENCES org); INSERT INTO b VALUES (5, 1);
    """)
    assert exported.rows("b") == {(far(5), far(1)): 1}
