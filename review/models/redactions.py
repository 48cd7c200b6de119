"""Redactions: a plan, the job that renders it, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Float, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from review.keys import new_id
from review.models.base import Base


class Redaction(Base):
    """One plan for one revision. Whether it waits, runs or failed stands in its job's row."""

    __tablename__ = "redactions"
    __table_args__ = (
        Index("ix_redactions_revision", "revision_id", "state"),
        Index("ix_redactions_state", "state", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id"))
    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"))  # whose original is read
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), unique=True)
    plan: Mapped[dict[str, Any]]  # review.redaction.RedactionPlan, as JSON
    state: Mapped[str] = mapped_column(default="open")  # open | ready | kept | discarded
    made_by: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    kept_by: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    # The render: set in the transaction that ends the job.
    attempt: Mapped[str | None]
    key: Mapped[str | None] = mapped_column(index=True)
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    mime: Mapped[str | None]
    duration_s: Mapped[float | None] = mapped_column(Float)
    # Once kept: the revision whose original the render is.
    result_id: Mapped[str | None] = mapped_column(ForeignKey("revisions.id"), unique=True)
