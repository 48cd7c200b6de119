"""Taking a clip back, as something that can be shown afterwards: who, when, why; which libraries
said that they have dropped it; which bytes are gone.

A clip that is held is in no list here, and one that was withdrawn while it was held reads as if it
had left the feed by its withdrawal: nothing may tell of the hold (docs/decisions/0004).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from review import audit, clock
from review.feed import Reader, reader_of
from review.feed.announcing import queue
from review.feed.view import Facets
from review.models import (
    AuditRow,
    ChainHead,
    Clip,
    Confirmation,
    FeedAck,
    FeedEntry,
    Hook,
    HookDelivery,
    Library,
    OutputFile,
    Pulls,
    Purge,
    Revision,
)
from review.queries.paging import Page, paged
from review.states import Action, State

AT_ONCE = 20  # takedowns that one library is told of again in one sweep


@dataclass(frozen=True, slots=True)
class Told:
    """One library and one takedown. ``at``: when it confirmed. ``late``: it should have by now.
    ``never``: it has nothing to take back, since it asked for nothing while the clip was there."""

    library: str
    at: datetime | None
    late: bool
    active: bool
    never: bool

    @property
    def is_waited_for(self) -> bool:
        return self.at is None and self.active and not self.never


@dataclass(frozen=True, slots=True)
class Takedown:
    """``seq``: of the tombstone; None: the clip never was in the feed."""

    clip: Clip
    seq: int | None
    libraries: list[Told]

    @property
    def late(self) -> list[str]:
        return [told.library for told in self.libraries if told.late]

    @property
    def waits_for(self) -> list[str]:
        return [t.library for t in self.libraries if t.is_waited_for and not t.late]

    @property
    def never(self) -> list[str]:
        return [told.library for told in self.libraries if told.never]


@dataclass(frozen=True, slots=True)
class File:
    """``gone_at`` None: the bytes are still there, or about to go."""

    revision: int
    what: str
    bytes: int
    sha256: str
    gone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Proof:
    """All that can be shown. ``row`` is the move in the audit chain, which has ``chain`` rows;
    ``intact``: its hash is that of its content."""

    takedown: Takedown
    row: AuditRow | None
    intact: bool
    chain: int
    originals: list[File]
    files: list[File]

    @property
    def remaining(self) -> int:
        return sum(file.gone_at is None for file in (*self.originals, *self.files))


def takedowns(
    session: Session, hours: int, cursor: str | None = None, limit: int = 30
) -> Page[Takedown]:
    """Clips that were public and were withdrawn, the newest first."""
    query = select(Clip).where(Clip.state == State.WITHDRAWN, Clip.published_at.is_not(None))
    page = paged(
        session,
        query,
        Clip.withdrawn_at,
        Clip.id,
        cursor,
        limit,
        newest_first=True,
        key_of=lambda c: (c.withdrawn_at, c.id),
    )
    return Page(_of_clips(session, page.items, hours), page.next)


def _of_clips(session: Session, clips: Sequence[Clip], hours: int) -> list[Takedown]:
    stones = _tombstones(session, [clip.id for clip in clips])
    rows = session.scalars(select(Library).order_by(Library.name))
    libraries = [(row, reader_of(row)) for row in rows]
    said = _said(session, min(stone.seq for stone in stones.values())) if stones else {}
    due = clock.now(session) - timedelta(hours=hours)
    asked = _asked(session, stones, [row for row, _ in libraries])
    found = []
    for clip in clips:
        stone = stones.get(clip.id)
        told: list[Told] = []
        if stone is not None:
            concerned = [row for row, reader in libraries if _had_it(row, reader, stone)]
            told = [
                _told(clip, stone, row, said.get(row.id, []), asked.may_have(row, clip, stone), due)
                for row in concerned
            ]
        found.append(Takedown(clip, stone.seq if stone else None, told))
    return found


def _tombstones(session: Session, clip_ids: Iterable[str]) -> dict[str, FeedEntry]:
    last = (
        select(func.max(FeedEntry.seq))
        .where(
            FeedEntry.clip_id.in_(list(clip_ids)),
            FeedEntry.library_id.is_(None),
            FeedEntry.kind == "withdrawn",
        )
        .group_by(FeedEntry.clip_id)
    )
    rows = session.scalars(select(FeedEntry).where(FeedEntry.seq.in_(last)))
    return {row.clip_id: row for row in rows}


def _had_it(library: Library, reader: Reader, stone: FeedEntry) -> bool:
    was = Facets(stone.was_scope, stone.was_level, stone.was_campaign)
    is_told = reader.kind_of(stone.kind, stone.seq, Facets(None), was) is not None
    return is_told and library.created_at <= stone.at


def _said(session: Session, since: int) -> dict[str, list[tuple[int, datetime]]]:
    """Library -> what it acknowledged from this number on, and when; the smallest first."""
    found: dict[str, list[tuple[int, datetime]]] = {}
    for table in (Confirmation, FeedAck):  # the second: what it said last, whatever that was
        query = select(table.library_id, table.seq, table.at).where(table.seq >= since)
        for library_id, seq, at in session.execute(query.order_by(table.seq)):
            found.setdefault(library_id, []).append((seq, at))
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is known of who asked when."""

    acked: AbstractSet[str]  # libraries
    days: Mapping[str, Sequence[date]]  # library -> when it asked
    first: Mapping[str, datetime]  # clip -> when it came into the feed

    def may_have(self, library: Library, clip: Clip, stone: FeedEntry) -> bool:
        """Whether it may have been given the clip: where that is not known, it may."""
        if library.id in self.acked:
            return True
        first, last = self.first[clip.id].date(), _begun(clip, stone).date()
        return any(first <= day <= last for day in self.days.get(library.id, ()))


def _asked(session: Session, clips: Collection[str], libraries: Iterable[Library]) -> _Asked:
    acked = set(session.scalars(select(FeedAck.library_id))) if clips else set()
    # A library without any acknowledgement is rare: only its days are read.
    others = [row.id for row in libraries if row.id not in acked] if clips else []
    days: dict[str, list[date]] = {}
    if others:
        pulls = select(Pulls.library_id, Pulls.day).where(Pulls.library_id.in_(others))
        for library_id, day in session.execute(pulls):
            days.setdefault(library_id, []).append(day)
    entered = (
        select(FeedEntry.clip_id, func.min(FeedEntry.at))
        .where(FeedEntry.clip_id.in_(clips))
        .group_by(FeedEntry.clip_id)
    )
    first = {row[0]: row[1] for row in session.execute(entered)} if others else {}
    return _Asked(acked, days, first)


def _told(
    clip: Clip,
    stone: FeedEntry,
    library: Library,
    said: Sequence[tuple[int, datetime]],
    may_have: bool,
    due: datetime,
) -> Told:
    begun = _begun(clip, stone)
    at = next((at for seq, at in said if seq >= stone.seq), None)
    if at is not None:
        at = max(at, begun)
    never = at is None and not may_have
    late = at is None and library.active and not never and begun < due
    return Told(library.name, at, late, library.active, never)


def _begun(clip: Clip, stone: FeedEntry) -> datetime:
    return max(stone.at, clip.withdrawn_at or stone.at)


def late_libraries(session: Session, hours: int) -> list[str]:
    """Names of libraries that are late with one of the last hundred takedowns."""
    page = takedowns(session, hours, limit=100)
    return sorted({name for takedown in page.items for name in takedown.late})


def tell_again(session: Session, hours: int) -> int:
    """Queue the hints once more for libraries that should have confirmed by now, at most once in
    so many hours. Of every tombstone: libraries have to drop what is held, too."""
    now = clock.now(session)
    due = now - timedelta(hours=hours)
    count = 0
    rows = session.execute(
        select(Library, FeedAck.seq)
        .join(Hook, Hook.library_id == Library.id)
        .outerjoin(FeedAck, FeedAck.library_id == Library.id)
        .where(Hook.off.is_(None), Library.active)
    ).all()
    for library, seq in rows:
        last = select(func.max(HookDelivery.created_at)).where(
            HookDelivery.library_id == library.id
        )
        told_at = session.scalar(last)
        if told_at is not None and told_at > due:
            continue
        for stone in _unconfirmed(session, library, seq or 0, due):
            queue(session, library.id, "withdrawn", stone.seq, stone.clip_id)
            count += 1
    return count


def _unconfirmed(session: Session, library: Library, seq: int, due: datetime) -> list[FeedEntry]:
    reader = reader_of(library)
    query = (
        select(FeedEntry)
        .where(
            FeedEntry.kind == "withdrawn",
            FeedEntry.seq > seq,
            FeedEntry.at < due,
            FeedEntry.at >= library.created_at,
            reader.shown(),
        )
        .order_by(FeedEntry.seq.desc())
        .limit(AT_ONCE)
    )
    return list(session.scalars(query))[::-1]


def proof(session: Session, clip: Clip, hours: int) -> Proof:
    """Of one withdrawn clip, which the one who asks may see."""
    (takedown,) = _of_clips(session, [clip], hours)
    row = session.scalar(
        select(AuditRow)
        .where(AuditRow.clip_id == clip.id, AuditRow.action == Action.WITHDRAW)
        .order_by(AuditRow.seq.desc())
        .limit(1)
    )
    head = session.get(ChainHead, 1)
    intact = row is not None and audit.row_hash(row) == row.hash
    originals, files = _files(session, clip)
    return Proof(takedown, row, intact, head.seq if head else 0, originals, files)


def _files(session: Session, clip: Clip) -> tuple[list[File], list[File]]:
    purges = list(
        session.scalars(
            select(Purge).where(Purge.clip_id == clip.id).order_by(Purge.revision, Purge.what)
        )
    )
    gone = [File(p.revision, p.what, p.bytes, p.sha256, p.done_at) for p in purges]
    revisions = list(session.scalars(select(Revision).where(Revision.clip_id == clip.id)))
    originals = [file for file in gone if file.what == "original"]
    originals += [
        File(r.number, "original", r.original_bytes, r.original_sha256, None)
        for r in revisions
        if r.original_purged_at is None
    ]
    kept = session.execute(
        select(Revision.number, OutputFile)
        .join(OutputFile, OutputFile.revision_id == Revision.id)
        .where(Revision.clip_id == clip.id)
        .order_by(Revision.number, OutputFile.what)
    )
    files = [file for file in gone if file.what != "original"]
    files += [File(number, f.what, f.bytes, f.sha256, None) for number, f in kept]
    return sorted(originals, key=lambda f: f.revision), files
