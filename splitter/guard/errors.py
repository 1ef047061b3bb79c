"""What the guard raises and warns with; the application sees these.

    OrgliftError
    ├── SiloAvailabilityError       something was called that the other silo has
    └── ModeError                   a silo mode was entered or left where it can't be
"""

from __future__ import annotations

from types import FrameType, TracebackType

from splitter.errors import OrgliftError, UsageError
from splitter.guard.crossing import Crossing


class SiloAvailabilityError(OrgliftError):
    """something was called that is in the other silo

    ``crossing`` has the parts of the message. The traceback's last line is the application's own, the one that made the call.
    """

    code = "silo-availability"

    def __init__(self, crossing: Crossing, frame: FrameType | None = None) -> None:
        super().__init__(crossing.first_line, hint=crossing.remedy)
        self.crossing = crossing
        for note in crossing.notes:
            self.add_note(note)
        if frame is not None:
            self.__traceback__ = TracebackType(None, frame, frame.f_lasti, frame.f_lineno)

    def __reduce__(self) -> tuple[type[SiloAvailabilityError], tuple[Crossing]]:
        """From one process of a test run to another; the frame stays behind."""
        return type(self), (self.crossing,)


class SiloWarning(UserWarning):
    """What the guard says where it is told to warn."""


class ModeError(UsageError):
    """a silo mode was entered or left where it can't be"""

    code = "mode"


def shorten(error: BaseException) -> None:
    """Takes what comes after the application's own line out of the traceback of a SiloAvailabilityError: the library's frames and ours.

    An error is raised with its last entry made beforehand, and every frame that it passes is put before that. So whoever sees it first
    where the application's frame is already in, a ``with silo_mode(...)`` or the pytest plugin, cuts there; the others see the whole way.
    """
    if not isinstance(error, SiloAvailabilityError):
        return
    entries = []
    entry = error.__traceback__
    while entry is not None:
        entries.append(entry)
        entry = entry.tb_next
    for entry in entries:
        if entry.tb_frame is entries[-1].tb_frame:
            entry.tb_next = None
            return
