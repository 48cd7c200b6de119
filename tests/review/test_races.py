"""Two who act at the same moment: one order, nothing in between, and a withdrawal always wins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from review import (
    accounts,
    audit,
    consenting,
    decisions,
    feed,
    jobs,
    processing,
    publication,
    submission,
)
from review.consent import GivenConsent
from review.decisions import NoteInput, Verdict
from review.details import Details
from review.errors import (
    ClaimHeld,
    LeaseLost,
    NoSuchClip,
    ReviewError,
    StaleClip,
    UploadUsed,
    WrongState,
)
from review.models import Account, AuditRow, Clip, Consent, Decision, FeedEntry, Job, Upload
from review.policy import Role
from review.processing import Output, Rendered
from review.states import Action, State
from review.uploads import drop_upload, expired
from tests.racing import race
from tests.world import FACTS, World, consented

NOTES = [NoteInput(1.0, "sound_low")]
PAIRS = [
    (Action.APPROVE, Action.APPROVE),
    (Action.APPROVE, Action.REJECT),
    (Action.REQUEST_CHANGES, Action.REJECT),
    (Action.APPROVE, Action.ESCALATE),
]


def deciding(world: World, clip_id: str, who: Account, action: Action) -> Callable[[], str]:
    """A call that decides on what it sees now."""
    clip, actor = world.get(clip_id), accounts.actor_of(who)
    verdict = Verdict(action, clip.revision, clip.version, NOTES, watched=True)

    def call() -> str:
        with world.write() as session:
            return decisions.decide(session, clip_id, actor, verdict).id

    return call


def test_of_two_reviewers_who_decide_at_once_exactly_one_decides(any_world: World) -> None:
    world = any_world
    reviewers = [world.account(Role.REVIEWER), world.account(Role.REVIEWER)]
    for turn in range(40):
        clip_id = world.clip()
        before = world.get(clip_id)
        actions = PAIRS[turn % len(PAIRS)]
        results = race(
            *(deciding(world, clip_id, w, a) for w, a in zip(reviewers, actions, strict=True))
        )
        (won,) = [i for i, r in enumerate(results) if isinstance(r, str)]
        (lost,) = [r for r in results if not isinstance(r, str)]
        # The one who came second reads what the first decided, but never of a hold.
        if actions[won] is Action.ESCALATE:
            assert isinstance(lost, NoSuchClip)
        else:
            assert isinstance(lost, StaleClip)
            assert [(r["action"], r["by"]) for r in lost.since] == [(actions[won], "reviewer")]
        with world.read() as session:
            made = session.scalars(select(Decision).where(Decision.clip_id == clip_id)).all()
            assert [(d.id, d.actor_id) for d in made] == [(results[won], reviewers[won].id)]
            rows = select(func.count()).select_from(AuditRow).where(AuditRow.clip_id == clip_id)
            # create, submit, examined, and one decision
            assert session.scalar(rows) == 4
        assert world.get(clip_id).version == before.version + 1
    with world.read() as session:
        assert audit.verify(session) == (160, None)


def test_of_two_reviewers_who_claim_at_once_exactly_one_holds(any_world: World) -> None:
    world = any_world
    actors = [accounts.actor_of(world.account(Role.REVIEWER)) for _ in range(2)]
    for _ in range(10):
        clip_id = world.clip()

        def claiming(i: int, clip_id: str = clip_id) -> Any:
            with world.write() as session:
                return decisions.claim(session, clip_id, actors[i])

        results = race(lambda: claiming(0), lambda: claiming(1))
        assert [isinstance(r, ClaimHeld) for r in results].count(True) == 1
        winner = next(i for i, r in enumerate(results) if not isinstance(r, ClaimHeld))
        assert world.get(clip_id).claimed_by == actors[winner].id


# --- a withdrawal against every step -----------------------------------------------------------


def examine_step(world: World, clip_id: str) -> Callable[[], Any]:
    claim = world.claim_job(clip_id, "examine")

    def call() -> None:
        outputs = [Output("proxy.mp4", f"k/{claim.attempt_name}", 1, "0" * 64, "video/mp4")]
        with world.write() as session:
            processing.examined(
                session, claim, facts=FACTS, outputs=outputs, watched_sha256="0" * 64
            )

    return call


def ladder_step(world: World, clip_id: str) -> Callable[[], Any]:
    claim = world.claim_job(clip_id, "ladder")

    def call() -> None:
        made = Rendered("mp4", "mp4/360p.mp4", 640, 360, 9, "0" * 64, "video/mp4")
        with world.write() as session:
            processing.laddered(session, claim, outputs=[], renditions=[made])

    return call


def decision_step(action: Action, role: Role) -> Callable[[World, str], Callable[[], Any]]:
    return lambda world, clip_id: deciding(world, clip_id, world.person(role), action)


def edit_step(world: World, clip_id: str) -> Callable[[], Any]:
    version, actor = world.get(clip_id).version, world.actor(Role.MODERATOR)

    def call() -> None:
        with world.write() as session:
            publication.edit_details(session, clip_id, actor, Details("Tên mới"), version)

    return call


def resubmit_step(world: World, clip_id: str) -> Callable[[], Any]:
    upload_id, actor = world.upload(), world.actor(Role.TEACHER)

    def call() -> None:
        with world.write() as session:
            submission.resubmit(session, clip_id, upload_id, actor)

    return call


def in_place(state: State, stage: int = 0, *, laddered: bool = False) -> Callable[[World], str]:
    def make(world: World) -> str:
        clip_id = world.clip(state, stage=stage, people=(consented(),))
        if laddered:
            world.ladder(clip_id)
        return clip_id

    return make


STEPS = {
    "examined": (in_place(State.PROCESSING), examine_step),
    "first approval": (in_place(State.IN_REVIEW), decision_step(Action.APPROVE, Role.REVIEWER)),
    "last approval, which publishes": (
        in_place(State.IN_REVIEW, 1, laddered=True),
        decision_step(Action.APPROVE, Role.MODERATOR),
    ),
    "request for changes": (
        in_place(State.IN_REVIEW),
        decision_step(Action.REQUEST_CHANGES, Role.REVIEWER),
    ),
    "hold": (in_place(State.PUBLISHED), decision_step(Action.ESCALATE, Role.REVIEWER)),
    "ladder, which publishes": (in_place(State.APPROVED), ladder_step),
    "correction": (in_place(State.PUBLISHED), edit_step),
    "new revision": (in_place(State.CHANGES_REQUESTED), resubmit_step),
}


def withdrawing(world: World, clip_id: str) -> Callable[[], Any]:
    def call() -> None:
        with world.write() as session:
            publication.withdraw(session, clip_id, world.actor(Role.TEACHER), "guardian")

    return call


def revoking(world: World, clip_id: str) -> Callable[[], Any]:
    with world.read() as session:
        consent_id = session.scalars(select(Consent.id).order_by(Consent.id.desc()).limit(1)).one()

    def call() -> None:
        with world.write() as session:
            consenting.revoke_consent(session, consent_id, world.actor(Role.TEACHER))

    return call


@pytest.mark.parametrize("taking_back", [withdrawing, revoking], ids=["withdraw", "revoke"])
@pytest.mark.parametrize("step", STEPS)
def test_taking_back_wins_against_every_step(
    any_world: World, step: str, taking_back: Callable[[World, str], Callable[[], Any]]
) -> None:
    world = any_world
    world.actor(Role.TEACHER)
    make, prepare = STEPS[step]
    for _ in range(4):
        clip_id = make(world)
        moved, withdrawn = race(prepare(world, clip_id), taking_back(world, clip_id))
        assert withdrawn is None
        # Whoever came second to the withdrawal is told in the rules' own words, or was in time.
        assert isinstance(moved, (str, type(None), StaleClip, WrongState, LeaseLost)), moved
        assert_gone(world, clip_id)
    with world.read() as session:
        assert audit.verify(session)[1] is None


def assert_gone(world: World, clip_id: str) -> None:
    clip = world.get(clip_id)
    assert (clip.state, clip.withdrawn_reason) == (State.WITHDRAWN, "guardian")
    with world.read() as session:
        kinds = select(Job.state).where(Job.clip_id == clip_id).distinct()
        assert set(session.scalars(kinds)) <= {"done", "cancelled"}
        entries = session.scalars(
            select(FeedEntry).where(FeedEntry.clip_id == clip_id).order_by(FeedEntry.seq)
        ).all()
        assert clip_id not in [e.clip_id for e in feed.live(session)]
    if entries:  # it was public for a moment: a tombstone, and nothing else is left of it
        assert [e.kind for e in entries].count("withdrawn") == 1
        assert entries[-1].kind == "withdrawn"
        assert [e.record for e in entries] == [None] * len(entries)


def test_a_consent_revoked_before_the_ladder_ends_keeps_the_clip_private(world: World) -> None:
    clip_id = world.clip(State.APPROVED, people=(consented(),))
    ladder = ladder_step(world, clip_id)
    revoking(world, clip_id)()
    with pytest.raises(LeaseLost):
        ladder()
    assert_gone(world, clip_id)


def test_recording_and_revoking_at_once_end_withdrawn_or_never_public(any_world: World) -> None:
    world = any_world
    actor = world.actor(Role.TEACHER)
    for _ in range(5):
        clip_id = world.clip(State.APPROVED, people=(consented(),))
        world.ladder(clip_id)
        assert world.get(clip_id).state == State.PUBLISHED
        with world.read() as session:
            row = session.scalars(select(Consent).order_by(Consent.id.desc()).limit(1)).one()

        def record(person_id: str = row.person_id, kind: str = row.kind) -> None:
            with world.write() as session:
                consenting.record_consent(session, person_id, actor, GivenConsent(kind))

        results = race(record, revoking(world, clip_id))
        assert results == [None, None]
        # The new consent came first and covers, or the clip was withdrawn: never in between.
        clip = world.get(clip_id)
        assert clip.state in (State.PUBLISHED, State.WITHDRAWN)
        with world.read() as session:
            live = clip_id in [e.clip_id for e in feed.live(session)]
        assert live == (clip.state == State.PUBLISHED)


def test_the_sweep_of_ended_consents_and_a_decision_do_not_wait_for_each_other(
    any_world: World,
) -> None:
    """Two published clips end at once, while each gets a correction: no deadlock, both gone."""
    world = any_world
    for _ in range(4):
        clips = [world.clip(State.PUBLISHED, people=(consented(),)) for _ in range(3)]
        with world.write() as session:
            ends = session.scalars(select(Consent)).all()
            for row in ends:
                row.valid_until = row.given_at
        edits = [edit_step(world, c) for c in clips]

        def sweep() -> int:
            with world.write() as session:
                return consenting.expire_due(session)

        results = race(sweep, *edits)
        assert isinstance(results[0], int)
        assert all(r is None or isinstance(r, StaleClip) for r in results[1:]), results
        sweep()
        assert {world.get(c).state for c in clips} == {State.WITHDRAWN}


# --- uploads and jobs --------------------------------------------------------------------------


def test_one_upload_becomes_one_revision_whoever_is_quicker(any_world: World) -> None:
    world = any_world
    actor = world.actor(Role.TEACHER)
    for _ in range(10):
        upload_id = world.upload()
        drafts = [world.clip(State.DRAFT), world.clip(State.DRAFT)]

        def submit(clip_id: str, upload_id: str = upload_id) -> str:
            with world.write() as session:
                return submission.submit(session, clip_id, upload_id, actor).id

        results = race(lambda d=drafts: submit(d[0]), lambda d=drafts: submit(d[1]))
        assert sorted(type(r) for r in results if not isinstance(r, str)) == [UploadUsed]


def test_an_upload_is_handed_in_or_removed_but_never_both(any_world: World) -> None:
    world = any_world
    actor = world.actor(Role.TEACHER)
    for _ in range(10):
        upload_id, clip_id = world.upload(), world.clip(State.DRAFT)
        with world.write() as session:
            session.get_one(Upload, upload_id).expires_at = session.get_one(
                Clip, clip_id
            ).created_at

        def submit(clip_id: str = clip_id, upload_id: str = upload_id) -> str:
            with world.write() as session:
                return submission.submit(session, clip_id, upload_id, actor).id

        def sweep() -> list[str]:
            with world.write() as session:
                gone = expired(session)
                for row in gone:
                    session.delete(row)
                return [row.id for row in gone]

        def drop(upload_id: str = upload_id) -> None:
            with world.write() as session:
                drop_upload(session, upload_id, actor)

        submitted, swept, dropped = race(submit, sweep, drop)
        assert isinstance(swept, list)
        assert dropped is None or isinstance(dropped, ReviewError)
        with world.read() as session:
            there = session.get(Upload, upload_id) is not None
        handed_in = world.get(clip_id).state == State.PROCESSING
        assert there == handed_in == isinstance(submitted, str)


def test_a_failed_ladder_is_started_once_whoever_presses(any_world: World) -> None:
    world = any_world
    admin = world.actor(Role.ADMIN)
    for _ in range(5):
        clip_id = world.clip()
        claim = world.claim_job(clip_id, "ladder")
        with world.write() as session:
            processing.gave_up(session, claim, "tool_crashed")

        def press(job_id: str = claim.job_id) -> str:
            with world.write() as session:
                return submission.retry_job(session, job_id, admin)

        results = race(press, press)
        assert sorted(type(r).__name__ for r in results) == ["WrongState", "str"]
        with world.read() as session:
            job = jobs.get(session, claim.job_id)
            assert (job.state, job.attempts, job.fence) == ("queued", 0, claim.fence)
