"""Models that say their silo: compared with silos.toml, a silos.toml from them, and the decorators that they lack."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from splitter import console
from splitter.cli import cli
from splitter.silos_file import parse_silos

MODELS = '''"""Models of a shop."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from splitter.guard.models import control_silo_model, region_silo_model


class Base(DeclarativeBase):
    pass


@region_silo_model
class Organization(Base):
    __tablename__ = "org"
    id: Mapped[int] = mapped_column(primary_key=True)


@control_silo_model
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)


class Order(Base):
    __tablename__ = "order"
    __table_args__ = {"schema": "shop"}
    id: Mapped[int] = mapped_column(primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("org.id"))


tags = Table("tags", Base.metadata, Column("id", ForeignKey("users.id")), info={"silo": "control"})
'''
SCHEMA = """
CREATE SCHEMA shop;
CREATE TABLE org (id bigint PRIMARY KEY);
CREATE TABLE users (id bigint PRIMARY KEY);
CREATE TABLE shop."order" (id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES org);
CREATE TABLE tags (id bigint REFERENCES users);
"""
CONFIG = """
[organization]
table = "org"
[control]
tables = ["users", "tags"]
[regions.main]
url = "postgresql://nowhere"
"""
_numbers = itertools.count(1)


@dataclass
class Shop:
    """An application's folder, and the commands run in it."""

    folder: Path
    package: str
    capsys: pytest.CaptureFixture[str]

    @property
    def spec(self) -> str:
        return f"{self.package}.models:Base"

    @property
    def file(self) -> Path:
        return self.folder / self.package / "models.py"

    def run(self, *words: str, exit: int = 0) -> str:
        code = console.run(cli, list(words))
        said = self.capsys.readouterr()
        assert code == exit, said
        return said.out

    def read(self, *words: str, exit: int = 0) -> Any:
        return json.loads(self.run(*words, "--json", exit=exit))

    def configure(self, text: str) -> None:
        (self.folder / "silos.toml").write_text(text)


@pytest.fixture
def make_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Shop]]:
    """Of a package whose name nobody else has, with these models; modules and import path are as before afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)

    def make(models: str = MODELS) -> Shop:
        shop = Shop(tmp_path, f"shop{next(_numbers)}", capsys)
        shop.file.parent.mkdir()
        shop.file.write_text(models)
        return shop

    yield make
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    return make_shop()


pytestmark = pytest.mark.postgres(18)


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(each["code"], each["object"].partition(".models.")[2] or each["object"]) for each in answer["findings"]]


def test_models_that_say_what_the_file_says_are_no_finding(make_shop, make_database):
    shop = make_shop(MODELS.replace("class Order", "@region_silo_model\nclass Order"))
    shop.configure(CONFIG)
    only = "model-disagrees,model-without-silo,model-without-table"
    assert shop.read("check", "--url", make_database(SCHEMA), "--models", shop.spec, "--only", only)["findings"] == []


def test_every_disagreement_is_named(shop: Shop, make_database):
    shop.configure(CONFIG.replace(', "tags"', ""))
    found = shop.read("check", "--url", make_database(SCHEMA.replace("shop.", "public.")), "--models", shop.spec, exit=1)
    told = sorted(each for each in codes(found) if each[0].startswith("model-"))
    assert told == [("model-disagrees", "Table tags"), ("model-without-table", "Order")]


def test_a_model_without_annotation_is_told(shop: Shop, make_database):
    shop.configure(CONFIG)
    found = shop.read("check", "--url", make_database(SCHEMA), "--models", shop.spec, "--only", "model-without-silo", exit=1)
    assert codes(found) == [("model-without-silo", "Order")] and "shop.order is a region table" in found["findings"][0]["found"]


def test_an_accepted_disagreement_is_silent_and_stale_only_where_models_are_looked_at(shop: Shop, make_database):
    accept = '[[accept]]\ncode = "model-without-silo"\nobject = "{}"\nwhy = "made by a plug-in"\n'
    url = make_database(SCHEMA)
    shop.configure(CONFIG + accept.format(f"{shop.package}.models.Order"))
    assert not shop.read("check", "--url", url, "--models", shop.spec, "--only", "model-without-silo,stale-accept")["findings"]
    shop.configure(CONFIG + accept.format("gone"))
    assert not shop.read("check", "--url", url, "--only", "stale-accept")["findings"]
    assert codes(shop.read("check", "--url", url, "--models", shop.spec, "--only", "stale-accept", exit=1))[0][0] == "stale-accept"


def test_a_first_file_is_written_from_models_alone(shop: Shop):
    text = shop.run("suggest", "--organization", "org", "--models", shop.spec)
    silos = parse_silos(text, {})
    assert silos.control is not None and silos.control.tables == ("tags", "users")
    assert [str(each.table) for each in silos.undecided] == ["shop.order"] and str(silos.organization.table) == "org"


def test_with_a_database_its_references_are_added_and_the_models_decide_the_silos(shop: Shop, make_database):
    more = "CREATE TABLE note (id bigint PRIMARY KEY, org_id bigint NOT NULL); CREATE TABLE loose (id bigint PRIMARY KEY);"
    url = make_database(SCHEMA + more)
    silos = parse_silos(shop.run("suggest", "--organization", "org", "--models", shop.spec, "--url", url), {})
    assert silos.control is not None and silos.control.tables == ("tags", "users")
    assert [str(each) for each in silos.references] == ["note.org_id -> org.id"]
    assert {str(each.table) for each in silos.undecided} >= {"shop.order", "loose"}


def test_a_file_that_is_there_is_not_written_again(shop: Shop):
    shop.configure(CONFIG)
    error = shop.read("suggest", "--models", shop.spec, exit=2)["error"]
    assert "splitter check --models" in error["hint"]


def test_a_table_in_two_silos_is_refused(make_shop):
    other = "@region_silo_model\nclass Other(Base):\n    __table__ = tags\n    __mapper_args__ = {'primary_key': [tags.c.id]}\n"
    shop = make_shop(MODELS + other)
    error = shop.read("suggest", "--organization", "org", "--models", shop.spec, exit=2)["error"]
    assert error["code"] == "config" and "its table 'tags' says control" in error["message"]


def test_a_patch_annotates_what_lacks_it(shop: Shop):
    shop.configure(CONFIG)
    patch = shop.run("annotate", "--models", shop.spec)
    apply(patch, shop.folder)
    assert "@region_silo_model\nclass Order(Base):" in shop.file.read_text()
    assert patch.count("\n+") == 2  # the decorator, and the file's name


def test_a_patch_corrects_and_imports(make_shop):
    bare = MODELS.replace("import control_silo_model, region_silo_model", "import region_silo_model")
    shop = make_shop(bare.replace("@control_silo_model", "@region_silo_model"))
    shop.configure(CONFIG)
    answer = shop.read("annotate", "--models", shop.spec)
    apply(answer["patch"], shop.folder)
    text = shop.file.read_text()
    assert "@control_silo_model\nclass User" in text and "import control_silo_model" in text
    compile(text, "models.py", "exec")
    assert [each["model"].rpartition(".")[2] for each in answer["models"]] == ["User", "Order"]


def test_what_has_no_class_statement_is_told_by_hand(make_shop):
    made = 'Made = type("Made", (Base,), {"__tablename__": "made", "id": Column(ForeignKey("org.id"), primary_key=True)})\n'
    shop = make_shop(MODELS.replace('info={"silo": "control"}', "info={}") + made)
    shop.configure(CONFIG)
    by_hand = shop.read("annotate", "--models", shop.spec)["by_hand"]
    assert by_hand == [f"{shop.package}.models.Made: @region_silo_model", 'Table tags: info={"silo": "control"}']


def apply(patch: str, folder: Path) -> None:
    """As git reads it, where the last line's end may have been lost on the way through a terminal."""
    subprocess.run(["git", "apply", "-"], input=patch.rstrip("\n") + "\n", text=True, cwd=folder, check=True)


WRONG = {
    "no object": ("models", "names no object"),
    "no module": ("nowhere.models:Base", "importing nowhere.models fails"),
    "no such name": ("{package}.models:base", "there is no 'base'"),
    "no base": ("{package}.models:Mapped", "which has no tables"),
    "fails": ("broken:Base", "importing broken fails: KeyError: 'DATABASE_URL'"),
    "empty": ("empty:Base", "it has no table"),
}


@pytest.mark.parametrize(("spec", "message"), WRONG.values(), ids=WRONG)
def test_models_that_cannot_be_loaded_are_told(shop: Shop, spec: str, message: str):
    (shop.folder / "broken.py").write_text("import os\nos.environ['DATABASE_URL']\n")
    (shop.folder / "empty.py").write_text("from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): pass\n")
    shop.configure(CONFIG)
    error = shop.read("annotate", "--models", spec.format(package=shop.package), exit=2)["error"]
    assert message in error["message"] and error["hint"]
