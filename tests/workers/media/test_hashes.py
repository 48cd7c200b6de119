"""Hashes of frames: real films come back compressed, framed, mirrored, cut anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from review.hashindex import LOOSE, NEAR, Frame, frames_of
from tests.clips import film
from tests.remakes import FILMS, hashes_of, remake
from workers.media.hashes import MAX_FRAMES, STILL, frame_hashes

# What the hash itself must bear, and how far the median frame may move by it.
STEADY = {
    "compressed, 240p at CRF 35": 12,
    "compressed, 144p at CRF 40": 24,
    "letterboxed": 16,
    "pillarboxed in white": 24,
    "bars on all sides": 28,
    "brighter, more contrast": 20,
    "darker, paler": 12,
    "a logo in the corner": 44,
}


def distance(one: Frame, other: Frame) -> int:
    return (one.bits ^ other.bits).bit_count()


def nearest(frames: list[Frame], others: list[Frame]) -> list[int]:
    return sorted(min(distance(one, other) for other in others) for one in frames)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("remakes")


@pytest.fixture(scope="session")
def films() -> dict[str, list[Frame]]:
    return {name: frames_of(hashes_of(film(name))) for name in FILMS}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bikes", "carphone_pristine"])
def test_a_changed_film_has_nearly_the_same_hashes(
    films: dict[str, list[Frame]], folder: Path, name: str
) -> None:
    moved = {}
    for change in STEADY:
        found = frames_of(hashes_of(remake(film(name), change, folder / f"{name} {change}.mp4")))
        distances = nearest(films[name], found)
        moved[change] = distances[len(distances) // 2]
    assert {change: bits for change, bits in moved.items() if bits > STEADY[change]} == {}


def test_different_films_are_far_apart(films: dict[str, list[Frame]]) -> None:
    for one in FILMS:
        for other in FILMS:
            if one != other:
                assert nearest(films[one], films[other])[0] > 2 * LOOSE - STILL


def picture(seed: int = 1, height: int = 160, width: int = 240) -> np.ndarray:
    """Blobs of light, as soft as a filmed scene."""
    dice = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    light = np.zeros((height, width))
    for _ in range(40):
        cy, cx = dice.uniform(0, height), dice.uniform(0, width)
        light += dice.uniform(-1, 1) * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 700)
    light = (light - light.min()) / (light.max() - light.min()) * 200 + 30
    return np.repeat(light[..., None], 3, axis=2).astype(np.uint8)


def hashes(*frames: np.ndarray) -> list[Frame]:
    made = frame_hashes(np.stack(frames), [float(n) for n in range(len(frames))])
    return frames_of(h.as_json() for h in made)


def test_a_hash_is_32_bytes_with_the_time_of_its_frame() -> None:
    (found,) = frame_hashes(np.stack([picture()]), [12.3456])
    assert (found.at_s, len(found.hash)) == (12.3456, 32)
    assert found.as_json() == {"at_s": 12.346, "hash": found.hash.hex()}


def test_flat_frames_are_left_out() -> None:
    black, grey = np.zeros((160, 240, 3), np.uint8), np.full((160, 240, 3), 128, np.uint8)
    fade = np.repeat(np.linspace(90, 96, 160)[:, None, None], 240, axis=1).astype(np.uint8)
    assert hashes(black, grey, np.repeat(fade, 3, axis=2)) == []
    assert [f.at_ms for f in hashes(black, picture(), grey)] == [1000]


def test_a_still_scene_is_told_once() -> None:
    assert [f.at_ms for f in hashes(picture(1), picture(1), picture(2), picture(1))] == [
        0,
        2000,
        3000,
    ]


@pytest.mark.parametrize("shade", [0, 255, 40])
@pytest.mark.parametrize("sides", [(20, 0), (0, 30), (24, 36), (60, 0)])
def test_borders_of_one_colour_make_no_difference(shade: int, sides: tuple[int, int]) -> None:
    high, wide = sides
    framed = np.full((160 + 2 * high, 240 + 2 * wide, 3), shade, np.uint8)
    framed[high : high + 160, wide : wide + 240] = picture()
    assert distance(hashes(picture())[0], hashes(framed)[0]) <= 8


def test_a_logo_in_the_border_does_not_keep_it() -> None:
    framed = np.zeros((220, 240, 3), np.uint8)
    framed[30:190] = picture()
    framed[8:20, 10:30] = 255
    assert distance(hashes(picture())[0], hashes(framed)[0]) <= 8


def test_a_dark_moment_is_not_taken_for_a_border() -> None:
    """The picture's own dark sides come and go; a border stays."""
    night = picture().copy()
    night[:, :60] = 0
    seen = hashes(picture(2), night, picture(3))
    whole = hashes(night)[0]
    assert [f.at_ms for f in seen] == [0, 1000, 2000]
    assert distance(seen[1], whole) > NEAR  # alone it would have been cut; among others it is not


def test_a_long_clip_gives_no_more_frames_than_can_be_asked_for() -> None:
    scenes = [picture(seed, 64, 96) for seed in range(2 * MAX_FRAMES + 20)]
    found = hashes(*scenes)
    assert MAX_FRAMES // 2 < len(found) <= MAX_FRAMES
    assert found[-1].at_ms > 1000 * 1.9 * MAX_FRAMES


def test_tiny_frames_and_wrong_shapes() -> None:
    assert frame_hashes(np.zeros((0, 90, 160, 3), np.uint8), []) == []
    assert hashes(picture(1, 2, 320)) == hashes(picture(1, 320, 2)) == []
    for frames, times in ((np.zeros((2, 9, 9, 3), np.uint8), [0.0]), (picture(), [0.0] * 160)):
        with pytest.raises(ValueError, match="times for frames of shape"):
            frame_hashes(frames, times)
