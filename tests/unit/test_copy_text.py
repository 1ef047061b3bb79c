"""COPY's text format: every value comes back, and every spelling that the server reads is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.copy_text import format_line, parse_line, project, split_lines

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
ROWS = st.lists(st.none() | TEXTS | st.text("\\\t\n\rNbx019."), min_size=1)


@given(ROWS)
def test_a_row_comes_back_as_it_was(row):
    line = format_line(row)
    assert line.count(b"\n") == 1
    assert parse_line(line[:-1]) == tuple(row)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (rb"a", ("a",)),
        (b"", ("",)),
        (b"\t", ("", "")),
        (rb"\N", (None,)),
        (rb"\\N", (r"\N",)),
        (rb"x\N", ("xN",)),
        (rb"\b\f\n\r\t\v\\", ("\b\f\n\r\t\v\\",)),
        (rb"\101\7\60x\1011", ("A\a0xA1",)),
        (rb"\x41\x9q\x412\x", ("A\tqA2x",)),
        (rb"\303\244 \xc3\xa4", ("ä ä",)),
        (rb"\.", (".",)),
        (rb"\8\a", ("8a",)),
        ("\\é".encode(), ("é",)),
    ],
)
def test_escapes_mean_what_the_server_means(line, values):
    assert parse_line(line) == values


@pytest.mark.parametrize("line", [b"x\\", rb"\377", b"\xff"])
def test_what_no_server_sends_is_an_error(line):
    with pytest.raises(ValueError, match=r"backslash|utf-8"):
        parse_line(line)


@given(st.lists(st.binary().map(lambda line: line.replace(b"\n", b""))), st.integers(1, 9))
def test_lines_do_not_depend_on_where_the_stream_is_cut(lines, size):
    stream = b"".join(line + b"\n" for line in lines)
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert list(split_lines(pieces)) == lines


def test_a_stream_that_ends_within_a_row_is_an_error():
    with pytest.raises(ValueError, match="within a row"):
        list(split_lines([b"1\n2"]))


def test_fields_are_picked_untouched():
    assert project(rb"1	\N	a\tb", (2, 1)) == rb"a\tb	\N"
    assert project(b"1\t2", ()) == b""
    with pytest.raises(IndexError):
        project(b"1", (1,))
