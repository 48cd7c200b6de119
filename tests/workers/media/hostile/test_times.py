"""Rows 10 to 14, 32 and 33: clocks that lie, and streams that change on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.times import Times
from tests.workers.media.hostile.treat import made, refused
from workers.media import Refused, Sandbox

# Each process makes the clips that it needs.
pytestmark = pytest.mark.xdist_group("hostile-times")

REFUSED = {
    "one_picture": "too_short",
    "no_time_at_all": "too_short",
    "ten_hours": "too_long",
    "gap_of_hours": "too_long",
    "gap_that_is_not_said": "too_long",
    "gap_in_fragments": "too_long",
    "grows_beyond_all_limits": "truncated",
    "eight_thousand_programs": "too_many_streams",
    "eight_thousand_streams": "too_many_streams",
    "broken_avi_index": "unreadable",
    "avi_of_pieces_of_4_gb": "unreadable",
}
# Name: seconds.
MADE = {
    "bursts": 2.04,
    "ninety_thousand": 2.0,
    "backwards": 2.02,
    "clock_jumps": 2.02,
    "avi_without_index": 2.0,
    "changes_its_size": 3.96,
    "changes_its_pixels": 2.0,
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(times: Times, out: Path, cage: Sandbox, name: str) -> None:
    assert refused(times.get(name), out, cage) == REFUSED[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE)
def test_made_at_a_steady_rate(times: Times, out: Path, cage: Sandbox, name: str) -> None:
    facts = made(times.get(name), out, cage).examined.facts
    assert facts.duration_s == pytest.approx(MADE[name], abs=0.1)


@pytest.mark.slow
def test_another_codec_in_the_middle_never_becomes_half_a_clip(
    times: Times, out: Path, cage: Sandbox
) -> None:
    """ffmpeg 7 stops at it, which the preview shows; ffmpeg 5 goes on with the last picture,
    which the ladder finds."""
    with pytest.raises(Refused) as caught:
        made(times.changes_its_codec(), out, cage)
    assert caught.value.code in ("truncated", "unreadable")
