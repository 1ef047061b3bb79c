"""Archives that are broken, foreign, or for somebody else: what `exports verify` and `relocate import` say, and that nothing came in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exports.archive import ArchiveReader
from exports.manifest import render_manifest
from tests.archives import seal
from tests.journeys.bad_input.site import FOUND, ORG, REFUSED, Site

pytestmark = pytest.mark.long


def bring(file: Path, *more: str) -> tuple[str, ...]:
    return ("relocate", "import", str(file), "--to", "de", *more)


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 100)


def halve(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def flip_in_the_middle(file: Path) -> None:
    flip(file, file.stat().st_size // 3)


def flip_in_the_manifest(file: Path) -> None:
    flip(file, file.stat().st_size - 200)


def flip(file: Path, place: int) -> None:
    data = bytearray(file.read_bytes())
    data[place] ^= 4
    file.write_bytes(data)


def append(file: Path) -> None:
    with file.open("ab") as end:
        end.write(b"more")


def make_a_dump_of_it(file: Path) -> None:
    file.write_bytes(b"PGDMP" + bytes(5000))


def empty(file: Path) -> None:
    os.truncate(file, 0)


def rewrite(file: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """A whole archive whose manifest says something else."""
    with ArchiveReader.open(file) as archive:
        manifest = json.loads(render_manifest(archive.manifest))
    whole = file.read_bytes()
    file.write_bytes(seal(whole[: int.from_bytes(whole[-40:-32], "big")], json.dumps(change(manifest)).encode()))


DAMAGES = [truncate, halve, flip_in_the_middle, flip_in_the_manifest, append, make_a_dump_of_it, empty]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_archive(site: Site, damage: Callable[[Path], None]) -> None:
    file = site.export("--to", "de")
    before = site.whole()
    damage(file)
    found = site.run("exports", "verify", str(file), exit=FOUND)
    assert found["verified"] is False and found["faults"][0]["found"]
    for words in (bring(file), bring(file, "--plan")):
        error = site.refuse(*words, told=(file.name,))
        assert error["code"] == "bad-archive"
    assert site.whole() == before


def test_a_newer_format(site: Site) -> None:
    file = site.export("--to", "de")
    before = site.whole()
    rewrite(file, lambda manifest: {**manifest, "format": 2, "orglift": "9.9"})
    for words in (bring(file), ("exports", "inspect", str(file))):
        error = site.refuse(*words, told=("format 2", "orglift 9.9"))
        assert error["code"] == "bad-archive"
    assert "newer" in site.run("exports", "verify", str(file), exit=FOUND)["faults"][0]["found"]
    assert site.whole() == before


def test_no_file(site: Site) -> None:
    for words in (bring(site.folder / "gone"), ("exports", "inspect", "gone")):
        site.refuse(*words, told=("gone",))
    assert "no such file" in site.run("exports", "verify", "gone", exit=FOUND)["faults"][0]["found"]
    site.refuse(*bring(site.folder))


def test_an_archive_for_another_region(site: Site) -> None:
    file = site.export("--to", "de")
    before = site.whole()
    error = site.refuse("relocate", "import", str(file), "--to", "us", told=("'de'", "--to de"))
    assert error["code"] == "bad-archive"
    assert site.whole() == before


def test_an_archive_with_another_layout_of_ids(site: Site) -> None:
    file = site.export("--to", "de")
    before = site.whole()
    site.configure("[ids]\nserial_bits = 40")
    site.refuse(*bring(file), told=("[ids]",))
    assert site.whole() == before


def test_ids_of_an_origin_that_this_control_never_issued(site: Site) -> None:
    file = site.export()
    forget_it(site)
    before = site.whole()
    rewrite(file, lambda manifest: {**manifest, "source": {**manifest["source"], "origin": 77}})
    error = site.refuse(*bring(file), told=("origin 77",))
    assert error["code"] == "no-origin"
    assert site.whole() == before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DROP TABLE project_team", "project_team"),
        ("ALTER TABLE project DROP COLUMN platform", "project.platform"),
        ("DELETE FROM event; ALTER TABLE event ALTER payload TYPE varchar(10)", "event.payload"),
        ("DELETE FROM audit_log; ALTER TABLE audit_log ALTER action TYPE varchar(5)", "audit_log.action"),
        ("ALTER TABLE team ADD code text; UPDATE team SET code = 'x'; ALTER TABLE team ALTER code SET NOT NULL", "team.code"),
        (
            "CREATE TYPE less AS ENUM ('debug', 'info', 'warning', 'error'); UPDATE \"group\" SET level = 'error' WHERE level = 'fatal';"
            ' ALTER TABLE "group" ALTER level DROP DEFAULT, ALTER level TYPE less USING level::text::less',
            "group.level",
        ),
    ],
    ids=["table", "column", "type", "length", "not-null", "label"],
)
def test_an_archive_of_another_schema(site: Site, change: str, told: str) -> None:
    file = site.export("--to", "de")
    site.sql("de", change)
    before = site.whole()
    site.refuse(*bring(file), told=(told,))
    ended = site.start(*bring(file, "--plan")).wait()
    assert ended.code in (FOUND, REFUSED) and told in ended.stdout, str(ended)
    assert site.whole() == before


def test_ids_that_do_not_fit(site: Site) -> None:
    file = site.export("--to", "de")
    site.sql("de", "DELETE FROM audit_log; ALTER TABLE audit_log ALTER id DROP IDENTITY; ALTER TABLE audit_log ALTER id TYPE integer")
    before = site.whole()
    error = site.refuse(*bring(file), told=("audit_log.id", "widen-ids"))
    assert error["code"] == "narrow-ids"
    assert site.whole() == before


# copies


def test_a_copy_of_an_organization_that_lives(site: Site) -> None:
    file = site.export()
    before = site.whole()
    for words in (bring(file), bring(file, "--plan"), bring(file, "--slug", "other")):
        site.refuse(*words, told=(ORG, "in us already", "--to"))
    assert site.whole() == before


def forget_it(site: Site) -> None:
    """The organization is gone from us and from control: its archive brings back one that is new."""
    site.sql("us", "SET session_replication_role = replica; DELETE FROM organization WHERE slug = %(org)s".replace("%(org)s", f"'{ORG}'"))
    site.sql("control", "DELETE FROM organization_mapping WHERE slug = %s", ORG)
    site.sql("control", "DELETE FROM orglift.mapping WHERE slug = %s", ORG)


def test_a_taken_slug_and_another_one(site: Site) -> None:
    file = site.export()
    forget_it(site)
    site.sql("control", "INSERT INTO organization_mapping VALUES (999, %s, 'us')", ORG)
    before = site.whole()
    (problem,) = site.run(*bring(file, "--plan"), exit=FOUND)["problems"]
    assert (problem["code"], "--slug" in problem["remedy"]) == ("slug-taken", True)
    site.refuse(*bring(file), told=(ORG, "999", "--slug"))
    assert site.whole() == before
    done = site.run(*bring(file, "--slug", "initech2"))
    assert (done["organization"]["slug"], done["state"], done["verified"]) == ("initech2", "switched", True)
    assert site.sql("de", "SELECT slug, status FROM organization WHERE id = %s", int(done["organization"]["after"])) == [("initech2", 0)]
    assert site.sql("control", "SELECT region_name FROM organization_mapping WHERE slug = 'initech2'") == [("de",)]


def test_a_slug_that_is_taken_in_the_region_alone(site: Site) -> None:
    file = site.export()
    forget_it(site)
    site.sql("de", "INSERT INTO organization (id, slug, name, plan_id) VALUES (5, %s, 'another', 1)", ORG)
    before = site.whole()
    site.refuse(*bring(file), told=(ORG,))
    assert site.whole() == before
    assert site.run(*bring(file, "--slug", "initech2"))["state"] == "switched"


def test_another_slug_that_is_taken_too(site: Site) -> None:
    file = site.export()
    forget_it(site)
    before = site.whole()
    site.refuse(*bring(file, "--slug", "acme"), told=("acme", "--slug"))
    assert site.whole() == before


# moves by archive


def test_the_source_changed_since_the_export(site: Site) -> None:
    file = site.export("--to", "de")
    us = site.contents()["us"]
    site.sql("us", "UPDATE project SET platform = 'cobol' WHERE organization_id = 3")
    control = site.contents()["control"]
    for _ in range(2):  # the same archive again finds the same
        error = site.run(*bring(file), exit=FOUND)["error"]
        assert error["code"] == "differs" and "export again" in error["hint"]
    assert (site.home(), site.contents()["control"]) == (("us", "3"), control)
    assert {name: rows for name, rows in site.contents()["us"].items() if name != "public.project"} == {
        name: rows for name, rows in us.items() if name != "public.project"
    }
    later = site.export("--to", "de", name="later.orglift")
    assert site.run(*bring(later))["state"] == "switched"
    assert site.home()[0] == "de"
    assert site.value("de", "SELECT count(*) FROM project WHERE platform = 'cobol'") == 6


def test_an_import_that_is_given_up(site: Site) -> None:
    before = site.contents()
    file = site.export("--to", "de")
    site.sql("us", "UPDATE project SET platform = platform || '' WHERE id = 1")
    site.sql("us", "UPDATE team SET name = 'new' WHERE organization_id = 3 AND id = (SELECT min(id) FROM team WHERE organization_id = 3)")
    site.run(*bring(file), exit=FOUND)
    assert site.run("relocate", "abort", ORG)["state"] == "aborted"
    after = site.contents()
    assert (after["de"], after["control"]) == (before["de"], before["control"])


def test_an_organization_that_moved_since_the_export(site: Site) -> None:
    file = site.export("--to", "de")
    site.move()
    before = site.contents()
    done = site.start(*bring(file)).wait()
    assert done.code in (0, REFUSED), str(done)
    assert site.contents() == before


def test_an_archive_of_before_an_abort(site: Site) -> None:
    """Aborted is final for that relocation; the archive names the same one."""
    file = site.export("--to", "de")
    site.sql("us", "UPDATE team SET name = 'new' WHERE organization_id = 3")
    site.run(*bring(file), exit=FOUND)
    site.run("relocate", "abort", ORG)
    before = site.contents()
    ended = site.start(*bring(file)).wait()
    assert ended.code in (FOUND, REFUSED), str(ended)
    assert ended.answer["error"]["hint"]
    assert site.contents()["control"] == before["control"]


def test_reading_of_what_an_archive_is_needs_its_end_alone(site: Site) -> None:
    file = site.export("--to", "de")
    flip_in_the_middle(file)
    assert site.run("exports", "inspect", str(file))["to"] == "de"
