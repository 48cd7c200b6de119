"""Who may see which clip: the one rule for pages, the API and ``/media``."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, select, tuple_
from sqlalchemy.orm import Session

from review.consent import Scope
from review.errors import NoSuchClip
from review.keys import is_id
from review.models import Clip, PolicyRow
from review.policy import Actor, may_see
from review.states import State


def in_scope(actor: Actor | None, clip: Clip) -> bool:
    """Whether a published clip is meant for this viewer (None: nobody signed in)."""
    if clip.scope == Scope.PUBLIC:
        return True
    if actor is None:
        return False
    if clip.scope == Scope.LIBRARY:
        return True
    if actor.school_id is None or actor.school_id != clip.school_id:
        return False
    return clip.scope == Scope.SCHOOL or actor.class_id == clip.class_id is not None


def was_taken_back(clip: Clip) -> bool:
    """Whether the public saw the clip once and does not now. A hold reads like a withdrawal: to
    the feed it is one."""
    return clip.published_at is not None and clip.state != State.PUBLISHED


def can_see(actor: Actor | None, clip: Clip) -> bool:
    """The one rule of visibility for pages, the API and ``/media``."""
    if clip.state == State.PUBLISHED and in_scope(actor, clip):
        return True
    return actor is not None and may_see(actor, clip)


def get_clip(session: Session, actor: Actor | None, clip_id: str) -> Clip:
    """The clip, or :class:`NoSuchClip` when there is none that this person may see."""
    clip = session.get(Clip, clip_id) if is_id(clip_id) else None
    if clip is None or not can_see(actor, clip):
        raise NoSuchClip(f"there is no clip {clip_id!r}")
    return clip


def in_blind_stage(session: Session) -> ColumnElement[bool]:
    """The clip stands where whoever reviews is not told whose it is: :func:`review.policy.is_blind`
    for lists. Policies are few, and only some have such a stage."""
    places = [
        (row.id, number)
        for row in session.scalars(select(PolicyRow))
        for number, stage in enumerate(row.rules.stages)
        if stage.blind
    ]
    here = tuple_(Clip.policy_id, Clip.stage).in_(places)
    return and_(Clip.state == State.IN_REVIEW, Clip.policy_id.is_not(None), here)


def scope_filter(viewer: Actor | None) -> ColumnElement[bool]:
    if viewer is None:
        return Clip.scope == Scope.PUBLIC
    wide: ColumnElement[bool] = Clip.scope.in_((Scope.PUBLIC, Scope.LIBRARY))
    if viewer.school_id is None:
        return wide
    school = and_(Clip.scope == Scope.SCHOOL, Clip.school_id == viewer.school_id)
    if viewer.class_id is None:
        return or_(wide, school)
    group = and_(Clip.scope == Scope.CLASS, Clip.class_id == viewer.class_id)
    return or_(wide, school, group)
