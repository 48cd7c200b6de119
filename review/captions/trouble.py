"""What is wrong with a caption file: a stable code, the line, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from review.errors import InvalidInput

MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Trouble:
    """``line``: of the file, from 1. ``sentence`` names it too, for people."""

    code: str
    line: int
    sentence: str


def refuse(troubles: Sequence[Trouble]) -> InvalidInput:
    """The refusal that tells the first of them, as "captions.<line>.<code>"."""
    return InvalidInput(**{f"captions.{t.line}.{t.code}": t.sentence for t in troubles[:MOST_TOLD]})
