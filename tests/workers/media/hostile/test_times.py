"""Rows 10 to 14, 32 and 33: clocks that lie, and streams that change on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.hostile.times import Times
from tests.workers.media import look
from tests.workers.media.hostile.treat import made, refused
from workers.media import MediaLimits, Refused, Sandbox, examine
from workers.media.redact import HiddenBox, Redactions, SilentSpan, redact

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
    "says_a_half": 2.0,
    "says_a_little_less": 2.0,
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(times: Times, out: Path, cage: Sandbox, name: str) -> None:
    assert refused(times.get(name), out, cage) == REFUSED[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE)
def test_made_at_a_steady_rate(times: Times, out: Path, cage: Sandbox, name: str) -> None:
    facts = made(times.get(name), out, cage).examined.facts
    assert facts.duration_s == pytest.approx(MADE[name], abs=0.1)


@pytest.mark.parametrize("name", ["says_a_half", "says_a_little_less"])
def test_too_long_by_what_is_there_not_by_what_it_says(
    times: Times, out: Path, cage: Sandbox, name: str
) -> None:
    short = replace(MediaLimits(), max_seconds=1.95)
    with pytest.raises(Refused) as caught:
        examine(times.get(name), out, limits=short, sandbox=cage)
    assert caught.value.code == "too_long"


@pytest.mark.parametrize("name", ["plain", "says_a_half", "says_a_little_less"])
def test_what_is_hidden_to_the_end_is_hidden_to_the_last_frame(
    times: Times, out: Path, cage: Sandbox, name: str
) -> None:
    """As the person does it who watched the preview to its end."""
    source = times.get(name)
    facts = examine(source, out, limits=MediaLimits(), sandbox=cage).facts
    end = facts.duration_s - 0.1  # a player stops on its last frame, not behind it
    plan = Redactions(
        boxes=(HiddenBox(0.0, 0.0, 1.0, 1.0, 1.0, end, cover=True),),
        sounds=(SilentSpan(1.0, end),),
    )
    made = redact(source, out, facts=facts, plan=plan, limits=MediaLimits(), sandbox=cage)

    greys = list(look.greys(made.file.path))
    covered = int(1.2 * len(greys) / facts.duration_s)
    assert set(greys[covered:]) <= {36, 37, 38}  # the cover's own
    assert not set(greys[:20]) & {36, 37, 38}
    levels = look.levels(made.file.path, 0.1)
    assert max(levels[12:]) < -60 < min(levels[1:9])


def test_what_is_cut_to_the_end_leaves_nothing_behind_it(
    times: Times, out: Path, cage: Sandbox
) -> None:
    source = times.says_a_little_less()
    facts = examine(source, out, limits=MediaLimits(), sandbox=cage).facts
    plan = Redactions(cuts=((1.2, facts.duration_s - 0.1),))
    made = redact(source, out, facts=facts, plan=plan, limits=MediaLimits(), sandbox=cage)

    assert made.duration_s == pytest.approx(1.2, abs=0.05)


def test_a_plan_for_a_shorter_clip_is_not_rendered(times: Times, out: Path, cage: Sandbox) -> None:
    """Facts of another time than the file: what follows their end was seen by nobody."""
    source = times.plain()
    facts = examine(source, out, limits=MediaLimits(), sandbox=cage).facts
    plan = Redactions(sounds=(SilentSpan(0.0, 0.5),))
    short = replace(facts, duration_s=1.0)
    with pytest.raises(Refused) as caught:
        redact(source, out, facts=short, plan=plan, limits=MediaLimits(), sandbox=cage)
    assert caught.value.code == "unreadable"


@pytest.mark.slow
def test_another_codec_in_the_middle_never_becomes_half_a_clip(
    times: Times, out: Path, cage: Sandbox
) -> None:
    """ffmpeg 7 stops at it, which the preview shows; ffmpeg 5 goes on with the last picture,
    which the ladder finds."""
    with pytest.raises(Refused) as caught:
        made(times.changes_its_codec(), out, cage)
    assert caught.value.code in ("truncated", "unreadable")
