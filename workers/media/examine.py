"""`examine`: facts, a preview that a reviewer can watch at once, small pictures, loudness."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from workers.media import commands, hashes, ladder, outputs, pictures, posters, sound
from workers.media.boxes import wipe_names
from workers.media.commands import LOW_SOUND, SAMPLE_TIMES, SAMPLES, SOUND
from workers.media.errors import MediaToolFailed, Refused
from workers.media.facts import Examined, MediaFacts, MediaLimits
from workers.media.hashes import FrameHash
from workers.media.pictures import Samples
from workers.media.posters import POSTERS
from workers.media.probe import TOLERANCE_S, probe, whole_s
from workers.media.run import Done, no_progress
from workers.media.sandbox import Sandbox
from workers.media.sound import Loudness, SoundPlan
from workers.media.tool import Bench, explain

PROXY = "proxy.mp4"
CONTACT_SHEET = "contact_sheet.jpg"
SPRITE, SPRITE_INDEX = "sprite.jpg", "sprite.vtt"
# Goes with the work, however it ends.
_WORKING = (SAMPLES, SAMPLE_TIMES, SOUND, LOW_SOUND)
# What the tool says of measured sound, and of samples, whose times begin again; and how much of
# each there is in a second: the sound at its rate, samples as `pictures.step_for` takes them.
_BEGAN_ANEW = re.compile(
    r"\[(null|rawvideo) @ \S+\] Application provided invalid, non monotonically increasing dts "
    r"to muxer in stream \d+: (\d+) >= "
)
_A_SECOND = {"null": 48000, "rawvideo": 4}
# How often the gain is corrected by what the limiter took away.
_ROUNDS = 3
# By how much a preview may be longer for its last picture's sake.
_ROUNDING_S = 0.06
_WITHIN_LU, _NEARLY_LU = 0.3, 1.0


def examine(
    source: Path,
    out: Path,
    *,
    limits: MediaLimits,
    sandbox: Sandbox,
    progress: Callable[[float], None] = no_progress,
) -> Examined:
    """Look at ``source``; make the preview and the pictures in the folder ``out``.

    Raises :class:`Refused` for a source that can not become a clip, :class:`MediaToolFailed` when
    the tool failed, and whatever ``progress`` raises. Pictures that can not be had are left out:
    they are never a reason to refuse.
    """
    facts = probe(source, limits=limits, sandbox=sandbox)
    bench = Bench(source, out, limits, sandbox, progress)
    try:
        done = _preview(bench, facts)
        # They know nothing of each other, and each keeps about one core busy.
        with ThreadPoolExecutor(2) as pool:
            heard = pool.submit(_measured, bench, facts)
            made = _check_whole(out / PROXY, facts, limits, sandbox, done)
            facts = _as_long_as_it_is(facts, made, limits)
            wipe_names(out / PROXY)
            samples = _samples(bench, facts)
            shown = pool.submit(_posters, bench, facts, made, samples)
            whats, seen = _drawn(samples, out, facts)
            found = shown.result()
            preview_s = whole_s(out / PROXY, limits=_own(limits), sandbox=sandbox)
            signals = {**heard.result(), "posters": found, "preview_s": preview_s}
    except Refused:
        (out / PROXY).unlink(missing_ok=True)
        raise
    finally:
        for name in _WORKING:
            (out / name).unlink(missing_ok=True)
    files = outputs.collect(out, [PROXY, *whats, *found])
    return Examined(facts, files, ladder.browsers_play(facts), signals, seen)


def _preview(bench: Bench, facts: MediaFacts) -> Done:
    """Make the preview."""
    argv = commands.preview(bench.source, facts, bench.limits, PROXY)
    done = bench.run(argv, facts, bench.progress)
    _check_steady(done)
    if done.status != 0:
        raise explain(done)
    return done


def _as_long_as_it_is(facts: MediaFacts, made: MediaFacts, limits: MediaLimits) -> MediaFacts:
    """An index may name less than is there: what would follow could be watched, but not be hidden,
    and nothing would say that it is missing. The preview's own length is counted, not said."""
    if made.duration_s <= facts.duration_s + _ROUNDING_S:
        return facts
    if made.duration_s > limits.max_seconds:
        detail = f"{made.duration_s:.0f} s, not {facts.duration_s:.0f} s as it says"
        raise Refused("too_long", detail)
    return replace(facts, duration_s=made.duration_s)


def _check_steady(done: Done) -> None:
    """A sound that changes its channels or its rate on its way makes the tool begin all its filters
    anew: silence is put before every new piece, and the pictures are counted from 0 again.

    Raises :class:`Refused` ("codec_not_supported"): saved anew, the clip has one sound. In the
    first second it does no harm: some sounds tell what they are only then.
    """
    for kind, before in _BEGAN_ANEW.findall(done.stderr):
        if int(before) >= _A_SECOND[kind]:
            raise Refused("codec_not_supported", "the sound changes its form on its way")


def _measured(bench: Bench, facts: MediaFacts) -> dict[str, Any]:
    """Loudness and silences, and the gain that the ladder will use; nothing of a silent clip."""
    if facts.silent:
        return {}
    loudness = sound.read(bench.out / SOUND, facts.duration_s)
    plan = sound.plan(loudness)
    heard = loudness
    if plan.limited:
        plan, heard = _settled(bench, facts, plan, loudness)
    plan = sound.with_low(plan, heard, sound.read(bench.out / LOW_SOUND, facts.duration_s))
    return {
        "loudness": {
            "integrated_lufs": loudness.integrated,
            "true_peak_dbtp": loudness.peak,
            "range_lu": loudness.loudness_range,
        },
        "sound_plan": plan.to_dict(),
        "silent_spans": [list(span) for span in loudness.silent],
        "loud_spans": [list(span) for span in loudness.loud],
    }


def _settled(
    bench: Bench, facts: MediaFacts, plan: SoundPlan, made: Loudness
) -> tuple[SoundPlan, Loudness]:
    """The plan, and what was measured last."""
    for _ in range(_ROUNDS):
        done = bench.run(commands.loudness(bench.source, facts, bench.limits, plan), facts)
        if done.status != 0:
            break
        made = sound.read(bench.out / SOUND, facts.duration_s)
        if made.integrated is None or abs(made.integrated - sound.TARGET_LUFS) < _WITHIN_LU:
            break
        plan = sound.again(plan, made)
        if abs(made.integrated - sound.TARGET_LUFS) < _NEARLY_LU:
            break  # of so small a step the limiter takes next to nothing
    return plan, made


def _samples(bench: Bench, facts: MediaFacts) -> Samples | None:
    """Frames over the whole clip: of the preview's decode where there was one, else key frames.
    None where the tool gives none: some streams without an index do not."""
    size = ladder.fitting(facts, pictures.LONG_SIDE)
    try:
        if not ladder.browsers_play(facts):
            step = pictures.step_for(facts.duration_s)
            times: Sequence[float] = [n * step for n in range(pictures.MAX_SAMPLES + 8)]
            return pictures.read(bench.out / SAMPLES, size, times)
        argv = commands.key_frames(bench.source, facts, bench.limits)
        if bench.run(argv, facts).status != 0:
            return None
        times = _times(bench.out / SAMPLE_TIMES)
        return pictures.read(bench.out / SAMPLES, size, times)
    except MediaToolFailed:
        return None


def _times(path: Path) -> list[float]:
    """Seconds, from the tool's list of milliseconds (mkvtoolnix, timestamp format 2)."""
    lines = path.read_text().splitlines() if path.is_file() else []
    return [float(line) / 1000 for line in lines if line and not line.startswith("#")]


def _drawn(
    samples: Samples | None, out: Path, facts: MediaFacts
) -> tuple[list[str], tuple[FrameHash, ...]]:
    """Names of the small pictures, and hashes."""
    if samples is None:
        return [], ()
    pictures.sprite(samples, out / SPRITE, out / SPRITE_INDEX, duration_s=facts.duration_s)
    pictures.contact_sheet(samples, out / CONTACT_SHEET)
    seen = tuple(hashes.frame_hashes(samples.frames, samples.times))
    return [SPRITE, SPRITE_INDEX, CONTACT_SHEET], seen


def _posters(
    bench: Bench, facts: MediaFacts, made: MediaFacts, samples: Samples | None
) -> list[str]:
    """The names of those that could be made, the best first: of the source, or of the preview
    where the source shows nothing there."""
    times = (facts.duration_s / 3,) if samples is None else pictures.poster_times(samples)
    wanted = list(zip(times, POSTERS, strict=False))
    keys = None if ladder.browsers_play(facts) else _times(bench.out / SAMPLE_TIMES)
    found = posters.make(bench, facts, wanted, keys)
    if POSTERS[0] not in found:
        preview = replace(bench, source=bench.out / PROXY)
        found = posters.make(preview, made, wanted[:1], ()) + found
    return found


def _check_whole(
    proxy: Path, facts: MediaFacts, limits: MediaLimits, sandbox: Sandbox, done: Done
) -> MediaFacts:
    """The preview shows the whole clip, or the source breaks off before its end."""
    try:
        made = probe(proxy, limits=_own(limits), sandbox=sandbox)
    except Refused as error:
        # Of a source that says nothing of its sound's length only the preview tells it.
        code = error.code if error.code == "sound_too_long" else "unreadable"
        raise Refused(code, f"{error.detail} {done.stderr[-200:]}") from error
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
