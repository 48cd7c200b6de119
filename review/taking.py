"""Taking the next clip of the queue: never the same to two people."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from review import clock
from review.claims import free_for
from review.decisions import claim, release_claim
from review.errors import NotAllowed
from review.models import Clip
from review.policy import Actor
from review.queries.filters import Filters
from review.queries.queue import DUE, free_clips
from review.states import State

AT_ONCE = 20  # clips that are tried before the list is read again
MAX_ROUNDS = 10


def take_next(
    session: Session, actor: Actor, after: str | None = None, filters: Filters = DUE
) -> str | None:
    """Claim the clip whose turn it is for this person; its id, or None where nothing waits.

    ``after``: the clip that the person puts off: its claim is given back, and the turn is that of
    the one that follows.
    """
    if after is not None:
        release_claim(session, after, actor)
    for _ in range(MAX_ROUNDS):
        found = free_clips(session, actor, after, AT_ONCE, filters)
        for clip_id in found:
            if _lock_free(session, clip_id, actor) and _claims(session, clip_id, actor):
                return clip_id
        if not found:
            return None
    return None


def _claims(session: Session, clip_id: str, actor: Actor) -> bool:
    """False for one that the list has for this person who may not approve it: who hid something in
    it, for one."""
    try:
        claim(session, clip_id, actor)
    except NotAllowed:
        return False
    return True


def _lock_free(session: Session, clip_id: str, actor: Actor) -> bool:
    """Whether the clip is still free, now that nobody else can take it. One that another holds at
    this very moment is left to them: nobody waits."""
    free = free_for(actor, clock.now(session))
    query = select(Clip.id).where(Clip.id == clip_id, Clip.state == State.IN_REVIEW, free)
    return session.scalar(query.with_for_update(skip_locked=True)) is not None
