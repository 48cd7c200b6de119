"""What a person may still send: by account, class and school, in bytes and clips."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from review import accounts, quota, submission
from review.errors import QuotaReached
from review.models import Account, School, SchoolClass, Upload
from review.policy import Role
from review.quota import MB, Limit, Limits, Room
from review.states import State
from review.uploads import drop_upload, register_upload
from tests.racing import race
from tests.world import World

SMALL = Limits(account=Limit(100, 3), group=Limit(150, 4), school=Limit(1000, 0))


def announce(
    world: World, owner: Account, length: int, limits: Limits = SMALL, **more: str | None
) -> str:
    with world.write() as session:
        quota.enter(session)
        clip_id = more.get("clip_id")
        quota.check(session, owner, limits, length, clip_id)
        concat = more.get("concat")
        row = register_upload(
            session, owner, length, "a.mp4", hours=1, clip_id=clip_id, concat=concat
        )
        return row.id


def room(world: World, owner: Account, limits: Limits = SMALL) -> Room:
    with world.read() as session:
        return quota.room_of(session, owner, limits)


@pytest.fixture
def teacher(world: World) -> Account:
    return world.person(Role.TEACHER)


@pytest.fixture
def pupil(world: World) -> Account:
    return world.account(Role.PUPIL)


def test_the_narrowest_quota_counts(world: World, teacher: Account, pupil: Account) -> None:
    before = room(world, pupil)
    announce(world, teacher, 90)
    after = room(world, pupil)

    assert before == Room(100, 3, "account", "account")
    assert after == Room(60, 3, "class", "account")
    assert room(world, teacher) == Room(10, 2, "account", "account")


def test_without_limits_there_is_none(world: World, pupil: Account) -> None:
    announce(world, pupil, 10**12, Limits())
    assert room(world, pupil, Limits()) == Room(None, None, "account", "account")


@pytest.mark.parametrize(
    ("limits", "length", "code"),
    [
        (Limits(account=Limit(9)), 10, "quota_account_bytes"),
        (Limits(group=Limit(9)), 10, "quota_class_bytes"),
        (Limits(school=Limit(9)), 10, "quota_school_bytes"),
        (Limits(account=Limit(0, 1)), 1, "quota_account_clips"),
        (Limits(group=Limit(0, 1)), 1, "quota_class_clips"),
        (Limits(school=Limit(0, 1)), 1, "quota_school_clips"),
    ],
)
def test_what_is_too_much_is_refused_by_its_name(
    world: World, pupil: Account, limits: Limits, length: int, code: str
) -> None:
    announce(world, pupil, 1, Limits())
    with pytest.raises(QuotaReached) as refused:
        announce(world, pupil, length, limits)
    assert refused.value.code == code
    assert refused.value.left == (8 if code.endswith("bytes") else 0)


def test_the_last_byte_fits(world: World, pupil: Account) -> None:
    announce(world, pupil, 100)
    assert room(world, pupil).bytes_left == 0


def test_another_class_and_school_do_not_count(world: World, pupil: Account) -> None:
    with world.write() as session:
        other = accounts.add_class(session, world.school.id, "Lớp 7B")
        neighbour = accounts.join_class(session, other.code)
    stranger = world.account(Role.TEACHER, school=world.another_school())
    for owner in (neighbour, stranger):
        announce(world, owner, 70)

    assert room(world, pupil) == Room(100, 3, "account", "account")


class TestRoomThatComesBack:
    def test_of_a_withdrawn_clip(self, world: World, teacher: Account) -> None:
        clip_id = world.clip(State.IN_REVIEW)
        before = room(world, teacher)
        world.withdraw(clip_id)

        assert before == Room(83, 2, "account", "account")
        assert room(world, teacher) == Room(100, 3, "account", "account")

    def test_not_of_a_held_one(self, world: World, teacher: Account) -> None:
        world.clip(State.HELD)
        assert room(world, teacher) == Room(83, 2, "account", "account")

    def test_of_a_removed_upload(self, world: World, teacher: Account) -> None:
        upload_id = announce(world, teacher, 60)
        with world.write() as session:
            drop_upload(session, upload_id, world.actor(Role.TEACHER))
        assert room(world, teacher).bytes_left == 100

    def test_of_an_expired_upload(self, world: World, teacher: Account) -> None:
        upload_id = announce(world, teacher, 60)
        with world.write() as session:
            session.get_one(Upload, upload_id).expires_at = datetime(2020, 1, 1, tzinfo=UTC)
        assert room(world, teacher) == Room(100, 3, "account", "account")

    def test_of_a_deleted_draft(self, world: World, teacher: Account) -> None:
        clip_id = world.clip(State.DRAFT)
        announce(world, teacher, 60, clip_id=clip_id)
        with world.write() as session:
            submission.delete_draft(session, clip_id, world.actor(Role.TEACHER))
        assert room(world, teacher) == Room(100, 3, "account", "account")


def test_a_new_revision_is_no_clip_more(world: World, teacher: Account) -> None:
    limits = Limits(account=Limit(0, 1))
    clip_id = world.clip(State.CHANGES_REQUESTED)
    with pytest.raises(QuotaReached):
        announce(world, teacher, 1, limits)
    announce(world, teacher, 1, limits, clip_id=clip_id)

    assert room(world, teacher, limits).clips_left == 0


def test_pieces_are_no_clips(world: World, teacher: Account) -> None:
    for _ in range(3):
        announce(world, teacher, 10, concat="partial")
    announce(world, teacher, 0, concat="final;a b c")

    assert room(world, teacher) == Room(70, 2, "account", "account")


def test_a_school_and_a_class_may_have_their_own(world: World, pupil: Account) -> None:
    with world.write() as session:
        session.get_one(School, world.school.id).quota_mb = 2
        group = session.get_one(SchoolClass, world.group.id)
        group.quota_mb, group.quota_clips = 1, 1
    limits = Limits(group=Limit(9, 9), school=Limit(9, 9))

    assert room(world, pupil, limits) == Room(MB, 1, "class", "class")


def test_announcements_at_one_moment_do_not_take_the_same_room(any_world: World) -> None:
    pupils = [any_world.account(Role.PUPIL) for _ in range(8)]
    limits = Limits(group=Limit(100, 0))

    calls = [lambda p=p: announce(any_world, p, 30, limits) for p in pupils]
    answers = race(*calls)

    assert sum(isinstance(answer, str) for answer in answers) == 3
    assert sum(isinstance(answer, QuotaReached) for answer in answers) == 5
    assert room(any_world, pupils[0], limits).bytes_left == 10
