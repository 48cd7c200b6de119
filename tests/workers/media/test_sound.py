"""How much louder a clip has to be: measurements in, a plan out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.media.sound import (
    MAX_GAIN_DB,
    MAX_LOW_GAIN_DB,
    PEAK_DBTP,
    TARGET_LUFS,
    Loudness,
    SoundPlan,
    again,
    plan,
    read,
    with_low,
)


def loud(integrated: float | None, peak: float | None = -20.0) -> Loudness:
    return Loudness(integrated, peak, 3.0)


@pytest.mark.parametrize(
    ("heard", "planned"),
    [
        (loud(-23.0), SoundPlan(7.0)),
        (loud(-16.0, -1.0), SoundPlan(0.0, limited=True)),
        (loud(-6.0, 0.5), SoundPlan(-10.0)),
        (loud(-40.0, -13.0), SoundPlan(24.0, limited=True)),
        (loud(-58.0, -40.0), SoundPlan(MAX_GAIN_DB)),
        (loud(None, None), SoundPlan()),
    ],
)
def test_the_gain_brings_a_clip_to_the_target(heard: Loudness, planned: SoundPlan) -> None:
    assert plan(heard) == planned


@given(st.floats(-60, 10), st.floats(-70, 6))
def test_no_plan_lets_a_peak_through(integrated: float, peak: float) -> None:
    made = plan(loud(integrated, peak))
    assert made.limited or peak + made.gain_db <= PEAK_DBTP + 0.01
    assert made.gain_db <= MAX_GAIN_DB


def test_what_the_limiter_took_is_given_again() -> None:
    before = SoundPlan(20.0, limited=True)
    assert again(before, loud(-18.5)) == SoundPlan(22.5, limited=True)
    assert again(before, loud(None)) == before


@pytest.mark.parametrize(
    ("limited", "low", "gain"),
    [
        (False, -16.0, 0.0),  # the same on both sides
        (False, -19.0, 3.0),  # nothing in common
        (False, -15.0, 0.0),
        (True, -17.0, 1.7),
        (False, -40.0, MAX_LOW_GAIN_DB),  # one side is the other, turned over
    ],
)
def test_the_small_sound_is_as_loud(limited: bool, low: float, gain: float) -> None:
    made = with_low(SoundPlan(2.0, limited), loud(TARGET_LUFS), loud(low))
    assert made == SoundPlan(2.0, limited, gain)


def test_silence_needs_nothing() -> None:
    assert with_low(SoundPlan(), loud(None), loud(None)) == SoundPlan()


def test_the_tools_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "sound.txt"
    path.write_text(
        "frame:0 pts:0\nlavfi.r128.I=-70.0\nlavfi.silence_start=0\n"
        "lavfi.silence_end=1.25\nlavfi.r128.true_peaks_ch0=0.5\nlavfi.r128.true_peaks_ch1=0.25\n"
        "lavfi.r128.I=-21.5\nlavfi.r128.LRA=4.2\nlavfi.silence_start=3.5\nlavfi.r128.I=nan\n"
    )
    assert read(path, 5.0) == Loudness(-21.5, -6.02, 4.2, ((0.0, 1.25), (3.5, 5.0)))
    assert read(tmp_path / "missing.txt", 5.0) == Loudness(None, None, 0.0)


def test_a_part_that_is_far_louder_than_the_rest_is_found(tmp_path: Path) -> None:
    path = tmp_path / "sound.txt"
    moments = [(n / 10, -14.0 if 20 <= n < 26 else -24.0) for n in range(50)]
    moments += [(4.95, -16.9)]  # as much louder as speech may be for a moment
    lines = [f"frame:0 pts:0 pts_time:{t:g}\nlavfi.r128.M={m}" for t, m in moments]
    path.write_text("\n".join([*lines, "lavfi.r128.I=-22.0", ""]))
    assert read(path, 5.0).loud == ((1.7, 2.6),)
    path.write_text("\n".join([*lines, "lavfi.r128.I=-70.0", ""]))
    assert read(path, 5.0).loud == ()
