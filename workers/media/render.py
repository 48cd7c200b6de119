"""`ladder`: every rung as CMAF HLS from one decode, and one progressive MP4."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from workers.media import commands, hls, ladder, outputs
from workers.media.boxes import wipe_names
from workers.media.errors import MediaToolFailed, Refused
from workers.media.facts import MediaFacts, MediaLimits, OutputFile, Rendered, Rendition
from workers.media.hls import Track, Variant
from workers.media.ladder import Rung
from workers.media.run import Done, no_progress, run
from workers.media.sandbox import Sandbox
from workers.media.tool import explain, job_for

HLS = "hls"
MASTER = f"{HLS}/master.m3u8"
AUDIO = "audio"
# Of two frames at the lowest rate: the picture ends on a frame, not on a time.
TOLERANCE_S = 0.4
# More of the source's pictures than this part can not be decoded: it is broken, not blemished.
MAX_ERROR_RATE = 0.1


def render_ladder(
    source: Path,
    out: Path,
    *,
    facts: MediaFacts,
    limits: MediaLimits,
    sandbox: Sandbox,
    progress: Callable[[float], None] = no_progress,
) -> Rendered:
    """Make the whole ladder of ``source`` in the folder ``out``; raises as `examine` does."""
    rungs = ladder.rungs_for(facts.short_side)
    (out / HLS).mkdir(exist_ok=True)
    (out / "mp4").mkdir(exist_ok=True)
    argv = commands.render(source, facts, limits, rungs, HLS)
    done = _run(argv, (source,), out, facts, limits, sandbox, lambda f: progress(0.95 * f))
    _check_readable(done, facts)
    for path in (out / HLS).glob("*.mp4"):
        wipe_names(path)
    tracks = {r.name: hls.measure(out / HLS, r.name) for r in rungs}
    audio = None if facts.silent else hls.measure(out / HLS, AUDIO)
    _check_whole(tracks[rungs[0].name], facts)
    _write_master(out / MASTER, facts, rungs, tracks, audio)
    mp4 = _progressive(out, facts, limits, sandbox, rungs)
    progress(1.0)
    return _collect(out, facts, rungs, audio, mp4)


def _run(
    argv: Sequence[str],
    reads: Sequence[Path],
    out: Path,
    facts: MediaFacts,
    limits: MediaLimits,
    sandbox: Sandbox,
    progress: Callable[[float], None],
) -> Done:
    done = run(job_for(argv, reads, out, facts, limits), sandbox, progress)
    if done.status != 0:
        raise explain(done)
    return done


def _check_readable(done: Done, facts: MediaFacts) -> None:
    """The tool goes on where it can not decode, and holds the last picture meanwhile."""
    if done.undecodable > MAX_ERROR_RATE * float(facts.rate) * facts.duration_s:
        words = done.stderr.strip()[-300:]
        raise Refused("unreadable", f"{done.undecodable} packets can not be decoded: {words}")


def _check_whole(track: Track, facts: MediaFacts) -> None:
    """Every rung comes from one decode: what one lacks, the source lacks."""
    lacking = facts.duration_s - track.duration
    if lacking > max(TOLERANCE_S, 0.02 * facts.duration_s):
        detail = f"only {track.duration:.2f} s of {facts.duration_s:.2f} s can be decoded"
        raise Refused("truncated", detail)
    if -lacking > max(2 * TOLERANCE_S, 0.05 * facts.duration_s):
        raise MediaToolFailed("bad_output", f"{-lacking:.2f} s longer than the source")


def _write_master(
    path: Path,
    facts: MediaFacts,
    rungs: Sequence[Rung],
    tracks: dict[str, Track],
    audio: Track | None,
) -> None:
    rate = float(ladder.rate_for(facts))
    variants = [Variant(tracks[r.name], *ladder.size_for(facts, r.side), rate) for r in rungs]
    path.write_text(hls.master(variants, audio))


def _progressive(
    out: Path,
    facts: MediaFacts,
    limits: MediaLimits,
    sandbox: Sandbox,
    rungs: tuple[Rung, ...],
) -> Rung:
    """A copy of a rung and the sound into one file; the rung it is of."""
    rung = ladder.progressive_rung(rungs)
    video = f"{HLS}/{rung.name}.mp4"
    sound = None if facts.silent else f"{HLS}/{AUDIO}.mp4"
    argv = commands.progressive(video, sound, f"mp4/{rung.name}.mp4")
    _run(argv, (), out, facts, limits, sandbox, no_progress)
    return rung


def _collect(
    out: Path, facts: MediaFacts, rungs: Sequence[Rung], audio: Track | None, mp4: Rung
) -> Rendered:
    names = [r.name for r in rungs] + ([AUDIO] if audio else [])
    whats = [MASTER] + [f"{HLS}/{n}{ending}" for n in names for ending in (".m3u8", ".mp4")]
    files = outputs.collect(out, whats)
    single = outputs.measure(out, f"mp4/{mp4.name}.mp4")
    largest = max(rungs, key=lambda r: r.side)
    return Rendered(
        files=(*files, single),
        renditions=(
            _rendition("hls", files[0], ladder.size_for(facts, largest.side), files),
            _rendition("mp4", single, ladder.size_for(facts, mp4.side), (single,)),
        ),
    )


def _rendition(
    kind: str, entry: OutputFile, size: tuple[int, int], files: Sequence[OutputFile]
) -> Rendition:
    total = sum(f.bytes for f in files)
    return Rendition(kind, entry.what, size[0], size[1], total, entry.sha256, entry.mime)
