"""The one function that runs ffmpeg and ffprobe: :func:`run`."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.media.errors import MediaToolFailed
from workers.media.sandbox import Caps, Sandbox

KEPT_STDERR = 16 * 1024
MAX_STDOUT = 4 * 1024 * 1024
# Ends the tool and all that it started when the worker is gone; it also sets the environment.
LAUNCHER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("launcher.py")))
FILES_AT_ONCE = 2  # of the largest size: the ladder's files together stay far below that
FREELY = 64 * 1024 * 1024  # bytes that nobody asks about
ENDING = 10.0  # seconds that what was killed has to be gone
TICK = 0.5  # seconds between looks at the clock
LOOK = 1.0  # seconds between looks at what was written
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
    with _started(argv, job.folder) as process:
        done = _follow(process, job, progress)
    # Whatever the status: the tool may end well after it could not write its last bytes.
    if any(word in done.stderr for word in _NO_SPACE):
        raise MediaToolFailed("no_space", done.stderr[-300:])
    return done


def _status(code: int) -> int:
    """Negative for a signal, also where the cage reports its tool's signal as 128 more."""
    return 128 - code if code - 128 in _FATAL_SIGNALS else code


@contextlib.contextmanager
def _started(argv: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The tool, while it runs: whatever happens, all of it is gone afterwards."""
    ours, lifeline = os.pipe()
    try:
        process = subprocess.Popen(
            [*LAUNCHER, str(ours), *argv],
            cwd=folder,
            env={},
            pass_fds=(ours,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except BaseException:
        os.close(lifeline)
        raise
    finally:
        os.close(ours)
    try:
        yield process
    finally:
        os.close(lifeline)
        _wait_for_end(process)


def _wait_for_end(process: subprocess.Popen[bytes]) -> None:
    """The launcher ends whatever is left, then itself."""
    try:
        process.wait(ENDING)
    except subprocess.TimeoutExpired:  # stopped by the tool, or the tool can not die
        process.kill()
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
            if not ready and process.poll() is not None:
                break  # something that can not die holds its pipes
            watch.check()
            progress(watch.fraction)
    while process.poll() is None:  # closed its pipes, and still runs
        time.sleep(TICK / 50)
        watch.check()
        progress(watch.fraction)
    status = _status(process.returncode)
    words = watch.stderr.decode(errors="replace")
    return Done(status, bytes(watch.stdout), words, watch.undecodable)


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
        self._begun = self._moved = self._looked = time.monotonic()
        self._written = written(job.folder)
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
        if now - self._looked > LOOK:
            self._looked = now
            self._check_written()

    def _check_written(self) -> None:
        """The kernel limits each file, but not how many there are."""
        more = written(self._job.folder) - self._written
        if more > max(FREELY, FILES_AT_ONCE * self._job.caps.file_bytes):
            raise MediaToolFailed("tool_crashed", f"{more} bytes are written, and no end")


def written(folder: Path) -> int:
    """Bytes of all files below ``folder``, while they come and go."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(place, name).lstat().st_blocks * 512
    return total
