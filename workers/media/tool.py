"""What both orchestrations share: the limits of a run, and what a failed one means."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

from workers.media.errors import MediaToolFailed, Refused
from workers.media.facts import MediaFacts, MediaLimits
from workers.media.run import Done, Job
from workers.media.sandbox import Caps

# Said of a source only; "Conversion failed" follows on any failure, a lack of memory included.
_BROKEN_SOURCE = (
    "Invalid data found",
    "moov atom not found",
    "Error while decoding",
    "Nothing was written",
    "does not contain any stream",
    "Cannot determine format of input",
    "contains (near) NaN",
    "partial file",
)
_NO_MEMORY = ("Cannot allocate memory", "Out of memory")
_TOO_MANY_ERRORS = 69  # the exit status for `-max_error_rate`
_LIMIT_SIGNALS = (signal.SIGXCPU, signal.SIGXFSZ)


def caps_for(facts: MediaFacts, limits: MediaLimits) -> Caps:
    """CPU by the clip's length (twice the wall limit on two cores), files by its size."""
    wall = limits.wall_seconds(facts.duration_s)
    largest = max(2 * facts.bytes, 64 * 1024 * 1024) + int(facts.duration_s * 1_500_000)
    return Caps(limits.memory_bytes, largest, int(2 * wall))


def job_for(
    argv: Sequence[str],
    reads: Sequence[Path],
    folder: Path,
    facts: MediaFacts,
    limits: MediaLimits,
) -> Job:
    """A run that makes something in ``folder`` from the clip that ``facts`` describe."""
    return Job(
        argv=argv,
        folder=folder,
        reads=reads,
        caps=caps_for(facts, limits),
        wall=limits.wall_seconds(facts.duration_s),
        stall=limits.stall_seconds,
        duration=facts.duration_s,
    )


def explain(done: Done) -> Exception:
    """The source's fault when the tool says so; else the tool's."""
    words = done.stderr.strip()[-400:]
    if any(sign in done.stderr for sign in _NO_MEMORY):
        return MediaToolFailed("tool_crashed", words)
    if done.status == _TOO_MANY_ERRORS:
        return Refused("unreadable", f"too much of it can not be decoded: {words}")
    if done.status > 0 and any(sign in done.stderr for sign in _BROKEN_SOURCE):
        return Refused("unreadable", words)
    if -done.status in _LIMIT_SIGNALS:
        return MediaToolFailed("tool_timeout", f"signal {-done.status}: over a limit")
    return MediaToolFailed("tool_crashed", f"exit {done.status}: {words}")
