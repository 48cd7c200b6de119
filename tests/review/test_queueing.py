"""Where waiting clips stand: whose turn it is, and which lists find a clip while it waits."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from review import (
    accounts,
    announcing,
    campaigns,
    consenting,
    decisions,
    faces,
    processing,
    publication,
    queries,
    submission,
)
from review.consent import GivenConsent, Person, Scope
from review.details import Details
from review.models import Account, Campaign, Clip, ClipPerson, LookAlikeRow, QueuePlace, Revision
from review.policy import Actor, Role
from review.queries import Filters
from review.queueing import APART
from review.redaction import Box
from review.states import Action, State
from tests.world import World, consented

ALL = Filters("all")


def found(world: World, actor: Actor, filters: Filters = ALL, limit: int = 100) -> list[str]:
    with world.read() as session:
        page = queries.review_queue(session, actor, None, limit, filters)
        return [row.clip.id for row in page.items]


def signs(world: World, role: Role, clip_id: str) -> tuple[str, ...]:
    with world.read() as session:
        rows = queries.review_queue(session, world.actor(role), None, 100, ALL).items
        (row,) = [row for row in rows if row.clip.id == clip_id]
    return row.signs


def teacher_of_another_school(world: World) -> Account:
    return world.account(Role.TEACHER, school=world.another_school())


def places(world: World, clip_id: str) -> set[str]:
    with world.read() as session:
        mine = select(QueuePlace.list).where(QueuePlace.clip_id == clip_id)
        return set(session.scalars(mine))


# --- turns -------------------------------------------------------------------------------------


def test_schools_take_turns_however_many_clips_one_has_sent(any_world: World) -> None:
    world = any_world
    busy = [world.clip() for _ in range(4)]
    small, middle = teacher_of_another_school(world), teacher_of_another_school(world)
    others = [world.clip(owner=small), *(world.clip(owner=middle) for _ in range(2))]
    order = found(world, world.actor(Role.MODERATOR))
    assert order == [busy[0], others[0], others[1], busy[1], others[2], busy[2], busy[3]]
    # The school itself sees its own in the order in which they came.
    assert found(world, world.actor(Role.REVIEWER)) == busy


def test_a_clip_waits_for_at_most_one_clip_an_hour_of_each_other_school(world: World) -> None:
    waiting = world.clip()
    busy = teacher_of_another_school(world)
    theirs = [world.clip(owner=busy) for _ in range(5)]
    with world.read() as session:
        turn = {
            row.clip_id: row.turn
            for row in session.scalars(select(QueuePlace).where(QueuePlace.list == "reviewer"))
        }
    assert turn[waiting] < turn[theirs[0]]
    gaps = [turn[b] - turn[a] for a, b in itertools.pairwise(theirs)]
    assert gaps == [APART] * 4


def test_what_was_decided_does_not_put_the_next_ones_off(world: World) -> None:
    for clip_id in [world.clip() for _ in range(3)]:
        world.decide(clip_id, Action.REJECT, Role.REVIEWER)
    again = world.clip()
    with world.read() as session:
        turn = session.scalar(select(QueuePlace.turn).where(QueuePlace.list == "reviewer"))
    assert turn == world.get(again).submitted_at


def test_each_stage_has_its_own_lists(world: World) -> None:
    clip_id = world.clip()
    assert {name.partition("/")[0] for name in places(world, clip_id)} == {"reviewer"}
    world.decide(clip_id, Action.APPROVE, Role.REVIEWER)
    assert {name.partition("/")[0] for name in places(world, clip_id)} == {"moderator"}
    world.decide(clip_id, Action.APPROVE, Role.MODERATOR)
    assert places(world, clip_id) == set()


@pytest.mark.parametrize("state", [s for s in State if s != State.IN_REVIEW])
def test_what_does_not_wait_stands_nowhere(world: World, state: State) -> None:
    assert places(world, world.clip(state)) == set()


def test_a_list_that_names_a_clip_wrongly_shows_nothing(world: World) -> None:
    """The clip's own row has the last word: a held clip never shows, whatever a list says."""
    held, decided = world.clip(State.HELD), world.clip(State.REJECTED)
    with world.write() as session:
        for clip_id in (held, decided):
            at = session.get_one(Clip, clip_id).submitted_at
            session.add(QueuePlace(list="reviewer", turn=at, clip_id=clip_id))
    moderator = world.actor(Role.MODERATOR)
    with world.read() as session:
        assert queries.review_queue(session, moderator, filters=ALL).items == []
        assert queries.count(session, moderator, ALL).number == 0


def test_a_hold_that_ended_brings_the_clip_back(world: World) -> None:
    clip_id = world.clip(State.HELD)
    officer, version = world.actor(Role.SAFEGUARDING), world.get(clip_id).version
    with world.write() as session:
        decisions.release_hold(session, clip_id, officer, version)
    assert found(world, world.actor(Role.REVIEWER)) == [clip_id]


# --- filters -----------------------------------------------------------------------------------


def clip_with(world: World, owner: Account, **details: Any) -> str:
    with world.write() as session:
        clip_id = submission.create_draft(session, owner, Details("Clip", **details)).id
    upload, actor = world.upload(owner), accounts.actor_of(owner)
    with world.write() as session:
        submission.submit(session, clip_id, upload, actor)
    world.examine(clip_id)
    return clip_id


def test_each_filter_finds_its_clips_and_no_others(any_world: World) -> None:
    world = any_world
    with world.write() as session:
        campaign = Campaign(slug="an-toan", title="An toàn", created_at=world.school.created_at)
        session.add(campaign)
        far = accounts.add_school(session, "Trường Tiểu học Mầm Xanh", level="primary")
    ours, theirs = world.person(Role.TEACHER), world.account(Role.TEACHER, school=far)
    one = clip_with(world, ours, topics=("conduct", "wellbeing"), campaign="an-toan")
    two = clip_with(world, ours, language="en")
    three = clip_with(world, theirs, topics=("conduct",))
    moderator = world.actor(Role.MODERATOR)
    level = world.school.level

    def by(**asked: Any) -> set[str]:
        return set(found(world, moderator, Filters("all", **asked)))

    assert by() == {one, two, three}
    assert by(campaign=campaign.id) == {one}
    assert by(school=far.id) == {three}
    assert by(level="primary") == {three}
    assert by(level=level) == {one, two}
    assert by(topic="conduct") == {one, three}
    assert by(topic="conduct", language="vi", level=level) == {one}
    assert by(topic="wellbeing", school=far.id) == set()
    assert by(language="en") == {two}
    assert by(sign="gps") == {one, two, three}
    assert by(sign="flashing") == set()
    # A reviewer asks only for the own school's, whatever the address says.
    reviewer = world.actor(Role.REVIEWER)
    assert set(found(world, reviewer, Filters("all", topic="conduct"))) == {one}
    assert found(world, reviewer, Filters("all", school=far.id)) == []


def test_by_how_long_it_has_waited(world: World) -> None:
    old, new = world.clip(), world.clip()
    with world.write() as session:
        row = session.get_one(Clip, old)
        row.submitted_at = row.submitted_at - timedelta(days=4)
    reviewer = world.actor(Role.REVIEWER)
    assert found(world, reviewer) == [old, new]
    assert found(world, reviewer, Filters("due", days=3)) == [old]
    assert found(world, reviewer, Filters("due", days=7)) == []


def test_mine_is_what_i_have_claimed_and_still_hold(world: World) -> None:
    first, second, third = (world.clip() for _ in range(3))
    me, other = world.actor(Role.REVIEWER), accounts.actor_of(world.account(Role.REVIEWER))
    with world.write() as session:
        for clip_id, who in ((second, me), (first, me), (third, other)):
            decisions.claim(session, clip_id, who)
    mine = Filters("mine")
    assert found(world, me, mine) == [first, second]
    assert found(world, me, Filters("mine", sign="flashing")) == []
    with world.write() as session:
        row = session.get_one(Clip, first)
        row.claimed_until = row.claimed_until - timedelta(hours=1)
    assert found(world, me, mine) == [second]
    assert found(world, accounts.actor_of(world.account(Role.REVIEWER)), mine) == []


def test_a_filter_is_the_same_after_its_way_through_an_address() -> None:
    asked = Filters("all", None, "01m00000000000000000000000", None, "conduct", "vi", "gps", 3)
    assert Filters.from_text(asked.to_text()) == asked
    assert Filters().to_text() == ""
    assert Filters.parse({"scope": "", "cursor": "x"}) == Filters()


@pytest.mark.parametrize("scope", ["due", "all"])
def test_a_search_goes_on_where_one_look_does_not_reach(
    world: World, monkeypatch: pytest.MonkeyPatch, scope: str
) -> None:
    """Every clip comes once, in order, however few places a page looks at."""
    stages = (1,) if scope == "due" else (0, 1)
    ids = [world.clip(stage=stages[n % len(stages)]) for n in range(11)]
    wanted = set(ids[::3])
    with world.write() as session:
        for clip_id in ids:
            session.get_one(Clip, clip_id).submitted_at = world.school.created_at - timedelta(
                days=9 if clip_id in wanted else 0
            )
    moderator, filters = world.actor(Role.MODERATOR), Filters(scope, days=7)
    whole = found(world, moderator, filters)
    assert set(whole) == wanted
    for window in (1, 2, 3, 5):
        monkeypatch.setattr("review.queries.queue.WINDOW", window)
        with world.read() as session:
            seen, cursor = [], None
            while True:
                page = queries.review_queue(session, moderator, cursor, 2, filters)
                seen += [row.clip.id for row in page.items]
                cursor = page.next
                if cursor is None:
                    break
        assert seen == whole
        with world.read() as session:
            assert queries.count(session, moderator, filters).more is (window < 11)
            assert queries.next_in_queue(session, moderator, None, filters) == next(
                c for c in whole if world.get(c).stage == 1
            )


# --- signs -------------------------------------------------------------------------------------


def test_flashes_that_the_ladder_finds_show_at_once(world: World) -> None:
    clip_id = world.clip()
    assert "flashing" not in signs(world, Role.REVIEWER, clip_id)
    claim = world.claim_job(clip_id, "ladder")
    with world.write() as session:
        seen = {"flashing_spans": [[1.0, 2.0]]}
        processing.laddered(session, claim, outputs=[], renditions=[], signals=seen)
    assert signs(world, Role.REVIEWER, clip_id) == ("flashing", "gps")
    assert found(world, world.actor(Role.REVIEWER), Filters(sign="flashing")) == [clip_id]


def test_a_child_without_consent_is_a_sign_until_it_is_given(world: World) -> None:
    clip_id = world.clip(people=(consented(), Person("bạn khác", under_seven=True)))
    assert "consent" in signs(world, Role.REVIEWER, clip_id)
    teacher = world.actor(Role.TEACHER)
    with world.write() as session:
        label = ClipPerson.label == "bạn khác"
        who = session.scalars(select(ClipPerson).where(label)).one()
        given = GivenConsent("guardian", Scope.PUBLIC)
        consenting.record_consent(session, who.id, teacher, given)
    assert signs(world, Role.REVIEWER, clip_id) == ("gps",)


def test_faces_of_nobody_who_was_named_are_a_sign(world: World) -> None:
    bare, named = world.clip(), world.clip(people=(consented(),))
    reviewer = world.actor(Role.REVIEWER)
    for clip_id in (bare, named):
        with world.write() as session:
            faces.request(session, clip_id, reviewer)
        claim = world.claim_job(clip_id, "faces")
        with world.write() as session:
            faces.found(session, claim, [Box(0.1, 0.1, 0.2, 0.2, 0.0, 1.0)], 0)
    assert found(world, reviewer, Filters(sign="consent")) == [bare]


def resembling(world: World, other_id: str, owner: Account | None = None) -> str:
    """A waiting clip in which the other one's frames were found."""
    clip_id = world.clip(State.PROCESSING, owner=owner)
    with world.write() as session:
        ids = [
            session.scalars(select(Revision.id).where(Revision.clip_id == c)).one()
            for c in (clip_id, other_id)
        ]
        session.add(
            LookAlikeRow(
                revision_id=ids[0], other_id=ids[1], score=0.9, mirrored=False, pairs=[[1, 1]]
            )
        )
    world.examine(clip_id)
    return clip_id


def test_a_clip_that_brings_back_what_was_taken_down(world: World) -> None:
    other = world.clip(State.PUBLISHED)
    clip_id = resembling(world, other)
    assert "returns" not in signs(world, Role.REVIEWER, clip_id)
    world.withdraw(other)  # while the later one waits
    assert "returns" in signs(world, Role.REVIEWER, clip_id)
    assert found(world, world.actor(Role.REVIEWER), Filters(sign="returns")) == [clip_id]
    moderator, version = world.actor(Role.MODERATOR), world.get(other).version
    with world.write() as session:
        publication.restore(session, other, moderator, version)
    assert "returns" not in signs(world, Role.REVIEWER, clip_id)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_hold_gives_no_sign_but_that_of_a_withdrawal_to_those_outside(
    world: World, elsewhere: bool
) -> None:
    """As the badge of the row: who sees all but holds is told nothing; who could only watch the
    other clip in the library sees that it is gone."""
    other = world.clip(State.PUBLISHED)
    far = teacher_of_another_school(world) if elsewhere else None
    clip_id = resembling(world, other, far)
    if far is not None:
        with world.read() as session:
            school = session.get_one(type(world.school), far.school_id)
        world.people[Role.REVIEWER] = world.account(Role.REVIEWER, school=school)
    world.decide(other, Action.ESCALATE, Role.MODERATOR)
    assert "returns" not in signs(world, Role.MODERATOR, clip_id)
    assert ("returns" in signs(world, Role.REVIEWER, clip_id)) is elsewhere


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_rejection_that_is_not_announced_is_a_sign_to_its_own_school_only(
    world: World, elsewhere: bool
) -> None:
    """As the badge of the row."""
    campaign = world.campaign(announce_at=datetime(2099, 1, 1, tzinfo=UTC))
    world.person(Role.REVIEWER)
    far = teacher_of_another_school(world) if elsewhere else None
    other = world.clip(owner=far, campaign=campaign.slug)
    clip_id = resembling(world, other)
    world.decide(other, Action.REJECT, Role.MODERATOR)
    assert "returns" in signs(world, Role.MODERATOR, clip_id)
    assert ("returns" in signs(world, Role.REVIEWER, clip_id)) is not elsewhere
    moderator = world.actor(Role.MODERATOR)
    with world.write() as session:
        campaigns.announce_now(session, campaign.id, moderator)
    assert announcing.announce_all(world.read, world.write) == 1
    assert "returns" in signs(world, Role.REVIEWER, clip_id)


def test_a_clip_keeps_its_turn_when_its_signs_change(world: World) -> None:
    ids = [world.clip(people=(Person("bạn khác", under_seven=True),)) for _ in range(3)]
    before = found(world, world.actor(Role.REVIEWER))
    teacher = world.actor(Role.TEACHER)
    with world.write() as session:
        who = session.scalars(select(ClipPerson).where(ClipPerson.clip_id == ids[0])).one()
        consenting.record_consent(session, who.id, teacher, GivenConsent("guardian", Scope.PUBLIC))
    assert found(world, world.actor(Role.REVIEWER)) == before == ids


def test_a_new_revision_stands_anew(world: World) -> None:
    first, second = world.clip(State.CHANGES_REQUESTED), world.clip()
    upload, teacher = world.upload(), world.actor(Role.TEACHER)
    with world.write() as session:
        submission.resubmit(session, first, upload, teacher)
    world.examine(first)
    assert found(world, world.actor(Role.REVIEWER)) == [second, first]
