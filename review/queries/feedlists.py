"""The feed as lists, for readers that know no cursor: the last word on every clip.

A clip that was corrected stands there once, with what is true now; a withdrawn one as its
tombstone, and so does one that left the part of the feed that its reader is shown. Two orders:
newest first, for people's readers, and by time, for harvesters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from review import clock
from review.feed import Reader, as_shown
from review.models import Campaign, FeedEntry

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Harvest:
    """Which part of the feed a harvester asks for: times in [``start``, ``end``), and one topic,
    level or campaign. Tombstones are in every part: they do not say where they belonged."""

    start: datetime | None = None
    end: datetime | None = None
    kind: str | None = None  # topic | level | campaign
    value: str | None = None

    def conditions(self, reader: Reader) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.start is not None:
            found.append(FeedEntry.at >= self.start)
        if self.end is not None:
            found.append(FeedEntry.at < self.end)
        if self.kind is not None:
            found.append(or_(~_is_live(reader), self._belongs()))
        return found

    def _belongs(self) -> ColumnElement[bool]:
        if self.kind != "topic":
            said: ColumnElement[str] = FeedEntry.record[self.kind].as_string()
            return said.is_not(None) if self.value is None else said == self.value
        if self.value is None:
            return FeedEntry.record.is_not(None)
        # The list is JSON text: a topic's code has only letters and "_", so it is one token.
        topics: ColumnElement[str] = cast(FeedEntry.record["topics"], String)
        return topics.contains(f'"{self.value}"', autoescape=True)


def _shown(reader: Reader) -> tuple[ColumnElement[bool], ...]:
    """The last entry of each clip that this reader is shown, or ever was."""
    other, later = aliased(FeedEntry), aliased(FeedEntry)
    newer = exists().where(later.clip_id == FeedEntry.clip_id, later.seq > FeedEntry.seq)
    last = ~newer.where(_is_for(reader, later))
    if reader.sees_all:
        return last, _is_for(reader, FeedEntry)
    ever = exists().where(other.clip_id == FeedEntry.clip_id, reader.ever_covered(other))
    return last, _is_for(reader, FeedEntry), ever


def _is_for(reader: Reader, entry: type[FeedEntry]) -> ColumnElement[bool]:
    return or_(entry.library_id.is_(None), entry.library_id == reader.library_id)


def _is_live(reader: Reader) -> ColumnElement[bool]:
    return and_(reader.view.covers_entry(), FeedEntry.record.is_not(None))


def newest(
    session: Session, reader: Reader, *, below: int | None, limit: int, withdrawn: bool
) -> tuple[list[FeedEntry], bool]:
    """Entries with a number below ``below`` (None: all), the newest first, and whether there are
    more; tombstones among them only if asked for."""
    query = select(FeedEntry).where(*_shown(reader)).order_by(FeedEntry.seq.desc())
    if below is not None:
        query = query.where(FeedEntry.seq < below)
    if not withdrawn:
        query = query.where(_is_live(reader))
    return _page(session.scalars(query.limit(limit + 1)).all(), limit, reader)


def by_time(
    session: Session,
    reader: Reader,
    part: Harvest,
    *,
    after: tuple[datetime, int] | None,
    limit: int,
) -> tuple[list[FeedEntry], bool]:
    """Entries of this part after (time, number), the oldest first, and whether there are more.

    Who changes while a harvest goes on moves to its end: nothing is skipped.
    """
    query = select(FeedEntry).where(*_shown(reader), *part.conditions(reader))
    if after is not None:
        at, seq = after
        later = or_(FeedEntry.at > at, and_(FeedEntry.at == at, FeedEntry.seq > seq))
        query = query.where(FeedEntry.at >= at, later)
    query = query.order_by(FeedEntry.at, FeedEntry.seq).limit(limit + 1)
    return _page(session.scalars(query).all(), limit, reader)


def _page(rows: Sequence[FeedEntry], limit: int, reader: Reader) -> tuple[list[FeedEntry], bool]:
    return [as_shown(row, reader) for row in rows[:limit]], len(rows) > limit


def earliest(session: Session) -> datetime:
    """The time of the first entry; of an empty feed, now."""
    found = session.scalar(select(func.min(FeedEntry.at)))
    return clock.now(session) if found is None else found


def open_campaigns(session: Session) -> list[Campaign]:
    """Those that have begun, by their short names."""
    begun = or_(Campaign.opens_at.is_(None), Campaign.opens_at <= clock.now(session))
    return list(session.scalars(select(Campaign).where(begun).order_by(Campaign.slug)))
