"""What names and types suggest: which key a column may hold, and how surely its name says so."""

from __future__ import annotations

import pytest

from splitter.schema import Schema
from splitter.suggest.composites import find_composites
from splitter.suggest.keys import KeyBook
from splitter.suggest.names import Namer, find_named
from splitter.suggest.pairs import find_listed_pairs, find_pairs, match_labels
from splitter.suggest.values import Place, Strength
from splitter.suggest.words import spellings, split_words, stem_of
from tests.drawn_schemas import draw, name_of

SURE, LIKELY, WEAK = Strength.SURE, Strength.LIKELY, Strength.WEAK


def named(schema: Schema) -> dict[str, Strength]:
    return {str(found): found.strength for found in find_named(Namer(KeyBook(schema)), frozenset())}


def holder(column: str, *tables: str) -> dict[str, Strength]:
    return named(draw(f"holder: id bigint pk, {column}", *tables))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("JobRun", ("job", "run")),
        ("APIToken", ("api", "token")),
        ("v1_step_run", ("v1", "step", "run")),
        ("userOAuth2Id", ("user", "o", "auth2", "id")),
        ("with space-and.dot", ("with", "space", "and", "dot")),
        ("Straße", ("strasse",)),
        ("日本語の表", ("日本語の表",)),
        ("___", ()),
    ],
)
def test_names_are_words(name: str, words: tuple[str, ...]):
    assert split_words(name) == words


@pytest.mark.parametrize(
    ("one", "other"),
    [("job_runs", "JobRun"), ("companies", "company"), ("boxes", "box"), ("people", "person"), ("children", "child"), ("news", "news")],
)
def test_singular_and_plural_meet(one: str, other: str):
    assert spellings(split_words(one)) & spellings(split_words(other))


@pytest.mark.parametrize("name", ["id", "valid", "ids", "grid", "_id", "paid"])
def test_what_is_no_id_of_something_has_no_stem(name: str):
    assert stem_of(name) is None


@pytest.mark.parametrize("column", ["team_id bigint", "teamId bigint", "TeamID integer", "team_fk bigint"])
def test_a_column_named_after_a_table_is_its(column: str):
    assert holder(column, "teams: id bigint pk") == {f"holder.{column.split()[0]} -> teams.id": SURE}


@pytest.mark.parametrize(("column", "type"), [("team_id", "uuid"), ("team_id", "text"), ("team_id", "bigint[]"), ("team_name", "bigint")])
def test_another_type_or_no_mark_is_no_id(column: str, type: str):
    assert holder(f"{column} {type}", "teams: id bigint pk") == {}


def test_what_foreign_keys_elsewhere_say_wins_over_a_name():
    schema = draw(
        "namespaces: id bigint pk",
        "groups: id bigint pk",
        "label: id bigint pk, group_id bigint -> namespaces",
        "board: id bigint pk, group_id bigint, target_group_id bigint",
    )
    assert named(schema) == {"board.group_id -> namespaces.id": SURE, "board.target_group_id -> namespaces.id": LIKELY}


def test_foreign_keys_that_disagree_teach_nothing():
    schema = draw(
        "a: id bigint pk",
        "b: id bigint pk",
        "x: id bigint pk, thing_id bigint -> a",
        "y: id bigint pk, thing_id bigint -> b",
        "z: id bigint pk, thing_id bigint",
    )
    assert named(schema) == {}


@pytest.mark.parametrize(
    ("column", "strength"),
    [
        ("last_build_id", LIKELY),
        ("mentioned_build_id", LIKELY),
        ("set_off_by_build_id", LIKELY),
        ("original_target_build_id", LIKELY),
        ("meta_build_id", WEAK),
        ("external_build_id", WEAK),
    ],
)
def test_words_before_a_tables_name_make_it_less_sure(column: str, strength: Strength):
    assert holder(f"{column} bigint", "builds: id bigint pk") == {f"holder.{column} -> builds.id": strength}


def test_the_longest_name_wins():
    assert holder("job_run_id bigint", "runs: id bigint pk", "job_runs: id bigint pk") == {"holder.job_run_id -> job_runs.id": SURE}


def test_a_table_of_that_name_with_another_kind_of_key_is_no_reason_to_look_further():
    assert holder("job_run_id bigint", "runs: id bigint pk", "job_runs: id uuid pk") == {}


def test_the_prefix_of_an_application_says_nothing():
    schema = draw("crm_user: id bigint pk", "crm_deal: id bigint pk, user_id bigint", "crm_a: id bigint pk", "crm_b: id bigint pk")
    assert named(schema) == {"crm_deal.user_id -> crm_user.id": SURE}


def test_the_end_of_a_tables_name_is_enough_where_there_is_one():
    assert holder("user_id bigint", "auth_user: id bigint pk") == {"holder.user_id -> auth_user.id": LIKELY}
    assert holder("user_id bigint", "auth_user: id bigint pk", "old_user: id bigint pk") == {}


def test_that_is_less_for_another_part_of_the_application():
    tables = ("ci_triggers: id bigint pk", "ci_builds: id bigint pk, trigger_id bigint", "notes: id bigint pk, trigger_id bigint")
    assert named(draw(*tables)) == {"ci_builds.trigger_id -> ci_triggers.id": LIKELY, "notes.trigger_id -> ci_triggers.id": WEAK}


def test_of_two_schemas_the_holders_own_is_meant():
    schema = draw("a.team: id bigint pk", "b.team: id bigint pk", "b.member: id bigint pk, team_id bigint")
    assert named(schema) == {"b.member.team_id -> b.team.id": SURE}


@pytest.mark.parametrize("column", ["parent_id", "root_id", "previous_id", "forked_parent_id"])
def test_kin_are_rows_of_the_same_table(column: str):
    assert holder(f"{column} bigint") == {f"holder.{column} -> holder.id": LIKELY}


@pytest.mark.parametrize("column", ["created_by", "owner", "author_id", "reviewer_id", "deleted_by_id"])
def test_who_did_something_is_a_user(column: str):
    assert holder(f"{column} bigint", "users: id bigint pk") == {f"holder.{column} -> users.id": LIKELY}


def test_a_text_that_says_who_did_something_may_be_a_name():
    assert holder("created_by text", "users: id text pk") == {"holder.created_by -> users.id": WEAK}


def test_who_they_are_is_learned():
    schema = draw("member: id bigint pk", "a: id bigint pk, author_id bigint -> member", "b: id bigint pk, owner_id bigint")
    assert named(schema) == {"b.owner_id -> member.id": LIKELY}


def test_arrays_are_named_in_the_plural():
    assert holder("team_ids bigint[], teamUuids uuid[]", "teams: id bigint pk, uuid uuid unique") == {
        "holder.team_ids -> teams.id": SURE,
        "holder.teamUuids -> teams.uuid": SURE,
    }


def test_a_uuid_goes_to_the_key_of_that_name():
    assert holder("team_uuid uuid", "teams: id bigint pk, uuid uuid unique") == {"holder.team_uuid -> teams.uuid": SURE}


def test_a_uuid_needs_no_mark():
    assert holder("team uuid, version bigint", "teams: id uuid pk", "versions: id bigint pk") == {"holder.team -> teams.id": LIKELY}


def test_what_a_foreign_key_holds_or_a_person_said_is_left():
    schema = draw("team: id bigint pk", "member: id bigint pk, team_id bigint -> team", "note: id bigint pk, team_id bigint")
    taken = frozenset({Place(table=name_of("note"), columns=("team_id",))})
    assert not list(find_named(Namer(KeyBook(schema)), taken))


def test_a_primary_key_is_another_tables_only_by_its_whole_name():
    schema = draw("users: id bigint pk", "profile: user_id bigint pk", "last: last_user_id bigint pk")
    assert named(schema) == {"profile.user_id -> users.id": SURE}


# keys of several columns


def composites(*tables: str) -> dict[str, Strength]:
    return {str(found): found.strength for found in find_composites(KeyBook(draw(*tables)), frozenset())}


def test_the_other_columns_of_a_key_are_there_under_its_names():
    task = "task: id bigint, at timestamp [id, at]"
    assert composites(task, "event: task_id bigint, task_at timestamp") == {"event.task_id, event.task_at -> task.id, task.at": SURE}
    assert composites(task, "event: task_id bigint, at timestamp") == {"event.task_id, event.at -> task.id, task.at": SURE}
    assert composites(task, "event: task_id bigint, noted timestamp") == {}
    assert composites(task, "event: task_id bigint, at date") == {}


def test_an_id_that_is_a_key_alone_needs_no_other_column():
    assert composites("task: id bigint pk, at timestamp", "event: task_id bigint, at timestamp") == {}


def test_a_twin_by_the_end_of_the_holders_name_is_meant_as_well():
    found = composites("task: id bigint, at date [id, at]", "tasks_old: id bigint, at date [id, at]", "event_old: task_id bigint, at date")
    assert set(found.values()) == {WEAK} and len(found) == 2


# polymorphic


def labels(schema: Schema, *more: str) -> dict[str, str]:
    book = KeyBook(schema)
    (pair,) = find_pairs(schema, book.tables, frozenset())
    return {str(found.label): str(found.key) for found in match_labels(book, pair, (*pair.labels, *more))}


NOTE = "note: id bigint pk, subject_type text, subject_id bigint"
TEAMS = ("team: id bigint pk", "merge_requests: id bigint pk", "ci_builds: id bigint pk")


def test_labels_are_names_of_tables_in_any_spelling():
    found = labels(draw(NOTE, *TEAMS), "Team", "MergeRequest", "MERGE_REQUEST", "Ci::Build", "app.models.Team", "App\\Team", "nothing")
    assert found == {
        "Team": "team.id",
        "MergeRequest": "merge_requests.id",
        "MERGE_REQUEST": "merge_requests.id",
        "Ci::Build": "ci_builds.id",
        "app.models.Team": "team.id",
        "App\\Team": "team.id",
    }


def test_an_enum_brings_its_labels():
    schema = draw("note: id bigint pk, subject_type public.kind, subject_id bigint", *TEAMS, enums={"public.kind": ("team", "other")})
    assert labels(schema) == {"team": "team.id"}


def test_labels_go_to_keys_of_the_ids_kind_only():
    assert labels(draw("note: id bigint pk, subject_type text, subject_id uuid", *TEAMS), "Team") == {}


def test_a_type_that_is_a_row_is_for_a_person_to_say():
    schema = draw("content_type: id bigint pk", "log: id bigint pk, content_type_id bigint -> content_type, object_id text")
    ((place, table),) = find_listed_pairs(schema, KeyBook(schema).tables, frozenset())
    assert (str(place), str(table)) == ("log.object_id", "content_type")
