"""Follows a submitted clip until it is prepared, or will not be."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from review.problems import message
from webapp.cli.client import Api

EVERY = 1.0  # seconds between two questions
UNDER_WAY = frozenset({"draft", "processing"})
GOOD_ENDS = frozenset({"in_review", "changes_requested", "approved", "published"})


def wait_for(api: Api, clip_id: str, *, say: Callable[[str], None]) -> dict[str, Any]:
    """The clip once nothing more is being made of it; ``say`` hears what changes meanwhile."""
    told = ""
    while True:
        clip = api.clip(clip_id)
        words = describe(clip)
        if words != told:
            say(words)
            told = words
        if is_settled(clip):
            return clip
        time.sleep(EVERY)


def is_settled(clip: dict[str, Any]) -> bool:
    """Prepared in every size, or refused, failed, rejected, withdrawn."""
    if clip["state"] in UNDER_WAY:
        return False
    return clip["state"] not in ("in_review", "approved") or bool(clip.get("renditions"))


STEPS = {"examine": "being examined", "ladder": "making the sizes for every phone"}


def _progress(progress: dict[str, Any]) -> str:
    """From the API's {"step", "percent"}."""
    words, percent = STEPS.get(str(progress["step"]), str(progress["step"])), progress["percent"]
    return words if percent is None else f"{words}, {percent} %"


def describe(clip: dict[str, Any]) -> str:
    """One line: the state, the progress, and the problem's sentence."""
    parts = [str(clip["state"])]
    if clip.get("progress") and not is_settled(clip):
        parts.append(_progress(clip["progress"]))
    problem = clip.get("problem")
    if problem:
        parts.append(problem.get("message") or message(problem.get("code", "")))
    return ": ".join(parts)
