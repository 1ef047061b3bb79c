"""In which silo this code runs: MONOLITH, CONTROL or REGION.

The process has a mode, of ``SILO_MODE`` (and ``SILO_REGION``) or of ``set_process_mode``. ``with silo_mode(...)`` gives another one to the
block, in a context variable: the tasks that an asyncio block makes have it too, a thread that it starts does not, and has the process's.

A block in the other silo is a mistake (ModeError), unless the code says that it is meant: ``with assume_control("why"):`` and its like.
These are counted, and stand in the report. Where the process is a monolith they change nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import TypeVar

from splitter.errors import ConfigError
from splitter.guard.crossing import Escape
from splitter.guard.errors import ModeError, shorten
from splitter.guard.ledger import note_escape
from splitter.guard.places import own_frame, place_of
from splitter.nearest import did_you_mean
from splitter.silos import Silo

Block = TypeVar("Block", bound="silo_mode")


class SiloMode(str, Enum):
    MONOLITH = "MONOLITH"  # both silos: everything is available
    CONTROL = "CONTROL"
    REGION = "REGION"

    @property
    def silo(self) -> Silo | None:
        """The silo that is available; None: both."""
        return None if self is SiloMode.MONOLITH else Silo(self.value.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where code stands. ``beneath``: for an escape, where the code stood that made it."""

    mode: SiloMode
    region: str | None = None
    beneath: Standing | None = None

    @property
    def ground(self) -> Standing:
        """Without the escapes."""
        return self if self.beneath is None else self.beneath.ground

    def __str__(self) -> str:
        return f"{self.mode.value} mode" + (f" ({self.region})" if self.region else "")


_BLOCK: ContextVar[Standing | None] = ContextVar("orglift_silo_mode", default=None)
_process: Standing | None = None  # None: SILO_MODE was not read yet


def current() -> Standing:
    """Where the code that calls this stands; ConfigError for a SILO_MODE that is none."""
    return _BLOCK.get() or _process or _read_environment()


def set_process_mode(mode: SiloMode | str, *, region: str | None = None) -> None:
    """The mode of all threads, and of all code that is in no ``silo_mode`` block; in place of SILO_MODE."""
    global _process
    _process = _standing(mode, region, "the process's mode")


@contextmanager
def process_mode(mode: SiloMode | str, *, region: str | None = None) -> Iterator[None]:
    """``set_process_mode`` for a while: for a test, whose threads are all its own."""
    global _process
    before = _process
    set_process_mode(mode, region=region)
    try:
        yield
    finally:
        _process = before


def _read_environment() -> Standing:
    global _process
    mode, region = os.environ.get("SILO_MODE", "") or SiloMode.MONOLITH, os.environ.get("SILO_REGION", "") or None
    _process = _standing(mode, region, "SILO_MODE")
    return _process


def _standing(mode: SiloMode | str, region: str | None, said: str) -> Standing:
    try:
        found = SiloMode(mode.upper())
    except ValueError as exc:
        known = [each.value for each in SiloMode]
        hint = did_you_mean(mode.upper(), known, f"one of: {', '.join(known)}")
        raise ConfigError(f"{said} is {mode!r}, which is no silo mode", hint=hint) from exc
    if region is not None and found is not SiloMode.REGION:
        raise ConfigError(f"{said} is {found.value} with region {region!r}", hint="only REGION has a region")
    return Standing(mode=found, region=region)


class silo_mode:
    """``with silo_mode(SiloMode.REGION, region="de"):`` the block runs in that silo.

    Within a block of a silo only the same one may be entered again (a region within REGION of any): the other one needs an ``assume_...``.
    """

    def __init__(self, mode: SiloMode | str, *, region: str | None = None) -> None:
        self._wanted = _standing(mode, region, "silo_mode")
        self._token: Token[Standing | None] | None = None

    def __enter__(self) -> Standing:
        if self._token is not None:
            raise ModeError("the same silo_mode object is entered twice", hint="make one for each block, thread and task")
        standing = self._enter(current())
        self._token = _BLOCK.set(standing)
        return standing

    def _enter(self, outer: Standing) -> Standing:
        wanted = self._wanted
        if outer.mode is SiloMode.MONOLITH:
            return wanted
        if wanted.mode is outer.mode and wanted.region in (None, outer.region):
            return outer
        if wanted.mode is outer.mode and outer.region is None:
            return Standing(mode=wanted.mode, region=wanted.region, beneath=outer.beneath)
        hint = f"leave the {outer.mode.value} block first, or say that it is meant: with {_escape_to(wanted)}"
        raise ModeError(f"silo_mode: {wanted} within {outer}", hint=hint)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        token, self._token = self._token, None
        if error is not None:
            shorten(error)
        try:
            if token is not None:
                _BLOCK.reset(token)
        except ValueError as exc:  # the context variable's own complaint
            raise ModeError(f"{self._wanted} was entered in one thread or task and left in another", hint="one block, one thread") from exc


class _Assumed(silo_mode):
    """An escape: the block is in the other silo, and says so."""

    def __init__(self, mode: SiloMode, region: str | None, why: str) -> None:
        super().__init__(mode, region=region)
        self._why = why

    def _enter(self, outer: Standing) -> Standing:
        wanted = self._wanted
        if outer.mode is SiloMode.MONOLITH or (wanted.mode is outer.mode and wanted.region in (None, outer.region)):
            return outer
        place = place_of(own_frame())
        note_escape(Escape(into=wanted.mode.value, region=wanted.region, out_of=outer.mode.value, why=self._why, place=place))
        return Standing(mode=wanted.mode, region=wanted.region, beneath=outer)


def assume_control(why: str = "") -> silo_mode:
    """The block runs as control would, within a region: a crossing that is known and not yet undone. Counted, with its line and reason."""
    return _Assumed(SiloMode.CONTROL, None, why)


def assume_region(region: str | None = None, why: str = "") -> silo_mode:
    """The block runs as a region would, within control or another region."""
    return _Assumed(SiloMode.REGION, region, why)


def assume_monolith(why: str = "") -> silo_mode:
    """In the block everything is available: for test data of both silos, and statements that nobody can read."""
    return _Assumed(SiloMode.MONOLITH, None, why)


def _escape_to(wanted: Standing) -> str:
    argument = repr(wanted.region) if wanted.region else ""
    return f"assume_{wanted.mode.value.lower()}({argument})"
