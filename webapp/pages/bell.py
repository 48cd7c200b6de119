"""What the head of each page counts, asked once: unread notices, and clips that were reported."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from review import queries
from review.notices import reading
from review.policy import Actor
from storage_config.database import DatabaseBusy
from webapp.auth import current_actor
from webapp.deps import deps
from webapp.errors import database_is_away


def unread() -> int:
    """Notices that the reader has not read, up to 100."""
    return _counted(reading.unread_count)


def reported() -> int:
    """Clips that wait for a moderator's look, up to 100."""
    return _counted(queries.reported_count)


def _counted(count: Callable[[Session, Actor], int]) -> int:
    """No page fails for the head's sake."""
    actor = current_actor()
    if actor is None or database_is_away():
        return 0
    try:
        with deps().database.read() as session:
            return count(session, actor)
    except DatabaseBusy:
        return 0
