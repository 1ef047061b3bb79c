"""GitLab's schema, whole: every key between control and the regions goes, and comes back, and the dumps are equal."""

from __future__ import annotations

import pytest

from splitter.apply import apply_plan
from splitter.db import connect
from splitter.silos_file import parse_silos
from splitter.undo import undo_plan
from tests.cases_support import OURS, find_cases
from tests.plan_sites import PlanSite
from tests.servers import Server

pytestmark = pytest.mark.long


def test_broken_and_taken_back_nothing_is_different(server: Server) -> None:
    url = server.create(find_cases() / "gitlab" / "structure.sql")
    with connect(url, setting="--url") as conn:
        silos = parse_silos((OURS / "gitlab" / "silos.toml").read_text(encoding="utf-8"))
        site = PlanSite(url, conn, server, silos)
        before, hard = site.dump(), site.hard()
        assert len(hard) > 150
        plan = site.plan()
        apply_plan(conn, plan)
        assert site.hard() == [] and site.plan().steps == ()
        assert site.rows("SELECT FROM pg_index WHERE NOT indisvalid") == []
        undo_plan(conn, plan)
        assert site.dump() == before
        assert site.hard() == hard
    server.drop(url)
