"""How much a person may still send: bytes and clips by account, class and school.

What was withdrawn, deleted or has expired takes no room, nor what was announced and stood still
(:data:`QUIET`). A check holds the gate until its
transaction ends, so that announcements at one moment do not each take the same room.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, and_, case, distinct, func, or_, select
from sqlalchemy.orm import Session

from review import clock
from review.errors import QuotaReached
from review.models import Account, Clip, Revision, School, SchoolClass, Upload, UploadGate
from review.states import State

MB = 1024 * 1024
PARTIAL = "partial"  # Upload.concat of a piece of a file
# What was announced holds room for so long without a byte: long enough for a phone that looks for
# its network, too short to shut out a class. A byte that comes later is asked for its room again.
QUIET = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Limit:
    """``bytes`` and ``clips`` that may be kept; 0: no limit."""

    bytes: int = 0
    clips: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """The installation's; a school or a class may have its own."""

    account: Limit = Limit()
    group: Limit = Limit()
    school: Limit = Limit()


@dataclass(frozen=True, slots=True)
class Room:
    """What is left in the narrowest quota; None: no limit. Never below 0.

    ``by`` is account, class or school: whose bytes end first (without a limit: account)."""

    bytes_left: int | None
    clips_left: int | None
    by: str
    clips_by: str


@dataclass(frozen=True, slots=True)
class _Left:
    by: str
    bytes: int | None
    clips: int | None


def enter(session: Session) -> None:
    """Wait for everybody else who announces an upload; held until the commit."""
    session.execute(select(UploadGate.id).with_for_update())


def room_of(
    session: Session, account: Account, limits: Limits, silent: Collection[str] = ()
) -> Room:
    """What this person may still send; ``silent``: :func:`review.uploads.quiet` without a byte."""
    found = list(_lefts(session, account, limits, silent))
    by_bytes = min((x for x in found if x.bytes is not None), key=_bytes, default=found[0])
    by_clips = min((x for x in found if x.clips is not None), key=_clips, default=found[0])
    return Room(by_bytes.bytes, by_clips.clips, by_bytes.by, by_clips.by)


def _bytes(left: _Left) -> int:
    return left.bytes or 0


def _clips(left: _Left) -> int:
    return left.clips or 0


def check(
    session: Session,
    account: Account,
    limits: Limits,
    length: int,
    clip_id: str | None = None,
    silent: Collection[str] = (),
) -> Room:
    """Raises :class:`QuotaReached` where ``length`` bytes, or one clip more, are too much.

    A new file for a clip that was handed in before is no clip more."""
    room = room_of(session, account, limits, silent)
    if room.bytes_left is not None and length > room.bytes_left:
        raise QuotaReached(room.by, "bytes", room.bytes_left)
    if room.clips_left == 0 and not _is_known(session, clip_id):
        raise QuotaReached(room.clips_by, "clips", 0)
    return room


def _is_known(session: Session, clip_id: str | None) -> bool:
    if clip_id is None:
        return False
    query = select(Revision.id).where(Revision.clip_id == clip_id).limit(1)
    return session.scalar(query) is not None


def _lefts(
    session: Session, account: Account, limits: Limits, silent: Collection[str]
) -> Iterator[_Left]:
    used = _used(session).where(~is_silent(session, silent)) if silent else _used(session)
    yield _left(session, used, "account", Account.id == account.id, limits.account)
    group = session.get(SchoolClass, account.class_id) if account.class_id else None
    if group is not None:
        theirs = Account.class_id == group.id
        yield _left(session, used, "class", theirs, own(group, limits.group))
    school = session.get(School, account.school_id) if account.school_id else None
    if school is not None:
        theirs = Account.school_id == school.id
        yield _left(session, used, "school", theirs, own(school, limits.school))


def is_silent(session: Session, silent: Collection[str]) -> ColumnElement[bool]:
    """Whether an upload still stands still: one whose byte came meanwhile is counted again."""
    return and_(Upload.id.in_(silent), Upload.created_at < clock.now(session) - QUIET)


def _left(
    session: Session, query: Select[int, int], by: str, whose: ColumnElement[bool], limit: Limit
) -> _Left:
    if not limit.bytes and not limit.clips:
        return _Left(by, None, None)
    used, clips = session.execute(query.where(whose)).one()
    return _Left(
        by,
        max(0, limit.bytes - used) if limit.bytes else None,
        max(0, limit.clips - clips) if limit.clips else None,
    )


def used_by(session: Session, kind: str) -> dict[str, Limit]:
    """What each "school" or "class" has taken so far: its id -> bytes and clips."""
    whose = Account.school_id if kind == "school" else Account.class_id
    query = _used(session).add_columns(whose).where(whose.is_not(None)).group_by(whose)
    return {str(row[2]): Limit(row[0], row[1]) for row in session.execute(query)}


def own(row: School | SchoolClass, usual: Limit) -> Limit:
    """What a school or class may take: its own quota, else the usual one."""
    return Limit(
        usual.bytes if row.quota_mb is None else row.quota_mb * MB,
        usual.clips if row.quota_clips is None else row.quota_clips,
    )


def _used(session: Session) -> Select[int, int]:
    """Bytes and clips of uploads, to be narrowed to somebody's."""
    now = clock.now(session)
    lasts = or_(Revision.id.is_not(None), Upload.expires_at > now)
    joined = and_(Upload.completed_at.is_not(None), Upload.key.is_(None))
    # While it is being joined, its pieces are counted.
    joining = and_(Upload.completed_at.is_(None), Upload.concat.is_not(None))
    size = case((and_(joining, Upload.concat != PARTIAL), 0), else_=Upload.length)
    clip = case(
        (Upload.concat == PARTIAL, None),
        else_=func.coalesce(Revision.clip_id, Upload.clip_id, Upload.id),
    )
    return (
        select(func.coalesce(func.sum(size), 0), func.count(distinct(clip)))
        .select_from(Upload)
        .join(Account, Account.id == Upload.account_id)
        .outerjoin(Revision, Revision.upload_id == Upload.id)
        .outerjoin(Clip, Clip.id == Revision.clip_id)
        .where(lasts, ~joined, or_(Clip.id.is_(None), Clip.state != State.WITHDRAWN))
    )
