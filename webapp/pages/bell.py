"""How many notices the reader has not read: asked once by the head of each page."""

from __future__ import annotations

from review.notices import reading
from storage_config.database import DatabaseBusy
from webapp.auth import current_actor
from webapp.deps import deps
from webapp.errors import database_is_away


def unread() -> int:
    """Up to 100. No page fails for the bell's sake."""
    actor = current_actor()
    if actor is None or database_is_away():
        return 0
    try:
        with deps().database.read() as session:
            return reading.unread_count(session, actor)
    except DatabaseBusy:
        return 0
