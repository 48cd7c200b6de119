"""Lists of campaigns, and of what was decided in them and not announced."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from review import clock
from review.campaigns import opened
from review.models import Campaign, Clip


def open_campaigns(session: Session) -> list[Campaign]:
    """What a submitter may choose from, by title."""
    wanted = select(Campaign).where(opened(clock.now(session)))
    return list(session.scalars(wanted.order_by(Campaign.title, Campaign.id).limit(100)))


def campaigns(session: Session, limit: int = 200) -> list[tuple[Campaign, int]]:
    """The newest first, each with how many decisions wait to be announced."""
    mine = and_(Clip.campaign_id == Campaign.id, Clip.unannounced.is_(True))
    count = select(func.count()).select_from(Clip).where(mine).scalar_subquery()
    newest = select(Campaign, count).order_by(Campaign.created_at.desc(), Campaign.id.desc())
    return [(row[0], row[1]) for row in session.execute(newest.limit(limit))]


def held_back_counts(session: Session, campaign_id: str) -> dict[str, int]:
    """State -> how many clips reached it and wait to be announced."""
    query = select(Clip.state, func.count()).where(_held_back(campaign_id)).group_by(Clip.state)
    return {row[0]: row[1] for row in session.execute(query)}


def held_back_clips(session: Session, campaign_id: str, limit: int = 200) -> list[Clip]:
    query = select(Clip).where(_held_back(campaign_id)).order_by(Clip.id).limit(limit)
    return list(session.scalars(query))


def _held_back(campaign_id: str) -> ColumnElement[bool]:
    return and_(Clip.unannounced.is_(True), Clip.campaign_id == campaign_id)
