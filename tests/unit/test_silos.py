"""Questions put to a SiloMap, and the names in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitter.errors import ConfigError
from splitter.schema import TableName, split_name
from splitter.silos import (
    Control,
    Database,
    Organization,
    Silo,
    SiloMap,
    SoftReference,
    SoftTarget,
    TableRules,
    matches,
    spell_column,
)

MEMBER, TEAM = TableName("public", "member"), TableName("public", "team")
US = Database(name="us", setting="regions.us.url", raw="${US_URL}")
DE = Database(name="de", setting="regions.de.url", raw="${DE_URL}")
CONTROL = Database(name="control", setting="control.url", raw="${CONTROL_URL}")


def silo_map(**parts: Any) -> SiloMap:
    return SiloMap(organization=Organization(table=TableName("public", "organization")), **parts)


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_spelled_table_is_read_as_it_was(schema, name):
    table = TableName(schema, name)
    parts = split_name(str(table))
    assert TableName(*parts) == table if len(parts) == 2 else (("public", *parts) == table)


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_a_spelled_column_is_read_as_it_was(schema, name, column):
    assert split_name(spell_column(TableName(schema, name), column))[-1] == column


@pytest.mark.parametrize(
    ("pattern", "table", "does"),
    [
        ("auth_*", TableName("public", "auth_user"), True),
        ("auth_*", TableName("public", "author"), False),
        ("auth_*", TableName("billing", "auth_user"), False),
        ("Auth_*", TableName("public", "auth_user"), False),
        ("*.auth_*", TableName("billing", "auth_user"), True),
        ("billing.*", TableName("billing", "invoice"), True),
        ("user[12]", TableName("public", "user2"), True),
        ('"we.ird"', TableName("public", "we.ird"), True),
        ('billing."a.*"', TableName("billing", "a.b"), True),
    ],
)
def test_a_pattern_without_a_dot_means_public(pattern, table, does):
    assert matches(pattern, table) is does


def test_a_table_that_no_pattern_names_is_region():
    silos = silo_map(control=Control(tables=("auth_*",)))
    assert silos.silo_of(TableName("public", "auth_user")) is Silo.CONTROL
    assert silos.silo_of(MEMBER) is Silo.REGION


def test_without_control_everything_is_region():
    assert silo_map().silo_of(TableName("public", "auth_user")) is Silo.REGION


def test_a_table_that_the_file_does_not_name_has_the_defaults():
    assert silo_map().rules(MEMBER) == TableRules(table=MEMBER)


def test_a_url_is_filled_in_from_the_environment():
    database = Database(name="us", setting="regions.us.url", raw="postgresql://app:${PW}@${HOST}/db?application_name=$x")
    assert database.url({"PW": "s3cret", "HOST": "h"}) == "postgresql://app:s3cret@h/db?application_name=$x"


def test_the_environment_that_the_file_was_read_with_is_the_default():
    assert Database(name="us", setting="regions.us.url", raw="${US_URL}", environ={"US_URL": "u"}).url() == "u"


def test_an_unset_variable_names_itself_and_its_key():
    with pytest.raises(ConfigError, match=r"regions\.us\.url needs \$\{US_URL\}") as caught:
        US.url({})
    assert caught.value.exit == 2
    assert caught.value.hint == "set US_URL in the environment"


def test_all_unset_variables_are_named_once():
    database = Database(name="us", setting="regions.us.url", raw="${A}${B}${A}")
    with pytest.raises(ConfigError) as caught:
        database.url({})
    assert caught.value.hint == "set A, B in the environment"


def test_a_variable_set_to_nothing_is_no_url():
    with pytest.raises(ConfigError, match=r"regions\.us\.url is empty"):
        US.url({"US_URL": " "})


def test_a_database_does_not_show_its_environment():
    assert "s3cret" not in repr(Database(name="us", setting="s", raw="${U}", environ={"U": "s3cret"}))


def test_a_region_is_found_by_its_name():
    assert silo_map(regions={"us": US, "de": DE}).region("de") is DE


def test_an_unknown_region_names_the_nearest():
    with pytest.raises(ConfigError, match="there is no region 'uss'") as caught:
        silo_map(regions={"us": US, "de": DE}).region("uss")
    assert (caught.value.exit, caught.value.hint) == (2, "did you mean 'us'?")


def test_an_unknown_region_far_from_all_names_them():
    with pytest.raises(ConfigError) as caught:
        silo_map(regions={"us": US, "de": DE}).database("mars")
    assert caught.value.hint == "the regions of silos.toml: us, de"


def test_control_is_the_only_region_of_a_monolith():
    silos = silo_map(regions={"us": US}, control=Control(tables=("auth_*",)))
    assert silos.is_monolith
    assert silos.database("control") is US


def test_control_has_a_database_of_its_own():
    silos = silo_map(regions={"us": US}, control=Control(database=CONTROL))
    assert not silos.is_monolith
    assert silos.database("control") is CONTROL
    assert silos.databases == (CONTROL, US)


def test_a_file_without_databases_has_no_control():
    with pytest.raises(ConfigError, match="names no control database"):
        silo_map().database("control")


@pytest.mark.parametrize(
    ("on_delete", "becomes", "effect"),
    [(None, None, None), ("cascade", None, "cascade"), ("none", None, "none"), ("restrict", "set null", "set null")],
)
def test_restrict_does_what_it_becomes(on_delete, becomes, effect):
    target = SoftTarget(table=TEAM, columns=("id",))
    reference = SoftReference(table=MEMBER, columns=("team_id",), targets=(target,), on_delete=on_delete, restrict_becomes=becomes)
    assert reference.delete_effect == effect


def test_a_reference_reads_as_what_it_says():
    targets = (SoftTarget(table=TEAM, columns=("id",), label="team"), SoftTarget(table=MEMBER, columns=("id",), label="member"))
    reference = SoftReference(table=MEMBER, columns=("target.id",), targets=targets, type_column="t")
    assert str(reference) == 'member."target.id" -> team.id [team], member.id [member]'
    assert reference.polymorphic
