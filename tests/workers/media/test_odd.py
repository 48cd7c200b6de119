"""Odd sources, and what a viewer sees and hears of them in the end."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tests.workers.conftest import Works
from tests.workers.media import look
from tests.workers.media.test_made import hls_files, one_file, rung_files

# One process makes the clips for all of these.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("made")]

# Name: the largest rung's width and height, frames a second.
KINDS: dict[str, tuple[int, int, str]] = {
    "hdr": (640, 360, "25"),
    "hlg": (428, 240, "25"),
    "ten_bit": (428, 240, "25"),
    "four_two_two": (428, 240, "25"),
    "four_four_four": (428, 240, "25"),
    "screen": (428, 240, "25"),
    "interlaced": (600, 480, "25"),
    "bottom_first": (720, 480, "25"),
    "odd": (426, 240, "25"),
    "anamorphic": (854, 480, "25"),
    "portrait": (720, 1280, "25"),
    "turned_180": (428, 240, "25"),
    "turned_270": (240, 428, "25"),
    "turned_anamorphic": (240, 428, "25"),
    "variable": (564, 240, "30"),
    "mixed_rate": (428, 240, "30"),
    "panning": (428, 240, "60"),
    "panning_small": (176, 144, "60"),
    "standing": (428, 240, "30"),
    "fifty": (428, 240, "50"),
    "film_rate": (428, 240, "24000/1001"),
    "mono": (564, 240, "25"),
    "surround": (1280, 720, "25"),
    "eight_channels": (428, 240, "25"),
    "nameless_channels": (428, 240, "25"),
    "quiet": (428, 240, "25"),
    "loud": (428, 240, "25"),
    "silent_track": (428, 240, "25"),
    "holed_sound": (428, 240, "25"),
    "short_sound": (428, 240, "25"),
    "one_key": (428, 240, "25"),
    "changing": (428, 240, "30"),
}
SILENT = ("standing",)
# Nobody can hear whether these have the right loudness: no sound, or more than 30 dB too quiet.
NOT_LEVELLED = ("silent_track", "holed_sound")
every = pytest.mark.parametrize("name", KINDS)
sounding = pytest.mark.parametrize("name", [n for n in KINDS if n not in SILENT])


def best(works: Works, name: str) -> Path:
    return max(rung_files(works, name).values(), key=lambda path: int(path.stem[:-1]))


@every
def test_size_and_shape(works: Works, name: str) -> None:
    width, height, _ = KINDS[name]
    for path in (best(works, name), one_file(works, name)):
        video = look.stream(path, "video")
        assert (video["width"], video["height"]) == (width, height)
        assert video.get("sample_aspect_ratio", "1:1") == "1:1"
        assert "side_data_list" not in video


@every
def test_every_phone_can_decode_it(works: Works, name: str) -> None:
    for path in rung_files(works, name).values():
        video = look.stream(path, "video")
        kept = (video["codec_name"], video["pix_fmt"], video["field_order"])
        assert kept == ("h264", "yuv420p", "progressive")
    assert look.decodes_to(one_file(works, name))[1] == ""


@every
def test_frames_come_at_the_sources_rate(works: Works, name: str) -> None:
    """60 and 50 frames a second stay only where the picture moves, and only in one rung."""
    rate = Fraction(KINDS[name][2])
    assert Fraction(look.stream(best(works, name), "video")["r_frame_rate"]) == rate
    others = [p for p in rung_files(works, name).values() if p != best(works, name)]
    rates = {Fraction(look.stream(path, "video")["r_frame_rate"]) for path in others}
    assert rates <= {rate / 2 if rate > 30 else rate}


@every
def test_it_lasts_as_long_as_its_picture(works: Works, name: str) -> None:
    """Within a tenth of a second, in every rung and in the file. (`changing` came with a frame
    less than its clock said: the second part's clock begins anew.)"""
    lasting = works.examined(name).facts.duration_s
    for path in (*rung_files(works, name).values(), one_file(works, name)):
        made = float(look.stream(path, "video")["duration"])
        assert made == pytest.approx(lasting, abs=0.1)


@pytest.mark.parametrize("name", [n for n in KINDS if n != "changing"])
def test_the_picture_is_the_sources(works: Works, name: str) -> None:
    """Upright, and of the same moment. HDR is brighter or darker than what the tool shows of it
    without mapping: `test_colours` looks at that."""
    seen = look.picture(works.clips.get(name), 1.0, (32, 32))
    shown = look.picture(one_file(works, name), 1.0, (32, 32))
    assert look.likeness(shown, seen) < (30 if name in ("hdr", "hlg") else 9)
    # The film is not one that looks alike upside down.
    assert look.likeness(shown, seen[::-1]) > 20


@sounding
def test_sound_is_there_in_every_form(works: Works, name: str) -> None:
    lasting = works.examined(name).facts.duration_s
    files = hls_files(works, name)
    shorter = {"short_sound": 1.4, "one_key": 5.3}.get(name, lasting)
    for path in (files["audio"], files["audio-low"], works.out(name) / "audio/sound.m4a"):
        sound = look.stream(path, "audio")
        assert (sound["codec_name"], sound["sample_rate"]) == ("aac", "48000")
        assert float(sound["duration"]) == pytest.approx(shorter, abs=0.15)
    assert look.kinds(one_file(works, name)) == ["video", "audio"]


@pytest.mark.parametrize("name", [n for n in KINDS if n not in (*SILENT, *NOT_LEVELLED)])
def test_loudness_of_all_that_is_served(works: Works, name: str) -> None:
    """-16 LUFS within 1, and no peak above -1 dBTP: also of the small sound of one channel. The
    files hold the packets of the stream's sounds."""
    hls_files(works, name)
    small = works.out(name) / "mp4" / "144p.mp4"
    for path in (works.out(name) / "audio/sound.m4a", small):
        integrated, peak = look.loudness(path)
        assert integrated == pytest.approx(-16, abs=1.0), path.name
        assert peak <= -1.0, path.name


def test_stereo_stays_stereo(works: Works) -> None:
    """What stands on one side only is heard on that side only, also beside the small mix."""
    works.rendered("surround")
    path = works.out("surround") / "hls/audio.mp4"
    sides = look.channels(path)
    source = look.channels(works.clips.surround())
    assert source > 0.05
    assert sides > 0.5 * source


def test_silence_is_not_made_loud(works: Works) -> None:
    files = hls_files(works, "silent_track")
    assert look.loudness(files["audio"])[0] < -60
    signals = works.examined("silent_track").signals
    assert signals["silent_spans"] == [[0.0, 1.6]]
    assert signals["sound_plan"]["gain_db"] == 0


def test_a_hole_in_the_sound_stays_where_it_was(works: Works) -> None:
    """What comes after it is not pulled forward."""
    loud = look.levels(hls_files(works, "holed_sound")["audio"], 0.1)
    assert max(loud[9:13]) < -70
    assert min(*loud[4:7], *loud[16:22]) > -50


def test_a_picture_that_changes_its_size_keeps_its_sound(works: Works) -> None:
    """No pause where it changes, and both parts of the picture are there."""
    loud = look.levels(hls_files(works, "changing")["audio"], 0.2)
    assert min(loud[:12]) > -40
    for at in (0.6, 1.8):
        seen = look.picture(works.clips.changing(), at, (32, 18))
        assert look.likeness(look.picture(one_file(works, "changing"), at, (32, 18)), seen) < 10


def test_fields_are_no_combs(works: Works) -> None:
    """Neighbouring lines of a moving picture agree, whichever field came first."""
    for name in ("interlaced", "bottom_first"):
        source = look.combing(works.clips.get(name))
        assert look.combing(best(works, name)) < 0.6 * source
