"""The archive: what goes in comes out, from many threads and in flat memory; the file is there whole or not at all."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from exports import frames, partial
from exports.archive import ArchiveReader, ArchiveWriter, verify_archive
from exports.container import MAGIC
from exports.manifest import render_manifest
from splitter.errors import BugError, FailedError, RefusedError, UsageError
from splitter.events import Advanced, Event, Finished, Started
from tests.archives import EVENT, PLAN, PROJECT, draft, peak, rows_of, section, write_small

SMALL_CHUNK = 8 << 10  # of frames in the tests that want several segments


@pytest.fixture
def path(tmp_path):
    return tmp_path / "acme.orglift"


@pytest.fixture
def small(path):
    return write_small(path)


@pytest.fixture
def small_frames(monkeypatch):
    monkeypatch.setattr(frames, "FRAME", SMALL_CHUNK)


def noise(size: int, seed: int = 0) -> bytes:
    """Lines that hardly compress."""
    return random.Random(seed).randbytes(size // 2).hex("\n", 32).encode() + b"\n"


# What goes in comes out


def test_rows_come_out_in_the_order_of_chunk_indexes(small):
    with ArchiveReader.open(small) as archive:
        (project, event), (plan,) = archive.manifest.tables, archive.manifest.natural
        assert rows_of(archive, project) == b"1\tfirst\n2\t\\N\n3\tthird\n"
        assert rows_of(archive, event) == b""
        assert rows_of(archive, plan) == b"9\tfree\n"


def test_a_whole_archive_has_no_faults(small):
    assert verify_archive(small) == ()


def test_the_manifest_comes_back_as_it_was_written(path):
    with ArchiveWriter(path, draft([section(EVENT)], [section(PLAN, keys=[["name"]])])) as writer, writer.chunk(EVENT, 4) as chunk:
        chunk.write(b"1\ta\n")
        chunk.hash = 2**70
    with ArchiveReader.open(path) as archive:
        assert archive.manifest == writer.manifest


def test_the_manifest_counts_what_was_written(small):
    with ArchiveReader.open(small) as archive:
        project, event = archive.manifest.tables
        assert (project.rows, project.bytes, project.hash) == (3, len(b"1\tfirst\n2\t\\N\n3\tthird\n"), None)
        assert (event.rows, event.bytes, event.hash) == (0, 0, 0)
        assert project.chunks[0].hash == -(2**70)
        assert project.chunks[1].bounds == {"low": 3}
        assert archive.manifest.notes == {"dangling": {"event.project_id": 2}}


def test_an_archive_begins_and_ends_as_the_format_says(small):
    whole = small.read_bytes()
    assert whole.startswith(MAGIC)
    with ArchiveReader.open(small) as archive:
        text = render_manifest(archive.manifest)
    offset = int.from_bytes(whole[-40:-32], "big")
    assert b"".join(frames.decompress(whole[offset:-40], 1 << 20)) == text


def test_an_empty_chunk_is_a_chunk_without_segments(path):
    with ArchiveWriter(path, draft([section(PROJECT)])) as writer, writer.chunk(PROJECT, 0):
        pass
    with ArchiveReader.open(path) as archive:
        (chunk,) = archive.manifest.tables[0].chunks
        assert (chunk.rows, chunk.segments, list(archive.read_chunk(chunk))) == (0, (), [])
    assert verify_archive(path) == ()


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("block", [1, 1000, frames.PIECE, 5 * frames.PIECE])
def test_rows_may_be_handed_over_in_pieces_of_any_size(path, wrap, block):
    data = noise(3 * frames.PIECE) if block > 1 else noise(3000)
    with ArchiveWriter(path, draft([section(PROJECT)])) as writer, writer.chunk(PROJECT, 0) as chunk:
        for start in range(0, len(data), block):
            chunk.write(wrap(data[start : start + block]))
    with ArchiveReader.open(path) as archive:
        assert rows_of(archive, archive.manifest.tables[0]) == data
        assert archive.manifest.tables[0].rows == data.count(b"\n")


@pytest.mark.usefixtures("small_frames")
def test_chunks_of_several_threads_interleave_and_come_out_apart(path):
    written = {number: noise(6 * frames.PIECE, number) for number in range(4)}

    def write(number: int) -> None:
        with writer.chunk(PROJECT, number) as chunk:
            for start in range(0, len(written[number]), 7000):
                chunk.write(written[number][start : start + 7000])

    with ArchiveWriter(path, draft([section(PROJECT)])) as writer:
        threads = [threading.Thread(target=write, args=[number]) for number in written]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert verify_archive(path) == ()
    with ArchiveReader.open(path) as archive:
        chunks = archive.manifest.tables[0].chunks
        assert {chunk.index: b"".join(archive.read_chunk(chunk)) for chunk in chunks} == written
        assert all(len(chunk.segments) > 1 for chunk in chunks)


def test_verify_reports_every_byte_of_the_chunks(small):
    events: list[Event] = []
    verify_archive(small, events.append)
    assert events[0] == Started("verify", small.stat().st_size, "bytes")
    assert events[-1] == Finished("verify")
    whole = small.read_bytes()
    advanced = [event.by for event in events if isinstance(event, Advanced)]
    assert sum(advanced) == int.from_bytes(whole[-40:-32], "big") - len(MAGIC)


# Writing: whole or not at all


def test_an_error_leaves_nothing_behind(path):
    with pytest.raises(KeyboardInterrupt), ArchiveWriter(path, draft([section(PROJECT)])):
        raise KeyboardInterrupt
    assert os.listdir(path.parent) == []


def test_an_error_leaves_the_older_archive_as_it_was(small):
    before = small.read_bytes()
    with pytest.raises(ZeroDivisionError), ArchiveWriter(small, draft([section(PROJECT)])) as writer, writer.chunk(PROJECT, 0):
        raise ZeroDivisionError
    assert small.read_bytes() == before
    assert os.listdir(small.parent) == [small.name]


def test_only_the_owner_may_read_it(small):
    assert stat.S_IMODE(small.stat().st_mode) == 0o600


def test_what_a_killed_writer_left_is_overwritten(path):
    left = path.with_name(f"{path.name}.partial")
    left.write_bytes(b"x" * 100_000)
    left.chmod(0o644)
    write_small(path)
    assert verify_archive(path) == ()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == [path.name]


def test_two_writers_of_one_file_do_not_meet(path):
    with ArchiveWriter(path, draft([section(PROJECT)])):
        with pytest.raises(RefusedError, match="another process is writing") as raised:
            ArchiveWriter(path, draft([section(PROJECT)])).__enter__()
        assert raised.value.exit == 3
    assert verify_archive(path) == ()


def test_a_writer_that_opened_a_file_which_was_put_in_place_meanwhile_spares_it(path, monkeypatch):
    """Between the second writer's open and its lock the first one finishes: what was opened is the finished archive."""
    lock = partial.PartialFile._lock

    def finish_first(self: partial.PartialFile, descriptor: int) -> bool:
        monkeypatch.setattr(partial.PartialFile, "_lock", lock)
        os.replace(f"{path}.partial", path)
        return self._lock(descriptor)

    path.with_name(f"{path.name}.partial").write_bytes(b"finished by the first one")
    monkeypatch.setattr(partial.PartialFile, "_lock", finish_first)
    with pytest.raises(ZeroDivisionError), ArchiveWriter(path, draft()):
        raise ZeroDivisionError
    assert path.read_bytes() == b"finished by the first one"


@pytest.mark.parametrize("place", ["missing/acme.orglift", ".", "x" * 300])
def test_a_place_that_cannot_be_written_is_the_command_lines_fault(tmp_path, place):
    with pytest.raises(UsageError, match="cannot write") as raised:
        ArchiveWriter(tmp_path / place, draft()).__enter__()
    assert raised.value.hint


def test_a_device_is_not_replaced(tmp_path):
    with pytest.raises(UsageError, match="not a regular file"):
        ArchiveWriter("/dev/null", draft()).__enter__()


def test_a_symbolic_link_stays_one(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    write_small(link)
    assert link.is_symlink()
    assert verify_archive(tmp_path / "real") == ()


def test_a_full_disk_is_a_failure_that_leaves_nothing(path):
    script = (
        "import resource, signal, sys; from pathlib import Path; from tests.unit.test_archive import write_noise\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "write_noise(Path(sys.argv[1]), 1 << 20)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert "splitter.errors.FailedError: cannot write" in done.stderr
    assert "file too large" in done.stderr
    assert os.listdir(path.parent) == []


def write_noise(path: Path, size: int) -> None:
    with ArchiveWriter(path, draft([section(PROJECT)])) as writer, writer.chunk(PROJECT, 0) as chunk:
        chunk.write(noise(size))


def test_a_chunk_that_ends_within_a_row_is_refused(path):
    writer = ArchiveWriter(path, draft([section(PROJECT)]))
    with pytest.raises(ValueError, match="within a row"), writer, writer.chunk(PROJECT, 0) as chunk:
        chunk.write(b"1\tx")
    assert os.listdir(path.parent) == []


def test_a_chunk_counts_once(path):
    with ArchiveWriter(path, draft([section(PROJECT)])) as writer:
        with writer.chunk(PROJECT, 0) as chunk:
            chunk.write(b"1\tx\n")
        with pytest.raises(ValueError, match="has a chunk 0 already"):
            writer.chunk(PROJECT, 0)
        with pytest.raises(ValueError, match="no table plan"):
            writer.chunk(PLAN, 0)


def test_a_chunk_that_failed_early_may_be_begun_again(path):
    with ArchiveWriter(path, draft([section(PROJECT)])) as writer:
        with pytest.raises(ZeroDivisionError), writer.chunk(PROJECT, 0) as chunk:
            chunk.write(b"1\tx\n")
            raise ZeroDivisionError
        with writer.chunk(PROJECT, 0) as chunk:
            chunk.write(b"2\ty\n")
    with ArchiveReader.open(path) as archive:
        assert rows_of(archive, archive.manifest.tables[0]) == b"2\ty\n"


@pytest.mark.usefixtures("small_frames")
def test_an_archive_with_half_a_chunk_is_never_finished(path):
    writer = ArchiveWriter(path, draft([section(PROJECT)]))
    refused = pytest.raises(FailedError, match="chunk 0 of table project was not written to its end")
    with refused, writer, pytest.raises(ZeroDivisionError), writer.chunk(PROJECT, 0) as chunk:
        chunk.write(noise(4 * frames.PIECE))
        raise ZeroDivisionError
    assert os.listdir(path.parent) == []


def test_a_password_never_comes_into_the_manifest(path):
    with pytest.raises(BugError, match="hold a password"), ArchiveWriter(path, draft()) as writer:
        writer.note("url", "postgresql://me:secret@host/db")
    assert os.listdir(path.parent) == []


# Flat memory


def test_memory_does_not_grow_with_a_chunk(path):
    block = noise(1 << 20)

    def write() -> None:
        with ArchiveWriter(path, draft([section(PROJECT)])) as writer, writer.chunk(PROJECT, 0) as chunk:
            for number in range(64):
                chunk.write(noise(1 << 20, number) if number % 8 == 0 else block)

    def read() -> None:
        with ArchiveReader.open(path) as archive:
            assert sum(len(piece) for piece in archive.read_section(archive.manifest.tables[0])) > 64 << 20

    assert peak(write) < 16 << 20
    assert path.stat().st_size > 30 << 20
    assert peak(read) < 16 << 20
    assert peak(lambda: verify_archive(path)) < 16 << 20
