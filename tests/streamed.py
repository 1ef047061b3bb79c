"""COPY data taken apart by the tests' own reading of the protocol, and what must hold of a stream that hashes rows on their way."""

from __future__ import annotations

import struct
from collections import Counter

from exports.chunks import Chunk
from exports.rows import Source, read_content
from exports.snapshot import Connection
from exports.streams import Content, copy_out

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)


def rows_of(data: bytes, *, binary: bool) -> Counter[bytes]:
    """Each row as its bytes."""
    if not binary:
        assert data.endswith(b"\n") or not data
        return Counter(data.split(b"\n")[:-1])
    assert data.startswith(HEADER) and data.endswith(b"\xff\xff")
    found: Counter[bytes] = Counter()
    at = len(HEADER)
    while at < len(data) - 2:
        begin, (fields,) = at, struct.unpack_from(">h", data, at)
        at += 2
        for _ in range(fields):
            (length,) = struct.unpack_from(">i", data, at)
            at += 4 + max(length, 0)
        found[data[begin:at]] += 1
    assert at == len(data) - 2
    return found


def check_stream(source: Source, connection: Connection, chunk: Chunk) -> Content:
    """What is hashed on its way is the chunk, byte for byte, and its hash the one that the server computes apart."""
    table = source.membership.scope.table(chunk.table)
    content = read_content(connection, source.content(chunk))
    for binary in (False, True) if all(column.binary_safe for column in table.columns) else (False,):
        stream = source.stream(connection, chunk, binary=binary)
        found = rows_of(b"".join(stream), binary=binary)
        assert found == rows_of(b"".join(copy_out(connection, source.select(chunk), binary=binary)), binary=binary)
        assert stream.content == content, chunk
    return content
