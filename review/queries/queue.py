"""The queues: which clips wait for whose decision, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, and_, cast, or_, select
from sqlalchemy.orm import Session

from review import clock
from review.keys import is_id
from review.models import Clip, School, SchoolClass
from review.policy import Actor, Role, is_blind
from review.queries.covers import faces
from review.queries.paging import Page, paged
from review.states import Party, State


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line of a reviewer's queue. In a blind stage it names neither school nor class."""

    clip: Clip
    school_name: str
    class_name: str | None
    duration_s: float | None
    poster: str
    claimed_by_other: bool
    claimed_by_me: bool


def _waiting_for(session: Session, actor: Actor) -> ColumnElement[bool] | None:
    """Which clips wait for a decision of this person; None: none ever do."""
    if actor.role == Role.MODERATOR:
        asked: ColumnElement[bool] = Clip.stage_party == Party.MODERATOR
    elif actor.role == Role.REVIEWER:
        asked = and_(Clip.stage_party == Party.REVIEWER, Clip.school_id == actor.school_id)
        if actor.school_id is not None and _any_peer_waits(session):
            elsewhere = or_(Clip.school_id.is_(None), Clip.school_id != actor.school_id)
            asked = or_(asked, and_(Clip.stage_party == Party.PEER, elsewhere))
    else:
        return None
    # One who has decided in a stage does not decide in it again.
    voted = cast(Clip.votes, String).contains(f'"{actor.id}"', autoescape=True)
    return and_(Clip.state == State.IN_REVIEW, asked, Clip.owner_id != actor.id, ~voted)


def _any_peer_waits(session: Session) -> bool:
    """Asked first: without such a stage a reviewer's queue is one stretch of an index."""
    waiting = select(Clip.id).where(Clip.state == State.IN_REVIEW, Clip.stage_party == Party.PEER)
    return session.scalar(waiting.limit(1)) is not None


def review_queue(
    session: Session, actor: Actor, cursor: str | None = None, limit: int = 20
) -> Page[QueueRow]:
    """The clips that wait for this person's decision, oldest first."""
    waiting = _waiting_for(session, actor)
    if waiting is None:
        return Page([], None)
    return _queue(session, actor, waiting, cursor, limit)


def safeguarding_queue(
    session: Session, actor: Actor, cursor: str | None = None, limit: int = 20
) -> Page[QueueRow]:
    """The clips whose case is open, held or withdrawn while held: for their officer only."""
    if actor.role != Role.SAFEGUARDING:
        return Page([], None)
    return _queue(session, actor, Clip.case_open.is_(True), cursor, limit)


def _queue(
    session: Session, actor: Actor, where: ColumnElement[bool], cursor: str | None, limit: int
) -> Page[QueueRow]:
    page = paged(
        session,
        select(Clip).where(where),
        Clip.submitted_at,
        Clip.id,
        cursor,
        limit,
        newest_first=False,
        key_of=lambda c: (c.submitted_at, c.id),
    )
    return Page(_queue_rows(session, actor, page.items), page.next)


def _queue_rows(session: Session, actor: Actor, clips: Sequence[Clip]) -> list[QueueRow]:
    now = clock.now(session)
    schools = _names(session, School, {c.school_id for c in clips})
    classes = _names(session, SchoolClass, {c.class_id for c in clips})
    shown = faces(session, clips)
    rows = []
    for clip in clips:
        claimed = clip.claimed_until is not None and clip.claimed_until > now
        blind = is_blind(actor, clip)
        rows.append(
            QueueRow(
                clip,
                "" if blind else schools.get(clip.school_id, ""),
                None if blind else classes.get(clip.class_id),
                shown[clip.id].duration_s,
                shown[clip.id].poster,
                claimed and clip.claimed_by != actor.id,
                claimed and clip.claimed_by == actor.id,
            )
        )
    return rows


def _names(
    session: Session, model: type[School | SchoolClass], ids: set[str | None]
) -> dict[str | None, str]:
    rows = session.execute(select(model.id, model.name).where(model.id.in_(ids)))
    return {row.id: row.name for row in rows}


def next_in_queue(session: Session, actor: Actor, after: str | None = None) -> str | None:
    """Id of the oldest waiting clip that nobody else has claimed; with ``after`` the one that
    follows it, so that putting clips off leads through them all, and at the end to the first."""
    waiting = _waiting_for(session, actor)
    if waiting is None:
        return None
    now = clock.now(session)
    free = or_(Clip.claimed_by.is_(None), Clip.claimed_by == actor.id, Clip.claimed_until < now)
    query = select(Clip.id).where(waiting, free).order_by(Clip.submitted_at, Clip.id).limit(1)
    left = session.get(Clip, after) if after is not None and is_id(after) else None
    if left is None:
        return session.scalar(query)
    later = Clip.submitted_at > left.submitted_at
    same_time = and_(Clip.submitted_at == left.submitted_at, Clip.id > left.id)
    return session.scalar(query.where(or_(later, same_time))) or session.scalar(
        query.where(Clip.id != left.id)
    )


def waiting_count(session: Session, actor: Actor, cap: int = 100) -> int:
    """How many clips wait for this person, counted only up to ``cap``."""
    waiting = _waiting_for(session, actor)
    if waiting is None:
        return 0
    return len(list(session.scalars(select(Clip.id).where(waiting).limit(cap))))
