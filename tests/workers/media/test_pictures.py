"""Sprite, contact sheet and the choice of posters, from frames that we made."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workers.media import MediaToolFailed
from workers.media.pictures import (
    Samples,
    contact_sheet,
    poster_times,
    read,
    score,
    spread,
    sprite,
    step_for,
)


def coloured(count: int, size: tuple[int, int] = (180, 320)) -> Samples:
    """Frame n is of grey level 2 n; one each second."""
    frames = np.stack([np.full((*size, 3), 2 * n, np.uint8) for n in range(count)])
    return Samples(frames, tuple(float(n) for n in range(count)))


def cues(index: Path) -> list[tuple[float, float, tuple[int, int, int, int]]]:
    text = index.read_text()
    assert text.startswith("WEBVTT\n\n")
    pattern = r"(\d+):(\d+):([\d.]+) --> (\d+):(\d+):([\d.]+)\n\S+#xywh=(\d+),(\d+),(\d+),(\d+)"
    found = []
    for parts in re.findall(pattern, text):
        begin, end = (
            int(parts[n]) * 3600 + int(parts[n + 1]) * 60 + float(parts[n + 2]) for n in (0, 3)
        )
        x, y, width, height = (int(n) for n in parts[6:])
        found.append((begin, end, (x, y, width, height)))
    return found


@pytest.mark.parametrize("count", [1, 7, 100, 240])
def test_each_time_shows_its_own_tile(tmp_path: Path, count: int) -> None:
    samples = coloured(min(count, 120)) if count < 240 else coloured(120)
    sprite(samples, tmp_path / "s.jpg", tmp_path / "s.vtt", duration_s=float(len(samples)))
    sheet = Image.open(tmp_path / "s.jpg").convert("L")
    found = cues(tmp_path / "s.vtt")
    assert len(found) == min(len(samples), 100)
    assert found[0][0] == 0.0
    assert found[-1][1] == float(len(samples))
    for begin, end, (x, y, width, height) in found:
        assert begin < end
        assert (width, height) == (160, 90)
        level = sheet.getpixel((x + width // 2, y + height // 2))
        # Of the sample that stands within this span.
        assert any(abs(level - 2 * n) <= 4 for n in range(int(begin), int(end) + 1))
    for (_, end, _), (begin, _, _) in itertools.pairwise(found):
        assert end == begin


def test_a_card_before_the_clip_moves_all_but_the_first_begin(tmp_path: Path) -> None:
    sprite(coloured(3), tmp_path / "s.jpg", tmp_path / "s.vtt", duration_s=3.0, offset_s=2.0)
    assert [(a, b) for a, b, _ in cues(tmp_path / "s.vtt")] == [(0, 3), (3, 4), (4, 5)]


@pytest.mark.parametrize(("size", "shape"), [((180, 320), (4, 3)), ((320, 180), (6, 2))])
def test_twelve_frames_on_a_sheet(
    tmp_path: Path, size: tuple[int, int], shape: tuple[int, int]
) -> None:
    contact_sheet(coloured(60, size), tmp_path / "c.jpg")
    with Image.open(tmp_path / "c.jpg") as sheet:
        long, short = sheet.width / shape[0], sheet.height / shape[1]
        assert (long > short) == (size[1] > size[0])
        assert not sheet.getexif()


def noisy(level: int, spread_of: int) -> np.ndarray:
    grain = np.random.default_rng(7).integers(-spread_of, spread_of + 1, (90, 160, 3))
    return np.clip(level + grain, 0, 255).astype(np.uint8)


def test_a_good_poster_is_sharp_and_lit() -> None:
    good = score(noisy(120, 90))
    assert good > 2 * score(noisy(120, 4))  # blurred
    assert good > 2 * score(noisy(8, 8))  # dark
    assert good > 2 * score(noisy(250, 5))  # burnt
    assert score(np.zeros((90, 160, 3), np.uint8)) == 0.0


def test_posters_come_from_three_parts_of_the_clip_the_best_first() -> None:
    frames = np.stack([noisy(10, 5)] * 12)
    frames[2], frames[5], frames[9] = noisy(100, 40), noisy(120, 90), noisy(100, 60)
    assert poster_times(Samples(frames, tuple(float(n) for n in range(12)))) == (5.0, 9.0, 2.0)
    assert poster_times(Samples(frames[:1], (0.0,))) == (0.0,)


def test_frames_and_times_belong_together(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.write_bytes(bytes(4 * 2 * 3) * 3 + b"half a frame")
    assert len(read(raw, (4, 2), [0.0, 1.0, 2.0, 3.0])) == 3
    assert read(raw, (4, 2), [0.0, 1.0]).times == (0.0, 1.0)
    raw.write_bytes(b"")
    with pytest.raises(MediaToolFailed, match="bad_output"):
        read(raw, (4, 2), [0.0])


def test_places_are_spread() -> None:
    assert spread(3, 12) == [0, 1, 2]
    assert spread(100, 4) == [12, 37, 62, 87]
    assert step_for(10.0) == 0.25
    assert step_for(600.0) == 2.5
