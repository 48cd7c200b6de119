"""Rows 15, 16 and 25 to 29: too many tracks, none at all, and those that nobody ordered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.tracks import Tracks
from tests.workers.media.hostile.treat import PLANTED, made, refused
from workers.media import Sandbox

# Each process makes the clips that it needs.
pytestmark = pytest.mark.xdist_group("hostile-tracks")

REFUSED = {
    "three_hundred": "too_many_streams",
    "five_thousand": "too_many_streams",
    "sound": "no_video_track",
    "sound_in_film_box": "no_video_track",
    "song_with_cover": "no_video_track",
    "picture": "not_a_video",
    "moving_picture": "not_a_video",
    "sound_beyond_all_loudness": "sound_broken",
    "sound_goes_on": "sound_too_long",
    "sound_goes_on_unsaid": "sound_too_long",
    "sound_comes_after_the_film": "sound_too_long",
    "a_sample_a_second": "sound_broken",
}
# Name: how many of the planted words the source holds, so that the search for them means something.
TELLING = {
    "subtitles": 1,
    "subtitles_of_phones": 1,
    "attachments": 1,
    "timecode": 1,
    "positions": 2,
    "timed_notes": 2,
    "chapters": 1,
    "told_by_an_iphone": 7,
    "told_by_an_android": 5,
    "told_by_a_recorder": 6,
    "adobe": 3,
    "told_within_the_pictures": 2,
    "told_within_the_sound": 1,
    "cover_of_a_camera": 4,
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tracks: Tracks, out: Path, cage: Sandbox, name: str) -> None:
    assert refused(tracks.get(name), out, cage) == REFUSED[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", TELLING)
def test_only_picture_and_sound_come_out(
    tracks: Tracks, out: Path, strongest: Sandbox, name: str
) -> None:
    path = tracks.get(name)
    content = path.read_bytes()
    assert sum(word in content for word in PLANTED) >= TELLING[name]
    facts = made(path, out, strongest).examined.facts
    assert (facts.width, facts.height, facts.silent) == (192, 108, False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bomb_as_cover", "heavy_cover"])
def test_a_cover_that_is_a_bomb_is_left_alone(
    tracks: Tracks, out: Path, cage: Sandbox, name: str
) -> None:
    """The film is shown, and the poster is one of its own pictures."""
    made(tracks.get(name), out, cage)
    assert (out / "poster.jpg").stat().st_size < 100_000
