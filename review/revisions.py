"""Which revision of a clip is meant."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from review.models import Clip, Revision


def current(session: Session, clip: Clip) -> Revision:
    """The current one, of a clip that was handed in."""
    return session.scalars(_numbered(clip, clip.revision)).one()


def find(session: Session, clip: Clip, number: int | None = None) -> Revision | None:
    """The current one unless a number is given; None where there is none."""
    return session.scalar(_numbered(clip, clip.revision if number is None else number))


def _numbered(clip: Clip, number: int) -> Select[Revision]:
    return select(Revision).where(Revision.clip_id == clip.id, Revision.number == number)
