"""What was done to many clips at once, row by row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from review.keys import new_id
from review.models.base import Base


class Batch(Base):
    __tablename__ = "batches"

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]  # review.batch.Kind
    made_by: Mapped[str]
    target: Mapped[str | None]  # the clip that stays, or who is to review
    made_at: Mapped[datetime]
    undo_until: Mapped[datetime]


class BatchRow(Base):
    __tablename__ = "batch_rows"

    batch_id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    clip_id: Mapped[str]
    version: Mapped[int]  # that the person saw
    outcome: Mapped[str]  # review.batch.Outcome
    before: Mapped[dict[str, Any] | None]  # what an undo brings back
