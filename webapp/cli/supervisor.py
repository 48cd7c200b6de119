"""Starts programs, keeps them running, collects what they print, and ends them all.

One thread, on purpose: the kernel's "parent died" signal follows the thread that started a child.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from logging import Formatter, LogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import NoReturn

KEEPER = Path(__file__).with_name("keeper.py")
GRACE = 17.0  # seconds from SIGTERM to SIGKILL: above what the web gives its requests
BACK_OFF = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before the 1st, 2nd, ... restart
STEADY = 60.0  # seconds: who ran for so long starts again without waiting
GIVE_UP = 3  # failures of one program before everything was ready for the first time
LOG_BYTES, LOG_FILES = 5_000_000, 3
LONGEST_LINE = 100_000  # bytes

Say = Callable[[str], None]
Echo = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Program:
    """``name`` stands before its lines and names its log file; ``argv[0]`` is a full path."""

    name: str
    argv: Sequence[str]


class _Log(RotatingFileHandler):
    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
        self.setFormatter(Formatter("%(message)s"))

    def write(self, line: str) -> None:
        self.emit(LogRecord("", 0, "", 0, line, None, None))

    def handleError(self, record: LogRecord) -> None:  # noqa: N802 - logging's own name
        """A full disk must not end the programs that could make room."""


@dataclass(slots=True)
class _Child:
    program: Program
    log: _Log
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=12))
    process: subprocess.Popen[bytes] | None = None
    rest: bytes = b""
    started: float = 0.0
    failures: int = 0
    start_at: float | None = None  # monotonic; None: not waiting for a start


class Failed(Exception):
    """A program could not be started; ``tail``: the last lines that it printed."""

    def __init__(self, name: str, status: int, tail: Sequence[str]) -> None:
        super().__init__(f"{name} ended {GIVE_UP} times at the start, last with status {status}")
        self.tail = list(tail)


class Supervisor:
    """``say``: what the operator should read; ``echo(name, line)``: every line of a program."""

    def __init__(self, logs: Path, lock: int, *, say: Say, echo: Echo) -> None:
        self.logs, self.lock, self.say, self.echo = logs, lock, say, echo
        self.children: list[_Child] = []
        self.selector = selectors.DefaultSelector()
        self.ready = False
        self.stopping = False
        self.endings: list[int] = []
        self._wake_us_on_signals()

    def _wake_us_on_signals(self) -> None:
        reader, self._writer = socket.socketpair()
        for end in (reader, self._writer):
            end.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self.selector.register(reader, selectors.EVENT_READ, None)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._note_ending)

    def _note_ending(self, number: int, _frame: object) -> None:
        self.endings.append(number)  # acted upon in `step`: nothing is half done there

    def _obey(self) -> None:
        while self.endings:
            name = signal.Signals(self.endings.pop(0)).name
            self.say("ending at once" if self.stopping else f"ending ({name})")
            self.stopping = True
            self._tell_all()

    def _tell_all(self) -> None:
        for child in self.children:
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()

    def add(self, program: Program) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        child = _Child(program, _Log(self.logs / f"{program.name}.log"))
        self.children.append(child)
        self._start(child)

    def _start(self, child: _Child) -> None:
        keeper = [sys.executable, "-I", "-S", str(KEEPER)]
        process = subprocess.Popen(
            [*keeper, str(os.getpid()), str(self.lock), str(GRACE), *child.program.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(self.lock,),
            process_group=0,  # Ctrl-C in the terminal is for us; we pass it on in order
        )
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        self.selector.register(process.stdout, selectors.EVENT_READ, child)
        child.process, child.started, child.start_at = process, time.monotonic(), None

    def step(self, seconds: float) -> None:
        """Wait for at most ``seconds`` for something to happen, and see to it."""
        for key, _ in self.selector.select(min(seconds, self._until_next_start())):
            if key.data is None:
                _drain(key.fileobj)
            else:
                self._read(key.data)
        self._obey()
        for child in self.children:
            self._look_after(child)

    def _until_next_start(self) -> float:
        waiting = [c.start_at for c in self.children if c.start_at is not None]
        if self.stopping or not waiting:
            return float("inf")
        return max(0.0, min(waiting) - time.monotonic())

    def _read(self, child: _Child) -> bool:
        """Take what was printed; False when there is no more of it now."""
        if child.process is None or child.process.stdout is None:
            return False
        data = child.process.stdout.read(65536)
        *lines, child.rest = (child.rest + (data or b"")).split(b"\n")
        if data == b"":
            self._close_pipe(child)
        if child.rest and (data == b"" or len(child.rest) > LONGEST_LINE):
            lines, child.rest = [*lines, child.rest], b""
        for line in lines:
            self._keep_line(child, line.decode("utf-8", "replace").rstrip())
        return bool(data)

    def _close_pipe(self, child: _Child) -> None:
        if child.process is not None and child.process.stdout is not None:
            self.selector.unregister(child.process.stdout)
            child.process.stdout.close()
            child.process.stdout = None

    def _keep_line(self, child: _Child, line: str) -> None:
        child.tail.append(line)
        child.log.write(line)
        self.echo(child.program.name, line)

    def _look_after(self, child: _Child) -> None:
        if child.process is not None:
            status = child.process.poll()
            if status is not None:
                self._ended(child, status)
        elif child.start_at is not None and not self.stopping and _is_past(child.start_at):
            self._start(child)

    def _ended(self, child: _Child, status: int) -> None:
        while self._read(child):
            pass
        self._close_pipe(child)
        child.process = None
        if self.stopping:
            return
        if time.monotonic() - child.started > STEADY:
            child.failures = 0
        wait = BACK_OFF[min(child.failures, len(BACK_OFF) - 1)]
        child.failures += 1
        if not self.ready and child.failures >= GIVE_UP:
            raise Failed(child.program.name, status, child.tail)
        child.start_at = time.monotonic() + wait
        self.say(f"{child.program.name} ended with status {status}; starting it again in {wait} s")

    def stop(self) -> bool:
        """End everything; False when something had to be killed."""
        if not self.stopping:
            self.stopping = True
            self._tell_all()
        deadline = time.monotonic() + GRACE + 2
        clean = True
        while any(c.process is not None for c in self.children):
            running = [c for c in self.children if c.process is not None]
            if time.monotonic() > deadline:
                _kill(running)
                clean = False
            self.step(0.5)
        for child in self.children:
            child.log.close()
        return clean


def _is_past(moment: float) -> bool:
    return time.monotonic() >= moment


def _kill(children: Sequence[_Child]) -> None:
    for child in children:
        if child.process is not None:
            child.process.kill()


def _drain(fileobj: object) -> None:
    assert isinstance(fileobj, socket.socket)
    try:
        while fileobj.recv(4096):
            pass
    except BlockingIOError:
        return


def replace_by(argv: Sequence[str]) -> NoReturn:
    """Become another program: a service manager then watches the real one."""
    sys.stdout.flush()
    os.execv(argv[0], list(argv))  # noqa: S606 - an argument list of ours, no shell wanted
