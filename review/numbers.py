"""Counting decisions as they are made: in their transaction, so that no number is ever late.

A hold leaves no trace: escalating, releasing and the officer's own decisions are not counted, and
what was counted before a hold stays as it was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from review.clock import VIETNAM
from review.models import (
    Account,
    Base,
    Clip,
    Decision,
    ReasonDay,
    ReviewDay,
    ReviewWeek,
    WaitingDay,
    WaitingWeek,
)
from review.policy import Actor, Role
from review.states import Action, Party
from review.upserts import upsert

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
    party = _PARTY.get(actor.role)
    if party is None or decision.action not in COUNTED:
        return
    day, school = day_of(decision.at), clip.school_id or ""
    waited = (decision.at - _since(session, clip, decision)).total_seconds()
    step = step_of(waited)
    _decided(session, day, school, decision.actor_id, party, decision.action, decided=1)
    for of in (ALL, school):
        where = {"day": day, "school_id": of}
        _add(session, WaitingDay, {**where, "party": party, "step": step}, decided=1)
        for code in sorted(set(codes)):
            _add(session, ReasonDay, {**where, "code": code}, given=1)
    week = {"week": week_of(day), "school_id": school, "step": step}
    _add(session, WaitingWeek, week, decided=1)
    _compare(session, decision, day, school)


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


def _compare(session: Session, decision: Decision, day: date, school: str) -> None:
    """Whether this stage decides as those did who approved before: one pair for each of them."""
    query = select(Decision.actor_id, Account.role).join(Account, Account.id == Decision.actor_id)
    rows = session.execute(query.where(*_approved_before(decision)).distinct())
    agrees = decision.action == Action.APPROVE
    for actor_id, role in sorted(tuple(row) for row in rows):
        party = _PARTY.get(Role(role))
        if party is not None:
            more = {"agreed": int(agrees), "differed": int(not agrees)}
            _decided(session, day, school, actor_id, party, Action.APPROVE, **more)


def _add(session: Session, model: type[Base], key: dict[str, Any], **more: int) -> None:
    table = model.__table__
    statement = upsert(session, model).values(**key, **more)
    grown = {name: table.c[name] + number for name, number in more.items()}
    session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=grown))
