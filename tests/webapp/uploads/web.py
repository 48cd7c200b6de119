"""A real web server in a process of its own, and a client that speaks through a bare socket."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from review.policy import Role
from tests.services.ports import free_port
from tests.world import World

SERVE = Path(__file__).with_name("serve.py")
ROOT = Path(__file__).parents[3]
PATIENCE = 60.0  # seconds; only ever reached by a failing test


@dataclass(frozen=True)
class Answer:
    """What came back: names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes = b""

    @property
    def offset(self) -> int:
        return int(self.headers["upload-offset"])


@dataclass
class Web:
    """One installation: its data, its rows, and the server that can be killed and started again."""

    data: Path
    world: World
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self, point: str = "") -> Web:
        env = {k: v for k, v in os.environ.items() if not k.startswith("LANTOA_")}
        self.process = subprocess.Popen(
            [sys.executable, str(SERVE), str(self.data), str(self.port), *([point] * bool(point))],
            env=env | {"PYTHONPATH": str(ROOT), **self.env},
            stdin=subprocess.DEVNULL,
            process_group=0,
        )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the server has ended"
            try:
                if self.get("/healthz").status == 200:
                    return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the server does not answer")

    env: dict[str, str] = field(default_factory=dict)

    def kill(self) -> None:
        """Everything at once, as a power cut does."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(PATIENCE)
            self.process = None

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        self.process = None
        return status

    def worker(self) -> int:
        """Pid of gunicorn's one worker."""
        assert self.process is not None
        pid = self.process.pid
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(child)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, **headers)

    def call(
        self, method: str, path: str, body: bytes | None = None, **headers: str | None
    ) -> Answer:
        """One request on a connection of its own."""
        with self.connect() as connection:
            connection.sendall(self.head(method, path, len(body or b""), **headers) + (body or b""))
            answer = read_answer(connection)
            if method not in ("GET", "POST"):
                return answer
            rest = b"".join(iter(lambda: connection.recv(65536), b""))
            return Answer(answer.status, answer.headers, answer.body + rest)

    def head(self, method: str, path: str, length: int | None, **headers: str | None) -> bytes:
        """The head of a request; a header of None is left out."""
        named = {"Host": f"127.0.0.1:{self.port}", "Connection": "close", **self.usual()}
        if length is not None and (length or method in ("POST", "PATCH")):
            named["Content-Length"] = str(length)
        for name, value in headers.items():
            named[name.replace("_", "-")] = value
        lines = [f"{name}: {value}" for name, value in named.items() if value is not None]
        return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin-1")

    def usual(self) -> dict[str, str | None]:
        return {"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0"}

    @property
    def token(self) -> str:
        if not self._token:
            self._token.append(self.world.token(Role.TEACHER))
        return self._token[0]

    _token: list[str] = field(default_factory=list)

    def create(self, length: int, **headers: str | None) -> str:
        """The path of a new upload."""
        answer = self.call("POST", "/uploads", Upload_Length=str(length), **headers)
        assert answer.status == 201, answer
        return answer.headers["location"]

    def patch(self, path: str, offset: int, body: bytes, **headers: str | None) -> Answer:
        return self.call("PATCH", path, body, **patch_headers(offset), **headers)

    def ask(self, path: str) -> int:
        answer = self.call("HEAD", path)
        assert answer.status == 200, answer
        return answer.offset

    def resume(self, path: str, content: bytes) -> None:
        """Send what is missing, as a patient client does."""
        for _ in range(50):
            offset = self.ask(path)
            if offset == len(content):
                return
            try:
                answer = self.patch(path, offset, content[offset:])
            except ConnectionError:
                continue  # refused while it was still sending: another writer came before it
            assert answer.status in (204, 409, 423, 503), answer
        raise AssertionError(f"{path} is never complete")

    def original(self, path: str) -> bytes:
        return (self.data / "blobs" / "originals" / path.rpartition("/")[2]).read_bytes()


def patch_headers(offset: int | str) -> dict[str, str]:
    return {
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": str(offset),
    }


def read_answer(connection: socket.socket) -> Answer:
    """The next answer, with as much of its body as came along."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError(f"closed after {data!r}")
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        head, _, body = body.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    return Answer(int(status_line.split()[1]), headers, body)


def cut(connection: socket.socket) -> None:
    """As a network that goes away: RST, nothing flushed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
