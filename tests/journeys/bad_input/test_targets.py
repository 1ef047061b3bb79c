"""Targets that can't take the organization: narrow columns, other schemas, rows in the way, triggers, roles with few rights."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.journeys.bad_input.site import FOUND, ORG, REFUSED, Saved, Site

pytestmark = pytest.mark.long
LESS = (
    "CREATE TYPE less AS ENUM ('debug', 'info', 'warning', 'error'); DELETE FROM \"group\";"
    ' ALTER TABLE "group" ALTER level DROP DEFAULT, ALTER level TYPE less USING level::text::less'
)
OBSTACLES = {
    "int4": (
        "DELETE FROM audit_log; ALTER TABLE audit_log ALTER id DROP IDENTITY; ALTER TABLE audit_log ALTER id TYPE integer",
        ("audit_log.id", "integer", "widen-ids"),
    ),
    "int4-reference": ("DELETE FROM audit_log; ALTER TABLE audit_log ALTER target_id TYPE integer", ("audit_log.target_id", "widen-ids")),
    "int4-array": (
        "DELETE FROM dashboard; ALTER TABLE dashboard ALTER project_ids DROP DEFAULT, ALTER project_ids TYPE integer[]",
        ("dashboard.project_ids",),
    ),
    "varchar": ("DELETE FROM audit_log; ALTER TABLE audit_log ALTER action TYPE varchar(5)", ("audit_log.action", "character varying(5)")),
    "number": ('DELETE FROM "group"; ALTER TABLE "group" DROP label, ALTER number TYPE smallint', ("group.number", "smallint")),
    "label": (LESS, ("group.level", "'fatal'", "ADD VALUE")),
    "table": ("DROP TABLE project_team", ("project_team", "migrations")),
    "column": ("ALTER TABLE project DROP COLUMN platform", ("project.platform", "migrations")),
    "new-column": (
        "ALTER TABLE team ADD code text NOT NULL DEFAULT ''; ALTER TABLE team ALTER code DROP DEFAULT",
        ("team.code", "default"),
    ),
    "check": ("ALTER TABLE team ADD CONSTRAINT short CHECK (length(name) < 3) NOT VALID", ("team", "short")),
    "unique": (
        "ALTER TABLE event ADD UNIQUE (received_at); INSERT INTO event (project_id, group_id, payload, received_at)"
        " SELECT min(project_id), min(group_id), '{}', '%s'"
        " FROM event",
        ("event", "received_at"),
    ),
    "slug": ("INSERT INTO organization (id, slug, name, plan_id) VALUES (5, 'initech', 'another', 1)", ("'initech'", "organization 5")),
    "there": (f"INSERT INTO organization (id, slug, name, plan_id) VALUES ({(1 << 36) + 3}, 'x', 'another', 1)", (str((1 << 36) + 3),)),
    "always-trigger": ("ALTER TABLE comment ENABLE ALWAYS TRIGGER comment_counted", ("comment.comment_counted", "accept_triggers")),
    "shared": ("DELETE FROM organization; UPDATE plan SET price_cents = 1", ("plan", "price_cents")),
    "shared-gone": ("SET session_replication_role = replica; DELETE FROM plan WHERE name = 'team'", ("plan", "team")),
    "sequence": ("ALTER SEQUENCE team_id_seq MINVALUE 1 MAXVALUE 999999999999 RESTART 206158430999", ("team_id_seq", "region-ids")),
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_what_stands_in_the_way_is_told_and_nothing_is_written(site: Site, name: str) -> None:
    script, told = OBSTACLES[name]
    if "%s" in script:
        script %= site.value(
            "us", "SELECT min(received_at)::text FROM event JOIN project ON project.id = project_id WHERE organization_id = 3"
        )
    site.sql("de", script)
    before = site.whole()
    site.refuse_move(*told)
    planned = site.start("relocate", "start", ORG, "--to", "de", "--plan").wait()
    assert planned.code in (FOUND, REFUSED) and not [each for each in told if each not in planned.stdout], str(planned)
    assert site.whole() == before


@pytest.mark.parametrize("source", ["us", "de"])
def test_numbers_with_less_room(site: Site, source: str) -> None:
    """numeric(10,2) fits into numeric(12,2), not the other way round."""
    wide, narrow = ("us", "de") if source == "us" else ("de", "us")
    site.sql(wide, "ALTER TABLE project ADD price numeric(12,2)")
    site.sql(narrow, "ALTER TABLE project ADD price numeric(10,2)")
    before = site.whole()
    if source == "us":
        site.refuse_move("project.price", "numeric(12,2) here, numeric(10,2)")
        assert site.whole() == before
    else:
        assert site.move()["state"] == "switched"


def test_undecided_tables(site: Site) -> None:
    site.sql("us", "CREATE TABLE leftover (id bigint PRIMARY KEY, organization_id bigint)")
    before = site.whole()
    error = site.refuse_move("leftover")
    assert error["code"] == "undecided-scope"
    assert site.run("exports", "scope", ORG, "--region", "us", exit=FOUND)["undecided"][0]["object"] == "leftover"
    site.refuse("exports", "org", ORG, "--region", "us", "--out", "x.orglift", told=("leftover",))
    assert site.whole() == before


def test_a_key_that_crosses_the_silos(site: Site) -> None:
    for name in ("us", "de"):
        site.sql(name, "CREATE TABLE auth_team (id bigint PRIMARY KEY); ALTER TABLE team ADD auth_id bigint REFERENCES auth_team")
    before = site.whole()
    site.refuse_move("team.auth_id", "break-fks")
    assert site.whole() == before


def test_rows_of_two_organizations_in_one(site: Site) -> None:
    """Found by the snapshot, not by the catalog: a row that belongs to two."""
    site.sql(
        "us",
        "INSERT INTO project_team SELECT (SELECT min(id) FROM project WHERE organization_id = 3),"
        " min(id) FROM team WHERE organization_id = 1",
    )
    before = site.whole()
    site.refuse_move("project_team")
    site.refuse("exports", "org", ORG, "--region", "us", "--out", "x.orglift", told=("project_team",))
    assert site.whole() == before


# roles


@pytest.fixture
def owner(saved: Saved, site: Site) -> Iterator[str]:
    """A plain role that owns the target's tables and the source's: no superuser, may not set session_replication_role."""
    name = "plain_owner"
    saved.server.execute(f"CREATE ROLE {name} LOGIN")
    for region in ("us", "de"):
        database = conninfo_to_dict(site.urls[region])["dbname"]
        saved.server.execute(f'ALTER DATABASE "{database}" OWNER TO {name}')
        for (statement,) in site.sql(
            region,
            "SELECT format('ALTER TABLE %s OWNER TO plain_owner', c.oid::regclass) FROM pg_class AS c JOIN pg_namespace AS n"
            " ON n.oid = relnamespace WHERE relkind = 'r' AND nspname IN ('public', 'orglift')",
        ):
            site.sql(region, statement)
        site.sql(region, f"GRANT USAGE, CREATE ON SCHEMA orglift TO {name}; GRANT ALL ON ALL SEQUENCES IN SCHEMA orglift TO {name}")
        variable = f"{region.upper()}_URL"
        site.environ[variable] = site.environ[variable].replace("//postgres:", f"//{name}:")
    yield name
    saved.server.execute(f"REASSIGN OWNED BY {name} TO postgres")
    for url in site.urls.values():
        site.sql(next(key for key, each in site.urls.items() if each == url), f"REASSIGN OWNED BY {name} TO postgres; DROP OWNED BY {name}")
    saved.server.execute(f"DROP ROLE {name}")


ACCEPT = '[tables.comment]\naccept_triggers = ["comment_counted"]'


@pytest.mark.usefixtures("owner")
def test_without_the_right_triggers_are_refused_until_they_are_accepted(site: Site) -> None:
    before = site.whole()
    site.refuse_move("comment.comment_counted", "session_replication_role", "accept_triggers")
    assert site.move("--plan", exit=FOUND)["triggers"] == "on"
    assert site.whole() == before
    file = site.export("--to", "de")
    site.refuse("relocate", "import", str(file), "--to", "de", told=("comment.comment_counted", "accept_triggers"))
    assert site.whole() == before


@pytest.mark.usefixtures("owner")
def test_without_the_right_circles_are_loaded_purged_and_aborted(site: Site) -> None:
    """An organization and its owner, a project and its newest issue, a comment and its parent refer to each other; the keys are on."""
    site.sql("de", "DROP TRIGGER comment_counted ON comment")
    before = site.contents()
    assert site.move()["verified"] is True
    assert site.contents()["us"] | {"public.organization": ()} == before["us"] | {"public.organization": ()}
    assert site.run("relocate", "purge", ORG)["state"] == "purged"
    assert site.value("us", "SELECT count(*) FROM organization WHERE slug = %s", ORG) == 0
    assert len(site.sql("us", "SELECT 1 FROM event")) + len(site.sql("de", "SELECT 1 FROM event")) == len(
        before["us"]["public.event"]
    ) + len(before["de"]["public.event"])


@pytest.mark.usefixtures("owner")
def test_without_the_right_an_abort_takes_all_out(site: Site) -> None:
    site.sql("de", "DROP TRIGGER comment_counted ON comment")
    before = site.contents()
    site.harm(
        lambda: site.sql("us", "UPDATE team SET name = 'x' WHERE organization_id = 3"),
        lambda each: 'COPY "public"."audit_log"' in each.text,
    )
    site.move(exit=FOUND)
    assert site.contents()["de"] != before["de"]
    assert site.run("relocate", "abort", ORG)["state"] == "aborted"
    after = site.contents()
    assert (after["de"], after["control"]) == (before["de"], before["control"])


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize("region", ["us", "de"])
def test_row_level_security_that_would_hide_rows(site: Site, region: str) -> None:
    site.configure(ACCEPT)
    site.sql(region, "ALTER TABLE team ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    before = site.whole()
    site.refuse_move("team", "row-level security", "BYPASSRLS")
    assert site.whole() == before


def test_row_level_security_does_not_hide_rows_from_a_superuser(site: Site) -> None:
    for region in ("us", "de"):
        site.sql(region, "ALTER TABLE team ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    teams = len(site.sql("us", "SELECT 1 FROM team WHERE organization_id = 3"))
    site.move()
    assert len(site.sql("de", "SELECT 1 FROM team WHERE organization_id = %s", (1 << 36) + 3)) == teams


def test_a_role_without_rights(site: Site, saved: Saved) -> None:
    saved.server.execute("CREATE ROLE nobody_special LOGIN")
    try:
        url = site.environ["DE_URL"].replace("//postgres:", "//nobody_special:")
        before = site.whole()
        error = site.refuse("relocate", "start", ORG, "--to", "de", told=("nobody_special",), environ={"DE_URL": url})
        assert "GRANT" in str(error) or error["code"] == "no-rights", error
        assert site.whole() == before
    finally:
        saved.server.execute("DROP ROLE nobody_special")
