"""What people are told, and what the safeguarding officer writes down."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from review.keys import new_id
from review.models.base import Base, BigKey


class Notice(Base):
    """Something that one person is told. It has a kind and no words: no name, no title."""

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_account", "account_id", "at", "id"),
        Index("ix_notices_unread", "account_id", "read_at"),
        Index("ix_notices_at", "at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[str]  # review.notices.kinds
    clip_id: Mapped[str | None] = mapped_column(ForeignKey("clips.id"))
    count: Mapped[int | None]  # of a digest: how many clips wait, up to 100
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class CaseEntry(Base):
    """A note or a hand-over of a case. Only ever added; its hash stands in the audit."""

    __tablename__ = "case_entries"
    __table_args__ = (Index("ix_case_entries_clip", "clip_id", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id"))
    case_seq: Mapped[int] = mapped_column(BigKey)  # of the audit row that opened the case
    kind: Mapped[str]  # case_note | hand_over
    at: Mapped[datetime]
    author_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    text: Mapped[str] = mapped_column(Text)
    # Of a hand-over: to whom (a code and a name), and when they were told.
    recipient: Mapped[str | None]
    recipient_name: Mapped[str | None]
    told_at: Mapped[datetime | None]
