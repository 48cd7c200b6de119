"""Rows 7, 8, 11, 17 to 21, 23 and 24: an MP4 whose boxes lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.mp4 import Mp4
from tests.workers.media.hostile.treat import Made, made, refused, refused_or_made
from workers.media import Refused, Sandbox

# Each process makes the clips that it needs.
pytestmark = pytest.mark.xdist_group("hostile-mp4")

REFUSED = {
    # The film lies in another file.
    "elsewhere_alias": "unreadable",
    # Lengths that are not the film's.
    "clock_of_zero": "unreadable",
    # Tables that promise more than there is.
    "times_without_end": "unreadable",
    "sizes_without_end": "unreadable",
    "one_size_for_billions": "unreadable",
    "shifts_without_end": "unreadable",
    "pieces_without_end": "unreadable",
    # Boxes in boxes, and their sizes.
    "deep_udta": "unreadable",
    "size_zero_first": "truncated",
    "size_one_without_more": "truncated",
    "size_of_exabytes": "truncated",
    "size_that_turns_around": "truncated",
    "size_smaller_than_itself": "truncated",
    "child_beyond_its_parent": "unreadable",
    # Cut, or nothing.
    "cut_index": "truncated",
    "cut_fragments": "truncated",
    "one_byte": "not_a_video",
    "only_a_head": "truncated",
    "noise_with_a_head": "truncated",
    "noise_in_the_index": "unreadable",
    # Edit lists.
    "repeated_by_its_edit_list": "unreadable",
    "edit_backwards": "unreadable",
    # Protected.
    "protected": "encrypted",
    "protected_sound": "encrypted",
    "fairplay": "encrypted",
}
# ffmpeg 5 believes what is said, ffmpeg 7 counts what is there.
REFUSED_OR_MADE = {
    "says_years": "too_long",
    "film_says_years": "too_long",
    "places_without_end": "unreadable",
}
MADE = (
    "elsewhere_url",
    "stated_huge",
    "stated_huge_track",
    "one_time_for_billions",
    "deep",
    "broad",
    "edits_before_the_begin",
    "empty_edit_of_days",
    "edits_without_end",
)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(mp4: Mp4, out: Path, cage: Sandbox, name: str) -> None:
    assert refused(mp4.get(name), out, cage) == REFUSED[name]


@pytest.mark.parametrize("name", REFUSED_OR_MADE)
def test_refused_or_made_as_it_truly_is(mp4: Mp4, out: Path, cage: Sandbox, name: str) -> None:
    done = refused_or_made(mp4.get(name), out, cage)
    if isinstance(done, Made):
        check_true(done)
    else:
        assert done == REFUSED_OR_MADE[name]


@pytest.mark.parametrize("tenths", [1, 3, 5, 7, 9])
def test_cut_behind_its_index(mp4: Mp4, out: Path, cage: Sandbox, tenths: int) -> None:
    assert refused(mp4.cut_at(tenths), out, cage) == "truncated"


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE)
def test_made_as_it_truly_is(mp4: Mp4, out: Path, cage: Sandbox, name: str) -> None:
    check_true(made(mp4.get(name), out, cage))


def check_true(done: Made) -> None:
    facts = done.examined.facts
    assert (facts.width, facts.height, facts.silent) == (192, 108, False)
    assert facts.duration_s == pytest.approx(2.0, abs=0.1)


@pytest.mark.slow
def test_a_piece_of_billions_becomes_no_clip(mp4: Mp4, out: Path, cage: Sandbox) -> None:
    """Found by the preview or by the ladder: the tools differ in what they make of its sound."""
    with pytest.raises(Refused) as caught:
        made(mp4.one_piece_of_billions(), out, cage)
    assert caught.value.code == "unreadable"
