"""How a clip is presented, as its people choose it: which picture stands for it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from review import audit, feed, looks, revisions
from review.errors import InvalidInput, NotAllowed, WrongState
from review.lifecycle import CHOOSE_POSTER, check_version, load_visible
from review.models import Clip
from review.policy import Actor, ClipFacts, parties, shown_state
from review.publication import in_feed, record
from review.queries.records import output_files
from review.states import Party, State

# Nobody will see a picture of these, or there is none yet.
_UNSHOWN = (State.DRAFT, State.REJECTED, State.WITHDRAWN)


def choose_poster(
    session: Session, clip_id: str, actor: Actor, what: str | None, version: int | None = None
) -> Clip:
    """Let the picture ``what`` (a candidate's path) stand for the clip; None: as the machine chose.

    No move: reviewers go on with the version that they saw. What is in the feed gets a new entry.
    Choosing what stands already changes nothing. Raises :class:`NotAllowed`, :class:`WrongState`
    (no picture to choose of), :class:`StaleClip`, :class:`InvalidInput` for no candidate.
    """
    clip = load_visible(session, clip_id, actor)
    party = _chooser(actor, clip)
    check_version(session, clip, version, actor)
    current = revisions.find(session, clip)
    there = looks.candidates(output_files(session, clip))
    if current is None or not there:
        raise WrongState("there is no picture to choose of yet")
    if what is not None and what not in there:
        raise InvalidInput(poster="Hãy chọn một trong các ảnh của clip.")
    if what == current.poster:
        return clip
    current.poster = what
    session.flush()
    audit.append(
        session,
        clip,
        action=CHOOSE_POSTER,
        actor_id=actor.id,
        party=party,
        from_state=clip.state,
        detail={"poster": what},
    )
    if in_feed(session, clip):
        feed.append(session, clip, "updated", record=record(session, clip))
    return clip


def may_choose_poster(actor: Actor, clip: ClipFacts) -> bool:
    """Whether a page offers the choice, once there are pictures."""
    try:
        _chooser(actor, clip)
    except NotAllowed:
        return False
    return True


def _chooser(actor: Actor, clip: ClipFacts) -> Party:
    """As what this person chooses: the owner and the teacher of the class while the clip may still
    be shown, a moderator once it is published."""
    mine = parties(actor, clip)
    if Party.OWNER in mine:
        party = Party.OWNER
    elif Party.TEACHER in mine and actor.class_id in (None, clip.class_id):
        party = Party.TEACHER
    elif Party.MODERATOR in mine:
        party = Party.MODERATOR
    else:
        raise NotAllowed("the owner, the teacher of the class and moderators choose the picture")
    is_unshown = shown_state(None, clip) in _UNSHOWN
    if is_unshown or (party is Party.MODERATOR and clip.state != State.PUBLISHED):
        raise WrongState("in this state nobody of this role chooses the picture")
    return party
