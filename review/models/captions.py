"""Captions of a revision, one row a language."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from review.keys import new_id
from review.models.base import Base


class Captions(Base):
    """Normalised WebVTT. ``version``: the clip's after the move that kept it, so that it never
    comes twice; 0 for what only a machine said."""

    __tablename__ = "captions"
    __table_args__ = (UniqueConstraint("revision_id", "language"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"))
    language: Mapped[str]  # BCP 47
    source: Mapped[str]  # upload | editor | machine
    vtt: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str]  # of the VTT in UTF-8
    # A machine's draft is nobody's word: only the editor shows it until a person saves it.
    confirmed: Mapped[bool] = mapped_column(default=False, server_default=false())
    version: Mapped[int]
    updated_by: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    updated_at: Mapped[datetime]
