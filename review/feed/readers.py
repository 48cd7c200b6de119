"""A library and its view: found by its token, changed by the office."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, select
from sqlalchemy.orm import Session

from review.errors import InvalidInput, NoSuchThing
from review.feed import announcing
from review.feed.log import add_for, lock_head
from review.feed.reading import live_entries
from review.feed.view import Reader, View, reader_of
from review.models import ApiToken, Campaign, FeedEntry, FeedHead, Library

MOST_PAST = 8  # older ones are taken together


@dataclass(frozen=True, slots=True)
class Caller:
    """A library that asks, and how far the log goes: read together, by one statement."""

    reader: Reader
    head: int
    head_at: datetime | None


# Made once: every poll of every library asks it.
CALLER = (
    select(
        Library.id,
        Library.scope,
        Library.campaigns,
        Library.levels,
        Library.past_views,
        Library.view_number,
        FeedHead.seq,
        FeedHead.at,
    )
    .join(ApiToken, ApiToken.library_id == Library.id)
    .outerjoin(FeedHead, FeedHead.id == 1)
    .where(
        ApiToken.token_hash == bindparam("token_hash"),
        ApiToken.revoked_at.is_(None),
        Library.active,
    )
)


def caller_of(row: Row[Any]) -> Caller:
    """What :data:`CALLER` found for a token; no row is no standing token of an active library."""
    return Caller(reader_of(row), row.seq or 0, row.at)


def set_view(session: Session, library_id: str, view: View) -> int:
    """Show a library another part of the feed; how many entries tell it so.

    What leaves its view comes as withdrawn, what enters as published, at the end of the log and
    for this library alone: its cursor goes on as it is, wherever it stands.
    """
    view.check()
    _require_campaigns(session, view)
    end = lock_head(session)
    library = session.get(Library, library_id, populate_existing=True)
    if library is None:
        raise NoSuchThing(f"there is no library {library_id}")
    before = reader_of(library)
    if before.view == view:
        return 0
    leaves = and_(before.view.covers_entry(), ~view.covers_entry())
    enters = and_(view.covers_entry(), ~before.view.covers_entry())
    count = 0
    for which, reason in ((leaves, "view_changed"), (enters, None)):
        told = live_entries(which)
        count += add_for(session, library_id, told, above=end + count, reason=reason)
    end += count
    past = [*library.past_views, {**before.view.to_json(), "until": end}]
    library.past_views = _bounded(past)
    library.scope, library.campaigns = view.scope, list(view.campaigns)
    library.levels = list(view.levels)
    library.view_number += 1
    session.flush()
    if count:
        announcing.announce(session, session.get_one(FeedEntry, end))  # one hint for all
    return count


def _require_campaigns(session: Session, view: View) -> None:
    known = set(session.scalars(select(Campaign.slug).where(Campaign.slug.in_(view.campaigns))))
    if set(view.campaigns) - known:
        raise InvalidInput(campaigns="Không có cuộc vận động này.")


def _bounded(past: list[dict[str, object]]) -> list[dict[str, object]]:
    """The oldest become one that had everything: a withdrawal too many does no harm."""
    if len(past) <= MOST_PAST:
        return past
    rest = past[1 - MOST_PAST :]
    return [{**View().to_json(), "until": past[-MOST_PAST]["until"]}, *rest]
