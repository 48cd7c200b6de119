"""Who has a machine look for faces, and what is proposed: never more than a proposal."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from sqlalchemy import select

from review import faces, processing, redacting, revisions
from review.errors import LeaseLost, NoSuchClip, NotAllowed
from review.faces import Search
from review.models import FaceProposals, Job, Redaction
from review.policy import Role
from review.redaction import Box
from review.states import State
from tests import redactions
from tests.world import World

BOX = Box(0.25, 0.1, 0.2, 0.4, 0.0, 4.0)


def ask(world: World, clip_id: str, role: Role = Role.REVIEWER) -> None:
    actor = world.actor(role)
    with world.write() as session:
        faces.request(session, clip_id, actor)


def search(world: World, clip_id: str) -> Search:
    with world.read() as session:
        return faces.search(session, world.get(clip_id))


def find(world: World, clip_id: str, *boxes: Box, left_out: int = 0) -> None:
    claim = world.claim_job(clip_id, "faces")
    with world.write() as session:
        faces.found(session, claim, boxes, left_out)


def searches(world: World, clip_id: str) -> int:
    with world.read() as session:
        query = select(Job).where(Job.clip_id == clip_id, Job.kind == "faces")
        return len(session.scalars(query).all())


def test_what_is_found_changes_nothing_but_the_proposals(any_world: World) -> None:
    world = any_world
    clip_id = world.clip(State.IN_REVIEW)
    before = world.get(clip_id)
    assert search(world, clip_id) == Search("none")
    ask(world, clip_id)
    assert search(world, clip_id) == Search("queued")
    find(world, clip_id, BOX, left_out=2)
    assert search(world, clip_id) == Search("done", boxes=(BOX,), left_out=2)
    after = world.get(clip_id)
    assert (after.state, after.version, after.progress) == (State.IN_REVIEW, before.version, None)
    with world.read() as session:
        assert session.scalars(select(Redaction)).all() == []


def test_asked_twice_it_is_searched_once(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    ask(world, clip_id)
    ask(world, clip_id, Role.MODERATOR)
    find(world, clip_id)
    ask(world, clip_id)
    assert (searches(world, clip_id), search(world, clip_id)) == (1, Search("done"))


def test_after_a_failure_it_can_be_asked_again(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    ask(world, clip_id)
    claim = world.claim_job(clip_id, "faces")
    with world.write() as session:
        processing.gave_up(session, claim, "faces_not_searched")
    assert search(world, clip_id) == Search("failed")
    assert world.get(clip_id).state == State.IN_REVIEW
    ask(world, clip_id)
    assert search(world, clip_id) == Search("queued")


@pytest.mark.parametrize(
    ("state", "role", "error"),
    [
        (State.IN_REVIEW, Role.TEACHER, NotAllowed),  # the owner, while others review it
        (State.HELD, Role.TEACHER, NotAllowed),
        (State.HELD, Role.REVIEWER, NoSuchClip),
        (State.IN_REVIEW, Role.PUPIL, NoSuchClip),
        (State.PUBLISHED, Role.MODERATOR, NotAllowed),
    ],
)
def test_only_who_may_redact_asks(
    world: World, state: State, role: Role, error: type[Exception]
) -> None:
    clip_id = world.clip(state)
    with pytest.raises(error):
        ask(world, clip_id, role)
    assert searches(world, clip_id) == 0


def test_what_was_kept_is_searched_anew(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    ask(world, clip_id)
    find(world, clip_id, BOX)
    redactions.kept(world, clip_id, world.actor(Role.REVIEWER))
    world.examine(clip_id)
    assert search(world, clip_id) == Search("none")


def test_withdrawn_meanwhile_nothing_is_written(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    ask(world, clip_id)
    claim = world.claim_job(clip_id, "faces")
    world.withdraw(clip_id)
    with pytest.raises(LeaseLost), world.write() as session:
        faces.found(session, claim, [BOX], 0)
    with world.read() as session:
        assert session.scalars(select(FaceProposals)).all() == []


def test_a_proposal_is_a_box_that_a_plan_takes(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    ask(world, clip_id)
    find(world, clip_id, BOX)
    (box,) = search(world, clip_id).boxes
    with world.read() as session:
        revision = revisions.current(session, world.get(clip_id))
    plan = redacting.read_plan(revision, {"boxes": [asdict(box)]})
    assert plan.boxes == (BOX,)
