"""``Idempotency-Key``: the same call again, or twice at once, is done once and answered alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from review import clock
from review.errors import InvalidInput
from review.models import Account, IdempotencyKey
from review.text import Sentence
from review.upserts import upsert
from webapp.errors import WebError

MAX_KEY = 200


def earlier_answer(
    session: Session, account: Account, key: str, value: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What the first call with this key was answered; None when this is the first one.

    Takes the key in this transaction: a second call at the same time waits here until the first
    one is committed (or failed, then it is the first). Raises 422 when the body is another.
    """
    if not key:
        return None
    if len(key) > MAX_KEY:
        raise InvalidInput(
            **{"Idempotency-Key": Sentence("Nhiều nhất {count} ký tự.", count=MAX_KEY)}
        )
    if _take(session, account, key, value):
        return None
    row = session.get_one(IdempotencyKey, (account.id, key))
    if row.request_hash != _fingerprint(value):
        raise WebError("idempotency_mismatch", 422)
    return dict(row.answer)


def _take(session: Session, account: Account, key: str, value: Mapping[str, Any]) -> bool:
    taken = session.scalar(
        upsert(session, IdempotencyKey)
        .values(
            account_id=account.id,
            key=key,
            request_hash=_fingerprint(value),
            clip_id="",
            answer={},
            created_at=clock.now(session),
        )
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    return taken is not None


def _fingerprint(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def remember(session: Session, account: Account, key: str, answer: Mapping[str, Any]) -> None:
    """Keep what the first call is answered, in the transaction that did the work."""
    if key:
        row = session.get_one(IdempotencyKey, (account.id, key))
        row.clip_id, row.answer = str(answer["id"]), dict(answer)
        session.flush()
