"""The whole of Lan Tỏa with one command: a start, a clean end, a brutal one, a second start."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from storage_config.settings import load
from tests.services.disk import small_disk
from tests.services.ports import free_port
from tests.webapp.cli.processes import (
    Running,
    clean_environment,
    descendants,
    wait_until_gone,
)

Start = Callable[..., Running]
Up = Callable[..., Running]


@pytest.fixture
def up(start: Start, tmp_path: Path) -> Up:
    env = clean_environment(tmp_path)

    def begin(data: Path, port: int, *more: str) -> Running:
        argv = ("-m", "webapp.cli", "up", "--data", str(data), "--port", str(port), *more)
        return start(*argv, env=env)

    return begin


def status_of(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def accounts_in(running: Running) -> list[str]:
    """The lines of the table of demo accounts, and the class code."""
    running.line_with("demo account")
    running.line_with("class code for pupils:")
    begin = next(i for i, line in enumerate(running.seen) if line.startswith("demo account"))
    return running.seen[begin:]


@pytest.mark.slow
def test_start_end_and_start_again(up: Up, tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    first = up(data, port)
    assert f"http://127.0.0.1:{port}" in first.line_with("ready:")
    shown = accounts_in(first)
    assert len(shown) == 2 + 6 + 1  # head, rule, five roles (two reviewers), the class code
    assert (status_of(port, "/healthz"), status_of(port, "/readyz")) == (200, 200)

    second = up(data, free_port())
    assert second.wait() == 1
    told = f"Error: another `lantoa up` (process {first.pid}) works on {data}. "
    told += "End that one first, or give this one another --data directory."
    assert second.seen == [told]

    below = descendants(first.pid)
    assert first.end(signal.SIGTERM) == 0  # 1 when something had to be killed after 20 s
    wait_until_gone(below)
    assert first.seen[-1] == "up        | ended"

    again = up(data, port)
    again.line_with("ready:")
    assert accounts_in(again) == shown
    below = descendants(again.pid)
    again.end(signal.SIGKILL)
    wait_until_gone(below)


@pytest.mark.slow
def test_a_program_that_dies_is_started_again(up: Up, tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    running = up(data, port, "--no-demo")
    running.line_with("ready:")
    keeper = next(p for p in descendants(running.pid) if runs(p, b"keeper.py", b"\0web\0"))
    (web,) = children_of(keeper)
    os.kill(web, signal.SIGKILL)

    running.line_with("web ended with status 137; starting it again in 0.5 s")
    until_answered(port)
    assert not (data / "demo.json").exists()
    assert running.end(signal.SIGINT) == 0


def test_a_taken_port_is_told_before_anything_starts(up: Up, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        running = up(tmp_path / "data", port)

        assert running.wait() == 1
        assert running.seen == [
            f"Error: port {port} is taken by another program: choose another one with --port"
        ]
    assert not (tmp_path / "data" / "lantoa.sqlite3").exists()


@pytest.mark.services
def test_a_directory_that_became_read_only_is_told_in_one_line(up: Up, tmp_path: Path) -> None:
    """As after a disk's fault, on which Linux mounts it again for reading only."""
    data = tmp_path / "data"
    with small_disk(data) as disk:
        load({}, data=data)  # an installation has its secret
        remount = ["mount", "-o", "remount,ro", str(disk.folder)]
        subprocess.run(remount, check=True)
        running = up(data, free_port())

        assert running.wait() == 1
        told = f"Error: cannot write in {data}: Read-only file system. Make it writable for the "
        told += "account that runs Lan Tỏa, free some space, or give another --data directory."
        assert running.seen == [told]


def runs(pid: int, *words: bytes) -> bool:
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    return all(word in command for word in words)


def children_of(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def until_answered(port: int) -> None:
    """Until the web listens again: each refused connection is an answer at once."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if status_of(port, "/healthz") == 200:
                return
        except OSError:
            continue
    raise AssertionError("the web did not come back")
