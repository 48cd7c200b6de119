"""Claims: for some minutes a clip is one reviewer's to decide on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import Session

from review import clock
from review.models import Clip
from review.policy import Actor


def free_for(actor: Actor, now: datetime) -> ColumnElement[bool]:
    """No other person's claim stands."""
    return or_(Clip.claimed_by.is_(None), Clip.claimed_by == actor.id, Clip.claimed_until < now)


def holder(session: Session, clip: Clip) -> str | None:
    """Whose claim stands."""
    if clip.claimed_by is None or clip.claimed_until is None:
        return None
    return clip.claimed_by if clip.claimed_until > clock.now(session) else None
