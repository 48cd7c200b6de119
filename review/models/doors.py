"""Doors for people without an account: private links of clips, and who guesses at them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from review.keys import new_id
from review.models.base import Base


class ClipLink(Base):
    """A private link of one clip. A new one is a new row; what it opens may be gone before it."""

    __tablename__ = "clip_links"
    __table_args__ = (UniqueConstraint("clip_id", "generation"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=new_id)
    clip_id: Mapped[str]
    generation: Mapped[int]
    secret_hash: Mapped[str] = mapped_column(unique=True)  # under the server's key
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    revoked_at: Mapped[datetime | None]


class Guesses(Base):
    """Wrong guesses of one network, in the window that began at ``since``."""

    __tablename__ = "guesses"

    kind: Mapped[str] = mapped_column(primary_key=True)  # class_code | clip_link
    who: Mapped[str] = mapped_column(primary_key=True)  # a keyed hash of the address
    since: Mapped[datetime] = mapped_column(index=True)
    wrong: Mapped[int]
