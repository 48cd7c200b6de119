"""What is seen in frames: black, frozen, flashing, cuts. Frames are made here, as arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.media.signals import HEIGHT, WIDTH, Frames, detect, moves, read

RATE = 30.0
DARK, LIGHT = 40, 220


def scene(seed: int) -> npt.NDArray[np.int16]:
    """A picture with a light ground, dark things and colours: nothing in it moves."""
    noise = np.random.default_rng(seed).integers(60, 200, (9, 16, 3))
    return np.kron(noise, np.ones((3, 3, 1))).astype(np.int16)


def film(seconds: float, seed: int = 1, rate: float = RATE) -> Frames:
    """A scene that the camera pans over, with grain."""
    ground = scene(seed)
    grain = np.random.default_rng(seed + 1)
    count = round(seconds * rate)
    frames = [
        np.roll(ground, n // 2, axis=1) + grain.integers(-4, 5, ground.shape) for n in range(count)
    ]
    return np.clip(np.stack(frames), 0, 255).astype(np.uint8)


def grey(value: int, seconds: float, rate: float = RATE) -> Frames:
    return np.full((round(seconds * rate), HEIGHT, WIDTH, 3), value, np.uint8)


def flashes(
    per_second: float,
    seconds: float = 2.0,
    *,
    low: tuple[int, int, int] = (DARK,) * 3,
    high: tuple[int, int, int] = (LIGHT,) * 3,
    area: float = 1.0,
    rate: float = 60.0,
) -> Frames:
    """The upper ``area`` of the screen changes to and fro."""
    count = round(seconds * rate)
    frames = np.empty((count, HEIGHT, WIDTH, 3), np.uint8)
    frames[:] = low
    rows = round(HEIGHT * area)
    for number in range(count):
        if (number * per_second / rate) % 1 < 0.5:
            frames[number, :rows] = high
    return frames


def joined(*parts: Frames) -> Frames:
    return np.concatenate(parts)


def test_a_film_in_which_nothing_is_wrong() -> None:
    found = detect(film(4), RATE)
    assert found.to_dict() == {
        "black_spans": [],
        "frozen_spans": [],
        "flashing_spans": [],
        "scene_cuts": [],
    }


@given(begin=st.integers(2, 60), length=st.integers(15, 90))
@settings(max_examples=25, deadline=None)
def test_black_is_found_to_the_frame(begin: int, length: int) -> None:
    part = film((begin + length + 30) / RATE)
    part[begin : begin + length] = 8
    assert detect(part, RATE).black_spans == (
        (round(begin / RATE, 3), round((begin + length) / RATE, 3)),
    )


def test_short_black_is_a_cut() -> None:
    assert detect(joined(film(1), grey(0, 0.4), film(1)), RATE).black_spans == ()


def test_dark_is_not_black() -> None:
    night = (film(2).astype(np.int16) // 4 + 20).astype(np.uint8)
    assert detect(night, RATE).black_spans == ()


def test_a_title_on_black_is_black_only_where_it_is_tiny() -> None:
    title = grey(0, 1.0)
    title[:, 12:15, 12:36] = 255  # 5 % of the screen
    assert detect(joined(film(1), title, film(1)), RATE).black_spans == ()


@given(begin=st.integers(5, 40), length=st.integers(60, 120), noise=st.integers(0, 2))
@settings(max_examples=20, deadline=None)
def test_a_frozen_picture_is_found(begin: int, length: int, noise: int) -> None:
    part = film((begin + length + 40) / RATE)
    grain = np.random.default_rng(3).integers(-noise, noise + 1, (length, HEIGHT, WIDTH, 3))
    still = np.clip(part[begin].astype(np.int16), noise, 255 - noise)
    part[begin : begin + length] = (still + grain).astype(np.uint8)
    (span,) = detect(part, RATE).frozen_spans
    assert span == pytest.approx((begin / RATE, (begin + length) / RATE), abs=0.1)


def test_key_frames_do_not_hide_that_a_picture_stands() -> None:
    """Each second the encoder draws it a little differently."""
    part = film(6)
    still = part[30].astype(np.int16)
    change = np.random.default_rng(5).integers(-8, 9, (4, HEIGHT, WIDTH, 3))
    for second in range(4):
        place = 30 + 30 * second
        part[place : place + 30] = np.clip(still + change[second] // 2, 0, 255)
    assert detect(part, RATE).frozen_spans == ((1.0, 5.0),)


def test_a_picture_that_stands_for_a_moment_is_not_frozen() -> None:
    part = film(4)
    part[30:80] = part[30]
    assert detect(part, RATE).frozen_spans == ()


def test_a_face_far_away_is_not_frozen() -> None:
    """Three of 1,296 places move, by a few steps."""
    part = np.repeat(film(0.1)[:1], 120, axis=0)
    wave = (30 * np.sin(np.arange(120) / 3)).astype(np.int16)
    face = part[:, 10, 20:23].astype(np.int16) // 2 + 60 + wave[:, None, None]
    part[:, 10, 20:23] = face.astype(np.uint8)
    assert detect(part, RATE).frozen_spans == ()


def test_black_is_not_called_frozen_too() -> None:
    found = detect(joined(film(1), grey(0, 4), film(1)), RATE)
    assert (found.black_spans, found.frozen_spans) == (((1.0, 5.0),), ())


@pytest.mark.parametrize(
    ("per_second", "rate"),
    [(n, rate) for rate in (25.0, 30.0, 60.0) for n in (4, 5, 7.5, 10, 12.5, 15) if 2 * n <= rate],
)
def test_more_than_three_flashes_a_second(per_second: float, rate: float) -> None:
    found = detect(joined(grey(DARK, 1.0, rate), flashes(per_second, rate=rate)), rate)
    (span,) = found.flashing_spans
    assert span[0] == pytest.approx(1.0, abs=0.1)
    assert span[1] == pytest.approx(3.0, abs=0.3)


@pytest.mark.parametrize("per_second", [0.5, 1, 2, 3])
def test_up_to_three_flashes_a_second_are_none(per_second: float) -> None:
    assert detect(flashes(per_second, 4.0), 60.0).flashing_spans == ()


@given(per_second=st.floats(0.2, 20.0), area=st.floats(0.0, 1.0))
@settings(max_examples=40, deadline=None)
def test_flashes_by_rate_and_area(per_second: float, area: float) -> None:
    """Whatever lies clearly on one side of the rule is judged so."""
    found = detect(flashes(per_second, 3.0, area=area), 60.0).flashing_spans
    if per_second <= 2.9 or area <= 0.2:
        assert found == ()
    if per_second >= 4.2 and area >= 0.32:
        assert len(found) == 1


@pytest.mark.parametrize(
    ("low", "high", "flashing"),
    [
        ((0, 0, 0), (80, 80, 80), False),  # 8 % of the largest luminance
        ((0, 0, 0), (110, 110, 110), True),
        ((240, 240, 240), (255, 255, 255), False),  # both are bright
        ((0, 0, 0), (200, 0, 0), True),  # saturated red
        ((90, 0, 0), (140, 0, 0), True),  # red, and hardly brighter
        ((0, 0, 0), (0, 0, 255), False),  # blue gives 7 % of the light
    ],
)
def test_which_changes_are_flashes(
    low: tuple[int, int, int], high: tuple[int, int, int], flashing: bool
) -> None:
    found = detect(flashes(6, low=low, high=high), 60.0).flashing_spans
    assert bool(found) is flashing


def test_flashes_that_fade_in_and_out_count() -> None:
    """Five a second, as a sine: each change takes three frames of 30."""
    wave = 130 + 110 * np.sin(np.arange(90) * 2 * np.pi * 5 / 30)
    frames = np.repeat(wave.astype(np.uint8), HEIGHT * WIDTH * 3).reshape(90, HEIGHT, WIDTH, 3)
    assert len(detect(frames, 30.0).flashing_spans) == 1


def test_grain_and_panning_are_no_flashes() -> None:
    wild = np.random.default_rng(9).integers(0, 256, (120, HEIGHT, WIDTH, 3)).astype(np.uint8)
    assert detect(wild, RATE).flashing_spans == ()
    assert detect(film(4), RATE).flashing_spans == ()


@given(places=st.lists(st.integers(1, 20), min_size=0, max_size=6))
@settings(max_examples=25, deadline=None)
def test_cuts_are_found_to_the_frame(places: list[int]) -> None:
    """Scenes of at least half a second, light and dark by turns."""
    parts, times, at = [film(0.5, 1)], [], 15
    for number, extra in enumerate(places):
        times.append(round(at / RATE, 3))
        part = film((15 + extra) / RATE, 2 + number).astype(np.int16)
        change = -50 if number % 2 == 0 else 50
        parts.append(np.clip(part + change, 0, 255).astype(np.uint8))
        at += 15 + extra
    assert list(detect(joined(*parts), RATE).scene_cuts) == times


def test_what_moves() -> None:
    assert moves(film(2))
    assert not moves(np.repeat(film(0.1)[:1], 60, axis=0))
    assert not moves(film(0.1)[:1])
    twice = np.repeat(film(1), 2, axis=0)  # each frame written twice
    assert moves(twice)


def test_frames_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "signals.rgb"
    content = joined(film(1), grey(0, 1), film(1))
    path.write_bytes(content.tobytes() + b"half a frame")
    assert read(path, RATE) == detect(content, RATE)
    assert read(path, RATE).black_spans == ((1.0, 2.0),)
    path.write_bytes(b"")
    assert read(path, RATE).to_dict()["scene_cuts"] == []
