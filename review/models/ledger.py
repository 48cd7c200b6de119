"""What is only ever added to: decisions, notes and audit rows. The change log: see `feed`."""

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
    watched_how: Mapped[str | None]  # measured (review.coverage) | attested
    watched_sha256: Mapped[str | None]
    # Code -> yes | no | unsure, of what was answered; None where nothing was.
    checklist: Mapped[dict[str, Any] | None]
    at: Mapped[datetime]
    # When those were told whom it concerns; None: not yet, or never. Written once.
    announced_at: Mapped[datetime | None]


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
    __table_args__ = (
        Index("ix_audit_clip", "clip_id", "seq"),
        Index("ix_audit_actor", "actor_id", "seq"),
        Index("ix_audit_action", "action", "seq"),
        Index("ix_audit_at", "at", "seq"),
    )

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
