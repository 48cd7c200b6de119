"""The filters of the queue that a person keeps: each its own, under a name, one of them the one
that the queue opens with."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from review import clock
from review.errors import InvalidInput
from review.keys import is_id
from review.models import Account, SavedFilter
from review.policy import Actor
from review.queries.filters import Filters
from review.text import Sentence, clean

MAX_SAVED = 20
NAME_LIMIT = 60


def saved(session: Session, actor: Actor) -> Sequence[SavedFilter]:
    """All of this person's, by name."""
    mine = select(SavedFilter).where(SavedFilter.account_id == actor.id)
    return session.scalars(mine.order_by(SavedFilter.name)).all()


def default(session: Session, actor: Actor) -> Filters | None:
    """What the queue opens with; None: with everything that is due."""
    text = session.scalar(
        select(SavedFilter.filters).where(
            SavedFilter.account_id == actor.id, SavedFilter.is_default.is_(True)
        )
    )
    return None if text is None else Filters.from_text(text)


def save(
    session: Session, actor: Actor, name: str, filters: Filters, *, is_default: bool = False
) -> SavedFilter:
    """Keep a filter; one of the same name is replaced."""
    wanted = clean(name, limit=NAME_LIMIT)
    if not wanted:
        raise InvalidInput(name="Hãy đặt tên cho bộ lọc.")
    row = _named(session, actor, wanted)
    if row is None:
        row = _new(session, actor, wanted)
    row.filters = filters.to_text()
    if is_default:
        _only_default(session, actor)
    row.is_default = is_default
    session.add(row)
    session.flush()
    return row


def _named(session: Session, actor: Actor, name: str) -> SavedFilter | None:
    _lock(session, actor)
    return session.scalar(
        select(SavedFilter).where(SavedFilter.account_id == actor.id, SavedFilter.name == name)
    )


def _lock(session: Session, actor: Actor) -> None:
    """One change of a person's filters at a time."""
    session.scalar(select(Account.id).where(Account.id == actor.id).with_for_update())


def _new(session: Session, actor: Actor, name: str) -> SavedFilter:
    mine = select(func.count()).where(SavedFilter.account_id == actor.id)
    if (session.scalar(mine) or 0) >= MAX_SAVED:
        raise InvalidInput(name=Sentence("Nhiều nhất {count} bộ lọc.", count=MAX_SAVED))
    return SavedFilter(account_id=actor.id, name=name, created_at=clock.now(session))


def _only_default(session: Session, actor: Actor) -> None:
    session.execute(
        update(SavedFilter).where(SavedFilter.account_id == actor.id).values(is_default=False)
    )


def choose_default(session: Session, actor: Actor, filter_id: str | None) -> None:
    """The queue opens with this one from now on; None: with none."""
    _lock(session, actor)
    _only_default(session, actor)
    if filter_id is None or not is_id(filter_id):
        return
    session.execute(
        update(SavedFilter)
        .where(SavedFilter.account_id == actor.id, SavedFilter.id == filter_id)
        .values(is_default=True)
    )


def forget(session: Session, actor: Actor, filter_id: str) -> None:
    """Another person's stays; one that is gone is gone."""
    if is_id(filter_id):
        mine = SavedFilter.account_id == actor.id
        session.execute(delete(SavedFilter).where(mine, SavedFilter.id == filter_id))
