"""Lists of clips: one's own, the school's, the library's."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    String,
    and_,
    cast,
    exists,
    false,
    func,
    select,
)
from sqlalchemy.orm import Session

from review.details import TOPICS
from review.models import Campaign, Clip
from review.policy import Actor, Role
from review.queries.paging import Page, paged
from review.queries.visibility import scope_filter
from review.states import State


def my_clips(
    session: Session, actor: Actor, cursor: str | None = None, limit: int = 20
) -> Page[Clip]:
    """The person's own clips, newest first, drafts included."""
    return paged(
        session,
        select(Clip).where(Clip.owner_id == actor.id),
        Clip.created_at,
        Clip.id,
        cursor,
        limit,
        newest_first=True,
        key_of=lambda c: (c.created_at, c.id),
    )


def drafts(session: Session, actor: Actor, limit: int = 20) -> list[Clip]:
    """What the person began and has not handed in, the newest first."""
    mine = select(Clip).where(Clip.owner_id == actor.id, Clip.state == State.DRAFT)
    return list(session.scalars(mine.order_by(Clip.created_at.desc(), Clip.id).limit(limit)))


def class_clips(
    session: Session, actor: Actor, cursor: str | None = None, limit: int = 20
) -> Page[Clip]:
    """What a teacher's class has handed in; all of the school where there is no class."""
    if actor.role != Role.TEACHER or actor.school_id is None:
        return Page([], None)
    hidden = (State.DRAFT, State.HELD)
    mine: ColumnElement[bool] = Clip.school_id == actor.school_id
    if actor.class_id is not None:
        mine = and_(mine, Clip.class_id == actor.class_id)
    return paged(
        session,
        select(Clip).where(mine, Clip.state.not_in(hidden), Clip.owner_id != actor.id),
        Clip.created_at,
        Clip.id,
        cursor,
        limit,
        newest_first=True,
        key_of=lambda c: (c.created_at, c.id),
    )


def of_kind(
    topic: str | None = None, level: str | None = None, campaign: str | None = None
) -> list[ColumnElement[bool]]:
    """What a reader of the library narrows it by; ``campaign`` is a slug."""
    asked: list[ColumnElement[bool]] = []
    if topic:
        # The list is JSON text: a topic's code has only letters and "_", so it is one token.
        named = cast(Clip.topics, String).contains(f'"{topic}"', autoescape=True)
        asked.append(named if topic in TOPICS else false())
    if level:
        asked.append(Clip.level == level)
    if campaign:
        asked.append(Clip.campaign_id == _campaign(campaign))
    return asked


def _campaign(slug: str) -> ScalarSelect[str]:
    return select(Campaign.id).where(Campaign.slug == slug).scalar_subquery()


def gallery(
    session: Session,
    viewer: Actor | None,
    cursor: str | None = None,
    limit: int = 24,
    *also: ColumnElement[bool],
) -> Page[Clip]:
    """Published clips that are meant for this viewer, newest first. ``also``: :func:`of_kind`."""
    query = select(Clip).where(Clip.state == State.PUBLISHED, scope_filter(viewer), *also)
    return paged(
        session,
        query,
        Clip.published_at,
        Clip.id,
        cursor,
        limit,
        newest_first=True,
        key_of=lambda c: (c.published_at, c.id),
    )


def shown_campaigns(session: Session) -> list[Campaign]:
    """Campaigns of which something was published, the newest first."""
    has_clips = exists().where(Clip.campaign_id == Campaign.id, Clip.state == State.PUBLISHED)
    query = select(Campaign).where(has_clips).order_by(Campaign.created_at.desc(), Campaign.id)
    return list(session.scalars(query.limit(100)))


def public_count(session: Session) -> int:
    """How many clips everybody may see."""
    everyones = (Clip.state == State.PUBLISHED, scope_filter(None))
    return session.scalar(select(func.count()).select_from(Clip).where(*everyones)) or 0


def public_ids(session: Session, *, start: int, limit: int) -> list[tuple[str, datetime]]:
    """(id, when it was published) of what everybody may see, the oldest first."""
    everyones = (Clip.state == State.PUBLISHED, scope_filter(None))
    query = select(Clip.id, Clip.published_at).where(*everyones)
    rows = session.execute(query.order_by(Clip.published_at, Clip.id).offset(start).limit(limit))
    return [(clip_id, at) for clip_id, at in rows if at is not None]
