"""Whom a reader can talk to: the counselling team of the own school, else the office's."""

from __future__ import annotations

from review.models import School
from webapp.auth import current_actor
from webapp.deps import deps
from webapp.errors import database_is_away


def team() -> str:
    """Never the team of the clip's school: to a stranger that would say which school it is."""
    actor, usual = current_actor(), deps().settings.counselling
    if actor is None or actor.school_id is None or database_is_away():
        return usual
    with deps().database.read() as session:
        school = session.get(School, actor.school_id)
    return (school.counselling if school is not None else None) or usual
