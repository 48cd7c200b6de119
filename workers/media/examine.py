"""`examine`: facts, a preview that a reviewer can watch at once, and a poster."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from workers.media import commands, ladder, outputs
from workers.media.boxes import wipe_names
from workers.media.errors import MediaToolFailed, Refused
from workers.media.facts import Examined, MediaFacts, MediaLimits
from workers.media.probe import TOLERANCE_S, probe
from workers.media.run import Done, no_progress, run
from workers.media.sandbox import Sandbox
from workers.media.tool import explain, job_for

PROXY = "proxy.mp4"
POSTER = "poster.jpg"


def examine(
    source: Path,
    out: Path,
    *,
    limits: MediaLimits,
    sandbox: Sandbox,
    progress: Callable[[float], None] = no_progress,
) -> Examined:
    """Look at ``source`` and make ``proxy.mp4`` and ``poster.jpg`` in the folder ``out``.

    Raises :class:`Refused` for a source that can not become a clip, :class:`MediaToolFailed` when
    the tool failed, and whatever ``progress`` raises.
    """
    facts = probe(source, limits=limits, sandbox=sandbox)
    argv = commands.preview(source, facts, limits, PROXY)
    job = job_for(argv, (source,), out, facts, limits)
    done = run(job, sandbox, progress)
    if done.status != 0:
        raise explain(done)
    made = _check_whole(out / PROXY, facts, limits, sandbox, done)
    wipe_names(out / PROXY)
    _make_poster(((source, facts), (out / PROXY, made)), out, limits, sandbox, progress)
    files = outputs.collect(out, [PROXY, POSTER])
    return Examined(facts, files, remuxed=ladder.browsers_play(facts))


def _make_poster(
    sources: Iterable[tuple[Path, MediaFacts]],
    out: Path,
    limits: MediaLimits,
    sandbox: Sandbox,
    progress: Callable[[float], None],
) -> None:
    """From the first that shows a picture where one jumps to: a stream without an index may show
    none, the preview always does. Whether there is one is the caller's to check."""
    for source, facts in sources:
        argv = commands.poster(source, facts, limits, POSTER)
        done = run(job_for(argv, (source,), out, facts, limits), sandbox, lambda _: progress(1.0))
        if done.status == 0 and (out / POSTER).is_file():
            return


def _check_whole(
    proxy: Path, facts: MediaFacts, limits: MediaLimits, sandbox: Sandbox, done: Done
) -> MediaFacts:
    """The preview shows the whole clip, or the source breaks off before its end."""
    try:
        made = probe(proxy, limits=_own(limits), sandbox=sandbox)
    except Refused as error:
        raise Refused("unreadable", f"{error.detail} {done.stderr[-200:]}") from error
    if made.duration_s < facts.duration_s - max(TOLERANCE_S, 0.02 * facts.duration_s):
        detail = f"only {made.duration_s:.2f} s of {facts.duration_s:.2f} s can be read"
        raise Refused("truncated", detail)
    if made.silent and not facts.silent:
        raise MediaToolFailed("bad_output", "the preview has no sound")
    return made


def _own(limits: MediaLimits) -> MediaLimits:
    """What we made ourselves may be short and small."""
    return MediaLimits(
        max_seconds=limits.max_seconds + 10,
        max_bytes=2 * limits.max_bytes,
        min_seconds=0.0,
        min_side=2,
        memory_bytes=limits.memory_bytes,
    )
