"""Uploads, jobs, and the keys that make a repeated call harmless."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from review.keys import new_id
from review.models.base import Base


class Upload(Base):
    """A tus upload. Its offset is not here: it is the size of what is durably stored."""

    __tablename__ = "uploads"
    __table_args__ = (Index("ix_uploads_expiry", "completed_at", "expires_at"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    clip_id: Mapped[str | None] = mapped_column(ForeignKey("clips.id"), index=True)
    # In bytes; while `deferred`, the most that may come: so much is kept free for it.
    length: Mapped[int] = mapped_column(BigInteger)
    deferred: Mapped[bool] = mapped_column(default=False, server_default=false())
    # "partial", or "final;" and the URLs of partial ones: the header as it came.
    concat: Mapped[str | None]
    name: Mapped[str]  # as the browser said, cut and cleaned; only ever shown to the owner
    client_metadata: Mapped[str] = mapped_column(default="")  # given back to the client, unread
    key: Mapped[str | None]  # of the blob, once complete; gone from a partial one that was joined
    sha256: Mapped[str | None]
    created_at: Mapped[datetime]  # or when its first byte came, where that was long after
    expires_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]


class UploadGate(Base):
    """One row, locked while an upload is announced: what is left is counted by one at a time."""

    __tablename__ = "upload_gate"

    id: Mapped[int] = mapped_column(primary_key=True)


class BucketUpload(Base):
    """What an unfinished upload has in an S3 bucket, and who writes it.

    No foreign key: the row outlives its upload until the bucket has forgotten the bytes.
    """

    __tablename__ = "bucket_uploads"

    upload_id: Mapped[str] = mapped_column(primary_key=True)
    multipart: Mapped[str | None]  # S3's UploadId
    parts: Mapped[list[dict[str, Any]]] = mapped_column(default=list)  # n, bytes, etag: in order
    tail: Mapped[str | None]  # key of the object that holds what is not enough for a part
    tail_bytes: Mapped[int] = mapped_column(default=0)
    last_number: Mapped[int] = mapped_column(default=0)  # each part and tail gets a fresh one
    fence: Mapped[int] = mapped_column(default=0)  # of the last writer
    wanted: Mapped[int] = mapped_column(default=0)  # grows with every newcomer
    direct: Mapped[bool] = mapped_column(default=False)  # the client sends to the bucket itself
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


class Job(Base):
    """Work that must happen. The row is the truth; a message in the broker only says "look".

    A mail is about a notice, every other kind about a revision of a clip."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_due", "state", "priority", "next_attempt_at", "id"),
        Index("ix_jobs_clip", "clip_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    # examine | mail | redact | faces | ladder | transcribe: also the queue's name
    kind: Mapped[str]
    clip_id: Mapped[str | None] = mapped_column(ForeignKey("clips.id"))
    revision_id: Mapped[str | None] = mapped_column(ForeignKey("revisions.id"))
    notice_id: Mapped[str | None] = mapped_column(ForeignKey("notices.id"), unique=True)
    # The safeguarding officer's: in nobody's list, count or figure.
    confidential: Mapped[bool] = mapped_column(default=False, server_default=false())
    priority: Mapped[int]  # smaller first
    # queued | running | done | failed | cancelled
    state: Mapped[str] = mapped_column(default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime]
    progress: Mapped[str | None]
    problem: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """The answer to an earlier call with the same ``Idempotency-Key``."""

    __tablename__ = "idempotency_keys"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    clip_id: Mapped[str]
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)
