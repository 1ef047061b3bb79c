"""What read_schema says of a database that has one of everything (catalog_features.sql)."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from splitter.catalog import read_schema
from splitter.schema import Column, Index, Schema, Table, TableKind, TableName, UniqueKey
from tests.servers import Server

FEATURES = Path(__file__).with_name("catalog_features.sql")

WEIRD = TableName('we.ird "one"', "Tab\nle.ünï 💥")
LONG = "n" * 63


def public(name: str) -> TableName:
    return TableName("public", name)


@pytest.fixture(scope="module")
def read_before() -> dict[int, Schema]:
    return {}


@pytest.fixture
def schema(server: Server, read_before: dict[int, Schema]) -> Schema:
    """Read once a server: nothing can change it."""
    if server.major not in read_before:
        url = server.create(FEATURES)
        with psycopg.connect(url, autocommit=True) as conn:
            read_before[server.major] = read_schema(conn)
        server.drop(url)
    return read_before[server.major]


def table(schema: Schema, name: str) -> Table:
    return schema.tables[public(name)]


def column(schema: Schema, of: str, name: str) -> Column:
    return table(schema, of).column(name)


def key(schema: Schema, of: str, name: str) -> UniqueKey:
    return next(key for key in table(schema, of).keys if key.name == name)


def index(schema: Schema, of: str, name: str) -> Index:
    return next(index for index in table(schema, of).indexes if index.name.name == name)


# types


@pytest.mark.parametrize(
    ("name", "type", "bare", "base"),
    [
        ("small", "smallint", "smallint", "smallint"),
        ("length", "character varying(20)", "character varying", "character varying"),
        ("fixed", "character(3)", "bpchar", "bpchar"),
        ("bits", "bit(4)", '"bit"', '"bit"'),
        ("money", "numeric(10,2)", "numeric", "numeric"),
        ("at", "timestamp(3) with time zone", "timestamp with time zone", "timestamp with time zone"),
        ("v", "public.very_positive", "public.very_positive", "bigint"),
        ("vs", "public.very_positive[]", "public.very_positive[]", "bigint[]"),
        ("ns", "public.names", "public.names", "character varying[]"),
        ("nested", "public.names[]", "public.names[]", "public.names[]"),
        ("moods", "public.mood[]", "public.mood[]", "public.mood[]"),
        ("c", "public.citext", "public.citext", "public.citext"),
        ("lsn", "pg_lsn", "pg_lsn", "pg_lsn"),
    ],
)
def test_types_are_spelled_with_and_without_modifier_and_domain(schema, name, type, bare, base):
    found = column(schema, "types", name)
    assert (found.type, found.bare_type, found.base_type) == (type, bare, base)


def test_a_bare_type_cuts_nothing(database, run_sql):
    assert run_sql(database, """SELECT 'abc'::bpchar, '1010'::"bit"::text""") == [("abc", "1010")]


def test_types_without_binary_form_or_with_one_that_names_an_object_are_not_binary_safe(schema):
    unsafe = {column.name for column in table(schema, "types").columns if not column.binary_safe}
    assert unsafe == {"kind", "procs", "k", "rights"}


def test_types_without_a_default_btree_operator_class_are_not_comparable(schema):
    unordered = {column.name for column in table(schema, "types").columns if not column.comparable}
    assert unordered == {"p", "rights", "j", "js", "where_", "x"}


def test_a_column_says_which_extension_its_type_is_from(schema):
    found = {column.name: column.extension for column in table(schema, "types").columns if column.extension}
    assert found == {"c": "citext", "cs": "citext"}


def test_a_collation_is_said_where_it_is_not_the_types_own(schema):
    collated = {column.name: column.collation for column in table(schema, "types").columns if column.collation}
    assert collated == {"words": '"C"', "sorted": '"C"'}


def test_enums_keep_the_order_of_their_labels(schema):
    assert schema.enums == {public("mood"): ("sad", "it's ok", "calm", "happy")}


def test_domains_say_what_they_demand(schema):
    positive, very = schema.domains[public("positive")], schema.domains[public("very_positive")]
    assert (positive.base_type, positive.not_null, positive.checks) == ("bigint", True, ("(VALUE > 0)",))
    assert (very.base_type, very.not_null, very.checks) == ("public.positive", False, ("((VALUE)::bigint > 1000)",))
    assert schema.domains[public("names")].base_type == "character varying(20)[]"


# columns and sequences


def test_dropped_columns_are_gone_and_positions_stay(schema):
    positions = {column.name: column.position for column in table(schema, "fed").columns}
    assert "gone" not in positions
    assert (positions["g"], positions["h"]) == (7, 9)


def test_defaults_are_spelled_for_any_search_path(schema):
    assert column(schema, "fed", "i").default == "nextval('public.loose'::regclass)"
    assert column(schema, "fed", "f").default == "'x''y'::text"
    assert column(schema, "fed", "h").default == "'2020-01-01 00:00:00+00'::timestamp with time zone"
    assert column(schema, "fed", "c").default is None


def test_a_generated_column_has_an_expression_and_no_default(schema):
    found = column(schema, "fed", "g")
    assert (found.generated, found.generated_virtual, found.default) == ("(e * 2)", False, None)
    assert found not in table(schema, "fed").stored_columns


def test_identity_is_always_or_by_default(schema):
    assert {name: column(schema, "fed", name).identity for name in "abcd"} == {"a": "", "b": "", "c": "a", "d": "d"}


def test_a_column_knows_the_sequence_that_feeds_it(schema):
    feeding = {column.name: column.sequence and column.sequence.name for column in table(schema, "fed").columns}
    serial = {"a": "fed_a_seq", "b": "fed_b_seq", "c": "fed_c_seq", "d": "fed_d_seq"}
    assert feeding == {**serial, "e": None, "f": None, "g": None, "h": None, "i": "loose", "j": "Own.Ed", "k": "fed_b_seq"}


def test_an_expression_around_nextval_is_fed_too(schema):
    assert column(schema, "wide_default", "i").sequence == public("loose")


def test_a_sequence_says_its_type_range_and_owner(schema):
    loose = schema.sequences[public("loose")]
    assert (loose.type, loose.start, loose.minimum, loose.maximum, loose.increment) == ("bigint", 20, 10, 1000, 3)
    assert loose.cycle and loose.owner is None
    assert schema.sequences[public("Own.Ed")].maximum == 32767
    assert schema.sequences[public("Own.Ed")].owner == (public("fed"), "j")
    assert schema.sequences[public("fed_c_seq")].owner == (public("fed"), "c")


# keys and indexes


def test_a_primary_key_keeps_its_order_and_leaves_included_columns_out(schema):
    assert table(schema, "keyed").primary_key == ("b", "a")
    assert key(schema, "keyed", "keyed_a_b").constraint
    assert index(schema, "keyed", "keyed_a_b").include == ("c",)


def test_unique_constraints_and_indexes_are_keys(schema):
    assert {key.name for key in table(schema, "keyed").keys} == {"keyed_a_b", "keyed_c", "keyed_d", "keyed_partial", "keyed_lower"}
    assert key(schema, "keyed", "keyed_c").nulls_not_distinct
    assert key(schema, "keyed", "keyed_d").deferrable
    assert not key(schema, "keyed", "keyed_partial").constraint


def test_a_partial_key_says_of_what(schema):
    assert key(schema, "keyed", "keyed_partial").predicate == "(d IS NULL)"


def test_a_key_over_an_expression_has_no_columns(schema):
    found = key(schema, "keyed", "keyed_lower")
    assert (found.columns, found.expressions) == ((), ('"a"', "lower(c)"))


def test_an_index_keeps_direction_and_included_columns(schema):
    found = index(schema, "keyed", "keyed_down")
    assert (found.columns, found.descending, found.include) == (("a", "b"), (True, False), ("d",))
    assert found.expressions == ('"a"', '"b"')


def test_an_expression_in_an_index_is_none_among_the_columns(schema):
    found = index(schema, "keyed", "keyed_sum")
    assert (found.columns, found.expressions) == ((None, "c"), ("((a + b))", '"c"'))


def test_other_operator_classes_and_collations_are_seen(schema):
    other = {index.name.name for index in table(schema, "keyed").indexes if not index.default_opclass}
    assert other == {"keyed_pattern", "keyed_collated"}


def test_an_invalid_index_is_seen(schema):
    found = index(schema, "keyed", "keyed_hash")
    assert (found.valid, found.method) == (False, "hash")


def test_exclusions_keep_operators_expressions_and_predicate(schema):
    first, second = table(schema, "booked").exclusions
    assert (first.columns, first.operators, first.predicate) == (("room", "during"), ("=", "&&"), "(NOT cancelled)")
    assert first.deferrable
    assert (second.columns, second.operators, second.expressions) == ((None, None), ("=", "<>"), ("((room + 1))", "lower(during)"))
    assert table(schema, "booked").keys == ()


# foreign keys and checks


def test_foreign_keys_say_what_they_do(schema):
    found = {key.name: key for key in table(schema, "source").foreign_keys}
    assert set(found) == {"to_id", "to_code", "to_pair", "to_half"}
    by_id = found["to_id"]
    assert (by_id.target, by_id.target_columns, by_id.on_delete, by_id.on_update) == (public("target"), ("id",), "c", "r")
    assert by_id.deferrable and by_id.deferred and by_id.validated
    assert (found["to_code"].target_columns, found["to_code"].on_delete) == (("code",), "d")


def test_a_composite_foreign_key_keeps_its_pairs(schema):
    found = {key.name: key for key in table(schema, "source").foreign_keys}
    assert (found["to_pair"].columns, found["to_pair"].target_columns) == (("y", "x"), ("y", "x"))
    assert found["to_pair"].match_full
    assert (found["to_half"].delete_columns, found["to_half"].validated) == (("y",), False)


def test_a_table_may_refer_to_itself(schema):
    (found,) = table(schema, "target").foreign_keys
    assert found.table == found.target == public("target")


def test_checks_are_there_but_not_the_constraints_behind_not_null(schema):
    checks = {check.name: check for check in table(schema, "source").checks}
    assert set(checks) == {"source_y_check", "short"}
    assert checks["source_y_check"].expression == "(y > 0)"
    assert not checks["short"].validated


# partitions and inheritance


def test_partitions_know_their_place(schema):
    root, middle, leaf = (table(schema, name) for name in ("parted", "parted_2024", "parted_2024_a"))
    assert (root.kind, root.partition_strategy, root.partition_key) == (TableKind.PARTITIONED, "r", ("day", "id"))
    assert (middle.kind, middle.partition_of, middle.partition_strategy) == (TableKind.PARTITIONED, root.name, "h")
    assert (leaf.kind, leaf.partition_of) == (TableKind.PLAIN, middle.name)
    assert middle.partition_bound == "FOR VALUES FROM ('2024-01-01', '0') TO ('2025-01-01', '0')"
    assert leaf.inherits == root.inherited_by == ()


def test_a_partition_key_may_be_an_expression(schema):
    assert table(schema, "parted_by_sum").partition_key == (None,)


def test_foreign_keys_that_a_partition_inherited_are_left_out(schema):
    assert {key.name for key in table(schema, "parted").foreign_keys} == {"parted_target_id_fkey", "to_parted"}
    assert [key.name for key in table(schema, "parted_2024_b").foreign_keys] == ["of_its_own"]
    assert table(schema, "parted_2024_a").foreign_keys == ()


def test_keys_and_indexes_stand_on_every_partition(schema):
    leaf = table(schema, "parted_2024_b")
    assert [key.columns for key in leaf.keys] == [("id", "day")]
    assert {index.columns for index in leaf.indexes} == {("id", "day"), ("target_id",)}


def test_the_estimate_of_a_partitioned_table_is_the_sum_of_its_partitions(schema):
    assert table(schema, "parted").rows == 1000
    assert table(schema, "parted").bytes == sum(table(schema, f"parted_2024_{part}").bytes for part in "ab") > 0
    assert table(schema, "parted_by_sum").rows == 0
    assert table(schema, "part_target").rows == table(schema, "keyed").rows == -1


def test_a_partition_takes_its_ids_from_the_sequence_of_the_root(schema):
    assert column(schema, "parted_2024_a", "n").sequence == public("parted_n_seq")
    by_version = public("parted_id_seq") if schema.server_version >= 170000 else None
    assert column(schema, "parted_2024_b", "id").sequence == by_version


def test_inheritance_keeps_the_order_of_parents(schema):
    assert table(schema, "dog").inherits == (public("thing"), public("animal"))
    assert table(schema, "animal").inherited_by == (public("dog"),)
    assert table(schema, "dog").partition_of is None
    assert column(schema, "dog", "id").sequence == public("animal_id_seq")


# triggers, policies, views


def test_triggers_that_a_person_made_are_seen(schema):
    found = {trigger.name: trigger for trigger in table(schema, "source").triggers}
    assert set(found) == {"watch", "emptied", "late"}
    watch = found["watch"]
    assert (watch.events, watch.columns, watch.enabled) == (frozenset({"insert", "update"}), ("code", "x"), "A")
    assert watch.before and watch.row
    assert watch.function == TableName("tools", "notice")
    assert (found["emptied"].events, found["emptied"].enabled, found["emptied"].row) == (frozenset({"truncate"}), "D", False)


def test_a_trigger_of_a_partitioned_table_is_not_repeated_on_its_partitions(schema):
    assert [trigger.name for trigger in table(schema, "parted").triggers] == ["on_all"]
    assert table(schema, "parted_2024_a").triggers == ()


def test_row_level_security_and_replica_identity_are_seen(schema):
    source = table(schema, "source")
    assert source.row_security and source.row_security_forced and source.replica_identity == "f"
    anybody, mine = source.policies
    assert (mine.command, mine.permissive, mine.using, mine.check) == ("w", False, "(x = 1)", "(y = 1)")
    assert (anybody.command, anybody.permissive, anybody.using) == ("*", True, None)


def test_views_say_what_they_read(schema):
    assert schema.views[public("seen")].reads == {public("source"), public("target")}
    assert schema.views[public("seen_twice")].reads == {public("seen"), public("animal")}
    assert schema.views[public("seen_twice")].materialized


# names


def test_names_are_exact(schema):
    weird = schema.tables[WEIRD]
    assert [column.name for column in weird.columns] == ["i.d", 'se"lect', "%s {}", "user"]
    assert weird.primary_key == ("i.d",)
    assert weird.column("i.d").sequence == TableName(WEIRD.schema, "Tab\nle.ünï 💥_i.d_seq")


def test_expressions_of_hostile_names_can_be_run_as_they_are(schema):
    (found,) = (index for index in schema.tables[WEIRD].indexes if index.name.name == "in.dex")
    assert found.columns == ('se"lect', None, "user")
    assert found.expressions == ('"se""lect"', 'lower("%s {}")', '"user"')


def test_names_of_63_bytes_are_not_cut(schema):
    long = table(schema, LONG)
    assert long.primary_key == ("c" * 63,)
    assert long.column("e").type == '"we.ird ""one"""."Tab\nle.ünï 💥"'


# what is left out


def test_what_an_extension_or_orglift_owns_is_left_out(schema):
    everything = {*schema.tables, *schema.sequences, *schema.views, *schema.enums}
    assert not [name for name in everything if name.schema == "orglift" or "of_extension" in name.name]
    assert set(schema.extensions) == {"plpgsql", "btree_gist", "citext"}


def test_what_is_left_out_may_still_be_referred_to(schema):
    found = table(schema, "refers_to_extension")
    assert (found.foreign_keys[0].target, found.foreign_keys[0].target_columns) == (public("of_extension"), ("id",))
    assert found.column("u").sequence == public("of_extension_id_seq")


def test_foreign_tables_stand_apart(schema):
    assert schema.foreign_tables == {public("far"): None, public("far_part"): public("near")}
    assert schema.sequences[public("far_id_seq")].owner == (public("far"), "id")


def test_persistence_is_seen(schema):
    assert table(schema, "fleeting").persistence == "u"
    assert table(schema, "fed").persistence == "p"
