"""What the numbers' page shows: sums over the days of a period, of all schools or of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from review import clock
from review.models import Account, ReasonDay, ReviewDay, School, WaitingDay
from review.numbers import COUNTED, day_of, seconds_of
from review.policy import Actor, Role
from review.states import Party

PERIODS = (7, 30, 90, 364)  # days
WEEKLY = 91  # from so many days on, a week is told as one
READERS = frozenset({Role.REVIEWER, Role.MODERATOR, Role.ADMIN})


@dataclass(slots=True)
class Tally:
    """Decisions, by what they were; how later stages saw the approvals among them."""

    by_action: dict[str, int] = field(default_factory=lambda: dict.fromkeys(map(str, COUNTED), 0))
    agreed: int = 0
    differed: int = 0

    @property
    def decided(self) -> int:
        return sum(self.by_action.values())

    @property
    def agreement(self) -> float | None:
        """0 to 1; None where nothing was compared."""
        compared = self.agreed + self.differed
        return self.agreed / compared if compared else None


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds that clips had waited for ``decided`` decisions: half of them less than ``median``,
    nine tenths less than ``long``. None where nothing was decided."""

    decided: int
    median: float | None
    long: float | None


@dataclass(frozen=True, slots=True)
class Numbers:
    """``days``: each day of the period, or each week, by its first day. ``schools``: by name.

    ``people``: label, school's name ("": of the office). A label that is "" stands for all the
    others, where a school looks.
    """

    first: date
    last: date
    total: Tally
    waited: Mapping[str, Waited]  # party -> how long it let clips wait
    days: list[tuple[date, Tally, Waited]]
    schools: list[tuple[str, Tally, Waited]]
    people: list[tuple[str, str, Tally]]
    reasons: list[tuple[str, int]]


def numbers(session: Session, actor: Actor, days: int) -> Numbers:
    """Of the last ``days`` days, today included; a reviewer's are the own school's."""
    last = day_of(clock.now(session))
    first = last - timedelta(days=days - 1)
    own = actor.school_id if actor.role is Role.REVIEWER else None
    if actor.role not in READERS or (actor.role is Role.REVIEWER and own is None):
        return Numbers(first, last, Tally(), {}, [], [], [], [])
    total, by_day, by_school, by_person = _tallies(session, first, last, own)
    steps = _steps(session, first, last, own)
    every = 7 if days >= WEEKLY else 1
    spans = [[first + timedelta(days=n + k) for k in range(every)] for n in range(0, days, every)]
    names = _school_names(session, by_school)
    return Numbers(
        first,
        last,
        total,
        {p: _waited(steps.party[p]) for p in (str(Party.REVIEWER), str(Party.MODERATOR))},
        [
            (span[0], _sum(by_day[d] for d in span), _waited(_joined(steps.day[d] for d in span)))
            for span in spans
        ],
        [] if own else _schools(by_school, steps.school, names),
        _people(session, by_person, own),
        _reasons(session, first, last, own),
    )


_Tallies = tuple[Tally, dict[date, Tally], dict[str, Tally], dict[str, Tally]]


def _tallies(session: Session, first: date, last: date, own: str | None) -> _Tallies:
    total = Tally()
    by_day: defaultdict[date, Tally] = defaultdict(Tally)
    by_school: defaultdict[str, Tally] = defaultdict(Tally)
    by_person: defaultdict[str, Tally] = defaultdict(Tally)
    sums = [func.sum(c) for c in (ReviewDay.decided, ReviewDay.agreed, ReviewDay.differed)]
    # Three groupings of few rows each, instead of every row of the period here.
    groupings: tuple[tuple[Any, Any], ...] = (
        (ReviewDay.day, by_day),
        (ReviewDay.school_id, by_school),
        (ReviewDay.actor_id, by_person),
    )
    for key, tallies in groupings:
        rows = session.execute(
            select(key, ReviewDay.action, *sums)
            .where(_within(ReviewDay, first, last, own))
            .group_by(key, ReviewDay.action)
        )
        for value, action, *figures in rows:
            _add(tallies[value], action, *map(int, figures))
            if tallies is by_day:
                _add(total, action, *map(int, figures))
    return total, by_day, by_school, by_person


def _add(tally: Tally, action: str, decided: int, agreed: int = 0, differed: int = 0) -> None:
    tally.by_action[action] += decided
    tally.agreed += agreed
    tally.differed += differed


@dataclass(slots=True)
class _Steps:
    """Step -> decisions, for each party, day and school."""

    party: defaultdict[str, dict[int, int]]
    day: defaultdict[date, dict[int, int]]
    school: defaultdict[str, dict[int, int]]


def _steps(session: Session, first: date, last: date, own: str | None) -> _Steps:
    found = _Steps(defaultdict(dict), defaultdict(dict), defaultdict(dict))
    kinds: tuple[tuple[Any, Any], ...] = (
        (WaitingDay.party, found.party),
        (WaitingDay.day, found.day),
        (WaitingDay.school_id, found.school),
    )
    for key, into in kinds:
        rows = session.execute(
            select(key, WaitingDay.step, func.sum(WaitingDay.decided))
            .where(_within(WaitingDay, first, last, own))
            .group_by(key, WaitingDay.step)
        )
        for value, step, decided in rows:
            into[value][step] = int(decided)
    return found


def _within(
    model: type[ReviewDay | WaitingDay | ReasonDay], first: date, last: date, own: str | None
) -> ColumnElement[bool]:
    period = model.day.between(first, last)
    return period if own is None else and_(period, model.school_id == own)


def _waited(steps: Mapping[int, int]) -> Waited:
    decided = sum(steps.values())
    return Waited(decided, _share(steps, 0.5 * decided), _share(steps, 0.9 * decided))


def _joined(several: Iterable[Mapping[int, int]]) -> dict[int, int]:
    total: defaultdict[int, int] = defaultdict(int)
    for steps in several:
        for step, decided in steps.items():
            total[step] += decided
    return total


def _share(steps: Mapping[int, int], wanted: float) -> float | None:
    """The step in which the ``wanted``-th lies."""
    seen = 0
    for step in sorted(steps):
        seen += steps[step]
        if seen >= wanted:
            return seconds_of(step)
    return None


def _school_names(session: Session, ids: Iterable[str]) -> dict[str, str]:
    rows = session.execute(select(School.id, School.name).where(School.id.in_(list(ids))))
    return {row.id: row.name for row in rows}


def _schools(
    tallies: Mapping[str, Tally], steps: Mapping[str, dict[int, int]], names: Mapping[str, str]
) -> list[tuple[str, Tally, Waited]]:
    ids = sorted(tallies, key=lambda i: (names.get(i, ""), i))
    return [(names.get(i, ""), tallies[i], _waited(steps.get(i, {}))) for i in ids]


def _people(
    session: Session, by_person: Mapping[str, Tally], own: str | None
) -> list[tuple[str, str, Tally]]:
    rows = session.execute(
        select(Account.id, Account.label, Account.school_id, School.name)
        .outerjoin(School, School.id == Account.school_id)
        .where(Account.id.in_(list(by_person)))
        .order_by(Account.label, Account.id)
    )
    # A school sees its own people; those of the office are one line without names.
    shown = [row for row in rows if own is None or row.school_id == own]
    known = [(row.label, row.name or "", by_person[row.id]) for row in shown]
    ids = {row.id for row in shown}
    others = [tally for i, tally in by_person.items() if i not in ids]
    return [*known, ("", "", _sum(others))] if others else known


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        for action, decided in tally.by_action.items():
            _add(total, action, decided)
        total.agreed += tally.agreed
        total.differed += tally.differed
    return total


def _reasons(session: Session, first: date, last: date, own: str | None) -> list[tuple[str, int]]:
    """(code, how often), the most frequent first."""
    given = func.sum(ReasonDay.given)
    rows = session.execute(
        select(ReasonDay.code, given)
        .where(_within(ReasonDay, first, last, own))
        .group_by(ReasonDay.code)
        .order_by(given.desc(), ReasonDay.code)
    )
    return [(code, int(number)) for code, number in rows]
