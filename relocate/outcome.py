"""What the commands say of a relocation, and of what is in the way of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from relocate.control import Relocation
from splitter.db import translated
from splitter.errors import Conflict, FailedError, Problem, RefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What ``start``, ``import`` and ``status`` say of one relocation."""

    before: str
    after: str
    slug: str | None
    source: str | None
    target: str
    state: str
    tables: tuple[dict[str, object], ...] = ()
    verified: bool = False
    generation: int = 0

    def value(self) -> dict[str, object]:
        """The JSON shape of design §8."""
        return {
            "organization": {"before": self.before, "after": self.after, "slug": self.slug},
            "from": self.source,
            "to": self.target,
            "state": self.state,
            "tables": list(self.tables),
            "verified": self.verified,
            "generation": self.generation,
        }


def outcome_of(relocation: Relocation) -> Outcome:
    """A relocation as control has it."""
    return Outcome(
        before=relocation.organization_before,
        after=relocation.organization_after,
        slug=relocation.slug,
        source=relocation.source,
        target=relocation.target,
        state=relocation.phase.value,
        tables=tuple(relocation.saved.get("tables", ())),
        verified=bool(relocation.saved.get("verified", False)),
        generation=relocation.generation,
    )


@contextmanager
def refusing(wrote: Callable[[], bool]) -> Iterator[None]:
    """Around the work of a mover: what would be a refusal is a failure once something was written, and a broken connection no bug."""
    try:
        with translated("talking to the databases"):
            yield
    except RefusedError as exc:
        if not wrote():
            raise
        raise FailedError.after_write(exc) from exc


def refusal(problems: tuple[Problem, ...]) -> RefusedError:
    """The problems of a plan as one refusal."""
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return Conflict(f"{first.object}: {first.found}{more}", hint=first.remedy, problems=problems)
