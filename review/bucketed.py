"""What unfinished uploads have in a bucket: the rows, and the lease of the one writer.

Web processes on several machines take turns on an upload. Whoever holds the lease writes under its
fencing number; whoever lost it is refused with :class:`LeaseLost`, and what it still sends to the
bucket lies under a number that no row names.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from review import clock
from review.errors import LeaseLost
from review.models import BucketUpload, Upload

LEASE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Held:
    """``ticket``: how many wanted the upload when this one came; None: it asks nobody to end."""

    upload_id: str
    fence: int
    ticket: int | None


def begin(session: Session, upload_id: str, *, direct: bool = False) -> None:
    now = clock.now(session)
    session.add(BucketUpload(upload_id=upload_id, parts=[], direct=direct, created_at=now))


def get(session: Session, upload_id: str) -> BucketUpload | None:
    return session.get(BucketUpload, upload_id)


def offset(row: BucketUpload) -> int:
    """Bytes that are durably in the bucket."""
    return sum(int(part["bytes"]) for part in row.parts) + row.tail_bytes


def silent(session: Session, upload_ids: Collection[str]) -> set[str]:
    """Those of them of which the bucket has no byte. What a client sends there itself is only
    counted at its end, so nobody knows that of it."""
    rows = session.scalars(select(BucketUpload).where(BucketUpload.upload_id.in_(upload_ids)))
    return set(upload_ids) - {row.upload_id for row in rows if row.direct or offset(row)}


def want(session: Session, upload_id: str) -> int:
    """A newcomer's ticket: the writer before it ends when it sees it."""
    row = session.get(BucketUpload, upload_id, with_for_update=True)
    if row is None:
        raise FileNotFoundError(upload_id)
    row.wanted += 1
    return row.wanted


def claim(session: Session, upload_id: str, ticket: int | None) -> tuple[Held, BucketUpload] | None:
    """The lease, and what is in the bucket; None while another holds it."""
    now = clock.now(session)
    free = or_(BucketUpload.lease_until.is_(None), BucketUpload.lease_until < now)
    done = session.execute(
        update(BucketUpload)
        .where(BucketUpload.upload_id == upload_id, free)
        .values(fence=BucketUpload.fence + 1, lease_until=now + LEASE)
        .execution_options(synchronize_session=False)
    )
    row = session.get(BucketUpload, upload_id, populate_existing=True)
    if row is None:
        raise FileNotFoundError(upload_id)
    if done.rowcount != 1:  # type: ignore[attr-defined]
        return None
    return Held(upload_id, row.fence, ticket), row


def is_newest(session: Session, held: Held) -> bool:
    """False once a newer connection wants to write. Raises :class:`LeaseLost`."""
    row = session.get(BucketUpload, held.upload_id)
    if row is None or row.fence != held.fence:
        raise LeaseLost(f"upload {held.upload_id} is written by another process")
    return held.ticket is None or row.wanted == held.ticket


def renew(session: Session, held: Held) -> None:
    _write(session, held, lease_until=clock.now(session) + LEASE)


def fresh_number(session: Session, held: Held) -> int:
    """Of the next part or tail: never given twice, so that nothing overwrites what counts."""
    lease = clock.now(session) + LEASE
    _write(session, held, last_number=BucketUpload.last_number + 1, lease_until=lease)
    return session.get_one(BucketUpload, held.upload_id, populate_existing=True).last_number


def record(
    session: Session,
    held: Held,
    *,
    multipart: str | None,
    parts: Sequence[dict[str, Any]],
    tail: str | None,
    tail_bytes: int,
) -> None:
    """What the bucket has now: bytes first, then this row."""
    lease = clock.now(session) + LEASE
    _write(
        session,
        held,
        multipart=multipart,
        parts=list(parts),
        tail=tail,
        tail_bytes=tail_bytes,
        lease_until=lease,
    )


def release(session: Session, held: Held) -> None:
    """Let the next one write; harmless when the lease is lost or the row has gone."""
    session.execute(_guarded(held).values(lease_until=None))


def make_direct(session: Session, held: Held, multipart: str) -> None:
    """From now on the client sends parts to the bucket itself, and nothing comes through here."""
    _write(session, held, multipart=multipart, direct=True)


def forget(session: Session, upload_id: str) -> None:
    row = session.get(BucketUpload, upload_id)
    if row is not None:
        session.delete(row)


def unfinished(session: Session) -> list[str]:
    """Uploads whose bytes are all in the bucket, and whose row does not say so yet."""
    query = select(BucketUpload, Upload).join(Upload, Upload.id == BucketUpload.upload_id)
    rows = session.execute(query.where(Upload.completed_at.is_(None), ~Upload.deferred))
    return [upload.id for row, upload in rows if offset(row) == upload.length]


def dead(session: Session, limit: int = 100) -> list[BucketUpload]:
    """What is left of uploads that are gone or complete, and that nobody is writing."""
    now = clock.now(session)
    query = (
        select(BucketUpload)
        .outerjoin(Upload, Upload.id == BucketUpload.upload_id)
        .where(
            or_(Upload.id.is_(None), Upload.completed_at.is_not(None)),
            or_(BucketUpload.lease_until.is_(None), BucketUpload.lease_until < now),
        )
    )
    return list(session.scalars(query.order_by(BucketUpload.created_at).limit(limit)))


def _write(session: Session, held: Held, **values: Any) -> None:
    done = session.execute(_guarded(held).values(**values))
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost(f"upload {held.upload_id} is written by another process")


def _guarded(held: Held) -> Any:
    return (
        update(BucketUpload)
        .where(BucketUpload.upload_id == held.upload_id, BucketUpload.fence == held.fence)
        .execution_options(synchronize_session=False)
    )
