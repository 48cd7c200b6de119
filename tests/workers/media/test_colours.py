"""A chart of known colours, as a player shows what is made of it."""

from __future__ import annotations

import colorsys
from pathlib import Path

import pytest

from tests.clips.colours import COLUMNS, PATCHES, ROWS
from tests.workers.conftest import Works
from tests.workers.media import look
from tests.workers.media.test_made import rung_files

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("made")]

PLAIN = ("bare_sd", "bare_hd", "said_601", "said_709", "full_range", "wide")
HDR = ("pq_chart", "hlg_chart")


def shown(path: Path) -> list[tuple[int, int, int]]:
    return look.colours(path, COLUMNS, ROWS)


def off(path: Path) -> int:
    """The largest error of any of the colours, of 255."""
    pairs = zip(shown(path), PATCHES, strict=True)
    return max(abs(a - b) for seen, meant in pairs for a, b in zip(seen, meant, strict=True))


@pytest.mark.parametrize("name", PLAIN)
def test_colours_are_those_of_the_source(works: Works, name: str) -> None:
    """In every rung, the preview and the poster, whether or not the source named its colours, and
    whichever way a player guesses from a rung's size."""
    rungs = rung_files(works, name)
    out = works.out(name)
    for path in (*rungs.values(), out / "proxy.mp4", out / "poster.jpg"):
        assert off(path) <= 6, path.name


@pytest.mark.parametrize("name", PLAIN)
def test_small_pictures_have_them_too(works: Works, name: str) -> None:
    works.rendered(name)
    sprite = look.tile(works.out(name) / "hls/sprite.jpg", 160, 90)
    for seen, meant in zip(look.patches(sprite, COLUMNS, ROWS), PATCHES, strict=True):
        assert max(abs(a - b) for a, b in zip(seen, meant, strict=True)) <= 12


@pytest.mark.parametrize("name", HDR)
def test_hdr_keeps_its_hues_and_is_neither_dark_nor_burnt(works: Works, name: str) -> None:
    """The mapping makes room for what is brighter than white, so that a page in the picture
    (203 cd/m²) is a light grey; hues stay within a few degrees."""
    for path in (*rung_files(works, name).values(), works.out(name) / "proxy.mp4"):
        assert look.stream(path, "video")["color_space"] == "bt709"
        seen = shown(path)
        for colour, meant in zip(seen, PATCHES, strict=True):
            if max(meant) - min(meant) > 30:
                apart = abs(hue(colour) - hue(meant))
                assert min(apart, 1 - apart) * 360 < 8
            else:
                assert max(colour) - min(colour) <= 4
        white, grey = seen[3][1], seen[7][1]
        assert 165 <= white <= 245
        assert 85 <= grey <= 135


def hue(colour: tuple[int, int, int]) -> float:
    red, green, blue = colour
    return colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)[0]


def test_a_recorded_screen_names_its_colours(works: Works) -> None:
    for path in rung_files(works, "screen").values():
        video = look.stream(path, "video")
        assert (video["color_space"], video["color_range"]) == ("bt709", "tv")
