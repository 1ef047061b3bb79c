"""As what a test runs: as a monolith, in control, in a region; from its marks and the options. Nothing here knows pytest's objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from splitter.errors import UsageError
from splitter.guard.modes import SiloMode

MARKS = {"control_silo": SiloMode.CONTROL, "region_silo": SiloMode.REGION}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiloRun:
    """One run of one test. ``split``: the silos are databases of their own."""

    mode: SiloMode = SiloMode.MONOLITH
    region: str | None = None
    stable: bool = False  # a crossing fails it
    split: bool = False

    @property
    def name(self) -> str:
        """The run's part of the test's id."""
        return "-".join((self.mode.value.lower(), *([self.region] if self.region else [])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says of all tests."""

    single: bool = False  # marked tests run in their silo alone
    split: bool = False
    unmarked: SiloMode = SiloMode.MONOLITH  # what unmarked tests run as


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """``@pytest.mark.region_silo(regions=["us"], stable=True)``"""

    mode: SiloMode
    regions: tuple[str, ...] = ()
    stable: bool = False

    @classmethod
    def of(cls, name: str, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> Mark:
        """UsageError for arguments that a mark doesn't take."""
        mode, known = MARKS[name], ("regions", "stable") if name == "region_silo" else ("stable",)
        wrong = [repr(each) for each in arguments] + [each for each in options if each not in known]
        regions, stable = options.get("regions", ()), options.get("stable", False)
        if wrong:
            raise UsageError(f"mark {name} has {', '.join(wrong)}", hint=f"it takes {', '.join(f'{each}=' for each in known)}")
        if not isinstance(regions, list | tuple) or not all(isinstance(each, str) and each for each in regions):
            raise UsageError(f"mark {name} has regions={regions!r}", hint='a list of names: regions=["us", "de"]')
        if not isinstance(stable, bool):
            raise UsageError(f"mark {name} has stable={stable!r}", hint="stable=True, or leave it out")
        return cls(mode=mode, regions=tuple(regions), stable=stable)


def plan_runs(marks: Iterable[Mark], options: Options, was_stable: bool = False) -> tuple[SiloRun, ...]:
    """A test's runs, the monolith's first; without a mark only that one. ``was_stable``: a crossing fails it, whatever its mark says."""
    silos = dict.fromkeys(
        SiloRun(mode=mark.mode, region=region, stable=mark.stable or was_stable, split=options.split)
        for mark in marks
        for region in (mark.regions or (None,))
    )
    if not silos and options.unmarked is not SiloMode.MONOLITH:
        return (SiloRun(mode=options.unmarked, split=options.split),)
    monolith = () if silos and options.single else (SiloRun(),)
    return (*monolith, *silos)
