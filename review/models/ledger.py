"""What is only ever added to: decisions, notes, audit rows and the feed's change log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from review.keys import new_id
from review.models.base import Base, BigKey


class Decision(Base):
    __tablename__ = "decisions"
    __table_args__ = (Index("ix_decisions_clip", "clip_id", "revision"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id"))
    revision: Mapped[int]
    stage: Mapped[int]
    action: Mapped[str]
    actor_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    version: Mapped[int]  # the clip's version that the person saw
    watched: Mapped[bool]
    watched_sha256: Mapped[str | None]
    at: Mapped[datetime]


class Note(Base):
    """A reason tied to a time of the clip (seconds), or to the whole clip (None)."""

    __tablename__ = "notes"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), index=True)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id"), index=True)
    revision: Mapped[int]
    position: Mapped[int]
    at: Mapped[float | None] = mapped_column(Float)
    code: Mapped[str]
    text: Mapped[str]


class ChainHead(Base):
    """One row: the last audit row's number and hash. Its lock puts all moves in one order."""

    __tablename__ = "chain_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigKey)
    hash: Mapped[str]


class AuditRow(Base):
    """One move of one clip, chained by hash to the row before it."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_clip", "clip_id", "seq"),)

    seq: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    clip_id: Mapped[str]
    at: Mapped[datetime]
    actor_id: Mapped[str | None]
    party: Mapped[str]
    action: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    version: Mapped[int]  # of the clip after the move
    revision: Mapped[int]
    detail: Mapped[dict[str, Any]]
    previous_hash: Mapped[str]
    hash: Mapped[str]


class FeedHead(Base):
    """One row: the last sequence number. Its lock is held until commit, so that a number is
    never seen before a smaller one."""

    __tablename__ = "feed_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigKey)


class FeedEntry(Base):
    __tablename__ = "feed"
    __table_args__ = (Index("ix_feed_clip", "clip_id", "seq"), Index("ix_feed_at", "at", "seq"))

    seq: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    kind: Mapped[str]  # published | updated | withdrawn
    clip_id: Mapped[str]
    at: Mapped[datetime]
    reason: Mapped[str | None]
    record: Mapped[dict[str, Any] | None]  # None once withdrawn: a tombstone keeps nothing


class FeedAck(Base):
    """What a library said that it has applied: grows only."""

    __tablename__ = "feed_acks"

    library_id: Mapped[str] = mapped_column(ForeignKey("libraries.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigKey)
    at: Mapped[datetime]
