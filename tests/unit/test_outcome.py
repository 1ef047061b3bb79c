"""What becomes of an error in the middle of a mover's work."""

from __future__ import annotations

import psycopg
import pytest

from relocate.outcome import refusing
from splitter.console import _causes
from splitter.errors import ConnectionLost, DiffersError, FailedError, RefusedError

REFUSED = RefusedError("not now", hint="later")


def test_before_the_first_write_a_refusal_is_one_and_no_cause_of_its_own():
    with pytest.raises(RefusedError) as caught, refusing(lambda: False):
        raise REFUSED
    assert caught.value is REFUSED
    assert list(_causes(REFUSED)) == []


def test_after_it_the_same_command_goes_on():
    with pytest.raises(FailedError) as caught, refusing(lambda: True):
        raise REFUSED
    assert (caught.value.message, caught.value.hint) == ("not now", "later; then run the same command again to go on")


@pytest.mark.parametrize(("wrote", "kind"), [(False, ConnectionLost), (True, FailedError)])
def test_a_connection_that_breaks_is_no_bug(wrote: bool, kind: type[Exception]):
    with pytest.raises(kind, match="the connection is lost"), refusing(lambda: wrote):
        raise psycopg.OperationalError("the connection is lost")


def test_what_differs_is_told_as_that():
    with pytest.raises(DiffersError), refusing(lambda: True):
        raise DiffersError("other rows")
