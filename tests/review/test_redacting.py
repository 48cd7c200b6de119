"""From a plan to a new revision: who, when, and what becomes of what was not kept."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from review import audit, decisions, jobs, lifecycle, queries, redacting, submission
from review.accounts import actor_of
from review.decisions import Verdict
from review.errors import (
    InvalidInput,
    LeaseLost,
    NoSuchClip,
    NoSuchThing,
    NotAllowed,
    OwnClip,
    SamePerson,
    StaleClip,
    WrongState,
)
from review.models import AuditRow, Job, Redaction, Revision, Upload
from review.policy import Role
from review.processing import Output
from review.states import Action, State
from tests import redactions
from tests.racing import race
from tests.redactions import BOX, PLAN, SHA
from tests.rows import everything
from tests.world import World


def shown(world: World, redaction_id: str) -> tuple[str, int | None, str | None]:
    with world.read() as session:
        return redacting.shown_state(session, session.get_one(Redaction, redaction_id))


def revisions(world: World, clip_id: str) -> list[Revision]:
    with world.read() as session:
        return queries.revisions(session, world.get(clip_id))


def job_states(world: World, clip_id: str) -> list[tuple[str, str]]:
    with world.read() as session:
        rows = session.scalars(select(Job).where(Job.clip_id == clip_id).order_by(Job.id))
        return [(job.kind, job.state) for job in rows]


def test_a_plan_becomes_a_new_revision_whose_review_begins_again(any_world: World) -> None:
    world = any_world
    clip_id = world.clip(State.IN_REVIEW, stage=1)
    reviewer = world.actor(Role.REVIEWER)
    before = world.get(clip_id)
    made = redactions.asked(world, clip_id, reviewer)
    assert shown(world, made) == ("queued", None, None)
    assert world.get(clip_id).version == before.version
    key = redactions.render(world, clip_id)
    assert shown(world, made) == ("ready", None, None)

    with world.write() as session:
        redacting.keep(session, clip_id, made, reviewer, before.version)

    clip = world.get(clip_id)
    assert (clip.state, clip.stage, clip.revision) == (State.PROCESSING, 0, 2)
    old, new = revisions(world, clip_id)
    assert (new.parent_id, new.number, new.original_key, new.original_sha256) == (
        old.id,
        2,
        key,
        SHA,
    )
    assert shown(world, made) == ("kept", None, None)
    # The ladder of what was hidden is wanted by nobody; the new original is looked at.
    assert job_states(world, clip_id) == [
        ("examine", "done"),
        ("ladder", "cancelled"),
        ("redact", "done"),
        ("examine", "queued"),
    ]
    with world.read() as session:
        upload = session.scalars(select(Upload).where(Upload.key == key)).one()
        last = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc())).first()
        assert last is not None
        assert audit.verify(session)[1] is None
    assert (upload.length, upload.sha256, upload.account_id) == (9, SHA, reviewer.id)
    assert (last.action, last.party, last.from_state, last.to_state) == (
        "redact",
        "reviewer",
        "in_review",
        "processing",
    )
    world.examine(clip_id)
    assert world.get(clip_id).state == State.IN_REVIEW


def test_what_was_not_hidden_is_served_to_nobody_any_more(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    world.ladder(clip_id)
    whats = ("proxy.mp4", "poster.jpg", "hls/master.m3u8", "mp4/360p.mp4")

    def served() -> list[str]:
        clip = world.get(clip_id)
        with world.read() as session:
            found = [queries.output_file(session, clip, what) for what in whats]
            assert sorted(queries.output_files(session, clip)) == sorted(f.what for f in found if f)
            return [f.key for f in found if f]

    before = served()
    assert len(before) == 4
    redactions.kept(world, clip_id, world.actor(Role.REVIEWER))
    assert served() == []
    world.examine(clip_id)
    after = served()
    assert len(after) == 2
    assert not set(before) & set(after)


def test_keeping_twice_changes_nothing(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    reviewer = world.actor(Role.REVIEWER)
    made = redactions.kept(world, clip_id, reviewer)
    before = everything(world.database)
    with world.write() as session:
        assert redacting.keep(session, clip_id, made, reviewer).revision == 2
    assert everything(world.database) == before


def test_two_who_keep_at_once_make_one_revision(any_world: World) -> None:
    world = any_world
    clip_id = world.clip(State.IN_REVIEW)
    made = redactions.ready(world, clip_id, world.actor(Role.REVIEWER))
    people = [world.actor(Role.REVIEWER), world.actor(Role.MODERATOR)]

    def keep(number: int) -> None:
        with world.write() as session:
            redacting.keep(session, clip_id, made, people[number])

    outcomes = race(lambda: keep(0), lambda: keep(1))
    assert sum(isinstance(o, Exception) for o in outcomes) == 1
    assert [r.number for r in revisions(world, clip_id)] == [1, 2]


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.MODERATOR])
def test_whoever_made_it_does_not_approve_it(world: World, role: Role) -> None:
    clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    redactions.kept(world, clip_id, world.actor(role))
    world.examine(clip_id)
    if role is Role.MODERATOR:
        world.decide(clip_id, Action.APPROVE, Role.REVIEWER)
    with pytest.raises(SamePerson):
        world.decide(clip_id, Action.APPROVE, role)
    # Another of the same role does.
    another = world.account(role)
    clip = world.get(clip_id)
    with world.write() as session:
        verdict = Verdict(Action.APPROVE, clip.revision, clip.version, watched=True)
        decisions.decide(session, clip_id, actor_of(another), verdict)


def test_whoever_keeps_what_another_made_does_not_approve_it_either(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    made = redactions.ready(world, clip_id, world.actor(Role.MODERATOR))
    reviewer = world.actor(Role.REVIEWER)
    with world.write() as session:
        redacting.keep(session, clip_id, made, reviewer)
    with world.read() as session:
        barred = lifecycle.redactors(session, world.get(clip_id))
    assert barred == {world.person(Role.MODERATOR).id, reviewer.id}


def test_who_made_an_earlier_redaction_is_barred_until_a_new_file_comes(world: World) -> None:
    """The second is made of the first: what was hidden by the first is judged with it."""
    pupil = world.person(Role.PUPIL)
    clip_id = world.clip(State.IN_REVIEW, owner=pupil)
    for role in (Role.REVIEWER, Role.MODERATOR):
        redactions.kept(world, clip_id, world.actor(role))
        world.examine(clip_id)

    def barred() -> set[str]:
        with world.read() as session:
            return lifecycle.redactors(session, world.get(clip_id))

    assert barred() == {world.person(r).id for r in (Role.REVIEWER, Role.MODERATOR)}
    world.decide(clip_id, Action.REQUEST_CHANGES, Role.REVIEWER)
    upload = world.upload(pupil, b"another film")
    with world.write() as session:
        submission.resubmit(session, clip_id, upload, actor_of(pupil))
    assert barred() == set()


def test_the_owner_redacts_what_was_sent_back_and_nothing_under_review(world: World) -> None:
    for role in (Role.PUPIL, Role.TEACHER):
        owner = world.person(role)
        clip_id = world.clip(State.IN_REVIEW, owner=owner)
        with pytest.raises(OwnClip):
            redactions.asked(world, clip_id, actor_of(owner))
        world.decide(clip_id, Action.REQUEST_CHANGES, Role.REVIEWER)
        redactions.kept(world, clip_id, actor_of(owner))
        assert world.get(clip_id).state == State.PROCESSING


def test_a_held_clip_answers_its_owner_as_one_in_review(world: World) -> None:
    held, open_ = (world.clip(s) for s in (State.HELD, State.IN_REVIEW))
    teacher = world.actor(Role.TEACHER)
    for clip_id in (held, open_):
        with pytest.raises(OwnClip):
            redactions.asked(world, clip_id, teacher)
    for role in (Role.REVIEWER, Role.MODERATOR):
        with pytest.raises(NoSuchClip):
            redactions.asked(world, held, world.actor(role))


def test_one_at_a_time_and_the_newest_counts(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    first = redactions.ready(world, clip_id, world.actor(Role.REVIEWER))
    second = redactions.asked(world, clip_id, world.actor(Role.MODERATOR))
    assert shown(world, first) == ("discarded", None, None)
    third = redactions.asked(world, clip_id, world.actor(Role.REVIEWER))
    assert shown(world, second) == ("discarded", None, None)
    assert job_states(world, clip_id)[-2:] == [("redact", "cancelled"), ("redact", "queued")]
    with world.read() as session:
        latest = redacting.latest(session, world.get(clip_id))
    assert latest is not None
    assert latest.id == third
    with world.write() as session, pytest.raises(WrongState):
        redacting.keep(session, clip_id, first, world.actor(Role.REVIEWER))


def test_a_render_that_nobody_waits_for_is_lost(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    reviewer = world.actor(Role.REVIEWER)
    made = redactions.asked(world, clip_id, reviewer)
    claim = world.claim_job(clip_id, "redact")
    with world.write() as session:
        redacting.discard(session, clip_id, made, reviewer)
    output = Output("redacted.mp4", "originals/x", 9, SHA, "video/mp4")
    with world.write() as session, pytest.raises(LeaseLost):
        redacting.rendered(session, claim, output, 3.0)


def test_a_result_that_was_written_is_not_written_again(world: World) -> None:
    """The database went away in the middle of the commit, and had kept it."""
    clip_id = world.clip(State.IN_REVIEW)
    redactions.asked(world, clip_id, world.actor(Role.REVIEWER))
    claim = world.claim_job(clip_id, "redact")
    for _ in range(2):
        with world.write() as session:
            output = Output("redacted.mp4", "originals/x", 9, SHA, "video/mp4")
            redacting.rendered(session, claim, output, 3.0)


def test_withdrawing_ends_the_render_and_a_ready_one_can_not_be_kept(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    moderator = world.actor(Role.MODERATOR)
    made = redactions.ready(world, clip_id, moderator)
    world.withdraw(clip_id)
    with world.write() as session, pytest.raises(NotAllowed):
        redacting.keep(session, clip_id, made, moderator)
    with world.write() as session:
        assert len(redacting.drop_stale(session)) == 1
    with world.write() as session:
        assert redacting.drop_stale(session) == []
    assert shown(world, made) == ("discarded", None, None)


def test_sent_back_while_it_renders_the_plan_is_still_there(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    made = redactions.asked(world, clip_id, world.actor(Role.REVIEWER))
    world.decide(clip_id, Action.REQUEST_CHANGES, Role.REVIEWER)
    assert shown(world, made) == ("failed", None, None)
    again = redactions.ready(world, clip_id, world.actor(Role.TEACHER))
    assert shown(world, again)[0] == "ready"


def test_a_failed_render_leaves_the_clip_in_review(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    made = redactions.asked(world, clip_id, world.actor(Role.REVIEWER))
    before = world.get(clip_id)
    claim = world.claim_job(clip_id, "redact")
    with world.write() as session:
        redacting.failed(session, claim, "too_short")
    assert shown(world, made) == ("failed", None, "too_short")
    after = world.get(clip_id)
    assert (after.state, after.version, after.problem) == (before.state, before.version, None)
    with world.write() as session, pytest.raises(WrongState):
        redacting.keep(session, clip_id, made, world.actor(Role.REVIEWER))


def test_the_operator_starts_a_failed_render_again_while_it_is_wanted(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    reviewer, admin = world.actor(Role.REVIEWER), world.actor(Role.ADMIN)
    made = redactions.asked(world, clip_id, reviewer)
    claim = world.claim_job(clip_id, "redact")
    with world.write() as session:
        redacting.failed(session, claim, "tool_crashed")
    with world.write() as session:
        assert submission.retry_job(session, claim.job_id, admin) == claim.job_id
    assert shown(world, made)[0] == "queued"
    claim = world.claim_job(clip_id, "redact")
    with world.write() as session:
        redacting.failed(session, claim, "tool_crashed")
    with world.write() as session:
        redacting.discard(session, clip_id, made, reviewer)
    with world.write() as session, pytest.raises(WrongState):
        submission.retry_job(session, claim.job_id, admin)


def test_the_progress_is_the_redactions_own(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    made = redactions.asked(world, clip_id, world.actor(Role.REVIEWER))
    claim = world.claim_job(clip_id, "redact")
    with world.write() as session:
        jobs.heartbeat(session, claim, "redact:40")
    assert shown(world, made) == ("rendering", 40, None)
    assert world.get(clip_id).progress is None


def test_another_version_another_clip_and_what_never_was(world: World) -> None:
    clip_id, other = (world.clip(State.IN_REVIEW) for _ in range(2))
    reviewer = world.actor(Role.REVIEWER)
    made = redactions.ready(world, clip_id, reviewer)
    seen = world.get(clip_id).version
    for clip, redaction, error in (
        (other, made, NoSuchThing),
        (clip_id, "nonsense", NoSuchThing),
        (clip_id, "0" * 26, NoSuchThing),
        ("0" * 26, made, NoSuchClip),
    ):
        with world.write() as session, pytest.raises(error):
            redacting.keep(session, clip, redaction, reviewer)
    world.decide(clip_id, Action.APPROVE, Role.REVIEWER)
    with world.write() as session, pytest.raises(StaleClip):
        redacting.keep(session, clip_id, made, reviewer, seen)


def test_a_wrong_plan_keeps_the_one_before(world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    reviewer = world.actor(Role.REVIEWER)
    made = redactions.ready(world, clip_id, reviewer)
    before = everything(world.database)
    with pytest.raises(InvalidInput):
        redactions.asked(world, clip_id, reviewer, {"boxes": [{**BOX, "end_s": 99}]})
    assert everything(world.database) == before
    assert shown(world, made)[0] == "ready"


def test_only_who_made_it_or_may_redact_looks_at_it(world: World) -> None:
    teacher = world.actor(Role.TEACHER)
    clip_id = world.clip(State.CHANGES_REQUESTED)
    made = redactions.kept(world, clip_id, teacher)
    world.examine(clip_id)
    seen = {}
    for role in (Role.TEACHER, Role.REVIEWER, Role.PUPIL, Role.SAFEGUARDING):
        with world.read() as session:
            try:
                seen[role] = redacting.look_at(session, clip_id, made, world.actor(role))[1].plan
            except NoSuchClip:
                seen[role] = None
    full = {"boxes": [{**BOX, "to_x": None, "to_y": None}], "sounds": [], "cuts": []}
    assert seen == {
        Role.TEACHER: full,
        Role.REVIEWER: full,
        Role.PUPIL: None,
        Role.SAFEGUARDING: None,
    }
    assert PLAN == {"boxes": [BOX]}
