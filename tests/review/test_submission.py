"""What owners do: drafts, handing in, resubmitting, trying again; and their uploads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from review import (
    accounts,
    announcing,
    audit,
    campaigns,
    clock,
    jobs,
    processing,
    publication,
    queries,
    submission,
)
from review.consent import Person, Scope
from review.details import Details
from review.errors import (
    InvalidInput,
    NoSuchClip,
    NoSuchThing,
    NotAllowed,
    UploadIncomplete,
    UploadUsed,
    WrongState,
)
from review.keys import new_id
from review.models import Account, Clip, Consent, Job, Upload
from review.policy import Actor, Role
from review.states import Action, State
from review.uploads import drop_upload, expired, get_upload, is_expired, open_of, register_upload
from tests.rows import everything
from tests.world import World, consented


def draft(world: World, owner: Account, *people: Person, **details: Any) -> str:
    with world.write() as session:
        given = Details(**{"title": "Tên", **details})
        return submission.create_draft(session, owner, given, people).id


def update(world: World, clip_id: str, actor: Actor, people: Any = None, **details: Any) -> Clip:
    with world.write() as session:
        given = Details(**{"title": "Tên mới", **details})
        return submission.update_draft(session, clip_id, actor, given, people)


def hand_in(world: World, clip_id: str, upload_id: str, actor: Actor, again: bool = False) -> Clip:
    call = submission.resubmit if again else submission.submit
    with world.write() as session:
        return call(session, clip_id, upload_id, actor)


# --- drafts ------------------------------------------------------------------------------------


def test_a_draft_keeps_what_was_typed_before_the_first_byte(world: World) -> None:
    pupil = world.account(Role.PUPIL)
    clip = world.get(draft(world, pupil, topics=("conduct",), scope=Scope.LIBRARY))
    assert (clip.state, clip.version, clip.revision, clip.stage) == ("draft", 1, 0, 0)
    assert (clip.owner_id, clip.school_id, clip.class_id) == (
        pupil.id,
        world.school.id,
        world.group.id,
    )
    assert (clip.title, clip.topics, clip.scope, clip.credit) == (
        "Tên",
        ["conduct"],
        "library",
        "Lớp 7A",
    )
    assert world.get(draft(world, pupil, credit="")).credit == ""


def test_a_pupils_credit_is_the_class_or_nothing_and_a_teachers_is_free(world: World) -> None:
    pupil, teacher = world.account(Role.PUPIL), world.account(Role.TEACHER)
    for credit in (None, "Lớp 7A"):
        assert world.get(draft(world, pupil, credit=credit)).credit == "Lớp 7A"
    clip_id = draft(world, pupil, credit="")
    named = Details("Một clip", credit="Nguyễn Văn A, 7A")
    for call in (
        lambda session: submission.create_draft(session, pupil, named),
        lambda session: submission.update_draft(session, clip_id, accounts.actor_of(pupil), named),
    ):
        with pytest.raises(InvalidInput) as caught, world.write() as session:
            call(session)
        assert list(caught.value.errors) == ["credit"]
    assert world.get(clip_id).credit == ""
    assert world.get(draft(world, teacher, credit="Câu lạc bộ")).credit == "Câu lạc bộ"


@pytest.mark.parametrize("role", [r for r in Role if r not in ("pupil", "teacher")])
def test_only_pupils_and_teachers_submit(world: World, role: Role) -> None:
    owner = Account(id=new_id(), role=role)
    with pytest.raises(NotAllowed), world.write() as session:
        submission.create_draft(session, owner, Details("Tên"))
    with pytest.raises(NotAllowed), world.write() as session:
        register_upload(session, owner, 1, "a.mp4", hours=1, clip_id=None)


def test_a_clip_without_a_level_has_its_schools(world: World) -> None:
    """No page asks for it; what was said is kept when the page saves the draft again."""
    teacher = world.person(Role.TEACHER)
    actor = accounts.actor_of(teacher)
    usual, told = draft(world, teacher), draft(world, teacher, level="primary")
    update(world, told, actor)
    assert (world.get(usual).level, world.get(told).level) == ("lower_secondary", "primary")
    nowhere = world.account(Role.TEACHER)
    with world.write() as session:
        session.get_one(Account, nowhere.id).school_id = None
        nowhere = session.get_one(Account, nowhere.id)
    assert world.get(draft(world, nowhere)).level is None


def test_a_scope_is_clamped_to_the_consents(world: World) -> None:
    owner = world.person(Role.TEACHER)
    actor = accounts.actor_of(owner)
    clip_id = draft(world, owner, consented(scope=Scope.SCHOOL), scope=Scope.PUBLIC)
    assert world.get(clip_id).scope == "school"
    # Changing the words alone must not widen it again.
    assert update(world, clip_id, actor, scope=Scope.PUBLIC).scope == "school"
    assert update(world, clip_id, actor, scope=Scope.CLASS).scope == "class"
    assert update(world, clip_id, actor, (), scope=Scope.PUBLIC).scope == "public"


def test_an_unknown_campaign_is_refused(world: World) -> None:
    with pytest.raises(InvalidInput) as caught:
        draft(world, world.person(Role.TEACHER), campaign="khong-co")
    assert list(caught.value.errors) == ["campaign"]


def test_a_drafts_people_are_replaced_with_their_consents(world: World) -> None:
    owner = world.person(Role.TEACHER)
    actor = accounts.actor_of(owner)
    clip_id = draft(world, owner, consented("bạn áo đỏ"), Person("bạn cầm cờ"))
    update(world, clip_id, actor, (consented("bạn áo xanh"),))
    with world.read() as session:
        people = queries.people(session, session.get_one(Clip, clip_id))
        assert [(p.label, len(given)) for p, given in people] == [("bạn áo xanh", 2)]
        assert len(session.scalars(select(Consent)).all()) == 2


def test_after_handing_in_consents_are_only_added_to(world: World) -> None:
    clip_id = world.clip(State.CHANGES_REQUESTED, people=(consented(),))
    actor = world.actor(Role.TEACHER)
    assert update(world, clip_id, actor).title == "Tên mới"
    with pytest.raises(NotAllowed):
        update(world, clip_id, actor, ())


@pytest.mark.parametrize(
    "state",
    [s for s in State if s not in (State.DRAFT, State.CHANGES_REQUESTED, State.REFUSED)],
)
def test_what_is_under_way_is_not_rewritten(world: World, state: State) -> None:
    clip_id = world.clip(state)
    with pytest.raises(NotAllowed):
        update(world, clip_id, world.actor(Role.TEACHER))
    with pytest.raises(NotAllowed), world.write() as session:
        submission.delete_draft(session, clip_id, world.actor(Role.TEACHER))


def test_a_draft_is_its_owners_alone(world: World) -> None:
    clip_id = draft(world, world.account(Role.PUPIL))
    for role in (Role.PUPIL, Role.TEACHER, Role.REVIEWER, Role.MODERATOR):
        with pytest.raises(NoSuchClip):
            update(world, clip_id, world.actor(role))
        with pytest.raises(NoSuchClip), world.write() as session:
            submission.delete_draft(session, clip_id, world.actor(role))
    upload = world.upload()
    with pytest.raises(NoSuchClip):
        hand_in(world, clip_id, upload, world.actor(Role.TEACHER))


def test_a_deleted_draft_leaves_its_upload_and_its_audit(any_world: World) -> None:
    world = any_world
    owner = world.person(Role.TEACHER)
    clip_id = draft(world, owner, consented())
    with world.write() as session:
        upload = register_upload(session, owner, 5, "a.mp4", hours=1, clip_id=clip_id)
        submission.delete_draft(session, clip_id, accounts.actor_of(owner))
    with world.read() as session:
        assert session.get(Clip, clip_id) is None
        assert session.get_one(Upload, upload.id).clip_id is None
        assert [r.action for r in queries.history(session, clip_id)] == ["create", "delete"]
        assert audit.verify(session)[1] is None
    # Its bytes may still end: there is nothing to hand in any more.
    with world.write() as session:
        done = submission.complete_upload(session, upload.id, key="k", sha256="0")
        assert done.completed_at is not None


# --- handing in --------------------------------------------------------------------------------


def test_handing_in_makes_a_revision_and_a_job(any_world: World) -> None:
    world = any_world
    owner = world.person(Role.TEACHER)
    actor = accounts.actor_of(owner)
    clip_id, upload_id = draft(world, owner), world.upload()
    clip = hand_in(world, clip_id, upload_id, actor)
    assert (clip.state, clip.version, clip.revision) == ("processing", 2, 1)
    with world.read() as session:
        (revision,) = queries.revisions(session, clip)
        upload = session.get_one(Upload, upload_id)
        assert (revision.original_key, revision.original_sha256, revision.original_bytes) == (
            upload.key,
            upload.sha256,
            upload.length,
        )
        (job,) = session.scalars(select(Job))
        assert (job.kind, job.clip_id, job.revision_id) == ("examine", clip_id, revision.id)


def test_handing_in_twice_is_the_same_call(world: World) -> None:
    actor = world.actor(Role.TEACHER)
    clip_id, upload_id = world.clip(State.DRAFT), world.upload()
    hand_in(world, clip_id, upload_id, actor)
    before = everything(world.database)
    assert hand_in(world, clip_id, upload_id, actor).id == clip_id
    assert everything(world.database) == before


def test_what_is_refused_at_the_door(world: World) -> None:
    owner = world.person(Role.TEACHER)
    actor = accounts.actor_of(owner)
    clip_id, other = draft(world, owner), draft(world, owner)
    used, theirs = world.upload(), world.upload(world.account(Role.PUPIL))
    hand_in(world, other, used, actor)
    with world.write() as session:
        half = register_upload(session, owner, 5, "a.mp4", hours=1, clip_id=None).id
    before = everything(world.database)
    for upload_id, error in [
        (half, UploadIncomplete),
        (used, UploadUsed),
        (theirs, NoSuchThing),
        (new_id(), NoSuchThing),
        ("../x", NoSuchThing),
    ]:
        with pytest.raises(error):
            hand_in(world, clip_id, upload_id, actor)
    with pytest.raises(NoSuchClip):
        hand_in(world, new_id(), world.upload(content=b"x"), actor)
    with pytest.raises(WrongState):
        hand_in(world, clip_id, world.upload(content=b"y"), actor, again=True)
    after = everything(world.database)
    assert {k: v for k, v in after.items() if k != "uploads"} == {
        k: v for k, v in before.items() if k != "uploads"
    }


def test_resubmitting_starts_over_with_the_next_revision(world: World) -> None:
    clip_id = world.clip(State.REFUSED)
    assert world.get(clip_id).problem == "not_a_video"
    actor = world.actor(Role.TEACHER)
    clip = hand_in(world, clip_id, world.upload(content=b"better"), actor, again=True)
    assert (clip.state, clip.revision, clip.stage, clip.problem) == ("processing", 2, 0, None)
    world.examine(clip_id)
    world.approve(clip_id, ladder=True)
    assert world.get(clip_id).state == State.PUBLISHED


# --- uploads -----------------------------------------------------------------------------------


def test_an_upload_for_a_clip_hands_it_in_when_it_is_complete(any_world: World) -> None:
    world = any_world
    owner = world.person(Role.TEACHER)
    clip_id = draft(world, owner)
    with world.write() as session:
        upload = register_upload(session, owner, 5, " a\u202e.mp4 ", hours=1, clip_id=clip_id)
    assert upload.name == "a.mp4"
    for _ in range(2):  # finishing is idempotent
        with world.write() as session:
            submission.complete_upload(session, upload.id, key="originals/x", sha256="0" * 64)
    clip = world.get(clip_id)
    assert (clip.state, clip.version) == ("processing", 2)
    again = world.clip(State.CHANGES_REQUESTED)
    with world.write() as session:
        second = register_upload(session, owner, 5, "b.mp4", hours=1, clip_id=again)
        submission.complete_upload(session, second.id, key="originals/y", sha256="1" * 64)
    assert (world.get(again).state, world.get(again).revision) == ("processing", 2)


def test_a_withdrawal_during_the_upload_wins(world: World) -> None:
    owner = world.person(Role.TEACHER)
    clip_id = draft(world, owner)
    with world.write() as session:
        upload = register_upload(session, owner, 5, "a.mp4", hours=1, clip_id=clip_id)

    with world.write() as session:
        publication.withdraw(session, clip_id, accounts.actor_of(owner), "owner")
    with world.write() as session:
        submission.complete_upload(session, upload.id, key="k", sha256="0")
    assert world.get(clip_id).state == State.WITHDRAWN
    with world.read() as session:
        assert session.scalars(select(Job)).all() == []


def test_an_upload_is_only_for_an_own_clip_that_waits(world: World) -> None:
    owner = world.person(Role.TEACHER)

    def register(clip_id: str, account: Account = owner) -> None:
        with world.write() as session:
            register_upload(session, account, 5, "a.mp4", hours=1, clip_id=clip_id)

    for state in (State.PROCESSING, State.IN_REVIEW, State.PUBLISHED, State.WITHDRAWN):
        with pytest.raises(InvalidInput):
            register(world.clip(state))
    with pytest.raises(NoSuchClip):
        register(draft(world, owner), world.account(Role.PUPIL))
    with pytest.raises(NoSuchClip):
        register(new_id())
    with pytest.raises(InvalidInput):  # the pupil's clip is seen by the teacher, and not theirs
        register(world.clip(State.CHANGES_REQUESTED, owner=world.account(Role.PUPIL)))


def test_uploads_of_others_are_not_there(world: World) -> None:
    upload_id = world.upload()
    with world.write() as session:
        assert get_upload(session, upload_id, world.people[Role.TEACHER].id).id == upload_id
        for account_id in (None, new_id()):
            with pytest.raises(NoSuchThing):
                get_upload(session, upload_id, account_id)


def test_an_upload_that_a_clip_was_made_of_is_not_dropped(world: World) -> None:
    actor = world.actor(Role.TEACHER)
    free, used = world.upload(), world.upload(content=b"x")
    hand_in(world, world.clip(State.DRAFT), used, actor)
    with world.write() as session:
        drop_upload(session, free, actor)
        with pytest.raises(NotAllowed):
            drop_upload(session, used, actor)
        with pytest.raises(NoSuchThing):
            drop_upload(session, free, actor)


def test_what_nobody_finished_or_used_in_time_is_found(any_world: World) -> None:
    world = any_world
    owner = world.person(Role.TEACHER)
    with world.write() as session:
        half = register_upload(session, owner, 5, "a.mp4", hours=1, clip_id=None).id
    whole, used, young = (world.upload(content=c) for c in (b"1", b"2", b"3"))
    hand_in(world, world.clip(State.DRAFT), used, accounts.actor_of(owner))
    with world.write() as session:
        for upload_id in (half, whole, used):
            row = session.get_one(Upload, upload_id)
            row.expires_at = clock.now(session) - timedelta(seconds=1)
    with world.write() as session:
        assert {u.id for u in expired(session)} == {half, whole}
        ended = {u: is_expired(session, session.get_one(Upload, u)) for u in (half, whole, young)}
    assert ended == {half: True, whole: False, young: False}


# --- trying again ------------------------------------------------------------------------------


def test_a_failed_clip_is_tried_again_with_three_new_attempts(world: World) -> None:
    clip_id = world.clip(State.FAILED)
    version, actor = world.get(clip_id).version, world.actor(Role.TEACHER)
    with world.write() as session:
        clip = submission.retry(session, clip_id, actor, version)
    assert (clip.state, clip.problem) == ("processing", None)
    claim = world.claim_job(clip_id, "examine")
    assert claim.attempt == 1


def test_the_operators_button_for_a_failed_clip(world: World) -> None:
    clip_id = world.clip(State.FAILED)
    admin = world.actor(Role.ADMIN)
    with world.write() as session:
        (job,) = session.scalars(select(Job))
        new = submission.retry_job(session, job.id, admin)
    assert new != job.id
    assert world.claim_job(clip_id, "examine").job_id == new


def failed_ladder(world: World, clip_id: str) -> str:
    claim = world.claim_job(clip_id, "ladder")
    with world.write() as session:
        processing.gave_up(session, claim, "tool_crashed")
    return claim.job_id


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.APPROVED, State.HELD])
def test_the_operators_button_for_a_failed_ladder(world: World, state: State) -> None:
    clip_id = world.clip(state)
    job_id, admin = failed_ladder(world, clip_id), world.actor(Role.ADMIN)
    assert world.get(clip_id).state == state
    with world.write() as session:
        assert submission.retry_job(session, job_id, admin) == job_id
    world.ladder(clip_id)


def test_a_job_that_nothing_waits_for_is_not_started(world: World) -> None:
    admin = world.actor(Role.ADMIN)
    withdrawn = world.clip()
    of_withdrawn = failed_ladder(world, withdrawn)
    world.withdraw(withdrawn)
    resubmitted = world.clip()
    of_old_revision = failed_ladder(world, resubmitted)
    world.decide(resubmitted, Action.REQUEST_CHANGES, Role.REVIEWER)
    hand_in(world, resubmitted, world.upload(content=b"z"), world.actor(Role.TEACHER), again=True)
    refused = world.clip(State.REFUSED)
    with world.read() as session:
        of_refused = session.scalars(select(Job.id).where(Job.clip_id == refused)).one()
        running = session.scalars(
            select(Job.id).where(Job.clip_id == resubmitted, Job.state == "queued")
        ).one()
    before = everything(world.database)
    for job_id in (of_withdrawn, of_old_revision, of_refused, running):
        with pytest.raises(WrongState), world.write() as session:
            submission.retry_job(session, job_id, admin)
    with pytest.raises(NoSuchThing), world.write() as session:
        submission.retry_job(session, new_id(), admin)
    assert everything(world.database) == before


def test_who_is_no_staff_of_this_clip_starts_nothing(world: World) -> None:
    owner = world.account(Role.PUPIL)
    job_id = failed_ladder(world, world.clip(owner=owner))
    far = world.account(Role.TEACHER, school=world.another_school())
    for account in (owner, far):
        with pytest.raises(NotAllowed), world.write() as session:
            submission.retry_job(session, job_id, accounts.actor_of(account))
    with world.read() as session:
        assert jobs.get(session, job_id).state == "failed"


def test_an_upload_that_was_left_open_does_not_tell_of_a_decision(world: World) -> None:
    """A second file was begun for the draft; that the clip was sent back is not announced yet."""
    later = datetime(2099, 1, 1, tzinfo=UTC)
    campaign = world.campaign(announce_at=later, holds_changes=True)
    owner, actor = world.person(Role.TEACHER), world.actor(Role.TEACHER)
    clip_id = world.clip(State.DRAFT, campaign=campaign.slug)
    with world.write() as session:
        register_upload(session, owner, 5, "b.mp4", hours=1, clip_id=clip_id)
    upload = world.upload()
    with world.write() as session:
        submission.submit(session, clip_id, upload, actor)
    world.examine(clip_id)
    world.decide(clip_id, Action.REQUEST_CHANGES, Role.REVIEWER)

    def opened() -> list[str]:
        with world.read() as session:
            return list(open_of(session, actor, [session.get_one(Clip, clip_id)]))

    assert opened() == []
    moderator = world.actor(Role.MODERATOR)
    with world.write() as session:
        campaigns.announce_now(session, campaign.id, moderator)
    announcing.announce_all(world.read, world.write)
    assert opened() == [clip_id]
