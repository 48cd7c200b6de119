"""Handing in, following, resubmitting and withdrawing clips."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Response, jsonify, request
from sqlalchemy.orm import Session

from review import accounts, clock, publication, queries, submission
from review.details import Details, parse_people
from review.errors import InvalidInput
from review.models import Account, Clip, IdempotencyKey
from review.text import Sentence, one_of
from webapp.api import shape
from webapp.api.blueprint import blueprint, body, limit, whole_number
from webapp.auth import current_actor, require_account, require_actor
from webapp.deps import deps
from webapp.errors import WebError

MAX_KEY = 200


def upload_id(value: Mapping[str, Any]) -> str:
    """The id at the end of a tus URL (or the id alone)."""
    url = value.get("upload")
    if not isinstance(url, str) or not url:
        raise InvalidInput(upload="Cần địa chỉ tus của tệp đã tải lên.")
    return urlsplit(url).path.rstrip("/").rpartition("/")[2]


@blueprint.post("/clips")
def create_clip() -> tuple[Response, int]:
    """Hand in a clip whose upload is complete. Idempotent under ``Idempotency-Key``."""
    account = require_account()
    value = body()
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > MAX_KEY:
        raise InvalidInput(
            **{"Idempotency-Key": Sentence("Nhiều nhất {count} ký tự.", count=MAX_KEY)}
        )
    details, people = Details.parse(value), parse_people(value.get("people"))
    upload = upload_id(value)
    with deps().database.write() as session:
        answer = _earlier_answer(session, account, key, value)
        if answer is None:
            clip = submission.create_draft(session, account, details, people)
            submission.submit(session, clip.id, upload, accounts.actor_of(account))
            answer = {**shape.head(accounts.actor_of(account), clip), "scope": clip.scope}
            _remember(session, account, key, value, clip, answer)
    response = jsonify(answer)
    response.headers["Location"] = f"/api/v1/clips/{answer['id']}"
    return response, 201


def _fingerprint(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _earlier_answer(
    session: Session, account: Account, key: str, value: Mapping[str, Any]
) -> dict[str, Any] | None:
    if not key:
        return None
    row = session.get(IdempotencyKey, (account.id, key))
    if row is None:
        return None
    if row.request_hash != _fingerprint(value):
        raise WebError("idempotency_mismatch", 422)
    return dict(row.answer)


def _remember(
    session: Session,
    account: Account,
    key: str,
    value: Mapping[str, Any],
    clip: Clip,
    answer: dict[str, Any],
) -> None:
    if key:
        session.add(
            IdempotencyKey(
                account_id=account.id,
                key=key,
                request_hash=_fingerprint(value),
                clip_id=clip.id,
                answer={**answer, "state": str(answer["state"])},
                created_at=clock.now(session),
            )
        )


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
