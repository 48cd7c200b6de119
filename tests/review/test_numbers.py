"""The numbers of the review: each decision once, and of a hold not a trace."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from review import accounts, announcing, batch, clock, decisions, schema
from review.decisions import NoteInput, Verdict
from review.models import Account, Clip, Decision
from review.numbers import COUNTED, day_of, record, seconds_of, step_of, week_of
from review.policy import Actor, Role
from review.queries.numbers import Numbers, numbers
from review.stages import Stage
from review.states import Action, Party, State
from tests.rows import everything
from tests.world import World

TABLES = (
    *("review_days", "review_weeks", "waiting_days", "waiting_weeks", "reason_days"),
    *("school_spans", "person_spans", "waiting_spans"),
)


def read(world: World, who: Role | Actor = Role.MODERATOR, weeks: int = 4) -> Numbers:
    actor = who if isinstance(who, Actor) else world.actor(who)
    with world.read() as session:
        return numbers(session, actor, weeks)


def decide(world: World, clip_id: str, who: Account, action: Action, *codes: str) -> None:
    clip, actor = world.get(clip_id), accounts.actor_of(who)
    notes = [NoteInput(None, code) for code in codes]
    with world.write() as session:
        verdict = Verdict(action, clip.revision, clip.version, notes, watched=True)
        decisions.decide(session, clip_id, actor, verdict)


def sent_ago(world: World, clip_id: str, **ago: int) -> None:
    with world.write() as session:
        row = session.get_one(Clip, clip_id)
        row.submitted_at = row.submitted_at - timedelta(**ago)


def test_every_decision_is_counted_once(any_world: World) -> None:
    world = any_world
    school, office = world.person(Role.REVIEWER), world.person(Role.MODERATOR)
    one, two, three = (world.clip() for _ in range(3))
    decide(world, one, school, Action.APPROVE)
    decide(world, two, school, Action.APPROVE)
    decide(world, three, school, Action.REQUEST_CHANGES, "sound_low", "sound_low", "other")
    decide(world, one, office, Action.APPROVE)
    decide(world, two, office, Action.REJECT, "sound_low")
    found = read(world)
    assert found.total.by_action == {"approve": 3, "request_changes": 1, "reject": 1}
    assert (found.total.agreed, found.total.differed, found.total.agreement) == (1, 1, 0.5)
    assert [(name, t.decided) for name, t, _ in found.schools] == [(world.school.name, 5)]
    # Agreement is told of whoever approved first.
    assert [(label, t.decided, t.agreed, t.differed) for label, _, t in found.people] == [
        ("moderator", 2, 0, 0),
        ("reviewer", 3, 1, 1),
    ]
    assert found.reasons == [("sound_low", 2), ("other", 1)]
    assert found.first.weekday() == 0
    assert len(found.days) == 22 + found.last.weekday()
    assert [t.decided for _, t, _ in found.days][-2:] == [0, 5]
    assert {p: w.decided for p, w in found.waited.items()} == {"reviewer": 3, "moderator": 2}


def test_a_clip_that_several_decide_on_is_compared_once(any_world: World) -> None:
    """Two of the school and two of the office: one clip that both have seen."""
    world = any_world
    campaign = world.campaign(
        Stage(Party.REVIEWER, approvals=2),
        Stage(Party.MODERATOR, approvals=2),
        announce_at=datetime(2099, 6, 1, tzinfo=UTC),
        holds_changes=True,
    )
    schools = [world.person(Role.REVIEWER), world.account(Role.REVIEWER)]
    offices = [world.person(Role.MODERATOR), world.account(Role.MODERATOR)]
    clip_id = world.clip(campaign=campaign.slug)
    for who in schools:
        decide(world, clip_id, who, Action.APPROVE)

    def compared() -> list[tuple[int, int]]:
        found = read(world)
        tallies = [found.total, *(t for _, t, _ in found.schools), *(t for *_, t in found.people)]
        return [(t.agreed, t.differed) for t in tallies if t.agreed or t.differed]

    assert compared() == []
    decide(world, clip_id, offices[0], Action.APPROVE)
    once = counted(world)
    assert compared() == [(1, 0)] * 4  # all, the school, and each of its two
    for action, word in ((Action.APPROVE, (1, 0)), (Action.REJECT, (0, 1))):
        decide(world, clip_id, offices[1], action, "other")
        assert compared() == [word] * 4
        with world.write() as session:
            version = session.get_one(Clip, clip_id).version
            announcing.undo(session, clip_id, accounts.actor_of(offices[1]), version)
        assert counted(world) == once


def test_waiting_is_told_by_its_middle_and_its_long_end(world: World) -> None:
    reviewer = world.person(Role.REVIEWER)
    for hours in (1, 2, 3, 4, 5, 6, 7, 8, 9, 50):
        clip_id = world.clip()
        sent_ago(world, clip_id, hours=hours)
        decide(world, clip_id, reviewer, Action.APPROVE)
    waited = read(world).waited["reviewer"]
    assert waited.median == pytest.approx(5 * 3600, rel=0.1)
    assert waited.long == pytest.approx(9 * 3600, rel=0.1)


def test_a_stage_waits_from_the_approval_of_the_one_before(world: World) -> None:
    clip_id = world.clip()
    sent_ago(world, clip_id, days=3)
    world.approve(clip_id, ladder=False)
    waited = read(world).waited
    assert waited["reviewer"].median == pytest.approx(3 * 86400, rel=0.1)
    assert waited["moderator"].median == seconds_of(0)


def test_a_week_begins_on_monday() -> None:
    assert week_of(date(2026, 9, 7)) == date(2026, 9, 7)
    assert week_of(date(2026, 9, 13)) == date(2026, 9, 7)


@pytest.mark.parametrize("seconds", [0, 59, 61, 3600, 86400, 30 * 86400, 365 * 86400])
def test_a_step_is_true_to_a_tenth(seconds: float) -> None:
    assert seconds_of(step_of(seconds)) == pytest.approx(max(seconds, 60), rel=0.1)


def test_a_day_begins_at_midnight_in_viet_nam() -> None:
    assert day_of(datetime(2026, 9, 5, 16, 59, tzinfo=UTC)) == date(2026, 9, 5)
    assert day_of(datetime(2026, 9, 5, 17, 0, tzinfo=UTC)) == date(2026, 9, 6)


def test_a_reviewer_sees_the_own_school_and_no_names_of_the_office(world: World) -> None:
    world.approve(world.clip(), ladder=False)
    there = world.another_school()
    far = world.clip(owner=world.account(Role.TEACHER, school=there))
    decide(world, far, world.account(Role.REVIEWER, school=there), Action.APPROVE)
    ours = read(world, Role.REVIEWER)
    assert (ours.total.decided, ours.schools) == (2, [])
    assert [(label, t.decided) for label, _, t in ours.people] == [("reviewer", 1), ("", 1)]
    assert read(world, Role.ADMIN).total.decided == 3
    for role in (Role.PUPIL, Role.TEACHER, Role.SAFEGUARDING):
        assert read(world, role).total.decided == 0


def test_a_period_is_whole_wherever_its_four_weeks_begin(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One decision in each of 60 weeks; in the last six of them the numbers are looked at."""
    far = world.account(Role.TEACHER, school=world.another_school())
    clips = [world.get(world.clip()), world.get(world.clip(owner=far))]
    people = [world.person(Role.REVIEWER), world.person(Role.MODERATOR)]
    with world.read() as session:
        now = clock.now(session)
    for n in range(60):
        at = now - timedelta(weeks=59 - n)
        clip, who = clips[n % 2], people[n // 2 % 2]
        with world.write() as session:
            made = Decision(
                clip_id=clip.id,
                revision=1,
                stage=0,
                action=COUNTED[n % 3],
                actor_id=who.id,
                version=1,
                watched=True,
                at=at,
            )
            session.add(made)
            session.flush()
            record(session, clip, accounts.actor_of(who), made, [])
        if n < 54:
            continue
        monkeypatch.setattr("review.queries.numbers.clock.now", lambda _session, at=at: at)
        for weeks in (1, 4, 13, 52):
            found = read(world, weeks=weeks)
            by_school = [t.decided for _, t, _ in found.schools]
            assert sum(by_school) == found.total.decided == weeks
            assert [w.decided for _, _, w in found.schools] == by_school
            assert sum(t.decided for _, _, t in found.people) == weeks


def test_weeks_tell_a_long_time(world: World) -> None:
    world.approve(world.clip(), ladder=False)
    found = read(world, weeks=52)
    assert len(found.days) == 52
    assert found.days[1][0] - found.days[0][0] == timedelta(days=7)
    assert found.days[-1][1].decided == 2


def counted(world: World) -> dict[str, list[tuple[object, ...]]]:
    return {table: rows for table, rows in everything(world.database).items() if table in TABLES}


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.APPROVED, State.PUBLISHED])
def test_a_hold_changes_no_number(world: World, state: State) -> None:
    """Neither the escalation nor what the officer decides; nor does anything counted vanish."""
    clips = [world.clip(state) for _ in range(3)]
    world.approve(world.clip(), ladder=False)
    before, shown = counted(world), read(world)
    officer = world.actor(Role.SAFEGUARDING)
    for clip_id in clips:
        world.decide(clip_id, Action.ESCALATE, Role.MODERATOR)
    assert counted(world) == before
    with world.write() as session:
        decisions.release_hold(session, clips[0], officer, world.get(clips[0]).version)
    world.decide(clips[1], Action.REJECT, Role.SAFEGUARDING)
    assert counted(world) == before
    assert read(world) == shown


def test_a_withdrawn_clip_was_decided_on_all_the_same(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED)
    before = counted(world)
    world.withdraw(clip_id)
    assert counted(world) == before


@pytest.mark.parametrize("action", [Action.APPROVE, Action.REQUEST_CHANGES, Action.REJECT])
def test_what_was_undone_before_it_was_told_counts_no_more(
    any_world: World, action: Action
) -> None:
    """Neither as a decision nor as a reason, nor as the office's word on the school's."""
    world = any_world
    campaign = world.campaign(announce_at=datetime(2099, 6, 1, tzinfo=UTC), holds_changes=True)
    office = world.person(Role.MODERATOR)
    one, two = (world.clip(campaign=campaign.slug, stage=1) for _ in range(2))
    decide(world, two, office, action, "sound_low", "other")
    before, shown = counted(world), read(world)
    decide(world, one, office, action, "sound_low", "picture_unclear")
    once = counted(world)
    assert once != before
    version = world.get(one).version
    with world.write() as session:
        announcing.undo(session, one, accounts.actor_of(office), version)
    assert (counted(world), read(world)) == (before, shown)
    decide(world, one, office, action, "sound_low", "picture_unclear")
    assert counted(world) == once


def test_a_batch_that_was_taken_back_counts_no_more(world: World) -> None:
    reviewer, before = world.actor(Role.REVIEWER), counted(world)
    rows = [(i, world.get(i).version) for i in [world.clip(content=b"one") for _ in range(2)]]
    with world.write() as session:
        made = batch.start(session, reviewer, batch.Kind.REJECT_DUPLICATES, None, rows).id
    batch.run(world.write, made, reviewer)
    assert (read(world).total.by_action["reject"], read(world).reasons) == (1, [("duplicate", 1)])
    batch.undo(world.write, made, reviewer)
    assert counted(world) == before
    assert {p: w.median for p, w in read(world).waited.items()} == {
        "reviewer": None,
        "moderator": None,
    }


def test_what_was_decided_before_is_counted_by_the_migration(any_world: World) -> None:
    world = any_world
    for state in (State.PUBLISHED, State.REJECTED, State.CHANGES_REQUESTED, State.HELD):
        world.clip(state)
    refused = world.clip(stage=1)
    world.decide(refused, Action.REJECT, Role.MODERATOR)
    before = counted(world)
    assert all(before.values())
    engine = world.database.engine
    schema.downgrade(engine, "0010")
    schema.upgrade(engine)
    assert counted(world) == before


def test_decisions_of_one_day_add_up(any_world: World) -> None:
    """The sums are added to in the database, not read and written."""
    world = any_world
    for _ in range(2):
        decide(world, world.clip(), world.person(Role.REVIEWER), Action.REJECT, "other")
    found = read(world, Role.REVIEWER)
    assert (found.total.by_action["reject"], found.reasons) == (2, [("other", 2)])
    assert found.waited["reviewer"].decided == 2
