"""CenterFace: a small detector of faces. Its file comes from the operator; see docs/redaction.md.

What its outputs mean is as its authors describe it: "CenterFace: Joint Face Detection and
Alignment Using Face as Point" (Xu et al., 2019, arXiv:1911.03599), section 3: on a grid of a
quarter of the picture's sides, how much each cell is the middle of a face, the logarithm of its
height and width in cells, and where in the cell the middle lies.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

CELL = 4  # pixels of the picture to one of the grid
SIDES = 32  # the network halves its input five times
THRESHOLD = 0.35  # lower than its authors' 0.5: a person drops what is none, but misses what is
OVERLAP = 0.3  # two boxes that share so much (IoU) are of one face
MAX_FACES = 100  # in one frame
LARGEST = 8.0  # of the logarithm of a side: no picture of ours has more cells
THREADS = 2

Frame = npt.NDArray[np.uint8]
Grid = npt.NDArray[np.float32]

# Places in the file's wire format (Protocol Buffers, onnx.proto): a model's graph; its inputs and
# outputs; in each the type, in it the tensor's type, its shape, and the shape's dimensions.
_GRAPH, _INPUT, _OUTPUT = 7, 11, 12
_NAME, _TO_DIMENSION = 1, (2, 1, 2, 1)
_VARINT, _LONG, _BYTES, _SHORT = 0, 1, 2, 5
_NAMED = 0x12  # a dimension's second field: it has a name, and no size
_PICTURE = b"input.1"  # what this network calls its input; its weights are listed as inputs, too


@dataclass(frozen=True, slots=True)
class Found:
    """A face in one frame: fractions of its sides, and how sure the detector is (0..1)."""

    x: float
    y: float
    width: float
    height: float
    score: float

    @property
    def area(self) -> float:
        return self.width * self.height


class DetectorFailed(Exception):
    """The model can not be used here, or failed: why."""


@dataclass
class CenterFace:
    """The network, loaded at its first use; the same object serves one thread."""

    path: Path
    _session: Any = field(default=None, repr=False)

    def __call__(self, frame: Frame) -> list[Found]:
        """The faces of an upright RGB frame, (height, width, 3), both sides multiples of 32."""
        if self._session is None:
            self._session = _load(self.path)
        picture = np.ascontiguousarray(frame.transpose(2, 0, 1)[None], dtype=np.float32)
        try:
            outputs = self._session.run(None, {_PICTURE.decode(): picture})
            heat, scale, offset = (output[0] for output in outputs[:3])
            return decode(heat[0], scale, offset)
        except Exception as error:  # the runtime's own errors have no common class
            raise DetectorFailed(str(error)) from error


def _load(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # it warns of each of its weights
    try:
        model = without_sizes(path.read_bytes())
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise DetectorFailed(f"{path}: {error.strerror}") from error
    except DetectorFailed:
        raise
    except Exception as error:  # as above
        raise DetectorFailed(f"{path} can not be loaded: {error}") from error


def overlap(one: Found, other: Found) -> float:
    """Intersection over union."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.area + other.area - shared)


def decode(heat: Grid, scale: Grid, offset: Grid) -> list[Found]:
    """From the network's grids, (rows, columns) and twice (2, rows, columns), to faces, the surest
    first; of boxes that overlap only the surest."""
    rows, columns = heat.shape
    found = []
    for row, column in np.argwhere(heat > THRESHOLD).tolist():
        # Both grids tell of the height first, then of the width.
        high, wide = (math.exp(min(LARGEST, float(v))) for v in scale[:, row, column])
        down, right = (float(v) for v in offset[:, row, column])
        y, x = row + down + 0.5 - high / 2, column + right + 0.5 - wide / 2
        score = float(heat[row, column])
        inside = _inside(x / columns, y / rows, wide / columns, high / rows, score)
        if inside is not None:
            found.append(inside)
    return _distinct(found)


def _inside(x: float, y: float, width: float, height: float, score: float) -> Found | None:
    """Cut at the picture's edges; None where nothing is left, or where it is no number."""
    left, top, right, bottom = max(0.0, x), max(0.0, y), min(1.0, x + width), min(1.0, y + height)
    if not (right > left and bottom > top):
        return None
    return Found(left, top, right - left, bottom - top, score)


def _distinct(found: list[Found]) -> list[Found]:
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: f.score, reverse=True):
        if len(kept) < MAX_FACES and all(overlap(one, other) < OVERLAP for other in kept):
            kept.append(one)
    return kept


def without_sizes(model: bytes) -> bytes:
    """The same model for pictures of any size: its file fixes ten pictures of 32x32, though the
    network only convolves. Raises :class:`DetectorFailed` for what is no such file.

    Each size becomes a name of the same length in bytes, so that nothing else moves.
    """
    data = bytearray(model)
    try:
        sizes = list(_sizes(model))
    except (IndexError, ValueError) as error:
        raise DetectorFailed(f"this is no ONNX model: {error}") from error
    if not sizes:
        raise DetectorFailed("this is not CenterFace: it has no input of that name")
    for start, end in sizes:
        name = b"n" * (end - start - 2)
        data[start:end] = bytes((_NAMED, len(name))) + name
    return bytes(data)


def _sizes(model: bytes) -> Iterator[tuple[int, int]]:
    """Where the sizes of the picture and of what comes out of it stand."""
    for graph in _parts(model, 0, len(model), _GRAPH):
        inputs = [p for p in _parts(model, *graph, _INPUT) if _name(model, *p) == _PICTURE]
        if not inputs:
            return
        for value in [*inputs, *_parts(model, *graph, _OUTPUT)]:
            places = [value]
            for number in _TO_DIMENSION:
                places = [inner for place in places for inner in _parts(model, *place, number)]
            yield from (place for place in places if place[1] - place[0] >= 2)


def _name(model: bytes, start: int, end: int) -> bytes:
    for first, last in _parts(model, start, end, _NAME):
        return model[first:last]
    return b""


def _parts(model: bytes, start: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Where the values of a message's field stand; raises for what is no message."""
    at = start
    while at < end:
        tag, at = _varint(model, at)
        kind, size = tag & 7, 0
        if kind == _VARINT:
            _, at = _varint(model, at)
        elif kind == _BYTES:
            size, at = _varint(model, at)
        elif kind in (_LONG, _SHORT):
            size = 8 if kind == _LONG else 4
        else:
            raise ValueError(f"unknown kind {kind} of a field")
        if at + size > end:
            raise ValueError("a field is longer than its message")
        if kind == _BYTES and tag >> 3 == wanted:
            yield at, at + size
        at += size


def _varint(model: bytes, at: int) -> tuple[int, int]:
    """(number, where it ends)."""
    value = shift = 0
    while model[at] & 0x80:
        value |= (model[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if shift > 63:
            raise ValueError("a number without end")
    return value | model[at] << shift, at + 1
