"""Rows 1 to 6: lists of other places, and pages, that wear a film's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.lists import Lists
from tests.workers.media.canary import Canary, canary
from tests.workers.media.hostile.treat import made, refused
from workers.media import Sandbox
from workers.media.sandbox import TIERS

# Each process makes the clips that it needs.
pytestmark = pytest.mark.xdist_group("hostile-lists")

LISTS = {
    "hls": "playlist_not_video",
    "hls_after_a_mark": "playlist_not_video",
    "hls_behind_sound": "no_video_track",
    "hls_concat": "playlist_not_video",
    "hls_crypto": "playlist_not_video",
    "hls_subfile": "playlist_not_video",
    "hls_in_a_film_box": "truncated",
    "hls_in_matroska": "unreadable",
    "hls_in_avi": "no_video_track",
    "concat": "playlist_not_video",
    "concat_of_options": "playlist_not_video",
    "dash": "playlist_not_video",
    "smooth": "playlist_not_video",
    "pls": "playlist_not_video",
    "svg": "not_a_video",
    "html": "not_a_video",
    "sdp": "not_a_video",
}
FILMS = ("html_and_film", "film_in_a_page", "subtitle_list", "subtitle_list_of_text")


@pytest.fixture(scope="module")
def bird() -> Iterator[Canary]:
    with canary() as bird:
        yield bird


@pytest.fixture(scope="module", params=["server", "file"])
def pointing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, bird: Canary
) -> Lists:
    """Lists that point to a server which listens, and lists that point to a file."""
    lists = Lists(tmp_path_factory.mktemp(request.param))
    if request.param == "server":
        lists.place = f"http://127.0.0.1:{bird.port}/a.ts"
    else:
        lists.place = f"file:{lists.secret()}"
    return lists


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_never_followed(
    pointing: Lists, bird: Canary, out: Path, tier: str, name: str
) -> None:
    """Whatever the cage: the file itself is refused, and nobody is called."""
    assert refused(pointing.get(name), out, Sandbox(tier)) == LISTS[name]
    assert bird.hits == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", FILMS)
def test_a_list_beside_a_film_is_not_opened(
    pointing: Lists, bird: Canary, out: Path, cage: Sandbox, name: str
) -> None:
    """The film is a film; what hangs on it is left behind."""
    done = made(pointing.get(name), out, cage)
    assert (done.examined.facts.width, done.examined.facts.height) == (192, 108)
    assert bird.hits == 0
