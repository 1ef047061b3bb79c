"""Whom a name means, and where it lives: in orglift's mapping and in the application's own."""

from __future__ import annotations

from uuid import uuid4

import pytest

from exports.homes import Home, find_organization, read_home
from relocate.homes import adopt
from splitter.errors import Conflict, UnknownOrganization
from splitter.schema import TableName
from splitter.silos import OwnMapping
from tests.installation import Installation, make_installation

OWN = OwnMapping(table=TableName("app", "own.map"), organization="org", slug="slug", region="region name")
OWN_SCRIPT = """CREATE SCHEMA app; CREATE TABLE app."own.map" (org int PRIMARY KEY, slug text, "region name" text NOT NULL);"""


@pytest.fixture
def site(make_database):
    site = make_installation(make_database, control=OWN_SCRIPT)
    site.init()
    yield site
    site.close()


@pytest.fixture
def control(site):
    return site.open()


def moved(site: Installation, before: str, after: str, phase: str = "switched") -> None:
    insert = "INSERT INTO orglift.relocations (id, organization_before, organization_after, source, target, phase)"
    site.rows(insert + " VALUES (%s, %s, %s, 'us', 'de', %s)", uuid4(), before, after, phase)


def test_an_organization_is_found_by_slug_and_by_id(control):
    home = adopt(control, Home(organization="42", slug="acme", region="us"))
    assert home == Home(organization="42", slug="acme", region="us", version=1)
    for text in ("acme", "42", "id:42"):
        assert find_organization(control, text) == home
    assert read_home(control, "42") == home
    assert read_home(control, "acme") is None


@pytest.mark.parametrize("text", ["nobody", "id:acme", "", "id:", "%", "' OR true --", "id:9999999999999999999999"])
def test_nobody_is_told(control, text):
    adopt(control, Home(organization="42", slug="acme", region="us"))
    with pytest.raises(UnknownOrganization, match="no organization"):
        find_organization(control, text)


def test_a_slug_that_looks_like_a_number_is_ambiguous_until_id_says_it(control):
    adopt(control, Home(organization="42", slug="acme", region="us"))
    number = adopt(control, Home(organization="7", slug="42", region="de"))
    with pytest.raises(UnknownOrganization, match=r"42 \(acme\) in us or organization 7 \(42\) in de|7 \(42\) in de or") as caught:
        find_organization(control, "42")
    assert "id:" in caught.value.hint
    assert find_organization(control, "id:42").slug == "acme"
    assert find_organization(control, "id:7") == number


def test_the_id_of_before_is_found_for_ever(site, control):
    adopt(control, Home(organization="900", slug="acme", region="de"))
    moved(site, "42", "900", "purged")
    moved(site, "900", "900", "purged")
    moved(site, "43", "900", "aborted")
    assert find_organization(control, "42").organization == "900"
    assert find_organization(control, "id:42").organization == "900"
    with pytest.raises(UnknownOrganization):
        find_organization(control, "43")


def test_an_id_that_was_anothers_before_is_ambiguous(site, control):
    adopt(control, Home(organization="900", slug="acme", region="de"))
    adopt(control, Home(organization="42", slug="globex", region="us"))
    moved(site, "42", "900")
    with pytest.raises(UnknownOrganization, match="'42' could be"):
        find_organization(control, "42")
    assert find_organization(control, "id:42").slug == "globex"


def test_adopting_again_changes_nothing_and_a_new_slug_is_learnt(site, control):
    home = Home(organization="42", slug="acme", region="us")
    assert adopt(control, home) == adopt(control, home)
    assert adopt(control, Home(organization="42", slug="acme2", region="us")).version == 2
    assert site.rows("SELECT action FROM orglift.audit WHERE organization = '42' ORDER BY id") == [("adopted",), ("renamed",)]


def test_what_the_mapping_says_of_another_region_is_not_overwritten(control):
    adopt(control, Home(organization="42", slug="acme", region="us"))
    with pytest.raises(Conflict, match=r"organization 42 \(acme\) in de was found, and the mapping says .* in us"):
        adopt(control, Home(organization="42", slug="acme", region="de"))


def test_a_slug_belongs_to_one(control):
    adopt(control, Home(organization="42", slug="acme", region="us"))
    with pytest.raises(Conflict, match="the slug of organization 43"):
        adopt(control, Home(organization="43", slug="acme", region="us"))


def test_organizations_without_slugs_do_not_collide(control):
    for number in ("1", "2"):
        assert adopt(control, Home(organization=number, slug=None, region="us")).version == 1


class TestOwn:
    """The application's own mapping decides."""

    @pytest.fixture(autouse=True)
    def rows(self, site):
        site.rows("""INSERT INTO app."own.map" VALUES (42, 'acme', 'us'), (43, '42', 'de')""")

    def test_it_is_read(self, control):
        assert find_organization(control, "acme", OWN) == Home(organization="42", slug="acme", region="us", version=0)
        assert find_organization(control, "id:43", OWN).region == "de"

    def test_ours_adds_the_version(self, control):
        adopt(control, Home(organization="42", slug="acme", region="us"), OWN)
        assert find_organization(control, "acme", OWN).version == 1

    def test_who_is_not_in_it_is_nobody(self, control):
        adopt(control, Home(organization="44", slug="gone", region="us"))
        with pytest.raises(UnknownOrganization):
            find_organization(control, "gone", OWN)

    def test_a_disagreement_stops(self, site, control):
        adopt(control, Home(organization="42", slug="acme", region="us"), OWN)
        site.rows("""UPDATE app."own.map" SET "region name" = 'de' WHERE org = 42""")
        with pytest.raises(Conflict, match=r"'de' for organization 42, orglift\.mapping says 'us'"):
            find_organization(control, "acme", OWN)

    def test_only_what_it_says_is_adopted(self, control):
        with pytest.raises(Conflict, match="'us'"):
            adopt(control, Home(organization="42", slug="acme", region="de"), OWN)
        with pytest.raises(Conflict, match="it has no row for it"):
            adopt(control, Home(organization="77", slug="new", region="de"), OWN)

    def test_init_adopts_what_it_says_and_tells_the_rest(self, site):
        site.own = OWN
        site.add("us", acme=42, wrong=43, missing=44)
        report = site.init()
        assert report.adopted == 1
        assert [(problem.code, problem.object, problem.found) for problem in report.problems] == [
            ("not-mapped", "organization 43", 'in us, and app."own.map" says de'),
            ("not-mapped", "organization 44", 'in us, and app."own.map" says nothing of it'),
        ]


def test_a_mapping_without_slugs(site, control):
    site.rows("""INSERT INTO app."own.map" VALUES (42, 'acme', 'us')""")
    own = OwnMapping(table=OWN.table, organization="org", region="region name")
    assert find_organization(control, "42", own) == Home(organization="42", slug=None, region="us")
    with pytest.raises(UnknownOrganization):
        find_organization(control, "acme", own)
