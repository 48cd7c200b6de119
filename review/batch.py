"""What is safe to do to many clips at once: reject duplicates, assign, free claims.

Each clip is a transaction of its own with an audit row of its own; a batch that was cut short goes
on where it stopped. For ten minutes who did it may undo it, row by row, as recorded as the deed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from review import announcing, audit, clock, decisions, lookalikes
from review.accounts import actor_of
from review.announcing import Transaction
from review.decisions import NoteInput, Verdict
from review.errors import InvalidInput, NoSuchThing, NotAllowed, ReviewError, WrongState
from review.keys import is_id
from review.lifecycle import ASSIGN, FREE_CLAIM, check_version, load_visible
from review.models import Account, Batch, BatchRow, Clip
from review.notices import telling
from review.policy import REVIEWER_ROLES, Actor, Role, parties, reviews, stage_of
from review.states import REVIEWERS, Action, Party, State
from review.text import Sentence, one_of

UNDO = timedelta(minutes=10)
MAX_ROWS = 100
SAME = 0.9  # share of the other clip's frames from which a look-alike is the same clip
_GONE = (State.REJECTED, State.WITHDRAWN, State.REFUSED, State.DRAFT)


class Kind(StrEnum):
    REJECT_DUPLICATES = "reject_duplicates"
    ASSIGN = "assign"
    FREE_CLAIMS = "free_claims"


class Outcome(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    CHANGED = "changed"
    CLAIMED = "claimed"
    NOT_ALLOWED = "not_allowed"
    NOT_SAME = "not_same"
    UNDONE = "undone"
    NOT_UNDONE = "not_undone"  # the clip went on meanwhile


_OUTCOMES = {
    "stale_clip": Outcome.CHANGED,
    "wrong_state": Outcome.CHANGED,
    "no_such_clip": Outcome.CHANGED,
    "claim_held": Outcome.CLAIMED,
    "not_same": Outcome.NOT_SAME,
}


class NotSame(ReviewError):
    """The clip is no duplicate of the one that stays."""

    code = "not_same"


def start(
    session: Session, actor: Actor, kind: str, target: str | None, rows: Sequence[tuple[str, int]]
) -> Batch:
    """Keep what was chosen: ``rows`` are (clip, version that the person saw). Does nothing yet."""
    if actor.role not in REVIEWER_ROLES:
        raise NotAllowed(f"a {actor.role} does not review")
    if kind not in list(Kind):
        raise InvalidInput(kind=one_of(Kind))
    if not rows or len(rows) > MAX_ROWS:
        raise InvalidInput(rows=Sentence("Hãy chọn từ 1 đến {count} clip.", count=MAX_ROWS))
    if not all(is_id(clip_id) for clip_id, _ in rows):
        raise InvalidInput(rows="Hãy chọn clip trong danh sách.")
    if kind == Kind.ASSIGN:
        _reviewer(session, target)
    if kind == Kind.REJECT_DUPLICATES and target:
        load_visible(session, target, actor)
    assert actor.id is not None
    now = clock.now(session)
    batch = Batch(
        kind=kind, made_by=actor.id, target=target or None, made_at=now, undo_until=now + UNDO
    )
    session.add(batch)
    session.flush()
    session.add_all(
        BatchRow(
            batch_id=batch.id,
            position=position,
            clip_id=clip_id,
            version=version,
            outcome=Outcome.WAITING,
        )
        for position, (clip_id, version) in enumerate(dict(rows).items())
    )
    session.flush()
    return batch


def get(session: Session, batch_id: str, actor: Actor) -> Batch:
    """A batch, for whoever made it."""
    row = session.get(Batch, batch_id) if is_id(batch_id) else None
    if row is None or row.made_by != actor.id:
        raise NoSuchThing("there is no such batch")
    return row


def rows_of(session: Session, batch: Batch) -> list[tuple[BatchRow, Clip | None]]:
    rows = session.execute(
        select(BatchRow, Clip)
        .outerjoin(Clip, Clip.id == BatchRow.clip_id)
        .where(BatchRow.batch_id == batch.id)
        .order_by(BatchRow.position)
    )
    return [(row[0], row[1]) for row in rows]


def run(write: Transaction, batch_id: str, actor: Actor) -> None:
    """Do what is still waiting, each row in its own transaction. May be called again."""
    _each(write, batch_id, actor, Outcome.WAITING, _do, _OUTCOMES, Outcome.NOT_ALLOWED)


def undo(write: Transaction, batch_id: str, actor: Actor) -> None:
    """Take back what was done, where the clip did not go on meanwhile."""
    with write() as session:
        if get(session, batch_id, actor).undo_until <= clock.now(session):
            raise WrongState("the ten minutes are over")
    _each(write, batch_id, actor, Outcome.DONE, _undo, {}, Outcome.NOT_UNDONE)


def _each(
    write: Transaction,
    batch_id: str,
    actor: Actor,
    wanted: Outcome,
    work: Callable[[Session, Batch, BatchRow, Actor], Outcome],
    outcomes: dict[str, Outcome],
    otherwise: Outcome,
) -> None:
    with write() as session:
        mine = BatchRow.batch_id == get(session, batch_id, actor).id
        query = select(BatchRow.position).where(mine, BatchRow.outcome == wanted)
        positions = list(session.scalars(query.order_by(BatchRow.position)))
    for position in positions:
        try:
            with write() as session:
                row = _lock(session, batch_id, position)
                if row.outcome == wanted:
                    row.outcome = work(session, session.get_one(Batch, batch_id), row, actor)
        except ReviewError as error:
            with write() as session:
                row = _lock(session, batch_id, position)
                if row.outcome == wanted:
                    row.outcome = outcomes.get(error.code, otherwise)


def _lock(session: Session, batch_id: str, position: int) -> BatchRow:
    return session.get_one(
        BatchRow, (batch_id, position), with_for_update=True, populate_existing=True
    )


def _do(session: Session, batch: Batch, row: BatchRow, actor: Actor) -> Outcome:
    clip = load_visible(session, row.clip_id, actor)
    check_version(session, clip, row.version, actor)
    if batch.kind == Kind.REJECT_DUPLICATES:
        _reject(session, batch, row, clip, actor)
        return Outcome.DONE
    mine = _reviewing(actor, clip)
    if batch.kind == Kind.ASSIGN:
        assert batch.target is not None
        _require_may_decide(actor_of(_reviewer(session, batch.target)), clip)
        row.before = {"assigned_to": clip.assigned_to}
        if batch.target not in (actor.id, clip.assigned_to):
            telling.tell(session, "assigned", clip, Account.id == batch.target)
        clip.assigned_to = batch.target
        _record(session, clip, ASSIGN, actor, mine, {"to": batch.target})
        return Outcome.DONE
    if clip.claimed_by is None or clip.claimed_until is None:
        raise WrongState("nobody has this clip open")
    if mine is not Party.MODERATOR and clip.claimed_by != actor.id:
        raise NotAllowed("a claim is freed by who has it, or by a moderator")
    row.before = {"by": clip.claimed_by, "until": clip.claimed_until.isoformat()}
    _record(session, clip, FREE_CLAIM, actor, mine, {"of": clip.claimed_by})
    clip.claimed_by = clip.claimed_until = None
    return Outcome.DONE


def _reject(session: Session, batch: Batch, row: BatchRow, clip: Clip, actor: Actor) -> None:
    if not is_duplicate(session, actor, clip, batch.target):
        raise NotSame("this clip is no duplicate")
    notes = [NoteInput(None, "duplicate")]
    verdict = Verdict(Action.REJECT, clip.revision, row.version, notes)
    decisions.decide(session, clip.id, actor, verdict, undo_until=batch.undo_until)


def is_duplicate(session: Session, actor: Actor, clip: Clip, of: str | None) -> bool:
    """Whether the clip has the very bytes of one that was there before and still counts; or, with
    ``of``, whether it is that clip again, compressed or cut anew perhaps."""
    for other in lookalikes.told_of(session, actor, clip):
        if other.clip is None or other.state is None or other.state in _GONE:
            continue
        if of is None and other.same_file and not other.later:
            return True
        if other.clip.id == of and (other.same_file or other.score >= SAME):
            return True
    return False


def _reviewing(actor: Actor, clip: Clip) -> Party:
    """As what this person takes part in the clip's review."""
    if clip.state != State.IN_REVIEW:
        raise WrongState("only a clip in review is given to somebody")
    if not reviews(actor, clip):
        raise NotAllowed("only who may review a clip says who does")
    return min(parties(actor, clip) & REVIEWERS, key=list(Party).index)


def _reviewer(session: Session, account_id: str | None) -> Account:
    found = session.get(Account, account_id) if account_id and is_id(account_id) else None
    if found is None or not found.active or found.role not in REVIEWER_ROLES:
        raise InvalidInput(target="Hãy chọn một người duyệt.")
    return found


def _require_may_decide(who: Actor, clip: Clip) -> None:
    mine = parties(who, clip)
    if Party.OWNER in mine or stage_of(clip).party not in mine:
        raise NotAllowed("the clip's stage is not that person's")


def _undo(session: Session, batch: Batch, row: BatchRow, actor: Actor) -> Outcome:
    if batch.kind == Kind.REJECT_DUPLICATES:
        announcing.undo(session, row.clip_id, actor, row.version + 1)
        return Outcome.UNDONE
    clip = load_visible(session, row.clip_id, actor)
    mine, before = _reviewing(actor, clip), row.before or {}
    if batch.kind == Kind.ASSIGN:
        if clip.assigned_to != batch.target:
            raise WrongState("somebody else was asked meanwhile")
        clip.assigned_to = before["assigned_to"]
        _record(session, clip, ASSIGN, actor, mine, {"to": clip.assigned_to, "undo": True})
        return Outcome.UNDONE
    until = datetime.fromisoformat(before["until"])
    if clip.claimed_by is not None or until <= clock.now(session):
        raise WrongState("the claim has ended, or is another person's now")
    clip.claimed_by, clip.claimed_until = before["by"], until
    _record(session, clip, FREE_CLAIM, actor, mine, {"of": before["by"], "undo": True})
    return Outcome.UNDONE


def _record(
    session: Session, clip: Clip, action: str, actor: Actor, party: Party, detail: dict[str, Any]
) -> None:
    """No move, so no new version: what a reviewer saw of the clip still holds."""
    session.flush()
    audit.append(
        session,
        clip,
        action=action,
        actor_id=actor.id,
        party=party,
        from_state=clip.state,
        detail=detail,
    )


def reviewers(session: Session, actor: Actor) -> list[Account]:
    """Whom this person may ask: a moderator anybody, a reviewer those of the own school."""
    wanted = select(Account).where(Account.active.is_(True), Account.role.in_(REVIEWER_ROLES))
    if actor.role is not Role.MODERATOR:
        mine = Account.school_id == actor.school_id
        wanted = wanted.where(Account.role == Role.REVIEWER, mine)
    return list(session.scalars(wanted.order_by(Account.label, Account.id).limit(200)))
