"""Whether a larger rung shows more than the one below it: what it costs, and what it looks like."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from workers.media import commands
from workers.media.hls import Track

# Within this part of the smaller one's bit rate a rung costs the same.
SAME_COST = 1.15
# So many bits a second more are no rung's picture, but the boxes around it.
_BOXES = 10_000
# SSIM of a rung and the next smaller one, scaled up: from here on nobody sees the difference.
# It stands for one point of VMAF, which Debian's ffmpeg does not have.
SAME_LOOK = 0.99
_ALL = re.compile(r"All:([0-9.]+)")
_REPORT = "same.txt"


def costs_the_same(smaller: Track, larger: Track) -> bool:
    return larger.average <= max(SAME_COST * smaller.average, smaller.average + _BOXES)


def adds_something(
    folder: Path,
    run: Callable[[Sequence[str]], object],
    names: tuple[str, str],
    size: tuple[int, int],
    tracks: Mapping[str, Track],
) -> bool:
    """``names``: of the smaller and the larger rung; ``size`` of the larger. ``run`` runs the
    tool in ``folder``."""
    smaller, larger = names
    if not costs_the_same(tracks[smaller], tracks[larger]):
        return True
    run(commands.same_picture(f"hls/{smaller}.mp4", f"hls/{larger}.mp4", size, _REPORT))
    report = folder / _REPORT
    values = [float(v) for v in _ALL.findall(report.read_text())] if report.is_file() else []
    report.unlink(missing_ok=True)
    return not values or sum(values) / len(values) < SAME_LOOK
