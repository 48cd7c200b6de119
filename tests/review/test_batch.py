"""Many clips at once: each by its own rules, row by row, and taken back within ten minutes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from review import (
    accounts,
    announcing,
    batch,
    clock,
    decisions,
    lifecycle,
    lookalikes,
    publication,
    queries,
)
from review.batch import Kind
from review.errors import InvalidInput, NoSuchThing, NotAllowed, WrongState
from review.keys import new_id
from review.models import Batch, BatchRow, Clip, Decision
from review.policy import Actor, Role, shown_state
from review.states import Action, State
from tests.world import World


def chosen(world: World, *clip_ids: str) -> list[tuple[str, int]]:
    return [(clip_id, world.get(clip_id).version) for clip_id in clip_ids]


def start(
    world: World, actor: Actor, kind: Kind, target: str | None, rows: list[tuple[str, int]]
) -> str:
    with world.write() as session:
        return batch.start(session, actor, kind, target, rows).id


def outcomes(world: World, batch_id: str) -> list[str]:
    with world.read() as session:
        return [row.outcome for row, _ in batch.rows_of(session, session.get_one(Batch, batch_id))]


def run(world: World, actor: Actor, kind: Kind, target: str | None, *clip_ids: str) -> str:
    made = start(world, actor, kind, target, chosen(world, *clip_ids))
    batch.run(world.write, made, actor)
    return made


def over(world: World, batch_id: str) -> None:
    """As if ten minutes had passed."""
    with world.write() as session:
        row = session.get_one(Batch, batch_id)
        row.undo_until = clock.now(session) - timedelta(seconds=1)
        for clip in session.query(Clip).where(Clip.undo_until.is_not(None)):
            clip.undo_until = row.undo_until


def test_only_the_very_same_file_is_rejected_as_a_duplicate(world: World) -> None:
    reviewer, owner = world.actor(Role.REVIEWER), world.actor(Role.TEACHER)
    first, again, other = world.clip(content=b"one"), world.clip(content=b"one"), world.clip()
    made = run(world, reviewer, Kind.REJECT_DUPLICATES, None, first, again, other)
    assert outcomes(world, made) == ["not_same", "done", "not_same"]
    assert [world.get(i).state for i in (first, again, other)] == [
        "in_review",
        "rejected",
        "in_review",
    ]
    # Nobody is told before it can not be undone any more.
    assert shown_state(owner, world.get(again)) is State.IN_REVIEW
    assert announcing.announce_all(world.read, world.write) == 0
    over(world, made)
    assert announcing.announce_all(world.read, world.write) == 1
    assert shown_state(owner, world.get(again)) is State.REJECTED
    with world.read() as session:
        assert [n.code for n in queries.notes(session, again)] == ["duplicate"]


def test_the_later_file_is_the_copy_even_in_an_older_clip(any_world: World) -> None:
    """An older clip is handed in again with the file of a younger one."""
    world = any_world
    teacher, reviewer = world.person(Role.TEACHER), world.actor(Role.REVIEWER)
    again = world.clip(State.CHANGES_REQUESTED, content=b"one")
    first = world.clip(content=b"bytes of another file")
    world.resubmit(again, teacher)
    with world.read() as session:
        seen = {
            i: [
                (s.clip and s.clip.id, s.same_file, s.later)
                for s in lookalikes.told_of(session, reviewer, session.get_one(Clip, i))
            ]
            for i in (first, again)
        }
        owner = accounts.actor_of(teacher)
        own = [
            lookalikes.own_same_file(session, owner, session.get_one(Clip, i))
            for i in (first, again)
        ]
        assert [clip and clip.id for clip in own] == [None, first]
    assert seen == {first: [(again, True, True)], again: [(first, True, False)]}
    made = run(world, reviewer, Kind.REJECT_DUPLICATES, None, first, again)
    assert outcomes(world, made) == ["not_same", "done"]


def test_of_a_named_clip_only_its_duplicates_are_rejected(world: World) -> None:
    moderator = world.actor(Role.MODERATOR)
    kept, again = world.clip(content=b"one"), world.clip(content=b"one")
    other, twin = world.clip(content=b"two"), world.clip(content=b"two")
    made = run(world, moderator, Kind.REJECT_DUPLICATES, kept, again, twin, other)
    assert outcomes(world, made) == ["done", "not_same", "not_same"]
    with world.write() as session, pytest.raises(InvalidInput):
        batch.start(session, moderator, Kind.REJECT_DUPLICATES, kept, [])


def test_a_rejection_in_a_batch_is_taken_back_row_by_row(world: World) -> None:
    reviewer = world.actor(Role.REVIEWER)
    world.clip(content=b"one")
    one, two = world.clip(content=b"one"), world.clip(content=b"one")
    made = run(world, reviewer, Kind.REJECT_DUPLICATES, None, one, two)
    with world.write() as session:
        publication.withdraw(session, two, world.actor(Role.TEACHER), "owner")
    batch.undo(world.write, made, reviewer)
    assert outcomes(world, made) == ["undone", "not_undone"]
    assert [world.get(i).state for i in (one, two)] == ["in_review", "withdrawn"]
    with world.read() as session:
        assert [row.action for row in queries.history(session, one)][-2:] == ["reject", "undo"]


def test_what_changed_meanwhile_or_is_not_allowed_is_left_alone(world: World) -> None:
    reviewer = world.actor(Role.REVIEWER)
    far = world.account(Role.REVIEWER, school=world.another_school())
    changed, hidden, mine = world.clip(), world.clip(), world.clip()
    rows = chosen(world, changed, hidden, mine)
    target = world.account(Role.REVIEWER).id
    world.decide(changed, Action.APPROVE, Role.REVIEWER)
    world.decide(hidden, Action.ESCALATE, Role.REVIEWER)
    made = start(world, reviewer, Kind.ASSIGN, target, rows)
    batch.run(world.write, made, reviewer)
    assert outcomes(world, made) == ["changed", "changed", "done"]
    stranger = run(world, reviewer, Kind.ASSIGN, far.id, mine)
    assert outcomes(world, stranger) == ["not_allowed"]


def test_a_batch_that_was_cut_short_goes_on_and_does_nothing_twice(world: World) -> None:
    reviewer = world.actor(Role.REVIEWER)
    clips = [world.clip() for _ in range(3)]
    target = world.account(Role.REVIEWER).id
    made = start(world, reviewer, Kind.ASSIGN, target, chosen(world, *clips))
    with world.write() as session:  # killed after the first
        row = session.get_one(BatchRow, (made, 0))
        row.outcome = "done"
    for _ in range(2):
        batch.run(world.write, made, reviewer)
    assert outcomes(world, made) == ["done"] * 3
    assert [world.get(i).assigned_to for i in clips] == [None, target, target]
    with world.read() as session:
        actions = [row.action for row in queries.history(session, clips[1])]
    assert actions.count(lifecycle.ASSIGN) == 1


def test_who_is_to_review_is_asked_and_the_page_that_others_have_open_still_holds(
    world: World,
) -> None:
    moderator, target = world.actor(Role.MODERATOR), world.account(Role.REVIEWER)
    clip_id = world.clip()
    seen = world.get(clip_id).version
    made = run(world, moderator, Kind.ASSIGN, target.id, clip_id)
    assert (world.get(clip_id).assigned_to, world.get(clip_id).version) == (target.id, seen)
    with world.read() as session:
        clip = session.get_one(Clip, clip_id)
        rows = queries.history(session, clip_id)
        told = lifecycle.as_told(session, clip, rows, world.actor(Role.TEACHER))
    assert rows[-1].detail == {"to": target.id}
    assert "assign" not in [row.action for row in told]
    batch.undo(world.write, made, moderator)
    assert world.get(clip_id).assigned_to is None
    over(world, made)
    with pytest.raises(WrongState):
        batch.undo(world.write, made, moderator)


def test_a_moderator_frees_anybodys_claim_and_a_reviewer_only_the_own(world: World) -> None:
    moderator, reviewer = world.actor(Role.MODERATOR), world.actor(Role.REVIEWER)
    colleague = accounts.actor_of(world.account(Role.REVIEWER))
    clip_id, free = world.clip(), world.clip()
    with world.write() as session:
        decisions.claim(session, clip_id, colleague)
    assert outcomes(world, run(world, reviewer, Kind.FREE_CLAIMS, None, clip_id, free)) == [
        "not_allowed",
        "changed",
    ]
    made = run(world, moderator, Kind.FREE_CLAIMS, None, clip_id)
    assert world.get(clip_id).claimed_by is None
    batch.undo(world.write, made, moderator)
    assert (outcomes(world, made), world.get(clip_id).claimed_by) == (["undone"], colleague.id)
    again = run(world, moderator, Kind.FREE_CLAIMS, None, clip_id)
    with world.write() as session:
        decisions.claim(session, clip_id, reviewer)
    batch.undo(world.write, again, moderator)
    assert (outcomes(world, again), world.get(clip_id).claimed_by) == (["not_undone"], reviewer.id)


def test_a_batch_is_its_makers_and_only_of_what_is_safe(world: World) -> None:
    reviewer, clip_id = world.actor(Role.REVIEWER), world.clip()
    made = run(world, reviewer, Kind.ASSIGN, world.person(Role.REVIEWER).id, clip_id)
    for actor in (world.actor(Role.MODERATOR), accounts.actor_of(world.account(Role.REVIEWER))):
        with world.read() as session, pytest.raises(NoSuchThing):
            batch.get(session, made, actor)
    rows, teacher = chosen(world, clip_id), world.actor(Role.TEACHER)
    with world.write() as session:
        with pytest.raises(NotAllowed):
            batch.start(session, teacher, Kind.ASSIGN, None, rows)
        for kind, target, given, field in [
            ("approve", None, rows, "kind"),
            (Kind.ASSIGN, new_id(), rows, "target"),
            (Kind.ASSIGN, teacher.id, rows, "target"),
            (Kind.FREE_CLAIMS, None, [("../x", 1)], "rows"),
            (Kind.FREE_CLAIMS, None, [(new_id(), 1)] * 101, "rows"),
        ]:
            with pytest.raises(InvalidInput) as caught:
                batch.start(session, reviewer, kind, target, given)
            assert list(caught.value.errors) == [field]
        assert session.query(Decision).count() == 0


def test_a_reviewer_asks_the_own_school_and_a_moderator_everybody(world: World) -> None:
    near, moderator = world.person(Role.REVIEWER), world.person(Role.MODERATOR)
    far = world.account(Role.REVIEWER, school=world.another_school())
    with world.read() as session:
        mine = batch.reviewers(session, world.actor(Role.REVIEWER))
        all_ = batch.reviewers(session, world.actor(Role.MODERATOR))
    assert [a.id for a in mine] == [near.id]
    assert {a.id for a in all_} == {near.id, moderator.id, far.id}
