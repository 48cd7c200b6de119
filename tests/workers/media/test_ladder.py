from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from workers.media import MediaFacts
from workers.media.copying import is_wasteful
from workers.media.hls import Track
from workers.media.ladder import (
    LADDER,
    browsers_play,
    even,
    fast_rate_for,
    fast_rung,
    rate_for,
    rungs_for,
    single_files,
    size_for,
)
from workers.media.worth import costs_the_same

PHONE = MediaFacts(
    container="mp4",
    bytes=9_000_000,
    duration_s=20.0,
    video_index=0,
    video_codec="h264",
    profile="High",
    pixel_format="yuv420p",
    width=1920,
    height=1080,
    rotation=0,
    square_pixels=True,
    frame_rate="30",
    variable_rate=False,
    interlaced=False,
    hdr=False,
    audio_index=1,
    audio_codec="aac",
    audio_channels=2,
    streams=2,
    tags_removed=("gps",),
)


@pytest.mark.parametrize(
    ("short_side", "sides"),
    [
        (64, [64]),
        (103, [102]),
        (144, [144]),
        (239, [144]),
        (240, [144, 240]),
        (359, [144, 240]),
        (480, [144, 240, 360, 480]),
        (719, [144, 240, 360, 480]),
        (720, [144, 240, 360, 480, 720]),
        (1080, [144, 240, 360, 480, 720, 1080]),
        (2160, [144, 240, 360, 480, 720, 1080]),
    ],
)
def test_rungs_go_by_the_short_side_and_never_above_it(short_side: int, sides: list[int]) -> None:
    assert [r.side for r in rungs_for(short_side)] == sides


@pytest.mark.parametrize(
    ("width", "height", "side", "size"),
    [
        (1920, 1080, 720, (1280, 720)),
        (1080, 1920, 720, (720, 1280)),
        (427, 241, 240, (426, 240)),
        (1024, 576, 480, (854, 480)),
        (640, 272, 240, (564, 240)),
        (1080, 1080, 360, (360, 360)),
    ],
)
def test_both_sides_are_even(width: int, height: int, side: int, size: tuple[int, int]) -> None:
    assert size_for(replace(PHONE, width=width, height=height), side) == size


def test_even() -> None:
    assert [even(n) for n in (0.2, 1, 2, 2.9, 3.1, 853.9)] == [2, 2, 2, 2, 4, 854]


@pytest.mark.parametrize(
    ("rate", "variable", "made"),
    [
        ("30", False, Fraction(30)),
        ("30000/1001", False, Fraction(30000, 1001)),
        ("24", False, Fraction(24)),
        ("2", False, Fraction(5)),
        ("50", False, Fraction(25)),
        ("60", False, Fraction(30)),
        ("240", False, Fraction(30)),
        ("1000000", False, Fraction(30)),
        ("18", True, Fraction(30)),
        ("1000", True, Fraction(30)),
        ("12", True, Fraction(12)),
        ("1/3", True, Fraction(5)),
    ],
)
def test_what_is_made_has_a_constant_rate(rate: str, variable: bool, made: Fraction) -> None:
    assert rate_for(replace(PHONE, frame_rate=rate, variable_rate=variable)) == made


@pytest.mark.parametrize(
    ("rate", "variable", "fast"),
    [
        ("60", False, Fraction(60)),
        ("60000/1001", False, Fraction(60000, 1001)),
        ("50", False, Fraction(50)),
        ("30", False, None),
        ("120", False, None),
        ("60", True, None),
    ],
)
def test_a_second_rate_only_where_the_source_has_it(
    rate: str, variable: bool, fast: Fraction | None
) -> None:
    assert fast_rate_for(replace(PHONE, frame_rate=rate, variable_rate=variable)) == fast


def test_the_fast_rung_is_the_largest_up_to_720() -> None:
    made = {s: fast_rung(rungs_for(s)) for s in (240, 480, 720, 1080, 2160)}
    sides = {s: rung and rung.side for s, rung in made.items()}
    assert sides == {240: 240, 480: 480, 720: 720, 1080: 720, 2160: 720}


def test_single_files_for_who_pays_for_old_phones_and_the_best_up_to_720() -> None:
    made = {s: [r.side for r in single_files(rungs_for(s))] for s in (64, 144, 240, 480, 1080)}
    assert made == {
        64: [64],
        144: [144],
        240: [144, 240],
        480: [144, 360, 480],
        1080: [144, 360, 720],
    }


@pytest.mark.parametrize(
    ("changes", "plays"),
    [
        ({}, True),
        ({"container": "matroska"}, True),
        ({"width": 1080, "height": 1920, "rotation": 90}, True),
        ({"variable_rate": True}, True),
        ({"audio_index": None, "audio_codec": None}, True),
        ({"container": "mpegts"}, False),
        ({"video_codec": "hevc"}, False),
        ({"pixel_format": "yuv420p10le"}, False),
        ({"pixel_format": "yuv422p"}, False),
        ({"profile": "High 4:4:4 Predictive"}, False),
        ({"width": 3840, "height": 2160}, False),
        ({"square_pixels": False}, False),
        ({"interlaced": True}, False),
        ({"frame_rate": "60"}, True),
        ({"frame_rate": "10000"}, False),
        ({"audio_codec": "ac3"}, False),
        ({"audio_codec": "opus"}, False),
    ],
)
def test_only_what_browsers_play_is_previewed_as_it_is(
    changes: dict[str, Any], plays: bool
) -> None:
    assert browsers_play(replace(PHONE, **changes)) is plays


def track(name: str, average: int) -> Track:
    return Track(name, 10.0, average, average, "avc1.640028")


@pytest.mark.parametrize(
    ("smaller", "larger", "same"),
    [
        (400_000, 459_000, True),
        (400_000, 461_000, False),
        (100_000, 60_000, True),
        (9_000, 14_000, True),  # nothing but boxes
    ],
)
def test_which_rungs_cost_the_same(smaller: int, larger: int, same: bool) -> None:
    assert costs_the_same(track("480p", smaller), track("720p", larger)) is same


@pytest.mark.parametrize(("copied", "wasteful"), [(2_400_000, True), (1_000_000, False)])
def test_a_copy_that_costs_far_more_than_the_rung_below(copied: int, wasteful: bool) -> None:
    tracks = {"360p": track("360p", 150_000), "480p": track("480p", 300_000)}
    tracks["720p"] = track("720p", copied)
    assert is_wasteful(LADDER[4], tracks) is wasteful


def test_a_copy_alone_has_nothing_to_be_compared_with() -> None:
    assert not is_wasteful(LADDER[0], {"144p": track("144p", 900_000)})
