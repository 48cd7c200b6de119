"""Real processes: started here, ended here, looked for by their pids."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from pathlib import Path

PATIENCE = 60.0  # seconds; only ever reached by a failing test


class Running:
    """A started program whose output is read line by line."""

    def __init__(self, argv: list[str], env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            env=env,
        )
        self.pid = self.process.pid
        self.seen: list[str] = []
        self._rest = b""

    def line_with(self, text: str, patience: float = PATIENCE) -> str:
        """The next line that contains ``text``."""
        deadline = time.monotonic() + patience
        while (line := self._line(deadline)) is not None:
            self.seen.append(line)
            if text in line:
                return line
        raise AssertionError(f"no line with {text!r} in:\n" + "\n".join(self.seen))

    def _line(self, deadline: float) -> str | None:
        assert self.process.stdout is not None
        descriptor = self.process.stdout.fileno()
        while b"\n" not in self._rest:
            wait = deadline - time.monotonic()
            if wait <= 0 or not select.select([descriptor], [], [], wait)[0]:
                return None
            data = os.read(descriptor, 65536)
            if not data:
                return None
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Signal it and read on until it is gone; its exit status."""
        self.process.send_signal(number)
        return self.wait()

    def close(self) -> None:
        """Nothing more is read from it."""
        assert self.process.stdout is not None
        self.process.stdout.close()

    def wait(self) -> int:
        while (line := self._line(time.monotonic() + PATIENCE)) is not None:
            self.seen.append(line)
        return self.process.wait(PATIENCE)


def descendants(pid: int) -> set[int]:
    """All processes below ``pid``, now."""
    found: set[int] = set()
    for child in _children(pid):
        found |= {child, *descendants(child)}
    return found


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(c) for t in tasks for c in (t / "children").read_text().split()]
    except FileNotFoundError:
        return []


def is_gone(pid: int) -> bool:
    """Ended; a zombie counts as ended."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until_gone(pids: set[int]) -> None:
    """Returns when the last one has ended: a pidfd becomes readable then."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            ready, _, _ = select.select([descriptor], [], [], PATIENCE)
        finally:
            os.close(descriptor)
        assert ready, f"process {pid} still runs: {Path(f'/proc/{pid}/cmdline').read_bytes()!r}"


def clean_environment(home: Path) -> dict[str, str]:
    """Ours without any setting of Lan Tỏa, and with a home of its own."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("LANTOA_")}
    return {**ours, "HOME": str(home)}
