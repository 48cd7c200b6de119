"""What the numbers' page shows: sums over the weeks of a period, of all schools or of one.

What is told by day is read from a few rows a day, wherever it is from; schools and people are
summed over spans of four weeks, and the weeks before the first whole one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from review import clock
from review.models import (
    Account,
    PersonSpan,
    ReasonDay,
    ReviewDay,
    ReviewWeek,
    School,
    SchoolSpan,
    WaitingDay,
    WaitingSpan,
    WaitingWeek,
)
from review.numbers import ALL, COUNTED, EVERYBODY, SPAN, day_of, seconds_of, span_of, week_of
from review.policy import Actor, Role
from review.states import Party

PERIODS = (1, 4, 13, 52)  # weeks
WEEKLY = 13  # from so many weeks on, a week is told as one
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


def numbers(session: Session, actor: Actor, weeks: int) -> Numbers:
    """Of this week and those before it, ``weeks`` together; a reviewer's are the own school's."""
    last = day_of(clock.now(session))
    first = week_of(last) - timedelta(weeks=weeks - 1)
    own = actor.school_id if actor.role is Role.REVIEWER else None
    if actor.role not in READERS or (actor.role is Role.REVIEWER and own is None):
        return Numbers(first, last, Tally(), {}, [], [], [], [])
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    every = 7 if weeks >= WEEKLY else 1
    spans = [days[n : n + every] for n in range(0, len(days), every)]
    of = own or ALL
    by_day = _by_day(session, days, of)
    steps = _steps(session, days, of)
    return Numbers(
        first,
        last,
        _sum(by_day.values()),
        {p: _waited(steps.party[p]) for p in (str(Party.REVIEWER), str(Party.MODERATOR))},
        [
            (span[0], _sum(by_day[d] for d in span), _waited(_joined(steps.day[d] for d in span)))
            for span in spans
        ],
        [] if own else _schools(session, first, last),
        _people(session, first, last, own),
        _reasons(session, days, of),
    )


def _sums(model: type[ReviewDay | ReviewWeek | SchoolSpan | PersonSpan]) -> list[Any]:
    return [func.sum(column) for column in (model.decided, model.agreed, model.differed)]


def _by_day(session: Session, days: Sequence[date], of: str) -> dict[date, Tally]:
    found: defaultdict[date, Tally] = defaultdict(Tally)
    rows = session.execute(
        select(ReviewDay.day, ReviewDay.action, *_sums(ReviewDay))
        .where(ReviewDay.day.in_(days), ReviewDay.school_id == of)
        .group_by(ReviewDay.day, ReviewDay.action)
    )
    for day, action, *figures in rows:
        _add(found[day], action, *map(int, figures))
    return found


def _add(tally: Tally, action: str, decided: int, agreed: int = 0, differed: int = 0) -> None:
    tally.by_action[action] += decided
    tally.agreed += agreed
    tally.differed += differed


@dataclass(slots=True)
class _Steps:
    """Step -> decisions, for each party and day."""

    party: defaultdict[str, dict[int, int]]
    day: defaultdict[date, dict[int, int]]


def _steps(session: Session, days: Sequence[date], of: str) -> _Steps:
    found = _Steps(defaultdict(dict), defaultdict(dict))
    rows = session.execute(
        select(WaitingDay.day, WaitingDay.party, WaitingDay.step, WaitingDay.decided).where(
            WaitingDay.day.in_(days), WaitingDay.school_id == of
        )
    )
    for day, party, step, decided in rows:
        for steps in (found.party[party], found.day[day]):
            steps[step] = steps.get(step, 0) + decided
    return found


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


def _parts(first: date, last: date) -> tuple[list[date], tuple[date, date]]:
    """A period as whole spans, the first to the last, and the weeks before them: between two
    Mondays, or none where the first is later."""
    begins = span_of(first)
    if begins < first:
        begins += SPAN
    spans = [begins + n * SPAN for n in range((last - begins) // SPAN + 1)]
    return spans, (first, min(begins - timedelta(days=1), last))


def _schools(session: Session, first: date, last: date) -> list[tuple[str, Tally, Waited]]:
    """By name."""
    spans, weeks = _parts(first, last)
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    sums = union_all(
        select(SchoolSpan.school_id, SchoolSpan.action, *_sums(SchoolSpan))
        .where(SchoolSpan.begins.in_(spans))
        .group_by(SchoolSpan.school_id, SchoolSpan.action),
        select(ReviewWeek.school_id, ReviewWeek.action, *_sums(ReviewWeek))
        .where(ReviewWeek.week.between(*weeks), ReviewWeek.actor_id == EVERYBODY)
        .group_by(ReviewWeek.school_id, ReviewWeek.action),
    )
    for school_id, action, *figures in session.execute(sums):
        _add(tallies[school_id], action, *map(int, figures))
    steps: defaultdict[str, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    waits = union_all(
        select(WaitingSpan.school_id, WaitingSpan.step, func.sum(WaitingSpan.decided))
        .where(WaitingSpan.begins.in_(spans))
        .group_by(WaitingSpan.school_id, WaitingSpan.step),
        select(WaitingWeek.school_id, WaitingWeek.step, func.sum(WaitingWeek.decided))
        .where(WaitingWeek.week.between(*weeks))
        .group_by(WaitingWeek.school_id, WaitingWeek.step),
    )
    for school_id, step, decided in session.execute(waits):
        steps[school_id][step] += int(decided)
    named = session.execute(select(School.id, School.name).where(School.id.in_(list(tallies))))
    names = {row.id: row.name for row in named}
    ids = sorted(tallies, key=lambda i: (names.get(i, ""), i))
    return [(names.get(i, ""), tallies[i], _waited(steps[i])) for i in ids]


def _people(
    session: Session, first: date, last: date, own: str | None
) -> list[tuple[str, str, Tally]]:
    spans, weeks = _parts(first, last)
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    wanted = [ReviewWeek.week.between(*weeks), ReviewWeek.actor_id != EVERYBODY]
    if own is not None:
        wanted.append(ReviewWeek.school_id == own)
    sums = union_all(
        select(PersonSpan.actor_id, PersonSpan.action, *_sums(PersonSpan))
        .where(PersonSpan.begins.in_(spans), PersonSpan.school_id == (own or ALL))
        .group_by(PersonSpan.actor_id, PersonSpan.action),
        select(ReviewWeek.actor_id, ReviewWeek.action, *_sums(ReviewWeek))
        .where(*wanted)
        .group_by(ReviewWeek.actor_id, ReviewWeek.action),
    )
    for actor_id, action, *figures in session.execute(sums):
        _add(tallies[actor_id], action, *map(int, figures))
    people = session.execute(
        select(Account.id, Account.label, Account.school_id, School.name)
        .outerjoin(School, School.id == Account.school_id)
        .where(Account.id.in_(list(tallies)))
        .order_by(Account.label, Account.id)
    )
    # A school sees its own people; those of the office are one line without names.
    shown = [row for row in people if own is None or row.school_id == own]
    known = [(row.label, row.name or "", tallies[row.id]) for row in shown]
    ids = {row.id for row in shown}
    others = [tally for i, tally in tallies.items() if i not in ids]
    return [*known, ("", "", _sum(others))] if others else known


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        for action, decided in tally.by_action.items():
            _add(total, action, decided)
        total.agreed += tally.agreed
        total.differed += tally.differed
    return total


def _reasons(session: Session, days: Sequence[date], of: str) -> list[tuple[str, int]]:
    """(code, how often), the most frequent first."""
    given = func.sum(ReasonDay.given)
    rows = session.execute(
        select(ReasonDay.code, given)
        .where(ReasonDay.day.in_(days), ReasonDay.school_id == of)
        .group_by(ReasonDay.code)
        .order_by(given.desc(), ReasonDay.code)
    )
    return [(code, int(number)) for code, number in rows]
