"""Claims, decisions with notes, and holds, as reviewers and the safeguarding officer meet them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from review import (
    accounts,
    clock,
    consenting,
    decisions,
    feed,
    jobs,
    processing,
    publication,
    queries,
    submission,
)
from review.claims import CLAIM
from review.decisions import MAX_NOTES, NoteInput, Verdict
from review.errors import (
    ClaimHeld,
    InvalidInput,
    NoSuchClip,
    NotAllowed,
    NotesMissing,
    NotWatched,
    OwnClip,
    SamePerson,
    StaleClip,
)
from review.models import Account, Clip, Decision
from review.policy import Actor, Role, shown_state
from review.states import Action, State
from tests.rows import everything
from tests.world import World, consented

WHY = (NoteInput(3.5, "name_visible", "bảng tên ở áo"), NoteInput(None, "other", "xem lại\nnhé"))


def decide(
    world: World, clip_id: str, actor: Actor, action: Action = Action.APPROVE, **more: Any
) -> Decision:
    """A decision on the clip as it is now, unless told otherwise."""
    clip = world.get(clip_id)
    given = {"revision": clip.revision, "version": clip.version, "watched": True, "notes": WHY}
    with world.write() as session:
        return decisions.decide(session, clip_id, actor, Verdict(action, **{**given, **more}))


def claim(world: World, clip_id: str, actor: Actor) -> Any:
    with world.write() as session:
        return decisions.claim(session, clip_id, actor)


def end_claim(world: World, clip_id: str) -> None:
    """As if ten minutes had passed."""
    with world.write() as session:
        session.get_one(Clip, clip_id).claimed_until = clock.now(session) - timedelta(seconds=1)


# --- what is written ---------------------------------------------------------------------------


def test_a_decision_says_who_decided_what_on_which_bytes(any_world: World) -> None:
    world = any_world
    reviewer = world.actor(Role.REVIEWER)
    clip_id = world.clip()
    before = world.get(clip_id)
    made = decide(world, clip_id, reviewer, Action.REQUEST_CHANGES)
    with world.read() as session:
        revision = queries.revision(session, before)
        assert revision is not None
        (row,) = queries.decisions(session, clip_id)
        notes = queries.notes(session, clip_id)
    assert row == (row[0], "reviewer")
    assert (row[0].id, row[0].action, row[0].stage, row[0].revision, row[0].version) == (
        made.id,
        "request_changes",
        0,
        1,
        before.version,
    )
    assert row[0].watched_sha256 == revision.watched_sha256 is not None
    assert [(n.position, n.at, n.code, n.text) for n in notes] == [
        (0, 3.5, "name_visible", "bảng tên ở áo"),
        (1, None, "other", "xem lại\nnhé"),
    ]


def test_both_stages_approve_and_the_clip_waits_for_its_ladder(world: World) -> None:
    clip_id = world.clip()
    decide(world, clip_id, world.actor(Role.REVIEWER))
    assert (world.get(clip_id).state, world.get(clip_id).stage) == (State.IN_REVIEW, 1)
    decide(world, clip_id, world.actor(Role.MODERATOR))
    assert world.get(clip_id).state == State.APPROVED
    world.ladder(clip_id)
    assert world.get(clip_id).state == State.PUBLISHED


def test_a_new_revision_starts_at_the_first_stage_with_new_eyes(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW, stage=1)
    decide(world, clip_id, world.actor(Role.MODERATOR), Action.REQUEST_CHANGES)
    upload = world.upload(content=b"a new file")
    with world.write() as session:
        submission.resubmit(session, clip_id, upload, world.actor(Role.TEACHER))
    world.examine(clip_id)
    clip = world.get(clip_id)
    assert (clip.state, clip.stage, clip.revision) == (State.IN_REVIEW, 0, 2)
    # Whoever approved the first file may approve the second.
    decide(world, clip_id, world.actor(Role.REVIEWER))
    assert world.get(clip_id).stage == 1


# --- what is refused, and writes nothing -------------------------------------------------------


def test_a_decision_on_an_older_version_hears_what_happened_meanwhile(world: World) -> None:
    clip_id = world.clip()
    seen, moderator = world.get(clip_id), world.actor(Role.MODERATOR)
    decide(world, clip_id, world.actor(Role.REVIEWER))
    before = everything(world.database)
    with pytest.raises(StaleClip) as caught:
        decide(world, clip_id, moderator, version=seen.version)
    (row,) = caught.value.since
    assert {k: row[k] for k in row if k != "at"} == {
        "action": "approve",
        "by": "reviewer",
        "from": "in_review",
        "to": "in_review",
        "version": seen.version + 1,
        "revision": 1,
    }
    assert caught.value.detail == {"version": seen.version + 1}
    assert everything(world.database) == before


def refusals() -> dict[str, tuple[dict[str, Any], type[Exception]]]:
    approve, reject = {"action": Action.APPROVE}, {"action": Action.REJECT}
    changes = {"action": Action.REQUEST_CHANGES}
    return {
        "another revision": ({**approve, "revision": 2}, StaleClip),
        "a version to come": ({**approve, "version": 99}, StaleClip),
        "not watched": ({**approve, "watched": False}, NotWatched),
        "no reason to reject": ({**reject, "notes": ()}, NotesMissing),
        "no reason to ask for changes": ({**changes, "notes": ()}, NotesMissing),
        "no verdict": ({"action": Action.WITHDRAW}, InvalidInput),
        "unknown reason": ({**reject, "notes": (NoteInput(1.0, "nope"),)}, InvalidInput),
        "time before the start": ({**reject, "notes": (NoteInput(-1.0, "other"),)}, InvalidInput),
        "no time at all": (
            {**reject, "notes": (NoteInput(float("nan"), "other"),)},
            InvalidInput,
        ),
        "a flood of notes": ({**reject, "notes": (WHY[0],) * (MAX_NOTES + 1)}, InvalidInput),
    }


@pytest.mark.parametrize("case", refusals())
def test_an_incomplete_decision_is_refused_and_writes_nothing(world: World, case: str) -> None:
    given, error = refusals()[case]
    clip_id = world.clip()
    reviewer = world.actor(Role.REVIEWER)
    before = everything(world.database)
    with pytest.raises(error):
        decide(world, clip_id, reviewer, **given)
    assert everything(world.database) == before


def test_rejecting_needs_no_watching_and_approving_no_reason(world: World) -> None:
    rejected, approved = world.clip(), world.clip()
    decide(world, rejected, world.actor(Role.REVIEWER), Action.REJECT, watched=False)
    decide(world, approved, world.actor(Role.REVIEWER), notes=())
    assert world.get(rejected).state == State.REJECTED
    assert world.get(approved).stage == 1


def test_a_stranger_to_the_stage_is_not_asked_to_watch_first(world: World) -> None:
    clip_id = world.clip()
    with pytest.raises(NotAllowed):
        decide(world, clip_id, world.actor(Role.MODERATOR), watched=False)


def test_another_schools_reviewer_does_not_learn_of_the_clip(world: World) -> None:
    stranger = accounts.actor_of(world.account(Role.REVIEWER, school=world.another_school()))
    clip_id = world.clip()
    with pytest.raises(NoSuchClip):
        decide(world, clip_id, stranger)
    with pytest.raises(NoSuchClip):
        decide(world, clip_id, stranger, version=1)  # nor by being late
    with pytest.raises(NoSuchClip):
        claim(world, clip_id, stranger)


def promote(world: World, account: Account, role: Role) -> Actor:
    """The person got another office since: their earlier acts stay theirs."""
    with world.write() as session:
        row = session.get_one(Account, account.id)
        row.role = role
        row.school_id = None if role is Role.MODERATOR else row.school_id
    return accounts.actor_of(row)


def test_nobody_decides_on_an_own_clip_whatever_they_became(world: World) -> None:
    owner = world.account(Role.TEACHER)
    clip_id = world.clip(owner=owner)
    now_reviewer = promote(world, owner, Role.REVIEWER)
    for action in (Action.APPROVE, Action.REQUEST_CHANGES, Action.REJECT):
        with pytest.raises(OwnClip):
            decide(world, clip_id, now_reviewer, action)
    with pytest.raises(NotAllowed):
        claim(world, clip_id, now_reviewer)


def test_the_same_person_does_not_approve_twice(world: World) -> None:
    reviewer = world.account(Role.REVIEWER)
    clip_id = world.clip()
    decide(world, clip_id, accounts.actor_of(reviewer))
    now_moderator = promote(world, reviewer, Role.MODERATOR)
    with pytest.raises(SamePerson):
        decide(world, clip_id, now_moderator)
    # Approving is what needs four eyes; sending back does not.
    decide(world, clip_id, now_moderator, Action.REQUEST_CHANGES)


# --- claims ------------------------------------------------------------------------------------


def test_a_claim_holds_others_off_until_it_ends(any_world: World) -> None:
    world = any_world
    first, second = (accounts.actor_of(world.account(Role.REVIEWER)) for _ in range(2))
    clip_id = world.clip()
    version = world.get(clip_id).version
    until = claim(world, clip_id, first)
    with pytest.raises(ClaimHeld) as caught:
        claim(world, clip_id, second)
    assert caught.value.detail == {"until": clock.iso(until)}
    for action in (Action.APPROVE, Action.REQUEST_CHANGES, Action.REJECT):
        with pytest.raises(ClaimHeld):
            decide(world, clip_id, second, action)
    assert world.get(clip_id).version == version  # a claim is no move

    end_claim(world, clip_id)
    claim(world, clip_id, second)
    with pytest.raises(ClaimHeld):
        claim(world, clip_id, first)
    decide(world, clip_id, second)
    clip = world.get(clip_id)
    assert (clip.stage, clip.claimed_by, clip.claimed_until) == (1, None, None)


def test_a_claim_is_renewed_by_who_holds_it(world: World) -> None:
    reviewer = world.actor(Role.REVIEWER)
    clip_id = world.clip()
    with world.write() as session:
        now = clock.now(session)
        until = decisions.claim(session, clip_id, reviewer)
        assert CLAIM <= until - now < CLAIM + timedelta(seconds=30)
    assert claim(world, clip_id, reviewer) > until


def test_an_ended_claim_does_not_stop_a_decision(world: World) -> None:
    first, second = (accounts.actor_of(world.account(Role.REVIEWER)) for _ in range(2))
    clip_id = world.clip()
    claim(world, clip_id, first)
    end_claim(world, clip_id)
    decide(world, clip_id, second)
    assert world.get(clip_id).stage == 1


def test_only_ones_own_claim_is_given_back(world: World) -> None:
    first, second = (accounts.actor_of(world.account(Role.REVIEWER)) for _ in range(2))
    clip_id = world.clip()
    claim(world, clip_id, first)
    with world.write() as session:
        decisions.release_claim(session, clip_id, second)
    assert world.get(clip_id).claimed_by == first.id
    with world.write() as session:
        decisions.release_claim(session, clip_id, first)
    claim(world, clip_id, second)


@pytest.mark.parametrize("role", [Role.TEACHER, Role.PUPIL])
def test_only_who_may_decide_claims(world: World, role: Role) -> None:
    clip_id = world.clip()
    with pytest.raises((NotAllowed, NoSuchClip)):
        claim(world, clip_id, world.actor(role))


@pytest.mark.parametrize("state", [s for s in State if s not in (State.IN_REVIEW, State.DRAFT)])
def test_only_a_clip_in_review_is_claimed(world: World, state: State) -> None:
    clip_id = world.clip(state)
    with pytest.raises((NotAllowed, NoSuchClip)):
        claim(world, clip_id, world.actor(Role.REVIEWER))


def test_a_child_at_risk_does_not_wait_for_a_colleagues_claim(world: World) -> None:
    clip_id = world.clip()
    claim(world, clip_id, world.actor(Role.REVIEWER))
    decide(world, clip_id, world.actor(Role.TEACHER), Action.ESCALATE)
    assert world.get(clip_id).state == State.HELD


# --- holds -------------------------------------------------------------------------------------

OTHERS = (Role.PUPIL, Role.TEACHER, Role.REVIEWER, Role.MODERATOR, Role.ADMIN)


def lists(world: World, actor: Actor) -> set[str]:
    """Every clip that any list shows to this person, their own list aside."""
    with world.read() as session:
        rows = [r.clip.id for r in queries.review_queue(session, actor, limit=100).items]
        rows += [r.clip.id for r in queries.safeguarding_queue(session, actor, limit=100).items]
        rows += [c.id for c in queries.class_clips(session, actor, limit=100).items]
        rows += [c.id for c in queries.gallery(session, actor, limit=100).items]
        rows += [queries.next_in_queue(session, actor) or "none"]
    return set(rows)


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.APPROVED, State.PUBLISHED])
def test_a_held_clip_is_gone_for_everybody_but_its_officer(world: World, state: State) -> None:
    owner = world.account(Role.PUPIL)
    clip_id = world.clip(state, owner=owner)
    with world.read() as session:
        told = [n.id for n in queries.notes(session, clip_id)]
    decide(world, clip_id, world.actor(Role.TEACHER), Action.ESCALATE)
    for role in OTHERS:
        actor = world.actor(role)
        assert clip_id not in lists(world, actor), role
        with world.read() as session, pytest.raises(NoSuchClip):
            queries.get_clip(session, actor, clip_id)
        assert shown_state(actor, world.get(clip_id)) is State.IN_REVIEW
    with world.read() as session, pytest.raises(NoSuchClip):
        queries.get_clip(session, None, clip_id)
    # Its owner goes on seeing it, as one that is being reviewed, without a word of the hold.
    mine = accounts.actor_of(owner)
    with world.read() as session:
        assert queries.get_clip(session, mine, clip_id).id == clip_id
        assert [c.id for c in queries.my_clips(session, mine).items] == [clip_id]
        assert [n.id for n in queries.notes(session, clip_id)] == told
    assert shown_state(mine, world.get(clip_id)) is State.IN_REVIEW
    officer = world.actor(Role.SAFEGUARDING)
    assert lists(world, officer) == {clip_id, "none"}
    assert shown_state(officer, world.get(clip_id)) is State.HELD
    with world.read() as session:
        assert [n.text for n in queries.hold_notes(session, clip_id)] == [n.text for n in WHY]


def test_holding_a_published_clip_takes_it_out_of_the_feed_at_once(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED)
    decide(world, clip_id, world.actor(Role.REVIEWER), Action.ESCALATE)
    with world.read() as session:
        assert [(e.kind, e.reason, e.record) for e in feed.changes(session).entries] == [
            ("withdrawn", "office", None)
        ]


@pytest.mark.parametrize("released", [False, True], ids=["held", "released"])
def test_what_happened_meanwhile_never_tells_of_a_hold(world: World, released: bool) -> None:
    owner = world.account(Role.PUPIL)
    clip_id = world.clip(owner=owner)
    seen = world.get(clip_id).version
    decide(world, clip_id, world.actor(Role.TEACHER), Action.ESCALATE)
    officer = world.actor(Role.SAFEGUARDING)
    if released:
        with world.write() as session:
            decisions.release_hold(session, clip_id, officer, seen + 1)
        # An old page works as if nothing had been.
        decide(world, clip_id, world.actor(Role.REVIEWER), version=seen)
        assert (world.get(clip_id).state, world.get(clip_id).stage) == (State.IN_REVIEW, 1)
        return
    with pytest.raises(StaleClip) as of_officer, world.write() as session:
        decisions.release_hold(session, clip_id, officer, seen)
    assert [row["action"] for row in of_officer.value.since] == ["escalate"]
    # A reviewer who had it open meets what a clip that never was would say.
    with pytest.raises(NoSuchClip):
        decide(world, clip_id, world.actor(Role.REVIEWER), version=seen)
    with world.write() as session:
        publication.withdraw(session, clip_id, accounts.actor_of(owner), "owner", seen)
    assert world.get(clip_id).state == State.WITHDRAWN
    with pytest.raises(StaleClip) as of_reviewer:
        decide(world, clip_id, world.actor(Role.REVIEWER), version=seen)
    assert [(r["action"], r["by"], r["from"], r["to"]) for r in of_reviewer.value.since] == [
        ("withdraw", "owner", "in_review", "withdrawn")
    ]


def test_the_officers_rejection_reads_like_any_other(world: World) -> None:
    clip_id = world.clip()
    seen = world.get(clip_id).version
    decide(world, clip_id, world.actor(Role.TEACHER), Action.ESCALATE)
    decide(world, clip_id, world.actor(Role.SAFEGUARDING), Action.REJECT)
    with pytest.raises(StaleClip) as caught:
        decide(world, clip_id, world.actor(Role.REVIEWER), version=seen)
    assert [(r["action"], r["by"], r["from"]) for r in caught.value.since] == [
        ("reject", "moderator", "in_review")
    ]


def test_who_only_watches_a_published_clip_learns_nothing_of_its_past(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, owner=world.account(Role.TEACHER))
    far = accounts.actor_of(world.account(Role.REVIEWER, school=world.another_school()))
    for actor in (world.actor(Role.PUPIL), far):
        for action in (Action.APPROVE, Action.ESCALATE):
            with pytest.raises(NotAllowed) as refused:
                decide(world, clip_id, actor, action, version=1)
            assert refused.value.detail == {}
    # Who may report it from the library is told that it changed, not how.
    for role in (Role.ADMIN, Role.SAFEGUARDING):
        for old in ({"version": 1}, {"revision": 2}):
            with pytest.raises(StaleClip) as stale:
                decide(world, clip_id, world.actor(role), Action.ESCALATE, **old)
            assert (stale.value.since, stale.value.detail) == ([], {})


# --- a case outlives the withdrawal of its clip ------------------------------------------------


def open_cases(world: World, role: Role = Role.SAFEGUARDING) -> list[str]:
    with world.read() as session:
        return [r.clip.id for r in queries.safeguarding_queue(session, world.actor(role)).items]


def close(world: World, clip_id: str, role: Role = Role.SAFEGUARDING) -> None:
    with world.write() as session:
        version = world.get(clip_id).version
        decisions.close_case(session, clip_id, world.actor(role), version)


def withdrawn_while_held(world: World) -> str:
    owner = world.account(Role.PUPIL)
    clip_id = world.clip(State.HELD, owner=owner)
    with world.write() as session:
        publication.withdraw(session, clip_id, accounts.actor_of(owner), "owner")
    return clip_id


def test_the_officer_keeps_a_clip_that_its_owner_withdrew_while_it_was_held(
    any_world: World,
) -> None:
    world = any_world
    held, plain = world.clip(State.HELD), world.clip(State.WITHDRAWN)
    clip_id = withdrawn_while_held(world)
    officer = world.actor(Role.SAFEGUARDING)
    assert open_cases(world) == [held, clip_id]
    assert [open_cases(world, role) for role in OTHERS] == [[]] * len(OTHERS)
    with world.read() as session:
        assert queries.get_clip(session, officer, clip_id).id == clip_id
        with pytest.raises(NoSuchClip):
            queries.get_clip(session, officer, plain)
    version = world.get(clip_id).version
    close(world, clip_id)
    assert open_cases(world) == [held]
    with world.read() as session:
        with pytest.raises(NoSuchClip):
            queries.get_clip(session, officer, clip_id)
        last = queries.history(session, clip_id)[-1]
    assert (last.action, last.party, last.from_state, last.to_state, last.actor_id) == (
        "close_case",
        "safeguarding",
        "withdrawn",
        "withdrawn",
        officer.id,
    )
    assert world.get(clip_id).version == version  # no gap that would tell


def test_a_revoked_consent_does_not_take_the_evidence_away(world: World) -> None:
    clip_id = world.clip(State.HELD, people=(consented(),))
    with world.write() as session:
        ((_, given),) = queries.people(session, session.get_one(Clip, clip_id))
        consenting.revoke_consent(session, given[0].id, world.actor(Role.TEACHER))
    assert world.get(clip_id).state == State.WITHDRAWN
    assert open_cases(world) == [clip_id]


@pytest.mark.parametrize("end", [Action.RELEASE, Action.REJECT])
def test_the_officers_word_ends_the_case(world: World, end: Action) -> None:
    clip_id = world.clip(State.HELD)
    officer = world.actor(Role.SAFEGUARDING)
    if end is Action.REJECT:
        decide(world, clip_id, officer, end)
    else:
        with world.write() as session:
            decisions.release_hold(session, clip_id, officer, world.get(clip_id).version)
    assert (open_cases(world), world.get(clip_id).case_open) == ([], False)


def test_only_the_officer_closes_and_only_what_was_withdrawn(world: World) -> None:
    clip_id, held = withdrawn_while_held(world), world.clip(State.HELD)
    before = everything(world.database)
    people = {role: world.actor(role) for role in (*OTHERS, Role.SAFEGUARDING)}
    for role in people:
        if role is not Role.SAFEGUARDING:
            with pytest.raises((NotAllowed, NoSuchClip)):
                close(world, clip_id, role)
    with pytest.raises(NotAllowed):
        close(world, held)
    with pytest.raises(StaleClip), world.write() as session:
        decisions.close_case(session, clip_id, people[Role.SAFEGUARDING], 1)
    after = everything(world.database)
    for table in ("accounts", "classes"):  # people came in
        del before[table], after[table]
    assert after == before


def test_the_officer_releases_into_the_first_stage(world: World) -> None:
    clip_id = world.clip(State.PUBLISHED)
    decide(world, clip_id, world.actor(Role.MODERATOR), Action.ESCALATE)
    officer, version = world.actor(Role.SAFEGUARDING), world.get(clip_id).version
    with world.write() as session:
        decisions.release_hold(session, clip_id, officer, version)
    clip = world.get(clip_id)
    assert (clip.state, clip.stage) == (State.IN_REVIEW, 0)
    # It goes the whole way again; its renditions are still there, so it is published at once.
    decide(world, clip_id, world.actor(Role.REVIEWER))
    decide(world, clip_id, world.actor(Role.MODERATOR))
    assert world.get(clip_id).state == State.PUBLISHED
    with world.read() as session:
        assert [e.kind for e in feed.changes(session).entries] == ["withdrawn", "published"]


def test_the_officer_rejects_with_a_reason(world: World) -> None:
    clip_id = world.clip(State.HELD)
    officer = world.actor(Role.SAFEGUARDING)
    with pytest.raises(NotesMissing):
        decide(world, clip_id, officer, Action.REJECT, notes=())
    decide(world, clip_id, officer, Action.REJECT)
    assert world.get(clip_id).state == State.REJECTED
    with world.read() as session:
        assert jobs.due(session) == []


def test_a_ladder_that_failed_while_held_is_queued_again_on_release(world: World) -> None:
    clip_id = world.clip(State.HELD)
    claimed = world.claim_job(clip_id, "ladder")
    with world.write() as session:
        processing.gave_up(session, claimed, "tool_crashed")
    assert world.get(clip_id).state == State.HELD
    officer, version = world.actor(Role.SAFEGUARDING), world.get(clip_id).version
    with world.write() as session:
        decisions.release_hold(session, clip_id, officer, version)
        assert session.info["rings"] == [(jobs.last_open(session, clip_id), "ladder")]
    world.ladder(clip_id)


def test_a_teacher_who_fears_for_a_child_says_so_about_an_own_clip_too(world: World) -> None:
    teacher = world.account(Role.TEACHER)
    clip_id = world.clip(owner=teacher)
    decide(world, clip_id, accounts.actor_of(teacher), Action.ESCALATE)
    assert world.get(clip_id).state == State.HELD


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SAFEGUARDING])
def test_who_meets_a_clip_only_in_the_library_can_still_report_it(world: World, role: Role) -> None:
    clip_id = world.clip(State.PUBLISHED)
    decide(world, clip_id, world.actor(role), Action.ESCALATE)
    assert world.get(clip_id).state == State.HELD
