"""A random application in real databases, the commands that move one of its organizations, and the checks of what must always hold."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.commands import Ended, Launcher, Running
from tests.proxy import Moment, Proxy, Statement, kill
from tests.random_schemas import Case
from tests.random_schemas.cells import SOURCE_ORIGIN, TARGET_ORIGIN
from tests.random_schemas.databases import (
    Fingerprint,
    connected,
    expected,
    fill_control,
    fill_region,
    read_control,
    read_homes,
    read_region,
)
from tests.random_schemas.names import TableName, spelled
from tests.random_schemas.shapes import Standing
from tests.random_schemas.truth import Texts, rows_before
from tests.servers import Server

BUSY_SECONDS = 20  # how long a killed mover's server process may take to notice
Bag = dict[TableName, Counter[Texts]]


@dataclass
class Journey:
    """``urls`` lead to the databases directly, silos.toml through the proxy."""

    case: Case
    urls: Mapping[str, str]
    proxy: Proxy
    launcher: Launcher
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def start(self, program: str, *arguments: str) -> Running:
        config = {"ORGLIFT_CONFIG": str(self.folder / "silos.toml")}
        return self.launcher.start(program, *arguments, environ={**config, **self.environ})

    def run(self, program: str, *arguments: str, exit: int = 0) -> dict[str, Any]:
        """The command's answer, once it has ended with that exit code. A mover that was killed a moment ago may still hold its lock."""
        until = time.monotonic() + BUSY_SECONDS
        while True:
            ended = self.attempt(program, *arguments)
            if ended.error != "other-mover" or time.monotonic() > until:
                break
            time.sleep(0.1)
        assert ended.code == exit, str(ended)
        return ended.answer

    def attempt(self, program: str, *arguments: str) -> Ended:
        return self.start(program, *arguments, "--json").wait()

    # the verbs

    def initialise(self) -> None:
        """Two regions may hold organizations of one local id: that is reported, and the slug tells them apart."""
        ended = self.attempt("relocate", "init")
        done = ended.answer
        assert ended.code == (1 if done["problems"] else 0), str(ended)
        assert {problem["code"] for problem in done["problems"]} <= {"same-id"}, str(ended)
        origins = {region["name"]: region["origin"] for region in done["regions"]}
        assert origins == {"us": SOURCE_ORIGIN, "de": TARGET_ORIGIN}, origins
        self.own_range("de")

    def own_range(self, region: str) -> None:
        """Puts the region's sequences into its origin's range."""
        plan = self.folder / f"{region}.json"
        self.run("splitter", "plan", "region-ids", "--region", region, "--out", str(plan))
        self.run("splitter", "apply", str(plan))

    def move(self, to: str = "de") -> dict[str, Any]:
        return self.run("relocate", "start", self.case.slug, "--to", to)

    def kill_at(self, moment: Moment, number: int | None = None, *, matches: Callable[[Statement], bool] | None = None) -> bool:
        """Starts the move and kills it at its n-th statement, or the first one that matches; False where it ended before that."""
        pid: Future[int] = Future()
        self.proxy.reset()
        self.proxy.trap(moment, kill(pid), number=number, matches=matches)
        mover = self.start("relocate", "start", self.case.slug, "--to", "de", "--json")
        pid.set_result(mover.pid)
        ended = mover.wait()
        self.proxy.reset()
        assert ended.code in (0, -signal.SIGKILL), str(ended)
        return ended.code < 0

    # what is there

    def read(self, region: str) -> Fingerprint:
        with connected(self.urls[region]) as conn:
            return read_region(conn, self.case.shape, target=region == "de")

    def print(self, region: str, rows: Mapping[TableName, list[Texts]]) -> Bag:
        with connected(self.urls[region]) as conn:
            return expected(conn, self.case.shape, rows, target=region == "de")

    def owned(self) -> Bag:
        """The mover's rows as the source had them."""
        rows = {name: [self.case.source.rows[name][n] for n in numbers] for name, numbers in self.case.owned.items()}
        return self.print("us", {name: rows_before(self.case.shape, name, each) for name, each in rows.items()})

    # what must hold

    def check_arrived(self, before: Fingerprint, *, region: str = "de", back: bool = False) -> None:
        """Equal, complete, no stranger: the rows that came are the ground truth, all others lie where they lay."""
        after = self.read(region)
        check_untouched(before, after)
        came = subtract(after, before)
        wanted = self.print(region, self.case.arriving(back=back))
        if back:
            for table in self.case.shape.of(Standing.REFERENCED):  # those that were distributed already are still there
                wanted[table.name] = wanted.get(table.name, Counter()) - Counter(before[table.name].values())
        check_equal(came, wanted)

    def check_source(self, before: Fingerprint) -> None:
        """The source is as it was; only the organization's own row may say that it is not live here any more."""
        after = self.read("us")
        if self.case.shape.hide:
            root = self.case.shape.root.name
            hidden = next(iter(self.owned()[root]))
            before = {**before, root: {place: row for place, row in before[root].items() if row != hidden}}
        check_untouched(before, after)
        assert count(after) - count(before) == (1 if self.case.shape.hide else 0)

    def check_purged(self, before: Fingerprint) -> None:
        """The organization's rows are gone from the source, and nothing else is."""
        after = self.read("us")
        check_untouched(after, before)
        check_equal(subtract(before, after), self.owned())

    def check_control(self, *, moved: bool, region: str = "de") -> None:
        with connected(self.urls["control"]) as conn:
            wanted = self.case.pins(moved=moved)
            check_equal(read_control(conn, self.case.shape), {name: Counter(rows) for name, rows in wanted.items()})
            if self.case.shape.own_mapping:
                homes = self.case.homes(moved=moved)
                mine = {(key, slug, region if slug == self.case.slug and moved else home) for key, slug, home in homes}
                assert read_homes(conn, self.case.shape) == mine

    def check_answer(self, answer: Mapping[str, Any]) -> None:
        assert (answer["state"], answer["verified"], answer["from"], answer["to"]) == ("switched", True, "us", "de")
        told = {table["name"]: table["rows"] for table in answer["tables"] if table["rows"]}
        assert told == {spelled(name): len(rows) for name, rows in self.case.moving.items() if rows}


def check_untouched(before: Fingerprint, after: Fingerprint) -> None:
    """Every row of ``before`` lies where it lay, written by the same transaction, with the same content."""
    for name, rows in before.items():
        lost = {place: row for place, row in rows.items() if after[name].get(place) != row}
        assert not lost, f"{name}: {len(lost)} rows that nobody should touch are gone or changed, such as {next(iter(lost.items()))}"


def subtract(more: Fingerprint, less: Fingerprint) -> Bag:
    """The contents of the rows that are in ``more`` alone."""
    return {name: Counter(row for place, row in rows.items() if place not in less[name]) for name, rows in more.items()}


def check_equal(found: Mapping[TableName, Counter[Texts]], wanted: Mapping[TableName, Counter[Texts]]) -> None:
    for name in found.keys() | wanted.keys():
        missing = wanted.get(name, Counter()) - found.get(name, Counter())
        surplus = found.get(name, Counter()) - wanted.get(name, Counter())
        shown = f"{name}: missing {list(missing.items())[:3]}, surplus {list(surplus.items())[:3]}"
        assert not missing and not surplus, shown


def count(fingerprint: Fingerprint) -> int:
    return sum(map(len, fingerprint.values()))


@contextmanager
def journey(case: Case, server: Server, launcher: Launcher, *, lease: float = 2.0) -> Iterator[Journey]:
    """Three databases on one server, filled, not yet initialised; all gone afterwards."""
    urls = {name: server.create() for name in ("control", "us", "de")}
    try:
        fill_control(urls["control"], case)
        fill_region(urls["us"], case, target=False)
        fill_region(urls["de"], case, target=True)
        with Proxy(server.url("postgres")) as proxy, TemporaryDirectory() as folder:
            silos = case.silos({name: proxy.url(url) for name, url in urls.items()})
            Path(folder, "silos.toml").write_text(silos, encoding="utf-8")
            yield Journey(case, urls, proxy, launcher, Path(folder), {"ORGLIFT_LEASE": f"{lease:g}"})
    finally:
        for url in urls.values():
            server.drop(url)
