"""A proxy in front of an HTTP server, which spoils the next answers in the ways that you say."""

from __future__ import annotations

import http.client
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOP = {"connection", "transfer-encoding", "content-length", "server", "date"}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    cut: int | None = None  # bytes sent of the body, before the connection is cut


Fault = Callable[["Asked"], Answer | None]


@dataclass
class Asked:
    """A request. ``send`` hands it on to the server, with this path."""

    method: str
    path: str
    send: Callable[[str], Answer]
    ended: threading.Event

    def forward(self, more: str = "") -> Answer:
        return self.send(self.path + more)


@dataclass
class Faulty:
    address: str
    faults: deque[Fault] = field(default_factory=deque)
    asked: list[str] = field(default_factory=list)

    def then(self, *faults: Fault) -> None:
        """The next requests meet these, one each; the ones after them are handed on."""
        self.asked.clear()
        self.faults.extend(faults)


@contextmanager
def faulty(server: str) -> Iterator[Faulty]:
    host = server.removeprefix("http://")
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            proxy.asked.append(self.command)
            fault = proxy.faults.popleft() if proxy.faults else hand_on
            answer = fault(Asked(self.command, self.path, lambda path: self.ask(path, body), ended))
            if answer is None:
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            length = answer.headers.get("Content-Length", str(len(answer.body)))
            if "Content-Length" not in answer.headers:
                self.send_header("Content-Length", length)
            self.end_headers()
            self.wfile.write(answer.body if answer.cut is None else answer.body[: answer.cut])
            self.close_connection = answer.cut is not None

        do_GET = do_PUT = do_HEAD = do_DELETE = answer  # noqa: N815 - the library's names

        def ask(self, path: str, body: bytes) -> Answer:
            connection = http.client.HTTPConnection(host, timeout=30)
            headers = {k: v for k, v in self.headers.items() if k.lower() != "expect"}
            connection.request(self.command, path, body, headers)
            found = connection.getresponse()
            content = found.read()
            kept = {k: v for k, v in found.getheaders() if k.lower() not in HOP}
            if self.command == "HEAD":
                kept["Content-Length"] = found.getheader("Content-Length") or "0"
            connection.close()
            return Answer(found.status, kept, content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy = Faulty(f"http://127.0.0.1:{httpd.server_port}")
    thread = threading.Thread(target=httpd.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield proxy
    finally:
        ended.set()
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def hand_on(asked: Asked) -> Answer:
    return asked.forward()


def says(status: int, code: str) -> Fault:
    """The server's error of this status; nothing is done."""
    xml = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>"
    headers = {"Content-Type": "application/xml"}
    return lambda asked: Answer(status, headers, xml.encode() if asked.method != "HEAD" else b"")


def hangs_up(_: Asked) -> None:
    """No answer at all."""


def never_answers(asked: Asked) -> None:
    asked.ended.wait(60)


def loses_the_answer(asked: Asked) -> None:
    """The server does it, and nobody hears of it."""
    asked.forward()


def cuts(after: int) -> Fault:
    """The answer breaks off after so many bytes of its body."""

    def cut(asked: Asked) -> Answer:
        found = asked.forward()
        length = {"Content-Length": str(len(found.body))}
        return Answer(found.status, found.headers | length, found.body, cut=after)

    return cut
