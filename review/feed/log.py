"""Writing to the change log: the one place where its numbers are given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, literal, null, select, update
from sqlalchemy.orm import Session

from review import clock
from review.consent import Scope
from review.feed import announcing
from review.feed.view import NOWHERE, Facets
from review.models import Clip, FeedEntry, FeedHead
from review.upserts import upsert

# Made once: each takes longer to make than to run.
_HEAD = select(FeedHead.seq, FeedHead.at).where(FeedHead.id == 1)
_TAKE = (
    update(FeedHead)
    .where(FeedHead.id == 1)
    .values(seq=FeedHead.seq + 1, at=clock.in_sql())
    .returning(FeedHead.seq, FeedHead.at)
    .execution_options(synchronize_session=False)
)
_LAST_FACETS = (
    select(FeedEntry.scope, FeedEntry.level, FeedEntry.campaign)
    .where(FeedEntry.clip_id == bindparam("clip_id"), FeedEntry.library_id.is_(None))
    .order_by(FeedEntry.seq.desc())
    .limit(1)
)


def append(
    session: Session,
    clip: Clip,
    kind: str,
    *,
    record: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> FeedEntry:
    """Add one entry; ``record`` for published and updated, ``reason`` for withdrawn."""
    seq, now = take_seq(session)
    was = facets_now(session, clip.id)
    facets = NOWHERE if record is None else facets_of(record, clip.scope)
    entry = FeedEntry(
        seq=seq,
        kind=kind,
        clip_id=clip.id,
        at=now,
        reason=reason,
        record={**record, "seq": seq} if record is not None else None,
        revision=record.get("revision") if record is not None else None,
        **_columns(facets, was),
    )
    session.add(entry)
    session.flush()
    if kind == "withdrawn":
        _forget_records(session, clip.id, seq)
    elif (was.scope, facets.scope) == (Scope.PUBLIC, Scope.LIBRARY):
        # Whoever may only have the public ones must not read the old record in the log.
        _forget_records(session, clip.id, seq - 1)
    announcing.announce(session, entry)
    return entry


def add_for(
    session: Session, library_id: str, clips: Select[FeedEntry], *, above: int, reason: str | None
) -> int:
    """Tell one library of clips, by their last entries, that came into its view (``reason`` None)
    or left it; how many. Whoever holds the head's lock (:func:`lock_head`) gives them the numbers
    above ``above``. The record keeps the number of the change that made it: snapshots name that.

    One statement, however many: none of the records is read here.
    """
    is_gone, now = reason is not None, clock.now(session)
    facets = (FeedEntry.scope, FeedEntry.level, FeedEntry.campaign)
    before = (FeedEntry.was_scope, FeedEntry.was_level, FeedEntry.was_campaign)
    nowhere = (null(), null(), null())
    values: dict[Any, Any] = {
        FeedEntry.seq: above + func.row_number().over(order_by=FeedEntry.clip_id),
        FeedEntry.kind: literal("withdrawn" if is_gone else "published"),
        FeedEntry.clip_id: FeedEntry.clip_id,
        FeedEntry.at: literal(now, FeedEntry.at.type),
        FeedEntry.reason: literal(reason, FeedEntry.reason.type),
        FeedEntry.record: null() if is_gone else FeedEntry.record,
        FeedEntry.library_id: literal(library_id),
        FeedEntry.revision: null() if is_gone else FeedEntry.revision,
        **dict(zip(facets, nowhere if is_gone else facets, strict=True)),
        **dict(zip(before, facets if is_gone else nowhere, strict=True)),
    }
    rows = clips.with_only_columns(*values.values())
    session.execute(insert(FeedEntry).from_select(list(values), rows))
    told = session.scalar(select(func.count()).where(FeedEntry.seq > above)) or 0
    if told:
        last = update(FeedHead).where(FeedHead.id == 1).values(seq=above + told, at=now)
        session.execute(last.execution_options(synchronize_session=False))
    return told


def _columns(now: Facets, was: Facets) -> dict[str, str | None]:
    before = {f"was_{name}": value for name, value in was._asdict().items()}
    return {**now._asdict(), **before}


def facets_of(record: Mapping[str, Any], scope: str) -> Facets:
    return Facets(record.get("scope") or scope, record.get("level"), record.get("campaign"))


def facets_now(session: Session, clip_id: str) -> Facets:
    """For whom the clip is by its last entry."""
    row = session.execute(_LAST_FACETS, {"clip_id": clip_id}).one_or_none()
    return NOWHERE if row is None else Facets(*row)


def head(session: Session) -> int:
    """The last number that was given."""
    return session.scalar(select(FeedHead.seq).where(FeedHead.id == 1)) or 0


def head_state(session: Session) -> tuple[int, datetime | None]:
    """(number, time) of the last entry."""
    row = session.connection().execute(_HEAD).one_or_none()
    return (0, None) if row is None else (row.seq, row.at)


def lock_head(session: Session) -> int:
    """As :func:`head`; nobody is given a number until this transaction ends."""
    locked = update(FeedHead).where(FeedHead.id == 1).values(seq=FeedHead.seq)
    found = session.scalar(
        locked.returning(FeedHead.seq).execution_options(synchronize_session=False)
    )
    return found or 0


def take_seq(session: Session) -> tuple[int, datetime]:
    """The next number and its time; the head's lock is held until the commit."""
    taken = session.execute(_TAKE).one_or_none()
    if taken is not None:
        return taken.seq, taken.at
    session.execute(upsert(session, FeedHead).values(id=1, seq=0).on_conflict_do_nothing())
    return take_seq(session)


def _forget_records(session: Session, clip_id: str, up_to: int) -> None:
    """Entries up to this number lose what they said of the clip."""
    session.execute(
        update(FeedEntry)
        .where(
            FeedEntry.clip_id == clip_id,
            FeedEntry.seq <= up_to,
            FeedEntry.record.is_not(None),
        )
        .values(record=None)
    )
