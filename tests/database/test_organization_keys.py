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
