"""Once a day: what waits for a reviewer, and the news of those who want one mail a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from review import clock
from review.accounts import actor_of
from review.models import Account, Notice
from review.notices.kinds import CASES
from review.notices.telling import write
from review.policy import PEOPLE, Role
from review.queries.queue import waiting_count

_STAFF = tuple(role for role in PEOPLE if role is not Role.PUPIL)
_DAY = timedelta(days=1)


def send_due(session: Session, hour: int, limit: int = 50) -> int:
    """Write the digests that are due today from ``hour`` (0 to 23, in Viet Nam) on; how many
    people were looked at. Two schedulers at once write each person's once."""
    now = clock.now(session)
    local = now.astimezone(clock.VIETNAM)
    if local.hour < hour:
        return 0
    today = local.date().isoformat()
    is_due = or_(Account.digest_day.is_(None), Account.digest_day < today)
    due = select(Account).where(Account.role.in_(_STAFF), Account.active, is_due)
    looked_at = 0
    for account in session.scalars(due.order_by(Account.id).limit(limit)).all():
        looked_at += 1
        taken = session.execute(
            update(Account)
            .where(Account.id == account.id, is_due)
            .values(digest_day=today)
            .execution_options(synchronize_session=False)
        )
        if taken.rowcount == 1:  # type: ignore[attr-defined]
            _write_one(session, account, now)
    return looked_at


def _write_one(session: Session, account: Account, now: datetime) -> None:
    waiting = waiting_count(session, actor_of(account))
    if waiting:
        write(session, "digest", [account], count=waiting)
    if account.mail == "daily" and account.email is not None and _has_news(session, account, now):
        write(session, "daily", [account])


def _has_news(session: Session, account: Account, now: datetime) -> bool:
    """Whether something was told since yesterday that no mail of its own said."""
    news = select(func.count()).where(
        Notice.account_id == account.id,
        Notice.kind.not_in(("digest", "daily", *CASES)),
        Notice.read_at.is_(None),
        Notice.at > now - _DAY,
    )
    return bool(session.scalar(news))
