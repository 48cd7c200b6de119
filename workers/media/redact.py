"""`redact`: the original again, with boxes hidden, spans silenced and spans cut out.

Everything counts in frames of the constant rate that is rendered: what is hidden or cut begins a
frame earlier and ends a frame later than asked for, so that nothing shows at the edges.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from workers.media import ladder, outputs
from workers.media.boxes import wipe_names

# The same steps as those of the ladder, in the same order: what is seen is what is hidden.
from workers.media.commands.base import CLEAN, NO_SIDE_UNITS, compiled, open_source
from workers.media.commands.graph import (
    bare,
    in_pieces,
    named_colours,
    scaled,
    standard_range,
    steady,
    stereo,
)
from workers.media.errors import MediaToolFailed, Refused
from workers.media.facts import MediaFacts, MediaLimits, OutputFile
from workers.media.probe import probe
from workers.media.run import no_progress, run
from workers.media.sandbox import Sandbox
from workers.media.tool import explain, job_for

REDACTED = "redacted.mp4"
MAX_SIDE = 1080  # the ladder's largest rung: more would be rendered for nobody
MAX_KBPS = 12_000
AUDIO_KBPS = 192
BOX_GROWS = 0.05  # of its size, on each side
# A face in 16 cells is still known to its friends; six, and what moves between them, are not.
CELLS = 6
MIN_CELL = 8  # pixels
SOUND_GROWS_S = 0.05  # above the 21 ms of an audio frame, which is silenced whole
BEEP_HZ = 1000
BEEP_LEVEL = 0.1  # of full scale: -20 dBFS
COVER = {"y": 48, "u": 128, "v": 128}  # a dark grey
# A frame of a phone in the dark stands for up to this long.
VARIABLE_GROWS_S = 0.15
TOLERANCE_S = 0.4
# What ends so close to the end goes on to the last frame there is: a player's idea of the end,
# and a file's own, are a little early.
TO_THE_END_S = 0.25
_FOREVER = 10_000_000  # frames; more than any limit lets through


@dataclass(frozen=True, slots=True)
class HiddenBox:
    """Fractions of the upright picture; seconds. ``to_x``, ``to_y``: where it is at its end."""

    x: float
    y: float
    width: float
    height: float
    start_s: float
    end_s: float
    cover: bool = False
    to_x: float | None = None
    to_y: float | None = None


@dataclass(frozen=True, slots=True)
class SilentSpan:
    start_s: float
    end_s: float
    beep: bool = False


@dataclass(frozen=True, slots=True)
class Redactions:
    """``cuts``: (start, end) in seconds, in their order, none touching another."""

    boxes: tuple[HiddenBox, ...] = ()
    sounds: tuple[SilentSpan, ...] = ()
    cuts: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Redacted:
    file: OutputFile
    duration_s: float


def redact(
    source: Path,
    out: Path,
    *,
    facts: MediaFacts,
    plan: Redactions,
    limits: MediaLimits,
    sandbox: Sandbox,
    progress: Callable[[float], None] = no_progress,
) -> Redacted:
    """Make ``redacted.mp4`` in the folder ``out``; raises as `examine` does."""
    argv = command(source, facts, limits, plan, REDACTED)
    done = run(job_for(argv, (source,), out, facts, limits), sandbox, progress)
    if done.status != 0:
        raise explain(done)
    wipe_names(out / REDACTED)
    made = probe(out / REDACTED, limits=_own(limits), sandbox=sandbox)
    _check_length(made, facts, plan, limits)
    progress(1.0)
    return Redacted(outputs.measure(out, REDACTED), made.duration_s)


def _own(limits: MediaLimits) -> MediaLimits:
    return MediaLimits(
        max_seconds=limits.max_seconds + 10,
        max_bytes=8 * limits.max_bytes,
        min_seconds=0.0,
        min_side=2,
        memory_bytes=limits.memory_bytes,
    )


def _check_length(
    made: MediaFacts, facts: MediaFacts, plan: Redactions, limits: MediaLimits
) -> None:
    if made.duration_s < limits.min_seconds:
        raise Refused("too_short", f"{made.duration_s:.2f} s are left")
    rate = ladder.rate_for(facts)
    end = math.ceil(facts.duration_s * float(rate))
    cuts = _cut_frames(plan.cuts, facts)
    frames = sum(min(after, end) - min(first, end) for first, after in cuts)
    expected = facts.duration_s - float(frames / rate)
    slack = max(TOLERANCE_S, 0.02 * facts.duration_s)
    if made.duration_s < expected - slack:
        raise Refused("truncated", f"{made.duration_s:.2f} s of {expected:.2f} s were made")
    if made.duration_s > expected + slack:
        # There is more of it than anybody saw who chose what to hide.
        raise Refused("unreadable", f"{made.duration_s:.2f} s were made, not {expected:.2f} s")
    if made.silent and not facts.silent:
        raise MediaToolFailed("bad_output", "the render has no sound")


def command(
    source: Path, facts: MediaFacts, limits: MediaLimits, plan: Redactions, name: str
) -> list[str]:
    """One run: picture and sound from one decode. ``name`` is relative to the working folder."""
    opened = open_source(source, facts, limits)
    rate = ladder.rate_for(facts)
    tracks = [_picture(opened, facts, plan, rate)]
    options = {**_video_options(rate), "f": "mp4", "movflags": "+faststart", "threads": 2}
    if not facts.silent:
        tracks.append(_sound(opened, facts, plan, rate))
        options |= {"c:a": "aac", "b:a": f"{AUDIO_KBPS}k", "ac": 2, "ar": 48000}
    return compiled(ffmpeg.output(*tracks, name, **{**options, **CLEAN}))


def _video_options(rate: Fraction) -> dict[str, Any]:
    group = max(1, round(rate * ladder.KEYFRAME_SECONDS))
    options = {
        "c": "libx264",
        "preset": "fast",
        "crf": 16,
        "maxrate": f"{MAX_KBPS}k",
        "bufsize": f"{2 * MAX_KBPS}k",
        "profile": "high",
        "g": group,
    }
    named = {f"{option}:v": value for option, value in options.items()}
    return {**named, **NO_SIDE_UNITS}


def size_of(facts: MediaFacts) -> tuple[int, int]:
    """Of the render: the source's own, upright, at most 1080 on its short side."""
    return ladder.size_for(facts, min(MAX_SIDE, ladder.even(facts.short_side)))


def _picture(opened: Any, facts: MediaFacts, plan: Redactions, rate: Fraction) -> Any:
    size = size_of(facts)
    picture = steady(bare(opened[str(facts.video_index)], facts), rate)
    picture = named_colours(standard_range(picture, facts, size), facts)
    picture = scaled(picture, size)
    for box in plan.boxes:
        picture = _hide(picture, box, size, hidden_frames(box, facts), rate)
    cuts = _cut_frames(plan.cuts, facts)
    if cuts:
        gone = "+".join(_between(first, last - 1, rate) for first, last in cuts)
        picture = picture.filter("select", f"not({gone})")
        picture = _closed_up(picture, rate)
    return picture


def _closed_up(picture: Any, rate: Fraction) -> Any:
    """What stays, frame on frame. Times are rounded: the tool cuts their fractions off, two
    frames at one time come of it, and ffmpeg 7 drops one. It also forgets the rate behind
    `setpts`: `fps` says it again and changes nothing."""
    picture = picture.filter("setpts", f"round(N/({rate})/TB)")
    return picture.filter("fps", fps=str(rate), start_time=0, eof_action="pass")


def hidden_frames(box: HiddenBox, facts: MediaFacts) -> tuple[int, int]:
    """First and last frame that the box hides: every one that is seen within its span, and one
    more on both sides; all that follow where it ends at the end."""
    rate = ladder.rate_for(facts)
    more = math.ceil(VARIABLE_GROWS_S * rate) if facts.variable_rate else 1
    first = max(0, _frame(box.start_s, rate) - more)
    if _to_the_end(box.end_s, facts):
        return first, _FOREVER
    return first, _frame(box.end_s, rate) + more


def _to_the_end(end_s: float, facts: MediaFacts) -> bool:
    return end_s >= facts.duration_s - TO_THE_END_S


def _frame(moment: float, rate: Fraction) -> int:
    """Number of the frame that is seen at this time. A player's clock is a little off: a time
    within a tenth of a frame of the next one is the next one's."""
    return math.floor(moment * float(rate) + 0.1)


def _cut_frames(cuts: Iterable[tuple[float, float]], facts: MediaFacts) -> list[tuple[int, int]]:
    """(first frame that goes, first that stays again): whole frames, outwards."""
    rate = ladder.rate_for(facts)
    found: list[tuple[int, int]] = []
    for start, end in cuts:
        first, after = _frame(start, rate), max(math.ceil(end * float(rate) - 0.1), 1)
        if _to_the_end(end, facts):
            after = _FOREVER
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(after, found[-1][1]))
        elif after > first:
            found.append((first, after))
    return found


def _between(first: int, last: int, rate: Fraction) -> str:
    """True for these frames, by their times: half a frame around is room for rounding."""
    begin, end = (first - Fraction(1, 2)) / rate, (last + Fraction(1, 2)) / rate
    return f"between(t,{float(begin):.6f},{float(end):.6f})"


def _hide(
    picture: Any, box: HiddenBox, size: tuple[int, int], frames: tuple[int, int], rate: Fraction
) -> Any:
    """A patch cut out of the picture, made unreadable, and laid back where it was."""
    whole, part = _twice(picture)
    steps = max(1.0, (box.end_s - box.start_s) * float(rate))
    x, width = _side(box.x, box.to_x, box.width, size[0], steps)
    y, height = _side(box.y, box.to_y, box.height, size[1], steps)
    place = {"x": _place(x, box), "y": _place(y, box)}
    patch = part.filter("crop", w=width, h=height, **place)
    when = _between(*frames, rate)
    patch = _covered(patch) if box.cover else _blurred(patch, width, height, when)
    moving = x[0] != x[1] or y[0] != y[1]
    return ffmpeg.filter(
        [whole, patch],
        "overlay",
        **place,
        eval="frame" if moving else "init",
        enable=when,
    )


def _twice(picture: Any) -> tuple[Any, Any]:
    parts = picture.filter_multi_output("split")
    return parts[0], parts[1]


def _side(
    begin: float, to: float | None, length: float, pixels: int, steps: float
) -> tuple[tuple[int, int], int]:
    """((first place, last place), length) in even pixels: grown by its share, and by as much as
    it moves in one of ``steps`` frames; then kept inside."""
    more = BOX_GROWS * length + abs((begin if to is None else to) - begin) / steps
    grown = min(math.ceil((length + 2 * more) * pixels / 2) * 2 + 2, pixels)

    def at(fraction: float) -> int:
        wanted = math.floor((fraction - more) * pixels / 2) * 2
        return min(max(0, wanted), pixels - grown)

    return (at(begin), at(begin if to is None else to)), grown


def _place(places: tuple[int, int], box: HiddenBox) -> str:
    """A number, or an expression of the time for one that moves in a straight line."""
    first, last = places
    if first == last:
        return str(first)
    share = f"clip((t-{box.start_s:.6f})/{box.end_s - box.start_s:.6f},0,1)"
    return f"2*round(({first}+({last - first})*{share})/2)"


def _covered(patch: Any) -> Any:
    return patch.filter("lutyuv", **COVER)


def _blurred(patch: Any, width: int, height: int, when: str) -> Any:
    """A few cells of mean colour, then smooth between them: what was in a cell is gone, so no
    sharpening brings it back."""
    longest = max(width, height)
    cell = max(MIN_CELL, longest / CELLS)
    cells = [ladder.even(max(2, side / cell)) for side in (width, height)]
    patch = patch.filter("scale", *cells, flags="area")
    patch = patch.filter("scale", width, height, flags="bilinear")
    return patch.filter("gblur", sigma=round(cell / 2.5, 1), steps=2, enable=when)


def _sound(opened: Any, facts: MediaFacts, plan: Redactions, rate: Fraction) -> Any:
    track = in_pieces(stereo(opened, facts))
    muted = _spans((s for s in plan.sounds if not s.beep), facts)
    beeps = _spans((s for s in plan.sounds if s.beep), facts)
    if muted:
        track = track.filter("volume", 0, enable=muted)
    if beeps:
        tone = f"{BEEP_LEVEL}*sin(2*PI*{BEEP_HZ}*t)"
        track = track.filter("aeval", tone, c="same", enable=beeps)
    cuts = _cut_frames(plan.cuts, facts)
    return _without(track, facts, cuts, rate) if cuts else track


def _spans(spans: Iterable[SilentSpan], facts: MediaFacts) -> str:
    return "+".join(_heard(s.start_s - SOUND_GROWS_S, s.end_s, facts) for s in spans)


def _heard(start: float, end: float, facts: MediaFacts) -> str:
    if _to_the_end(end, facts):
        return f"gte(t,{start:.6f})"
    return f"between(t,{start:.6f},{end + SOUND_GROWS_S:.6f})"


def _without(track: Any, facts: MediaFacts, cuts: Sequence[tuple[int, int]], rate: Fraction) -> Any:
    """The pieces that stay, to the sample, one after the other. Filled up first: a sound that
    ends early would pull what follows away from its picture."""
    track = track.filter("apad", whole_dur=f"{facts.duration_s:.6f}")
    starts = [0, *(after for _, after in cuts)]
    ends: list[int | None] = [*(first for first, _ in cuts), None]
    last = math.floor(facts.duration_s * float(rate))
    kept = [
        (start, end)
        for start, end in zip(starts, ends, strict=True)
        if (start < last if end is None else start < end)
    ]
    parts = track.filter_multi_output("asplit", len(kept)) if len(kept) > 1 else [track]
    pieces = [_piece(parts[i], start, end, rate) for i, (start, end) in enumerate(kept)]
    joined = (
        ffmpeg.filter(pieces, "concat", n=len(pieces), v=0, a=1) if len(pieces) > 1 else pieces[0]
    )
    # As everywhere before the AAC encoder; see `commands`.
    return joined.filter("asetnsamples", n=1024, p=0)


def _piece(part: Any, start: int, end: int | None, rate: Fraction) -> Any:
    bounds = {"start": f"{float(start / rate):.6f}"}
    if end is not None:
        bounds["end"] = f"{float(end / rate):.6f}"
    return part.filter("atrim", **bounds).filter("asetpts", "PTS-STARTPTS")
