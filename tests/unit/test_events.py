"""Progress is values that can be compared."""

from __future__ import annotations

import dataclasses

import pytest

from splitter.events import Advanced, Note, Started, silent


def test_events_are_equal_by_what_they_say():
    assert Started("copy", 10) == Started("copy", 10, "rows")
    assert Started("copy", 10) != Started("copy", 11)


def test_events_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Advanced("copy", 1).by = 2  # type: ignore[misc]


def test_the_silent_reporter_takes_any_event():
    silent(Note("nobody hears this"))
