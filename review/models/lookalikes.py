"""Which clips look alike: the frames of every clip, an index over them, and what was found."""

from __future__ import annotations

from sqlalchemy import Float, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from review.models.base import Base


class FrameHashes(Base):
    """Some frames of a revision, 36 bytes each: the time in ms (4 bytes), then the hash (32).

    They outlive a withdrawal: without them nobody would know the clip when it comes back.
    """

    __tablename__ = "frame_hashes"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"), unique=True)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id"))
    frames: Mapped[bytes]


class FrameBand(Base):
    """The index: one part of one frame's hash. Frames that are alike share one of them.

    No foreign key: 14 of them a frame would cost more than the look-up. ``frame`` is the id of
    its :class:`FrameHashes` times 32, plus the frame's number there.
    """

    __tablename__ = "frame_bands"
    __table_args__ = (
        # Only the key is ever read: without a rowid the table is its own index, half as large.
        {"sqlite_with_rowid": False},
    )

    band: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    frame: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class LookAlikeRow(Base):
    """Frames of ``revision_id`` that were found in ``other_id``, which was there before."""

    __tablename__ = "look_alikes"
    __table_args__ = (Index("ix_look_alikes_other", "other_id"),)

    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"), primary_key=True)
    other_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"), primary_key=True)
    score: Mapped[float] = mapped_column(
        Float
    )  # share of the other's frames that were found, 0 to 1
    mirrored: Mapped[bool]
    pairs: Mapped[list[list[float]]]  # [seconds of ours, seconds of theirs], by our time
