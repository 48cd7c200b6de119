"""How loud a clip is, from what the tool wrote; and how much louder it is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.media.sound import Loudness, SoundPlan, again, plan, read

REPORT = """frame:0    pts:0       pts_time:0
lavfi.r128.M=-120.691
lavfi.r128.I=-70.000
lavfi.r128.true_peaks_ch0=0.001
frame:9    pts:43200   pts_time:0.9
lavfi.silence_start=0.5
frame:30   pts:144000  pts_time:3
lavfi.r128.I=-30.500
lavfi.r128.LRA=4.200
lavfi.r128.true_peaks_ch0=0.250
lavfi.r128.true_peaks_ch1=0.500
lavfi.silence_end=2.5
lavfi.silence_duration=2
frame:70   pts:336000  pts_time:7
lavfi.silence_start=7
"""


def report(folder: Path, text: str) -> Path:
    path = folder / "sound.txt"
    path.write_text(text)
    return path


def test_the_last_values_count_and_an_open_silence_goes_to_the_end(tmp_path: Path) -> None:
    assert read(report(tmp_path, REPORT), 8.04) == Loudness(
        integrated=-30.5, peak=-6.02, loudness_range=4.2, silent=((0.5, 2.5), (7.0, 8.04))
    )


@pytest.mark.parametrize("text", ["", "lavfi.r128.I=-70.000\n", "lavfi.r128.I=nan\n", "garbage\n"])
def test_silence_has_no_loudness_and_no_gain(tmp_path: Path, text: str) -> None:
    loudness = read(report(tmp_path, text), 5.0)
    assert loudness.integrated is None
    assert plan(loudness) == SoundPlan(0.0, limited=False)


def test_a_missing_report_is_silence(tmp_path: Path) -> None:
    assert read(tmp_path / "none.txt", 5.0).integrated is None


@pytest.mark.parametrize(
    ("integrated", "peak", "made"),
    [
        (-16.0, -3.0, SoundPlan(0.0, limited=False)),
        (-20.0, -9.0, SoundPlan(4.0, limited=False)),
        (-20.0, -3.0, SoundPlan(4.0, limited=True)),
        (-9.0, 1.2, SoundPlan(-7.0, limited=False)),
        (-55.0, -40.0, SoundPlan(30.0, limited=False)),
    ],
)
def test_a_linear_gain_and_a_limiter_only_where_peaks_would_clip(
    integrated: float, peak: float, made: SoundPlan
) -> None:
    assert plan(Loudness(integrated, peak, 5.0)) == made


def test_what_the_limiter_took_away_is_added() -> None:
    assert again(SoundPlan(12.0, limited=True), Loudness(-17.5, -1.5, 3.0)) == SoundPlan(
        13.5, limited=True
    )
    assert again(SoundPlan(12.0, limited=True), Loudness(None, None, 0.0)).gain_db == 12.0
