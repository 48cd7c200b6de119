"""Wrong guesses at codes and links, counted for each network in the database, so that the limit
holds over all processes and machines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from review import clock
from review.errors import TooManyGuesses
from review.models import Guesses
from review.upserts import upsert

WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Door:
    """What is guessed at, and how many wrong guesses a network has in a window."""

    kind: str
    most: int


# A whole class types behind one address: generous for them, hopeless against 22^8 codes.
CLASS_CODE = Door("class_code", 40)
CLIP_LINK = Door("clip_link", 30)


def take(session: Session, door: Door, who: str) -> None:
    """Count a guess before it is tried, so that many at once find no gap between looking and
    counting. Raises :class:`TooManyGuesses`. A right one is given back."""
    row = _locked(session, door, who)
    now = clock.now(session)
    if row.since + WINDOW <= now:
        row.since, row.wrong = now, 0
    if row.wrong >= door.most:
        left = (row.since + WINDOW - now).total_seconds()
        raise TooManyGuesses("too many wrong guesses", retry_after=max(1, round(left)))
    row.wrong += 1
    session.flush()


def give_back(session: Session, door: Door, who: str) -> None:
    """The guess was right."""
    row = _locked(session, door, who)
    row.wrong = max(0, row.wrong - 1)
    session.flush()


def _locked(session: Session, door: Door, who: str) -> Guesses:
    session.execute(
        upsert(session, Guesses)
        .values(kind=door.kind, who=who, since=clock.now(session), wrong=0)
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(Guesses)
        .where(Guesses.kind == door.kind, Guesses.who == who)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def forget_old(session: Session) -> None:
    """Addresses are not kept, not even hashed, once they count for nothing."""
    session.execute(delete(Guesses).where(Guesses.since < clock.now(session) - WINDOW))
