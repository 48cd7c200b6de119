"""Who is not told of a decision finds nothing that tells: every act is answered as in review."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from review import (
    announcing,
    answers,
    batch,
    campaigns,
    clock,
    consenting,
    faces,
    lifecycle,
    presentation,
    processing,
    publication,
    queries,
    redacting,
    submission,
)
from review.batch import Kind
from review.captions import keeping
from review.errors import NotAllowed, ReviewError, StaleClip
from review.models import Batch, Campaign, Clip, Job, WaitingDay, WaitingSpan
from review.policy import Actor, Role, buttons, shown_state
from review.queries.numbers import numbers
from review.states import Action, State
from tests import redactions
from tests.world import World, consented

LATER = datetime(2099, 6, 1, tzinfo=UTC)
ENDS = (Action.APPROVE, Action.REJECT, Action.REQUEST_CHANGES)


def waiting(world: World, *, owner: Role = Role.PUPIL) -> tuple[str, Campaign]:
    """A clip of a campaign with a date, in its last stage."""
    campaign = world.campaign(announce_at=LATER, holds_changes=True)
    who = world.person(owner)
    people = (consented(),)
    return world.clip(stage=1, campaign=campaign.slug, owner=who, people=people), campaign


def decided(world: World, action: Action) -> str:
    clip_id, _ = waiting(world)
    world.decide(clip_id, action, Role.MODERATOR)
    return clip_id


def job_state(world: World, clip_id: str, kind: str) -> str:
    with world.read() as session:
        query = select(Job.state).where(Job.clip_id == clip_id, Job.kind == kind)
        return session.scalars(query.order_by(Job.id.desc())).first() or ""


def announce(world: World, campaign: Campaign) -> None:
    with world.write() as session:
        campaigns.announce_now(session, campaign.id, world.actor(Role.MODERATOR))
    assert announcing.announce_all(world.read, world.write) == 1


# --- the machine goes on ------------------------------------------------------------------------


@pytest.mark.parametrize("action", [Action.REJECT, Action.REQUEST_CHANGES])
def test_the_sizes_are_made_until_the_decision_is_told(world: World, action: Action) -> None:
    for is_rendered in (True, False):
        clip_id, campaign = waiting(world)
        world.decide(clip_id, action, Role.MODERATOR)
        assert job_state(world, clip_id, "ladder") == "queued"
        if is_rendered:
            world.ladder(clip_id)
            with world.read() as session:
                assert len(queries.renditions(session, session.get_one(Clip, clip_id))) == 2
        announce(world, campaign)
        assert job_state(world, clip_id, "ladder") == ("done" if is_rendered else "cancelled")


def test_the_sizes_of_a_duplicate_are_made_for_as_long_as_it_may_come_back(world: World) -> None:
    moderator = world.actor(Role.MODERATOR)
    world.clip(content=b"one")
    again = world.clip(content=b"one")
    rows = [(again, world.get(again).version)]
    with world.write() as session:
        made = batch.start(session, moderator, Kind.REJECT_DUPLICATES, None, rows).id
    batch.run(world.write, made, moderator)
    assert (world.get(again).state, job_state(world, again, "ladder")) == ("rejected", "queued")
    with world.write() as session:
        session.get_one(Batch, made).undo_until = clock.now(session)
        session.get_one(Clip, again).undo_until = clock.now(session) - timedelta(seconds=1)
    assert announcing.announce_all(world.read, world.write) == 1
    assert job_state(world, again, "ladder") == "cancelled"


@pytest.mark.parametrize("action", ENDS)
def test_a_source_that_turns_out_broken_goes_back_as_from_review(
    world: World, action: Action
) -> None:
    clip_id = decided(world, action)
    claim = world.claim_job(clip_id, "ladder")
    with world.write() as session:
        processing.refused(session, claim, "broken")
    clip = world.get(clip_id)
    assert (clip.state, clip.unannounced, clip.problem) == (State.REFUSED, False, "broken")


@pytest.mark.parametrize("action", ENDS)
def test_a_render_that_was_asked_for_before_the_decision_is_still_there(
    world: World, action: Action
) -> None:
    clip_id, _ = waiting(world)
    teacher = world.actor(Role.TEACHER)
    made = redactions.asked(world, clip_id, teacher)
    world.decide(clip_id, action, Role.MODERATOR)
    with world.read() as session:
        job = session.scalars(select(Job).where(Job.kind == "redact")).one()
        assert redacting.waits_for(session, session.get_one(Clip, clip_id), job.id)
    redactions.render(world, clip_id)
    with world.write() as session:
        assert redacting.drop_stale(session) == []
        clip, row = redacting.look_at(session, clip_id, made, teacher)
        assert redacting.preview(session, clip, row.id, teacher) is not None


# --- what the owner and the teacher do ----------------------------------------------------------


@pytest.mark.parametrize("action", ENDS)
def test_hiding_something_is_as_in_review_and_takes_the_decision_back(
    world: World, action: Action
) -> None:
    plain, _ = waiting(world)
    clip_id, campaign = waiting(world)
    for each in (plain, clip_id):
        with world.write() as session:  # the office let it wait for a day
            row = session.get_one(Clip, each)
            row.submitted_at = row.created_at - timedelta(days=1)
    teacher, moderator = world.actor(Role.TEACHER), world.actor(Role.MODERATOR)
    counted = sums(world)
    world.decide(clip_id, action, Role.MODERATOR)
    assert sums(world) != counted

    def told(each: str) -> tuple[Any, ...]:
        before = world.get(each)
        redactions.kept(world, each, teacher)
        now = world.get(each)
        with world.write() as session, pytest.raises(StaleClip) as caught:
            lifecycle.check_version(session, session.get_one(Clip, each), 1, teacher)
        since = [(row["action"], row["from"], row["to"]) for row in caught.value.since]
        state = shown_state(teacher, now)
        return state, now.revision, now.version - before.version, since, buttons(teacher, now)

    assert told(clip_id) == told(plain)
    clip = world.get(clip_id)
    assert (clip.state, clip.stage, clip.votes, clip.unannounced) == ("processing", 0, [], False)
    assert clip.submitted_at is not None
    assert clip.submitted_at > world.get(clip_id).created_at - timedelta(hours=1)
    assert sums(world) == counted
    with world.read() as session:
        last = queries.history(session, clip_id)[-1]
        assert (last.action, last.from_state != "in_review") == ("redact", True)
        assert last.detail["taken_back"] == queries.history(session, clip_id)[-2].detail["decision"]
        assert queries.taken_back(session, clip_id) == {last.detail["taken_back"]}
        assert queries.held_back_counts(session, campaign.id) == {}
    world.examine(clip_id)
    with world.read() as session:
        reviewer = world.actor(Role.REVIEWER)
        assert clip_id in [row.clip.id for row in queries.review_queue(session, reviewer).items]
    assert shown_state(moderator, world.get(clip_id)) is State.IN_REVIEW


def sums(world: World) -> tuple[Any, ...]:
    """What the numbers say: of decisions, and of how long clips had waited."""
    with world.read() as session:
        total = numbers(session, world.actor(Role.MODERATOR), 1).total.by_action
        steps = [
            select(table.step, func.sum(table.decided)).group_by(table.step).order_by(table.step)
            for table in (WaitingDay, WaitingSpan)
        ]
        return dict(total), [[tuple(row) for row in session.execute(query)] for query in steps]


def test_who_knows_of_the_decision_hides_what_its_own_state_allows(world: World) -> None:
    moderator, reviewer = world.actor(Role.MODERATOR), world.actor(Role.REVIEWER)
    for action in (Action.APPROVE, Action.REJECT):
        with pytest.raises(NotAllowed):
            redactions.asked(world, decided(world, action), reviewer)
    counted = sums(world)
    clip_id = decided(world, Action.REQUEST_CHANGES)
    redactions.kept(world, clip_id, reviewer)
    approved = decided(world, Action.APPROVE)
    redactions.kept(world, approved, moderator)
    for each in (clip_id, approved):
        assert (world.get(each).state, world.get(each).unannounced) == (State.PROCESSING, False)
    before, after = counted[0], sums(world)[0]
    assert after["request_changes"] == before["request_changes"]
    assert after["approve"] == before["approve"] + 2  # the school's


def _poster(session: Session, clip: Clip, me: Actor) -> object:
    return presentation.choose_poster(session, clip.id, me, "poster.jpg", clip.version)


def _name(session: Session, clip: Clip, me: Actor) -> object:
    return consenting.add_person(session, clip.id, me, consented("bạn áo xanh"))


def _revoke(session: Session, clip: Clip, me: Actor) -> object:
    consent = queries.people(session, clip)[0][1][0]
    return consenting.revoke_consent(session, consent.id, me)


ACTS: dict[str, Callable[[Session, Clip, Actor], object]] = {
    "hide": lambda s, c, me: redacting.request(s, c.id, me, redactions.PLAN),
    "look for faces": lambda s, c, me: faces.request(s, c.id, me),
    "ask for captions": lambda s, c, me: keeping.propose(s, c.id, me),
    "answer": lambda s, c, me: answers.save(s, c.id, me, {}),
    "choose the picture": _poster,
    "name somebody": _name,
    "revoke": _revoke,
    "try again": lambda s, c, me: submission.retry(s, c.id, me, c.version),
    "send a new file": lambda s, c, me: submission.resubmit(s, c.id, "0" * 26, me),
    "withdraw": lambda s, c, me: publication.withdraw(s, c.id, me, "guardian", c.version),
    "delete": lambda s, c, me: submission.delete_draft(s, c.id, me),
    "undo": lambda s, c, me: announcing.undo(s, c.id, me, c.version),
}


@pytest.mark.parametrize("role", [Role.PUPIL, Role.TEACHER])
@pytest.mark.parametrize("act", ACTS)
def test_every_other_act_is_answered_as_in_review(world: World, act: str, role: Role) -> None:
    def answer(clip_id: str) -> tuple[Any, ...]:
        me, said = world.actor(role), "done"
        try:
            with world.write() as session:
                ACTS[act](session, lifecycle.load(session, clip_id), me)
        except ReviewError as error:
            # What it is about differs, what is said does not.
            said = f"{error.code} {str(error).replace(clip_id, '')} {error.detail.get('state')}"
        return said, shown_state(me, world.get(clip_id)), buttons(me, world.get(clip_id))

    plain, _ = waiting(world)
    expected = answer(plain)
    for action in ENDS:
        assert answer(decided(world, action)) == expected
