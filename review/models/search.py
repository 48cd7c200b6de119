"""What the search knows. The words themselves stand in ``search_words``, an index of the
database's own kind (:mod:`review.search`)."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from review.models.base import Base


class SearchRow(Base):
    """The number under which a clip's words stand in the index."""

    __tablename__ = "search_rows"

    id: Mapped[int] = mapped_column(primary_key=True)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clips.id"), unique=True)
