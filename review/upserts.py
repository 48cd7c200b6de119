"""INSERT with ON CONFLICT: both databases have it, SQLAlchemy only in each one's dialect."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from review.models import Base


def upsert(session: Session, model: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """To be given its values, and what happens on a conflict."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return sqlite.insert(model) if is_sqlite else postgresql.insert(model)
