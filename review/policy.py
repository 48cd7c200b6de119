"""Who may do what to a clip. Facts in, decision out: no session, no clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from review.errors import NotAllowed, OwnClip, OwnSchool, SamePerson, WrongState
from review.stages import OBJECTIONS, Course, OnDisagreement, Policy, Stage, course
from review.states import REVIEWERS, STAFF, Action, Move, Party, State, find_move, moves_from


class Role(StrEnum):
    PUPIL = "pupil"
    TEACHER = "teacher"
    REVIEWER = "reviewer"
    MODERATOR = "moderator"
    SAFEGUARDING = "safeguarding"
    ADMIN = "admin"
    WORKER = "worker"  # our own programs: no account has these two
    SYSTEM = "system"


PEOPLE = tuple(r for r in Role if r not in (Role.WORKER, Role.SYSTEM))
OFFICE_ROLES = frozenset({Role.MODERATOR, Role.SAFEGUARDING, Role.ADMIN})
REVIEWER_ROLES = (Role.REVIEWER, Role.MODERATOR)  # who reviews; the officer only decides on holds
# Creating a clip is not a move on one, so it stands here and not in the table.
SUBMITTERS = frozenset({Role.PUPIL, Role.TEACHER})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. ``id`` is None for our own programs."""

    id: str | None
    role: Role
    school_id: str | None = None
    class_id: str | None = None


WORKER = Actor(None, Role.WORKER)
SYSTEM = Actor(None, Role.SYSTEM)


class ClipFacts(Protocol):
    """The columns of a clip that the policy reads."""

    owner_id: str
    school_id: str | None
    class_id: str | None
    state: str
    stage: int
    case_open: bool
    unannounced: bool

    @property
    def rules(self) -> Policy: ...

    @property
    def votes(self) -> Sequence[Mapping[str, Any]]: ...


@dataclass(slots=True)
class Seen:
    """A clip as it shows to one person."""

    owner_id: str
    school_id: str | None
    class_id: str | None
    state: str
    stage: int
    case_open: bool
    rules: Policy
    votes: Sequence[Mapping[str, Any]]
    unannounced: bool = False


# Decisions on the content; the owner takes none of them. Escalating is none: whoever of the staff
# fears for a child says so, about an own clip too.
VERDICTS = frozenset({Action.APPROVE, *OBJECTIONS})
# What the owner or the teacher may do while others review: it takes back what they are not told.
TAKING_BACK = frozenset({Action.EDIT_CAPTIONS, Action.REDACT})
_NOT_BOUND = (Action.ESCALATE, Action.REFUSE)  # by a decision that is not told yet
DECISIONS = VERDICTS | {Action.RELEASE, Action.UNDO}

_PARTY_OF_ROLE = {
    Role.MODERATOR: Party.MODERATOR,
    Role.SAFEGUARDING: Party.SAFEGUARDING,
    Role.ADMIN: Party.ADMIN,
    Role.WORKER: Party.WORKER,
    Role.SYSTEM: Party.SYSTEM,
}
_PARTY_OF_SCHOOL_ROLE = {Role.TEACHER: Party.TEACHER, Role.REVIEWER: Party.REVIEWER}


def parties(actor: Actor, clip: ClipFacts) -> frozenset[Party]:
    """What ``actor`` is to ``clip``; empty for a stranger."""
    found = set()
    if actor.id is not None and actor.id == clip.owner_id:
        found.add(Party.OWNER)
    if actor.role in _PARTY_OF_ROLE:
        found.add(_PARTY_OF_ROLE[actor.role])
    if actor.role in _PARTY_OF_SCHOOL_ROLE and actor.school_id == clip.school_id is not None:
        found.add(_PARTY_OF_SCHOOL_ROLE[actor.role])
    if _is_peer(actor, clip):
        found.add(Party.PEER)
    return frozenset(found)


def _is_peer(actor: Actor, clip: ClipFacts) -> bool:
    """A reviewer of another school has a part in the clip while its stage asks for one, and until
    what they decided is told."""
    if actor.role is not Role.REVIEWER or actor.school_id in (None, clip.school_id):
        return False
    is_asked = clip.state == State.IN_REVIEW and stage_of(clip).party is Party.PEER
    return is_asked or _decided_last(actor, clip)


def _decided_last(actor: Actor, clip: ClipFacts) -> bool:
    return clip.unannounced and bool(clip.votes) and clip.votes[-1]["by"] == actor.id


def reviews(actor: Actor, clip: ClipFacts) -> bool:
    """Whether ``actor`` takes part in the clip's review; nobody does in an own clip's."""
    mine = parties(actor, clip)
    return bool(mine & REVIEWERS) and Party.OWNER not in mine


def stage_of(clip: ClipFacts) -> Stage:
    return clip.rules.at(clip.stage)


def course_of(clip: ClipFacts, action: Action) -> Course:
    """Where a verdict on the clip leads."""
    if clip.state != State.IN_REVIEW:
        return Course.ENDS  # the officer's word on a held clip
    return course(clip.rules, clip.stage, clip.votes, action)


def move_for(
    actor: Actor, action: Action, clip: ClipFacts, *, approvers: Collection[str] = ()
) -> tuple[Move, Party]:
    """The move that ``actor`` may make, and as what.

    ``approvers``: ids of those who approved this revision in earlier stages.
    Raises :class:`WrongState`, :class:`NotAllowed` or one of its kinds: about a clip of whose hold
    or decision ``actor`` is not told, the very one that the same clip in review would give.
    """
    shown = as_shown(actor, clip)
    if shown is clip:
        return _move_for(actor, action, clip, approvers)
    try:
        found = _move_for(actor, action, clip, approvers)
    except NotAllowed:
        found = None
    _move_for(actor, action, shown, approvers)
    if found is None:
        raise NotAllowed(f"a {actor.role} may not {action} this clip")
    return found


def _move_for(
    actor: Actor, action: Action, clip: ClipFacts, approvers: Collection[str]
) -> tuple[Move, Party]:
    move = _find_move(actor, action, clip)
    roles = parties(actor, clip) & move.by
    if Party.OWNER in parties(actor, clip) and (
        action in DECISIONS or (action is Action.REDACT and Party.OWNER not in move.by)
    ):
        raise OwnClip("nobody decides on an own clip")
    if not roles:
        raise NotAllowed(f"a {actor.role} may not {action} this clip")
    if action is Action.UNDO and Party.MODERATOR not in roles and not _decided_last(actor, clip):
        raise NotAllowed("a decision is undone by who took it, or by a moderator")
    if action is Action.APPROVE or (action in OBJECTIONS and _is_vote(clip)):
        return move, _may_vote(actor, clip, roles, approvers)
    return move, min(roles, key=list(Party).index)


def _find_move(actor: Actor, action: Action, clip: ClipFacts) -> Move:
    state = State(clip.state)
    if clip.unannounced and (
        # For all the world it still is: a fear for a child does not wait, a source that turns out
        # broken is the owner's to mend,
        action in _NOT_BOUND
        # and who is not told that the clip was decided on takes the decision back without knowing.
        or (action in TAKING_BACK and not is_told_early(actor, clip))
    ):
        state = State.IN_REVIEW
    is_told = clip.unannounced or action not in (Action.UNDO, Action.ANNOUNCE)
    try:
        if is_told:
            ends = action in VERDICTS and course_of(clip, action) is Course.ENDS
            return find_move(state, action, ends=ends)
    except WrongState:
        if may_see(actor, clip):
            raise
    # Who may not see the clip is not told its state either.
    raise WrongState(f"this clip can not {action}", action=action)


def _is_vote(clip: ClipFacts) -> bool:
    """Whether an objection is one voice among others. Elsewhere caution wins: whoever may review
    the clip at all may send it back, in every stage."""
    waits_for_third = stage_of(clip).on_disagreement is OnDisagreement.THIRD
    return clip.state == State.IN_REVIEW and waits_for_third


def _may_vote(
    actor: Actor, clip: ClipFacts, roles: Collection[Party], approvers: Collection[str]
) -> Party:
    stage = stage_of(clip)
    if stage.party not in roles:
        raise NotAllowed(f"the stage {stage.name!r} is the {stage.party}'s")
    if actor.id in approvers or any(vote["by"] == actor.id for vote in clip.votes):
        raise SamePerson("each decision of a review is another person's")
    if stage.foreign and actor.school_id is not None and actor.school_id == clip.school_id:
        raise OwnSchool("nobody takes the last decision on a clip of the own school")
    return stage.party


def buttons(actor: Actor, clip: ClipFacts, *, approvers: Collection[str] = ()) -> list[Action]:
    """The actions that a page offers to ``actor``, in the table's order.

    The owner of a held clip is offered what one in review would offer: a button that vanishes
    would tell of the hold.
    """
    shown = as_shown(actor, clip) if may_see(actor, clip) else clip
    offered: list[Action] = []
    actions = [move.action for move in moves_from(State(shown.state))]
    for action in dict.fromkeys([*actions, *_NOT_BOUND] if shown.unannounced else actions):
        try:
            move_for(actor, action, shown, approvers=approvers)
        except (NotAllowed, WrongState):
            continue
        offered.append(action)
    return offered


def shown_state(actor: Actor | None, clip: ClipFacts) -> State:
    """The state that ``actor`` is told: a hold shows to nobody but its officer."""
    return State.IN_REVIEW if _is_hidden(actor, clip) else State(clip.state)


def as_shown(actor: Actor, clip: ClipFacts) -> ClipFacts:
    """The clip with the state that ``actor`` is told."""
    if not _is_hidden(actor, clip):
        return clip
    return Seen(
        clip.owner_id,
        clip.school_id,
        clip.class_id,
        State.IN_REVIEW,
        clip.stage,
        clip.case_open,
        clip.rules,
        clip.votes,
    )


_TOLD_OF_HOLDS = frozenset({Role.SAFEGUARDING, Role.WORKER, Role.SYSTEM})
_NOT_TOLD_OF_DECISIONS = frozenset({Role.PUPIL, Role.TEACHER})


def _is_hidden(actor: Actor | None, clip: ClipFacts) -> bool:
    is_decision_hidden = clip.unannounced and not is_told_early(actor, clip)
    return is_decision_hidden or _is_hold_hidden(actor, clip)


def is_told_early(actor: Actor | None, clip: ClipFacts) -> bool:
    """Whether ``actor`` knows of decisions before they are announced: who reviews, never who
    made the clip or teaches those who did."""
    if actor is None or actor.role in _NOT_TOLD_OF_DECISIONS:
        return False
    return actor.id is None or actor.id != clip.owner_id


def is_blind(actor: Actor, clip: ClipFacts) -> bool:
    """Whether ``actor`` reviews the clip without being told whose it is."""
    return clip.state == State.IN_REVIEW and stage_of(clip).blind and reviews(actor, clip)


def _is_hold_hidden(actor: Actor | None, clip: ClipFacts) -> bool:
    return clip.state == State.HELD and (actor is None or actor.role not in _TOLD_OF_HOLDS)


def sees_evidence(actor: Actor | None, clip: ClipFacts) -> bool:
    """Whether ``actor`` may watch the preview of a withdrawn clip: the officer whose case it is."""
    is_officer = actor is not None and actor.role is Role.SAFEGUARDING
    return is_officer and clip.case_open and clip.state == State.WITHDRAWN


def may_see(actor: Actor, clip: ClipFacts) -> bool:
    """Whether the clip's page and preview exist for ``actor`` (published ones: see the scope)."""
    mine = parties(actor, clip)
    if mine & {Party.OWNER, Party.SYSTEM, Party.WORKER}:
        return True
    if clip.state == State.DRAFT:
        return False
    if Party.SAFEGUARDING in mine and clip.case_open:
        return True
    if clip.state == State.HELD:
        return False
    return bool(mine & (STAFF - {Party.ADMIN, Party.SAFEGUARDING}))
