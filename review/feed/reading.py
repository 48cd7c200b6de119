"""Following the change log: pages behind a cursor, one clip, and a snapshot as proof."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.orm import Session

from review.errors import InvalidInput
from review.feed.log import head
from review.feed.view import EVERYBODY, EVERYTHING, Facets, Reader
from review.models import FeedEntry

MAX_PAGE = 500
# Of a log that holds little for a library one page looks at so many entries and no more: it may
# be short, or empty, with more to come.
WINDOW = 2000


class Change(NamedTuple):
    """One entry as a library is shown it. ``text``: the record as it is stored, JSON."""

    seq: int
    kind: str
    clip_id: str
    at: datetime
    reason: str | None
    text: str | None

    @property
    def record(self) -> dict[str, Any] | None:
        return None if self.text is None else json.loads(self.text)


@dataclass(frozen=True, slots=True)
class ChangePage:
    entries: list[Change]
    next_cursor: str
    more: bool


class Live(NamedTuple):
    clip_id: str
    revision: int | None
    seq: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is live at ``seq``. ``digest``: SHA-256 over lines "id revision seq", by id."""

    seq: int
    clips: list[dict[str, Any]]
    digest: str


def parse_cursor(cursor: str | None) -> int:
    """The sequence number after which to go on; raises :class:`InvalidInput`."""
    if cursor is None or cursor == "":
        return 0
    digits = cursor.removeprefix("s")
    if not (cursor.startswith("s") and digits.isascii() and digits.isdigit() and len(digits) < 18):
        raise InvalidInput(cursor="Con trỏ không đúng. Bỏ trống để đọc từ đầu.")
    return int(digits)


_COLUMNS = (
    FeedEntry.seq,
    FeedEntry.kind,
    FeedEntry.clip_id,
    FeedEntry.at,
    FeedEntry.reason,
    cast(FeedEntry.record, Text),
    FeedEntry.scope,
    FeedEntry.level,
    FeedEntry.campaign,
    FeedEntry.was_scope,
    FeedEntry.was_level,
    FeedEntry.was_campaign,
)


@lru_cache(maxsize=64)
def _page_of(reader: Reader) -> Executable:
    """The statement of one library's pages: making it takes longer than running it."""
    return (
        select(*_COLUMNS)
        .where(
            FeedEntry.seq > bindparam("start"), FeedEntry.seq <= bindparam("last"), reader.shown()
        )
        .order_by(FeedEntry.seq)
        .limit(bindparam("size"))
    )


def changes(
    session: Session,
    cursor: str | None = None,
    limit: int = 100,
    *,
    reader: Reader = EVERYBODY,
    end: int | None = None,
) -> ChangePage:
    """What is shown to ``reader`` after ``cursor``, oldest first; the cursor stays valid for ever.
    ``end``: the log's last number, where the caller has read it in the same transaction.

    An entry whose clip was withdrawn later has lost its record and is left out: its tombstone
    comes further on.
    """
    start = parse_cursor(cursor)
    limit = max(1, min(limit, MAX_PAGE))
    end = head(session) if end is None else end
    last = min(end, start + max(WINDOW, limit))
    values = {"start": start, "last": last, "size": limit + 1}
    # Plain rows: to the session they are a tenth of the whole answer's time.
    rows = session.connection().execute(_page_of(reader), values).all()
    page = [_change(reader, row) for row in rows[:limit]]
    if len(rows) > limit:
        return ChangePage(page, f"s{page[-1].seq}", True)
    return ChangePage(page, f"s{max(start, last)}", last < end)


def _change(reader: Reader, row: Any) -> Change:
    seq, kind, clip_id, at, reason, text, scope, *rest = row
    if text is not None and reader.view == EVERYTHING:  # most entries, for most libraries
        return Change(seq, kind if rest[2] else "published", clip_id, at, None, text)
    now, was = Facets(scope, *rest[:2]), Facets(*rest[2:])
    shown = reader.kind_of(kind, seq, now, was)
    assert shown is not None
    if shown != "withdrawn":
        return Change(seq, shown, clip_id, at, None, text)
    if kind != "withdrawn":
        reason = reader.why_gone(now)
    return Change(seq, shown, clip_id, at, reason, None)


def current(session: Session, clip_id: str) -> FeedEntry | None:
    """The clip's last entry: live, a tombstone, or None when it never was in the feed."""
    return session.scalar(
        select(FeedEntry)
        .where(FeedEntry.clip_id == clip_id, FeedEntry.library_id.is_(None))
        .order_by(FeedEntry.seq.desc())
        .limit(1)
    )


def look_up(session: Session, clip_id: str, reader: Reader) -> FeedEntry | None:
    """The clip's last entry as :func:`as_shown`; None if this library was never shown the clip."""
    entry = current(session, clip_id)
    if entry is None:
        return None
    shown = as_shown(entry, reader)
    if shown.record is not None:
        return shown
    seen = reader.ever_covered(FeedEntry)
    query = select(FeedEntry.seq).where(FeedEntry.clip_id == clip_id, seen).limit(1)
    return shown if session.scalar(query) is not None else None


def as_shown(entry: FeedEntry, reader: Reader) -> FeedEntry:
    """The entry, or the tombstone that it is to this reader: a copy, no row."""
    if entry.kind == "withdrawn" or (reader.covers(entry) and entry.record is not None):
        return entry
    why = reader.why_gone(Facets(entry.scope, entry.level, entry.campaign))
    return FeedEntry(
        seq=entry.seq, kind="withdrawn", clip_id=entry.clip_id, at=entry.at, reason=why
    )


def live_entries(is_wanted: ColumnElement[bool]) -> Select[FeedEntry]:
    """The last entry of every clip that is in the feed now."""
    last = (
        select(FeedEntry.clip_id, func.max(FeedEntry.seq).label("seq"))
        .where(FeedEntry.library_id.is_(None))
        .group_by(FeedEntry.clip_id)
        .subquery()
    )
    return (
        select(FeedEntry)
        .join(last, and_(FeedEntry.seq == last.c.seq, FeedEntry.clip_id == last.c.clip_id))
        .where(FeedEntry.kind != "withdrawn", is_wanted)
    )


def live(session: Session, reader: Reader = EVERYBODY) -> list[Live]:
    """All that is in the feed now, by clip id; their records would be a hundred times as much."""
    query = live_entries(reader.view.covers_entry()).with_only_columns(
        FeedEntry.clip_id, FeedEntry.revision, FeedEntry.seq
    )
    return [Live(*row) for row in session.execute(query.order_by(FeedEntry.clip_id))]


def snapshot(session: Session, reader: Reader = EVERYBODY) -> Snapshot:
    """Ids and revisions of all that is live, with a digest that a copy can be checked by."""
    found = live(session, reader)
    clips = [{"id": c.clip_id, "revision": c.revision, "seq": c.seq} for c in found]
    lines = "".join(f"{c.clip_id} {c.revision} {c.seq}\n" for c in found)
    return Snapshot(head(session), clips, hashlib.sha256(lines.encode()).hexdigest())
