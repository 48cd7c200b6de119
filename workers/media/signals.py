"""What is in the picture at full rate: black, frozen and flashing spans, scene cuts.

Numbers in, spans out: the media tool wrote every frame of the clip as a small RGB picture. The
definitions of a flash are those of WCAG 2.2 (2.3.1) and ITU-R BT.1702-3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# Size of a frame that is looked at: a flash of a quarter of the screen is 324 of its pixels.
WIDTH, HEIGHT = 48, 27
FRAME_BYTES = WIDTH * HEIGHT * 3
_CHUNK = 256  # frames that are looked at together

BLACK_LEVEL = 0.1  # of full white; below it a pixel is black
BLACK_SHARE = 0.98  # of the pixels
BLACK_S = 0.5
# A code of an encoder's rounding; a face that speaks differs by tens.
FROZEN_LEVEL = 4
# What a key frame changes of a picture that stands; between two runs of so many frames.
_REFRESH_LEVEL, _STEADY = 12, 8
FROZEN_S = 2.0
CUT_LEVEL = 0.10  # mean difference to the frame before, above that of the frame before it

FLASH_CHANGE = 0.10  # of the largest relative luminance
FLASH_DARK = 0.80  # the darker picture of the two lies below
FLASH_AREA = 0.25  # of the screen
FLASH_PER_S = 3  # more than these within a second may harm
RED_SHARE = 0.8  # R / (R + G + B): a saturated red
RED_CHANGE = 20.0  # of (R - G - B) * 320
# A change may take a few frames and still be one.
_RAMP = 3

Span = tuple[float, float]
Frames = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Signals:
    """Spans and times in seconds from the clip's begin."""

    black_spans: tuple[Span, ...] = ()
    frozen_spans: tuple[Span, ...] = ()
    flashing_spans: tuple[Span, ...] = ()
    scene_cuts: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "black_spans": [list(span) for span in self.black_spans],
            "frozen_spans": [list(span) for span in self.frozen_spans],
            "flashing_spans": [list(span) for span in self.flashing_spans],
            "scene_cuts": list(self.scene_cuts),
        }


def read(path: Path, rate: float) -> Signals:
    """Look at a file of raw frames, ``rate`` of them a second."""
    count = path.stat().st_size // FRAME_BYTES
    frames = np.memmap(path, np.uint8, "r", shape=(count, HEIGHT, WIDTH, 3)) if count else None
    return detect(frames, rate) if frames is not None else Signals()


def detect(frames: Frames, rate: float) -> Signals:
    """``frames``: (count, height, width, 3), RGB."""
    looked = _Looker(rate)
    for start in range(0, len(frames), _CHUNK):
        looked.take(np.asarray(frames[start : start + _CHUNK]))
    return looked.signals()


def moves(frames: Frames) -> bool:
    """Whether the picture changes so much from frame to frame that 60 of them a second show."""
    if len(frames) < 2:
        return False
    values = frames.astype(np.int16)
    # Half of the frames: one cut is no movement, and cameras write a frame twice.
    changes = np.abs(values[2:] - values[:-2]).mean(axis=(1, 2, 3))
    return len(changes) > 0 and float(np.median(changes)) > 3.0


class _Looker:
    """Goes through the frames once, in pieces."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._count = 0
        self._black: list[bool] = []
        self._frozen = _Frozen()
        self._changes: list[float] = []
        self._last: Values | None = None
        self._light = _Flashes(FLASH_CHANGE)
        self._red = _Flashes(RED_CHANGE)

    def take(self, frames: Frames) -> None:
        colours: Values = frames.astype(np.float32) / np.float32(255)
        luma: Values = colours @ np.array([0.2126, 0.7152, 0.0722], np.float32)
        self._black += (np.mean(luma < BLACK_LEVEL, axis=(1, 2)) >= BLACK_SHARE).tolist()
        before = luma[:1] if self._last is None else self._last
        steps = np.abs(np.diff(np.concatenate([before, luma]), axis=0)).mean(axis=(1, 2))
        self._changes += steps.tolist()
        self._last = luma[-1:]
        self._take_flashes(colours)
        for frame in frames:
            self._frozen.take(frame)
        self._count += len(frames)

    def _take_flashes(self, colours: Values) -> None:
        linear = np.where(
            colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4
        ).astype(np.float32)
        light = linear @ np.array([0.2126, 0.7152, 0.0722], np.float32)
        self._light.take(light, light < FLASH_DARK)
        whole = np.maximum(linear.sum(axis=3), 1e-6)
        red = np.maximum(linear[..., 0] - linear[..., 1] - linear[..., 2], 0) * 320
        saturated = (linear[..., 0] / whole >= RED_SHARE) & (linear[..., 0] > 0.05)
        self._red.take(red.astype(np.float32), saturated)

    def signals(self) -> Signals:
        flashing = _joined([*self._light.spans(self._rate), *self._red.spans(self._rate)])
        black = _spans(self._black, self._rate, BLACK_S)
        frozen = [
            (a / self._rate, b / self._rate)
            for a, b in self._frozen.ended()
            if (b - a) / self._rate >= FROZEN_S
        ]
        frozen = [span for span in frozen if not any(_overlap(span, b) > 0.5 for b in black)]
        # The last change of a flashing is none either.
        cuts = [t for t in self._cuts() if not any(a <= t <= b + 0.1 for a, b in flashing)]
        return Signals(_rounded(black), _rounded(frozen), _rounded(flashing), tuple(cuts))

    def _cuts(self) -> Iterator[float]:
        for number in range(1, len(self._changes)):
            now, before = self._changes[number], self._changes[number - 1]
            if min(now, abs(now - before)) > CUT_LEVEL:
                yield round(number / self._rate, 3)


class _Frozen:
    """Runs of frames that are all the same as their first. An encoder's key frame draws a picture
    that stands a little differently: long runs on both sides of it are one."""

    def __init__(self) -> None:
        self._first: Frames | None = None
        self._start = self._next = 0
        self._runs: list[tuple[int, int]] = []
        self._last: Frames | None = None  # the first frame of the run that was noted last

    def take(self, frame: Frames) -> None:
        if self._first is None or _differ(frame, self._first, FROZEN_LEVEL):
            self._close()
            self._first, self._start = frame, self._next
        self._next += 1

    def _close(self) -> None:
        first, run = self._first, (self._start, self._next)
        if first is None or run[1] - run[0] < _STEADY:
            return
        before = self._runs[-1] if self._runs else None
        if before and before[1] == run[0] and not _differ(first, self._last, _REFRESH_LEVEL):
            self._runs[-1] = before[0], run[1]
        else:
            self._runs.append(run)
        self._last = first

    def ended(self) -> list[tuple[int, int]]:
        self._close()
        self._first = None
        return self._runs


def _differ(one: Frames, other: Frames | None, level: int) -> bool:
    return other is None or bool(np.abs(one.astype(np.int16) - other).max() > level)


class _Flashes:
    """Finds opposing changes of a value over a quarter of the screen, pixel by pixel.

    Each pixel remembers the turn that its value came from; a change counts when the value has
    gone on by ``change`` from there, and where the condition held at one of its two ends.
    """

    def __init__(self, change: float) -> None:
        self._change = change
        self._low: Values | None = None
        self._high: Values | None = None
        self._low_held = self._high_held = np.zeros(0, bool)
        self._frame = 0
        self._recent: list[tuple[float, float]] = []
        self._direction = 0
        self._turns: list[int] = []  # frames at which the screen went up or down

    def take(self, values: Values, condition: npt.NDArray[np.bool_]) -> None:
        for value, held in zip(values, condition, strict=True):
            self._take(value, held)
            self._frame += 1

    def _take(self, value: Values, held: npt.NDArray[np.bool_]) -> None:
        if self._low is None or self._high is None:
            self._low, self._high = value.copy(), value.copy()
            self._low_held, self._high_held = held.copy(), held.copy()
            return
        rose = (value - self._low >= self._change) & (self._low_held | held)
        fell = (self._high - value >= self._change) & (self._high_held | held)
        self._note(float(rose.mean()), float(fell.mean()))
        # A pixel that has turned begins anew from where it is; others keep their extremes.
        turned = rose | fell
        lower = turned | (value < self._low)
        higher = turned | (value > self._high)
        self._low = np.where(lower, value, self._low)
        self._high = np.where(higher, value, self._high)
        self._low_held = np.where(lower, held, self._low_held)
        self._high_held = np.where(higher, held, self._high_held)

    def _note(self, rose: float, fell: float) -> None:
        self._recent = [*self._recent[-(_RAMP - 1) :], (rose, fell)]
        up = sum(r for r, _ in self._recent)
        down = sum(f for _, f in self._recent)
        # Grain goes up here and down there: the screen as a whole does neither.
        together = max(up, down) >= FLASH_AREA and max(up, down) > 2 * min(up, down)
        direction = (1 if up > down else -1) if together else 0
        if direction and direction != self._direction:
            self._direction = direction
            self._turns.append(self._frame)
            self._recent = []

    def spans(self, rate: float) -> list[Span]:
        """Where more than three pairs of opposing changes lie within one second."""
        found = []
        most = 2 * FLASH_PER_S
        for number in range(len(self._turns) - most):
            first, last = self._turns[number], self._turns[number + most]
            if (last - first) / rate < 1.0:
                found.append((first / rate, last / rate))
        return _joined(found)


def _spans(flags: list[bool], rate: float, shortest: float) -> list[Span]:
    found: list[Span] = []
    start: int | None = None
    for number, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = number
        elif not flag and start is not None:
            if (number - start) / rate >= shortest:
                found.append((start / rate, number / rate))
            start = None
    return found


def _joined(spans: list[Span]) -> list[Span]:
    """Sorted, and those that touch as one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _overlap(span: Span, other: Span) -> float:
    """Which part of ``span`` lies within ``other``."""
    shared = min(span[1], other[1]) - max(span[0], other[0])
    return max(0.0, shared) / (span[1] - span[0])


def _rounded(spans: list[Span]) -> tuple[Span, ...]:
    return tuple((round(a, 3), round(b, 3)) for a, b in spans)
