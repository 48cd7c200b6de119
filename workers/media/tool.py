"""What both orchestrations share: the limits of a run, and what a failed one means."""

from __future__ import annotations

import signal

from workers.media.errors import MediaToolFailed, Refused
from workers.media.facts import MediaFacts, MediaLimits
from workers.media.run import Done
from workers.media.sandbox import Caps

_BROKEN_SOURCE = (
    "Invalid data found",
    "moov atom not found",
    "Error while decoding",
    "Conversion failed",
    "Nothing was written",
    "Output file #0 does not contain any stream",
    "partial file",
)
_LIMIT_SIGNALS = (signal.SIGXCPU, signal.SIGXFSZ)


def caps_for(facts: MediaFacts, limits: MediaLimits) -> Caps:
    """CPU by the clip's length (twice the wall limit on two cores), files by its size."""
    wall = limits.wall_seconds(facts.duration_s)
    largest = max(2 * facts.bytes, 64 * 1024 * 1024) + int(facts.duration_s * 1_500_000)
    return Caps(limits.memory_bytes, largest, int(2 * wall))


def explain(done: Done) -> Exception:
    """The source's fault when the tool says so; else the tool's."""
    words = done.stderr.strip()[-400:]
    if done.status > 0 and any(sign in words for sign in _BROKEN_SOURCE):
        return Refused("unreadable", words)
    if -done.status in _LIMIT_SIGNALS:
        return MediaToolFailed("tool_timeout", f"signal {-done.status}: over a limit")
    return MediaToolFailed("tool_crashed", f"exit {done.status}: {words}")
