"""What the picture is of: tables of all databases, references once each, ways, and which findings are about which table."""

from __future__ import annotations

from dataclasses import replace

from splitter.diagram.model import Diagram, TableNode
from splitter.ownership import Standing
from splitter.silos import Export, Silo, TableRules
from tests.diagrams import SMALL, diagram, name, partition, partitioned, schema, silos, small, soft, table


def node(found: Diagram, text: str) -> TableNode:
    return next(each for each in found.tables if each.name == name(text))


def spelled_way(found: Diagram, text: str) -> list[str]:
    return [str(found.references[number].reference) for number in node(found, text).way]


def crossings(found: Diagram) -> set[tuple[str, bool]]:
    return {(str(found.references[number].reference), found.references[number].is_hard) for number in found.crossings}


def test_every_table_is_in_one_silo_and_one_domain():
    found = small()
    assert sorted(number for domain in found.domains for number in domain.tables) == list(range(len(found.tables)))
    for place, domain in enumerate(found.domains):
        assert {found.tables[number].silo for number in domain.tables} == {domain.silo}
        assert {found.tables[number].domain for number in domain.tables} == {place}
    assert {str(each.name) for each in found.tables if each.silo is Silo.CONTROL} == {"users", "auth_tokens"}


def test_crossings_are_those_that_check_finds():
    assert crossings(small()) == {
        ("issues.author_id -> users.id", True),
        ("users.org_id -> orgs.id", True),
        ("members.user_id -> users.id", False),
    }
    assert {str(small().tables[number].name) for number in small().crossing_tables} == {"issues", "users", "orgs", "members"}


def test_the_way_is_the_shortest_and_never_leads_through_control():
    found = small()
    assert spelled_way(found, "issue_labels") == [
        "issue_labels.issue_id -> issues.id",
        "issues.project_id -> projects.id",
        "projects.org_id -> orgs.id",
    ]
    assert spelled_way(found, "issue_notes") == ["issue_notes.org_id -> orgs.id"]
    assert spelled_way(found, "users") == ["users.org_id -> orgs.id"]
    assert spelled_way(found, "auth_tokens") == []  # users are nobody's


def test_a_declared_owner_is_the_only_way():
    rules = {name("issue_notes"): TableRules(table=name("issue_notes"), owner=("issue_id",))}
    found = diagram({"db": SMALL}, replace(silos(), tables=rules))
    assert spelled_way(found, "issue_notes")[0] == "issue_notes.issue_id -> issues.id"
    (other,) = [edge for edge in found.references if str(edge.reference) == "issue_notes.org_id -> orgs.id"]
    assert not other.owns


def test_no_way_leads_from_or_through_shared_rows():
    rules = {name("projects"): TableRules(table=name("projects"), export=Export.SHARED)}
    found = diagram({"db": SMALL}, replace(silos(), tables=rules))
    assert spelled_way(found, "projects") == []
    assert spelled_way(found, "issues") == []
    assert (node(found, "projects").standing, node(found, "issues").standing) == (Standing.SHARED, Standing.UNDECIDED)


def test_partitions_are_their_root_and_their_rows_add_up():
    tables = (table("orgs"), partitioned("logs", org_id="orgs"), partition("logs_1", "logs"), partition("logs_2", "logs"))
    found = diagram({"db": schema(*tables)}, silos())
    assert [str(each.name) for each in found.tables] == ["logs", "orgs"]
    assert (node(found, "logs").partitions, node(found, "logs").rows) == (2, 10)


def test_of_several_databases_a_reference_stands_once_and_hard_where_one_still_has_the_key():
    broken = schema(*(replace(each, foreign_keys=()) if each.name == name("issues") else each for each in SMALL.tables.values()))
    declared = silos(soft("issues.author_id", "users.id"))
    for schemas in ({"us": broken, "de": SMALL}, {"us": SMALL, "de": broken}):
        found = diagram(schemas, declared)
        (edge,) = [edge for edge in found.references if str(edge.reference) == "issues.author_id -> users.id"]
        assert edge.is_hard and set(edge.databases) == {"us", "de"}


def test_rows_of_several_regions_are_added():
    assert node(diagram({"us": SMALL, "de": SMALL}, silos()), "orgs").rows == 6
    assert node(diagram({"us": SMALL}, silos()), "projects").rows == -1


def test_a_table_that_only_a_reference_knows_is_shown_as_not_read():
    region = schema(table("orgs"), table("notes", user_id="users", org_id="orgs"))
    found = diagram({"us": region}, silos())
    assert not node(found, "users").read and node(found, "notes").read
    assert crossings(found) == {("notes.user_id -> users.id", True)}


def test_findings_are_with_the_tables_that_they_are_about():
    found = small()
    assert node(found, "issues").findings == node(found, "users").findings == (0,)
    assert node(found, "plans").findings == (1,)
    assert len(found.findings) == 3  # the one of silos.toml is with no table


def test_an_organization_that_nothing_knows_is_none():
    assert diagram({"db": SMALL}, silos(organization="tenants")).organization is None


def test_the_order_of_the_catalog_changes_nothing():
    turned = schema(*reversed(list(SMALL.tables.values())))
    one, other = diagram({"db": SMALL}, silos()), diagram({"db": turned}, silos())
    assert (one.tables, one.references, one.domains) == (other.tables, other.references, other.domains)


def test_two_keys_that_say_the_same_are_one_reference_with_two_names():
    notes = table("notes", org_id="orgs")
    (key,) = notes.foreign_keys
    found = diagram({"db": schema(table("orgs"), replace(notes, foreign_keys=(key, replace(key, name="again"))))}, silos())
    assert [edge.constraints for edge in found.references] == [("notes_org_id", "again")]
