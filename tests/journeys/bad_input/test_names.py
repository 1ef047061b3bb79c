"""Names that are wrong: organizations, regions, tables, variables, addresses, and databases that are not what silos.toml takes them for."""

from __future__ import annotations

import pytest

from tests.journeys.bad_input.site import FOUND, NAMES, ORG, REFUSED, WRONG, Saved, Site, check, database_name, variable

pytestmark = pytest.mark.long
START = ("relocate", "start", ORG, "--to", "de")
SCOPE = ("exports", "scope", ORG, "--region", "us")
NEEDING = {  # which commands have to know where a database is
    "control": (START, ("relocate", "status"), ("relocate", "init"), ("relocate", "purge", ORG)),
    "us": (START, SCOPE, ("relocate", "init"), ("exports", "org", ORG, "--region", "us", "--out", "x")),
    "de": (START, ("relocate", "init"), ("exports", "scope", ORG, "--region", "de")),
}


# organizations


@pytest.mark.parametrize(
    "words",
    [
        ("exports", "scope", "nobody", "--region", "us"),
        ("exports", "org", "nobody", "--region", "us", "--out", "x"),
        ("relocate", "start", "nobody", "--to", "de"),
        ("relocate", "start", "nobody", "--to", "de", "--plan"),
        ("relocate", "start", "id:999", "--to", "de"),
        ("relocate", "status", "nobody"),
        ("relocate", "verify", "nobody"),
        ("relocate", "abort", "nobody"),
        ("relocate", "purge", "nobody"),
    ],
    ids=" ".join,
)
def test_an_organization_that_is_not_there(site: Site, words: tuple[str, ...]) -> None:
    before = site.whole()
    error = site.refuse(*words, told=(words[2].removeprefix("id:"),))
    assert error["code"] == "unknown-organization"
    assert site.whole() == before


@pytest.mark.parametrize("verb", ["abort", "purge"])
def test_an_organization_that_has_not_moved(site: Site, verb: str) -> None:
    before = site.whole()
    site.refuse("relocate", verb, ORG, told=(ORG,))
    assert site.whole() == before


def test_an_organization_that_is_in_the_mapping_and_in_no_region(site: Site) -> None:
    site.sql("control", "UPDATE organization_mapping SET region_name = 'de' WHERE slug = %s", ORG)
    site.sql("control", "UPDATE orglift.mapping SET region = 'de' WHERE slug = %s", ORG)
    before = site.whole()
    error = site.refuse("relocate", "start", ORG, "--to", "us", told=("'de'",))
    assert error["code"] == "unknown-organization"
    assert site.whole() == before


def test_mappings_that_disagree(site: Site) -> None:
    site.sql("control", "UPDATE organization_mapping SET region_name = 'de' WHERE slug = %s", ORG)
    before = site.whole()
    site.refuse_move("organization_mapping says 'de'", "orglift.mapping says 'us'")
    assert site.whole() == before


# regions


@pytest.mark.parametrize(
    "words",
    [
        ("exports", "scope", ORG, "--region", "mars"),
        ("exports", "org", ORG, "--region", "mars", "--out", "x"),
        ("exports", "org", ORG, "--region", "us", "--to", "mars", "--out", "x"),
        ("relocate", "start", ORG, "--to", "mars"),
        ("relocate", "init", "--home", "mars"),
        ("relocate", "init", "--rebind", "mars"),
        ("relocate", "init", "--new-origin", "mars"),
        ("splitter", "plan", "region-ids", "--region", "mars"),
    ],
    ids=" ".join,
)
def test_a_region_that_is_not_there(site: Site, words: tuple[str, ...]) -> None:
    before = site.whole()
    site.refuse(*words, exit=WRONG, told=("mars", "us", "de"))
    assert site.whole() == before


def test_an_archive_for_a_region_that_is_not_there(site: Site) -> None:
    file = site.export()
    before = site.whole()
    site.refuse("relocate", "import", str(file), "--to", "mars", exit=WRONG, told=("mars", "us", "de"))
    assert site.whole() == before


def test_the_region_where_it_lives(site: Site) -> None:
    before = site.whole()
    site.refuse("relocate", "start", ORG, "--to", "us", told=(ORG, "'us'"))
    site.refuse("exports", "org", ORG, "--region", "us", "--to", "us", "--out", "x", exit=WRONG, told=("us",))
    assert site.whole() == before


def test_several_regions_have_it_and_none_was_named(site: Site) -> None:
    site.sql("de", "INSERT INTO organization (id, slug, name, plan_id) VALUES (5, %s, 'another', 1)", ORG)
    assert site.run("exports", "scope", ORG)["from"] == "us"  # as control says
    alone = {variable("control"): None}
    site.refuse("exports", "scope", ORG, exit=WRONG, told=("--region", "us, de"), environ=alone)
    site.refuse("exports", "scope", "nobody", told=("us, de",), environ=alone)


def test_options_that_are_not_there_or_missing(site: Site) -> None:
    site.refuse("relocate", "start", ORG, exit=WRONG, told=("--to",))
    site.refuse("relocate", "start", ORG, "--to", "de", "--fast", exit=WRONG, told=("--fast",))
    site.refuse("relocate", "start", ORG, "--to", "de", "--jobs", "0", exit=WRONG, told=("0",))
    site.refuse("relocate", "begin", ORG, exit=WRONG, told=("begin",))


# silos.toml


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('[tables.projct]\nexport = "none"\nwhy = "x"', ("tables.projct", "project")),
        ('[[references]]\nfrom = "rule.dta"\npath = "$.x"\nto = "team.id"', ("references[14].from", "'dta'", "'data'")),
        ('[[references]]\nfrom = "event.project_id"\nto = "proyect.id"', ("proyect", "project")),
        ('[tables.event]\nexport = "nothing"', ("nothing", "none")),
    ],
    ids=["table", "column", "target", "value"],
)
def test_a_name_in_silos_toml_that_is_not_there(site: Site, more: str, told: tuple[str, ...]) -> None:
    site.configure(more)
    before = site.whole()
    for words in (START, (*START, "--plan"), SCOPE):
        error = site.refuse(*words, exit=WRONG, told=told)
        assert error["code"] == "config"
    assert site.whole() == before


def test_a_pattern_that_matches_nothing(site: Site) -> None:
    site.configure(replace=('"auth_*"', '"auth_*", "nobody_*"'))
    site.refuse(*START, exit=WRONG, told=("nobody_*", "control.tables"))
    (finding,) = site.run("splitter", "check", exit=FOUND)["findings"]
    assert finding["code"] == "empty-pattern"


def test_all_that_is_wrong_is_told_at_once(site: Site) -> None:
    site.configure('[tables.projct]\nexport = "none"\nwhy = "x"', '[tables.evnt]\nexport = "none"\nwhy = "x"')
    site.refuse(*SCOPE, exit=WRONG, told=("projct", "evnt"))


def test_a_file_that_is_not_there_or_no_toml(site: Site) -> None:
    site.refuse(*START, "--config", "nowhere.toml", exit=WRONG, told=("nowhere.toml",))
    site.configure("[organization")
    site.refuse(*START, exit=WRONG, told=("silos.toml",))


# variables and addresses


@pytest.mark.parametrize(("name", "words"), [(name, words) for name, all_ in NEEDING.items() for words in all_])
def test_a_variable_that_is_not_set(site: Site, name: str, words: tuple[str, ...]) -> None:
    before = site.whole()
    setting = "control.url" if name == "control" else f"regions.{name}.url"
    error = site.refuse(*words, exit=WRONG, told=(variable(name), setting), environ={variable(name): None})
    assert error["code"] == "config"
    assert site.whole() == before


def test_a_command_needs_the_variables_of_its_databases_only(site: Site) -> None:
    site.run(*SCOPE, environ={"CONTROL_URL": None, "DE_URL": None})
    site.run("relocate", "status", environ={"US_URL": None, "DE_URL": None})


@pytest.mark.parametrize("name", NAMES)
def test_a_server_that_does_not_answer(site: Site, name: str) -> None:
    before = site.whole()
    url = site.environ[variable(name)].replace(f":{site.proxy.port}/", ":1/")
    setting = "control.url" if name == "control" else f"regions.{name}.url"
    for words in (START, (*START, "--plan"), ("relocate", "init")):
        error = site.refuse(*words, told=(setting, database_name(site.urls[name]), "127.0.0.1:1"), environ={variable(name): url})
        assert error["code"] == "unreachable"
    assert site.whole() == before


@pytest.mark.parametrize("name", NAMES)
def test_a_database_that_is_not_there(site: Site, name: str) -> None:
    url = site.environ[variable(name)].replace(f"/{database_name(site.urls[name])}?", "/nowhere?")
    setting = "control.url" if name == "control" else f"regions.{name}.url"
    site.refuse(*START, told=(setting, "nowhere"), environ={variable(name): url})


def test_a_role_that_is_not_there(site: Site) -> None:
    url = site.environ["US_URL"].replace("//postgres:", "//stranger:")
    site.refuse(*START, told=("regions.us.url", "stranger"), environ={"US_URL": url})


def test_a_password_with_a_slash_is_not_told(site: Site) -> None:
    """A parser takes what follows it for the port and the database, and a message would print them."""
    url = site.environ["US_URL"].replace("hunter2hunter2@", "hunter2/hunter2@")
    ended = check(site.start(*START, environ={"US_URL": url}).wait(), WRONG)
    assert "hunter2" not in ended.stdout + ended.stderr
    assert "regions.us.url" in ended.answer["error"]["message"]


def test_no_url_at_all(site: Site) -> None:
    site.refuse(*START, exit=WRONG, told=("regions.us.url",), environ={"US_URL": "what"})
    site.refuse(*START, exit=WRONG, told=("regions.us.url",), environ={"US_URL": ""})


def test_both_regions_are_one_database(site: Site) -> None:
    before = site.whole()
    site.refuse(*START, exit=REFUSED, told=("de", "us"), environ={"DE_URL": site.environ["US_URL"]})
    assert site.whole() == before


# identity


def test_a_region_without_the_applications_tables(site: Site) -> None:
    site.sql("de", "DROP SCHEMA public CASCADE")
    site.sql("de", "CREATE SCHEMA public")
    before = site.whole()
    site.refuse_move("organization", "de")
    site.refuse("exports", "scope", ORG, "--region", "de", told=("no such table", "organization"))
    assert site.whole() == before


@pytest.mark.parametrize("name", NAMES)
def test_a_database_that_was_not_prepared(site: Site, name: str) -> None:
    site.sql(name, "DROP SCHEMA orglift CASCADE")
    before = site.whole()
    for words in (START, (*START, "--plan")):
        error = site.refuse(*words, told=("relocate init",))
        assert error["code"] in ("unprepared", "no-origin")
    assert site.whole() == before
    assert repr(name if name == "us" else database_name(site.urls[name])) in error["message"]


@pytest.mark.parametrize("name", ["us", "de"])
def test_a_copy_of_a_region(site: Site, saved: Saved, name: str) -> None:
    """CREATE DATABASE ... TEMPLATE of a region that has an origin, as people make one to try things out."""
    original = database_name(site.urls[name])
    saved.server.execute(f'CREATE DATABASE the_copy TEMPLATE "{original}"')
    try:
        url = site.environ[variable(name)].replace(original, "the_copy")
        before = site.whole()
        for words in (START, (*START, "--plan"), ("relocate", "init")):
            error = site.refuse(*words, told=(repr(name), f"--rebind {name}", f"--new-origin {name}"), environ={variable(name): url})
            assert error["code"] == "clone"
        assert site.whole() == before
    finally:
        saved.server.execute("DROP DATABASE the_copy WITH (FORCE)")


def test_a_copy_of_a_region_makes_no_archive(site: Site, saved: Saved) -> None:
    """Its ids would be given a second time."""
    original = database_name(site.urls["us"])
    saved.server.execute(f'CREATE DATABASE the_copy TEMPLATE "{original}"')
    try:
        url = site.environ["US_URL"].replace(original, "the_copy")
        error = site.refuse("exports", "org", ORG, "--region", "us", "--out", "x.orglift", told=("'us'",), environ={"US_URL": url})
        assert error["code"] == "clone"
    finally:
        saved.server.execute("DROP DATABASE the_copy WITH (FORCE)")


def test_regions_that_were_swapped(site: Site) -> None:
    before = site.whole()
    site.refuse(*START, told=("'us'", "'de'"), environ={"US_URL": site.environ["DE_URL"], "DE_URL": site.environ["US_URL"]})
    assert site.whole() == before


# the plan


def test_a_plan_writes_nothing(site: Site) -> None:
    before = site.whole()
    plan = site.move("--plan")
    assert plan["problems"] == [] and plan["tables"]
    assert site.whole() == before


def test_a_plan_adopts_nobody(site: Site) -> None:
    """An organization that control has not heard of is looked for in the regions."""
    site.sql("control", "DELETE FROM orglift.mapping WHERE slug = %s", ORG)
    (own,) = (line for line in site.config.splitlines() if line.startswith("mapping = "))
    site.configure(replace=(own, ""))
    before = site.whole()
    assert site.move("--plan")["from"] == "us"
    assert site.whole() == before
    assert site.move()["state"] == "switched"


def test_a_plan_that_finds_something_writes_nothing(site: Site) -> None:
    site.sql("de", "ALTER TABLE audit_log ALTER action TYPE varchar(30)")
    before = site.whole()
    assert [each["object"] for each in site.move("--plan", exit=FOUND)["problems"]] == ["audit_log.action"]
    assert site.whole() == before
