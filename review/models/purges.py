"""Which bytes were removed for good, and when: the proof of a takedown quotes it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from review.keys import new_id
from review.models.base import Base


class Purge(Base):
    """One file. Written before the bytes go; ``done_at`` once the store has let them go."""

    __tablename__ = "purges"
    __table_args__ = (
        Index("ix_purges_clip", "clip_id", "revision"),
        Index("ix_purges_done", "done_at", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id"))
    revision: Mapped[int]
    what: Mapped[str]  # "original", or the path below /media/<clip>/
    key: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    why: Mapped[str]  # replaced | withdrawn | decided
    ordered_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
