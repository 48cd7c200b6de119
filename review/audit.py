"""The audit: one row for every move, each chained by SHA-256 to the row before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from review.clock import iso, now
from review.models import AuditRow, ChainHead
from review.upserts import upsert

_Row = TypeVar("_Row")

GENESIS = "0" * 64
# What a row that was written past the program raises where it is read or hashed: a date that is
# none, no JSON, bytes where there should be text. SQLite takes anything.
UNREADABLE = (ValueError, TypeError, AttributeError, RecursionError)


class Subject(Protocol):
    """What a row is about: a clip, or a campaign as :class:`review.campaigns.Changed`."""

    @property
    def id(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def revision(self) -> int: ...


def append(
    session: Session,
    clip: Subject,
    *,
    action: str,
    actor_id: str | None,
    party: str,
    from_state: str | None,
    detail: Mapping[str, Any] | None = None,
) -> AuditRow:
    """Add the row for a move that was just made; ``clip`` has its new state and version."""
    seq, previous = _take_head(session)
    row = AuditRow(
        seq=seq,
        clip_id=clip.id,
        at=now(session).replace(microsecond=0),
        actor_id=actor_id,
        party=party,
        action=action,
        from_state=from_state,
        to_state=clip.state,
        version=clip.version,
        revision=clip.revision,
        detail=dict(detail or {}),
        previous_hash=previous,
    )
    row.hash = row_hash(row)
    session.add(row)
    session.execute(update(ChainHead).where(ChainHead.id == 1).values(hash=row.hash))
    return row


def _take_head(session: Session) -> tuple[int, str]:
    """The next number and the last hash; the row's lock is held until the commit."""
    head = session.execute(
        update(ChainHead)
        .where(ChainHead.id == 1)
        .values(seq=ChainHead.seq + 1)
        .returning(ChainHead.seq, ChainHead.hash)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if head is not None:
        return head.seq, head.hash
    session.execute(
        upsert(session, ChainHead).values(id=1, seq=0, hash=GENESIS).on_conflict_do_nothing()
    )
    return _take_head(session)


def row_hash(row: AuditRow) -> str:
    """SHA-256, hex, of the row's content as canonical JSON with the hash before it."""
    content = {
        "seq": row.seq,
        "clip_id": row.clip_id,
        "at": iso(row.at),
        "actor_id": row.actor_id,
        "party": row.party,
        "action": row.action,
        "from_state": row.from_state,
        "to_state": row.to_state,
        "version": row.version,
        "revision": row.revision,
        "detail": row.detail,
        "previous_hash": row.previous_hash,
    }
    return digest(content)


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256, hex, of the content as canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Broken:
    """The first link that does not hold. ``why``: missing | extra | changed | unchained | head."""

    seq: int
    clip_id: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Walk:
    """``rows`` fit, one after the other; then the end, or ``broken``."""

    rows: int
    broken: Broken | None = None


def walk(session: Session, progress: Callable[[int], None] = lambda rows: None) -> Walk:
    """Walk the whole chain as this session sees it, a thousand rows at a time; ``progress`` is
    told how many rows were looked at."""
    previous, seen = GENESIS, 0
    while rows := _batch(session, seen):
        for seq, row in rows:
            if seq <= seen:
                return Walk(seen, Broken(seq, _clip_id(row), "extra"))
            if seq > seen + 1:
                return Walk(seen, Broken(seen + 1, None, "missing"))
            if row is None:
                return Walk(seen, Broken(seq, None, "changed"))
            if why := _wrong(row, previous):
                return Walk(seen, Broken(seq, _clip_id(row), why))
            previous, seen = row.hash, seq
        progress(len(rows))
    head = session.get(ChainHead, 1)
    end = (head.seq, head.hash) if head is not None else (0, GENESIS)
    if end == (seen, previous):
        return Walk(seen)
    return Walk(seen, Broken(seen + 1, None, "missing" if end[0] > seen else "head"))


def _batch(session: Session, after: int) -> list[tuple[int, AuditRow | None]]:
    """Numbers and rows; None for one that can not be read. The first has no lower bound: a row
    before the first is no row of ours."""
    later = [AuditRow.seq > after] if after else []
    query = select(AuditRow).where(*later).order_by(AuditRow.seq).limit(1000)
    try:
        return [(row.seq, row) for row in session.scalars(query)]
    except (*UNREADABLE, DBAPIError):
        numbers = session.scalars(query.with_only_columns(AuditRow.seq)).all()
        return [(seq, readable(session, AuditRow, seq)) for seq in numbers]


def readable(session: Session, kind: type[_Row], key: object) -> _Row | None:
    """None: it is not there, or holds what can not be read."""
    try:
        return session.get(kind, key)
    except UNREADABLE:
        return None
    except DBAPIError:  # SQLite's for text that is no UTF-8
        session.execute(select(1))  # raises where the database does not answer at all
        return None


def _clip_id(row: AuditRow | None) -> str | None:
    return row.clip_id if row is not None and isinstance(row.clip_id, str) else None


def _wrong(row: AuditRow, previous: str) -> str | None:
    if row.previous_hash != previous:
        return "unchained"
    try:
        return None if row.hash == row_hash(row) else "changed"
    except UNREADABLE:
        return "changed"


def verify(session: Session) -> tuple[int, int | None]:
    """(rows that fit, number of the first one that does not, or None)."""
    found = walk(session)
    return found.rows, found.broken.seq if found.broken else None


def describe(row: AuditRow) -> dict[str, Any]:
    """What a colleague may read of a move: no account ids."""
    return {
        "at": iso(row.at),
        "action": row.action,
        "by": row.party,
        "from": row.from_state,
        "to": row.to_state,
        "version": row.version,
        "revision": row.revision,
    }
