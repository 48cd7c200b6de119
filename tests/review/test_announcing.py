"""Decided now, told at the campaign's date: who sees what until then, and the one announcement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from review import (
    accounts,
    announcing,
    audit,
    campaigns,
    decisions,
    lifecycle,
    publication,
    queries,
)
from review.decisions import NoteInput, Verdict
from review.errors import NoSuchClip, NotAllowed, StaleClip, WrongState
from review.models import AuditRow, Campaign, Clip, Decision
from review.policy import Actor, Role, buttons, shown_state
from review.queries.numbers import numbers
from review.stages import OnDisagreement, Stage
from review.states import Action, Party, State
from tests.captioning import OTHER, keep
from tests.racing import race
from tests.world import World, consented

LATER = datetime(2099, 6, 1, tzinfo=UTC)
WHY = (NoteInput(3.5, "sound_low", "câu cuối nhỏ quá"),)


def decide(world: World, clip_id: str, actor: Actor, action: Action) -> Decision:
    clip = world.get(clip_id)
    verdict = Verdict(action, clip.revision, clip.version, WHY, watched=True)
    with world.write() as session:
        return decisions.decide(session, clip_id, actor, verdict)


def announced(world: World, campaign: Campaign, at: datetime) -> None:
    """As if the date were this one."""
    with world.write() as session:
        session.get_one(Campaign, campaign.id).announce_at = at


def sweep(world: World) -> int:
    return announcing.announce_all(world.read, world.write)


def history(world: World, clip_id: str, actor: Actor) -> list[str]:
    with world.read() as session:
        clip = session.get_one(Clip, clip_id)
        rows = lifecycle.as_told(session, clip, queries.history(session, clip_id), actor)
        return [row.action for row in rows]


@pytest.mark.parametrize(
    ("action", "state"), [(Action.APPROVE, State.APPROVED), (Action.REJECT, State.REJECTED)]
)
def test_until_the_date_the_owner_sees_a_review_and_reviewers_the_decision(
    world: World, action: Action, state: State
) -> None:
    campaign = world.campaign(announce_at=LATER)
    clip_id = world.clip(stage=1, campaign=campaign.slug, people=(consented(),))
    world.ladder(clip_id)
    owner, moderator = world.actor(Role.TEACHER), world.actor(Role.MODERATOR)
    before = world.get(clip_id)
    seen = (buttons(owner, before), history(world, clip_id, owner))
    decide(world, clip_id, moderator, action)
    clip = world.get(clip_id)
    assert (clip.state, clip.unannounced, clip.published_at) == (state, True, None)
    assert shown_state(owner, clip) is State.IN_REVIEW
    assert shown_state(moderator, clip) is state
    assert (buttons(owner, clip), history(world, clip_id, owner)) == seen
    assert history(world, clip_id, moderator)[-1] == action
    with world.read() as session:
        told = [n.text for n in queries.notes(session, clip_id)]
        reviewers = [n.text for n in queries.notes(session, clip_id, untold=True)]
    assert len(reviewers) == len(told) + 1
    assert sweep(world) == 0

    announced(world, campaign, datetime(2020, 1, 1, tzinfo=UTC))
    assert (sweep(world), sweep(world)) == (1, 0)
    clip = world.get(clip_id)
    after = State.PUBLISHED if action is Action.APPROVE else state
    assert (clip.state, clip.unannounced) == (after, False)
    assert shown_state(owner, clip) is after
    assert action in history(world, clip_id, owner)
    with world.read() as session:
        assert len(queries.notes(session, clip_id)) == len(reviewers)


def test_a_request_for_changes_waits_only_where_the_campaign_says_so(world: World) -> None:
    for holds in (False, True):
        campaign = world.campaign(announce_at=LATER, holds_changes=holds)
        clip_id = world.clip(campaign=campaign.slug)
        decide(world, clip_id, world.actor(Role.REVIEWER), Action.REQUEST_CHANGES)
        assert world.get(clip_id).unannounced is holds
        owner = world.actor(Role.TEACHER)
        assert (Action.RESUBMIT in buttons(owner, world.get(clip_id))) is not holds


def test_the_owner_of_an_unannounced_decision_is_refused_as_in_review(world: World) -> None:
    campaign = world.campaign(announce_at=LATER, holds_changes=True)
    clip_id = world.clip(campaign=campaign.slug)
    version = world.get(clip_id).version
    decide(world, clip_id, world.actor(Role.REVIEWER), Action.REQUEST_CHANGES)
    owner, clip = world.actor(Role.TEACHER), world.get(clip_id)
    with world.write() as session, pytest.raises(WrongState) as caught:
        lifecycle.move(session, lifecycle.load(session, clip.id), Action.RESUBMIT, owner)
    assert caught.value.detail["state"] is State.IN_REVIEW
    # What nobody told them of does not make their page stale; a withdrawal is never held back.
    with world.write() as session:
        publication.withdraw(session, clip_id, owner, "owner", version)
    assert shown_state(owner, world.get(clip_id)) is State.WITHDRAWN


def test_a_fear_for_a_child_does_not_wait_for_the_date(world: World) -> None:
    campaign = world.campaign(announce_at=LATER)
    for role in (Role.REVIEWER, Role.TEACHER):
        clip_id = world.clip(campaign=campaign.slug, owner=world.account(Role.PUPIL))
        decide(world, clip_id, world.actor(Role.REVIEWER), Action.REJECT)
        decide(world, clip_id, world.actor(role), Action.ESCALATE)
        clip = world.get(clip_id)
        assert (clip.state, clip.unannounced) == (State.HELD, False)
        assert sweep(world) == 0


def test_a_decision_is_undone_by_who_took_it_or_a_moderator_until_it_is_told(world: World) -> None:
    campaign = world.campaign(announce_at=LATER)
    reviewer = world.actor(Role.REVIEWER)
    colleague = accounts.actor_of(world.account(Role.REVIEWER))
    clip_id = world.clip(campaign=campaign.slug)
    before = world.get(clip_id)
    decide(world, clip_id, reviewer, Action.REJECT)

    def undo(actor: Actor, version: int | None = None) -> Clip:
        now = world.get(clip_id).version
        with world.write() as session:
            return announcing.undo(session, clip_id, actor, version or now)

    for actor in (colleague, world.actor(Role.TEACHER)):
        with pytest.raises(NotAllowed):
            undo(actor)
    with pytest.raises(StaleClip):
        undo(reviewer, before.version)
    undo(reviewer)
    clip = world.get(clip_id)
    assert (clip.state, clip.stage, clip.votes, clip.unannounced) == ("in_review", 0, [], False)
    assert history(world, clip_id, reviewer)[-2:] == ["reject", "undo"]
    owner = world.actor(Role.TEACHER)
    assert history(world, clip_id, owner) == ["create", "submit", "examined"]
    decide(world, clip_id, reviewer, Action.APPROVE)
    decide(world, clip_id, world.actor(Role.MODERATOR), Action.REJECT)
    undo(world.actor(Role.MODERATOR))
    assert world.get(clip_id).stage == 1
    world.ladder(clip_id)  # it was queued again
    decide(world, clip_id, world.actor(Role.MODERATOR), Action.REJECT)
    announced(world, campaign, datetime(2020, 1, 1, tzinfo=UTC))
    sweep(world)
    with pytest.raises(WrongState):
        undo(world.actor(Role.MODERATOR))
    with world.read() as session:
        # The rejection that was undone is told to nobody, ever.
        assert len(queries.notes(session, clip_id)) == 2


def test_two_sweeps_at_once_and_one_that_was_killed_announce_each_decision_once(
    any_world: World,
) -> None:
    world = any_world
    campaign = world.campaign(announce_at=LATER)
    ids = [world.clip(campaign=campaign.slug) for _ in range(6)]
    for clip_id in ids:
        decide(world, clip_id, world.actor(Role.REVIEWER), Action.REJECT)
    with world.write() as session:
        campaigns.announce_now(session, campaign.id, world.actor(Role.MODERATOR))
    # Killed after the second clip: what follows the commit of each never happens.
    for clip_id in ids[:2]:
        with world.write() as session:
            assert announcing.announce(session, clip_id)
    counts = race(lambda: sweep(world), lambda: sweep(world))
    assert sum(counts) == 4
    with world.read() as session:
        rows = select(AuditRow.clip_id, func.count()).where(AuditRow.action == "announce")
        assert dict(session.execute(rows.group_by(AuditRow.clip_id)).all()) == dict.fromkeys(ids, 1)
        assert queries.held_back_counts(session, campaign.id) == {}


def test_a_date_that_is_put_off_holds_for_what_waits(world: World) -> None:
    campaign = world.campaign(announce_at=LATER)
    clip_id = world.clip(campaign=campaign.slug)
    decide(world, clip_id, world.actor(Role.REVIEWER), Action.REJECT)
    with world.read() as session:
        assert queries.held_back_counts(session, campaign.id) == {"rejected": 1}
    announced(world, campaign, datetime(2020, 1, 1, tzinfo=UTC))
    announced(world, campaign, LATER + timedelta(days=1))
    with world.write() as session:
        assert not announcing.announce(session, clip_id)
    with world.write() as session:
        campaigns.announce_now(session, campaign.id, world.actor(Role.MODERATOR))
    assert sweep(world) == 1
    # After the date decisions are told as they are taken.
    other = world.clip(campaign=campaign.slug)
    decide(world, other, world.actor(Role.REVIEWER), Action.REJECT)
    assert not world.get(other).unannounced


@pytest.mark.parametrize("role", [Role.PUPIL, Role.TEACHER])
@pytest.mark.parametrize("action", [Action.APPROVE, Action.REJECT, Action.REQUEST_CHANGES])
def test_captions_are_saved_as_in_review_and_take_the_decision_back(
    world: World, action: Action, role: Role
) -> None:
    """Whoever made the clip, or teaches them, can not tell; what was decided on is no more."""
    campaign = world.campaign(announce_at=LATER, holds_changes=True)
    author, owner = world.actor(role), world.person(Role.PUPIL)
    plain, decided = (
        world.clip(stage=1, campaign=campaign.slug, owner=owner, people=(consented(),))
        for _ in range(2)
    )
    for clip_id in (plain, decided):
        world.ladder(clip_id)
    moderator = world.actor(Role.MODERATOR)
    decide(world, decided, moderator, action)

    def told(clip_id: str) -> tuple[Any, ...]:
        clip = world.get(clip_id)
        keep(world, clip_id, role)
        now = world.get(clip_id)
        with world.write() as session, pytest.raises(StaleClip) as caught:
            lifecycle.check_version(session, session.get_one(Clip, clip_id), 1, author)
        since = [(row["action"], row["from"], row["to"]) for row in caught.value.since]
        steps = history(world, clip_id, author)
        return (
            buttons(author, now),
            shown_state(author, now),
            now.version - clip.version,
            since,
            steps,
        )

    assert told(decided) == told(plain)
    clip = world.get(decided)
    assert (clip.state, clip.stage, clip.votes, clip.unannounced) == ("in_review", 1, [], False)
    assert history(world, decided, moderator)[-2:] == [action, "edit_captions"]
    with world.read() as session:
        assert decided in [r.clip.id for r in queries.review_queue(session, moderator).items]
        assert queries.held_back_counts(session, campaign.id) == {}
        assert audit.verify(session)[1] is None
        assert numbers(session, moderator, 1).total.by_action == {
            "approve": 2,
            "request_changes": 0,
            "reject": 0,
        }
    announced(world, campaign, datetime(2020, 1, 1, tzinfo=UTC))
    assert sweep(world) == 0
    decide(world, decided, moderator, action)
    assert shown_state(author, world.get(decided)) is not State.IN_REVIEW


def test_captions_of_who_decides_leave_the_decision(world: World) -> None:
    campaign = world.campaign(announce_at=LATER)
    clip_id = world.clip(stage=1, campaign=campaign.slug)
    decide(world, clip_id, world.actor(Role.MODERATOR), Action.APPROVE)
    keep(world, clip_id, Role.MODERATOR)
    with pytest.raises(NotAllowed):
        keep(world, clip_id, Role.REVIEWER, OTHER)
    clip = world.get(clip_id)
    assert (clip.state, clip.unannounced) == (State.APPROVED, True)


# --- several people in one stage ---------------------------------------------------------------


def voice(world: World, clip_id: str, action: Action) -> Actor:
    actor = accounts.actor_of(world.account(Role.REVIEWER))
    decide(world, clip_id, actor, action)
    return actor


def test_two_of_the_school_approve_before_the_office_is_asked(world: World) -> None:
    campaign = world.campaign(Stage(Party.REVIEWER, 2), Stage(Party.MODERATOR))
    clip_id = world.clip(campaign=campaign.slug)
    first = voice(world, clip_id, Action.APPROVE)
    assert (world.get(clip_id).stage, world.get(clip_id).stage_party) == (0, "reviewer")
    with pytest.raises(NotAllowed):
        decide(world, clip_id, first, Action.APPROVE)
    with world.read() as session:
        assert [r.clip.id for r in queries.review_queue(session, first).items] == []
        other = world.actor(Role.REVIEWER)
        assert [r.clip.id for r in queries.review_queue(session, other).items] == [clip_id]
    voice(world, clip_id, Action.APPROVE)
    assert (world.get(clip_id).stage, world.get(clip_id).stage_party) == (1, "moderator")


def test_of_two_minds_a_third_decides_and_the_owner_hears_only_the_end(world: World) -> None:
    stage = Stage(Party.REVIEWER, 2, on_disagreement=OnDisagreement.THIRD)
    campaign = world.campaign(stage)
    owner = world.actor(Role.TEACHER)
    clip_id = world.clip(campaign=campaign.slug)
    voice(world, clip_id, Action.REJECT)
    voice(world, clip_id, Action.APPROVE)
    assert world.get(clip_id).state == State.IN_REVIEW
    assert history(world, clip_id, owner) == ["create", "submit", "examined"]
    with world.read() as session:
        assert queries.notes(session, clip_id) == []
    voice(world, clip_id, Action.REQUEST_CHANGES)
    assert world.get(clip_id).state == State.CHANGES_REQUESTED
    with world.read() as session:
        # Of those who objected both, of the one who was outvoted nothing.
        assert len(queries.notes(session, clip_id)) == 2


def test_a_reviewer_of_another_school_meets_the_clip_only_in_a_stage_that_asks(
    world: World,
) -> None:
    campaign = world.campaign(Stage(Party.PEER, blind=True), Stage(Party.MODERATOR))
    clip_id, plain = world.clip(campaign=campaign.slug), world.clip()
    far = accounts.actor_of(world.account(Role.REVIEWER, school=world.another_school()))
    with world.read() as session:
        (row,) = queries.review_queue(session, far).items
        assert (row.clip.id, row.school_name, row.class_name) == (clip_id, "", None)
        mine = queries.review_queue(session, world.actor(Role.REVIEWER)).items
        assert [r.clip.id for r in mine] == [plain]
        with pytest.raises(NoSuchClip):
            queries.get_clip(session, far, plain)
    decide(world, clip_id, far, Action.APPROVE)
    with world.read() as session, pytest.raises(NoSuchClip):
        queries.get_clip(session, far, clip_id)


def test_a_review_ends_under_the_policy_that_it_began_with(world: World) -> None:
    moderator = world.actor(Role.MODERATOR)
    campaign = world.campaign(Stage(Party.MODERATOR))
    waiting = world.clip(campaign=campaign.slug)
    two = campaigns.Plan("Tuần lễ", stages=(Stage(Party.MODERATOR, 2),))
    with world.write() as session:
        campaigns.change(session, campaign.id, two, moderator, campaign.version)
    later = world.clip(campaign=campaign.slug)
    for clip_id in (waiting, later):
        decide(world, clip_id, moderator, Action.APPROVE)
    assert (world.get(waiting).state, world.get(later).state) == ("approved", "in_review")

    def policy_of(clip_id: str) -> Any:
        with world.read() as session:
            return queries.history(session, clip_id)[-1].detail["policy"]

    assert [policy_of(i) for i in (waiting, later)] == [f"{campaign.slug}/{n}" for n in (1, 2)]


def test_a_preview_that_is_not_the_one_that_was_watched_is_stale(world: World) -> None:
    clip_id, reviewer = world.clip(), world.actor(Role.REVIEWER)
    clip = world.get(clip_id)
    for sha256, is_stale in (("0" * 64, True), (None, False)):
        verdict = Verdict(Action.APPROVE, 1, clip.version, watched=True, sha256=sha256)
        if is_stale:
            with world.write() as session, pytest.raises(StaleClip):
                decisions.decide(session, clip_id, reviewer, verdict)
        else:
            with world.write() as session:
                decisions.decide(session, clip_id, reviewer, verdict)
    assert world.get(clip_id).stage == 1
