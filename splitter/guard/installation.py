"""The process's one guard: made once, told more later."""

from __future__ import annotations

import os

from splitter.errors import ConfigError
from splitter.guard.assignments import Models
from splitter.guard.boundary import Action, Guard
from splitter.nearest import did_you_mean
from splitter.silos import SiloMap
from splitter.silos_file import load_silos

_installed: Guard | None = None
_held = False  # a test run has it: the application that it tests may add what it knows, and decides nothing


def install(*, models: Models = (), silos: SiloMap | str | os.PathLike[str] | None = None, action: Action | str = Action.RAISE) -> Guard:
    """Guards every engine and session of this process from now on.

    ``models``: a declarative base, a registry, a MetaData, or several; needed for text SQL that runs before the first mapped statement.
    ``silos``: silos.toml, for tables that no model speaks for. Called again it adds to what is known. ConfigError for a file or an
    action that is wrong.
    """
    global _installed
    silo_map = silos if silos is None or isinstance(silos, SiloMap) else load_silos(silos)
    chosen = _action(action)
    if _installed is None:
        _installed = Guard(silo_map, chosen)
        _installed.listen()
    elif not _held:
        _installed.action = chosen
    if silo_map is not None:
        _installed.assignments.use(silo_map)
    _installed.learn(models)
    return _installed


def installed() -> Guard | None:
    """The process's guard, where there is one."""
    return _installed


def uninstall() -> None:
    """No engine or session is guarded any more."""
    global _installed, _held
    if _installed is not None:
        _installed.remove()
    _installed, _held = None, False


def hold() -> None:
    """Whoever calls ``install`` from now on leaves the action as it is."""
    global _held
    _held = True


def _action(action: Action | str) -> Action:
    try:
        return Action(action)
    except ValueError as exc:
        known = [each.value for each in Action]
        hint = did_you_mean(str(action), known, f"one of: {', '.join(known)}")
        raise ConfigError(f"the guard has no action {action!r}", hint=hint) from exc
