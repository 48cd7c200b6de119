"""Where faces are in a clip, as still boxes with a span of time each: proposals, for a person.

A few small frames a second are enough for where; the boxes are larger and last longer than what
was found, since a face moves between two looks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import ffmpeg
import numpy as np

from workers.media.centerface import SIDES, Found, Frame, overlap

# The same steps as those of `redact`, in the same order: what is found is what is hidden.
from workers.media.commands.base import CLEAN, compiled, open_source
from workers.media.commands.graph import bare, named_colours, small_rgb, standard_range, steady
from workers.media.errors import MediaToolFailed
from workers.media.facts import MediaFacts, MediaLimits
from workers.media.run import no_progress, run
from workers.media.sandbox import Sandbox
from workers.media.tool import explain, job_for

RATE = 3  # looks a second
MAX_FRAMES = 900  # of five minutes; a longer clip is looked at more rarely
MAX_SIDE = 640
MAX_PIXELS = 640 * 480  # 900 such frames are 830 MB of scratch space
FRAMES = "frames.rgb"
DECODING = 0.3  # of the work
MAX_BOXES = 50  # as many as a plan takes
GROWS = 0.2  # of a box's size, on each side
SAME = 0.2  # overlap (IoU) of a face in two looks
MISSED = 2  # looks in which a face may be turned away and is still the same one
# A box that stands still may become so much larger than the face in it; where that gives more than
# MAX_BOXES, the next. Beyond the last the shortest faces are left out.
SPREADS = (1.5, 2.0, 3.0, 5.0, 10.0)

Detect = Callable[[Frame], list[Found]]


@dataclass(frozen=True, slots=True)
class FaceBox:
    """Fractions of the upright picture; seconds."""

    x: float
    y: float
    width: float
    height: float
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Seen:
    """``boxes`` in the order of their starts. ``left_out``: there were more than a plan takes."""

    boxes: tuple[FaceBox, ...]
    left_out: int = 0


def find_faces(
    source: Path,
    out: Path,
    *,
    facts: MediaFacts,
    limits: MediaLimits,
    sandbox: Sandbox,
    detect: Detect,
    progress: Callable[[float], None] = no_progress,
) -> Seen:
    """Look through the clip; ``out`` is a folder for the frames. Raises as `examine` does, and
    whatever ``detect`` raises."""
    rate = rate_for(facts.duration_s)
    frames = _frames(source, out, facts, limits, sandbox, lambda f: progress(DECODING * f))
    looks = []
    for number, frame in enumerate(frames):
        looks.append(detect(np.asarray(frame)))
        progress(DECODING + (1 - DECODING) * (number + 1) / len(frames))
    return propose(looks, 1 / float(rate), facts.duration_s)


def rate_for(duration_s: float) -> Fraction:
    """Frames a second that are looked at."""
    if duration_s * RATE <= MAX_FRAMES:
        return Fraction(RATE)
    return Fraction(MAX_FRAMES / duration_s).limit_denominator(1000)


def size_for(facts: MediaFacts) -> tuple[int, int]:
    """Width and height, whole multiples of what the detector takes; never much larger than the
    picture is. The shape may change by a few percent: a face stays one."""
    width, height = facts.width, facts.height
    scale = min(1.0, MAX_SIDE / max(width, height), (MAX_PIXELS / (width * height)) ** 0.5)
    wide, high = (max(1, int(side * scale / SIDES + 0.5)) * SIDES for side in (width, height))
    return wide, high


def command(source: Path, facts: MediaFacts, limits: MediaLimits, name: str) -> list[str]:
    """Raw RGB frames, one after the other. ``name`` is relative to the working folder."""
    size = size_for(facts)
    opened = open_source(source, facts, limits)
    picture = steady(bare(opened[str(facts.video_index)], facts), rate_for(facts.duration_s))
    picture = named_colours(standard_range(picture, facts, size), facts)
    options = {"f": "rawvideo", "c:v": "rawvideo", "threads": 2, **CLEAN}
    return compiled(ffmpeg.output(small_rgb(picture, size), name, **options))


def _frames(
    source: Path,
    out: Path,
    facts: MediaFacts,
    limits: MediaLimits,
    sandbox: Sandbox,
    progress: Callable[[float], None],
) -> Frame:
    """(n, height, width, 3), read from the disk as they are looked at."""
    width, height = size_for(facts)
    one = width * height * 3
    job = job_for(command(source, facts, limits, FRAMES), (source,), out, facts, limits)
    most = one * (int(facts.duration_s * rate_for(facts.duration_s)) + 30)
    job = replace(job, caps=replace(job.caps, file_bytes=most))
    done = run(job, sandbox, progress)
    if done.status != 0:
        raise explain(done)
    path = out / FRAMES
    count = path.stat().st_size // one if path.is_file() else 0
    if count == 0:
        raise MediaToolFailed("bad_output", "no frame was made")
    return np.memmap(path, np.uint8, mode="r", shape=(count, height, width, 3))


@dataclass(slots=True)
class _Track:
    """One face through the looks: their numbers and what was found in each."""

    numbers: list[int] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)

    def add(self, number: int, one: Found) -> None:
        self.numbers.append(number)
        self.found.append(one)


def propose(looks: Sequence[Sequence[Found]], step_s: float, duration_s: float) -> Seen:
    """What was found in each look (one every ``step_s`` seconds) as boxes that a plan takes."""
    tracks = _tracks(looks)
    pieces: list[_Track] = []
    for spread in SPREADS:
        pieces = [piece for track in tracks for piece in _still(track, spread)]
        if len(pieces) <= MAX_BOXES:
            break
    pieces.sort(key=lambda p: (len(p.numbers), max(f.score for f in p.found)), reverse=True)
    boxes = [_box(piece, step_s, duration_s) for piece in pieces[:MAX_BOXES]]
    return Seen(
        tuple(sorted(boxes, key=lambda b: (b.start_s, b.x))), max(0, len(pieces) - MAX_BOXES)
    )


def _tracks(looks: Sequence[Sequence[Found]]) -> list[_Track]:
    """Greedy: of all pairs of a known face and a found one, those that overlap most come first."""
    tracks: list[_Track] = []
    for number, found in enumerate(looks):
        open_ = [t for t in tracks if number - t.numbers[-1] <= MISSED + 1]
        pairs = [
            (overlap(t.found[-1], one), i, j)
            for i, t in enumerate(open_)
            for j, one in enumerate(found)
        ]
        taken: set[int] = set()
        for shared, i, j in sorted(pairs, key=lambda p: -p[0]):
            if shared >= SAME and open_[i].numbers[-1] != number and j not in taken:
                open_[i].add(number, found[j])
                taken.add(j)
        tracks += [_Track([number], [one]) for j, one in enumerate(found) if j not in taken]
    return tracks


def _still(track: _Track, spread: float) -> list[_Track]:
    """The face in pieces that a box which stands still can hide. Each begins with the last look of
    the one before it: between the two looks both hide."""
    pieces = [_Track([track.numbers[0]], [track.found[0]])]
    for number, one in zip(track.numbers[1:], track.found[1:], strict=True):
        last = pieces[-1]
        wanted = _around([*last.found, one])
        largest = max(f.area for f in [*last.found, one])
        if len(last.found) > 1 and wanted.area > spread * largest:
            pieces.append(_Track([last.numbers[-1]], [last.found[-1]]))
        pieces[-1].add(number, one)
    return pieces


def _around(found: Sequence[Found]) -> Found:
    left, top = min(f.x for f in found), min(f.y for f in found)
    right, bottom = max(f.x + f.width for f in found), max(f.y + f.height for f in found)
    return Found(left, top, right - left, bottom - top, max(f.score for f in found))


def _box(piece: _Track, step_s: float, duration_s: float) -> FaceBox:
    """Larger, and one look longer at both ends; kept inside the clip."""
    around = _around(piece.found)
    left = max(0.0, around.x - GROWS * around.width)
    top = max(0.0, around.y - GROWS * around.height)
    right = min(1.0, around.x + (1 + GROWS) * around.width)
    bottom = min(1.0, around.y + (1 + GROWS) * around.height)
    end = min(duration_s, (piece.numbers[-1] + 1) * step_s)
    start = max(0.0, min((piece.numbers[0] - 1) * step_s, end - step_s))
    return FaceBox(left, top, right - left, bottom - top, start, end)
