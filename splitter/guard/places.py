"""The application's own line: the innermost frame that is neither SQLAlchemy's, nor ours, nor one of Python's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType

from splitter.guard.crossing import Place

# Packages that stand between an application and its database. What calls the application, a web framework, is never nearer.
LIBRARIES = (
    *("sqlalchemy", "splitter.guard", "greenlet", "sqlmodel", "flask_sqlalchemy"),
    *("contextlib", "asyncio", "concurrent", "threading", "functools"),
)
_PREFIXES = tuple(f"{name}." for name in LIBRARIES)


def own_frame() -> FrameType | None:
    """The frame of the application that (in the end) called this; None where there is only a library's."""
    return next((frame for frame in _frames() if not _is_library(frame)), None)


def place_of(frame: FrameType | None) -> Place | None:
    if frame is None:
        return None
    code = frame.f_code
    return Place(file=code.co_filename, line=frame.f_lineno, function=code.co_qualname)


def _is_library(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__", ""))
    return name in LIBRARIES or name.startswith(_PREFIXES)


def _frames() -> Iterator[FrameType]:
    """From the caller outwards. SQLAlchemy's asyncio runs in a greenlet, whose parent's frames are those of the coroutine."""
    frame: FrameType | None = sys._getframe(2)
    greenlet = sys.modules.get("greenlet")
    running = greenlet.getcurrent() if greenlet else None
    while frame is not None:
        yield frame
        frame = frame.f_back
        if frame is None and running is not None:
            running = running.parent
            frame = running.gr_frame if running is not None else None
