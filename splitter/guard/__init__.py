"""The boundary between the silos before it is one: what models, sessions, tests and the queries of production reach across.

    from splitter.guard import SiloMode, assume_control, control_silo_model, install, region_silo_model, silo_mode

What needs SQLAlchemy (``pip install 'orglift[guard]'``) is loaded when it is asked for; the decorators and the modes don't.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from splitter.guard.models import control_silo_model, region_silo_model, silo_of

if TYPE_CHECKING:
    from splitter.guard.boundary import Action, Guard
    from splitter.guard.errors import ModeError, SiloAvailabilityError, SiloWarning
    from splitter.guard.installation import install, installed, uninstall
    from splitter.guard.modes import SiloMode, assume_control, assume_monolith, assume_region, current, set_process_mode, silo_mode
    from splitter.guard.routing import SiloEngines, SiloSession

__all__ = [
    "Action",
    "Guard",
    "ModeError",
    "SiloAvailabilityError",
    "SiloEngines",
    "SiloMode",
    "SiloSession",
    "SiloWarning",
    "assume_control",
    "assume_monolith",
    "assume_region",
    "control_silo_model",
    "current",
    "install",
    "installed",
    "region_silo_model",
    "set_process_mode",
    "silo_mode",
    "silo_of",
    "uninstall",
]

_PLACES = {
    **dict.fromkeys(("Action", "Guard"), "boundary"),
    **dict.fromkeys(("ModeError", "SiloAvailabilityError", "SiloWarning"), "errors"),
    **dict.fromkeys(("SiloEngines", "SiloSession"), "routing"),
    **dict.fromkeys(("install", "installed", "uninstall"), "installation"),
    **dict.fromkeys(
        ("SiloMode", "assume_control", "assume_monolith", "assume_region", "current", "set_process_mode", "silo_mode"), "modes"
    ),
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
