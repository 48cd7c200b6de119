"""What a clip gets depends on what is in it: bit rates, rungs, sixty frames a second."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from tests.workers.conftest import Works
from tests.workers.media import look
from tests.workers.media.test_made import rung_files

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("shaped")]


def kbps(works: Works, name: str, side: int) -> float:
    path = rung_files(works, name)[f"{side}p"]
    return path.stat().st_size * 8 / 1000 / float(look.stream(path, "video")["duration"])


@pytest.mark.parametrize("side", [240, 360, 480, 720])
def test_photographs_a_face_and_a_street_cost_differently(works: Works, side: int) -> None:
    """One setting for all of them, and each gets what it needs. The street comes with a copied
    rung nowhere: its rates are those of our own encoder, as the others' are."""
    slides, talking, street = (kbps(works, n, side) for n in ("slides", "talking", "street"))
    assert slides < 0.5 * talking
    assert talking < 0.85 * street


def test_a_wasteful_source_is_not_copied(works: Works) -> None:
    """Photographs at 2.5 Mbit/s could be copied as 720p; encoded they cost a part of that."""
    facts = works.examined("slides").facts
    assert facts.video_kbps < 2800
    assert kbps(works, "slides", 720) < 0.4 * facts.video_kbps


def test_a_rung_that_shows_nothing_more_goes_everywhere(works: Works) -> None:
    """A grey wall costs the same at any size, and looks the same: the smallest is enough. Nothing
    still speaks of the others."""
    works.rendered("wall")
    out = works.out("wall")
    assert list(rung_files(works, "wall")) == ["144p"]
    text = (out / "hls/master.m3u8").read_text()
    assert re.findall(r"^\S+\.m3u8$", text, re.MULTILINE) == ["144p.m3u8"]
    assert [p.name for p in sorted((out / "mp4").iterdir())] == ["144p.mp4"]
    found = [(r.kind, r.what, r.width, r.height) for r in works.rendered("wall").renditions]
    assert found == [("hls", "hls/master.m3u8", 256, 144), ("mp4", "mp4/144p.mp4", 256, 144)]
    whats = {f.what for f in works.rendered("wall").files}
    made = {p.relative_to(out).as_posix() for p in (out / "hls").iterdir()}
    assert made == {what for what in whats if what.startswith("hls/")}


@pytest.mark.parametrize("name", ["surround", "street", "talking"])
def test_a_real_clip_keeps_all_its_rungs(works: Works, name: str) -> None:
    assert set(rung_files(works, name)) == {f"{side}p" for side in (144, 240, 360, 480, 720)}


def rates(works: Works, name: str) -> dict[str, Fraction]:
    files = rung_files(works, name)
    found = {stem: Fraction(look.stream(p, "video")["r_frame_rate"]) for stem, p in files.items()}
    return dict(sorted(found.items(), key=lambda pair: int(pair[0][:-1])))


def test_sixty_frames_only_in_the_best_rung_up_to_720(works: Works) -> None:
    assert list(rates(works, "panning_hd").items()) == [
        *((f"{side}p", 30) for side in (144, 240, 360, 480)),
        ("720p", 60),
        ("1080p", 30),
    ]
    text = (works.out("panning_hd") / "hls/master.m3u8").read_text()
    assert re.findall(r"FRAME-RATE=([\d.]+)", text).count("60.000") == 1


def test_thirty_where_the_picture_stands(works: Works) -> None:
    assert set(rates(works, "standing").values()) == {30}
