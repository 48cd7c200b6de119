"""The one function that runs ffmpeg and ffprobe: :func:`run`."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.media.errors import MediaToolFailed
from workers.media.sandbox import Caps, Sandbox

KEPT_STDERR = 16 * 1024
MAX_STDOUT = 4 * 1024 * 1024
# Each thread's own arena of the C library reserves 64 MiB of the address space that is limited.
ENVIRONMENT = {"MALLOC_ARENA_MAX": "2"}
TICK = 0.5  # seconds between looks at the clock
# ffmpeg 5 and 7; the tool's own counting (`-max_error_rate`) counts nothing in 7.1.
_UNDECODABLE = (b"Error while decoding stream", b"Error submitting packet to decoder")
_NO_SPACE = ("No space left on device", "ENOSPC")
_FATAL_SIGNALS = frozenset(
    {
        signal.SIGILL,
        signal.SIGABRT,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGKILL,
        signal.SIGSEGV,
        signal.SIGXCPU,
        signal.SIGXFSZ,
        signal.SIGSYS,
    }
)


@dataclass(frozen=True, slots=True)
class Job:
    """One run of the tool. ``duration``: seconds of output expected, for the progress (None for
    ffprobe: then stdout is its answer); ``wall`` and ``stall``: seconds."""

    argv: Sequence[str]
    folder: Path
    reads: Sequence[Path]
    caps: Caps
    wall: float
    stall: float
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """How the tool ended: its exit status (negative: a signal), its answer, its last words, and
    how many packets of the source it could not decode."""

    status: int
    stdout: bytes
    stderr: str
    undecodable: int = 0


def no_progress(fraction: float) -> None:
    """For runs whose progress nobody follows."""


def run(job: Job, sandbox: Sandbox, progress: Callable[[float], None] = no_progress) -> Done:
    """Run the tool to its end.

    ``progress`` gets 0..1 at least every second; what it raises stops the tool and goes on up.
    Raises :class:`MediaToolFailed` for a time-out, a stall or a full disk; any exit status of the
    tool itself is the caller's to judge.
    """
    argv = sandbox.wrap(job.argv, folder=job.folder, reads=job.reads, caps=job.caps)
    process = subprocess.Popen(
        argv,
        cwd=job.folder,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        done = _follow(process, job, progress)
    finally:
        # Also after a clean end: what the tool left running in its group goes with it.
        _kill_group(process)
    # Whatever the status: the tool may end well after it could not write its last bytes.
    if any(word in done.stderr for word in _NO_SPACE):
        raise MediaToolFailed("no_space", done.stderr[-300:])
    return done


def _status(code: int) -> int:
    """Negative for a signal, also where the cage reports its tool's signal as 128 more."""
    return 128 - code if code - 128 in _FATAL_SIGNALS else code


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End whatever is left of the tool's group, and take its status."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _follow(process: subprocess.Popen[bytes], job: Job, progress: Callable[[float], None]) -> Done:
    watch = _Watch(job)
    with selectors.DefaultSelector() as selector:
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(TICK)
            for key, _ in ready:
                is_error = key.fileobj is process.stderr
                if not _drain(key.fd, watch, is_error=is_error):
                    selector.unregister(key.fileobj)
            if not ready and _has_ended(process):
                break  # something that it left running holds its pipes
            watch.check()
            progress(watch.fraction)
    while not _has_ended(process):  # closed its pipes, and still runs
        time.sleep(TICK / 50)
        watch.check()
        progress(watch.fraction)
    _kill_group(process)
    status = _status(process.returncode)
    words = watch.stderr.decode(errors="replace")
    return Done(status, bytes(watch.stdout), words, watch.undecodable)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Without taking its exit status: until then its number names no other group."""
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, options) is not None


def _drain(descriptor: int, watch: _Watch, *, is_error: bool) -> bool:
    data = os.read(descriptor, 65536)
    if is_error:
        watch.take_error(data)
    else:
        watch.take_output(data)
    return bool(data)


class _Watch:
    """Clock and memory of one run."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._begun = self._moved = time.monotonic()
        self._line = self._words = b""
        self._last: dict[bytes, bytes] = {}
        self.fraction = 0.0
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.undecodable = 0

    def take_error(self, data: bytes) -> None:
        self.stderr += data
        del self.stderr[:-KEPT_STDERR]
        *lines, self._words = (self._words + data).split(b"\n")
        self._words = self._words[-1000:]
        self.undecodable += sum(any(w in line for w in _UNDECODABLE) for line in lines)

    def take_output(self, data: bytes) -> None:
        if self._job.duration is None:
            if data:
                self._moved = time.monotonic()
            self.stdout += data
            if len(self.stdout) > MAX_STDOUT:
                raise MediaToolFailed("tool_crashed", "the answer has no end")
            return
        *lines, self._line = (self._line + data).split(b"\n")
        del lines[:-200]
        self._line = self._line[-200:]
        for line in lines:
            self._take_progress(line)

    def _take_progress(self, line: bytes) -> None:
        """`-progress` prints key=value lines; a frame or a byte more is a sign of life."""
        name, _, value = line.partition(b"=")
        if name in (b"total_size", b"frame") and value != self._last.get(name):
            self._last[name], self._moved = value, time.monotonic()
        if name == b"out_time_us" and value.strip().isdigit() and self._job.duration:
            seconds = int(value) / 1e6
            self.fraction = max(self.fraction, min(1.0, seconds / self._job.duration))

    def check(self) -> None:
        now = time.monotonic()
        if now - self._begun > self._job.wall:
            raise MediaToolFailed("tool_timeout", f"over {self._job.wall:.0f} s")
        if now - self._moved > self._job.stall:
            raise MediaToolFailed("tool_stalled", f"no sign of life for {self._job.stall:.0f} s")
