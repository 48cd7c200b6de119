"""The life of a clip as a table: pure data, and one question, :func:`next_state`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from review.errors import WrongState


class State(StrEnum):
    DRAFT = "draft"
    PROCESSING = "processing"
    IN_REVIEW = "in_review"
    REFUSED = "refused"
    FAILED = "failed"
    CHANGES_REQUESTED = "changes_requested"
    REJECTED = "rejected"
    HELD = "held"
    APPROVED = "approved"
    PUBLISHED = "published"
    SUSPENDED = "suspended"  # was reported: hidden until a moderator has looked
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    SUBMIT = "submit"
    EXAMINED = "examined"
    REFUSE = "refuse"
    GIVE_UP = "give_up"
    RETRY = "retry"
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    REJECT = "reject"
    ESCALATE = "escalate"
    RELEASE = "release"
    RESUBMIT = "resubmit"
    PUBLISH = "publish"
    SUSPEND = "suspend"  # what was reported is hidden
    KEEP = "keep"  # a moderator looked at what was reported: it stays
    EDIT_DETAILS = "edit_details"
    LOWER_SCOPE = "lower_scope"
    EDIT_CAPTIONS = "edit_captions"
    WITHDRAW = "withdraw"
    RESTORE = "restore"
    REDACT = "redact"
    ANNOUNCE = "announce"  # what was decided is told; the state stays
    UNDO = "undo"  # of a decision that nobody was told yet


class Party(StrEnum):
    """What a person (or a program) is to one clip; see :func:`review.policy.parties`."""

    OWNER = "owner"
    TEACHER = "teacher"  # of the clip's school: speaks for a guardian
    REVIEWER = "reviewer"  # of the clip's school
    PEER = "peer"  # a reviewer of another school, in a stage that asks for one
    MODERATOR = "moderator"
    SAFEGUARDING = "safeguarding"
    ADMIN = "admin"
    WORKER = "worker"
    SYSTEM = "system"


REVIEWERS = frozenset({Party.REVIEWER, Party.PEER, Party.MODERATOR})
STAFF = REVIEWERS | {Party.TEACHER, Party.SAFEGUARDING, Party.ADMIN}
REDACTORS = frozenset({Party.TEACHER, Party.REVIEWER, Party.MODERATOR})
WITHDRAWERS = frozenset({Party.OWNER, Party.TEACHER, Party.MODERATOR, Party.SYSTEM})


@dataclass(frozen=True, slots=True)
class Move:
    """One allowed move. ``ends``: whether it is the decision that ends the review, or one that
    others follow (:mod:`review.stages`); None where that makes no difference."""

    state: State
    action: Action
    to: State
    by: frozenset[Party]
    ends: bool | None = None


def _by(*parties: Party) -> frozenset[Party]:
    return frozenset(parties)


# A draft is its owner's alone; a held clip shows to nobody but its owner and its officer.
_WITHDRAWERS = {
    state: WITHDRAWERS for state in State if state not in (State.WITHDRAWN, State.DRAFT, State.HELD)
} | {
    State.DRAFT: _by(Party.OWNER, Party.SYSTEM),
    State.HELD: _by(Party.OWNER, Party.SAFEGUARDING, Party.SYSTEM),
}

# Captions tell viewers something: once the clip is approved, nobody changes them who could not
# approve them. A held clip answers its owner like one in review.
_AUTHORS = _by(Party.OWNER, Party.TEACHER, Party.REVIEWER, Party.MODERATOR)
_CAPTIONERS = {
    State.IN_REVIEW: _AUTHORS,
    State.CHANGES_REQUESTED: _AUTHORS,
    State.HELD: _by(Party.OWNER),
    State.APPROVED: _by(Party.MODERATOR),
    State.PUBLISHED: _by(Party.MODERATOR),
}

_VERDICTS = {
    Action.APPROVE: State.APPROVED,
    Action.REQUEST_CHANGES: State.CHANGES_REQUESTED,
    Action.REJECT: State.REJECTED,
}

MOVES: tuple[Move, ...] = (
    Move(State.DRAFT, Action.SUBMIT, State.PROCESSING, _by(Party.OWNER)),
    Move(State.PROCESSING, Action.EXAMINED, State.IN_REVIEW, _by(Party.WORKER)),
    Move(State.PROCESSING, Action.REFUSE, State.REFUSED, _by(Party.WORKER)),
    Move(State.PROCESSING, Action.GIVE_UP, State.FAILED, _by(Party.WORKER)),
    Move(State.IN_REVIEW, Action.REFUSE, State.REFUSED, _by(Party.WORKER)),
    # A quick approval may come before the ladder finds the source broken; nothing is public yet.
    Move(State.APPROVED, Action.REFUSE, State.REFUSED, _by(Party.WORKER)),
    Move(State.FAILED, Action.RETRY, State.PROCESSING, STAFF | {Party.OWNER}),
    *(
        move
        for action, to in _VERDICTS.items()
        for move in (
            Move(State.IN_REVIEW, action, State.IN_REVIEW, REVIEWERS, ends=False),
            Move(State.IN_REVIEW, action, to, REVIEWERS, ends=True),
            # Only of what nobody was told yet: see :mod:`review.policy`.
            Move(to, Action.UNDO, State.IN_REVIEW, REVIEWERS),
            Move(to, Action.ANNOUNCE, to, _by(Party.MODERATOR, Party.SYSTEM)),
        )
    ),
    Move(State.IN_REVIEW, Action.ESCALATE, State.HELD, STAFF),
    Move(State.APPROVED, Action.ESCALATE, State.HELD, STAFF),
    # The system: for a stranger who reports a worry about a child.
    *(
        Move(state, Action.ESCALATE, State.HELD, STAFF | {Party.SYSTEM})
        for state in (State.PUBLISHED, State.SUSPENDED)
    ),
    Move(State.HELD, Action.RELEASE, State.IN_REVIEW, _by(Party.SAFEGUARDING)),
    Move(State.HELD, Action.REJECT, State.REJECTED, _by(Party.SAFEGUARDING)),
    Move(State.CHANGES_REQUESTED, Action.RESUBMIT, State.PROCESSING, _by(Party.OWNER)),
    Move(State.REFUSED, Action.RESUBMIT, State.PROCESSING, _by(Party.OWNER)),
    Move(State.APPROVED, Action.PUBLISH, State.PUBLISHED, _by(Party.SYSTEM)),
    Move(State.PUBLISHED, Action.SUSPEND, State.SUSPENDED, _by(Party.SYSTEM)),
    Move(State.PUBLISHED, Action.KEEP, State.PUBLISHED, _by(Party.MODERATOR)),
    Move(State.SUSPENDED, Action.KEEP, State.PUBLISHED, _by(Party.MODERATOR)),
    Move(State.PUBLISHED, Action.EDIT_DETAILS, State.PUBLISHED, _by(Party.MODERATOR)),
    Move(State.PUBLISHED, Action.LOWER_SCOPE, State.PUBLISHED, _by(Party.MODERATOR)),
    *(Move(state, Action.EDIT_CAPTIONS, state, by) for state, by in _CAPTIONERS.items()),
    *(Move(state, Action.WITHDRAW, State.WITHDRAWN, by) for state, by in _WITHDRAWERS.items()),
    # Not by the owner while others review it: a hold, which looks like a review, would show by its
    # refusal. From `published` the clip is withdrawn first: what is public is never replaced.
    Move(State.IN_REVIEW, Action.REDACT, State.PROCESSING, REDACTORS),
    Move(State.CHANGES_REQUESTED, Action.REDACT, State.PROCESSING, REDACTORS | {Party.OWNER}),
    Move(State.APPROVED, Action.REDACT, State.PROCESSING, _by(Party.MODERATOR)),
    Move(State.WITHDRAWN, Action.RESTORE, State.IN_REVIEW, _by(Party.MODERATOR)),
)


def moves_from(state: State, action: Action | None = None) -> Iterator[Move]:
    """All moves of the table from ``state``, or only those of one action."""
    return (m for m in MOVES if m.state == state and action in (None, m.action))


def find_move(state: State, action: Action, *, ends: bool = False) -> Move:
    """The one move of the table; raises :class:`WrongState` where there is none."""
    for move in moves_from(state, action):
        if move.ends in (None, ends):
            return move
    raise WrongState(f"a clip that is {state} can not {action}", state=state, action=action)


def next_state(state: State, action: Action, *, ends: bool = False) -> State:
    """Where ``action`` leads from ``state``; raises :class:`WrongState`."""
    return find_move(state, action, ends=ends).to
