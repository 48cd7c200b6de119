"""The outbox of webhooks: claimed with a lease and a fence, tried again after growing pauses.

The pauses are the library's, not the message's: while its server is down it is asked once in a
while, whatever waits for it. Not jobs of :mod:`review.jobs`: those belong to one revision, and are
given up after three attempts in minutes, where a server may be down for a day.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from review import clock
from review.errors import LeaseLost
from review.hooks.subscriptions import switch_off
from review.models import Hook, HookDelivery, Library

LEASE = timedelta(seconds=60)  # longer than one attempt may take
BACKOFF = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600, 3 * 3600))
PATIENCE = timedelta(days=3)  # a server that fails for so long is not asked any more
MOST_WAITING = 100  # of one library; the newest say all that the older ones do: pull
SHOWN = 200  # deliveries of one library that are kept


@dataclass(frozen=True, slots=True)
class Message:
    """One hint to send now, and what it is signed with; ``fence`` proves the claim at the end."""

    id: str
    library_id: str
    url: str
    secrets: tuple[str, ...]
    body: bytes
    fence: int


def _due(now: datetime) -> Select[Any]:
    waits = select(HookDelivery.id).where(
        HookDelivery.library_id == Hook.library_id, HookDelivery.state == "queued"
    )
    return (
        select(Hook)
        .join(Library, Library.id == Hook.library_id)
        .where(
            Hook.off.is_(None),
            Library.active,
            # Further ahead than any pause: the database's clock was set back meanwhile.
            or_(Hook.next_attempt_at <= now, Hook.next_attempt_at > now + 2 * BACKOFF[-1]),
            or_(
                Hook.lease_until.is_(None),
                Hook.lease_until < now,
                Hook.lease_until > now + 2 * LEASE,
            ),
            waits.exists(),
        )
        .order_by(Hook.next_attempt_at, Hook.library_id)
        .limit(1)
    )


def is_due(session: Session) -> bool:
    """Whether :func:`claim` would find something: reads only."""
    return session.scalar(_due(clock.now(session))) is not None


def claim(session: Session) -> Message | None:
    """The next hint of a library that it is time for, or None."""
    now = clock.now(session)
    hook = session.scalar(_due(now).with_for_update(skip_locked=True, of=Hook))
    if hook is None:
        return None
    taken = session.execute(
        update(Hook)
        .where(Hook.library_id == hook.library_id, Hook.fence == hook.fence)
        .values(fence=Hook.fence + 1, lease_until=now + LEASE)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return None
    session.refresh(hook)
    row = _next(session, hook.library_id)
    secrets = [hook.secret]
    if hook.old_secret is not None and hook.old_until is not None and hook.old_until > now:
        secrets.append(hook.old_secret)
    return Message(row.id, hook.library_id, hook.url, tuple(secrets), _body(row), hook.fence)


def _next(session: Session, library_id: str) -> HookDelivery:
    """A test first, else the oldest; what is too old by now is dropped."""
    queued = and_(HookDelivery.library_id == library_id, HookDelivery.state == "queued")
    newest = select(HookDelivery.id).where(queued).order_by(HookDelivery.id.desc())
    oldest_kept = session.scalar(newest.offset(MOST_WAITING - 1).limit(1))
    if oldest_kept is not None:
        session.execute(
            update(HookDelivery)
            .where(queued, HookDelivery.id < oldest_kept)
            .values(state="dropped")
            .execution_options(synchronize_session=False)
        )
    order = (HookDelivery.type != "test", HookDelivery.id)
    return session.scalars(select(HookDelivery).where(queued).order_by(*order).limit(1)).one()


def _body(row: HookDelivery) -> bytes:
    value: dict[str, Any] = {"type": row.type, "seq": row.seq, "clip_id": row.clip_id}
    return json.dumps(value, separators=(",", ":")).encode()


def _end(session: Session, message: Message, **values: Any) -> None:
    """Only while the claim stands; raises :class:`LeaseLost`."""
    done = session.execute(
        update(Hook)
        .where(Hook.library_id == message.library_id, Hook.fence == message.fence)
        .values(lease_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost(f"webhook of {message.library_id} was taken over")


def _tried(session: Session, message: Message, state: str, answer: str) -> None:
    session.execute(
        update(HookDelivery)
        .where(HookDelivery.id == message.id)
        .values(
            state=state,
            answer=answer,
            attempts=HookDelivery.attempts + 1,
            last_at=clock.now(session),
        )
        .execution_options(synchronize_session=False)
    )


def delivered(session: Session, message: Message, answer: str) -> None:
    now = clock.now(session)
    _end(session, message, failures=0, failing_since=None, next_attempt_at=now)
    _tried(session, message, "delivered", answer)


def failed(session: Session, message: Message, answer: str) -> bool:
    """Try again later; False when the library's webhook was switched off instead."""
    now = clock.now(session)
    hook = session.get(Hook, message.library_id, populate_existing=True)
    if hook is None:
        raise LeaseLost(f"webhook of {message.library_id} was removed")
    since = hook.failing_since or now
    delay = BACKOFF[min(hook.failures, len(BACKOFF) - 1)]
    values = {"failures": Hook.failures + 1, "failing_since": since}
    _end(session, message, next_attempt_at=now + delay, **values)
    _tried(session, message, "queued", answer)
    if now - since < PATIENCE:
        return True
    switch_off(session, message.library_id, "failing")
    return False


def gone(session: Session, message: Message) -> None:
    """410: there is no such place any more, and nobody wants to be told."""
    _end(session, message)
    _tried(session, message, "dropped", "410")
    switch_off(session, message.library_id, "gone")


def recent(session: Session, library_id: str, limit: int = 30) -> list[HookDelivery]:
    """Newest first."""
    query = select(HookDelivery).where(HookDelivery.library_id == library_id)
    return list(session.scalars(query.order_by(HookDelivery.id.desc()).limit(limit)))


def waiting(session: Session, library_id: str) -> int:
    query = select(func.count()).where(
        HookDelivery.library_id == library_id, HookDelivery.state == "queued"
    )
    return session.scalar(query) or 0


def forget_old(session: Session) -> None:
    """Of each library the last ones stay."""
    for library_id in session.scalars(select(HookDelivery.library_id).distinct()).all():
        mine = HookDelivery.library_id == library_id
        newest = select(HookDelivery.id).where(mine).order_by(HookDelivery.id.desc())
        oldest_kept = session.scalar(newest.offset(SHOWN - 1).limit(1))
        if oldest_kept is not None:
            session.execute(
                delete(HookDelivery)
                .where(mine, HookDelivery.state != "queued", HookDelivery.id < oldest_kept)
                .execution_options(synchronize_session=False)
            )
