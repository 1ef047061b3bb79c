"""Organizations whose keys are texts of any kind: moved, imported, aborted, purged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from splitter.errors import DiffersError
from tests.small_site import make_small_site

pytestmark = pytest.mark.postgres(18)
Make = Callable[..., str]
SCHEMA = """
CREATE TABLE org (id text PRIMARY KEY, slug text, status int NOT NULL DEFAULT 0);
CREATE TABLE project (id bigserial PRIMARY KEY, org_id text NOT NULL REFERENCES org);
"""
HIDE = 'hide = { column = "status", live = 0, moving = 9 }\n'


@pytest.mark.parametrize("key", ["a|b", "|", "id:5", "it's 100%", 'a\\"b', "ü "])
def test_any_text_is_a_key(make_database: Make, tmp_path: Path, key: str) -> None:
    quoted = key.replace("'", "''")
    rows = f"INSERT INTO org VALUES ('{quoted}', 'acme'), ('b', 'other'); INSERT INTO project VALUES (50, '{quoted}'), (60, 'b');"
    site = make_small_site(make_database, schema=SCHEMA, us=rows, silos=HIDE)
    site.own_range("us")
    site.move()
    site.purge()
    file = site.export(tmp_path / "a", region="de", to="us")
    site.sql("de", "INSERT INTO project (org_id) VALUES (%s)", key)
    with pytest.raises(DiffersError):
        site.bring(file, "us")
    site.abort()
    assert site.sql("us", "SELECT id, status FROM org") == [("b", 0)]
    site.move(to="us")
    site.purge()
    assert site.sql("us", "SELECT count(*) FROM project WHERE org_id = %s", key) == [(2,)]
    assert site.sql("de", "SELECT * FROM org") == []


PAIR = """
CREATE TABLE org (realm text, name text, slug text, status int NOT NULL DEFAULT 0, PRIMARY KEY (realm, name));
CREATE TABLE project (id bigserial PRIMARY KEY, realm text NOT NULL, org text NOT NULL, FOREIGN KEY (realm, org) REFERENCES org);
"""


@pytest.mark.parametrize(
    ("one", "other"),
    [(("a|b", "c"), ("a", "b|c")), (("a\\", "|b"), ("a\\|", "b")), (("", "|"), ("|", "")), (("x", "y"), ("x\\", "y"))],
)
def test_any_two_texts_are_a_key(make_database: Make, tmp_path: Path, one: tuple[str, str], other: tuple[str, str]) -> None:
    """Two organizations whose parts, put together, would be one text."""
    site = make_small_site(make_database, schema=PAIR, silos=HIDE, ready=False)
    for number, (realm, name) in enumerate((one, other)):
        site.sql("us", "INSERT INTO org VALUES (%s, %s, %s)", realm, name, f"s{number}")
        site.sql("us", "INSERT INTO project VALUES (%s, %s, %s)", 50 + number, realm, name)
    site.init()
    site.own_range("de")
    site.own_range("us")
    assert site.sql("control", "SELECT count(DISTINCT organization) FROM orglift.mapping") == [(2,)]
    ((id_,),) = site.sql("control", "SELECT organization FROM orglift.mapping WHERE slug = 's0'")
    site.move(f"id:{id_}")
    site.purge("s0")
    assert site.sql("us", "SELECT realm, name, status FROM org") == [(*other, 0)]
    assert site.sql("de", "SELECT realm, name, status FROM org") == [(*one, 0)]
    file = site.export(tmp_path / "a", "s0", region="de", to="us")
    site.bring(file, "us")
    assert site.purge(f"id:{id_}").state == "purged"
    assert site.sql("us", "SELECT count(*) FROM project") == [(2,)]
    assert site.sql("de", "SELECT * FROM org") == []
