"""Consents that change the life of a clip: recorded ones may publish it, revoked ones withdraw."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from review import clock
from review.consent import (
    GivenConsent,
    Person,
    missing,
    person,
    require_recorder,
    store_consent,
    store_people,
)
from review.errors import InvalidInput, NoSuchClip, NoSuchThing, NotAllowed
from review.lifecycle import load
from review.models import Clip, ClipPerson, Consent
from review.policy import SYSTEM, Actor, may_see
from review.publication import try_publish, withdraw
from review.states import State

# While a person is added to one of these, what the others decided would no longer hold.
_SETTLED = (State.PUBLISHED, State.WITHDRAWN, State.REJECTED)


def _visible(session: Session, clip_id: str, actor: Actor) -> Clip:
    clip = load(session, clip_id)
    if not may_see(actor, clip):
        raise NoSuchClip(f"there is no clip {clip_id!r}")
    require_recorder(actor, clip)
    return clip


def add_person(session: Session, clip_id: str, actor: Actor, who: Person) -> ClipPerson:
    """Name one more child who can be recognised (a published clip is withdrawn first)."""
    clip = _visible(session, clip_id, actor)
    if clip.state in _SETTLED:
        raise NotAllowed("withdraw the clip first: a person in it was not counted")
    query = select(ClipPerson).where(ClipPerson.clip_id == clip.id, ClipPerson.label == who.label)
    if session.scalar(query) is not None:
        raise InvalidInput(label="Cách gọi này đã có.")
    store_people(session, clip, actor, [who])
    return session.scalars(query).one()


def record_consent(session: Session, person_id: str, actor: Actor, given: GivenConsent) -> Consent:
    """Add a consent; an approved clip that waited for it is published in the same transaction."""
    who = person(session, person_id)
    clip = _visible(session, who.clip_id, actor)
    row = store_consent(session, who, actor, given)
    try_publish(session, clip)
    return row


def revoke_consent(session: Session, consent_id: str, actor: Actor) -> Consent:
    """End a consent. The clip is withdrawn in the same transaction unless another still covers."""
    row = session.get(Consent, consent_id)
    if row is None:
        raise NoSuchThing(f"there is no consent {consent_id}")
    clip = _visible(session, person(session, row.person_id).clip_id, actor)
    if row.revoked_at is None:
        row.revoked_at = clock.now(session)
        session.flush()
    if clip.state not in (State.WITHDRAWN, State.DRAFT) and missing(session, clip):
        withdraw(session, clip.id, SYSTEM, "guardian")
    return row


def expire_due(session: Session, limit: int = 50) -> int:
    """Withdraw published clips of which a consent has ended by itself; how many."""
    now = clock.now(session)
    candidates = session.scalars(
        select(Clip)
        .join(ClipPerson, ClipPerson.clip_id == Clip.id)
        .join(Consent, Consent.person_id == ClipPerson.id)
        .where(Clip.state == State.PUBLISHED, Consent.valid_until <= now)
        .distinct()
        .limit(limit)
    )
    count = 0
    for clip in list(candidates):
        if missing(session, clip):
            withdraw(session, clip.id, SYSTEM, "consent_expired")
            count += 1
    return count
