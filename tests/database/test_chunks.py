"""Chunks: along which index, without gap or overlap, and where the same rows lie once their ids are shifted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exports.chunks import Chunk
from exports.heaps import Heap, read_heaps
from exports.ranges import Range
from splitter.schema import Table, TableName
from tests.exported import LIMIT, ORG, Exported, Texts, look
from tests.servers import Servers

Open = Callable[..., Exported]
ITEM = "CREATE TABLE item (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org"


def columns(chunks: list[Chunk]) -> set[str | None]:
    """The columns that were cut along."""
    return {chunk.source.column for chunk in chunks}


def check(exported: Exported, name: str, rows: int, heap: Heap | None = None) -> list[Chunk]:
    """Each row in one chunk; no value between two chunks; in the target the same rows by the target's ranges."""
    chunks = exported.chunks(name, rows, heap)
    found = [exported.chunk_rows(chunk) for chunk in chunks]
    assert sum(found, Counter()) == exported.rows(name)
    assert all(chunk.rows in (None, each.total()) for chunk, each in zip(chunks, found, strict=True))
    table = exported.survey.schema.tables[TableName("public", name)]
    order = exported.source.columns(table.name)
    for number, chunk in enumerate(chunks):
        beside = [other for other in chunks if other.part == chunk.part]
        for row in found[number]:
            assert [other for other in beside if _within(table, order, row, other.target)] == [chunk]
    return chunks


def _within(table: Table, order: tuple[str, ...], row: Texts, wanted: Range) -> bool:
    """Whether a row, as it is in the target, lies in a range, by Python's own comparison."""
    value = {name: _comparable(table, name, text) for name, text in zip(order, row, strict=True)}
    if any(value[name] != _comparable(table, name, text) for name, text in wanted.fixed):
        return False
    if wanted.column is None:
        return True
    mine = value[wanted.column]
    low = _comparable(table, wanted.column, wanted.low.value) if wanted.low else None
    high = _comparable(table, wanted.column, wanted.high.value) if wanted.high else None
    above = wanted.low is None or mine > low or (wanted.low.inclusive and mine == low)
    below = wanted.high is None or mine < high or (wanted.high.inclusive and mine == high)
    return bool(above and below)


def _comparable(table: Table, name: str, text: str | None):
    return int(text) if text is not None and table.column(name).base_type in ("smallint", "integer", "bigint") else text


def test_along_the_next_column_of_the_index_that_begins_with_the_organization(acme: Open):
    exported = acme(ITEM + "); CREATE INDEX ON item (org_id, id); INSERT INTO item SELECT n, 1 + n % 2 FROM generate_series(1, 100) AS n;")
    chunks = check(exported, "item", 10)
    assert columns(chunks) == {"id"}
    assert [chunk.rows for chunk in chunks if chunk.rows] == [10] * 5


def test_without_an_index_of_the_way_one_scan(acme: Open):
    exported = acme(ITEM + "); INSERT INTO item SELECT n, 1 FROM generate_series(1, 50) AS n;")
    assert columns(check(exported, "item", 10)) == {None}


@pytest.mark.parametrize(
    ("index", "column"),
    [
        ("(org_id, day DESC)", "day"),
        ("(org_id, day NULLS FIRST)", "day"),
        ("(org_id) INCLUDE (day)", None),
        ("(org_id, maybe)", None),
        ("(org_id, name)", None),
        ("(org_id, day) WHERE day > '2020-01-01'", None),
        ("(org_id, (day + 1))", None),
        ("(day, org_id)", None),
        ("(org_id, maybe, day)", None),
    ],
)
def test_which_indexes_serve(acme: Open, index: str, column: str | None):
    exported = acme(
        ITEM
        + f""", day date NOT NULL, maybe int, name text NOT NULL); CREATE INDEX ON item {index};
        INSERT INTO item SELECT n, 1, date '2024-01-01' + n / 3, nullif(n % 4, 0), n::text FROM generate_series(1, 40) AS n;"""
    )
    assert columns(check(exported, "item", 7)) == {column}


def test_an_index_on_text_is_no_order_that_two_servers_share(acme: Open):
    exported = acme("CREATE TABLE item (id text PRIMARY KEY, org_id bigint REFERENCES org); CREATE INDEX ON item (org_id, id);")
    assert columns(check(exported, "item", 7)) == {None}


@pytest.mark.parametrize("type_", ["uuid", "numeric(10,2)", "date", "timestamptz", "smallint"])
def test_every_type_that_has_an_order(acme: Open, type_: str):
    value = {
        "uuid": "md5(n::text)::uuid",
        "date": "date '0044-03-15 BC' + n * 9999",
        "timestamptz": "CASE WHEN n % 9 = 0 THEN 'infinity' ELSE timestamptz '1890-01-01 00:00:00.000001+5' * 1 + n * interval '1 day' END",
    }.get(type_, "n - 20").replace(" * 1 ", " ")
    exported = acme(
        ITEM
        + f", k {type_} NOT NULL); CREATE INDEX ON item (org_id, k);"
        + f"INSERT INTO item SELECT n, 1, {value} FROM generate_series(1, 40) AS n;"
    )
    chunks = exported.chunks("item", 7)
    assert columns(chunks) == {"k"}
    assert sum((exported.chunk_rows(chunk) for chunk in chunks), Counter()) == exported.rows("item")


PARENT = "CREATE TABLE project (id bigint PRIMARY KEY, org_id bigint REFERENCES org);"


def test_a_value_with_too_many_rows_is_cut_along_the_next_column(acme: Open):
    exported = acme(
        PARENT
        + """
        INSERT INTO project SELECT n, 1 FROM generate_series(1, 6) AS n;
        CREATE TABLE item (id bigint NOT NULL, project_id bigint REFERENCES project); CREATE INDEX ON item (project_id, id);
        INSERT INTO item SELECT n, CASE WHEN n < 4 THEN n WHEN n < 40 THEN 4 WHEN n < 80 THEN 5 ELSE 6 END FROM generate_series(1, 85) AS n;
        """,
        '[tables.item]\nids = ["id"]',
    )
    chunks = check(exported, "item", 10)
    assert columns(chunks) == {"project_id", "id"}
    assert max(chunk.rows or 0 for chunk in chunks) <= 10


def test_a_value_with_too_many_rows_and_no_next_column_is_one_chunk(acme: Open):
    exported = acme(
        PARENT
        + """
        INSERT INTO project SELECT n, 1 FROM generate_series(1, 6) AS n;
        CREATE TABLE item (project_id bigint REFERENCES project, at int); CREATE INDEX ON item (project_id, at);
        INSERT INTO item SELECT CASE WHEN n < 4 THEN n ELSE 5 END, nullif(n, 7) FROM generate_series(1, 60) AS n;
        """
    )
    assert max(chunk.rows or 0 for chunk in check(exported, "item", 10)) == 57


def test_columns_whose_values_change_their_order_are_not_cut_along(acme: Open):
    exported = acme(
        """
        CREATE TABLE plan (id int PRIMARY KEY, name text); INSERT INTO plan SELECT n, n FROM generate_series(0, 9) AS n;
        CREATE TABLE item (org_id bigint REFERENCES org, plan_id int NOT NULL REFERENCES plan, up bigint NOT NULL, kind text,
            target bigint NOT NULL);
        CREATE INDEX ON item (org_id, plan_id); CREATE INDEX ON item (org_id, up); CREATE INDEX ON item (org_id, target);
        CREATE TABLE other (id bigint PRIMARY KEY, org_id bigint REFERENCES org);
        INSERT INTO other SELECT n, 1 FROM generate_series(1, 9) AS n;
        INSERT INTO item SELECT 1, n % 10, n % 10, 'o', 1 + n % 9 FROM generate_series(1, 50) AS n;
        """,
        '[tables.plan]\nexport = "shared"\nmatch = [["name"]]\n'
        '[[references]]\nfrom = "item.up"\nto = "other.id"\nnone_values = [0]\n'
        '[[references]]\nfrom = "item.target"\ntype_column = "kind"\nto = { o = "other.id" }\n',
    )
    assert columns(check(exported, "item", 7)) == {None}


def test_a_polymorphic_way_is_cut_by_the_rule_of_its_label(acme: Open):
    exported = acme(
        PARENT
        + f"""
        INSERT INTO project SELECT n, 1 FROM generate_series(1, 20) AS n;
        INSERT INTO project SELECT {2 * LIMIT} + n, 1 FROM generate_series(1, 20) AS n;
        CREATE TABLE note (id bigint PRIMARY KEY, kind text, target bigint); CREATE INDEX ON note (kind, target, id);
        INSERT INTO note SELECT row_number() OVER (), 'p', id FROM project; INSERT INTO note VALUES (100, 'x', 5), (101, 'p', 99);
        """,
        '[[references]]\nfrom = "note.target"\ntype_column = "kind"\nto = { p = "project.id" }\n',
    )
    assert columns(check(exported, "note", 7)) == {"target"}


def test_images_of_local_ids_among_the_origins_own(acme: Open):
    ids = [*range(1, 30), *range(LIMIT + 10, LIMIT + 50)]
    values = ", ".join(f"({id_}, 1)" for id_ in ids if id_ - LIMIT not in range(1, 30))
    exported = acme(ITEM + f"); CREATE INDEX ON item (org_id, id); INSERT INTO item VALUES {values};")
    assert len(check(exported, "item", 7)) > 5
    mixed = [*range(1, 30), LIMIT + 40, *range(50, 60)]
    values = ", ".join(f"({id_}, 1)" for id_ in mixed)
    exported = acme(ITEM + f"); CREATE INDEX ON item (org_id, id); INSERT INTO item VALUES {values};")
    assert columns(check(exported, "item", 7)) == {None}


def test_an_int4_column_and_a_bound_that_it_could_not_hold(acme: Open):
    exported = acme(
        "CREATE TABLE item (id int PRIMARY KEY, org_id bigint REFERENCES org); CREATE INDEX ON item (org_id, id);"
        "INSERT INTO item SELECT n, 1 FROM generate_series(1, 30) AS n;"
    )
    assert columns(check(exported, "item", 7)) == {"id"}


SCATTERED = Heap(pages=10, order={"id": 1.0})  # as the server would tell of a table whose rows came in by id, project by project in turn
WIDE = """
    CREATE TABLE item (id bigint PRIMARY KEY, project_id bigint NOT NULL REFERENCES project, pad text NOT NULL);
    ALTER TABLE item ALTER pad SET STORAGE PLAIN; CREATE INDEX ON item (project_id);
    INSERT INTO project SELECT n, 1 FROM generate_series(1, 20) AS n;
"""


@pytest.mark.parametrize(
    ("project", "order", "column"),
    [
        ("1 + n % 20", "n", "id"),  # every chunk of projects would read every page
        ("1 + n / 100", "n", "project_id"),  # the projects came one after the other
        ("1 + n % 20", "md5(n::text)", "project_id"),  # the key's order is nobody's
        ("CASE WHEN n % 100 = 0 THEN 1 + n % 20 END", "n", "project_id"),  # among many rows of others
    ],
)
def test_rows_scattered_over_the_table_are_read_along_its_key(acme: Open, project: str, order: str, column: str):
    exported = acme(
        PARENT
        + "INSERT INTO project VALUES (99, 2);"
        + WIDE
        + f"""
        INSERT INTO item SELECT n, COALESCE({project}, 99), repeat('x', 900) FROM generate_series(1, 1999) AS n ORDER BY {order};
        ANALYZE item;
        """
    )
    chunks = check(exported, "item", 100 if column == "id" else 10)
    assert columns(chunks) == {column}


def test_partitions_count_together(acme: Open):
    exported = acme(
        PARENT
        + """
        CREATE TABLE item (id bigint, project_id bigint NOT NULL REFERENCES project, pad text NOT NULL, PRIMARY KEY (id))
            PARTITION BY RANGE (id);
        CREATE TABLE low PARTITION OF item FOR VALUES FROM (0) TO (1000);
        CREATE TABLE high PARTITION OF item FOR VALUES FROM (1000) TO (9999);
        CREATE INDEX ON item (project_id); INSERT INTO project SELECT n, 1 FROM generate_series(1, 20) AS n;
        INSERT INTO item SELECT n, 1 + n % 20, repeat('x', 900) FROM generate_series(1, 1999) AS n;
        ANALYZE low; ANALYZE high;
        """
    )
    heap = read_heaps(exported.connection, [TableName("public", "item")])[TableName("public", "item")]
    assert heap.pages > 200 and heap.order["id"] == 1.0 and heap.order["project_id"] < 0.5
    assert columns(check(exported, "item", 100)) == {"id"}


@pytest.mark.parametrize("ids", ["uuid", "text"])
def test_a_key_without_an_order_of_its_own_is_not_read_along(acme: Open, ids: str):
    exported = acme(
        PARENT
        + f"""
        CREATE TABLE item (id {ids} PRIMARY KEY, project_id bigint NOT NULL REFERENCES project); CREATE INDEX ON item (project_id);
        INSERT INTO project SELECT n, 1 FROM generate_series(1, 20) AS n;
        INSERT INTO item SELECT md5(n::text)::{ids}, 1 + n % 20 FROM generate_series(1, 200) AS n;
        """
    )
    assert columns(check(exported, "item", 10, Heap(pages=10, order={"id": 0.1}))) == {"project_id"}


STARTS = (1, 100, LIMIT, 2 * LIMIT, 2 * LIMIT + 100, 3 * LIMIT)
IDS = st.sets(st.builds(int.__add__, st.sampled_from(STARTS), st.integers(0, 60)))


@pytest.mark.postgres(15)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parents=IDS, heavy=st.integers(0, 30), rows=st.integers(1, 12), seed=st.integers(0, 99))
def test_any_mixture_of_ids(servers: Servers, parents: set[int], heavy: int, rows: int, seed: int):
    """Origin 2, so that there are distributed ids below its range and above it; an image of a local id is nobody's else."""
    parents = {id_ for id_ in parents if not (id_ < LIMIT and id_ + 2 * LIMIT in parents)}
    server = servers(15)
    url = server.create(
        ORG
        + PARENT
        + "CREATE TABLE item (id bigint PRIMARY KEY, project_id bigint REFERENCES project); CREATE INDEX ON item (project_id, id);"
    )
    values = ", ".join(f"({id_}, 1)" for id_ in parents) or "(1, 1)"
    chosen = sorted(parents)[seed % len(parents)] if parents else 1
    server.psql(
        url,
        f"""INSERT INTO project VALUES {values};
        INSERT INTO item SELECT n * 3 + {seed}, id FROM (SELECT row_number() OVER (), id FROM project) AS p(n, id);
        INSERT INTO item SELECT n * 3 + {seed} + 1, {chosen} FROM generate_series(1, {heavy}) AS n;
        INSERT INTO item SELECT n * 3 + {2 * LIMIT + 1000}, {chosen} FROM generate_series(1, {heavy}) AS n;""",
    )
    with look(url, origin=2) as exported:
        check(exported, "item", rows)
        check(exported, "item", rows, SCATTERED)
    server.drop(url)
