"""Charts as rectangles, for templates to draw as SVG: stretched to their place, without words.

What the words are stands beside them as HTML, which no screen makes smaller, and in a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 100.0
STEP, GAP = 10.0, 2.0  # from bar to bar, and between them


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a bar. ``kind`` names its colour."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """``bars``: (title, its parts). ``top``: what the full height stands for."""

    bars: list[tuple[str, list[Part]]]
    top: float
    width: float
    height: float = HEIGHT

    @property
    def is_empty(self) -> bool:
        return not any(parts for _, parts in self.bars)


def stacked(columns: Sequence[tuple[str, Sequence[tuple[str, float]]]]) -> Chart:
    """Columns of (title, [(kind, value)]), the first value at the foot."""
    top = nice(max((sum(v for _, v in values) for _, values in columns), default=0))
    bars = []
    for index, (title, values) in enumerate(columns):
        parts, foot = [], HEIGHT
        for kind, value in values:
            height = HEIGHT * value / top
            foot -= height
            if height:
                x, width = index * STEP + GAP / 2, STEP - GAP
                parts.append(Part(kind, round(x, 2), round(foot, 2), width, round(height, 2)))
        bars.append((title, parts))
    return Chart(bars, top, max(1, len(columns)) * STEP)


def nice(value: float) -> float:
    """The next round number: 1, 2 or 5 with zeros."""
    if value <= 0:
        return 1.0
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value:
        power /= 10
    return next(power * n for n in (1, 2, 5, 10) if power * n >= value)
