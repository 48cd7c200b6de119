"""How loud a clip is, and how much louder it has to be: EBU R 128 (ITU-R BS.1770).

What the tool measured, one line a value, in; a plan of the gain out.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

TARGET_LUFS = -16.0  # of short clips on phones; broadcasters take -23
# At most -1 when it is decoded: AAC of 128 kbit/s adds up to 0.5 dB to a limited peak.
PEAK_DBTP = -2.0
LOW_PEAK_DBTP = -4.0  # that of 48 kbit/s up to 2.6 dB, where a clap follows silence
_LOW_LIMITER_DB = 0.7  # what the lower ceiling costs
# More would only lift the noise of a room in which nobody speaks.
MAX_GAIN_DB = 30.0
MAX_LOW_GAIN_DB = 4.0
SILENT_LUFS = -60.0
SILENCE_DB, SILENCE_S = -50, 1.0
# So much above the whole clip a part startles whoever set the volume by the rest of it. Speech
# swings by 5 LU about its mean.
LOUD_OVER_LU, LOUD_S, LOUD_GAP_S = 7.0, 0.3, 1.0
# A momentary loudness is of 400 ms (EBU Tech 3341); the tool tells it with the last 100 of them.
_MOMENT_S = 0.3, 0.1

_LINE = re.compile(
    r"^(?:lavfi\.(?P<name>[\w.]+)=(?P<value>\S+)|frame:.*pts_time:(?P<time>\S+))$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Loudness:
    """Of the sound as it is served: stereo. ``integrated``: LUFS, None where all is silence;
    ``peak``: dBTP; ``loudness_range``: LU; ``silent``, ``loud``: spans in seconds."""

    integrated: float | None
    peak: float | None
    loudness_range: float
    silent: tuple[tuple[float, float], ...] = ()
    loud: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class SoundPlan:
    """A linear gain; where its peaks would go too high, a limiter behind it. ``low_gain_db``: how
    much of its loudness the small sound loses by having one channel only."""

    gain_db: float = 0.0
    limited: bool = False
    low_gain_db: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def read(path: Path, duration_s: float) -> Loudness:
    """What the tool's filters wrote; an empty or missing file is silence."""
    text = path.read_text(errors="replace") if path.is_file() else ""
    last: dict[str, float] = {}
    peak = -math.inf
    starts: list[float] = []
    spans: list[tuple[float, float]] = []
    time, moments = 0.0, []
    for found in _LINE.finditer(text):
        if found["time"] is not None:
            time = _number(found["time"]) or 0.0
            continue
        name, value = found["name"], _number(found["value"])
        if name == "r128.M" and value is not None:
            moments.append((time, value))
        elif name == "silence_start" and value is not None:
            starts.append(max(0.0, value))
        elif name == "silence_end" and value is not None and starts:
            spans.append((round(starts.pop(), 2), round(value, 2)))
        elif value is not None:
            last[name] = value
            if name.startswith("r128.true_peaks_ch"):
                peak = max(peak, value)
    spans += [(round(start, 2), round(duration_s, 2)) for start in starts]
    integrated = last.get("r128.I")
    return Loudness(
        integrated=None if integrated is None or integrated <= SILENT_LUFS else integrated,
        peak=None if peak == -math.inf else round(_decibels(peak), 2),
        loudness_range=last.get("r128.LRA", 0.0),
        silent=tuple(spans),
        loud=_loud(moments, integrated, duration_s),
    )


def _loud(
    moments: list[tuple[float, float]], integrated: float | None, duration_s: float
) -> tuple[tuple[float, float], ...]:
    """Where the loudness of a moment is far above that of the whole. ``moments``: (s, LUFS)."""
    if integrated is None or integrated <= SILENT_LUFS:
        return ()
    found: list[tuple[float, float]] = []
    for time, value in moments:
        if value < integrated + LOUD_OVER_LU:
            continue
        start, end = max(0.0, time - _MOMENT_S[0]), min(duration_s, time + _MOMENT_S[1])
        if found and start - found[-1][1] <= LOUD_GAP_S:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return tuple((round(a, 2), round(b, 2)) for a, b in found if b - a >= LOUD_S)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _decibels(amplitude: float) -> float:
    return 20 * math.log10(amplitude) if amplitude > 0 else -120.0


def plan(loudness: Loudness) -> SoundPlan:
    """The gain that brings the clip to the target."""
    if loudness.integrated is None:
        return SoundPlan()
    gain = min(MAX_GAIN_DB, TARGET_LUFS - loudness.integrated)
    peak = loudness.peak if loudness.peak is not None else 0.0
    return SoundPlan(round(gain, 2), limited=peak + gain > PEAK_DBTP)


def with_low(plan: SoundPlan, loudness: Loudness, low: Loudness) -> SoundPlan:
    """Half of each channel added: up to 3 dB less where they have nothing in common. Channels
    that cancel each other out are left as they are."""
    if loudness.integrated is None or low.integrated is None:
        return plan
    lost = loudness.integrated - low.integrated + (_LOW_LIMITER_DB if plan.limited else 0.0)
    return replace(plan, low_gain_db=round(min(MAX_LOW_GAIN_DB, max(0.0, lost)), 2))


def again(before: SoundPlan, made: Loudness) -> SoundPlan:
    """The limiter takes loudness away with the peaks: what it took is added to the gain."""
    if made.integrated is None:
        return before
    gain = min(MAX_GAIN_DB + 6, before.gain_db + TARGET_LUFS - made.integrated)
    return SoundPlan(round(gain, 2), limited=True)
