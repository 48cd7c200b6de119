"""What strangers report about published clips: never who they are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from review.keys import new_id
from review.models.base import Base


class Report(Base):
    """One report. ``who``: a keyed hash of the address, for some days; then None."""

    __tablename__ = "reports"
    __table_args__ = (
        UniqueConstraint("clip_id", "who", "reason"),
        Index("ix_reports_at", "at"),
        Index(
            "ix_reports_open",
            "clip_id",
            "at",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id"))
    reason: Mapped[str]  # review.reports.REASONS
    text: Mapped[str]
    at: Mapped[datetime]
    who: Mapped[str | None]
    hid: Mapped[bool] = mapped_column(default=False, server_default=false())  # it hid the clip
    # When a moderator kept the clip in spite of it; a worry is never open to moderators.
    closed_at: Mapped[datetime | None]
