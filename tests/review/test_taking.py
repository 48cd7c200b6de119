"""Taking the next clip: each goes to one person, and what is put off comes back."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from review import accounts, claims, queries, queueing, taking
from review.models import Clip
from review.policy import Actor, Role
from review.queries import Filters
from review.stages import Stage
from review.states import Action, Party
from tests.racing import race
from tests.world import World


def take(world: World, actor: Actor, after: str | None = None, **asked: str) -> str | None:
    with world.write() as session:
        return taking.take_next(session, actor, after, Filters(**asked))


def test_everybody_who_takes_at_once_gets_another_clip(any_world: World) -> None:
    world = any_world
    clips = [world.clip() for _ in range(12)]
    people = [accounts.actor_of(world.account(Role.REVIEWER)) for _ in range(8)]
    taken = race(*[lambda a=a: take(world, a) for a in people])
    assert len(set(taken)) == 8
    assert set(taken) <= set(clips)
    held = {world.get(clip_id).claimed_by: clip_id for clip_id in taken if clip_id}
    assert held == {a.id: c for a, c in zip(people, taken, strict=True)}


def test_the_last_clip_goes_to_one_of_two(any_world: World) -> None:
    world = any_world
    for _ in range(5):
        clip_id = world.clip()
        two = [accounts.actor_of(world.account(Role.REVIEWER)) for _ in range(2)]
        taken = race(*[lambda a=a: take(world, a) for a in two])
        assert sorted(taken, key=str) == [clip_id, None]
        world.withdraw(clip_id)


def test_putting_off_leads_through_them_all_and_gives_them_back(world: World) -> None:
    first, second, third = (world.clip() for _ in range(3))
    me = world.actor(Role.REVIEWER)
    assert take(world, me) == first
    assert take(world, me, after=first) == second
    assert world.get(first).claimed_by is None
    assert take(world, me, after=second) == third
    assert take(world, me, after=third) == first


@pytest.mark.parametrize("window", [1, 2, 1000])
@pytest.mark.parametrize("asked", [{}, {"topic": "conduct"}, {"sign": "gps", "language": "vi"}])
def test_the_next_is_the_first_of_the_page_that_is_free(
    world: World, monkeypatch: pytest.MonkeyPatch, window: int, asked: dict[str, Any]
) -> None:
    """Whoever puts off each is led through the page as it stands, and then from its begin."""
    campaign = world.campaign(Stage(Party.PEER), Stage(Party.MODERATOR))
    for _ in range(3):
        there = world.account(Role.TEACHER, school=world.another_school())
        world.clip(owner=there, campaign=campaign.slug)
        world.clip()
    with world.write() as session:
        for clip in session.scalars(select(Clip).order_by(Clip.id).offset(1)):
            clip.topics = ["conduct"]
            queueing.refile(session, clip)
    me, other = world.actor(Role.REVIEWER), accounts.actor_of(world.account(Role.REVIEWER))
    assert take(world, other, **asked) is not None
    with world.read() as session:
        rows = queries.review_queue(session, me, filters=Filters(**asked)).items
    free = [row.clip.id for row in rows if not row.claimed_by_other]
    assert {row.clip.school_id == me.school_id for row in rows} == {True, False}
    assert len(free) == (4 if "topic" in asked else 5)
    monkeypatch.setattr("review.queries.queue.WINDOW", window)
    taken: list[str | None] = [None]
    for _ in range(len(free) + 1):
        taken.append(take(world, me, after=taken[-1], **asked))
    assert taken == [None, *free, free[0]]


def test_after_a_decision_nobody_meets_again_what_they_put_off(world: World) -> None:
    """A busy school's clips stand by turns, long after they were sent."""
    clips = [world.clip() for _ in range(5)]
    me = world.actor(Role.REVIEWER)
    for before, clip_id in itertools.pairwise([None, *clips[:3]]):
        assert take(world, me, after=before) == clip_id
    with world.read() as session:
        place = queries.place_of(session, clips[2])
    world.decide(clips[2], Action.REJECT, Role.REVIEWER)
    assert take(world, me, after=place) == clips[3]
    assert [take(world, me, after=clips[n]) for n in (3, 4, 0, 1)] == [
        clips[n] for n in (4, 0, 1, 3)
    ]


def test_who_approved_in_one_stage_is_not_sent_to_the_clip_in_the_next(world: World) -> None:
    campaign = world.campaign(Stage(Party.REVIEWER), Stage(Party.REVIEWER))
    clip_id = world.clip(campaign=campaign.slug)
    world.decide(clip_id, Action.APPROVE, Role.REVIEWER)
    assert world.get(clip_id).stage == 1
    me, other = world.actor(Role.REVIEWER), accounts.actor_of(world.account(Role.REVIEWER))
    with world.read() as session:
        assert [row.clip.id for row in queries.review_queue(session, other).items] == [clip_id]
        assert queries.review_queue(session, me).items == []
    assert take(world, me) is None
    assert take(world, other) == clip_id


def test_a_claim_that_ended_is_free_for_the_next(world: World) -> None:
    clip_id = world.clip()
    other = accounts.actor_of(world.account(Role.REVIEWER))
    assert take(world, other) == clip_id
    assert take(world, world.actor(Role.REVIEWER)) is None
    with world.write() as session:
        row = session.get_one(Clip, clip_id)
        row.claimed_until = row.claimed_until - claims.CLAIM - timedelta(seconds=1)
    assert take(world, world.actor(Role.REVIEWER)) == clip_id


def test_only_what_the_filter_lets_through_is_taken(world: World) -> None:
    clip_id = world.clip()
    me = world.actor(Role.REVIEWER)
    assert take(world, me, sign="flashing") is None
    assert world.get(clip_id).claimed_by is None
    assert take(world, me, sign="gps", scope="mine") == clip_id


def test_who_has_no_queue_takes_nothing(world: World) -> None:
    clip_id = world.clip()
    for role in Role:
        if role not in (Role.REVIEWER, Role.WORKER, Role.SYSTEM):
            assert take(world, world.actor(role)) is None
    assert world.get(clip_id).claimed_by is None
