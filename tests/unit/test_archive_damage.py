"""Whatever is wrong with an archive is found and told with its place: damage, lies, other files, bombs. Never a traceback."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exports import frames
from exports.archive import ArchiveReader, ArchiveWriter, open_verified, verify_archive
from exports.container import MAGIC
from exports.faults import FaultCode
from exports.manifest import FORMAT, render_manifest
from splitter.errors import BadArchive
from splitter.layout import IdLayout
from tests.archives import PLAN, PROJECT, draft, forge, peak, seal, section, write_small


@pytest.fixture
def path(tmp_path):
    return tmp_path / "acme.orglift"


@pytest.fixture
def small(path):
    return write_small(path)


def refusal(path: Path) -> str:
    with pytest.raises(BadArchive) as raised:
        ArchiveReader.open(path)
    assert raised.value.exit == 3
    assert raised.value.hint
    return raised.value.message


def codes(path: Path) -> list[str]:
    return [fault.code.value for fault in verify_archive(path)]


# Damage: found, and told where


def test_every_flipped_bit_is_found(small):
    whole = small.read_bytes()
    with open(small, "r+b", buffering=0) as file:
        for position in range(len(whole)):
            for bit in range(8):
                os.pwrite(file.fileno(), bytes([whole[position] ^ 1 << bit]), position)
                assert verify_archive(small), f"bit {bit} of byte {position}"
            os.pwrite(file.fileno(), whole[position : position + 1], position)
    assert verify_archive(small) == ()


def test_every_truncation_is_found_at_once(small):
    for length in reversed(range(small.stat().st_size)):
        os.truncate(small, length)
        refusal(small)
        assert verify_archive(small), f"{length} bytes"


@given(tail=st.binary(min_size=1, max_size=100))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bytes_appended_are_found(small, tail):
    whole = small.read_bytes()
    try:
        small.write_bytes(whole + tail)
        refusal(small)
    finally:
        small.write_bytes(whole)


def test_a_flip_in_a_chunk_is_told_with_its_place(small):
    with ArchiveReader.open(small) as archive:
        chunk = archive.manifest.tables[0].chunks[1]
    flip(small, chunk.segments[0].offset + 5)
    (fault,) = verify_archive(small)
    assert (fault.code, fault.object, fault.offset) == (FaultCode.DAMAGED, "table project, chunk 1", chunk.segments[0].offset)
    assert "copy the file again" in fault.remedy
    assert fault.problem.found == f"table project, chunk 1, byte {fault.offset}: {fault.found}"


def flip(path: Path, position: int) -> None:
    whole = bytearray(path.read_bytes())
    whole[position] ^= 1
    path.write_bytes(whole)


def test_no_byte_of_a_damaged_segment_is_given_out(small):
    with ArchiveReader.open(small) as archive:
        chunk = archive.manifest.tables[0].chunks[0]
        flip(small, chunk.segments[0].offset + 5)
        with pytest.raises(BadArchive, match="table project, chunk 0, byte"):
            next(archive.read_chunk(chunk))


def test_a_flip_in_the_checksum_is_found(small):
    flip(small, small.stat().st_size - 1)
    (fault,) = verify_archive(small)
    assert (fault.code, fault.object) == (FaultCode.CHECKSUM, "file")


def test_every_damaged_chunk_is_listed(small):
    with ArchiveReader.open(small) as archive:
        places = {str(chunk): chunk.segments[0].offset for chunk in archive.manifest.chunks()}
    for place in places.values():
        flip(small, place + 6)
    assert {fault.object for fault in verify_archive(small)} == set(places)
    with pytest.raises(BadArchive, match="2 more faults") as raised:
        open_verified(small)
    assert len(raised.value.problems) == 3


def test_open_verified_gives_an_archive_to_read_from(small):
    with open_verified(small) as archive:
        assert archive.manifest.tables[0].rows == 3


def test_a_file_that_shrinks_while_it_is_read_is_damaged(small):
    with ArchiveReader.open(small) as archive:
        os.truncate(small, 20)
        assert [fault.code for fault in archive.verify()] == [FaultCode.TRUNCATED]


# Archives that lie: whole by their checksums, wrong in what they say


def forged_chunk(path: Path, **changes: object) -> list[str]:
    """The codes of the faults, where the one chunk of ``project`` says something else."""
    write_archive_of_one_chunk(path)
    with ArchiveReader.open(path) as archive:
        (table,) = archive.manifest.tables
    chunk = replace(table.chunks[0], **changes)  # type: ignore[arg-type]
    forge(path, tables=(replace(table, rows=chunk.rows, chunks=(chunk,)),))
    return codes(path)


def write_archive_of_one_chunk(path: Path) -> None:
    with ArchiveWriter(path, draft([section(PROJECT)])) as writer, writer.chunk(PROJECT, 0) as chunk:
        chunk.write(b"1\tx\n2\ty\n")


def test_a_forged_archive_that_says_the_truth_is_whole(path):
    assert forged_chunk(path) == []


def test_a_wrong_number_of_rows_is_found(path):
    assert forged_chunk(path, rows=3) == ["rows"]


def test_a_wrong_length_is_found(path):
    assert forged_chunk(path, bytes=9) == ["length"]


def test_content_beyond_its_length_is_not_decompressed(path):
    assert forged_chunk(path, bytes=7) == ["frame"]


def test_a_chunk_of_another_table_is_found(path):
    assert forged_chunk(path, table=PLAN) == ["manifest"]


def test_a_gap_is_found(path):
    write_archive_of_one_chunk(path)
    whole = path.read_bytes()
    offset = int.from_bytes(whole[-40:-32], "big")
    with ArchiveReader.open(path) as archive:
        text = render_manifest(archive.manifest)
    path.write_bytes(seal(whole[:offset] + b"hidden", text))
    assert refusal(path).endswith(f"byte {offset}: a gap of 6 bytes between table project, chunk 0 and the manifest")


def test_an_overlap_is_found(small):
    with ArchiveReader.open(small) as archive:
        (project, _), (plan,) = archive.manifest.tables, archive.manifest.natural
    stolen = replace(plan.chunks[0], segments=project.chunks[0].segments)
    forge(small, natural=(replace(plan, chunks=(stolen,)),))
    assert "an overlap of" in refusal(small)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda project: replace(project, rows=7), "table project: it has 7 rows, its chunks have 3"),
        (lambda project: replace(project, chunks=project.chunks[::-1]), "its chunks are not in order"),
        (lambda project: replace(project, columns=project.columns * 2), "column 'id' occurs twice"),
        (lambda project: replace(project, keys=(("slug",),)), "key column 'slug' is not one of its columns"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(small, change, found):
    with ArchiveReader.open(small) as archive:
        project, event = archive.manifest.tables
    forge(small, tables=(change(project), event))
    assert found in refusal(small)


def test_a_table_that_occurs_twice_is_refused(small):
    with ArchiveReader.open(small) as archive:
        project, event = archive.manifest.tables
    forge(small, tables=(project, event, event))
    assert 'table "we.ird"."e""vent" occurs twice' in refusal(small)


@pytest.mark.parametrize("ids", [IdLayout(bits=36, serial_bits=53), IdLayout(bits=64), IdLayout(serial_bits=0)])
def test_an_impossible_layout_of_ids_is_refused(small, ids):
    assert "is not a layout" in refusal(forge(small, ids=ids))


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (b'"rows":3', b'"rows":"3"', "tables.0.rows: input should be a valid integer"),
        (b'"rows":3', b'"rows":-3', "tables.0.rows"),
        (b'"rows":3', b'"rows":3,"extra":1', "tables.0.extra"),
        (b'"name":"project"', b'"name":"a.b.c"', "more than two parts"),
        (b'"name":"project"', b'"name":""', "half-quoted part"),
        (b'"hash":"-1180591620717411303424"', b'"hash":"' + b"1" * 9999 + b'"', "at most 40 digits"),
        (b'"hash":"-1180591620717411303424"', b'"hash":' + b"1" * 9999, "out of range"),
        (b'"to":"de",', b"", ""),
        (b'"slug":"acme"', b'"slug":"\xff"', "json"),
        (b'"notes":{', b'"notes":{"a":' + b"[" * 5000 + b"]" * 5000 + b",", "recursion"),
    ],
)
def test_a_manifest_is_read_strictly(small, old, new, found):
    with ArchiveReader.open(small) as archive:
        text = render_manifest(archive.manifest)
    assert old in text
    whole = small.read_bytes()
    small.write_bytes(seal(whole[: int.from_bytes(whole[-40:-32], "big")], text.replace(old, new, 1)))
    if found:
        assert found in refusal(small).lower()
    else:
        assert codes(small) == []  # "to" may be absent


@pytest.mark.parametrize("segment", [b'"offset":9223372036854775807', b'"length":16777217', b'"length":0', b'"offset":-1', b'"length":9e9'])
def test_absurd_places_allocate_nothing(small, segment):
    with ArchiveReader.open(small) as archive:
        text = render_manifest(archive.manifest)
    name = segment.partition(b":")[0]
    start = text.index(name)
    end = text.index(b",", start)
    whole = small.read_bytes()
    small.write_bytes(seal(whole[: int.from_bytes(whole[-40:-32], "big")], text[:start] + segment + text[end:]))
    refusal(small)


# What isn't an archive


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "is empty"),
        (b"ORG", "ends after 3 bytes"),
        (MAGIC, "cut off"),
        (MAGIC + bytes(40), "cut off"),
        (MAGIC + b"\xff" * 40, "cut off"),
        (b"PGDMP\x01\x0f\x00 and so on", "byte 0: does not begin as an archive does"),
        (b"ORGLIFT2\n" + bytes(100), "newer format 2, this version reads 1"),
    ],
)
def test_other_files_are_refused_with_what_they_are(path, content, found):
    path.write_bytes(content)
    assert found in refusal(path)
    assert len(verify_archive(path)) == 1


def test_a_newer_format_is_named_with_its_version(path):
    path.write_bytes(seal(MAGIC, b'{"format": %d, "orglift": "9.1", "tables": "elsewhere"}' % (FORMAT + 1)))
    assert "newer format 2, this version reads 1; it was written by orglift 9.1" in refusal(path)


def test_a_missing_file_is_named(path):
    assert refusal(path) == f"archive {str(path)!r}: cannot be read: no such file or directory"


def test_a_folder_and_a_pipe_are_no_archives(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "is not a regular file" in refusal(tmp_path / "pipe")
    assert "is not a regular file" in refusal(tmp_path)


@given(content=st.binary(max_size=300))
@example(content=b"\x28\xb5\x2f\xfd")
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_arbitrary_bytes_are_refused(path, content):
    path.write_bytes(content)
    refusal(path)
    path.write_bytes(MAGIC + content)
    refusal(path)
    path.write_bytes(MAGIC + content + len(MAGIC).to_bytes(8, "big") + bytes(32))
    refusal(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(data=st.data())
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_manifest_with_anything_anywhere_is_read_or_refused(small, data):
    """One value of the JSON is replaced by another; the container stays whole."""
    whole = small.read_bytes()
    offset = int.from_bytes(whole[-40:-32], "big")
    manifest = json.loads(b"".join(frames.decompress(whole[offset:-40], 1 << 20)))
    node, place = data.draw(st.sampled_from(list(places(manifest))))
    node[place] = data.draw(JSON)
    try:
        small.write_bytes(seal(whole[:offset], json.dumps(manifest).encode()))
        verify_archive(small)
    finally:
        small.write_bytes(whole)


def places(node: object) -> list[tuple[object, object]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [each for key, value in inner for each in [(node, key), *places(value)]]


# Bombs


def test_a_decompression_bomb_in_the_manifest_is_not_unpacked(path, monkeypatch):
    monkeypatch.setattr("exports.container.LONGEST_MANIFEST", 1 << 20)
    path.write_bytes(seal(MAGIC, b" " * (64 << 20)))
    assert peak(lambda: refusal(path)) < 8 << 20


def test_a_decompression_bomb_in_a_chunk_is_not_unpacked(path):
    bomb = frames.compress(b"\n" * (64 << 20), 1)
    write_archive_of_one_chunk(path)
    with ArchiveReader.open(path) as archive:
        manifest = archive.manifest
    chunk = manifest.tables[0].chunks[0]
    segment = replace(chunk.segments[0], length=len(bomb), sha256=hashlib.sha256(bomb).hexdigest())
    table = replace(manifest.tables[0], chunks=(replace(chunk, segments=(segment,)),))
    path.write_bytes(seal(MAGIC + bomb, render_manifest(replace(manifest, tables=(table,)))))
    assert peak(lambda: codes(path)) < 4 << 20
    assert codes(path) == ["frame"]
