"""Consents that change the life of a clip: recorded ones may publish it, revoked ones withdraw."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, case, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from review import clock, queueing
from review.consent import (
    GivenConsent,
    Person,
    Scope,
    lower_to_consents,
    missing,
    person,
    require_recorder,
    store_consent,
    store_people,
)
from review.errors import InvalidInput, NoSuchThing, NotAllowed
from review.lifecycle import load_visible
from review.models import Clip, ClipPerson, Consent
from review.policy import SYSTEM, Actor, shown_state
from review.publication import try_publish, withdraw
from review.states import State

_SHOWN = (State.PUBLISHED, State.SUSPENDED)
# While a person is added to one of these, what the others decided would no longer hold.
_SETTLED = (State.PUBLISHED, State.SUSPENDED, State.WITHDRAWN, State.REJECTED)


def _is_settled(clip: Clip) -> bool:
    """A rejection that nobody was told of looks like a review, and may become one again."""
    return shown_state(None, clip) in _SETTLED


def _visible(session: Session, clip_id: str, actor: Actor) -> Clip:
    clip = load_visible(session, clip_id, actor)
    require_recorder(actor, clip)
    return clip


def add_person(session: Session, clip_id: str, actor: Actor, who: Person) -> ClipPerson:
    """Name one more child who can be recognised (a published clip is withdrawn first)."""
    clip = _visible(session, clip_id, actor)
    if _is_settled(clip):
        raise NotAllowed("withdraw the clip first: a person in it was not counted")
    query = select(ClipPerson).where(ClipPerson.clip_id == clip.id, ClipPerson.label == who.label)
    if session.scalar(query) is not None:
        raise InvalidInput(label="Cách gọi này đã có.")
    store_people(session, clip, actor, [who])
    lower_to_consents(session, clip)
    queueing.refile(session, clip)
    return session.scalars(query).one()


def record_consent(session: Session, person_id: str, actor: Actor, given: GivenConsent) -> Consent:
    """Add a consent; an approved clip that waited for it is published in the same transaction."""
    who = person(session, person_id)
    clip = _visible(session, who.clip_id, actor)
    row = store_consent(session, who, actor, given)
    if not _is_settled(clip):
        lower_to_consents(session, clip)
        session.flush()
        queueing.refile(session, clip)
    try_publish(session, clip)
    return row


def revoke_consent(session: Session, consent_id: str, actor: Actor) -> Consent:
    """End a consent. The clip is withdrawn in the same transaction unless another consent of this
    person still covers it."""
    row = session.get(Consent, consent_id)
    if row is None:
        raise NoSuchThing(f"there is no consent {consent_id}")
    who = person(session, row.person_id)
    clip = _visible(session, who.clip_id, actor)
    session.refresh(row)  # as it is now that the clip is locked
    if row.revoked_at is None:
        row.revoked_at = clock.now(session)
        session.flush()
    ended = clip.state not in (State.WITHDRAWN, State.DRAFT)
    if ended and who.label in missing(session, clip):
        withdraw(session, clip.id, SYSTEM, "guardian")
    return row


def expire_due(session: Session, limit: int = 50) -> int:
    """Withdraw published clips, hidden or not, of which a consent has ended; how many."""
    due = session.scalars(
        select(Clip)
        .where(Clip.state.in_(_SHOWN), _lacks_consent(clock.now(session)))
        .order_by(Clip.id)
        .limit(limit)
        # All clips before the audit's lock: taken one by one, a decision on the second clip and
        # this sweep would wait for each other.
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    count = 0
    for clip in list(due):
        if missing(session, clip):
            withdraw(session, clip.id, SYSTEM, "consent_expired")
            count += 1
    return count


def _lacks_consent(now: datetime) -> ColumnElement[bool]:
    """Somebody in the clip had a consent that has ended, and no later one that covers."""
    later = aliased(Consent)
    renewed = select(later.id).where(
        later.person_id == Consent.person_id,
        later.kind == Consent.kind,
        later.revoked_at.is_(None),
        later.given_at <= now,
        later.valid_until > now,
        _width(later.scope) >= _width(Clip.scope),
    )
    return (
        select(Consent.id)
        .join(ClipPerson, ClipPerson.id == Consent.person_id)
        .where(
            ClipPerson.clip_id == Clip.id,
            Consent.valid_until <= now,
            or_(Consent.kind == "guardian", ClipPerson.under_seven.is_(False)),
            ~renewed.correlate(Consent, Clip).exists(),
        )
        .correlate(Clip)
        .exists()
    )


def _width(column: InstrumentedAttribute[str]) -> ColumnElement[int]:
    return case({str(scope): scope.width for scope in Scope}, value=column)
