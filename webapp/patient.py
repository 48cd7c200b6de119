"""gunicorn's threads, spent only on requests that are here.

gunicorn gives every new connection a thread at once and lets it wait: a hundred phones that only
keep a connection open, or one client that sends its head or its form letter by letter, would hold
them all. Here the main loop gathers what arrives until the head is whole and, except for uploads,
which stream, the body too. It also waits for the ends of connections, which gunicorn does in the
main loop and for two seconds each.
"""

from __future__ import annotations

import contextlib
import select
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gunicorn import http, util
from gunicorn.workers.gthread import TConn, ThreadWorker

from webapp.security import MAX_FORM, UPLOAD_TYPE
from webapp.uploads.override import PREFIX

HEAD_SECONDS = 10.0  # for the whole head of a request
BODY_SECONDS = 30.0  # for the whole body after it
UNREAD_SECONDS = 30.0  # a client that takes nothing of its answer for so long has gone
# A socket that is closed while its client still sends is reset, and the answer is lost with it:
# the client reads "connection reset" where it was told what was wrong.
LINGER_SECONDS = 2.0  # that a client may be silent before it closes after us
LONGEST_LINGER = 30.0  # seconds, for a client that goes on sending what was refused
LARGEST_HEAD = 32 * 1024  # bytes
MOST_GATHERED = 64 * 1024 * 1024  # bytes that all waiting requests together may hold
MOST_DRAINED = 64 * 1024 * 1024  # bytes of a body that nobody wanted
MOST_LINGERING = 256  # connections; beyond that the oldest ends
PIECE = 64 * 1024
PIECES = 16  # that are thrown away at a time: others are served in between
_NEWS = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
_MORE = select.EPOLLIN | select.EPOLLRDHUP  # told again of what was left
_CLOSE = b"Content-Length: 0\r\nConnection: close\r\n\r\n"
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\n" + _CLOSE
LENGTH_NEEDED = b"HTTP/1.1 411 Length Required\r\n" + _CLOSE
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"


class Refusal(Exception):
    """The answer to a request that no thread should see."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(answer.partition(b"\r\n")[0])
        self.answer = answer


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """``linger`` takes over a connection whose last answer has been sent."""

    def __init__(self, *parts: Any, linger: Callable[[Connection], None]) -> None:
        super().__init__(*parts)
        self._linger = linger

    def init(self) -> None:
        """In the thread, before each request."""
        super().init()
        self.sock.settimeout(UNREAD_SECONDS)

    def close(self, graceful: bool = False) -> None:
        if graceful:
            self._linger(self)
        else:
            util.close(self.sock)


@dataclass(slots=True)
class _Arriving:
    """``whole``: bytes of the head and the body to wait for; None until the head is here."""

    conn: Connection
    data: bytearray
    deadline: float = field(default_factory=lambda: time.monotonic() + HEAD_SECONDS)
    whole: int | None = None

    @property
    def is_whole(self) -> bool:
        if self.whole is None:
            self._look_for_head()
        return self.whole is not None and len(self.data) >= self.whole

    def _look_for_head(self) -> None:
        end = self.data.find(b"\r\n\r\n")
        if end < 0:
            if len(self.data) >= LARGEST_HEAD:
                raise Refusal(TOO_LARGE)
            return
        lines = bytes(self.data[:end]).split(b"\r\n")
        expected = [line for line in lines if line.lower().startswith(b"expect:")]
        length = _length_to_wait_for(lines)
        self.whole = end + 4 + (length or 0)
        self.deadline = time.monotonic() + BODY_SECONDS
        if expected and (length is None or len(self.data) < self.whole):
            # Said here, since no thread will say it before the body has come; and not said at all
            # to a client whose body is refused.
            kept = b"\r\n".join(line for line in lines if line not in expected)
            self.whole -= end - len(kept)
            self.data[:end] = kept
            if length is not None:
                with contextlib.suppress(OSError):
                    self.conn.sock.send(GO_ON)


def _length_to_wait_for(head: list[bytes]) -> int | None:
    """Bytes of the body: 0 for uploads, and None for what is refused for its length."""
    fields = [(name.lower(), value.strip()) for name, _, value in (h.partition(b":") for h in head)]
    kind = dict(fields).get(b"content-type", b"").lower()
    words = head[0].split(b" ")
    path = words[1] if len(words) > 1 else b""
    if path.startswith(PREFIX.encode()) and kind.startswith(UPLOAD_TYPE.encode()):
        return 0
    if any(name == b"transfer-encoding" for name, _ in fields):
        raise Refusal(LENGTH_NEEDED)
    lengths = [value for name, value in fields if name == b"content-length"]
    if len(lengths) != 1 or not lengths[0].isdigit() or len(lengths[0]) > 18:
        return 0
    length = int(lengths[0])
    return length if length <= MAX_FORM else None


@dataclass(slots=True)
class _Ending:
    conn: Connection
    last: float = field(default_factory=lambda: time.monotonic() + LONGEST_LINGER)
    deadline: float = field(default_factory=lambda: time.monotonic() + LINGER_SECONDS)
    drained: int = 0

    def has_sent(self, count: int) -> None:
        self.drained += count
        self.deadline = min(self.last, time.monotonic() + LINGER_SECONDS)


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """``worker_class`` of :mod:`webapp.server`."""

    def init_process(self) -> None:
        # Edge-triggered: told of new bytes only, not again and again of a connection that ended.
        self._news = select.epoll()
        self._arriving: dict[int, _Arriving] = {}
        self._ending: dict[int, _Ending] = {}
        super().init_process()

    def run(self) -> None:
        self.poller.register(self._news.fileno(), selectors.EVENT_READ, self._look_again)
        super().run()

    def accept(self, listener: socket.socket) -> None:
        """As gunicorn does it, but without a thread that waits for the first byte."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # another process was quicker, or the client has gone
        self.nr_conns += 1
        parts = self.cfg, client, address, listener.getsockname()
        self.enqueue_req(Connection(*parts, linger=self._linger))

    def enqueue_req(self, conn: Connection) -> None:
        """To a thread when the request is here; until then it waits in the main loop."""
        conn.sock.setblocking(False)
        # The beginning of this request may have been read together with the last one.
        ahead = conn.parser.unreader.take_buffered() if conn.parser is not None else b""
        arriving = _Arriving(conn, bytearray(ahead))
        if not self._is_settled(arriving):
            number = conn.sock.fileno()
            self._arriving[number] = arriving
            self._news.register(number, _NEWS)

    def _is_settled(self, arriving: _Arriving) -> bool:
        """Read what has come; whether there is nothing more to wait for: a thread has it, or it
        was refused."""
        try:
            if not _has_come(arriving):
                return False
        except Refusal as refusal:
            with contextlib.suppress(OSError):
                arriving.conn.sock.send(refusal.answer)
            self.nr_conns -= 1
            arriving.conn.close(graceful=True)
            return True
        conn = arriving.conn
        if conn.parser is None:
            conn.parser = http.get_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader.unread(bytes(arriving.data))
        conn.data_ready = True
        super().enqueue_req(conn)
        return True

    def handle_request(self, req: Any, conn: Connection) -> bool:
        try:
            return bool(super().handle_request(req, conn))
        except TimeoutError:
            return False

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        """A form's body is here; nobody waits for an upload's that was refused."""
        return keepalive and bool(conn.parser.finish_body(deadline=time.monotonic() + 0.1))

    def _linger(self, conn: Connection) -> None:
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            number = conn.sock.fileno()
            self._news.register(number, _MORE)
        except OSError:
            conn.close()
            return
        self._ending[number] = _Ending(conn)
        if len(self._ending) > MOST_LINGERING:
            self._end(next(iter(self._ending)))

    def _look_again(self, _: object) -> None:
        for number, _event in self._news.poll(0):
            if number in self._ending:
                if _has_ended(self._ending[number]):
                    self._end(number)
                continue
            arriving = self._arriving.pop(number)
            self._news.unregister(number)
            if not self._is_settled(arriving):
                self._arriving[number] = arriving
                self._news.register(number, _NEWS)

    def _end(self, number: int) -> None:
        ending = self._ending.pop(number)
        self._news.unregister(number)
        ending.conn.close()

    def _drop(self, number: int) -> None:
        arriving = self._arriving.pop(number)
        self._news.unregister(number)
        self.nr_conns -= 1
        arriving.conn.close()

    def notify(self) -> None:
        """Called by gunicorn's loop at least once a second: end what waits for too long."""
        super().notify()
        now = time.monotonic()
        for number, ending in list(self._ending.items()):
            if now > ending.deadline:
                self._end(number)
        for number, arriving in list(self._arriving.items()):
            if now > arriving.deadline or (not self.alive and arriving.whole is None):
                self._drop(number)
        while sum(len(a.data) for a in self._arriving.values()) > MOST_GATHERED:
            self._drop(max(self._arriving, key=lambda n: len(self._arriving[n].data)))


def _has_come(arriving: _Arriving) -> bool:
    """Read without waiting; True when the request is whole, or when no more of it will come."""
    while not arriving.is_whole:
        try:
            piece = arriving.conn.sock.recv(PIECE)
        except BlockingIOError:
            return False
        except OSError:
            return True
        if not piece:
            return True
        arriving.data += piece
    return True


def _has_ended(ending: _Ending) -> bool:
    """Throw away some of what still comes; True when the client has closed too, or sends on and
    on."""
    for _ in range(PIECES):
        try:
            piece = ending.conn.sock.recv(PIECE)
        except BlockingIOError:
            return False
        except OSError:
            return True
        if not piece:
            return True
        ending.has_sent(len(piece))
        if ending.drained > MOST_DRAINED:
            return True
    return False
