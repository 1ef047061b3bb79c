"""What every error promises."""

from __future__ import annotations

import inspect

import pytest

from splitter import errors
from splitter.errors import ConfigError, DiffersError, FailedError, OrgliftError, Problem, RefusedError, Unprepared, scrub

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, OrgliftError)]


@pytest.mark.parametrize("kind", CLASSES)
def test_each_error_is_drawn_in_the_tree(kind):
    assert kind.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("kind", CLASSES)
def test_each_error_has_a_default_message_in_the_house_style(kind):
    message = kind().message
    assert message
    assert not message.endswith(".")
    assert message[0].islower()


def test_codes_are_unique():
    codes = [kind.code for kind in CLASSES]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if issubclass(kind, RefusedError)])
def test_a_refusal_exits_with_3(kind):
    assert kind.exit == 3


def test_an_unprepared_database_names_the_command():
    assert Unprepared().hint == "run `relocate init`"


def test_all_problems_travel_with_one_error():
    problems = [Problem(code="a", object="t.x", found="f", remedy="r"), Problem(code="b", object="t.y", found="f", remedy="r")]
    assert ConfigError("two things", problems=iter(problems)).problems == tuple(problems)


def test_differences_are_kept():
    assert DiffersError(differences=[1, 2]).differences == (1, 2)


def test_a_failure_keeps_the_hint_of_the_refusal():
    failure = FailedError.after_write(RefusedError("no room", hint="free disk"))
    assert (failure.message, failure.exit) == ("no room", 4)
    assert failure.hint == "free disk; then run the same command again to go on"


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("postgresql://u:pw@h:5432/d is wrong", "postgresql://u:***@h:5432/d is wrong"),
        ("postgresql://u:p@ss:w/rd@h/d", "postgresql://u:***@h/d"),
        ("postgresql://:pw@h/d", "postgresql://:***@h/d"),
        ("host=h password=pw user=u", "host=h password=*** user=u"),
        ("host=h password = 'p w' user=u", "host=h password = *** user=u"),
        ("?user=u&password=pw&x=1", "?user=u&password=***&x=1"),
        ("PGPASSWORD=pw psql", "PGPASSWORD=*** psql"),
        ("sslpassword=pw", "sslpassword=***"),
        ("ALTER ROLE r PASSWORD 'it''s'", "ALTER ROLE r PASSWORD ***"),
        ("OPTIONS (password 'pw')", "OPTIONS (password ***)"),
        ("password authentication failed for user 'u'", "password authentication failed for user 'u'"),
        ("postgresql://u@h:5432/d", "postgresql://u@h:5432/d"),
    ],
)
def test_passwords_are_taken_out(text, scrubbed):
    assert scrub(text) == scrubbed
    assert OrgliftError(text, hint=text).message == scrubbed
    assert str(OrgliftError("x", hint=text).hint) == scrubbed
