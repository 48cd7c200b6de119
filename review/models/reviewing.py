"""What reviewers and owners write beside a decision: what was played, reasons, answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Float, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from review.models.base import Base


class Coverage(Base):
    """Which parts of a revision's preview one person has played. Goes with the decision."""

    __tablename__ = "coverage"

    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    sha256: Mapped[str]  # of the bytes that were played
    length_s: Mapped[float] = mapped_column(Float)  # of what has to be played
    spans: Mapped[list[list[float]]]  # [from, to] in seconds, in order, none touching another
    began_at: Mapped[datetime]  # when the desk was opened: nothing is played faster than that


class NoteReason(Base):
    """A reason as the office has it: where there is none of a code, review.reasons says it."""

    __tablename__ = "note_reasons"

    code: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str | None]  # None: the sentence of review.reasons
    position: Mapped[int]
    retired_at: Mapped[datetime | None]
    changed_by: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    changed_at: Mapped[datetime]


class NoteAnswer(Base):
    """What the owner says to a note before handing in again."""

    __tablename__ = "note_answers"

    note_id: Mapped[str] = mapped_column(ForeignKey("notes.id"), primary_key=True)
    code: Mapped[str]  # review.answers.ANSWERS
    text: Mapped[str]
    answered_by: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    at: Mapped[datetime]
