"""While a clip stands in a blind stage, no list tells who reviews in it whose clip it is."""

from __future__ import annotations

import pytest

from review import accounts, queries
from review.policy import Role
from review.queries import Filters
from review.queries.trail import Filter, Line, batch, trail
from review.stages import DEFAULT, Stage
from review.states import Action, Party
from tests.world import World

BLIND_OFFICE = (Stage(Party.REVIEWER), Stage(Party.MODERATOR, blind=True), Stage(Party.MODERATOR))
BLIND_PEERS = (Stage(Party.PEER, blind=True), Stage(Party.MODERATOR))


def by_school(world: World, scope: str) -> set[str]:
    filters = Filters(scope, school=world.school.id)
    moderator = world.actor(Role.MODERATOR)
    with world.read() as session:
        rows = queries.review_queue(session, moderator, filters=filters).items
        assert queries.waiting_count(session, moderator, filters=filters) == len(rows)
        assert queries.next_in_queue(session, moderator, filters=filters) in {
            None,
            *(row.clip.id for row in rows),
        }
    return {row.clip.id for row in rows}


@pytest.mark.parametrize("scope", ["due", "all"])
def test_a_moderator_does_not_find_it_by_its_school(any_world: World, scope: str) -> None:
    world = any_world
    office, peers = world.campaign(*BLIND_OFFICE), world.campaign(*BLIND_PEERS)
    blind = world.clip(stage=1, campaign=office.slug)
    world.clip(campaign=peers.slug)
    plain = world.clip(stage=1)
    assert by_school(world, scope) == {plain}
    world.decide(blind, Action.APPROVE, Role.MODERATOR)
    assert by_school(world, "all") == {plain, blind}  # the last stage is not blind


def test_nobody_is_named_in_the_audit_of_it_until_it_leaves_the_stage(any_world: World) -> None:
    world = any_world
    campaign = world.campaign(*BLIND_OFFICE)
    blind = world.clip(stage=1, campaign=campaign.slug)
    plain = world.clip(stage=len(DEFAULT.stages) - 1)
    owner = world.person(Role.TEACHER)
    assert owner.username is not None

    def lines(role: Role, **which: str) -> list[Line]:
        with world.read() as session:
            me, wanted = world.actor(role), Filter(**which)
            found = trail(session, me, wanted).items
            assert batch(session, me, wanted)[0] == found
            return found

    assert {line.person for line in lines(Role.MODERATOR, clip=blind)} == {""}
    assert {line.person for line in lines(Role.MODERATOR, clip=plain)} >= {owner.label}
    for name in (owner.username, owner.id):
        assert {line.clip_id for line in lines(Role.MODERATOR, person=name)} == {plain}
    assert {line.person for line in lines(Role.ADMIN, clip=blind)} >= {owner.label}
    moderator = accounts.actor_of(world.person(Role.MODERATOR))
    world.decide(blind, Action.APPROVE, Role.MODERATOR)
    assert {line.person for line in lines(Role.MODERATOR, clip=blind)} >= {owner.label}
    assert moderator.id is not None
    assert blind in {line.clip_id for line in lines(Role.MODERATOR, person=owner.username)}
