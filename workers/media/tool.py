"""What both orchestrations share: the limits of a run, and what a failed one means."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.media.errors import MediaToolFailed, Refused
from workers.media.facts import MediaFacts, MediaLimits
from workers.media.run import Done, Job, no_progress, run
from workers.media.sandbox import Caps, Sandbox

# Said of a source only; "Conversion failed" follows on any failure, a lack of memory included.
_BROKEN_SOURCE = (
    "Invalid data found",
    "moov atom not found",
    "Error while decoding",
    "Nothing was written",
    "does not contain any stream",
    "Cannot determine format of input",
    "partial file",
)
# The AAC encoder, of samples that are no numbers or far beyond all loudness.
_BROKEN_SOUND = "contains (near) NaN"
_NO_MEMORY = ("Cannot allocate memory", "Out of memory")
_TOO_MANY_ERRORS = 69  # the exit status for `-max_error_rate`
# What stands before the tool says so when that can not be started.
_NO_TOOL = (
    "bwrap: execvp",
    *(f"{name}: failed to execute" for name in ("prlimit", "setpriv", "unshare")),
)
PROBE_SECONDS = 30.0
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


@dataclass(frozen=True, slots=True)
class Bench:
    """Where one source is worked on: what is made stands in the folder ``out``."""

    source: Path
    out: Path
    limits: MediaLimits
    sandbox: Sandbox
    progress: Callable[[float], None] = no_progress

    def run(
        self,
        argv: Sequence[str],
        facts: MediaFacts,
        progress: Callable[[float], None] | None = None,
    ) -> Done:
        """Run the tool to its end, well or not. Without ``progress`` it only says that it lives."""
        job = job_for(argv, (self.source,), self.out, facts, self.limits)
        return run(job, self.sandbox, progress or (lambda _: self.progress(1.0)))

    def make(
        self,
        argv: Sequence[str],
        facts: MediaFacts,
        progress: Callable[[float], None] | None = None,
    ) -> Done:
        """As :meth:`run`; raises what :func:`explain` says of a bad end."""
        done = self.run(argv, facts, progress)
        if done.status != 0:
            raise explain(done)
        return done


def explain(done: Done) -> Exception:
    """The source's fault when the tool says so; else the tool's."""
    words = done.stderr.strip()[-400:]
    if any(sign in done.stderr for sign in _NO_MEMORY):
        return MediaToolFailed("tool_crashed", words)
    if done.status == _TOO_MANY_ERRORS:
        return Refused("unreadable", f"too much of it can not be decoded: {words}")
    if done.status > 0 and _BROKEN_SOUND in done.stderr:
        return Refused("sound_broken", words)
    if done.status > 0 and any(sign in done.stderr for sign in _BROKEN_SOURCE):
        return Refused("unreadable", words)
    if -done.status in _LIMIT_SIGNALS:
        return MediaToolFailed("tool_timeout", f"signal {-done.status}: over a limit")
    return MediaToolFailed("tool_crashed", f"exit {done.status}: {words}")


def ask(argv: Sequence[str], source: Path, limits: MediaLimits, sandbox: Sandbox) -> bytes:
    """ffprobe's answer; raises :class:`Refused` for a source that it can not read."""
    return asked(argv, source, limits, sandbox).stdout


def asked(argv: Sequence[str], source: Path, limits: MediaLimits, sandbox: Sandbox) -> Done:
    """As :func:`ask`, with what the tool complained of."""
    job = Job(
        argv=argv,
        folder=source.parent,
        reads=(source,),
        caps=Caps(limits.memory_bytes, 1 << 20, int(PROBE_SECONDS)),
        wall=PROBE_SECONDS,
        stall=PROBE_SECONDS,
    )
    done = run(job, sandbox)
    words = done.stderr[-300:].strip()
    if "max_streams" in words:
        raise Refused("too_many_streams", words)
    if done.status < 0:
        raise MediaToolFailed("tool_crashed", f"signal {-done.status}: {words}")
    if done.status > 0 and words.startswith(_NO_TOOL):
        raise MediaToolFailed("tool_crashed", words)
    if done.status > 0:
        raise Refused("unreadable", words)
    return done
