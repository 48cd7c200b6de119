"""The numbers of the review: what decisions came to, counted as they are made.

By day for all schools (``review.numbers.ALL``) and for each; by week for each person too, and by
four weeks once more, so that a year of a whole country is few rows. No foreign keys: a number stays
when what it counted is gone. Days are those of Viet Nam, weeks begin on Monday; a clip of no school
has the school "".
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date
from sqlalchemy.orm import Mapped, mapped_column

from review.models.base import Base


class _Sums:
    """``agreed`` and ``differed``: how a later stage decided on what was approved here."""

    decided: Mapped[int] = mapped_column(default=0, server_default="0")
    agreed: Mapped[int] = mapped_column(default=0, server_default="0")
    differed: Mapped[int] = mapped_column(default=0, server_default="0")


class ReviewDay(_Sums, Base):
    __tablename__ = "review_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    school_id: Mapped[str] = mapped_column(primary_key=True)
    party: Mapped[str] = mapped_column(primary_key=True)  # reviewer | moderator
    action: Mapped[str] = mapped_column(primary_key=True)  # approve | request_changes | reject


class ReviewWeek(_Sums, Base):
    """Of one person (or of everybody, "") on the clips of one school."""

    __tablename__ = "review_weeks"

    week: Mapped[date] = mapped_column(Date, primary_key=True)
    school_id: Mapped[str] = mapped_column(primary_key=True)
    actor_id: Mapped[str] = mapped_column(primary_key=True)
    action: Mapped[str] = mapped_column(primary_key=True)


class SchoolSpan(_Sums, Base):
    """On the clips of one school, in the four weeks from ``begins`` on."""

    __tablename__ = "school_spans"

    begins: Mapped[date] = mapped_column(Date, primary_key=True)
    school_id: Mapped[str] = mapped_column(primary_key=True)
    action: Mapped[str] = mapped_column(primary_key=True)


class PersonSpan(_Sums, Base):
    """Of one person, on the clips of one school and of all."""

    __tablename__ = "person_spans"

    begins: Mapped[date] = mapped_column(Date, primary_key=True)
    school_id: Mapped[str] = mapped_column(primary_key=True)
    actor_id: Mapped[str] = mapped_column(primary_key=True)
    action: Mapped[str] = mapped_column(primary_key=True)


class WaitingSpan(Base):
    __tablename__ = "waiting_spans"

    begins: Mapped[date] = mapped_column(Date, primary_key=True)
    school_id: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    decided: Mapped[int] = mapped_column(default=0, server_default="0")


class WaitingDay(Base):
    """How long clips had waited for a decision, in steps; see :mod:`review.numbers`."""

    __tablename__ = "waiting_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    school_id: Mapped[str] = mapped_column(primary_key=True)
    party: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    decided: Mapped[int] = mapped_column(default=0, server_default="0")


class WaitingWeek(Base):
    __tablename__ = "waiting_weeks"

    week: Mapped[date] = mapped_column(Date, primary_key=True)
    school_id: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    decided: Mapped[int] = mapped_column(default=0, server_default="0")


class ReasonDay(Base):
    """How often a reason stood in the notes of a decision."""

    __tablename__ = "reason_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    school_id: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    given: Mapped[int] = mapped_column(default=0, server_default="0")
