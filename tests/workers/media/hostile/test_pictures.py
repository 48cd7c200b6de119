"""Rows 8, 9, 30, 31, 34 and 35: pictures and sound of every kind that a tool can make."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.pictures import LEGACY, LEGACY_SOUND, Pictures
from tests.workers.media import look
from tests.workers.media.hostile.treat import PLANTED, made, refused
from workers.media import Sandbox

# Each process makes the clips that it needs.
pytestmark = pytest.mark.xdist_group("hostile-pictures")

REFUSED = {
    "giant": "picture_too_large",
    "one_by_one": "picture_too_small",
    "a_line": "picture_too_small",
    "not_a_number": "sound_broken",
}
# Name: upright size with square pixels.
MADE = {
    "odd": (127, 97),
    "ten_bits": (192, 108),
    "all_colours": (192, 108),
    "half_colours": (192, 108),
    "no_colours": (192, 108),
    "full_range": (192, 108),
    "twelve_bits": (192, 108),
    "see_through": (192, 108),
    "hdr": (192, 108),
    "turned": (108, 192),
    "two_fields": (192, 144),
    "odd_pixels": (256, 144),
    "absurd_pixels": (192, 108),
}
SOUNDS = ("eight_channels", "three_quarters_of_a_megahertz", "far_too_loud")


@pytest.mark.parametrize("name", REFUSED)
def test_refused(pictures: Pictures, out: Path, cage: Sandbox, name: str) -> None:
    assert refused(pictures.get(name), out, cage) == REFUSED[name]


@pytest.mark.slow
@pytest.mark.parametrize("codec", LEGACY)
def test_old_codecs_are_not_even_decoded(
    pictures: Pictures, out: Path, strongest: Sandbox, codec: str
) -> None:
    # A film of PNG counts as pictures.
    code = "no_video_track" if codec == "png" else "codec_not_supported"
    assert refused(pictures.legacy(codec), out, strongest) == code


@pytest.mark.parametrize("codec", LEGACY_SOUND)
def test_old_sound(pictures: Pictures, out: Path, cage: Sandbox, codec: str) -> None:
    assert refused(pictures.legacy_sound(codec), out, cage) == "codec_not_supported"


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE)
def test_made_for_every_screen(
    pictures: Pictures, out: Path, strongest: Sandbox, name: str
) -> None:
    """And it is still the street, neither black nor burnt."""
    path = pictures.get(name)
    done = made(path, out, strongest)
    assert (done.examined.facts.width, done.examined.facts.height) == MADE[name]
    size = (27, 48) if name == "turned" else (48, 27)
    shown = look.picture(done.single, 0.8, size)
    assert max(shown) - min(shown) > 60
    if name not in ("hdr", "two_fields"):
        assert look.likeness(shown, look.picture(path, 0.8, size)) < 12


@pytest.mark.slow
def test_what_hangs_on_photographs(pictures: Pictures, out: Path, strongest: Sandbox) -> None:
    """EXIF with a place, a picture within the picture, a colour profile."""
    path = pictures.photographs_with_notes()
    content = path.read_bytes()
    assert sum(word in content for word in PLANTED) >= 4
    made(path, out, strongest)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOUNDS)
def test_sound_for_every_loudspeaker(
    pictures: Pictures, out: Path, strongest: Sandbox, name: str
) -> None:
    facts = made(pictures.get(name), out, strongest).examined.facts
    assert facts.audio_codec is not None


def test_flashing_clips_flash_as_they_say(pictures: Pictures) -> None:
    """What the finding of flashes is measured with: changes a second, counted in the picture."""
    for path, rate in (
        (pictures.flashing_white(), 10),
        (pictures.flashing_slower(), 5),
        (pictures.flashing_fastest(), 15),
        (pictures.blinking(), 1),
    ):
        shown = [value > 128 for value in look.greys(path)[30:60]]
        ups = sum(b and not a for a, b in zip([False, *shown], shown, strict=False))
        assert ups == rate, (path.name, shown)
    assert 40 < max(look.greys(pictures.flashing_red())) < 120
