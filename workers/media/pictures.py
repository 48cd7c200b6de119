"""Small pictures of a clip: scrub sprite, contact sheet, and which frames make a good poster.

The media tool decodes, and writes raw RGB frames of one known size: nothing here reads what a
stranger wrote in a format of pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from workers.media.errors import MediaToolFailed

LONG_SIDE = 320  # pixels of a sampled frame
MAX_SAMPLES = 240
MIN_STEP_S = 0.25  # a clip that was cut anew is found again at a frame each quarter second
TILE_SIDE = 160
TILES = 100
COLUMNS = 10
SHEET_FRAMES = 12
POSTERS = 3
_QUALITY = 72


@dataclass(frozen=True, slots=True)
class Samples:
    """Frames of the clip, (count, height, width, 3) RGB, and their times in seconds."""

    frames: npt.NDArray[np.uint8]
    times: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.times)


def step_for(duration_s: float) -> float:
    """Seconds between two samples."""
    return max(MIN_STEP_S, round(duration_s / MAX_SAMPLES, 2))


def read(path: Path, size: tuple[int, int], times: Sequence[float]) -> Samples:
    """Raw frames of ``size`` (width, height); a frame without a time, or a time without a frame,
    is left out. Raises :class:`MediaToolFailed` ("bad_output") when there is none."""
    width, height = size
    there = path.stat().st_size // (width * height * 3) if path.is_file() else 0
    count = min(there, len(times), MAX_SAMPLES + 8)
    if count == 0:
        raise MediaToolFailed("bad_output", f"no frames in {path.name}")
    frames = np.fromfile(path, np.uint8, count * width * height * 3)
    return Samples(frames.reshape(count, height, width, 3), tuple(times[:count]))


def spread(count: int, wanted: int) -> list[int]:
    """Up to ``wanted`` of ``count`` places, evenly."""
    if count <= wanted:
        return list(range(count))
    return [round((i + 0.5) * count / wanted - 0.5) for i in range(wanted)]


def sprite(
    samples: Samples, image: Path, index: Path, *, duration_s: float, offset_s: float = 0.0
) -> None:
    """All tiles in one picture, and WebVTT that says which part belongs to which time.
    ``offset_s``: how much later the clip begins in what is played."""
    chosen = spread(len(samples), TILES)
    width, height = _fitting(samples, TILE_SIDE)
    columns = min(COLUMNS, len(chosen))
    rows = -(-len(chosen) // columns)
    sheet = Image.new("RGB", (columns * width, rows * height))
    for place, number in enumerate(chosen):
        tile = _picture(samples, number, (width, height))
        sheet.paste(tile, (place % columns * width, place // columns * height))
    sheet.save(image, quality=_QUALITY)
    starts = [0.0, *(offset_s + samples.times[n] for n in chosen[1:])]
    ends = [*starts[1:], max(offset_s + duration_s, starts[-1] + 0.1)]
    lines = ["WEBVTT", ""]
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        x, y = place % columns * width, place // columns * height
        lines += [
            f"{_clock(start)} --> {_clock(end)}",
            f"{image.name}#xywh={x},{y},{width},{height}",
            "",
        ]
    index.write_text("\n".join(lines))


def _clock(seconds: float) -> str:
    whole = round(seconds * 1000)
    minutes, milliseconds = divmod(whole, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds / 1000:06.3f}"


def contact_sheet(samples: Samples, image: Path) -> None:
    """Up to twelve frames over the whole clip, each with its time."""
    chosen = spread(len(samples), SHEET_FRAMES)
    width, height = _fitting(
        samples, 240 if samples.frames.shape[2] > samples.frames.shape[1] else 160
    )
    columns = min(len(chosen), 4 if width >= height else 6)
    rows = -(-len(chosen) // columns)
    gap = 4
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + gap) + gap), "white")
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    for place, number in enumerate(chosen):
        x = gap + place % columns * (width + gap)
        y = gap + place // columns * (height + gap)
        sheet.paste(_picture(samples, number, (width, height)), (x, y))
        seconds = round(samples.times[number])
        label = f"{seconds // 60}:{seconds % 60:02d}"
        box = pen.textbbox((x + 6, y + height - 19), label, font=font)
        pen.rectangle((box[0] - 4, box[1] - 3, box[2] + 4, box[3] + 3), fill="black")
        pen.text((x + 6, y + height - 19), label, fill="white", font=font)
    sheet.save(image, quality=_QUALITY)


def _picture(samples: Samples, number: int, size: tuple[int, int]) -> Image.Image:
    return Image.fromarray(samples.frames[number]).resize(size, Image.Resampling.BILINEAR)


def _fitting(samples: Samples, side: int) -> tuple[int, int]:
    """Width and height of a tile whose long side is ``side``."""
    _, height, width, _ = samples.frames.shape
    scale = side / max(width, height)
    return max(2, round(width * scale)), max(2, round(height * scale))


def poster_times(samples: Samples) -> tuple[float, ...]:
    """Times of up to three frames, the best first: each from another part of the clip."""
    scores = [score(frame) for frame in samples.frames]
    best: list[int] = []
    parts = min(POSTERS, len(scores))
    for part in range(parts):
        places = range(part * len(scores) // parts, (part + 1) * len(scores) // parts)
        best.append(max(places, key=lambda n: scores[n]))
    return tuple(samples.times[n] for n in sorted(best, key=lambda n: -scores[n]))


def score(frame: npt.NDArray[np.uint8]) -> float:
    """How much a frame shows, 0 to 1: sharp, neither dark nor burnt, not flat."""
    grey = frame.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    centre = 4 * grey[1:-1, 1:-1]
    edges = centre - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    sharp = float(edges.var())
    light, contrast = float(grey.mean()), float(grey.std())
    lit = max(0.0, 1.0 - abs(light - 118) / 118)
    return (sharp / (sharp + 200.0)) * min(1.0, lit + 0.25) * min(1.0, contrast / 40)
