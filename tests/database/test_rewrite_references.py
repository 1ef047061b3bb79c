"""What becomes of references that mean nobody, lead nowhere, are unset, or stand inside documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tests.exported import CONTROL, Exported, far

Open = Callable[..., Exported]
PROJECT = """
CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint REFERENCES org);
INSERT INTO project VALUES (5, 1), (6, 1), (7, 2);
"""


def test_values_that_mean_nobody_stay(acme: Open):
    exported = acme(
        PROJECT
        + """
        CREATE TABLE t (org_id bigint REFERENCES org, a bigint, b text, c int[], d jsonb);
        INSERT INTO t VALUES (1, 0, '-', '{0,5}', '{"p": 0}'), (1, -1, '0', NULL, '{"p": "-"}');
        INSERT INTO t VALUES (1, 5, '5', '{}', '{"p": 5}'), (1, NULL, NULL, NULL, NULL);
        """,
        "".join(f'[[references]]\nfrom = "t.{name}"\nto = "project.id"\nnone_values = [0, -1, "-"]\n' for name in "abc")
        + '[[references]]\nfrom = "t.d"\npath = "$.p"\nto = "project.id"\nnone_values = [0, "-"]\n',
    )
    assert exported.rows("t") == {
        (far(1), "0", "-", f"{{0,{far(5)}}}", '{"p": 0}'): 1,
        (far(1), "-1", "0", None, '{"p": "-"}'): 1,
        (far(1), far(5), far(5), "{}", f'{{"p": {far(5)}}}'): 1,
        (far(1), None, None, None, None): 1,
    }


DANGLING = """
CREATE TABLE doc (id uuid PRIMARY KEY, org_id bigint REFERENCES org);
CREATE TABLE part (org_id bigint REFERENCES org, n bigserial, PRIMARY KEY (org_id, n));
INSERT INTO doc VALUES ('00000000-0000-0000-0000-000000000001', 1); INSERT INTO part VALUES (1, 5);
CREATE TABLE t (org_id bigint NOT NULL REFERENCES org, a bigint, b text, c uuid, d bigint[], e jsonb, f json, n bigint);
INSERT INTO t VALUES
    (1, 5, '6', '00000000-0000-0000-0000-000000000001', '{5,NULL,6}', '{"p": [5, "6"]}', '{ "p":[5]}', 5),
    (1, 50, '60', '00000000-0000-0000-0000-000000000002', '{5,50}', '{"p": [50, 5, null], "q": 50}', '{ "p":[50],"x":1e5}', 50);
"""


def _dangling(how: str) -> str:
    plain = "".join(f'[[references]]\nfrom = "t.{name}"\nto = "project.id"\ndangling = "{how}"\n' for name in "abd")
    inside = "".join(f'[[references]]\nfrom = "t.{name}"\npath = "$.p[*]"\nto = "project.id"\ndangling = "{how}"\n' for name in "ef")
    others = f'[[references]]\nfrom = "t.c"\nto = "doc.id"\ndangling = "{how}"\n'
    composite = f'[[references]]\nfrom = ["t.org_id", "t.n"]\nto = ["part.org_id", "part.n"]\ndangling = "{how}"\n'
    return plain + inside + others + composite


def test_what_leads_nowhere_is_kept_and_rewritten(acme: Open):
    exported = acme(PROJECT + DANGLING, _dangling("keep"))
    assert exported.problems() == {}
    kept = (far(50), far(60), "00000000-0000-0000-0000-000000000002", f"{{{far(5)},{far(50)}}}")
    assert any(row[1:5] == kept and row[7] == far(50) for row in exported.rows("t"))


def test_what_leads_nowhere_becomes_null(acme: Open):
    exported = acme(PROJECT + DANGLING, _dangling("null"))
    assert exported.rows("t") == {
        (
            far(1),
            far(5),
            far(6),
            "00000000-0000-0000-0000-000000000001",
            f"{{{far(5)},NULL,{far(6)}}}",
            f'{{"p": [{far(5)}, "{far(6)}"]}}',
            f'{{"p":[{far(5)}]}}',
            far(5),
        ): 1,
        (far(1), None, None, None, f"{{{far(5)},NULL}}", f'{{"p": [null, {far(5)}, null], "q": 50}}', '{"p":[null],"x":1e5}', None): 1,
    }


def test_what_leads_nowhere_stops_the_export(acme: Open):
    problems = acme(PROJECT + DANGLING, _dangling("refuse")).problems()
    assert len(problems["dangling"]) == 7
    assert "t.org_id, n -> part.org_id, n" in problems["dangling"]


def test_nobody_can_tell_here_whether_a_row_of_control_is_there(acme: Open):
    exported = acme(
        "CREATE TABLE t (org_id bigint REFERENCES org, user_id bigint);",
        CONTROL + '[[references]]\nfrom = "t.user_id"\nto = "auth_user.id"\ndangling = "null"',
    )
    assert exported.problems() == {"dangling-elsewhere": ["t.user_id -> auth_user.id"]}


UNSET = """
CREATE TABLE worker (id bigint PRIMARY KEY, region text); INSERT INTO worker VALUES (5, 'us');
CREATE TABLE machine (org_id bigint, id bigint, UNIQUE (org_id, id)); INSERT INTO machine VALUES (1, 7);
CREATE TABLE t (org_id bigint NOT NULL REFERENCES org, a bigint REFERENCES worker, b bigint[], c jsonb, d json, e bigint, kind text,
    f uuid, g bigint, FOREIGN KEY (org_id, g) REFERENCES machine (org_id, id));
INSERT INTO t VALUES (1, 5, '{5}', '{"w": 5, "x": 5}', '{"w":"5", "x": 5}', 5, 'worker', '00000000-0000-0000-0000-000000000001', 7);
INSERT INTO t VALUES (1, NULL, NULL, '{"x": 1}', '{ "x": 5}', 5, 'other', NULL, NULL);
[[references]]
"""


def test_what_refers_to_a_regions_own_machinery_is_unset(acme: Open):
    silos = """
    [tables.worker]
    export = "none"
    why = "machinery"
    [tables.machine]
    export = "none"
    why = "machinery"
    """
    places = ['"t.a"', '"t.b"', '"t.c"\npath = "$.w"', '"t.d"\npath = "$.w"', '"t.f"']
    silos += "".join(f'\n[[references]]\nfrom = {place}\nto = "worker.id"\non_move = "null"\n' for place in places[:4])
    silos += '\n[[references]]\nfrom = "t.e"\ntype_column = "kind"\nto = { worker = "worker.id" }\non_move = "null"\n'
    silos += '\n[[references]]\nfrom = ["t.org_id", "t.g"]\nto = ["machine.org_id", "machine.id"]\non_move = "null"\n'
    exported = acme(UNSET.replace("[[references]]\n", ""), silos)
    uuid = "00000000-0000-0000-0000-000000000001"
    assert exported.problems() == {}
    assert exported.rows("t") == {
        (far(1), None, "{}", '{"w": null, "x": 5}', '{"w":null,"x":5}', None, "worker", uuid, None): 1,
        (far(1), None, None, '{"x": 1}', '{ "x": 5}', "5", "other", None, None): 1,
    }


# polymorphic columns


def test_every_label_has_its_own_rule(acme: Open):
    exported = acme(
        PROJECT
        + """
        CREATE TABLE note (id bigint PRIMARY KEY, org_id bigint REFERENCES org, kind int, target int);
        INSERT INTO note VALUES (1, 1, 1, 5), (2, 1, 2, 5), (3, 1, 3, 5), (4, 1, NULL, 5), (5, 1, 1, NULL);
        """,
        CONTROL + '[[references]]\nfrom = "note.target"\ntype_column = "kind"\nto = { 1 = "project.id", 2 = "auth_user.id" }',
    )
    assert exported.column("note", "target") == [far(5), "5", "5", "5", None]


def test_a_label_inside_the_row_for_ids_inside_a_document(acme: Open):
    exported = acme(
        PROJECT
        + """
        CREATE TABLE note (id bigint PRIMARY KEY, org_id bigint REFERENCES org, kind text, data json);
        INSERT INTO note VALUES (1, 1, 'p', '{"id": 5 }'), (2, 1, 'x', '{"id": 5 }'), (3, 1, NULL, '{"id": 5 }');
        """,
        '[[references]]\nfrom = "note.data"\npath = "$.id"\ntype_column = "kind"\nto = { p = "project.id" }',
    )
    assert exported.column("note", "data") == [f'{{"id":{far(5)}}}', '{"id": 5 }', '{"id": 5 }']


# JSON in columns (paths: test_json_sql.py)


def test_documents_without_an_id_that_changes_pass_to_the_last_blank(acme: Open):
    documents = ['{ "a" : 1 }', '{ "id" : null }', '{"id" :"x", "id":1e5}', " [ ] ", "5", '{"id": {"id": 5}}', f'{{ "id": {far(5)} }}']
    values = ", ".join(f"(1, '{text}', '{text}')" for text in documents)
    exported = acme(
        PROJECT + f"CREATE TABLE t (org_id bigint REFERENCES org, a json, b text); INSERT INTO t VALUES {values}, (1, NULL, 'no {{json');",
        "".join(f'[[references]]\nfrom = "t.{name}"\npath = "$.id"\nto = "project.id"\n' for name in "ab"),
    )
    assert exported.rows("t") == Counter([*((far(1), text, text) for text in documents), (far(1), None, "no {json")])


def test_several_paths_of_one_document(acme: Open):
    exported = acme(
        PROJECT
        + """
        CREATE TABLE t (org_id bigint REFERENCES org, data jsonb);
        INSERT INTO t VALUES (1, '{"a": [5, "6", {}], "by": {"5": 1, "x": 2}, "user": 5, "5": 5}');
        """,
        CONTROL + '[[references]]\nfrom = "t.data"\npath = "$.a[*]"\nto = "project.id"\n'
        '[[references]]\nfrom = "t.data"\npath = "$.by"\nkeys = true\nto = "project.id"\n'
        '[[references]]\nfrom = "t.data"\npath = "$.user"\nto = "auth_user.id"\n',
    )
    ((_, data),) = exported.rows("t")
    assert data == f'{{"5": 5, "a": [{far(5)}, "{far(6)}", {{}}], "by": {{"x": 2, "{far(5)}": 1}}, "user": 5}}'
