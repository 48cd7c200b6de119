"""Faces that a machine found in a revision: proposals, which hide nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from review.models.base import Base


class FaceProposals(Base):
    """What one search found. Whether one waits, runs or failed stands in its job's row."""

    __tablename__ = "face_proposals"

    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"), primary_key=True)
    found: Mapped[dict[str, Any]]  # {"boxes": as in a plan, "left_out": how many more there were}
    found_at: Mapped[datetime]
