"""A proxy for PostgreSQL's wire protocol that counts statements and does harm at the n-th one.

It stands between a program and a server, over TCP or a unix socket, knows nothing of the program, and numbers every statement that goes
through any of its connections: simple queries, executed portals (prepared and pipelined ones too), the ends of COPY FROM STDIN. A trap
runs an action right before, during or right after one of them::

    with Proxy(server_url) as proxy:
        process = start(proxy.url(server_url))
        proxy.trap(Moment.AFTER, kill(process.pid), number=17)
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, urlencode

from psycopg.conninfo import conninfo_to_dict

from tests.proxy_wire import listen, messages, reach, receive_exactly, shut

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
RECEIVE = 1 << 18
KINDS = {b"Q": "query", b"E": "execute", b"F": "call", b"c": "copy done", b"f": "copy fail"}


class Moment(Enum):
    BEFORE = "before"  # the server has not seen the statement; it never will unless the action returns and nothing is cut
    DURING = "during"  # the server has it, nothing was answered yet: it may still take effect
    AFTER = "after"  # the server has done it, the program was not told


@dataclass(frozen=True, slots=True)
class Statement:
    number: int  # over all connections, from 1
    connection: int  # from 1
    kind: str
    text: str


Action = Callable[[Statement], None]


@dataclass(slots=True)
class Trap:
    """``sprung`` is set once the action has begun, ``done`` once it has returned."""

    moment: Moment
    action: Action
    matches: Callable[[Statement], bool]
    cut: bool  # then every connection is dropped after the action, as the end of the program would do
    statement: Statement | None = None
    sprung: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)


def kill(pid: int | Future[int]) -> Action:
    """An action: SIGKILL, and back only when the process is no more, so that nothing that it sent later can pass.

    A process that has not been started yet is told by a Future, so that the trap can be there before it.
    """

    def action(_: Statement) -> None:
        number = pid if isinstance(pid, int) else pid.result(60)
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
        while _alive(number):
            time.sleep(0.001)

    return action


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


class Proxy:
    """Listens on a TCP port of its own, or with ``folder`` on a unix socket there; starts listening at once, stops at ``close``."""

    def __init__(self, upstream: str, *, folder: Path | None = None) -> None:
        self._upstream = upstream
        self._listener = listen(folder)
        self._folder = folder
        self.statements: list[Statement] = []
        self.refusing = False  # new connections are closed at once, as if the server were gone
        self._traps: list[Trap] = []
        self._connections: list[_Connection] = []
        self._opened = 0
        self._open_road = threading.Event()
        self._open_road.set()
        self._lock = threading.Lock()
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def port(self) -> int:
        return 5432 if self._folder else int(self._listener.getsockname()[1])

    def url(self, url: str) -> str:
        """The same database, user and options as ``url``, through this proxy."""
        parts = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
        for replaced in ("host", "hostaddr", "port"):
            parts.pop(replaced, None)
        who = ":".join(quote(parts.pop(key), safe="") for key in ("user", "password") if key in parts)
        name = quote(parts.pop("dbname", ""), safe="")
        parts["sslmode"] = "disable"
        if self._folder:
            parts["host"] = str(self._folder)
        place = "" if self._folder else f"127.0.0.1:{self.port}"
        return f"postgresql://{who}{'@' if who else ''}{place}/{name}?{urlencode(parts, quote_via=quote)}"

    def trap(
        self,
        moment: Moment,
        action: Action,
        *,
        number: int | None = None,
        matches: Callable[[Statement], bool] | None = None,
        cut: bool = True,
    ) -> Trap:
        """Runs ``action`` once, at the statement of that number (counted from the proxy's start) or the first one that matches.

        It runs in the connection's own thread and may block: that connection waits, the others go on.
        """
        trap = Trap(moment, action, matches or (lambda statement: number is None or statement.number == number), cut)
        with self._lock:
            self._traps.append(trap)
        return trap

    def reset(self) -> None:
        """Forgets traps and statements: counting starts at 1 again. Open connections stay."""
        with self._lock:
            self._traps.clear()
            self.statements = []

    def pause(self) -> None:
        """Nothing passes in either direction until ``resume``; connections stay open."""
        self._open_road.clear()

    def resume(self) -> None:
        self._open_road.set()

    def drop(self) -> None:
        """Closes every connection, towards the program and towards the server."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.close()

    def close(self) -> None:
        self._closed = True
        self.resume()
        shut(self._listener)
        self.drop()

    @property
    def connections(self) -> int:
        """How many are open now."""
        with self._lock:
            return len(self._connections)

    def count(self, connection: int, kind: str, text: str) -> tuple[Statement, Trap | None]:
        """Numbers one statement and finds the trap it steps on."""
        with self._lock:
            statement = Statement(len(self.statements) + 1, connection, kind, text)
            self.statements.append(statement)
            trap = next((trap for trap in self._traps if trap.statement is None and trap.matches(statement)), None)
            if trap is not None:
                trap.statement = statement
            return statement, trap

    def spring(self, trap: Trap) -> None:
        assert trap.statement is not None
        trap.sprung.set()
        trap.action(trap.statement)
        if trap.cut:
            self.drop()
        trap.done.set()

    def wait_for_road(self) -> None:
        self._open_road.wait()

    def forget(self, connection: _Connection) -> None:
        with self._lock, suppress(ValueError):
            self._connections.remove(connection)

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if self.refusing:
            shut(client)
            return
        try:
            server = reach(self._upstream)
        except OSError:
            shut(client)
            return
        with self._lock:
            self._opened += 1
            connection = _Connection(self, self._opened, client, server)
            self._connections.append(connection)
        connection.run()


@dataclass(slots=True)
class _Pending:
    """A statement on its way: ``group`` counts the Syncs and simple queries before it; their ReadyForQuery answers all of a group."""

    kind: str
    group: int
    trap: Trap | None


class _Connection:
    """One program's connection: a thread for each direction, whole messages only."""

    def __init__(self, proxy: Proxy, number: int, client: socket.socket, server: socket.socket) -> None:
        self.proxy, self.number, self.client, self.server = proxy, number, client, server
        self.queries: dict[bytes, str] = {}  # prepared statement -> text
        self.portals: dict[bytes, str] = {}  # portal -> text
        self.lock = threading.Lock()
        self.pending: deque[_Pending] = deque()
        self.groups: deque[int] = deque()  # awaited ReadyForQuery messages
        self.group = 0
        self.copying: int | None = None  # the group of the statement that reads from us
        self.telling = threading.Event()  # cleared while a DURING trap holds the server's answers back
        self.telling.set()

    def close(self) -> None:
        shut(self.client)
        shut(self.server)
        self.telling.set()
        self.proxy.forget(self)

    def run(self) -> None:
        with suppress(OSError):
            if self._start_up():
                threading.Thread(target=self._guarded, args=(self._answers,), daemon=True).start()
                self._requests()
        self.close()

    def _guarded(self, work: Callable[[], None]) -> None:
        with suppress(OSError):
            work()
        self.close()

    def _start_up(self) -> bool:
        """Passes the untyped first packets; False where they were all there is (a cancel request)."""
        while True:
            packet = receive_exactly(self.client, 4)
            packet += receive_exactly(self.client, struct.unpack(">I", packet)[0] - 4)
            code = struct.unpack_from(">I", packet, 4)[0]
            if code in (SSL_REQUEST, GSS_REQUEST):
                self.client.sendall(b"N")
                continue
            self.server.sendall(packet)
            if code != CANCEL_REQUEST:
                self.groups.append(self.group)  # the greeting ends with a ReadyForQuery of its own
                return True
            with suppress(OSError):
                self.server.recv(1)  # the server closes once it has acted
            return False

    def _requests(self) -> None:
        buffer = bytearray()
        while chunk := self.client.recv(RECEIVE):
            buffer += chunk
            sent = end = 0
            for kind, start, end in messages(buffer, b"QPBEFcfS"):
                if not kind:
                    continue
                trap = self._note(kind, bytes(buffer[start + 5 : end]))
                if trap is None or trap.moment is Moment.AFTER:
                    continue
                held = start if trap.moment is Moment.BEFORE else end
                self.telling.clear()
                self._send(self.server, bytes(buffer[sent:held]))
                sent = held
                self.proxy.spring(trap)
                self.telling.set()
            self._send(self.server, bytes(buffer[sent:end]))
            del buffer[:end]

    def _answers(self) -> None:
        buffer = bytearray()
        while chunk := self.server.recv(RECEIVE):
            buffer += chunk
            sent = whole = 0
            for kind, start, end in messages(buffer, b"CIsGWZ"):
                whole = end
                if not kind:
                    continue
                for trap in self._answered(kind):
                    self._send(self.client, bytes(buffer[sent:start]))
                    sent = start
                    self.proxy.spring(trap)
            self.telling.wait()
            self._send(self.client, bytes(buffer[sent:whole]))
            del buffer[:whole]

    def _send(self, to: socket.socket, data: bytes) -> None:
        self.proxy.wait_for_road()
        if data:
            to.sendall(data)

    def _note(self, kind: bytes, body: bytes) -> Trap | None:
        """Follows a message of the program; the trap, if it is a statement that steps on one."""
        with self.lock:
            if kind == b"P":
                name, text = body.split(b"\0", 2)[:2]
                self.queries[name] = text.decode(errors="replace")
            elif kind == b"B":
                portal, name = body.split(b"\0", 2)[:2]
                self.portals[portal] = self.queries.get(name, "")
            elif kind == b"S":
                self._await_ready()
            if kind not in KINDS:
                return None
            statement, trap = self.proxy.count(self.number, KINDS[kind], self._text(kind, body))
            group = self.copying if kind in b"cf" and self.copying is not None else self.group
            self.pending.append(_Pending(statement.kind, group, trap))
            if kind in b"QF":
                self._await_ready()
            return trap

    def _await_ready(self) -> None:
        self.groups.append(self.group)
        self.group += 1

    def _text(self, kind: bytes, body: bytes) -> str:
        if kind == b"Q":
            return body.rstrip(b"\0").decode(errors="replace")
        return self.portals.get(body.split(b"\0", 1)[0], "") if kind == b"E" else ""

    def _answered(self, kind: bytes) -> Iterator[Trap]:
        """The AFTER traps of the statements that a message of the server completes."""
        with self.lock:
            done = list(self._complete(kind))
        return (item.trap for item in done if item.trap is not None and item.trap.moment is Moment.AFTER)

    def _complete(self, kind: bytes) -> Iterator[_Pending]:
        if kind == b"Z":
            group = self.groups.popleft() if self.groups else self.group
            self.copying = None
            while self.pending and self.pending[0].group <= group:
                yield self.pending.popleft()
        elif kind in b"GW" and self.pending:
            first = self.pending.popleft()
            self.copying = first.group
            if first.kind == "execute":
                self.groups.clear()  # while it copies, the server ignores the Syncs that came along
                self.copying = self.group
            yield first
        elif kind in b"CIs" and self.pending and self.pending[0].kind != "query":
            yield self.pending.popleft()
