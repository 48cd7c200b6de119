"""Servers that are other people's programs: started, waited for, and ended by the test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path


def start(
    argv: list[str], *, log: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """The program, in a session of its own, so that all of it can be ended."""
    with log.open("ab") as out:
        return subprocess.Popen(
            argv, env=env, cwd=log.parent, stdout=out, stderr=out, start_new_session=True
        )


@contextmanager
def running(
    argv: list[str], *, log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The program until the end of the block."""
    process = start(argv, log=log, env=env)
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> None:
    """End the program with all its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
    process.wait(60)


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until somebody listens there; the log when the program ended instead."""
    for _ in range(600):
        assert process.poll() is None, log.read_text(errors="replace")[-3000:]
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"nobody listens on {port}: {log.read_text(errors='replace')[-3000:]}")


def wait_for_silence(port: int) -> None:
    """Until nobody listens there: a killed program's children may need a moment to die."""
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return
        time.sleep(0.1)
    raise AssertionError(f"somebody still listens on {port}")
