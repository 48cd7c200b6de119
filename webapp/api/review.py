"""The review by program: queue, claim, decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify, request

from review import decisions, policy, queries, taking
from review.clock import iso
from review.decisions import NoteInput, Verdict
from review.errors import InvalidInput
from review.models import Clip
from review.queries import Filters, QueueRow
from review.states import Action
from review.text import one_of
from webapp.api import shape
from webapp.api.blueprint import blueprint, body, limit, whole_number
from webapp.auth import require_actor
from webapp.deps import deps


def _row(row: QueueRow) -> dict[str, Any]:
    clip = row.clip
    return {
        "id": clip.id,
        "title": clip.title,
        "state": clip.state,
        "stage": policy.stage_of(clip).name,
        "revision": clip.revision,
        "version": clip.version,
        "school": row.school_name,
        "class": row.class_name,
        "duration_s": row.duration_s,
        "waiting_since": iso(clip.submitted_at) if clip.submitted_at else None,
        "claimed": "other" if row.claimed_by_other else "me" if row.claimed_by_me else None,
        "claimed_until": iso(row.claimed_until) if row.claimed_until else None,
        "signs": list(row.signs),
    }


@blueprint.get("/review/queue")
def review_queue() -> Response:
    """The clips that wait for the caller's decision, or those asked for, by their turns."""
    actor, filters = require_actor(), Filters.parse(request.args)
    with deps().database.read() as session:
        page = queries.review_queue(session, actor, request.args.get("cursor"), limit(), filters)
        items = [_row(row) for row in page.items]
    return jsonify({"items": items, "next": page.next})


@blueprint.post("/review/next")
def take_next() -> Response:
    """Claim the next clip that nobody else has; all null where none waits."""
    actor, filters = require_actor(), Filters.parse(request.args)
    with deps().database.write() as session:
        clip_id = taking.take_next(session, actor, request.args.get("after"), filters)
        clip = session.get(Clip, clip_id, populate_existing=True) if clip_id else None
    until = clip.claimed_until if clip is not None else None
    return jsonify({"id": clip_id, "claimed_until": iso(until) if until else None})


@blueprint.post("/review/<clip_id>/claim")
def claim(clip_id: str) -> Response:
    """Take or renew the claim on a clip; 409 while another holds it."""
    actor = require_actor()
    with deps().database.write() as session:
        until = decisions.claim(session, clip_id, actor)
    return jsonify({"id": clip_id, "claimed_until": iso(until)})


@blueprint.delete("/review/<clip_id>/claim")
def release_claim(clip_id: str) -> tuple[str, int]:
    actor = require_actor()
    with deps().database.write() as session:
        decisions.release_claim(session, clip_id, actor)
    return "", 204


@blueprint.post("/review/<clip_id>/decisions")
def decide(clip_id: str) -> tuple[Response, int]:
    """One decision on what was watched; 409 ``stale_clip`` says what happened meanwhile."""
    actor = require_actor()
    verdict = _verdict(body())
    with deps().database.write() as session:
        decision = decisions.decide(session, clip_id, actor, verdict)
        clip = session.get_one(Clip, clip_id)
        answer = {
            **shape.head(actor, clip),
            "decision": {
                "id": decision.id,
                "action": decision.action,
                "stage": clip.rules.at(decision.stage).name,
                "revision": decision.revision,
                "sha256": decision.watched_sha256,
                "at": iso(decision.at),
            },
        }
    return jsonify(answer), 201


def _verdict(value: Mapping[str, Any]) -> Verdict:
    try:
        action = Action(str(value.get("action")))
    except ValueError:
        raise InvalidInput(action=one_of(sorted(decisions.VERDICTS))) from None
    revision, version = whole_number(value, "revision"), whole_number(value, "version")
    assert revision is not None
    assert version is not None
    sha256 = value.get("sha256")
    if sha256 is not None and not isinstance(sha256, str):
        raise InvalidInput(sha256="Cần là chữ.")
    return Verdict(
        action,
        revision,
        version,
        _notes(value),
        value.get("watched") is True,
        sha256,
        checklist=_checklist(value),
    )


def _checklist(value: Mapping[str, Any]) -> dict[str, str]:
    answers = value.get("checklist") or {}
    if not isinstance(answers, dict) or not all(isinstance(a, str) for a in answers.values()):
        raise InvalidInput(checklist="Phải là bảng mã và câu trả lời.")
    return answers


def _notes(value: Mapping[str, Any]) -> tuple[NoteInput, ...]:
    notes = value.get("notes") or []
    if not isinstance(notes, list):
        raise InvalidInput(notes="Cần một danh sách.")
    return tuple(_note(note, f"notes.{i}") for i, note in enumerate(notes))


def _is_seconds(value: object) -> bool:
    """Within a day: a longer time is no place in a clip, and a long enough number no float."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return 0 <= value <= 86400


def _note(value: Any, field: str) -> NoteInput:
    if not isinstance(value, Mapping) or not isinstance(value.get("code"), str):
        raise InvalidInput(**{field: "Cần {at, code, text}."})
    at, text = value.get("at"), value.get("text") or ""
    if at is not None and not _is_seconds(at):
        raise InvalidInput(**{f"{field}.at": "Thời điểm tính bằng giây."})
    if not isinstance(text, str):
        raise InvalidInput(**{f"{field}.text": "Cần là chữ."})
    return NoteInput(None if at is None else float(at), value["code"], text)
