"""Two ways beside each other: in turns, several times, and their ratio with its range."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock, CPU seconds of the programs that were started, and our own."""

    wall: float
    tool: float
    own: float


def cost(work: Work) -> Cost:
    children, own = resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF
    before, mine, begun = _cpu(children), _cpu(own), time.monotonic()
    work()
    wall = time.monotonic() - begun
    return Cost(wall, _cpu(children) - before, _cpu(own) - mine)


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def in_turns(ways: dict[str, Work], rounds: int) -> dict[str, list[Cost]]:
    """Each round does every way once, so that what else the machine does falls on all."""
    found: dict[str, list[Cost]] = {name: [] for name in ways}
    for number in range(rounds):
        names = list(ways) if number % 2 == 0 else list(reversed(ways))
        for name in names:
            found[name].append(cost(ways[name]))
    return found


def ratio(ours: Sequence[Cost], theirs: Sequence[Cost], what: str = "wall") -> str:
    """ "0.61 (0.59-0.63)": the median of the pairs' ratios, and their range."""
    values = [getattr(a, what) / getattr(b, what) for a, b in zip(ours, theirs, strict=True)]
    return f"{statistics.median(values):.3f} ({min(values):.3f}-{max(values):.3f})"


def seconds(costs: Sequence[Cost], what: str = "wall") -> str:
    return f"{statistics.median(getattr(c, what) for c in costs):.1f}"


def row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def table(*heads: str) -> None:
    print()
    row(*heads)
    row(*("---" for _ in heads))
