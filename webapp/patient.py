"""gunicorn's threads, spent only on requests whose head is here.

gunicorn gives every new connection a thread at once and lets it wait: a hundred phones that only
keep a connection open, or one client that sends its head letter by letter, would hold them all.
Here the main loop looks at what has arrived, without taking it, until the head is whole.
"""

from __future__ import annotations

import contextlib
import select
import selectors
import socket
import time
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

HEAD_SECONDS = 10.0  # for the whole head of a request
LARGEST_HEAD = 32 * 1024  # bytes
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n"


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """``worker_class`` of :mod:`webapp.server`."""

    def init_process(self) -> None:
        self._heads = select.epoll()
        self._waiting: dict[int, tuple[TConn, float]] = {}
        super().init_process()

    def run(self) -> None:
        self.poller.register(self._heads.fileno(), selectors.EVENT_READ, self._look_again)
        super().run()

    def accept(self, listener: socket.socket) -> None:
        """As gunicorn does it, but without a thread that waits for the first byte."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # another process was quicker, or the client has gone
        self.nr_conns += 1
        self.enqueue_req(TConn(self.cfg, client, address, listener.getsockname()))

    def enqueue_req(self, conn: Any) -> None:
        """To a thread when the head is whole; until then it waits here for at most 10 s."""
        if _has_read_ahead(conn) or self._is_due(conn):
            conn.data_ready = True
            super().enqueue_req(conn)
            return
        number = conn.sock.fileno()
        self._waiting[number] = conn, time.monotonic() + HEAD_SECONDS
        # Edge-triggered: told of new bytes only (and of those that came before this line), not
        # again and again of what was looked at already.
        self._heads.register(number, select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET)

    def _is_due(self, conn: Any) -> bool:
        """Whether a thread has something to do: a whole head, too much of one, or an end."""
        try:
            seen = conn.sock.recv(LARGEST_HEAD, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        if len(seen) >= LARGEST_HEAD and b"\r\n\r\n" not in seen:
            with contextlib.suppress(OSError):
                conn.sock.send(TOO_LARGE)
                conn.sock.shutdown(socket.SHUT_RDWR)
            return True
        return not seen or b"\r\n\r\n" in seen

    def _look_again(self, _: object) -> None:
        for number, _event in self._heads.poll(0):
            conn, _deadline = self._waiting[number]
            if self._is_due(conn):
                self._stop_waiting(number)
                self.enqueue_req(conn)

    def _stop_waiting(self, number: int) -> None:
        del self._waiting[number]
        self._heads.unregister(number)

    def notify(self) -> None:
        """Called by gunicorn's loop at least once a second: end what waits for too long."""
        super().notify()
        now = time.monotonic()
        for number, (conn, deadline) in list(self._waiting.items()):
            if now > deadline or not self.alive:
                self._stop_waiting(number)
                self.nr_conns -= 1
                conn.close()


def _has_read_ahead(conn: Any) -> bool:
    """Whether the beginning of the next request was read together with the last one."""
    return conn.parser is not None and bool(conn.parser.unreader.buf.getvalue())
