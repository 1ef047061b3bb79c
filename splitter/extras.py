"""Libraries that only an extra of the package brings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from splitter.errors import UsageError

_BROUGHT_BY = {"pgparse": "guard", "sqlalchemy": "guard"}


@contextmanager
def extra_needed(what: str) -> Iterator[None]:
    """UsageError, with what to install, where the block imports a library that is not there."""
    try:
        yield
    except ModuleNotFoundError as exc:
        extra = _BROUGHT_BY.get((exc.name or "").partition(".")[0])
        if extra is None:
            raise
        raise UsageError(f"{what} needs {exc.name}, which is not installed", hint=f"pip install 'orglift[{extra}]'") from exc
