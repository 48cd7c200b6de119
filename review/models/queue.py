"""The review queue: in which lists a waiting clip stands, and the filters that people keep."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from review.keys import new_id
from review.models.base import Base


class QueuePlace(Base):
    """One list that one waiting clip stands in; see :mod:`review.queueing` for their names.

    The key is the order of the list, so that a page of any of them is one walk along it.
    """

    __tablename__ = "queue_places"
    __table_args__ = (
        Index("ix_queue_places_clip", "clip_id"),
        # Only the key is ever read: without a rowid the table is its own index.
        {"sqlite_with_rowid": False},
    )

    list: Mapped[str] = mapped_column(primary_key=True)
    turn: Mapped[datetime] = mapped_column(primary_key=True)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id"), primary_key=True)


class SavedFilter(Base):
    """A filter of the queue under a name of its person's own."""

    __tablename__ = "saved_filters"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str]
    filters: Mapped[str]  # as the page's address has them: "sign=flashing&topic=conduct"
    is_default: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]
