"""Each change goes into the outbox of the libraries that want to be told, in its transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from review import clock
from review.feed.view import Facets, reader_of
from review.models import FeedEntry, Hook, HookDelivery, Library

_LISTENING = (
    select(Library)
    .join(Hook, Hook.library_id == Library.id)
    .where(Hook.off.is_(None), Library.active)
)


def announce(session: Session, entry: FeedEntry) -> None:
    """Queue one hint for every library that is shown this entry."""
    query = _LISTENING
    if entry.library_id is not None:
        query = query.where(Library.id == entry.library_id)
    now = Facets(entry.scope, entry.level, entry.campaign)
    was = Facets(entry.was_scope, entry.was_level, entry.was_campaign)
    for library in session.scalars(query).all():
        kind = reader_of(library).kind_of(entry.kind, entry.seq, now, was)
        if kind is not None:
            session.add(_hint(library.id, kind, entry.seq, entry.clip_id, entry.at))
    session.flush()


def queue(
    session: Session, library_id: str, kind: str, seq: int, clip_id: str | None
) -> HookDelivery:
    row = _hint(library_id, kind, seq, clip_id, clock.now(session))
    session.add(row)
    session.flush()
    return row


def _hint(library_id: str, kind: str, seq: int, clip_id: str | None, at: datetime) -> HookDelivery:
    return HookDelivery(library_id=library_id, type=kind, seq=seq, clip_id=clip_id, created_at=at)
