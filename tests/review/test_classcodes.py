"""Class codes: who comes in, until when, how many, and how widely their clips are seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from review import accounts, classcodes, clock, submission
from review.classcodes import CodeState, Terms
from review.consent import Scope
from review.details import Details
from review.errors import (
    ClassClipsFull,
    ClassCodeEnded,
    ClassCodeFull,
    ClassCodeStopped,
    InvalidInput,
    NoSuchThing,
    NotAllowed,
    WrongClassCode,
)
from review.models import Account, Clip, SchoolClass
from review.policy import Role
from review.states import State
from tests.racing import race
from tests.world import World


def terms(world: World, **other: object) -> None:
    """The class's terms: a month, for everybody, without limits, but for ``other``."""
    with world.write() as session:
        today = classcodes.last_day(clock.now(session))
        values = {"ends_on": today + timedelta(days=30), "scope": Scope.PUBLIC} | other
        classcodes.set_terms(session, world.group.id, Terms(**values))  # type: ignore[arg-type]


def joining(world: World) -> Callable[[], Account]:
    def call() -> Account:
        with world.write() as session:
            return accounts.join_class(session, world.group.code)

    return call


def drafting(world: World, owner: Account, scope: Scope | None = None) -> Callable[[], Clip]:
    def call() -> Clip:
        with world.write() as session:
            return submission.create_draft(session, owner, Details("Một clip", scope=scope))

    return call


def group(world: World) -> SchoolClass:
    with world.read() as session:
        return session.get_one(SchoolClass, world.group.id)


def test_of_two_pupils_who_take_the_last_place_at_once_one_comes_in(any_world: World) -> None:
    terms(any_world, pupils=3)
    for _ in range(2):
        joining(any_world)()
    results = race(joining(any_world), joining(any_world))

    assert sorted(type(r).__name__ for r in results) == ["Account", "ClassCodeFull"]
    assert group(any_world).code_joined == 3
    terms(any_world, pupils=4)
    assert joining(any_world)().class_id == any_world.group.id


def test_each_closed_code_says_why(world: World) -> None:
    with world.write() as session:
        session.get_one(SchoolClass, world.group.id).code_ends_at = clock.now(session)
    with pytest.raises(ClassCodeEnded):
        joining(world)()
    terms(world, pupils=1)
    joining(world)()
    with pytest.raises(ClassCodeFull):
        joining(world)()
    with world.write() as session:
        classcodes.stop(session, world.group.id)
    with pytest.raises(ClassCodeStopped):
        joining(world)()
    terms(world)
    with pytest.raises(ClassCodeStopped):  # a new end does not open what was stopped
        joining(world)()
    with world.write() as session:
        classcodes.resume(session, world.group.id)
    joining(world)()


def test_a_new_code_counts_anew_and_opens(world: World) -> None:
    terms(world, pupils=1, scope=Scope.SCHOOL)
    joining(world)()
    with world.write() as session:
        classcodes.stop(session, world.group.id)
        row = classcodes.renew_class_code(session, world.group.id)
        now = clock.now(session)
    assert row.code != world.group.code
    assert (row.code_joined, classcodes.state(row, now)) == (0, CodeState.OPEN)
    assert (row.code_pupils_limit, row.code_scope) == (1, Scope.SCHOOL)  # the terms stay
    with pytest.raises(WrongClassCode) as told:
        joining(world)()
    assert type(told.value) is WrongClassCode


@pytest.mark.parametrize("put_out", [True, False])
def test_pupils_who_are_in_stay_in_or_are_put_out(world: World, put_out: bool) -> None:
    teacher = world.person(Role.TEACHER)
    with world.write() as session:
        pupil = accounts.join_class(session, world.group.code)
        secrets = [accounts.open_session(session, a, 1) for a in (pupil, teacher)]
        classcodes.renew_class_code(session, world.group.id, put_out=put_out)
    with world.read() as session:
        found = [accounts.session_account(session, s) for s in secrets]
    assert [a.id if a else None for a in found] == [None if put_out else pupil.id, teacher.id]


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (datetime(2026, 9, 5, 1, tzinfo=UTC), date(2027, 5, 31)),
        (datetime(2026, 12, 31, 18, tzinfo=UTC), date(2027, 5, 31)),  # 2027 in Viet Nam
        (datetime(2027, 5, 20, 1, tzinfo=UTC), date(2027, 8, 18)),
        (datetime(2027, 7, 1, 1, tzinfo=UTC), date(2027, 9, 29)),
        (datetime(2027, 8, 1, 1, tzinfo=UTC), date(2028, 5, 31)),
    ],
)
def test_a_code_ends_with_the_school_year_and_not_sooner_than_in_90_days(
    now: datetime, last: date
) -> None:
    end = classcodes.default_end(now)
    assert classcodes.last_day(end) == last
    assert classcodes.last_day(end + timedelta(seconds=1)) == last + timedelta(days=1)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"ends_on": date(2020, 1, 1)}, "ends_on"),
        ({"ends_on": date(9999, 12, 30)}, "ends_on"),
        ({"pupils": 0}, "pupils"),
        ({"pupils": 501}, "pupils"),
        ({"clips": -1}, "clips"),
    ],
)
def test_terms_that_make_no_sense_are_refused_by_field(
    world: World, wrong: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as told:
        terms(world, **wrong)
    assert list(told.value.errors) == [field]


def test_the_last_clip_is_begun_once_and_a_deleted_draft_gives_its_place_back(
    any_world: World,
) -> None:
    world = any_world
    terms(world, clips=1)
    one, other = joining(world)(), joining(world)()
    results = race(drafting(world, one), drafting(world, other))

    assert sorted(type(r).__name__ for r in results) == ["ClassClipsFull", "Clip"]
    assert drafting(world, world.person(Role.TEACHER))().state == State.DRAFT  # not by the code
    (draft,) = [r for r in results if isinstance(r, Clip)]
    owner = one if draft.owner_id == one.id else other
    with world.write() as session:
        submission.delete_draft(session, draft.id, accounts.actor_of(owner))
    clip_id = world.clip(State.IN_REVIEW, owner=owner)
    world.withdraw(clip_id)  # does not make room for endless others
    with pytest.raises(ClassClipsFull):
        drafting(world, other)()
    with world.write() as session:
        classcodes.renew_class_code(session, world.group.id)
    drafting(world, other)()


def test_a_pupils_clip_is_never_seen_more_widely_than_the_code_allows(world: World) -> None:
    pupil, teacher = joining(world)(), world.person(Role.TEACHER)
    before = drafting(world, pupil)()
    terms(world, scope=Scope.SCHOOL)
    drafts = [
        drafting(world, pupil)(),
        drafting(world, pupil, Scope.CLASS)(),
        drafting(world, teacher)(),
    ]
    assert [c.scope for c in drafts] == ["school", "class", "public"]
    upload = world.upload(pupil)
    with world.write() as session:  # a draft from before is narrowed when it is handed in
        submission.submit(session, before.id, upload, accounts.actor_of(pupil))
    assert world.get(before.id).scope == "school"


def test_who_hands_out_which_codes(world: World) -> None:
    school = world.another_school()
    with world.write() as session:
        foreign = accounts.add_class(session, school.id, "Lớp 7A")
        other = accounts.add_class(session, world.school.id, "Lớp 8A")
    everywhere = world.account(Role.TEACHER, school=world.school)  # a teacher of no one class
    assert everywhere.class_id is None
    expected = {
        Role.TEACHER: {world.group.id},
        everywhere: {world.group.id, other.id},
        Role.ADMIN: {world.group.id, other.id, foreign.id},
        Role.REVIEWER: set(),
        Role.PUPIL: set(),
    }
    for who, ids in expected.items():
        actor = world.actor(who) if isinstance(who, Role) else accounts.actor_of(who)
        with world.read() as session:
            assert {g.id for g in classcodes.managed(session, actor)} == ids
            for row in (world.group, other, foreign):
                if row.id in ids:
                    assert classcodes.manage(session, actor, row.id).id == row.id
                    continue
                refusal = NoSuchThing if actor.role in classcodes.MANAGERS else NotAllowed
                with pytest.raises(refusal):
                    classcodes.manage(session, actor, row.id)
