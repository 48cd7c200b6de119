"""Handing in, following, resubmitting and withdrawing clips."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Response, jsonify, request

from review import accounts, publication, queries, submission
from review.details import Details, parse_people
from review.errors import InvalidInput
from review.text import one_of
from webapp.api import idempotency, shape
from webapp.api.blueprint import blueprint, body, limit, whole_number
from webapp.auth import current_actor, require_account, require_actor
from webapp.deps import deps


def upload_id(value: Mapping[str, Any]) -> str:
    """The id at the end of a tus URL (or the id alone)."""
    url = value.get("upload")
    if not isinstance(url, str) or not url:
        raise InvalidInput(upload="Cần địa chỉ tus của tệp đã tải lên.")
    try:
        path = urlsplit(url).path
    except ValueError:  # "http://[": no address at all
        raise InvalidInput(upload="Cần địa chỉ tus của tệp đã tải lên.") from None
    return path.rstrip("/").rpartition("/")[2]


@blueprint.post("/clips")
def create_clip() -> tuple[Response, int]:
    """Hand in a clip whose upload is complete. Idempotent under ``Idempotency-Key``."""
    account = require_account()
    value = body()
    key = request.headers.get("Idempotency-Key", "")
    actor = accounts.actor_of(account)
    details, people = Details.parse(value), parse_people(value.get("people"))
    upload = upload_id(value)
    with deps().database.write() as session:
        answer = idempotency.earlier_answer(session, account, key, value)
        if answer is None:
            draft = submission.create_draft(session, account, details, people)
            clip = submission.submit(session, draft.id, upload, actor)
            answer = {**shape.head(actor, clip), "scope": clip.scope}
            idempotency.remember(session, account, key, answer)
    response = jsonify(answer)
    response.headers["Location"] = f"/api/v1/clips/{answer['id']}"
    return response, 201


@blueprint.get("/clips")
def list_clips() -> Response:
    """The caller's own clips, newest first."""
    actor = require_actor()
    with deps().database.read() as session:
        page = queries.my_clips(session, actor, request.args.get("cursor"), limit())
        items = [{**shape.head(actor, c), "title": c.title} for c in page.items]
    return jsonify({"items": items, "next": page.next})


@blueprint.get("/clips/<clip_id>")
def get_clip(clip_id: str) -> Response:
    """One clip, to those who may see it; to all others there is none."""
    actor = current_actor()
    with deps().database.read() as session:
        clip = queries.get_clip(session, actor, clip_id)
        answer = shape.whole(session, actor, clip)
    return jsonify(answer)


@blueprint.post("/clips/<clip_id>/revisions")
def add_revision(clip_id: str) -> tuple[Response, int]:
    """Hand in a new original for a clip that was refused or sent back."""
    actor = require_actor()
    upload = upload_id(body())
    with deps().database.write() as session:
        queries.get_clip(session, actor, clip_id)
        clip = submission.resubmit(session, clip_id, upload, actor)
        answer = shape.head(actor, clip)
    return jsonify(answer), 201


@blueprint.post("/clips/<clip_id>/withdraw")
def withdraw(clip_id: str) -> Response:
    """Take the clip back: hidden at once, its tombstone in the feed."""
    actor = require_actor()
    value = body()
    reason = value.get("reason")
    if not isinstance(reason, str):
        raise InvalidInput(reason=one_of(publication.REASONS))
    with deps().database.write() as session:
        version = whole_number(value, "version", required=False)
        clip = publication.withdraw(session, clip_id, actor, reason, version)
        answer = shape.head(actor, clip)
    return jsonify(answer)


@blueprint.post("/clips/<clip_id>/retry")
def retry(clip_id: str) -> Response:
    """Process a failed clip again."""
    actor = require_actor()
    with deps().database.write() as session:
        queries.get_clip(session, actor, clip_id)
        clip = submission.retry(session, clip_id, actor)
        answer = shape.head(actor, clip)
    return jsonify(answer)
