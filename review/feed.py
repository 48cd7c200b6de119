"""The feed: an append-only change log that libraries follow with a cursor.

The sequence number is given under one lock that is held until the commit, so no reader ever
sees a number before a smaller one. A tombstone keeps an id, a time and a reason code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from review import clock
from review.errors import InvalidInput
from review.models import Clip, FeedAck, FeedEntry, FeedHead

MAX_PAGE = 500


@dataclass(frozen=True, slots=True)
class ChangePage:
    entries: list[FeedEntry]
    next_cursor: str
    more: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is live at ``seq``. ``digest``: SHA-256 over lines "id revision seq", by id."""

    seq: int
    clips: list[dict[str, Any]]
    digest: str


def append(
    session: Session,
    clip: Clip,
    kind: str,
    *,
    record: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> FeedEntry:
    """Add one entry; ``record`` for published and updated, ``reason`` for withdrawn."""
    seq = _take_seq(session)
    full = {**record, "seq": seq} if record is not None else None
    entry = FeedEntry(
        seq=seq,
        kind=kind,
        clip_id=clip.id,
        at=clock.now(session),
        reason=reason,
        record=full,
    )
    session.add(entry)
    session.flush()
    if kind == "withdrawn":
        _forget_records(session, clip.id)
    return entry


def _take_seq(session: Session) -> int:
    seq = session.scalar(
        update(FeedHead)
        .where(FeedHead.id == 1)
        .values(seq=FeedHead.seq + 1)
        .returning(FeedHead.seq)
        .execution_options(synchronize_session=False)
    )
    if seq is not None:
        return seq
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(insert(FeedHead).values(id=1, seq=0).on_conflict_do_nothing())
    return _take_seq(session)


def _forget_records(session: Session, clip_id: str) -> None:
    """A tombstone keeps nothing else: earlier entries lose what they said of the clip."""
    session.execute(
        update(FeedEntry)
        .where(FeedEntry.clip_id == clip_id, FeedEntry.record.is_not(None))
        .values(record=None)
    )


def parse_cursor(cursor: str | None) -> int:
    """The sequence number after which to go on; raises :class:`InvalidInput`."""
    if cursor is None or cursor == "":
        return 0
    digits = cursor.removeprefix("s")
    if not (cursor.startswith("s") and digits.isascii() and digits.isdigit() and len(digits) < 18):
        raise InvalidInput(cursor="Con trỏ không đúng. Bỏ trống để đọc từ đầu.")
    return int(digits)


def changes(session: Session, cursor: str | None = None, limit: int = 100) -> ChangePage:
    """Entries after ``cursor``, oldest first; the cursor stays valid for ever.

    An entry whose clip was withdrawn later has lost its record and is left out: its tombstone
    comes further on.
    """
    start = parse_cursor(cursor)
    limit = max(1, min(limit, MAX_PAGE))
    live = FeedEntry.record.is_not(None) | (FeedEntry.kind == "withdrawn")
    rows = list(
        session.scalars(
            select(FeedEntry)
            .where(FeedEntry.seq > start, live)
            .order_by(FeedEntry.seq)
            .limit(limit + 1)
        )
    )
    page = rows[:limit]
    end = page[-1].seq if page else start
    return ChangePage(page, f"s{end}", len(rows) > limit)


def current(session: Session, clip_id: str) -> FeedEntry | None:
    """The clip's last entry: live, a tombstone, or None when it never was in the feed."""
    return session.scalar(
        select(FeedEntry)
        .where(FeedEntry.clip_id == clip_id)
        .order_by(FeedEntry.seq.desc())
        .limit(1)
    )


def live(session: Session) -> list[FeedEntry]:
    """The last entry of every clip that is in the feed now, by clip id."""
    last = (
        select(FeedEntry.clip_id, func.max(FeedEntry.seq).label("seq"))
        .group_by(FeedEntry.clip_id)
        .subquery()
    )
    return list(
        session.scalars(
            select(FeedEntry)
            .join(last, and_(FeedEntry.seq == last.c.seq, FeedEntry.clip_id == last.c.clip_id))
            .where(FeedEntry.kind != "withdrawn")
            .order_by(FeedEntry.clip_id)
        )
    )


def snapshot(session: Session) -> Snapshot:
    """Ids and revisions of all that is live, with a digest that a copy can be checked by."""
    head = session.get(FeedHead, 1)
    clips = [
        {"id": e.clip_id, "revision": (e.record or {})["revision"], "seq": e.seq}
        for e in live(session)
    ]
    lines = "".join(f"{c['id']} {c['revision']} {c['seq']}\n" for c in clips)
    return Snapshot(head.seq if head else 0, clips, hashlib.sha256(lines.encode()).hexdigest())


def ack(session: Session, library_id: str, seq: int) -> int:
    """Note what the library has applied; it only grows. Returns the number that stands."""
    head = session.get(FeedHead, 1)
    if not 0 <= seq <= (head.seq if head else 0):
        raise InvalidInput(seq="Số này chưa có trong nguồn tin.")
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    new = insert(FeedAck).values(library_id=library_id, seq=seq, at=clock.now(session))
    # One statement: two acknowledgements at once must not shrink what stands.
    session.execute(
        new.on_conflict_do_update(
            index_elements=[FeedAck.library_id],
            set_={"seq": new.excluded.seq, "at": new.excluded.at},
            where=FeedAck.seq < new.excluded.seq,
        )
    )
    return session.get_one(FeedAck, library_id, populate_existing=True).seq
