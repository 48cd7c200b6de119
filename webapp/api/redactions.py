"""Redactions: asked for, followed, and kept or thrown away."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from sqlalchemy.orm import Session

from review import problems, redacting
from review.clock import iso
from review.models import Redaction
from webapp.api import shape
from webapp.api.blueprint import blueprint, body, whole_number
from webapp.auth import require_actor
from webapp.deps import deps
from webapp.i18n import translated


def _shape(session: Session, row: Redaction) -> dict[str, Any]:
    state, percent, code = redacting.shown_state(session, row)
    message = None if code is None else translated(problems.message(code))
    return {
        "id": row.id,
        "clip": row.clip_id,
        "state": state,
        "percent": percent,
        "problem": None if code is None else {"code": code, "message": message},
        "plan": row.plan,
        "duration_s": row.duration_s,
        "created_at": iso(row.created_at),
        "preview": _preview(row) if state == "ready" else None,
    }


def _preview(row: Redaction) -> str:
    return shape.media_url(row.clip_id, f"redactions/{row.id}.mp4")


@blueprint.post("/clips/<clip_id>/redactions")
def add_redaction(clip_id: str) -> tuple[Response, int]:
    """Render the clip with boxes hidden, spans silenced and spans cut; the clip stays as it is."""
    actor = require_actor()
    value = body()
    version = whole_number(value, "version", required=False)
    with deps().database.write() as session:
        row = redacting.request(session, clip_id, actor, value.get("plan"), version)
        answer = _shape(session, row)
    response = jsonify(answer)
    response.headers["Location"] = f"/api/v1/clips/{clip_id}/redactions/{row.id}"
    return response, 201


@blueprint.get("/clips/<clip_id>/redactions/<redaction_id>")
def get_redaction(clip_id: str, redaction_id: str) -> Response:
    """How far a redaction is: queued, rendering, ready, failed, kept or discarded."""
    actor = require_actor()
    with deps().database.read() as session:
        _, row = redacting.look_at(session, clip_id, redaction_id, actor)
        answer = _shape(session, row)
    return jsonify(answer)


@blueprint.post("/clips/<clip_id>/redactions/<redaction_id>/keep")
def keep_redaction(clip_id: str, redaction_id: str) -> Response:
    """The render becomes the original of a new revision, and the review begins again."""
    actor = require_actor()
    value = body() if request.content_length else {}
    version = whole_number(value, "version", required=False)
    with deps().database.write() as session:
        clip = redacting.keep(session, clip_id, redaction_id, actor, version)
        answer = shape.head(actor, clip)
    return jsonify(answer)


@blueprint.post("/clips/<clip_id>/redactions/<redaction_id>/discard")
def discard_redaction(clip_id: str, redaction_id: str) -> Response:
    """Throw the redaction away; a render that runs is stopped."""
    actor = require_actor()
    with deps().database.write() as session:
        row = redacting.discard(session, clip_id, redaction_id, actor)
        answer = _shape(session, row)
    return jsonify(answer)
