"""Sockets and whole messages of PostgreSQL's wire protocol, for the proxy."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict


def messages(buffer: bytearray, wanted: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start, end) of each whole message; kind is empty for those that are not wanted, whose runs come as one."""
    position, size = 0, len(buffer)
    run = 0
    while position + 5 <= size:
        end = position + 1 + int.from_bytes(buffer[position + 1 : position + 5], "big")
        if end > size:
            break
        if buffer[position] in wanted:
            yield bytes(buffer[position : position + 1]), position, end
            run = end
        position = end
    if run < position:
        yield b"", run, position


def listen(folder: Path | None) -> socket.socket:
    if folder is None:
        return socket.create_server(("127.0.0.1", 0), backlog=64)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / ".s.PGSQL.5432"))
    listener.listen(64)
    return listener


def reach(url: str) -> socket.socket:
    parts = conninfo_to_dict(url)
    host, port = str(parts.get("host") or "127.0.0.1"), int(parts.get("port") or 5432)
    if host.startswith("/"):
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server
    server = socket.create_connection((host, port))
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return server


def receive_exactly(source: socket.socket, size: int) -> bytes:
    parts: list[bytes] = []
    while size > 0:
        part = source.recv(size)
        if not part:
            raise ConnectionResetError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def shut(it: socket.socket) -> None:
    with suppress(OSError):
        it.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        it.close()
