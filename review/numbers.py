"""Counting decisions as they are made: in their transaction, so that no number is ever late. What
was undone before anybody was told is counted no more.

A hold leaves no trace: escalating, releasing and the officer's own decisions are not counted, and
what was counted before a hold stays as it was.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from review import approvals
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
from review.undone import taken_back
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
    _of_all(session, day, school, party, decision.action, decided=by)
    _of_one(session, day, school, decision.actor_id, decision.action, decided=by)
    for of in (ALL, school):
        where = {"day": day, "school_id": of}
        _add(session, WaitingDay, {**where, "party": party, "step": step}, decided=by)
        for code in sorted(set(codes)):
            _add(session, ReasonDay, {**where, "code": code}, given=by)
    here = {"school_id": school, "step": step}
    _add(session, WaitingWeek, {"week": week_of(day), **here}, decided=by)
    _add(session, WaitingSpan, {"begins": span_of(day), **here}, decided=by)
    _compare(session, decision, school, by)


def _of_all(
    session: Session, day: date, school: str, party: Party, action: str, **more: int
) -> None:
    for of in (ALL, school):
        key = {"day": day, "school_id": of, "party": party, "action": action}
        _add(session, ReviewDay, key, **more)
    here = {"school_id": school, "action": action}
    _add(session, ReviewWeek, {"week": week_of(day), "actor_id": EVERYBODY, **here}, **more)
    _add(session, SchoolSpan, {"begins": span_of(day), **here}, **more)


def _of_one(
    session: Session, day: date, school: str, actor_id: str, action: str, **more: int
) -> None:
    who = {"actor_id": actor_id, "action": action}
    _add(session, ReviewWeek, {"week": week_of(day), "school_id": school, **who}, **more)
    for of in (ALL, school):
        _add(session, PersonSpan, {"begins": span_of(day), "school_id": of, **who}, **more)


def _since(session: Session, clip: Clip, decision: Decision) -> datetime:
    """From when on the clip waited for this decision: it was sent, or approved for this stage."""
    sent = clip.submitted_at or clip.created_at
    came = session.scalar(
        select(func.max(Decision.at)).where(*_approved_before(decision), Decision.at >= sent)
    )
    return came or sent


def _approved_before(decision: Decision) -> list[ColumnElement[bool]]:
    return approvals.before(decision.clip_id, decision.revision, decision.stage)


def _compare(session: Session, decision: Decision, school: str, by: int) -> None:
    """Whether later stages decide as those did who approved before: one word on a clip's revision,
    however many decide; and one for each who approved."""
    rows = _with_party(session, *_approved_before(decision))
    if not rows:
        return
    first, party = rows[0]
    others = _decided_after(session, decision, first.stage)
    for day, more in _changes(decision, others, first.stage, by):
        _of_all(session, day, school, party, Action.APPROVE, **more)
    stages: dict[str, int] = {}
    for row, _ in rows:
        stages.setdefault(row.actor_id, row.stage)
    for actor_id, stage in sorted(stages.items()):
        for day, more in _changes(decision, others, stage, by):
            _of_one(session, day, school, actor_id, Action.APPROVE, **more)


def _with_party(session: Session, *which: Any) -> list[tuple[Decision, Party]]:
    """Decisions that are counted, the first stage's first."""
    rows = session.execute(
        select(Decision, Account.role)
        .join(Account, Account.id == Decision.actor_id)
        .where(*which)
        .order_by(Decision.stage, Decision.at, Decision.id)
    )
    found = [(row.Decision, _PARTY.get(Role(row.role))) for row in rows]
    return [(row, party) for row, party in found if party is not None]


def _decided_after(session: Session, decision: Decision, stage: int) -> list[Decision]:
    """The other decisions on this revision after that stage, but for what was taken back."""
    rows = _with_party(
        session,
        Decision.clip_id == decision.clip_id,
        Decision.revision == decision.revision,
        Decision.stage > stage,
        Decision.action.in_(COUNTED),
        Decision.id != decision.id,
    )
    gone = taken_back(session, decision.clip_id) if rows else ()
    return [row for row, _ in rows if row.id not in gone]


def _changes(
    decision: Decision, others: Sequence[Decision], stage: int, by: int
) -> Iterator[tuple[date, dict[str, int]]]:
    """What the decision changes in the word of the stages after this one, and on which days."""
    others = [row for row in others if row.stage > stage]
    without, with_it = _word(others), _word([*others, decision])
    if without != with_it:
        for word, count in ((without, -by), (with_it, by)):
            if word is not None:
                day, agrees = word
                yield day, {"agreed": count * agrees, "differed": count * (not agrees)}


def _word(decisions: Sequence[Decision]) -> tuple[date, bool] | None:
    """When it was given, and whether it agrees: only if all do."""
    differing = [row for row in decisions if row.action != Action.APPROVE]
    said = min((row.at for row in differing or decisions), default=None)
    return None if said is None else (day_of(said), not differing)


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
