"""Clips made black, frozen, silent and flashing on purpose: what is said of them in the end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workers.conftest import Works
from tests.workers.media import look

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("shaped")]


def noticed(works: Works, name: str) -> dict[str, Any]:
    return {**works.examined(name).signals, **works.rendered(name).signals}


SPANS = ("black_spans", "frozen_spans", "flashing_spans")


def spans(works: Works, name: str) -> dict[str, Any]:
    """What was found of the three, without the empty ones."""
    return {kind: found for kind in SPANS if (found := noticed(works, name)[kind])}


def test_black_to_a_tenth_of_a_second(works: Works) -> None:
    """One of 1.2 s; the other of 0.3 s is too short to be noticed."""
    (span,) = spans(works, "blackened").pop("black_spans")
    assert span == pytest.approx([1.0, 2.2], abs=0.1)
    assert list(spans(works, "blackened")) == ["black_spans"]


def test_a_frozen_picture_in_spite_of_key_frames(works: Works) -> None:
    """A coarse encoder settles for a few frames, and draws it anew at 2 s."""
    (span,) = spans(works, "frozen").pop("frozen_spans")
    assert span == pytest.approx([1.0, 4.0], abs=0.3)
    assert list(spans(works, "frozen")) == ["frozen_spans"]


@pytest.mark.parametrize("name", ["speaking", "cuts", "panning"])
def test_nothing_is_wrong_with_these(works: Works, name: str) -> None:
    """A face that hardly moves, bicycles and five cuts, a camera that is turned fast."""
    assert spans(works, name) == {}


def test_the_streets_five_cuts_and_no_others(works: Works) -> None:
    """Frames 30, 76, 137, 187 and 242 of 25 a second."""
    assert noticed(works, "cuts")["scene_cuts"] == [1.2, 3.04, 5.48, 7.48, 9.68]


def test_times_hold_where_the_only_rung_is_the_fast_one(works: Works) -> None:
    """The frames that are looked at come 30 a second, also of a rung with 60."""
    (span,) = spans(works, "panning_small")["black_spans"]
    assert span == pytest.approx([1.05, 1.6], abs=0.05)


@pytest.mark.parametrize("per_second", [4, 5, 10, 15])
def test_flashing(works: Works, per_second: int) -> None:
    works.clips.named(f"flashing_{per_second}", works.clips.flashing(per_second))
    (span,) = spans(works, f"flashing_{per_second}").pop("flashing_spans")
    assert span == pytest.approx([1.0, 3.0], abs=0.15)


@pytest.mark.parametrize("per_second", [1, 2, 3])
def test_up_to_three_a_second_may_be(works: Works, per_second: int) -> None:
    works.clips.named(f"blinking_{per_second}", works.clips.flashing(per_second))
    assert spans(works, f"blinking_{per_second}") == {}


def test_a_small_lamp_may_flash(works: Works) -> None:
    """A sixth of the screen."""
    works.clips.named("lamp", works.clips.flashing(10, "120:80"))
    assert spans(works, "lamp") == {}


def test_red_flashes(works: Works) -> None:
    works.clips.named("siren", works.clips.flashing(5, colour="red"))
    (span,) = spans(works, "siren").pop("flashing_spans")
    assert span == pytest.approx([1.0, 3.0], abs=0.15)


def test_scrub_pictures_show_what_is_there_at_their_time(works: Works) -> None:
    """One each quarter second, of which every second one is looked at; black from 1.0 s to
    2.2 s, and again at 3.0 s."""
    works.rendered("blackened")
    sheet = works.out("blackened") / "hls/sprite.jpg"
    tiles = [look.tile(sheet, 160, 90, number).convert("L") for number in range(0, 16, 2)]
    dark = [max(tile.tobytes()) < 40 for tile in tiles]
    assert dark == [False, False, True, True, True, False, True, False]


def test_silence(works: Works) -> None:
    (span,) = noticed(works, "hushed")["silent_spans"]
    assert span == pytest.approx([1.0, 2.5], abs=0.1)
    assert noticed(works, "surround")["silent_spans"] == []
