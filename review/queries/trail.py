"""The audit as a whole, for administrators and moderators: filtered, page by page, and in one go.

Nothing here tells of a hold. Rows that a hold made are left out, and what was done to a held clip
for all to see reads as if it had stood in the review. Numbers, hashes and versions are left out
for everybody: a gap in them would tell of what is left out. While a clip stands in a blind stage,
moderators, who review it, are not told who did anything to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, select
from sqlalchemy.orm import Session

from review import clock
from review.campaigns import OF_A_CAMPAIGN
from review.errors import InvalidInput
from review.lifecycle import HOLD_ACTIONS, without_hold
from review.models import Account, AuditRow, Clip
from review.policy import Actor, Role
from review.queries.paging import MAX_PAGE, Page
from review.queries.visibility import in_blind_stage
from review.states import State
from review.text import clean, is_writable

READERS = (Role.ADMIN, Role.MODERATOR)
BATCH = 1000
_UNTOLD = tuple(str(action) for action in HOLD_ACTIONS)


@dataclass(frozen=True, slots=True)
class Filter:
    """``person``: a user name or an account's id. Days are days in Viet Nam, both included."""

    clip: str = ""
    person: str = ""
    action: str = ""
    from_day: str = ""
    to_day: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One act, as it is told. ``person``: what pages call whoever did it; empty for our own
    programs, for an officer, whose name would tell what it was about, and in a blind stage."""

    at: datetime
    clip_id: str
    action: str
    person: str
    party: str
    from_state: str | None
    to_state: str
    revision: int
    detail: dict[str, Any]


def trail(
    session: Session, actor: Actor, which: Filter, cursor: str | None = None, limit: int = 50
) -> Page[Line]:
    """One page, newest first."""
    if actor.role not in READERS:
        return Page([], None)
    limit = max(1, min(limit, MAX_PAGE))
    before = _place(session, cursor) if cursor else None
    rows = _rows(session, actor, which, before, limit + 1)
    more = len(rows) > limit
    last = rows[limit - 1][0] if more else None
    return Page(_lines(session, actor, rows[:limit]), _cursor(last) if last else None)


def batch(
    session: Session, actor: Actor, which: Filter, before: int | None = None
) -> tuple[list[Line], int | None]:
    """A thousand lines and where the next ones begin, for an export that takes long: each batch
    is a question of its own, since what was read never changes."""
    if actor.role not in READERS:
        return [], None
    rows = _rows(session, actor, which, before, BATCH)
    return _lines(session, actor, rows), rows[-1][0].seq if len(rows) == BATCH else None


def _rows(
    session: Session, actor: Actor, which: Filter, before: int | None, limit: int
) -> list[tuple[AuditRow, Account | None]]:
    query = (
        select(AuditRow, Account)
        .outerjoin(Account, Account.id == AuditRow.actor_id)
        .where(_told_to(actor), *_conditions(session, actor, which))
    )
    if before is not None:
        query = query.where(AuditRow.seq < before)
    found = session.execute(query.order_by(AuditRow.seq.desc()).limit(limit))
    return [(row.AuditRow, row.Account) for row in found]


def _told_to(actor: Actor) -> ColumnElement[bool]:
    """A moderator is told of the clips that a moderator sees, and of campaigns; to an
    administrator, who sees no clip, a held one has the acts of one in review."""
    told: ColumnElement[bool] = AuditRow.action.not_in(_UNTOLD)
    if actor.role == Role.ADMIN:
        return told
    hidden = (State.DRAFT, State.HELD)
    seen = select(Clip.id).where(Clip.id == AuditRow.clip_id, Clip.state.not_in(hidden))
    return and_(told, or_(seen.exists(), AuditRow.action.in_(OF_A_CAMPAIGN)))


def _conditions(session: Session, actor: Actor, which: Filter) -> Iterator[ColumnElement[bool]]:
    """A person and days are looked up first: then each filter is a range of one index, in the
    order of the page, and a busy person's million rows are not sorted."""
    if which.clip:
        yield AuditRow.clip_id == clean(which.clip, limit=40)
    if which.action:
        yield AuditRow.action == which.action
    if which.person:
        name = clean(which.person, limit=80)
        named = or_(Account.username == name.casefold(), Account.id == name)
        # What an officer did for all to see is nobody's here.
        people = select(Account.id).where(named, Account.role != Role.SAFEGUARDING)
        found = session.scalars(people.limit(1)).first()
        yield false() if found is None else AuditRow.actor_id == found
        if actor.role is Role.MODERATOR and found != actor.id:
            blind = select(Clip.id).where(Clip.id == AuditRow.clip_id, in_blind_stage(session))
            yield not_(blind.exists())
    if which.from_day:
        since = AuditRow.at >= _day(which.from_day, "from")
        first = select(AuditRow.seq).where(since).order_by(AuditRow.at, AuditRow.seq)
        yield _bound(session, first, lambda seq: AuditRow.seq >= seq)
    if which.to_day:
        until = AuditRow.at < _day(which.to_day, "to", days=1)
        last = select(AuditRow.seq).where(until).order_by(AuditRow.at.desc(), AuditRow.seq.desc())
        yield _bound(session, last, lambda seq: AuditRow.seq <= seq)


def _bound(
    session: Session, query: Select[int], made: Callable[[int], ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Rows are numbered in the order of their times: the database's clock, under one lock."""
    seq = session.scalars(query.limit(1)).first()
    return false() if seq is None else made(seq)


def _day(text: str, field: str, *, days: int = 0) -> datetime:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=clock.VIETNAM)
        return clock.in_utc(day) + timedelta(days=days)
    except (ValueError, OverflowError):
        raise InvalidInput(**{field: "Ngày chưa đúng, ví dụ 2026-11-20."}) from None


def _lines(
    session: Session, actor: Actor, rows: Sequence[tuple[AuditRow, Account | None]]
) -> list[Line]:
    blind: set[str] = set()
    if actor.role is Role.MODERATOR and rows:
        ids = {row.clip_id for row, _ in rows}
        here = select(Clip.id).where(Clip.id.in_(ids), in_blind_stage(session))
        blind = set(session.scalars(here))
    return [_line(actor, row, who, is_blind=row.clip_id in blind) for row, who in rows]


def _line(actor: Actor, row: AuditRow, account: Account | None, *, is_blind: bool) -> Line:
    told = without_hold(row)
    is_named = account is not None and account.role != Role.SAFEGUARDING
    if is_blind and account is not None and account.id != actor.id:
        is_named = False
    return Line(
        row.at,
        row.clip_id,
        row.action,
        account.label if account is not None and is_named else "",
        told["by"],
        told["from"],
        told["to"],
        row.revision,
        row.detail,
    )


def _cursor(row: AuditRow) -> str:
    """By the hash: a number would count the rows that are left out."""
    return f"{clock.iso(row.at)}~{row.hash[:16]}"


def _place(session: Session, cursor: str) -> int:
    moment, _, mark = cursor.partition("~")
    try:
        at = clock.parsed(moment)
        if not mark or not is_writable(mark):
            raise ValueError(cursor)
    except ValueError:
        raise _wrong_cursor() from None
    query: Select[int] = select(AuditRow.seq).where(
        AuditRow.at == at, AuditRow.hash.startswith(mark, autoescape=True)
    )
    found = session.scalar(query.limit(1))
    if found is None:
        raise _wrong_cursor()
    return found


def _wrong_cursor() -> InvalidInput:
    return InvalidInput(cursor="Con trỏ trang không đúng. Hãy mở lại danh sách.")
