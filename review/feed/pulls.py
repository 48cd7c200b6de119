"""How often libraries ask: one row for each and day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from review import clock
from review.models import FeedAck, Pulls
from review.upserts import upsert

KEPT = timedelta(days=90)


class Count(NamedTuple):
    asked: int = 0
    unchanged: int = 0
    changes: int = 0

    def __add__(self, other: object) -> Count:
        assert isinstance(other, Count)
        return Count(*(a + b for a, b in zip(self, other, strict=True)))


def add(session: Session, counts: Mapping[str, Count]) -> None:
    """Add to the rows of today."""
    now = clock.now(session)
    # In one order, whoever writes: two web processes must not wait for each other.
    for library_id, count in sorted(counts.items()):
        day = {"library_id": library_id, "day": now.date()}
        new = upsert(session, Pulls).values(**day, **count._asdict(), last_at=now)
        more = {name: getattr(Pulls, name) + getattr(new.excluded, name) for name in count._fields}
        session.execute(
            new.on_conflict_do_update(
                index_elements=[Pulls.library_id, Pulls.day], set_={**more, "last_at": now}
            )
        )


def latest(session: Session, library_id: str, days: int = 14) -> list[Pulls]:
    """Newest day first."""
    query = select(Pulls).where(Pulls.library_id == library_id)
    return list(session.scalars(query.order_by(Pulls.day.desc()).limit(days)))


def forget_old(session: Session) -> None:
    """But for libraries that acknowledge nothing: of these only pulls tell what they may have
    (:mod:`review.takedown`)."""
    old = Pulls.day < (clock.now(session) - KEPT).date()
    acked = select(FeedAck.library_id)
    session.execute(delete(Pulls).where(old, Pulls.library_id.in_(acked)))
