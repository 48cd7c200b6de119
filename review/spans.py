"""Spans of time, in seconds: from, to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Span = tuple[float, float]


def merged(spans: Iterable[Sequence[float]]) -> list[Span]:
    """In order, those that touch as one."""
    found: list[Span] = []
    for start, end in sorted((float(a), float(b)) for a, b in spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found
