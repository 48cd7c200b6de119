"""`ladder`: every rung as CMAF HLS from one decode, single files, signals and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from workers.media import card as cards
from workers.media import (
    commands,
    copying,
    hashes,
    hls,
    ladder,
    outputs,
    pictures,
    posters,
    signals,
)
from workers.media.boxes import wipe_names
from workers.media.commands import SAMPLES, SIGNALS, Plan
from workers.media.errors import MediaToolFailed, Refused
from workers.media.facts import MediaFacts, MediaLimits, OutputFile, Rendered, Rendition
from workers.media.hashes import FrameHash
from workers.media.hls import Track, Variant
from workers.media.ladder import Rung
from workers.media.pictures import Samples
from workers.media.posters import POSTERS
from workers.media.run import Done, no_progress
from workers.media.sandbox import Sandbox
from workers.media.sound import SoundPlan
from workers.media.tool import Bench, ask
from workers.media.worth import adds_something

HLS = "hls"
MASTER = f"{HLS}/master.m3u8"
SPRITE, SPRITE_INDEX = f"{HLS}/sprite.jpg", f"{HLS}/sprite.vtt"
AUDIO, LOW_AUDIO = "audio", "audio-low"
SOUND_FILE = "audio/sound.m4a"
# Of two frames at the lowest rate: the picture ends on a frame, not on a time.
TOLERANCE_S = 0.4
# More of the source's pictures than this part can not be decoded: it is broken, not blemished.
MAX_ERROR_RATE = 0.1
MOTION_S = 2.0


def render_ladder(
    source: Path,
    out: Path,
    *,
    facts: MediaFacts,
    limits: MediaLimits,
    sandbox: Sandbox,
    progress: Callable[[float], None] = no_progress,
    noticed: Mapping[str, Any] | None = None,
    acted: str | None = None,
) -> Rendered:
    """Make the whole ladder of ``source`` in the folder ``out``; raises as `examine` does.

    ``noticed``: the signals of `examine`, for the gain of the sound. ``acted``: the language of
    the card that says that the scene was acted, None for none.
    """
    bench = Bench(source, out, limits, sandbox, progress)
    noticed = noticed or {}
    plan = _plan(bench, facts, noticed, acted)
    for folder in (HLS, "mp4", "audio"):
        (out / folder).mkdir(exist_ok=True)
    tracks = _stream(bench, facts, plan, lambda f: progress(0.95 * f))
    if plan.copied and copying.is_wasteful(plan.copied, tracks):
        plan = replace(plan, copied=None, key_times=())
        tracks = _stream(bench, facts, plan, lambda _: progress(0.95))
    plan = _worthwhile(bench, facts, plan, tracks)
    sounds = _sounds(out, facts, plan)
    (out / MASTER).write_text(hls.master(_variants(facts, plan, tracks, sounds)))
    singles = _single_files(bench, facts, plan, sounds)
    now, drawn, seen = _look(bench, facts, plan, noticed)
    progress(1.0)
    renditions, files = _collect(out, facts, plan, sounds, singles)
    return Rendered((*files, *outputs.collect(out, drawn)), renditions, now, seen)


def _plan(bench: Bench, facts: MediaFacts, noticed: Mapping[str, Any], acted: str | None) -> Plan:
    rungs = ladder.rungs_for(facts.short_side)
    card = cards.acted(acted) if acted is not None else None
    fast_rate = ladder.fast_rate_for(facts)
    fast = ladder.fast_rung(rungs) if fast_rate and _moves(bench, facts) else None
    key_times = () if card or fast else _key_times(bench, facts, rungs[-1])
    return Plan(
        rungs=rungs,
        rate=ladder.rate_for(facts),
        sound=SoundPlan(**noticed.get("sound_plan", {})),
        fast=fast,
        fast_rate=fast_rate if fast else None,
        copied=rungs[-1] if key_times else None,
        key_times=key_times,
        card=card,
    )


def _stream(
    bench: Bench, facts: MediaFacts, plan: Plan, progress: Callable[[float], None]
) -> dict[str, Track]:
    """All rungs and sounds, the raw frames to look at; name of a rung -> what it became."""
    argv = commands.render(bench.source, facts, bench.limits, plan, HLS)
    done = bench.make(argv, facts, progress)
    _check_readable(done, facts)
    for path in (bench.out / HLS).glob("*.mp4"):
        wipe_names(path)
    tracks = {r.name: hls.measure(bench.out / HLS, r.name) for r in plan.rungs}
    _check_whole(tracks[plan.rungs[0].name], facts, plan)
    return tracks


def _moves(bench: Bench, facts: MediaFacts) -> bool:
    """Looks at two seconds in the middle."""
    argv = commands.motion(bench.source, facts, bench.limits, MOTION_S)
    path = bench.out / SIGNALS
    try:
        bench.make(argv, facts)
        content = np.fromfile(path, np.uint8)
    except (MediaToolFailed, Refused, OSError):
        return False
    finally:
        path.unlink(missing_ok=True)
    count = len(content) // signals.FRAME_BYTES
    shape = (count, signals.HEIGHT, signals.WIDTH, 3)
    return signals.moves(content[: count * signals.FRAME_BYTES].reshape(shape))


def _key_times(bench: Bench, facts: MediaFacts, rung: Rung) -> tuple[float, ...]:
    """The source's key frames, where it can be copied as this rung."""
    if not copying.is_candidate(facts, rung):
        return ()
    argv = commands.video_packets(bench.source, facts, bench.limits)
    answer = ask(argv, bench.source, bench.limits, bench.sandbox)
    found = copying.packets(answer)
    return tuple(copying.key_times(bench.source, facts, rung, found))


def _check_readable(done: Done, facts: MediaFacts) -> None:
    """The tool goes on where it can not decode, and holds the last picture meanwhile."""
    if done.undecodable > MAX_ERROR_RATE * float(facts.rate) * facts.duration_s:
        words = done.stderr.strip()[-300:]
        raise Refused("unreadable", f"{done.undecodable} packets can not be decoded: {words}")


def _check_whole(track: Track, facts: MediaFacts, plan: Plan) -> None:
    """Every rung comes from one decode: what one lacks, the source lacks."""
    made = track.duration - (plan.card.seconds if plan.card else 0.0)
    lacking = facts.duration_s - made
    if lacking > max(TOLERANCE_S, 0.02 * facts.duration_s):
        detail = f"only {made:.2f} s of {facts.duration_s:.2f} s can be decoded"
        raise Refused("truncated", detail)
    if -lacking > max(2 * TOLERANCE_S, 0.05 * facts.duration_s):
        raise MediaToolFailed("bad_output", f"{-lacking:.2f} s longer than the source")


def _worthwhile(bench: Bench, facts: MediaFacts, plan: Plan, tracks: Mapping[str, Track]) -> Plan:
    """Without the rungs that cost a viewer's megabytes as their neighbour does, and look like it.
    Their files are removed."""
    kept = [plan.rungs[0]]
    for rung in plan.rungs[1:]:
        size = ladder.size_for(facts, rung.side)
        names = kept[-1].name, rung.name
        if adds_something(bench.out, lambda argv: bench.run(argv, facts), names, size, tracks):
            kept.append(rung)
            continue
        for ending in (".mp4", ".m3u8"):
            (bench.out / HLS / f"{rung.name}{ending}").unlink()
    return replace(plan, rungs=tuple(kept))


def _sounds(out: Path, facts: MediaFacts, plan: Plan) -> dict[str, Track]:
    """Name of the group -> its sound."""
    if facts.silent:
        return {}
    sounds = {"sound": hls.measure(out / HLS, AUDIO, channels=2)}
    if any(r.low for r in plan.rungs):
        sounds["low"] = hls.measure(out / HLS, LOW_AUDIO, channels=1)
    return sounds


def _variants(
    facts: MediaFacts, plan: Plan, tracks: Mapping[str, Track], sounds: Mapping[str, Track]
) -> list[Variant]:
    return [
        Variant(
            tracks[r.name],
            *ladder.size_for(facts, r.side),
            float(plan.rate_of(r)),
            sound=sounds.get(_group(r)),
            group=_group(r),
        )
        for r in plan.rungs
    ]


def _group(rung: Rung) -> str:
    return "low" if rung.low else "sound"


def _single_files(
    bench: Bench, facts: MediaFacts, plan: Plan, sounds: Mapping[str, Track]
) -> list[Rung]:
    """Copies of rungs with their sound as one file each, and the sound alone; their rungs."""
    rungs = ladder.single_files(plan.rungs)
    wanted = []
    for rung in rungs:
        sound = sounds.get(_group(rung))
        audio = f"{HLS}/{sound.name}.mp4" if sound else None
        wanted.append((f"{HLS}/{rung.name}.mp4", audio, f"mp4/{rung.name}.mp4"))
    alone = (f"{HLS}/{AUDIO}.mp4", SOUND_FILE) if sounds else None
    bench.make(commands.single_files(wanted, alone), facts)
    return list(rungs)


def _look(
    bench: Bench, facts: MediaFacts, plan: Plan, before: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str], tuple[FrameHash, ...]]:
    """Signals, the names of pictures that were drawn, and hashes; then the raw frames go."""
    out = bench.out
    noticed = signals.read(out / SIGNALS, float(plan.rate)).to_dict()
    noticed["card_s"] = plan.card.seconds if plan.card else 0.0
    step = pictures.step_for(facts.duration_s)
    times = [n * step for n in range(pictures.MAX_SAMPLES + 8)]
    samples = pictures.read(out / SAMPLES, ladder.fitting(facts, pictures.LONG_SIDE), times)
    pictures.sprite(
        samples,
        out / SPRITE,
        out / SPRITE_INDEX,
        duration_s=facts.duration_s,
        offset_s=noticed["card_s"],
    )
    seen = tuple(hashes.frame_hashes(samples.frames, samples.times))
    for name in (SIGNALS, SAMPLES):
        (out / name).unlink()
    more = _more_posters(bench, facts, samples, before.get("posters", []))
    if more:
        noticed["posters"] = [*before.get("posters", []), *more]
    return noticed, [SPRITE, SPRITE_INDEX, *more], seen


def _more_posters(
    bench: Bench, facts: MediaFacts, samples: Samples, there: Sequence[str]
) -> list[str]:
    """Candidates that `examine` could not give: it sees key frames only, and some phones write
    one in ten seconds."""
    names = [name for name in POSTERS if name not in there]
    times = pictures.poster_times(samples)
    if not names or len(times) < len(POSTERS):
        return []
    wanted = list(zip(times[-len(names) :], names, strict=False))
    return posters.make(bench, facts, wanted, None if ladder.browsers_play(facts) else ())


def _collect(
    out: Path,
    facts: MediaFacts,
    plan: Plan,
    sounds: Mapping[str, Track],
    singles: Sequence[Rung],
) -> tuple[tuple[Rendition, ...], tuple[OutputFile, ...]]:
    names = [r.name for r in plan.rungs] + [s.name for s in sounds.values()]
    whats = [MASTER] + [f"{HLS}/{n}{ending}" for n in names for ending in (".m3u8", ".mp4")]
    stream = outputs.collect(out, whats)
    files = outputs.collect(out, [f"mp4/{r.name}.mp4" for r in singles])
    size = ladder.size_for(facts, plan.rungs[-1].side)
    renditions = [_rendition("hls", stream[0], size, stream)]
    for rung, file in zip(singles, files, strict=True):
        renditions.append(_rendition("mp4", file, ladder.size_for(facts, rung.side), (file,)))
    if sounds:
        alone = outputs.measure(out, SOUND_FILE)
        files = (*files, alone)
        renditions.append(_rendition("audio", alone, (0, 0), (alone,)))
    return tuple(renditions), (*stream, *files)


def _rendition(
    kind: str, entry: OutputFile, size: tuple[int, int], files: Sequence[OutputFile]
) -> Rendition:
    total = sum(f.bytes for f in files)
    return Rendition(kind, entry.what, size[0], size[1], total, entry.sha256, entry.mime)
