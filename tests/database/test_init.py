"""`relocate init`: origins are given once, copies are found out, what is there is adopted; again changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import pytest

from relocate.init import InitReport
from relocate.init_plan import Action
from splitter.errors import Clone, ConfigError, Conflict, FailedError, NoOrigin, OrgliftError, UsageError
from splitter.identity import CONTROL, check_identity, read_identity
from splitter.layout import IdLayout
from tests.installation import Installation, make_installation
from tests.proxy import Moment, Proxy
from tests.servers import Server

FIRST = IdLayout().serials


@pytest.fixture
def make(make_database):
    made: list[Installation] = []

    def build(*regions, **options):
        made.append(make_installation(make_database, *regions, **options))
        return made[-1]

    yield build
    for one in made:
        one.close()


@pytest.fixture
def site(make):
    return make()


def origins(report: InitReport) -> dict[str, int]:
    return {region.name: region.origin for region in report.regions}


def actions(report: InitReport) -> dict[str, Action]:
    return {region.name: region.action for region in report.regions}


def test_every_region_gets_an_origin_and_knows_it(site):
    report = site.init()
    assert origins(report) == {"us": 1, "de": 2}
    assert report.installed == ("control", "us", "de")
    for region in report.regions:
        identity = check_identity(site.open(region.name), region.name)
        assert (identity.origin, identity.database) == (region.origin, region.database)
    assert check_identity(site.open(), CONTROL).region == CONTROL


def test_a_second_init_changes_nothing(site):
    site.add("us", acme=1)
    first = site.init()
    tables = "SELECT (SELECT count(*) FROM orglift.audit), (SELECT json_agg(o)::text FROM orglift.origins AS o)"
    before = site.rows(tables)
    again = site.init()
    assert site.rows(tables) == before
    assert (origins(again), again.installed, again.adopted) == (origins(first), (), 0)
    assert set(actions(again).values()) == {Action.KEEP}


def test_several_at_once_end_as_one(site):
    reports = []
    threads = [threading.Thread(target=lambda: reports.append(site.init())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [origins(report) for report in reports] == [{"us": 1, "de": 2}] * 4


def test_a_region_that_comes_later_gets_the_next_origin(site, make_database):
    site.init()
    site.urls["fr"] = make_database()
    report = site.init()
    assert origins(report) == {"us": 1, "de": 2, "fr": 3}
    assert report.installed == ("fr",)


def test_a_monolith_has_everything_in_one_database(make):
    site = make("main", control=None)
    site.add("main", acme=1)
    report = site.init()
    assert origins(report) == {"main": 1}
    assert check_identity(site.open("main"), "main").origin == 1
    assert site.rows("SELECT organization, slug, region FROM orglift.mapping", name="main") == [("1", "acme", "main")]
    assert set(actions(site.init()).values()) == {Action.KEEP}


def test_control_in_the_database_of_a_region(make):
    site = make("us", "de")
    site.urls["control"] = site.urls["us"]
    assert origins(site.init()) == origins(site.init()) == {"us": 1, "de": 2}
    assert check_identity(site.open(), "us").origin == 1


def test_home_has_origin_0(site):
    site.add("us", acme=1)
    assert origins(site.init(home="us")) == {"us": 0, "de": 1}
    assert set(actions(site.init(home="us")).values()) == {Action.KEEP}
    assert site.rows("SELECT orglift.resolve('item', 7)") == [(7,)]


def test_home_is_refused_while_another_region_holds_local_ids(site):
    site.add("de", acme=1)
    with pytest.raises(Conflict, match="'us' cannot be home: de holds local ids too"):
        site.init(home="us")
    assert site.rows("SELECT to_regnamespace('orglift') IS NULL") == [(True,)]


def test_home_is_given_once_and_never_later(site):
    site.init()
    with pytest.raises(Conflict, match="'us' has origin 1 already"):
        site.init(home="us")


def test_home_of_another_region_is_refused(site):
    site.init(home="us")
    with pytest.raises(Conflict, match="'us' is home already"):
        site.init(home="de")


def test_beside_home_a_new_region_begins_empty(site, make):
    site.init(home="us")
    site.urls["fr"] = make("fr").urls["fr"]
    site.add("fr", acme=1)
    with pytest.raises(Conflict, match="'fr' holds local ids, and those are 'us'"):
        site.init()


def test_ids_of_home_in_another_region_are_no_local_ids_of_its_own(site):
    site.init(home="us")
    site.add("de", moved=5)
    assert set(actions(site.init()).values()) == {Action.KEEP}


def copy_of(site: Installation, region: str, server: Server, make_database: Callable[..., str]) -> str:
    """Another database with the region's content: its URL."""
    name = psycopg.conninfo.conninfo_to_dict(site.urls[region])["dbname"]
    copy = psycopg.conninfo.conninfo_to_dict(make_database())["dbname"]
    server.execute(f"DROP DATABASE {copy}")
    server.execute(f"CREATE DATABASE {copy} TEMPLATE {name}")
    return server.url(str(copy))


def test_a_copy_in_the_place_of_a_region_is_refused_and_may_be_rebound(site, server, make_database):
    before = site.init()
    site.urls["us"] = copy_of(site, "us", server, make_database)
    with pytest.raises(Clone, match="'us' is a copy") as caught:
        site.init()
    assert "--rebind us" in caught.value.hint and "--new-origin us" in caught.value.hint
    report = site.init(rebind={"us"})
    assert actions(report)["us"] is Action.REBIND
    assert origins(report) == origins(before)
    assert set(actions(site.init()).values()) == {Action.KEEP}


def test_a_copy_may_get_an_origin_of_its_own(site, server, make_database):
    site.init()
    site.urls["us"] = copy_of(site, "us", server, make_database)
    report = site.init(new_origin={"us"})
    assert origins(report) == {"us": 3, "de": 2}
    identity = read_identity(site.open("us"))
    assert identity is not None and identity.former == (1,)
    assert site.rows("SELECT origin, retired_at IS NULL FROM orglift.origins ORDER BY 1") == [(1, False), (2, True), (3, True)]
    assert set(actions(site.init()).values()) == {Action.KEEP}


def test_a_copy_may_become_another_region(site, server, make_database):
    site.init()
    site.urls["eu"] = copy_of(site, "us", server, make_database)
    with pytest.raises(Clone, match="'eu' says that it is region 'us'"):
        site.init()
    assert origins(site.init(new_origin={"eu"})) == {"us": 1, "de": 2, "eu": 3}
    assert set(actions(site.init()).values()) == {Action.KEEP}


def test_a_copy_of_control_is_refused(site, server, make_database):
    site.init()
    site.urls["control"] = copy_of(site, "control", server, make_database)
    with pytest.raises(Clone, match="'control' is a copy") as caught:
        site.init()
    assert "--rebind control" in caught.value.hint and "--new-origin" not in caught.value.hint
    site.init(rebind={"control"})
    site.init()


def test_a_region_that_lost_its_identity_is_refused_and_may_be_rebound(site):
    site.init()
    site.rows("DROP SCHEMA orglift CASCADE", name="us")
    with pytest.raises(Clone, match="its database knows nothing of it"):
        site.init()
    assert origins(site.init(rebind={"us"})) == {"us": 1, "de": 2}


def test_an_origin_of_another_control_is_refused_and_may_be_taken_up(site, make_database):
    site.init()
    site.urls["control"] = make_database()
    with pytest.raises(NoOrigin, match="'us' says that it has origin 1, and this control never issued it"):
        site.init()
    report = site.init(rebind={"us", "de"})
    assert origins(report) == {"us": 1, "de": 2}
    assert set(actions(site.init()).values()) == {Action.KEEP}


def test_an_origin_that_this_control_gave_to_another_is_not_taken_up(site, make):
    site.init()
    other = make("fr")
    other.init()
    site.urls["fr"] = other.urls["fr"]
    with pytest.raises(NoOrigin, match="'fr' says that it has origin 1"):
        site.init(rebind={"fr"})
    assert origins(site.init(new_origin={"fr"})) == {"us": 1, "de": 2, "fr": 3}


def test_another_database_in_the_place_of_a_region_is_refused(site):
    site.init()
    site.urls["us"], site.urls["de"] = site.urls["de"], site.urls["us"]
    with pytest.raises(Clone, match="'us' says that it is region 'de'"):
        site.init()


def test_killed_between_control_and_region_it_goes_on(site):
    site.init()
    site.rows("UPDATE orglift.origins SET confirmed_at = NULL")
    site.rows("DROP SCHEMA orglift CASCADE", name="us")
    report = site.init()
    assert actions(report) == {"us": Action.CONFIRM, "de": Action.CONFIRM}
    assert origins(report) == {"us": 1, "de": 2}


def test_two_regions_in_one_database_are_refused(site):
    site.urls["de"] = site.urls["us"] + "&application_name=x"
    with pytest.raises(Conflict, match="'us' and 'de' are one database"):
        site.init()


@pytest.mark.parametrize("options", [{"home": "mars"}, {"rebind": {"mars"}}, {"new_origin": {"mars"}}])
def test_unknown_regions_are_told(site, options):
    with pytest.raises(UsageError, match="no region 'mars'"):
        site.init(**options)


def test_the_layout_never_changes(site):
    site.init()
    site.rows("UPDATE orglift.settings SET value = 40 WHERE name = 'serial_bits'")
    with pytest.raises(ConfigError, match="serial_bits = 40"):
        site.init()


def test_a_role_without_rights_is_told_and_a_second_try_goes_on(site, server):
    server.execute("DROP ROLE IF EXISTS poor")
    server.execute("CREATE ROLE poor LOGIN")
    url = site.urls["de"]
    try:
        site.rows("GRANT SELECT ON ALL TABLES IN SCHEMA public TO poor", name="de")
        site.urls["de"] = server.url(str(psycopg.conninfo.conninfo_to_dict(url)["dbname"]), user="poor")
        with pytest.raises(FailedError, match="permission denied"):
            site.init()
        site.urls["de"] = url
        assert origins(site.init()) == {"us": 1, "de": 2}
    finally:
        site.rows("DROP OWNED BY poor", name="de")
        server.execute("DROP ROLE poor")


def test_organizations_are_adopted(site):
    site.add("us", acme=1, globex=2)
    site.add("de", initech=3)
    report = site.init()
    assert (report.adopted, report.problems) == (3, ())
    query = "SELECT organization, slug, region, version FROM orglift.mapping ORDER BY 1"
    assert site.rows(query) == [("1", "acme", "us", 1), ("2", "globex", "us", 1), ("3", "initech", "de", 1)]
    assert site.rows("SELECT organization FROM orglift.audit WHERE action = 'adopted' ORDER BY 1") == [("1",), ("2",), ("3",)]
    site.add("us", late=4)
    assert site.init().adopted == 1


def test_one_id_in_two_regions_is_left_for_a_person(site):
    site.add("us", acme=1, globex=2)
    site.add("de", other=1)
    report = site.init()
    assert report.adopted == 1
    assert [(problem.code, problem.object, problem.found) for problem in report.problems] == [("same-id", "organization 1", "de, us")]


def test_one_slug_twice_is_left_for_a_person(site):
    site.add("us", acme=1)
    site.init()
    site.add("de", acme=2)
    report = site.init()
    assert [(problem.code, problem.object) for problem in report.problems] == [("same-slug", "organization 2")]
    assert "1 in us has it too" in report.problems[0].found


@pytest.mark.parametrize(("phase", "adopted"), [("loading", 0), ("switched", 0), ("purging", 0), ("purged", 0), ("aborted", 1)])
def test_copies_that_a_move_made_are_not_adopted(site, phase, adopted):
    site.init()
    before, after = "5", str(FIRST + 5)
    home = (after, "de") if phase in ("switched", "purging", "purged") else (before, "us")
    site.rows("INSERT INTO orglift.mapping (organization, slug, region) VALUES (%s, 'acme', %s)", *home)
    insert = "INSERT INTO orglift.relocations (id, organization_before, organization_after, source, target, phase)"
    site.rows(insert + " VALUES (gen_random_uuid(), %s, %s, 'us', 'de', %s)", before, after, phase)
    site.rows("INSERT INTO public.org VALUES (%s, 'acme')", 5, name="us")
    site.rows("INSERT INTO public.org VALUES (%s, 'acme2')", FIRST + 5, name="de")
    report = site.init()
    assert (report.adopted, report.problems) == (adopted, ())


def test_a_key_of_two_columns_is_joined(site):
    site.rows("ALTER TABLE public.item DROP COLUMN org_id", name="us")
    site.rows("ALTER TABLE public.org DROP CONSTRAINT org_pkey, ADD PRIMARY KEY (slug, id)", name="us")
    site.add("us", acme=5)
    assert site.init().adopted == 1
    assert site.rows("SELECT organization, slug FROM orglift.mapping") == [("acme|5", "acme")]


def test_no_key_is_told(site):
    site.rows("ALTER TABLE public.item DROP COLUMN org_id", name="us")
    site.rows("ALTER TABLE public.org DROP CONSTRAINT org_pkey", name="us")
    assert [(problem.code, problem.object) for problem in site.init().problems] == [("organization-without-key", "org")]


@pytest.mark.postgres(18)
@pytest.mark.long
def test_cut_off_before_any_statement_it_ends_the_same(site):
    site.add("us", acme=1)
    number = 0
    cut = True
    while cut:
        number += 1
        for name in site.urls:
            site.rows("DROP SCHEMA IF EXISTS orglift CASCADE", name=name)
        cut = cut_off(site, number)
        assert origins(site.init()) == {"us": 1, "de": 2}
        assert site.rows("SELECT organization, slug, region FROM orglift.mapping") == [("1", "acme", "us")]
    assert number > 40


def cut_off(site: Installation, number: int) -> bool:
    """Whether init came to its statement of that number, where all its connections were cut."""
    with Proxy(site.urls["control"]) as proxy:
        trap = proxy.trap(Moment.BEFORE, lambda _: None, number=number)
        try:
            Installation({name: proxy.url(url) for name, url in site.urls.items()}).init()
        except OrgliftError:
            assert trap.sprung.is_set()
    return trap.sprung.is_set()
