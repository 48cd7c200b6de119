"""Claims: for some minutes a clip is one reviewer's to decide on."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from review import clock
from review.models import Clip
from review.policy import Actor
from review.states import State

CLAIM = timedelta(minutes=10)
AT_MOST = 5  # of one person at once, beside what was given to them
# Further ahead than any claim: the database's clock was set back meanwhile. Twice, since of two at
# the same moment one reads the clock a little earlier.
_LONGEST = 2 * CLAIM


def free_for(actor: Actor, now: datetime) -> ColumnElement[bool]:
    """No other person's claim stands."""
    until = Clip.claimed_until
    is_mine = Clip.claimed_by == actor.id
    return or_(Clip.claimed_by.is_(None), is_mine, until < now, until > now + _LONGEST)


def held_by(actor: Actor, now: datetime) -> ColumnElement[bool]:
    """This person's claim stands."""
    until = Clip.claimed_until
    return and_(Clip.claimed_by == actor.id, until > now, until <= now + _LONGEST)


def stands(clip: Clip, now: datetime) -> bool:
    """Whether somebody's claim does."""
    until = clip.claimed_until
    return clip.claimed_by is not None and until is not None and now < until <= now + _LONGEST


def holder(session: Session, clip: Clip) -> str | None:
    """Whose claim stands."""
    return clip.claimed_by if stands(clip, clock.now(session)) else None


def release_oldest(session: Session, actor: Actor, now: datetime) -> None:
    """Give back what this person has claimed beyond :data:`AT_MOST`, whatever was renewed longest
    ago first: others wait for it. One that is being changed at this moment is left alone."""
    surplus = session.scalars(
        select(Clip.id)
        .where(
            held_by(actor, now),
            Clip.state == State.IN_REVIEW,
            Clip.assigned_to.is_distinct_from(actor.id),
        )
        .order_by(Clip.claimed_until.desc(), Clip.id.desc())
        .offset(AT_MOST)
    ).all()
    free = select(Clip.id).where(Clip.id.in_(surplus), Clip.claimed_by == actor.id)
    ids = session.scalars(free.with_for_update(skip_locked=True)).all() if surplus else []
    if ids:
        session.execute(
            update(Clip).where(Clip.id.in_(ids)).values(claimed_by=None, claimed_until=None)
        )
