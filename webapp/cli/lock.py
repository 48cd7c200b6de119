"""One ``lantoa up`` for each data directory."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

PATIENCE = 25.0  # seconds for the programs of a killed `up` to end


class InUse(Exception):
    """Another ``up`` works on this data directory."""


def take(path: Path) -> int:
    """Lock ``path`` and write our pid into it; the open descriptor, which is the lock.

    Waits while the holder named in the file is dead: its programs are ending just now.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + PATIENCE
    while not _try(descriptor):
        holder = _holder(descriptor)
        if _alive(holder) or time.monotonic() > deadline:
            os.close(descriptor)
            raise InUse(
                f"another `lantoa up` (process {holder or 'unknown'}) works on {path.parent}. "
                "End that one first, or give this one another --data directory."
            )
        time.sleep(0.2)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def note_address(descriptor: int, url: str) -> None:
    """Write down where the web answers, for commands on the same machine."""
    os.pwrite(descriptor, f"{os.getpid()}\n{url}\n".encode(), 0)


def running_address(path: Path) -> str | None:
    """Where the ``up`` that holds this lock answers, or None when none runs."""
    try:
        pid, url, *_ = path.read_text("utf-8").split("\n")
    except (FileNotFoundError, ValueError):
        return None
    return url if url and pid.isdigit() and _alive(int(pid)) else None


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> int:
    first = os.pread(descriptor, 20, 0).split(b"\n")[0]
    return int(first) if first.isdigit() else 0


def _alive(pid: int) -> bool:
    return pid > 0 and Path(f"/proc/{pid}").exists()
