"""Counting decisions as they are made: in their transaction, so that no number is ever late. What
was undone before anybody was told is counted no more.

A hold leaves no trace: escalating, releasing and the officer's own decisions are not counted, and
what was counted before a hold stays as it was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from review.clock import VIETNAM
from review.models import (
    Account,
    Base,
    Clip,
    Decision,
    Note,
    PersonSpan,
    ReasonDay,
    ReviewDay,
    ReviewWeek,
    SchoolSpan,
    WaitingDay,
    WaitingSpan,
    WaitingWeek,
)
from review.policy import Actor, Role
from review.states import Action, Party
from review.upserts import upsert

SPAN = timedelta(weeks=4)
_FIRST = date(2018, 1, 1)  # a Monday
ALL = "*"  # instead of a school
EVERYBODY = ""  # instead of a person
COUNTED = (Action.APPROVE, Action.REQUEST_CHANGES, Action.REJECT)
_PARTY = {Role.REVIEWER: Party.REVIEWER, Role.MODERATOR: Party.MODERATOR}
# Waiting times are kept in steps, each 19 % longer than the one before, from a minute on: medians
# of any set of schools and days come from their sums, and are true to a tenth.
SHORTEST_S, STEPS_TO_DOUBLE = 60.0, 4


def day_of(moment: datetime) -> date:
    return moment.astimezone(VIETNAM).date()


def week_of(day: date) -> date:
    """Its Monday."""
    return day - timedelta(days=day.weekday())


def span_of(day: date) -> date:
    """The first of the four weeks that it lies in."""
    return _FIRST + (day - _FIRST) // SPAN * SPAN


def step_of(seconds: float) -> int:
    return max(0, math.floor(STEPS_TO_DOUBLE * math.log2(max(seconds, SHORTEST_S) / SHORTEST_S)))


def seconds_of(step: int) -> float:
    """The middle of a step."""
    return float(SHORTEST_S * 2 ** ((step + 0.5) / STEPS_TO_DOUBLE))


def record(
    session: Session, clip: Clip, actor: Actor, decision: Decision, codes: Sequence[str]
) -> None:
    """Count one decision that was just stored. The caller holds the audit's lock: two never wait
    for each other here."""
    _count(session, clip, actor.role, decision, codes, 1)


def take_back(session: Session, clip: Clip, decision: Decision) -> None:
    """Count a decision no more, with all that :func:`record` counted of it."""
    role = session.get_one(Account, decision.actor_id).role
    codes = session.scalars(select(Note.code).where(Note.decision_id == decision.id)).all()
    _count(session, clip, Role(role), decision, codes, -1)


def _count(
    session: Session, clip: Clip, role: Role, decision: Decision, codes: Sequence[str], by: int
) -> None:
    party = _PARTY.get(role)
    if party is None or decision.action not in COUNTED:
        return
    day, school = day_of(decision.at), clip.school_id or ""
    waited = (decision.at - _since(session, clip, decision)).total_seconds()
    step = step_of(waited)
    _decided(session, day, school, decision.actor_id, party, decision.action, decided=by)
    for of in (ALL, school):
        where = {"day": day, "school_id": of}
        _add(session, WaitingDay, {**where, "party": party, "step": step}, decided=by)
        for code in sorted(set(codes)):
            _add(session, ReasonDay, {**where, "code": code}, given=by)
    here = {"school_id": school, "step": step}
    _add(session, WaitingWeek, {"week": week_of(day), **here}, decided=by)
    _add(session, WaitingSpan, {"begins": span_of(day), **here}, decided=by)
    _compare(session, decision, day, school, by)


def _decided(
    session: Session,
    day: date,
    school: str,
    actor_id: str,
    party: Party,
    action: str,
    **more: int,
) -> None:
    for of in (ALL, school):
        key = {"day": day, "school_id": of, "party": party, "action": action}
        _add(session, ReviewDay, key, **more)
    for who in (EVERYBODY, actor_id):
        key = {"week": week_of(day), "school_id": school, "actor_id": who, "action": action}
        _add(session, ReviewWeek, key, **more)
    span = {"begins": span_of(day), "action": action}
    _add(session, SchoolSpan, {**span, "school_id": school}, **more)
    for of in (ALL, school):
        _add(session, PersonSpan, {**span, "school_id": of, "actor_id": actor_id}, **more)


def _since(session: Session, clip: Clip, decision: Decision) -> datetime:
    """From when on the clip waited for this decision: it was sent, or approved for this stage."""
    sent = clip.submitted_at or clip.created_at
    came = session.scalar(
        select(func.max(Decision.at)).where(*_approved_before(decision), Decision.at >= sent)
    )
    return came or sent


def _approved_before(decision: Decision) -> list[Any]:
    return [
        Decision.clip_id == decision.clip_id,
        Decision.revision == decision.revision,
        Decision.stage < decision.stage,
        Decision.action == Action.APPROVE,
    ]


def _compare(session: Session, decision: Decision, day: date, school: str, by: int) -> None:
    """Whether this stage decides as those did who approved before: one pair for each of them."""
    query = select(Decision.actor_id, Account.role).join(Account, Account.id == Decision.actor_id)
    rows = session.execute(query.where(*_approved_before(decision)).distinct())
    agrees = decision.action == Action.APPROVE
    for actor_id, role in sorted(tuple(row) for row in rows):
        party = _PARTY.get(Role(role))
        if party is not None:
            more = {"agreed": by * agrees, "differed": by * (not agrees)}
            _decided(session, day, school, actor_id, party, Action.APPROVE, **more)


def _add(session: Session, model: type[Base], key: dict[str, Any], **more: int) -> None:
    table = model.__table__
    statement = upsert(session, model).values(**key, **more)
    grown = {name: table.c[name] + number for name, number in more.items()}
    session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=grown))
    if min(more.values()) < 0:
        # A page tells of whatever has a row.
        sums = [column for column in table.c if not column.primary_key]
        here = [table.c[name] == value for name, value in key.items()]
        session.execute(delete(model).where(*here, *(column <= 0 for column in sums)))
