"""Once a day, from the set hour on, for whom there is something."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from review import clock
from review.models import Account, Job, Notice
from review.notices import digests
from review.policy import Role
from review.states import State
from tests.racing import race
from tests.world import World


def at(monkeypatch: pytest.MonkeyPatch, world: World, hour: int, day: int = 0) -> None:
    """The database's time is this hour of Viet Nam, ``day`` days from today."""
    with world.read() as session:
        today = clock.now(session).astimezone(clock.VIETNAM)
    moment = today.replace(hour=hour, minute=30) + timedelta(days=day)

    def now(_session: object) -> datetime:
        return moment

    monkeypatch.setattr(digests.clock, "now", now)


def send(world: World) -> int:
    with world.write() as session:
        return digests.send_due(session, 7)


def written(world: World, *kinds: str) -> list[tuple[str, str, int | None]]:
    with world.read() as session:
        rows = session.execute(
            select(Account.role, Notice.kind, Notice.count)
            .join(Account, Account.id == Notice.account_id)
            .where(Notice.kind.in_(kinds or ("digest", "daily")))
            .order_by(Notice.id)
        )
        return [tuple(row) for row in rows]


def mails(world: World) -> int:
    with world.read() as session:
        return len(session.scalars(select(Job).where(Job.kind == "mail")).all())


def test_a_reviewer_is_told_once_a_day_what_waits(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = any_world
    world.people[Role.REVIEWER] = world.account(Role.REVIEWER, email="duyet@truong.example.vn")
    world.person(Role.MODERATOR)
    for _ in range(3):
        world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    at(monkeypatch, world, 6)
    send(world)
    assert written(world) == []
    at(monkeypatch, world, 7)
    send(world)
    send(world)
    assert written(world) == [("reviewer", "digest", 3)]  # the moderator has nothing to do
    assert mails(world) == 1
    at(monkeypatch, world, 7, day=1)
    send(world)
    assert written(world) == [("reviewer", "digest", 3)] * 2


def test_two_schedulers_at_once_write_one_digest(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = any_world
    world.person(Role.REVIEWER)
    world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    at(monkeypatch, world, 9)
    race(*[lambda: send(world) for _ in range(4)])
    assert written(world) == [("reviewer", "digest", 1)]


def test_one_mail_a_day_for_whoever_chose_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = world.account(Role.TEACHER, email="co@truong.example.vn")
    world.people[Role.TEACHER] = teacher
    with world.write() as session:
        session.get_one(Account, teacher.id).mail = "daily"
    at(monkeypatch, world, 8)
    send(world)
    assert (written(world), mails(world)) == ([], 0)  # no news, no mail
    world.clip(State.REJECTED)
    assert mails(world) == 0
    at(monkeypatch, world, 8, day=1)
    monkeypatch.setattr(digests, "_DAY", timedelta(days=2))
    send(world)
    assert (written(world), mails(world)) == ([("teacher", "daily", None)], 1)


def test_a_held_clip_is_in_no_digest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.person(Role.REVIEWER)
    world.person(Role.MODERATOR)
    world.clip(State.HELD, owner=world.person(Role.PUPIL))
    at(monkeypatch, world, 9)
    send(world)
    assert written(world) == []
