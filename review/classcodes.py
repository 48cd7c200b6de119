"""Class codes: how pupils come in without an account, how many, until when, and for whom to see."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from review import clock
from review.clock import VIETNAM
from review.consent import Scope, narrowest
from review.errors import (
    ClassClipsFull,
    ClassCodeEnded,
    ClassCodeFull,
    ClassCodeStopped,
    InvalidInput,
    NoSuchThing,
    NotAllowed,
    WrongClassCode,
)
from review.models import Account, Clip, LoginSession, SchoolClass
from review.policy import Actor, Role
from review.text import Sentence

# Read aloud and typed on a phone: no 0/O, 1/I/L, 5/S, 2/Z, 8/B, U/V.
LETTERS = "3467ACDEFGHJKMNPQRTWXY"
LENGTH = 8
TERM = timedelta(days=90)  # a code lives so long, or to the end of the school year
LONGEST = timedelta(days=400)
MAX_PUPILS, MAX_CLIPS = 500, 5000
MANAGERS = frozenset({Role.TEACHER, Role.ADMIN})


class CodeState(StrEnum):
    """Whether the code lets a pupil in."""

    OPEN = "open"
    STOPPED = "stopped"
    ENDED = "ended"
    FULL = "full"


_REFUSALS: dict[CodeState, type[WrongClassCode]] = {
    CodeState.STOPPED: ClassCodeStopped,
    CodeState.ENDED: ClassCodeEnded,
    CodeState.FULL: ClassCodeFull,
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a teacher decides about the code. ``ends_on``: its last day, in Viet Nam."""

    ends_on: date
    scope: Scope
    pupils: int | None = None
    clips: int | None = None


def new_code() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def typed(text: str) -> str:
    """A code or a private link as it is kept, however it was typed."""
    return "".join(c for c in text.upper() if c.isalnum())


def end_of(day: date) -> datetime:
    """The last second of a day in Viet Nam."""
    return datetime.combine(day, time(23, 59, 59), VIETNAM).astimezone(UTC)


def last_day(ends_at: datetime) -> date:
    return ends_at.astimezone(VIETNAM).date()


def default_end(now: datetime) -> datetime:
    """The end of the school year (31 May), never sooner than in 90 days."""
    today = now.astimezone(VIETNAM).date()
    summer = date(today.year + (today.month >= 8), 5, 31)
    return end_of(max(summer, today + TERM))


def state(group: SchoolClass, now: datetime) -> CodeState:
    if group.code_stopped_at is not None:
        return CodeState.STOPPED
    if group.code_ends_at is not None and group.code_ends_at <= now:
        return CodeState.ENDED
    if group.code_pupils_limit is not None and group.code_joined >= group.code_pupils_limit:
        return CodeState.FULL
    return CodeState.OPEN


def join_class(session: Session, code: str) -> Account:
    """A new pupil's account, without any name, for whoever has the class code.

    The class's row is locked: the last place is given once. Raises :class:`WrongClassCode` or one
    of its kinds.
    """
    group = session.scalar(
        select(SchoolClass)
        .where(SchoolClass.code == typed(code))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if group is None:
        raise WrongClassCode("there is no such class code")
    now = clock.now(session)
    found = state(group, now)
    if found in _REFUSALS:
        raise _REFUSALS[found](f"the class code is {found}")
    group.code_joined += 1
    account = Account(
        role=Role.PUPIL,
        label=f"Học sinh {group.name[:1].lower()}{group.name[1:]}",
        school_id=group.school_id,
        class_id=group.id,
        created_at=now,
    )
    session.add(account)
    session.flush()
    return account


def renew_class_code(session: Session, class_id: str, *, put_out: bool = False) -> SchoolClass:
    """The old code ends at once, and the counts begin anew. Pupils who are in stay in, unless they
    are ``put_out``: then they need the new code, and follow their clips by the private links."""
    row = _locked(session, class_id)
    now = clock.now(session)
    row.code, row.code_since, row.code_stopped_at, row.code_joined = new_code(), now, None, 0
    row.code_ends_at = default_end(now)
    if put_out:
        put_pupils_out(session, class_id)
    session.flush()
    return row


def put_pupils_out(session: Session, class_id: str) -> None:
    pupils = select(Account.id).where(Account.class_id == class_id, Account.role == Role.PUPIL)
    session.execute(
        delete(LoginSession).where(
            LoginSession.account_id.in_(pupils), LoginSession.link_id.is_(None)
        )
    )


def set_terms(session: Session, class_id: str, terms: Terms) -> SchoolClass:
    """Change the end, the limits and the scope; raises :class:`InvalidInput`. A limit below what
    came in already lets nobody more in and takes nothing away."""
    row = _locked(session, class_id)
    errors: dict[str, str] = {}
    now = clock.now(session)
    today = now.astimezone(VIETNAM).date()
    if terms.ends_on < today:
        errors["ends_on"] = "Ngày hết hạn đã qua. Muốn dừng mã ngay, hãy bấm «Dừng mã»."
    elif terms.ends_on > today + LONGEST:
        errors["ends_on"] = Sentence("Nhiều nhất {count} ngày kể từ hôm nay.", count=LONGEST.days)
    for field, value, most in (
        ("pupils", terms.pupils, MAX_PUPILS),
        ("clips", terms.clips, MAX_CLIPS),
    ):
        if value is not None and not 1 <= value <= most:
            errors[field] = Sentence("Cần là số từ 1 đến {highest}.", highest=most)
    if errors:
        raise InvalidInput(**errors)
    row.code_ends_at, row.code_scope = end_of(terms.ends_on), terms.scope
    row.code_pupils_limit, row.code_clips_limit = terms.pupils, terms.clips
    session.flush()
    return row


def stop(session: Session, class_id: str) -> None:
    """Nobody more comes in; pupils who are in stay in."""
    row = _locked(session, class_id)
    if row.code_stopped_at is None:
        row.code_stopped_at = clock.now(session)
    session.flush()


def resume(session: Session, class_id: str) -> None:
    """The stopped code lets in again, until its end."""
    _locked(session, class_id).code_stopped_at = None
    session.flush()


def _locked(session: Session, class_id: str) -> SchoolClass:
    row = session.get(SchoolClass, class_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NoSuchThing(f"there is no class {class_id}")
    return row


def managed(session: Session, actor: Actor) -> list[SchoolClass]:
    """The classes whose codes this person hands out, by name; an administrator's are all."""
    if actor.role not in MANAGERS:
        return []
    query = select(SchoolClass).order_by(SchoolClass.name, SchoolClass.id)
    if actor.role == Role.TEACHER:
        query = query.where(SchoolClass.school_id == actor.school_id)
        if actor.class_id is not None:
            query = query.where(SchoolClass.id == actor.class_id)
    return list(session.scalars(query))


def manage(session: Session, actor: Actor, class_id: str) -> SchoolClass:
    """The class, if its code is this person's to hand out: a foreign one does not exist."""
    if actor.role not in MANAGERS:
        raise NotAllowed(f"a {actor.role} hands out no class codes")
    row = session.get(SchoolClass, class_id)
    if row is not None and actor.role == Role.TEACHER:
        mine = row.school_id == actor.school_id and actor.class_id in (None, row.id)
        row = row if mine else None
    if row is None:
        raise NoSuchThing(f"there is no class {class_id}")
    return row


def handed_in(session: Session, group: SchoolClass) -> int:
    """How many clips pupils have begun or sent since the code is the class's."""
    return int(
        session.scalar(
            select(func.count())
            .select_from(Clip)
            .join(Account, Account.id == Clip.owner_id)
            .where(
                Clip.class_id == group.id,
                Clip.created_at >= (group.code_since or group.created_at),
                Account.role == Role.PUPIL,
            )
        )
        or 0
    )


def take_place(session: Session, owner: Account) -> None:
    """Before a pupil's draft is made: raises :class:`ClassClipsFull` when the class has no more.

    The class's row is locked until the commit: the last place is given once. A draft holds its
    place, so that nothing is refused after it was sent; deleting the draft gives it back.
    """
    if owner.role != Role.PUPIL or owner.class_id is None:
        return
    group = _locked(session, owner.class_id)
    if group.code_clips_limit is not None and handed_in(session, group) >= group.code_clips_limit:
        raise ClassClipsFull("the class has handed in as many clips as it may")


def widest(session: Session, role: str, class_id: str | None) -> Scope:
    """The widest scope of a clip handed in by this role of this class."""
    group = session.get(SchoolClass, class_id) if role == Role.PUPIL and class_id else None
    return Scope(group.code_scope) if group is not None else Scope.PUBLIC


def narrowed(session: Session, owner: Account, scope: Scope) -> Scope:
    """``scope``, no wider than the class code of a pupil allows."""
    return narrowest([scope, widest(session, owner.role, owner.class_id)])
