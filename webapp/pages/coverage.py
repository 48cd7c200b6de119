"""What the desk's player has played, as it tells it while the clip is watched."""

from __future__ import annotations

import math
from typing import Any

from flask import Blueprint, Response, jsonify

from review import coverage, policy, queries
from review.errors import InvalidInput, NoSuchClip, WrongState
from review.policy import REVIEWER_ROLES
from review.states import State
from webapp.api.blueprint import body
from webapp.auth import require_actor, roles
from webapp.deps import deps

blueprint = Blueprint("coverage", __name__, url_prefix="/review")


@blueprint.post("/<clip_id>/coverage")
@roles(*REVIEWER_ROLES)
def add(clip_id: str) -> Response:
    """Keep more of it; what there is so far, and what is missing. 409 for other bytes."""
    actor = require_actor()
    with deps().database.write() as session:
        clip = queries.get_clip(session, actor, clip_id)
        if not policy.may_see(actor, clip):
            raise NoSuchClip(f"there is no clip {clip_id!r} to decide on")
        if clip.state != State.IN_REVIEW:
            raise WrongState("nobody decides on this clip now")
        sha256, spans, length_s = _played(body())
        kept = coverage.add(session, clip, actor, sha256, spans, length_s)
        missing = coverage.missing(session, clip, actor)
    return jsonify({"spans": kept, "unplayed": missing, "whole": bool(kept) and not missing})


def _played(told: dict[str, Any]) -> tuple[str, list[tuple[float, float]], float]:
    try:
        spans = [(_seconds(a), _seconds(b)) for a, b in told["spans"]]
        return str(told["sha256"]), spans, _seconds(told["length"])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise InvalidInput(spans="Các đoạn đã phát không hợp lệ.") from None


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    seconds = float(value)
    if not math.isfinite(seconds):
        raise ValueError(value)
    return seconds
