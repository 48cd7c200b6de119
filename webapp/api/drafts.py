"""Drafts under a name that the program gives: what a hand-in by spreadsheet is made of."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, jsonify
from sqlalchemy.orm import Session

from review import accounts, submission
from review.consent import Person
from review.details import Details, parse_people
from review.errors import InvalidInput
from review.models import Account, Clip
from review.states import State
from webapp.api import idempotency, shape
from webapp.api.blueprint import blueprint, body
from webapp.auth import require_account
from webapp.deps import deps

_KEY = re.compile(r"[0-9A-Za-z-]{16,80}")


@blueprint.put("/drafts/<key>")
def put_draft(key: str) -> Response:
    """The draft of this name, made or changed; once it was handed in, the clip as it is now.

    An upload with the clip's id in its metadata hands it in. Asked again at any time, by a program
    that was interrupted, it makes nothing twice.
    """
    account, value = require_account(), body()
    if not _KEY.fullmatch(key):
        raise InvalidInput(key="Khóa gồm 16 đến 80 chữ, số hoặc dấu gạch.")
    details, people = Details.parse(value), parse_people(value.get("people"))
    with deps().database.write() as session:
        clip = _draft(session, account, f"draft {key}", details, people)
        answer = {**shape.head(accounts.actor_of(account), clip), "scope": clip.scope}
    return jsonify(answer)


def _draft(
    session: Session, account: Account, key: str, details: Details, people: tuple[Person, ...]
) -> Clip:
    known: dict[str, Any] = {"draft": key}  # the name alone: the content may change until hand-in
    earlier = idempotency.earlier_answer(session, account, key, known)
    clip = session.get(Clip, earlier["id"]) if earlier else None
    if clip is None:
        clip = submission.create_draft(session, account, details, people)
        idempotency.remember(session, account, key, {"id": clip.id})
    elif clip.state == State.DRAFT:
        actor = accounts.actor_of(account)
        clip = submission.update_draft(session, clip.id, actor, details, people)
    return clip
