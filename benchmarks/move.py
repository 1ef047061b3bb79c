"""How fast a move is: orglift, a pipe of two psql, and slice + dump + restore, side by side in one run.

    python -m benchmarks.move                    # 3 million rows; some 20 GB of disk and an hour
    python -m benchmarks.move --only curves      # a tenth of that up to all of it, and beside no, as many and three times as many others
    python -m benchmarks.move --scale 0.01 --rounds 1

Prints Markdown for the README; ``--out FILE`` keeps every round as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import rivals
from benchmarks.data import BIG, ROWS, Fill
from benchmarks.measure import Measured
from benchmarks.report import Point, Results, render, render_curves
from benchmarks.stage import Stage, staged
from splitter.binaries import find_binaries, read_major

Contest = Callable[[Stage], Mapping[str, Measured]]
SIZES = (0.1, 0.3, 1.0)  # of the organization, beside the same neighbours
CROWDS = (0.0, 1.0, 3.0)  # neighbours beside an organization of the middle size


def main() -> None:
    options = parse()
    binaries = find_binaries(options.pg_bin, options.major)
    results = Results(
        rows=round(sum(ROWS.values()) * options.scale),
        scale=options.scale,
        server=f"PostgreSQL {read_major(binaries)}",
        machine=f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    )
    with staged(binaries, options.place) as stage:
        say("filling the target")
        stage.add_target_template(options.scale * options.neighbours)
        if set(options.only) != {"curves"}:
            compare(stage, options, results)
        if "curves" in options.only:
            curves(stage, options, results)
    if options.out:
        options.out.write_text(json.dumps(results.as_json(), indent=1) + "\n")


def compare(stage: Stage, options: argparse.Namespace, results: Results) -> None:
    say("filling the source")
    stage.add_source("us", Fill(big=options.scale, neighbours=options.scale * options.neighbours))
    for number in range(1, options.rounds + 1):
        for name, contest in CONTESTS.items():
            if name in options.only:
                say(f"round {number}: {name}")
                for what, measured in contest(stage).items():
                    results.add(what, measured)
    print(render(results))


def pipe(stage: Stage) -> Mapping[str, Measured]:
    stage.reset(orglift=False)
    return {"pipe": rivals.pipe_tables(stage)}


def orglift(stage: Stage) -> Mapping[str, Measured]:
    return {"orglift": move(stage), "orglift, no hashes": move(stage, "--no-hashes")}


def move(stage: Stage, *options: str, source: str = "us") -> Measured:
    stage.reset(source, orglift=True)
    measured = stage.orglift("relocate", "start", BIG, "--to", "de", "--json", *options, source=source)
    answer = json.loads(measured.output)
    if answer["state"] != "switched" or answer["verified"] is not True:
        raise RuntimeError(f"the move did not end well: {measured.output}")
    return measured


def today(stage: Stage) -> Mapping[str, Measured]:
    stage.reset(orglift=False)
    return rivals.slice_dump_restore(stage)


def archive(stage: Stage) -> Mapping[str, Measured]:
    stage.reset(orglift=False)
    return {"zstd": rivals.pipe_into_zstd(stage), "exports": export(stage)}


def export(stage: Stage, source: str = "us") -> Measured:
    stage.reset(source, orglift=True)
    out = stage.folder / "archive.orglift"
    out.unlink(missing_ok=True)
    return stage.orglift("exports", "org", BIG, "--region", "us", "--out", str(out), source=source)


CONTESTS: Mapping[str, Contest] = {"pipe": pipe, "orglift": orglift, "today": today, "archive": archive}


def curves(stage: Stage, options: argparse.Namespace, results: Results) -> None:
    """The same move and export of organizations of several sizes, and beside several crowds."""
    fills = [Fill(big=size * options.scale, neighbours=options.scale) for size in SIZES]
    fills += [Fill(big=SIZES[1] * options.scale, neighbours=crowd * options.scale) for crowd in CROWDS]
    for number, what in enumerate(dict.fromkeys(fills)):
        source = f"us{number}"
        say(f"curve: organization {what.big:g}, neighbours {what.neighbours:g}")
        stage.add_source(source, what)
        for _ in range(options.rounds):
            results.add_point(what.big, what.neighbours, Point(moved=move(stage, source=source), exported=export(stage, source)))
    print(render_curves(results))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    everything = (*CONTESTS, "curves")
    parser.add_argument("--scale", type=float, default=1.0, help="1: 3 million rows move; 0.1: 300,000")
    parser.add_argument("--rounds", type=int, default=3, help="medians are taken over so many")
    parser.add_argument("--neighbours", type=float, default=1.0, help="rows of others in each region, in sizes of the organization")
    parser.add_argument("--only", nargs="+", choices=everything, default=list(CONTESTS), help="what to measure")
    parser.add_argument("--major", type=int, help="the server's major version")
    parser.add_argument("--pg-bin", type=Path, help="the folder of the server's programs")
    parser.add_argument("--place", type=Path, help=f"where the servers keep their files (default {tempfile.gettempdir()})")
    parser.add_argument("--out", type=Path, help="JSON with every round")
    return parser.parse_args()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
