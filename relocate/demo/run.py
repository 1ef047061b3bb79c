"""``relocate demo``: makes the sample application on three servers, moves one organization, and looks at what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from relocate.demo import fill
from relocate.demo.data import RegionRows, make_de, make_us
from relocate.demo.look import read_home, read_samples
from relocate.demo.report import DemoResult, Sample
from relocate.demo.servers import CONFIG, NAMES, Servers, kept_servers, stop_servers, temporary_servers
from relocate.init import run_init
from relocate.move import Options
from relocate.run import start
from splitter.apply import apply_plan
from splitter.catalog import read_schema
from splitter.db import Connection, connect
from splitter.events import Note, Reporter
from splitter.sequences import make_region_ids_plan
from splitter.silos import SiloMap
from splitter.silos_file import parse_silos

SLUG, SOURCE, TARGET = "initech", "us", "de"
Connections = Mapping[str, Connection]


def run_demo(report: Reporter, keep: Path | None = None) -> DemoResult:
    """The whole demo; with ``keep`` the servers run on in that folder, else nothing is left.

    Raises NoServer without a PostgreSQL on this machine, UsageError where the folder isn't empty.
    """
    with kept_servers(keep) if keep else temporary_servers() as servers:
        report(Note(f"three servers run PostgreSQL {servers.major}: {', '.join(NAMES)}"))
        silos = parse_silos(servers.render_config(), {}, source=f"the demo's {CONFIG}")
        with _connections(servers) as at:
            prepare(at, silos, report)
            result = _move(at, silos, report)
    return replace(result, config=keep.absolute() / CONFIG) if keep else result


def stop_demo(folder: Path) -> None:
    """Ends a kept demo and deletes what it made. UsageError where there is none."""
    stop_servers(folder)


def prepare(at: Connections, silos: SiloMap, report: Reporter) -> None:
    """The sample application: from empty databases to two regions, each of which mints ids in its own range."""
    us = make_us()
    fill.create_control(at["control"])
    for region in (SOURCE, TARGET):
        fill.create_region(at[region])
    _fill(at, SOURCE, us)
    report(Note(f"us holds acme, globex and initech, under local ids: {_count(us):,} rows"))
    origins = {region.name: region.origin for region in run_init(silos).regions}
    for region in (SOURCE, TARGET):
        apply_plan(at[region], make_region_ids_plan(at[region], read_schema(at[region]), silos, region))
    report(Note(f"new ids are distributed from now on: us has origin {origins[SOURCE]}, de has origin {origins[TARGET]}"))
    de = make_de(base=silos.ids.first(origins[TARGET]))
    _fill(at, TARGET, de)
    run_init(silos)  # once more: it adopts the organization that signed up in de
    report(Note(f"de holds umbrella, under ids of its own range: {_count(de):,} rows"))


@contextmanager
def _connections(servers: Servers) -> Iterator[Connections]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(connect(servers.url(name), setting=f"the demo's {name}")) for name in NAMES}


def _fill(at: Connections, region: str, rows: RegionRows) -> None:
    fill.fill_region(at[region], rows)
    fill.register_region(at["control"], region, rows)


def _count(rows: RegionRows) -> int:
    return sum(map(len, rows.rows.values()))


def _move(at: Connections, silos: SiloMap, report: Reporter) -> DemoResult:
    before, ids_before = read_home(at["control"], SLUG), read_samples(at[SOURCE], SLUG)
    outcome = start(silos, SLUG, TARGET, Options(), report)
    after, ids_after = read_home(at["control"], SLUG), read_samples(at[TARGET], SLUG)
    samples = tuple(Sample(what=what, before=ids_before[what], after=ids_after[what]) for what in ids_before)
    return DemoResult(slug=SLUG, before=before, after=after, samples=samples, move=outcome.value())
