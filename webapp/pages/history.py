"""What happened to a clip, as its page tells it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from review.lifecycle import ANSWER_NOTES, CHOOSE_POSTER
from review.models import AuditRow
from review.states import Action

# Tried until it pleases: who reads the history wants to know that it was done, and when last.
_REPEATED = (CHOOSE_POSTER, ANSWER_NOTES, Action.EDIT_CAPTIONS)


@dataclass(frozen=True, slots=True)
class Line:
    """``row``: the last of ``times`` that follow one another."""

    row: AuditRow
    times: int


def folded(rows: Iterable[AuditRow]) -> list[Line]:
    """In their order; the same small deed of the same person, done again and again, is one line."""
    lines: list[Line] = []
    for row in rows:
        last = lines[-1] if lines else None
        if last is not None and _is_again(row, last.row):
            lines[-1] = Line(row, last.times + 1)
        else:
            lines.append(Line(row, 1))
    return lines


def _is_again(row: AuditRow, before: AuditRow) -> bool:
    is_same = (row.action, row.actor_id) == (before.action, before.actor_id)
    return is_same and row.action in _REPEATED
