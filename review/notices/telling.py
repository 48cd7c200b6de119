"""From a move to those who are told of it, in the move's own transaction.

A hold tells its officers and nobody else; what a held clip's owner is told is what the owner of a
clip in review would be.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from review import clock, jobs
from review.models import Account, Clip, Notice
from review.notices.kinds import KINDS
from review.policy import Actor, Role
from review.states import Action, State

# What is told as soon as the move is made. An approval is told once it is known whether the clip
# was published at once: see `approved`.
_OF_MOVE = {
    Action.EXAMINED: "ready",
    Action.REFUSE: "refused",
    Action.GIVE_UP: "failed",
    Action.REQUEST_CHANGES: "changes_requested",
    Action.REJECT: "rejected",
    Action.PUBLISH: "published",
    Action.WITHDRAW: "withdrawn",
    Action.SUSPEND: "suspended",
    Action.KEEP: "kept",
    Action.RESTORE: "restored",
}
# What an announcement tells, by the state that was decided long before.
_OF_STATE: dict[str, str] = {
    State.CHANGES_REQUESTED: "changes_requested",
    State.REJECTED: "rejected",
}
# What is not said again of a clip to somebody who has not read it yet: whoever gives clips to and
# fro would fill a colleague's page.
_SAID_ONCE = ("assigned",)
# Whose claim ends by these is told nothing: the clip is held, or was.
_SILENT = (Action.ESCALATE, Action.RELEASE)


def of_move(
    session: Session,
    clip: Clip,
    action: Action,
    actor: Actor,
    *,
    before: str,
    claimed_by: str | None = None,
) -> None:
    """Tell whoever this move concerns; ``claimed_by``: whose claim stood before it."""
    kind = _OF_STATE.get(clip.state) if action is Action.ANNOUNCE else _OF_MOVE.get(action)
    # A voice that ends nothing, and what is not announced yet, is nobody's news.
    is_news = action is Action.ANNOUNCE or clip.state != before
    if kind is not None and is_news and before != State.DRAFT and not clip.unannounced:
        _tell_owner(session, kind, clip, actor)
    if action is Action.ESCALATE:
        _tell_officers(session, "case", clip, actor)
    elif before == State.HELD and clip.case_open:
        _tell_officers(session, "case_changed", clip, actor)
    # Captions are saved while somebody reviews: the claim is still theirs.
    is_over = claimed_by not in (None, actor.id, clip.owner_id, clip.claimed_by)
    if is_over and action not in _SILENT:
        tell(session, "claim_ended", clip, _account(claimed_by))


def approved(session: Session, clip: Clip, actor: Actor) -> None:
    """The last stage is through, and something still keeps the clip from being published."""
    _tell_owner(session, "approved", clip, actor)


def reported(session: Session, clip: Clip) -> None:
    """To those who look at what strangers report."""
    tell(session, "report", clip, Account.role == Role.MODERATOR)


def more_worry(session: Session, clip: Clip) -> None:
    """Another stranger fears for a child in a clip of which there is a case."""
    tell(session, "case_changed", clip, Account.role == Role.SAFEGUARDING)


def _tell_owner(session: Session, kind: str, clip: Clip, actor: Actor) -> None:
    concerned: ColumnElement[bool] = Account.id == clip.owner_id
    if KINDS[kind].for_teacher and clip.class_id is not None:
        teacher = and_(Account.role == Role.TEACHER, Account.class_id == clip.class_id)
        owner = session.get_one(Account, clip.owner_id)
        if owner.role == Role.PUPIL:
            concerned = or_(concerned, teacher)
    tell(session, kind, clip, and_(concerned, Account.id != (actor.id or "")))


def _tell_officers(session: Session, kind: str, clip: Clip, actor: Actor) -> None:
    others = Account.id != (actor.id or "")
    tell(session, kind, clip, and_(Account.role == Role.SAFEGUARDING, others))


def _account(account_id: str | None) -> ColumnElement[bool]:
    return Account.id == account_id


def tell(session: Session, kind: str, clip: Clip, to: ColumnElement[bool]) -> None:
    """One notice for each active account that ``to`` finds, and a mail for those who want one."""
    if kind in _SAID_ONCE:
        said = select(Notice.id).where(
            Notice.account_id == Account.id,
            Notice.clip_id == clip.id,
            Notice.kind == kind,
            Notice.read_at.is_(None),
        )
        to = and_(to, ~said.exists())
    found = session.scalars(select(Account).where(Account.active, to).order_by(Account.id))
    write(session, kind, found.all(), clip_id=clip.id)


def write(
    session: Session,
    kind: str,
    accounts: Iterable[Account],
    *,
    clip_id: str | None = None,
    count: int | None = None,
) -> None:
    now = None
    for account in accounts:
        now = now or clock.now(session)
        notice = Notice(account_id=account.id, kind=kind, clip_id=clip_id, count=count, at=now)
        session.add(notice)
        session.flush()
        if wants_mail(account, kind):
            jobs.enqueue_mail(session, notice.id, confidential=KINDS[kind].case)


def wants_mail(account: Account, kind: str) -> bool:
    """Whether a notice of this kind goes to this person by mail. A digest is one mail a day for
    both who want each notice and who want one mail; an officer's case does not wait for a day."""
    if account.email is None or not account.active or account.mail == "none":
        return False
    return account.mail == "each" or KINDS[kind].case or kind in ("digest", "daily")
