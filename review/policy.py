"""Who may do what to a clip. Facts in, decision out: no session, no clock."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from review.errors import NotAllowed, OwnClip, OwnSchool, SamePerson, WrongState
from review.states import STAFF, Action, Move, Party, State, find_move, moves_from


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


@dataclass(slots=True)
class Seen:
    """A clip as it shows to one person."""

    owner_id: str
    school_id: str | None
    class_id: str | None
    state: str
    stage: int
    case_open: bool


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the review: approved by ``party``; ``foreign``: not of the clip's school."""

    name: str
    party: Party
    foreign: bool


# The default policy: a reviewer of the school, then a moderator of the office.
STAGES: tuple[Stage, ...] = (
    Stage("school", Party.REVIEWER, foreign=False),
    Stage("office", Party.MODERATOR, foreign=True),
)

# Decisions on the content; the owner takes none of them. Escalating is none: whoever of the staff
# fears for a child says so, about an own clip too.
DECISIONS = frozenset({Action.APPROVE, Action.REQUEST_CHANGES, Action.REJECT, Action.RELEASE})

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
    return frozenset(found)


def is_last_stage(clip: ClipFacts) -> bool:
    return clip.stage >= len(STAGES) - 1


def move_for(
    actor: Actor, action: Action, clip: ClipFacts, *, approvers: Collection[str] = ()
) -> tuple[Move, Party]:
    """The move that ``actor`` may make, and as what.

    ``approvers``: ids of those who approved this revision in earlier stages.
    Raises :class:`WrongState`, :class:`NotAllowed` or one of its kinds: about a held clip the very
    one that the same clip in review would give.
    """
    try:
        return _move_for(actor, action, clip, approvers)
    except NotAllowed:
        if not _is_hold_hidden(actor, clip):
            raise
    _move_for(actor, action, as_shown(actor, clip), approvers)
    raise NotAllowed(f"a {actor.role} may not {action} this clip")


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
    if action == Action.APPROVE:
        return move, _may_approve(actor, clip, roles, approvers)
    return move, min(roles, key=list(Party).index)


def _find_move(actor: Actor, action: Action, clip: ClipFacts) -> Move:
    try:
        return find_move(State(clip.state), action, last_stage=is_last_stage(clip))
    except WrongState:
        if may_see(actor, clip):
            raise
    # Who may not see the clip is not told its state either.
    raise WrongState(f"this clip can not {action}", action=action)


def _may_approve(
    actor: Actor, clip: ClipFacts, roles: Collection[Party], approvers: Collection[str]
) -> Party:
    stage = STAGES[min(clip.stage, len(STAGES) - 1)]
    if stage.party not in roles:
        raise NotAllowed(f"the stage {stage.name!r} is the {stage.party}'s")
    if actor.id in approvers:
        raise SamePerson("each stage is approved by another person")
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
    for move in moves_from(State(shown.state)):
        try:
            move_for(actor, move.action, shown, approvers=approvers)
        except (NotAllowed, WrongState):
            continue
        if move.action not in offered:
            offered.append(move.action)
    return offered


def shown_state(actor: Actor | None, clip: ClipFacts) -> State:
    """The state that ``actor`` is told: a hold shows to nobody but its officer."""
    return State.IN_REVIEW if _is_hold_hidden(actor, clip) else State(clip.state)


def as_shown(actor: Actor, clip: ClipFacts) -> ClipFacts:
    """The clip with the state that ``actor`` is told."""
    if not _is_hold_hidden(actor, clip):
        return clip
    return Seen(
        clip.owner_id, clip.school_id, clip.class_id, State.IN_REVIEW, clip.stage, clip.case_open
    )


_TOLD_OF_HOLDS = frozenset({Role.SAFEGUARDING, Role.WORKER, Role.SYSTEM})


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
