"""Django's own state after a rendered migration: the models say that there is no constraint, and nothing else has changed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.plan_sites import MakeSite
from tests.rendered import APP, Tool

pytestmark = pytest.mark.long

APPS = f"shop {APP}"
MODELS = """
from django.db import models

class Org(models.Model):
    class Meta:
        db_table = "org"

class User(models.Model):
    class Meta:
        db_table = "u"

class Named(models.Model):
    org = models.ForeignKey(Org, on_delete=models.CASCADE)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="%(class)s_owned"{more})
    class Meta:
        abstract = True

class Member(Named):
    profile = models.OneToOneField(User, null=True, on_delete=models.SET_NULL, db_column="pro file"{more})
"""
RESTRICTS = """
[[references]]
from = "shop_member.{column}"
to = "u.id"
on_delete = "restrict"
restrict_becomes = "cascade"
"""
SILOS = RESTRICTS.format(column="owner_id") + RESTRICTS.format(column="pro file")


@pytest.fixture
def tool(make_site: MakeSite, tmp_path: Path) -> Tool:
    """A project with an app of its own, migrated, and a plan for its database, rendered."""
    tool = Tool("django", tmp_path, make_site("CREATE TABLE u_bare (id int PRIMARY KEY);", SILOS), APPS)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    write_models(tool, "")
    tool.set_up()
    tool.run(tool.django("makemigrations", "shop"))
    tool.run(tool.django("migrate", "shop"))
    tool.prepare(tool.site.plan(), ["shop.0001_initial"])
    return tool


def write_models(tool: Tool, more: str) -> None:
    (tool.folder / "shop" / "models.py").write_text(MODELS.replace("{more}", more))


def test_the_models_say_that_there_is_no_constraint(tool: Tool) -> None:
    assert len(tool.site.hard()) == 2
    tool.up()
    assert tool.site.hard() == []
    assert "Alter field owner on member" in tool.run(tool.django("makemigrations", "--check", "--dry-run"), 1)
    write_models(tool, ", db_constraint=False")
    assert "No changes detected" in tool.run(tool.django("makemigrations", "--check", "--dry-run"))


def test_sqlmigrate_prints_the_statements_and_changes_nothing(tool: Tool) -> None:
    before = tool.site.dump()
    name = max(path.stem for path in tool.out.glob("0*.py"))
    said = tool.run(tool.django("sqlmigrate", APP, name))
    assert 'ALTER TABLE ONLY "public"."shop_member" DROP CONSTRAINT' in said
    assert "NOT VALID" in tool.run(tool.django("sqlmigrate", "--backwards", APP, name))
    assert tool.site.dump() == before


def test_back_to_nothing_the_constraints_are_there_again(tool: Tool) -> None:
    before = tool.site.dump()
    tool.up()
    tool.down()
    assert len(tool.site.hard()) == 2
    assert tool.site.dump() == before


def test_a_database_from_scratch_has_no_constraints_either(tool: Tool, make_site: MakeSite) -> None:
    """As `manage.py test` makes one."""
    fresh = Tool("django", tool.folder, make_site("CREATE TABLE u_bare (id int PRIMARY KEY);", SILOS), APPS)
    fresh.up()
    assert fresh.site.hard() == []
    assert len(fresh.site.rows("SELECT FROM orglift.cascades")) == 2


def test_elsewhere_than_on_postgresql_there_is_nothing_to_do(tool: Tool) -> None:
    settings = tool.folder / "settings.py"
    settings.write_text(settings.read_text() + 'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "x.sqlite3"}}\n')
    tool.up()


def test_a_plan_is_applied_outside_of_anybody_elses_transaction(tool: Tool) -> None:
    code = "import django; django.setup(); from django.core.management import call_command; from django.db import transaction\n"
    inside = f"{code}with transaction.atomic(): call_command('migrate', '{APP}')"
    assert "there is one already" in tool.run([sys.executable, "-c", inside], 1)
