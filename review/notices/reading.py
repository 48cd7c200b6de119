"""The list of notices of one person, and what is unread."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from review import clock
from review.errors import NoSuchThing
from review.keys import is_id
from review.models import Account, Clip, Job, Notice
from review.notices.kinds import CASES, MAIL_ONLY
from review.policy import Actor, Role
from review.queries.paging import Page, paged
from review.states import State

UNREAD_CAP = 100
KEPT = timedelta(days=180)


def _shown(account_id: str | None, role: str) -> ColumnElement[bool]:
    """What there is for this person now. Notices of a held clip are gone with the clip for all
    but its owner; a case's for all but its officer, and for the officer once it is closed."""
    held = and_(Clip.state == State.HELD, Clip.owner_id != account_id)
    is_case = Notice.kind.in_(CASES)
    plain = and_(~is_case, Notice.kind.not_in(MAIL_ONLY), or_(Clip.id.is_(None), ~held))
    mine = Notice.account_id == account_id
    if role == Role.SAFEGUARDING:
        return and_(mine, or_(plain, and_(is_case, Clip.case_open)))
    return and_(mine, plain)


def _mine(actor: Actor) -> Select[Notice]:
    joined = select(Notice).outerjoin(Clip, Clip.id == Notice.clip_id)
    return joined.where(_shown(actor.id, actor.role))


def inbox(
    session: Session, actor: Actor, cursor: str | None = None, limit: int = 30
) -> Page[Notice]:
    """This person's notices, newest first."""
    return paged(
        session,
        _mine(actor),
        Notice.at,
        Notice.id,
        cursor,
        limit,
        newest_first=True,
        key_of=lambda n: (n.at, n.id),
    )


def unread_count(session: Session, actor: Actor) -> int:
    """How many are unread, counted up to 100."""
    unread = _mine(actor).where(Notice.read_at.is_(None)).with_only_columns(Notice.id)
    rows = unread.limit(UNREAD_CAP).subquery()
    return session.scalar(select(func.count()).select_from(rows)) or 0


def get(session: Session, actor: Actor, notice_id: str) -> Notice:
    """Raises :class:`NoSuchThing` for another's, and for one that is not shown now."""
    one = _mine(actor).where(Notice.id == notice_id)
    found = session.scalar(one) if is_id(notice_id) else None
    if found is None:
        raise NoSuchThing(f"there is no notice {notice_id!r}")
    return found


def mark_read(session: Session, actor: Actor, notice_id: str | None = None) -> None:
    """One notice, or all of them; reading twice changes nothing."""
    which = [Notice.account_id == actor.id, Notice.read_at.is_(None)]
    if notice_id is not None:
        which.append(Notice.id == notice_id)
    session.execute(
        update(Notice)
        .where(*which)
        .values(read_at=clock.now(session))
        .execution_options(synchronize_session=False)
    )


def is_shown(session: Session, notice: Notice, account: Account) -> bool:
    """Whether the notice stands in this person's list now."""
    joined = select(Notice.id).outerjoin(Clip, Clip.id == Notice.clip_id)
    mine = _shown(account.id, account.role)
    if notice.kind in MAIL_ONLY:
        return notice.account_id == account.id
    return session.scalar(joined.where(Notice.id == notice.id, mine)) is not None


def forget_old(session: Session, limit: int = 500) -> int:
    """Drop notices of last term with their mail; how many."""
    before = clock.now(session) - KEPT
    old = select(Notice.id).where(Notice.at < before).order_by(Notice.at).limit(limit)
    ids = list(session.scalars(old))
    if ids:
        session.execute(delete(Job).where(Job.notice_id.in_(ids)))
        session.execute(delete(Notice).where(Notice.id.in_(ids)))
    return len(ids)
