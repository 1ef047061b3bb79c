"""silos.toml held against catalogs: each sentence has one wrong thing in a file that is right otherwise."""

from __future__ import annotations

import pytest

from splitter.errors import ConfigError
from splitter.schema import Column, ForeignKey, Schema, Table, TableKind, TableName, Trigger, UniqueKey, View
from splitter.silos_check import check_silos, validate_silos
from splitter.silos_file import parse_silos


def name_of(text: str) -> TableName:
    schema, _, name = text.rpartition(".")
    return TableName(schema or "public", name)


def table(name: str, columns: str, *keys: str, **parts) -> Table:
    """``columns`` as ``id bigint!, at date``, where ! is NOT NULL; each key as ``a, b``."""
    own = name_of(name)
    pairs = [column.strip().split(" ", 1) for column in columns.split(",")]
    made = [
        Column(
            name=column, position=number, type=kind.strip("!"), bare_type=kind.strip("!"), base_type=kind.strip("!"), not_null="!" in kind
        )
        for number, (column, kind) in enumerate(pairs, 1)
    ]
    unique = tuple(UniqueKey(name=f"{name}_{number}", table=own, columns=tuple(key.split(", "))) for number, key in enumerate(keys))
    return Table(name=own, columns=tuple(made), keys=unique, **parts)


def schema(*tables: Table, **parts) -> Schema:
    return Schema(server_version=180004, tables={each.name: each for each in tables}, **parts)


def key(holder: str, columns: str, target: str) -> ForeignKey:
    return ForeignKey(
        name=f"{holder}_fk", table=name_of(holder), columns=tuple(columns.split(", ")), target=name_of(target), target_columns=("id",)
    )


NOTIFY = Trigger(
    name="notify", table=name_of("comment"), enabled="O", events=frozenset({"insert"}), before=False, row=True, function=name_of("notify")
)
CONTROL = schema(
    table("auth_user", "id bigint!, email text!, home bigint", "id"),
    table("mapping", "organization_id bigint!, slug text, region_name text", "organization_id"),
)
REGION = schema(
    table("organization", "id bigint!, slug text!, status integer!, state public.mood!", "id", "slug"),
    table("team", "id bigint!, organization_id bigint!, code text", "id", "organization_id, code"),
    table("member", "id bigint!, user_id bigint!, boss_id bigint, team_ids bigint[], name text", "id"),
    table("rule", "id bigint!, data jsonb, note text, at date, label public.mood, number integer", "id"),
    table(
        "comment",
        "id bigint!, team_id bigint!, organization_id bigint, number integer!",
        "id",
        foreign_keys=(key("comment", "team_id, organization_id", "team"), key("comment", "organization_id", "organization")),
        triggers=(NOTIFY,),
    ),
    table("log", "id bigint!, at date!", "id", kind=TableKind.PARTITIONED),
    table("log_2026", "id bigint!, at date!", "id", partition_of=name_of("log")),
    table("billing.invoice", "id bigint!", "id"),
    enums={name_of("mood"): ("happy", "sad")},
    views={name_of("teams"): View(name=name_of("teams"), materialized=False, reads=frozenset())},
)
BOTH = {"control": CONTROL, "us": REGION}
ORGANIZATION = '[organization]\ntable = "organization"\n'
DATABASES = '[control]\nurl = "${C}"\ntables = ["auth_*", "mapping"]\n[regions.us]\nurl = "${U}"\n'


def problems(text: str, schemas=BOTH, head: str = ORGANIZATION + DATABASES):
    return validate_silos(parse_silos(head + text, {}), schemas)


def told(text: str, schemas=BOTH, head: str = ORGANIZATION + DATABASES) -> list[str]:
    return [f"{each.object.rpartition(': ')[2]}: {each.found}; {each.remedy}" for each in problems(text, schemas, head)]


def reference(text: str) -> str:
    return f"[[references]]\n{text}\n"


def test_a_file_that_is_right_has_no_problems():
    text = (
        reference('from = "member.user_id"\nto = "auth_user.id"')
        + reference('from = "auth_user.home"\nto = "organization.id"')
        + reference('from = "member.team_ids"\nto = "team.id"')
        + reference('from = "rule.data"\npath = "$.id"\nto = "team.id"')
        + reference('from = "rule.note"\ntype_column = "label"\nto = { happy = "team.id", sad = "member.id" }')
        + '[tables.comment]\nowner = "organization_id"\nids = ["number"]\naccept_triggers = ["notify"]\n'
        + '[tables."billing.invoice"]\nexport = "shared"\nmatch = [["id"]]\n'
    )
    assert told(text) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('from = "membr.user_id"\nto = "team.id"', "references[0].from: there is no table 'membr'; did you mean 'member'?"),
        ('from = "Member.user_id"\nto = "team.id"', "references[0].from: there is no table 'Member'; did you mean 'member'?"),
        ('from = "invoice.id"\nto = "team.id"', "references[0].from: there is no table 'invoice'; did you mean 'billing.invoice'?"),
        ('from = "teams.id"\nto = "team.id"', "references[0].from: there is no table 'teams'; it is a view: name the table that it reads"),
        ('from = "log_2026.id"\nto = "team.id"', "references[0].from: 'log_2026' is a partition; name the table that it belongs to: 'log'"),
        ('from = "member.usr_id"\nto = "team.id"', "references[0].from: 'member' has no column 'usr_id'; did you mean 'user_id'?"),
        ('from = "member.boss_id"\nto = "team.idd"', "references[0].to: 'team' has no column 'idd'; did you mean 'id'?"),
        (
            'from = "member.boss_id"\nto = "team.organization_id"',
            "references[0].to: 'team' has no unique key over organization_id;"
            " name a key of 'team', or make one of it: a unique index without a predicate",
        ),
        (
            'from = "member.boss_id"\nto = "organization.slug"',
            "references[0].to: 'member.boss_id' is bigint, and 'organization.slug' is text;"
            " name the column that holds this key, or the key that the column holds",
        ),
        (
            'from = "rule.data"\nto = "team.id"',
            "references[0].from: 'data' is jsonb; add path, to where the ids are: as $.team_id; $ is the document itself",
        ),
        (
            'from = "rule.at"\npath = "$.x"\nto = "team.id"',
            "references[0].path: 'at' is date, which holds no JSON document; remove path, or name a column of json, jsonb or text",
        ),
        (
            'from = "rule.number"\ntype_column = "lable"\nto = { happy = "team.id" }',
            "references[0].type_column: 'rule' has no column 'lable'; did you mean 'label'?",
        ),
        (
            'from = "rule.id"\ntype_column = "label"\nto = { sadd = "team.id" }',
            "references[0].to.sadd: 'sadd' is no label of public.mood; did you mean 'sad'?",
        ),
        (
            'from = "rule.id"\ntype_column = "number"\nto = { team = "team.id" }',
            "references[0].to.team: 'team' is no value of 'number', which is integer; write the number as the label",
        ),
        (
            'from = "member.team_ids"\ntype_column = "name"\nto = { team = "team.id" }',
            "references[0].to: an array whose ids have different targets; name one target: the ids of an array cannot have labels",
        ),
        (
            'from = "member.user_id"\nto = "auth_user.id"\non_delete = "set null"',
            "references[0].on_delete: user_id cannot be NULL; give on_delete another value, or drop NOT NULL",
        ),
        (
            'from = "member.user_id"\nto = "auth_user.id"\non_move = "null"',
            "references[0].on_move: user_id cannot be NULL; give on_move another value, or drop NOT NULL",
        ),
    ],
)
def test_a_reference_that_the_catalog_does_not_have(text, problem):
    assert told(reference(text)) == [problem]


@pytest.mark.parametrize(
    "text",
    [
        'from = "member.name"\nto = "team.id"',  # text holds ids of any kind
        'from = "rule.note"\npath = "$.id"\nto = "team.id"',  # JSON in text
        'from = ["comment.id", "comment.number"]\nto = ["team.id", "team.organization_id"]',  # more columns than the key has
        'from = "member.team_ids"\nto = "team.id"\non_move = "null"',
    ],
)
def test_a_reference_that_can_be_is_taken(text):
    assert told(reference(text)) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[tables.plan]", "tables.plan: there is no table 'plan'; correct the name; one without a dot is in the schema public"),
        (
            '[tables.rule]\nexport = "shared"\nmatch = [["id", "nam"]]',
            "tables.rule.match[0][1]: 'rule' has no column 'nam'; its columns are id, data, note, at, label, number",
        ),
        (
            '[tables.rule]\nexport = "shared"\nmatch = [["id"]]\nignore = ["dat"]',
            "tables.rule.ignore[0]: 'rule' has no column 'dat'; did you mean 'data'?",
        ),
        (
            '[tables.rule]\nids = ["note"]',
            "tables.rule.ids[0]: 'note' is text, and only integers are rewritten; remove it: an id of another type stays as it is",
        ),
        (
            '[tables.comment]\nnot_ids = ["organization_id"]',
            "tables.comment.not_ids[0]: 'comment.organization_id' is held by the foreign key 'comment_fk' to team;"
            " remove the column here: an id follows what it refers to",
        ),
        (
            '[tables.comment]\nowner = "organisation_id"',
            "tables.comment.owner: no reference of 'comment' has the columns organisation_id; did you mean 'organization_id'?",
        ),
        (
            '[tables.comment]\nowner = ["organization_id", "team_id"]',
            "tables.comment.owner: no reference of 'comment' has the columns organization_id, team_id;"
            " its references are [team_id, organization_id]; organization_id",
        ),
        (
            '[tables.rule]\nowner = "number"',
            "tables.rule.owner: no reference of 'rule' has the columns number; declare it in [[references]]",
        ),
        (
            '[tables.comment]\naccept_triggers = ["notfy"]',
            "tables.comment.accept_triggers[0]: 'comment' has no trigger 'notfy'; did you mean 'notify'?",
        ),
        (
            '[tables.rule]\naccept_triggers = ["notify"]',
            "tables.rule.accept_triggers[0]: 'rule' has no trigger 'notify'; remove it: the table has no triggers",
        ),
    ],
)
def test_rules_that_the_catalog_does_not_fit(text, problem):
    assert told(text)[:1] == [problem]


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ('[organization]\ntable = "organisation"\n', "organization.table: there is no table 'organisation'; did you mean 'organization'?"),
        (ORGANIZATION + 'slug = "slog"\n', "organization.slug: 'organization' has no column 'slog'; did you mean 'slug'?"),
        (
            ORGANIZATION + 'hide = { column = "status", live = 0, moving = "m" }\n',
            "organization.hide.moving: 'm' is no value of integer; write a whole number",
        ),
        (
            ORGANIZATION + 'hide = { column = "state", live = "happy", moving = "sadd" }\n',
            "organization.hide.moving: 'sadd' is no label of public.mood; did you mean 'sad'?",
        ),
    ],
)
def test_an_organization_that_the_catalog_does_not_have(head, problem):
    assert told("", head=head + DATABASES) == [problem]


def test_a_pattern_that_matches_nothing_names_the_nearest():
    head = ORGANIZATION + DATABASES.replace("auth_*", "aut_user*")
    assert told("", head=head) == ["control.tables[0]: 'aut_user*' matches no table; did you mean 'auth_user'?"]


def test_a_pattern_that_matches_partitions_alone_matches_nothing():
    head = ORGANIZATION + DATABASES.replace("mapping", "log_*")
    assert [problem.code for problem in problems("", head=head)] == ["empty-pattern"]


def test_a_mapping_needs_its_columns_in_control():
    mapping = 'mapping = { table = "mapping", organization = "organisation_id", region = "region_name" }\n'
    head = ORGANIZATION + DATABASES.replace("[regions.us]", mapping + "[regions.us]")
    assert told("", head=head) == [
        "control.mapping.organization: 'mapping' has no column 'organisation_id'; did you mean 'organization_id'?"
    ]


def test_a_foreign_key_and_a_declared_reference_are_owners():
    declared = reference('from = "rule.number"\nto = "team.id"')
    assert told(declared + '[tables.rule]\nowner = "number"\n[tables.comment]\nowner = ["team_id", "organization_id"]') == []


@pytest.mark.parametrize("text", ['from = "member.team_ids"\nto = "team.id"', 'from = "member.name"\npath = "$.id"\nto = "team.id"'])
def test_arrays_and_json_own_nothing(text):
    column = "team_ids" if "team_ids" in text else "name"
    assert [problem.code for problem in problems(reference(text) + f'[tables.member]\nowner = "{column}"')] == ["no-reference"]


def test_a_table_may_be_in_any_of_the_databases():
    german = schema(table("german", "id bigint!, note text", "id"))
    text = '[regions.de]\nurl = "${D}"\n[tables.german]\nexport = "shared"\nmatch = [["note"]]'
    assert told(text, {**BOTH, "de": german}) == []
    assert [problem.code for problem in problems(text, BOTH)] == ["unknown-table"]


def test_a_column_may_be_in_any_of_the_databases():
    newer = schema(table("rule", "id bigint!, added text", "id"))
    text = '[regions.de]\nurl = "${D}"\n[tables.rule]\nexport = "shared"\nmatch = [["added", "note"]]'
    assert told(text, {**BOTH, "de": newer}) == []


WRONG_TWICE = reference('from = "membr.user_id"\nto = "auth_usr.id"')


@pytest.mark.parametrize(
    ("schemas", "keys"),
    [
        (BOTH, ["from", "to"]),
        ({"us": REGION}, ["from"]),
        ({"control": CONTROL}, ["to"]),
        ({"schema.sql": schema(*CONTROL.tables.values(), *REGION.tables.values())}, ["from", "to"]),
        ({}, []),
    ],
)
def test_a_silo_that_was_not_read_is_not_judged(schemas, keys):
    assert [problem.object.rpartition(".")[2] for problem in problems(WRONG_TWICE, schemas)] == keys


def test_a_monolith_has_its_control_tables_in_the_region():
    head = ORGANIZATION + '[control]\ntables = ["auth_*", "nothing"]\n[regions.us]\nurl = "${U}"\n'
    everything = schema(*CONTROL.tables.values(), *REGION.tables.values())
    assert [problem.object for problem in problems("", {"us": everything}, head)] == ["silos.toml:4: control.tables[1]"]


def test_all_problems_are_raised_at_once():
    silos = parse_silos(ORGANIZATION + DATABASES + WRONG_TWICE, {})
    with pytest.raises(ConfigError, match="has 2 problems") as caught:
        check_silos(silos, BOTH)
    assert [problem.code for problem in caught.value.problems] == ["unknown-table", "unknown-table"]


def test_nothing_is_raised_where_nothing_is_wrong():
    check_silos(parse_silos(ORGANIZATION + DATABASES, {}), BOTH)
