"""Hashes of frames that stay nearly the same when a clip is compressed, framed or cut anew.

The hash is PDQ (Meta, 256 bits, from a 16x16 cosine transform of the picture): two pictures are
alike when few of their bits differ. A plain function on frames that were decoded anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pdqhash  # type: ignore[import-untyped]

MAX_FRAMES = 240
# PDQ's own measure of detail, 0-100; its authors advise against hashes of pictures below 50.
MIN_QUALITY = 50
# Neighbours that differ by less say the same thing twice. Re-compressing moves up to that many.
STILL = 10
# A row is border when nine tenths of it have the colour of the edge: a logo may stand in it.
_SHARE, _TOLERANCE = 0.9, 14
_MOST = 0.4  # of the picture, cut from one side: a dark scene is not all border
_LUMA = np.array((0.299, 0.587, 0.114), dtype=np.float32)

Frames = npt.NDArray[np.uint8]
_Luma = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FrameHash:
    """``at_s``: seconds from the start of the clip; ``hash``: 32 bytes."""

    at_s: float
    hash: bytes

    def as_json(self) -> dict[str, float | str]:
        return {"at_s": round(self.at_s, 3), "hash": self.hash.hex()}


def frame_hashes(frames: Frames, times: Sequence[float]) -> list[FrameHash]:
    """The hashes of the frames worth comparing, in the order of ``times`` (seconds).

    ``frames``: (n, height, width, 3) RGB of some 320 px width; read one by one, so that a
    ``numpy.memmap`` of the tool's raw output will do. Borders of one colour are cut off first;
    flat frames and those like the one before are left out; of more than :data:`MAX_FRAMES` every
    n-th is kept.
    """
    if frames.ndim != 4 or frames.shape[3] != 3 or len(frames) != len(times):
        raise ValueError(f"{len(times)} times for frames of shape {frames.shape}")
    boxes = _steady([_picture(frame @ _LUMA) for frame in frames])
    found: list[FrameHash] = []
    for frame, at, (top, bottom, left, right) in zip(frames, times, boxes, strict=True):
        made = _hash(frame[top:bottom, left:right])
        if made is not None and not (found and _distance(made, found[-1].hash) <= STILL):
            found.append(FrameHash(float(at), made))
    step = -(-len(found) // MAX_FRAMES) or 1
    return found[::step]


def _hash(frame: Frames) -> bytes | None:
    """None for a frame without detail."""
    if min(frame.shape[:2]) < 16:
        return None
    bits, quality = pdqhash.compute(np.ascontiguousarray(frame))
    return bytes(np.packbits(bits.astype(np.uint8))) if quality >= MIN_QUALITY else None


def _distance(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


_Box = tuple[int, int, int, int]  # top, bottom, left, right


def _picture(luma: _Luma) -> _Box:
    """Where the picture is inside borders of one colour."""
    top, bottom = _border(luma), luma.shape[0] - _border(luma[::-1])
    inner = luma[top:bottom].T
    return top, bottom, _border(inner), inner.shape[0] - _border(inner[::-1])


def _border(luma: _Luma) -> int:
    """How many of the first rows have the colour of the edge."""
    most = int(len(luma) * _MOST)
    alike = np.abs(luma[:most] - np.median(luma[0])) <= _TOLERANCE
    other = np.flatnonzero(alike.mean(axis=1) < _SHARE)
    return int(other[0]) if len(other) else most


def _steady(boxes: list[_Box]) -> list[_Box]:
    """A border that comes and goes from frame to frame is part of the picture."""
    near = [boxes[max(0, i - 1) : i + 2] for i in range(len(boxes))]
    return [
        (
            min(b[0] for b in some),
            max(b[1] for b in some),
            min(b[2] for b in some),
            max(b[3] for b in some),
        )
        for some in near
    ]
