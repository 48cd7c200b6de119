"""Whose claims hold others up, how many, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from review import accounts, batch, claims, clock, decisions, queries, taking
from review.batch import Kind
from review.claims import AT_MOST
from review.errors import ClaimHeld, NotAllowed
from review.models import Clip
from review.policy import Actor, Role
from review.queries import Filters
from review.states import Action
from tests import redactions
from tests.world import World


def claim(world: World, clip_id: str, actor: Actor) -> None:
    with world.write() as session:
        decisions.claim(session, clip_id, actor)


def held(world: World, clips: list[str], actor: Actor) -> list[str]:
    with world.read() as session:
        rows = queries.review_queue(session, actor, filters=Filters("all")).items
        return [c for c in clips if c in {row.clip.id for row in rows if row.claimed_by_me}]


def test_a_sixth_claim_gives_the_oldest_back_to_the_others(any_world: World) -> None:
    world = any_world
    greedy, colleague = (accounts.actor_of(world.account(Role.REVIEWER)) for _ in range(2))
    clips = [world.clip() for _ in range(AT_MOST + 2)]
    for number, clip_id in enumerate(clips):
        claim(world, clip_id, greedy)
        with world.write() as session:  # as if each had come a second after the one before
            row = session.get_one(Clip, clip_id)
            assert row.claimed_until is not None
            row.claimed_until = row.claimed_until - timedelta(seconds=100 - number)
        if number == AT_MOST - 1:
            claim(world, clips[0], greedy)  # its desk is still open
    assert held(world, clips, greedy) == [clips[0], *clips[3:]]
    with world.write() as session:
        assert taking.take_next(session, colleague) == clips[1]


def test_what_was_given_to_somebody_does_not_count(world: World) -> None:
    me = accounts.actor_of(world.account(Role.REVIEWER))
    clips = [world.clip() for _ in range(AT_MOST + 1)]
    asks = world.actor(Role.REVIEWER)
    with world.write() as session:
        rows = [(clips[0], world.get(clips[0]).version)]
        made = batch.start(session, asks, Kind.ASSIGN, me.id, rows).id
    batch.run(world.write, made, asks)
    for clip_id in clips:
        claim(world, clip_id, me)
    assert held(world, clips, me) == clips


def test_who_may_only_object_holds_nobody_up(world: World) -> None:
    reviewer, moderator = world.actor(Role.REVIEWER), world.actor(Role.MODERATOR)
    school, office = world.clip(), world.clip(stage=1)
    for actor, clip_id in ((moderator, school), (reviewer, office)):
        with pytest.raises(NotAllowed):
            claim(world, clip_id, actor)
    claim(world, office, moderator)
    world.decide(school, Action.REJECT, Role.MODERATOR)  # needs no claim


def test_next_leaves_out_what_i_may_not_approve(world: World) -> None:
    me = world.actor(Role.REVIEWER)
    mine, other = world.clip(), world.clip()
    redactions.kept(world, mine, me)
    world.examine(mine)
    with world.write() as session:
        assert taking.take_next(session, me) == other
    with world.write() as session:
        assert taking.take_next(session, me, other) is None


def test_a_claim_of_a_clock_that_was_ahead_does_not_stand(any_world: World) -> None:
    world = any_world
    one, two = (accounts.actor_of(world.account(Role.REVIEWER)) for _ in range(2))
    clip_id, fresh = world.clip(), world.clip()
    claim(world, clip_id, one)
    claim(world, fresh, one)
    with world.write() as session:
        session.get_one(Clip, clip_id).claimed_until = clock.now(session) + timedelta(days=3)
    with world.read() as session:
        assert claims.holder(session, session.get_one(Clip, clip_id)) is None
    assert held(world, [clip_id, fresh], one) == [fresh]
    assert held(world, [clip_id], two) == []
    claim(world, clip_id, two)
    assert world.get(clip_id).claimed_by == two.id
    with pytest.raises(ClaimHeld):
        claim(world, fresh, two)
