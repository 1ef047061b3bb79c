"""The file of the tests that were stable: each passed in its silo without a crossing. One id a line, sorted, so that it merges well."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from splitter.errors import ConfigError

_HEAD = "# Tests that run in their silo without a crossing. One that is here and crosses fails. Written by pytest --silo-baseline-update.\n"


@dataclass(frozen=True, slots=True)
class Baseline:
    """``path`` None: no file, nothing was ever stable."""

    path: Path | None = None
    stable: frozenset[str] = frozenset()


def read_baseline(path: Path | None, *, may_be_absent: bool) -> Baseline:
    """ConfigError for a file that can't be read, or isn't there and has to be."""
    if path is None:
        return Baseline()
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError as exc:
        if may_be_absent:
            return Baseline(path)
        raise ConfigError(f"there is no baseline {path}", hint="make it with --silo-baseline-update") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"the baseline {path} cannot be read: {exc}", hint="one test id a line, in UTF-8") from exc
    return Baseline(path, frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#")))


def updated(baseline: Baseline, ran: Iterable[str], stable: Iterable[str]) -> frozenset[str]:
    """Of the tests that ran, those that are stable now; of the others, those that were. A part of the tests changes only its own lines."""
    return (baseline.stable - frozenset(ran)) | frozenset(stable)


def write_baseline(path: Path, stable: frozenset[str]) -> None:
    path.write_text(_HEAD + "".join(f"{name}\n" for name in sorted(stable)), "utf-8")
