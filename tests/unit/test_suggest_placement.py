"""What tables are that nothing ties to the organization."""

from __future__ import annotations

from splitter.graph import build_graph
from splitter.silos_file import parse_silos
from splitter.suggest.draft import draft, find_slug, taken_places
from splitter.suggest.keys import KeyBook
from splitter.suggest.leads import find_leads
from splitter.suggest.placement import place_tables
from splitter.suggest.values import Placement, Role, Suggestion
from tests.drawn_schemas import draw, name_of

FILE = '[organization]\ntable = "organization"\n'
BASE = (
    "organization: id bigint pk, slug text unique",
    "users: id bigint pk, email text unique, password_hash text",
    "member: id bigint pk, organization_id bigint -> organization, user_id bigint -> users",
    "project: id bigint pk, organization_id bigint -> organization",
)


def placed(*tables: str, file: str = FILE, loose: frozenset[str] = frozenset()) -> dict[str, Placement]:
    schema, silos = draw(*BASE, *tables), parse_silos(file)
    found = place_tables(KeyBook(schema), silos, build_graph(schema, silos), frozenset(map(name_of, loose)))
    return {str(each.table): each for each in found}


def roles(*tables: str, file: str = FILE, loose: frozenset[str] = frozenset()) -> dict[str, str]:
    return {name: each.role.value for name, each in placed(*tables, file=file, loose=loose).items() if name != "users"}


def suggested(*tables: str, file: str = FILE) -> Suggestion:
    schema, silos = draw(*tables), parse_silos(file)
    book = KeyBook(schema)
    return draft(book, silos, find_leads(book, taken_places(silos)), fresh=True, unseen={})


def test_people_that_nothing_ties_to_an_organization_are_control():
    assert placed()["users"].role is Role.CONTROL


def test_people_of_an_organization_are_region():
    users = "users: id bigint pk, email text, organization_id bigint null -> organization"
    schema, silos = draw(BASE[0], users), parse_silos(FILE)
    assert place_tables(KeyBook(schema), silos, build_graph(schema, silos)) == ()


def test_what_hangs_on_people_is_control_in_any_number_of_steps():
    assert roles("session: id bigint pk, user_id bigint null -> users", "visit: id bigint pk, session_id bigint -> session") == {
        "session": "control",
        "visit": "control",
    }


def test_who_did_something_says_nothing_of_whose_a_row_is():
    assert roles("plan: id bigint pk, created_by bigint null -> users, approver_id bigint null -> users") == {"plan": "undecided"}


def test_what_only_control_needs_is_control():
    assert roles("role: id bigint pk", "user_role: id bigint pk, user_id bigint -> users, role_id bigint -> role") == {
        "role": "control",
        "user_role": "control",
    }


def test_what_the_organizations_rows_need_and_a_natural_key_tells_apart_is_shared():
    found = placed("plan: id bigint pk, name text unique", "licence: id bigint pk, project_id bigint -> project, plan_id bigint -> plan")
    assert (found["plan"].role, found["plan"].match) == (Role.SHARED, (("name",),))
    assert "licence refers to it" in found["plan"].why


def test_shared_tables_bring_those_that_they_refer_to_and_those_between_them():
    found = roles(
        "area: id bigint pk, code text unique",
        "plan: id bigint pk, name text unique, area_id bigint -> area",
        "plan_area: plan_id bigint -> plan, area_id bigint -> area [plan_id, area_id]",
        "licence: id bigint pk, project_id bigint -> project, plan_id bigint -> plan",
    )
    assert found == {"area": "shared", "plan": "shared", "plan_area": "shared"}


def test_without_a_natural_key_nobody_can_tell():
    found = placed("ticker: id uuid pk", "run: id bigint pk, project_id bigint -> project, ticker_id uuid -> ticker")
    assert found["ticker"].role is Role.UNDECIDED and "from run" in found["ticker"].why
    assert 'export = "referenced"' in " ".join(found["ticker"].choices)


def test_what_control_needs_too_is_a_question():
    found = roles(
        "country: id bigint pk, code text unique",
        "address: id bigint pk, project_id bigint -> project, country_id bigint -> country",
        "login: id bigint pk, user_id bigint -> users, country_id bigint -> country",
    )
    assert found == {"country": "undecided", "login": "control"}


def test_a_natural_key_that_may_be_null_or_was_made_up_is_none():
    link = "licence: id bigint pk, project_id bigint -> project, plan_id bigint -> plan"
    assert roles("plan: id bigint pk, name text null unique", link) == {"plan": "undecided"}
    assert roles("plan: id bigint pk, token_id text unique, ref uuid unique", link) == {"plan": "undecided"}


def test_lookups_that_no_organization_needs_are_a_question():
    assert roles("plan: id bigint pk, name text unique", "price: id bigint pk, plan_id bigint -> plan, code text unique") == {
        "plan": "undecided",
        "price": "undecided",
    }


def test_a_parent_whose_key_its_children_have_travels_with_them():
    assert roles("storage: id bigint pk", "disk: id bigint pk -> storage, project_id bigint -> project") == {"storage": "referenced"}


def test_the_state_of_migrations_is_left():
    assert roles("django_migrations: id bigint pk", "__EFMigrationsHistory: id text pk") == {
        "django_migrations": "none",
        "__EFMigrationsHistory": "none",
    }


def test_what_stands_alone_is_a_question():
    found = placed("wall: id bigint pk, message text")["wall"]
    assert found.role is Role.UNDECIDED and found.why == "no reference leads to it, and none from it"


def test_what_a_person_decided_or_was_asked_is_not_asked_again():
    tables = ("wall: id bigint pk", "a: id bigint pk", "b: id bigint pk", "c: id bigint pk")
    file = FILE + '[control]\ntables = ["wall"]\n[tables.a]\nexport = "none"\nwhy = "x"\n[[undecided]]\ntable = "b"\nevidence = "x"\n'
    assert roles(*tables, file=file) == {"c": "undecided"}


def test_a_table_that_may_be_an_organizations_after_all_is_not_given_to_control():
    votes = "vote: id bigint pk, user_id bigint -> users"
    assert roles(votes) == {"vote": "control"}
    assert roles(votes, loose=frozenset({"vote"})) == {"vote": "undecided"}


# the whole draft


def test_a_pair_without_known_labels_keeps_its_table_open():
    found = suggested(*BASE, "vote: id bigint pk, user_id bigint -> users, target_type text, target_id bigint")
    assert [(str(each.table), each.role) for each in found.placements if str(each.table) == "vote"] == [("vote", Role.UNDECIDED)]
    assert [str(each.place) for each in found.open_references] == ["vote.target_id"]


def test_people_do_not_become_one_organizations_by_a_suspicion():
    found = suggested(
        BASE[0],
        "users: id bigint pk, email text, last_project_id bigint null",
        "project: id bigint pk, organization_id bigint -> organization",
    )
    assert found.references == () and [str(each.place) for each in found.open_references] == ["users.last_project_id"]
    assert [(str(each.table), each.role) for each in found.placements] == [("users", Role.CONTROL)]


def test_people_that_name_their_organization_are_its_own():
    found = suggested(BASE[0], "users: id bigint pk, email text, organization_id bigint")
    assert [str(each.reference) for each in found.references] == ["users.organization_id -> organization.id"]
    assert found.placements == ()


def test_an_accepted_suspicion_is_not_repeated():
    file = FILE + '[[accept]]\ncode = "suspected-reference"\nobject = "log.project_id"\nwhy = "a number of the importer"\n'
    log = "log: id bigint pk, project_id bigint, organization_id bigint"
    assert [str(each.reference) for each in suggested(*BASE, log, file=file).references] == ["log.organization_id -> organization.id"]


def test_a_number_of_its_own_is_not_suspected():
    file = FILE + '[tables.log]\nnot_ids = ["project_id"]\n'
    assert suggested(*BASE, "log: id bigint pk, project_id bigint", file=file).references == ()


def test_a_slug_is_a_unique_text():
    assert find_slug(draw(BASE[0]).tables[name_of("organization")]) == "slug"
    assert find_slug(draw("organization: id bigint pk, name text, Handle text unique").tables[name_of("organization")]) == "Handle"
    assert find_slug(draw("organization: id bigint pk, name text").tables[name_of("organization")]) is None
