"""Decide now, announce later: what was decided binds at once, and is told at the campaign's date.

Until then it shows to nobody but reviewers, and can be undone: see :func:`review.policy.as_shown`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from review import clock, jobs, numbers
from review.lifecycle import load, load_visible, move
from review.models import Campaign, Clip, Decision
from review.notices import telling
from review.policy import SYSTEM, Actor
from review.publication import ensure_ladder, try_publish
from review.states import Action, State

# How to open a transaction: each decision is announced in its own.
Transaction = Callable[[], AbstractContextManager[Session]]


def holds_back(session: Session, clip: Clip, action: Action) -> bool:
    """Whether what ends the review now waits for the campaign's date."""
    campaign = session.get(Campaign, clip.campaign_id) if clip.campaign_id else None
    if campaign is None or campaign.announce_at is None:
        return False
    if action is Action.REQUEST_CHANGES and not campaign.holds_changes:
        return False
    return campaign.announce_at > clock.now(session)


def tell(session: Session, said: Sequence[Mapping[str, Any]]) -> None:
    """From now on the owner is told what ended a stage (the last of ``said``), with the voices
    before it that said the same."""
    last = said[-1]["action"] == Action.APPROVE
    ids = [vote["decision"] for vote in said if (vote["action"] == Action.APPROVE) == last]
    session.execute(
        update(Decision)
        .where(Decision.id.in_(ids), Decision.announced_at.is_(None))
        .values(announced_at=clock.now(session))
    )


def announce_all(
    read: Transaction,
    write: Transaction,
    actor: Actor = SYSTEM,
    campaign_id: str | None = None,
) -> int:
    """Announce what is due, each decision in its own transaction; how many. Whoever is cut short
    leaves the rest to the next call; of two at once each finds what the other left."""
    with read() as session:
        found = _due(session, campaign_id)
    count = 0
    for clip_id in found:
        with write() as session:
            count += announce(session, clip_id, actor)
    return count


def _due(session: Session, campaign_id: str | None, limit: int = 200) -> list[str]:
    query = (
        select(Clip.id)
        .outerjoin(Campaign, Campaign.id == Clip.campaign_id)
        .where(Clip.unannounced.is_(True), *_is_due(session))
    )
    if campaign_id is not None:
        query = query.where(Clip.campaign_id == campaign_id)
    return list(session.scalars(query.order_by(Clip.id).limit(limit)))


def _is_due(session: Session) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    now = clock.now(session)
    return (
        or_(Campaign.announce_at.is_(None), Campaign.announce_at <= now),
        or_(Clip.undo_until.is_(None), Clip.undo_until <= now),
    )


def announce(session: Session, clip_id: str, actor: Actor = SYSTEM) -> bool:
    """Announce one decision, if it still is due: False when another was quicker, the decision was
    undone, or the date was put off."""
    clip = load(session, clip_id)
    still = (
        select(Clip.id)
        .outerjoin(Campaign, Campaign.id == Clip.campaign_id)
        .where(Clip.id == clip.id, Clip.unannounced.is_(True), *_is_due(session))
    )
    if session.scalar(still) is None:
        return False
    move(
        session,
        clip,
        Action.ANNOUNCE,
        actor,
        changes={"unannounced": False, "undo_until": None},
    )
    tell(session, clip.votes)
    if clip.state != State.APPROVED:
        jobs.cancel_for(session, clip.id)
    elif not try_publish(session, clip):
        telling.approved(session, clip, actor)
    return True


def undo(session: Session, clip_id: str, actor: Actor, version: int) -> Clip:
    """Take back what ended the review, as if it had not been said; the record of it stays."""
    clip = load_visible(session, clip_id, actor)
    return take_back(session, clip, Action.UNDO, actor, "decision", seen_version=version)


def take_back(
    session: Session,
    clip: Clip,
    action: Action,
    actor: Actor,
    named: str,
    *,
    seen_version: int | None = None,
    changes: Mapping[str, Any] | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Clip:
    """Make a move that leads from an unannounced decision back into the review: it counts no more.
    ``named``: what the move's audit row calls the decision."""
    last = clip.votes[-1]["decision"] if clip.votes else None
    move(
        session,
        clip,
        action,
        actor,
        seen_version=seen_version,
        changes={"votes": clip.votes[:-1], **(changes or {})},
        detail={**(detail or {}), named: last},
    )
    numbers.take_back(session, clip, session.get_one(Decision, last))
    if clip.state == State.IN_REVIEW:
        ensure_ladder(session, clip)
    return clip
