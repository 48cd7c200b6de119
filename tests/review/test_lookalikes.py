"""Look-alikes: what whom is told, over every role and state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from review import clock, decisions, hashindex, lookalikes, publication, queries
from review.accounts import actor_of
from review.consent import Scope
from review.lookalikes import Mark, Shown
from review.models import Account, Clip, FrameBand, LookAlikeRow
from review.policy import Actor, Role
from review.states import Action, State
from storage_config.database import Database
from tests.alike import District, find, flipped, index, some_hashes, told
from tests.rows import counted


@pytest.fixture
def world(database: Database) -> District:
    return District(database)


@pytest.fixture
def any_world(any_database: Database) -> District:
    return District(any_database)


# What a reviewer of another school, or an officer without the case, is told of a clip in this
# state: nothing but a mark.
FROM_OUTSIDE = {
    State.PROCESSING: None,
    State.IN_REVIEW: None,
    State.REFUSED: None,
    State.FAILED: None,
    State.CHANGES_REQUESTED: None,
    State.REJECTED: Mark.REJECTED,
    State.HELD: None,
    State.APPROVED: None,
    State.WITHDRAWN: Mark.TAKEN_DOWN,
}
INSIDE = {**FROM_OUTSIDE, State.PUBLISHED: Mark.PUBLISHED}


@dataclass
class Pair:
    """Two clips with the same frames: an earlier one in any state, and one that is reviewed."""

    world: District
    earlier: str
    ours: str

    def told(self, actor: Actor) -> list[Shown]:
        return told(self.world, actor, self.ours)

    def stranger(self) -> Actor:
        """A reviewer of another school."""
        school = self.world.another_school()
        return actor_of(self.world.account(Role.REVIEWER, school=school))


def pair(world: District, state: State, **more: Any) -> Pair:
    found = Pair(world, world.clip(state, **more), world.clip())
    index(world, found.earlier, some_hashes(1))
    index(world, found.ours, flipped(some_hashes(1), 8))
    return found


def marks(shown: list[Shown]) -> list[tuple[bool, bool, Mark | None, bool]]:
    return [(s.clip is not None, s.may_open, s.mark, s.returns) for s in shown]


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.MODERATOR])
@pytest.mark.parametrize("state", INSIDE)
def test_whoever_may_see_the_other_clip_is_told_all(
    world: District, role: Role, state: State
) -> None:
    found = pair(world, state)
    shown = found.told(world.actor(role))
    if state is State.HELD:
        assert shown == []  # as if there were none, here as in every list
        return
    returns = state in (State.REJECTED, State.WITHDRAWN)
    assert marks(shown) == [(True, True, INSIDE[state], returns)]
    assert (shown[0].clip.id, shown[0].state) == (found.earlier, state)
    assert shown[0].pairs == tuple((n * 1.5, n * 1.5) for n in range(12))


@pytest.mark.parametrize("state", FROM_OUTSIDE)
def test_another_school_is_told_that_there_is_one_and_its_mark(
    world: District, state: State
) -> None:
    found = pair(world, state)
    (shown,) = found.told(found.stranger())
    returns = state in (State.REJECTED, State.WITHDRAWN)
    assert shown == Shown(
        clip=None,
        may_open=False,
        state=None,
        mark=FROM_OUTSIDE[state],
        later=False,
        same_file=False,
        score=1.0,
        mirrored=False,
        pairs=tuple((n * 1.5, None) for n in range(12)),
    )
    assert shown.returns == returns


def test_what_came_first_counts_not_whose_clip_is_older(any_world: District) -> None:
    """An older clip is handed in again with what a younger one, since taken back, has shown."""
    world = any_world
    teacher = world.person(Role.TEACHER)
    ours = world.clip(State.CHANGES_REQUESTED)
    other = world.clip()
    index(world, other, some_hashes(1))
    world.resubmit(ours, teacher)
    index(world, ours, flipped(some_hashes(1), 8))
    world.decide(other, Action.REJECT, Role.REVIEWER)
    reviewer = world.actor(Role.REVIEWER)
    assert [(s.later, s.returns) for s in told(world, reviewer, ours)] == [(False, True)]
    assert [s.later for s in told(world, reviewer, other)] == [True]
    wanted = queries.Filters(sign="returns")
    with world.read() as session:
        page = queries.review_queue(session, reviewer, None, 100, wanted)
    assert [row.clip.id for row in page.items] == [ours]


@pytest.mark.parametrize("scope", Scope)
def test_a_published_clip_is_told_as_far_as_it_is_published(world: District, scope: Scope) -> None:
    found = pair(world, State.PUBLISHED, scope=scope)
    visible = scope in (Scope.LIBRARY, Scope.PUBLIC)
    assert marks(found.told(found.stranger())) == [(visible, False, Mark.PUBLISHED, False)]


@pytest.mark.parametrize("scope", Scope)
def test_from_outside_a_hold_is_the_withdrawal_that_it_is_to_the_public(
    world: District, scope: Scope
) -> None:
    """What was published and is not: on hold, back in review, rejected or withdrawn, all alike."""
    found = pair(world, State.PUBLISHED, scope=scope)
    stranger = found.stranger()
    world.decide(found.earlier, Action.ESCALATE, Role.MODERATOR)
    held = found.told(stranger)
    officer = world.actor(Role.SAFEGUARDING)
    with world.write() as session:
        version = session.get_one(Clip, found.earlier).version
        decisions.release_hold(session, found.earlier, officer, version)
    released = found.told(stranger)
    world.decide(found.earlier, Action.REJECT, Role.REVIEWER)
    rejected = found.told(stranger)
    world.withdraw(found.earlier)
    assert held == released == rejected == found.told(stranger)
    assert marks(held) == [(False, False, Mark.TAKEN_DOWN, True)]


def test_from_outside_a_hold_before_publication_is_a_review(world: District) -> None:
    found = pair(world, State.IN_REVIEW)
    stranger = found.stranger()
    before = found.told(stranger)
    world.decide(found.earlier, Action.ESCALATE, Role.REVIEWER)
    assert found.told(stranger) == before
    assert marks(before) == [(False, False, None, False)]


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.MODERATOR])
def test_withdrawn_while_on_hold_reads_as_withdrawn(world: District, role: Role) -> None:
    found, plain = pair(world, State.HELD), pair(world, State.WITHDRAWN)
    with world.write() as session:
        owner = actor_of(world.person(Role.TEACHER))
        publication.withdraw(session, found.earlier, owner, "owner")
    mine = [s for s in found.told(world.actor(role)) if s.clip.id == found.earlier]
    other = [s for s in plain.told(world.actor(role)) if s.clip.id == plain.earlier]
    assert marks(mine) == marks(other) == [(True, True, Mark.TAKEN_DOWN, True)]
    strangers = found.told(found.stranger())
    assert [(s.clip, s.mark) for s in strangers if not s.later][:1] == [(None, Mark.TAKEN_DOWN)]


def test_the_officer_is_told_of_her_cases_and_of_no_other_clip(world: District) -> None:
    found = pair(world, State.HELD)
    officer = world.actor(Role.SAFEGUARDING)
    (shown,) = found.told(officer)
    assert (shown.clip.id, shown.state, shown.mark) == (found.earlier, State.HELD, None)
    other = pair(world, State.REJECTED)
    assert [s.clip.id for s in other.told(officer) if s.clip] == [found.earlier]


def test_a_later_withdrawal_shows_and_a_later_copy_is_no_return(world: District) -> None:
    found = pair(world, State.PUBLISHED)
    reviewer = world.actor(Role.REVIEWER)
    assert marks(found.told(reviewer)) == [(True, True, Mark.PUBLISHED, False)]
    world.withdraw(found.earlier)
    assert marks(found.told(reviewer)) == [(True, True, Mark.TAKEN_DOWN, True)]
    # Seen from the first clip: the second came later, so it brings nothing back.
    world.decide(found.ours, Action.REJECT, Role.REVIEWER)
    (shown,) = told(world, reviewer, found.earlier)
    assert (shown.clip.id, shown.mark, shown.later, shown.returns) == (
        found.ours,
        Mark.REJECTED,
        True,
        False,
    )


def test_what_was_taken_down_stands_first_then_the_most_alike(world: District) -> None:
    theirs = some_hashes(1)
    half, whole = world.clip(), world.clip()
    gone = world.clip(State.WITHDRAWN)
    index(world, half, [*theirs[:6], *some_hashes(2)[6:]])
    index(world, whole, theirs)
    index(world, gone, [*theirs[:3], *some_hashes(3)[3:]])
    ours = world.clip()
    index(world, ours, theirs)
    shown = told(world, world.actor(Role.MODERATOR), ours)
    assert [(s.clip.id, s.score) for s in shown] == [(gone, 0.25), (whole, 1.0), (half, 0.5)]


def test_a_list_takes_as_many_questions_for_ten_as_for_one(world: District) -> None:
    ours, asked = world.clip(), []
    reviewer = world.actor(Role.REVIEWER)
    for number in range(lookalikes.MAX_SHOWN + 2):
        index(world, world.clip(), flipped(some_hashes(1), 6, seed=number))
        index(world, ours, some_hashes(1))
        with counted(world.database) as statements:
            shown = told(world, reviewer, ours)
        asked.append((len(shown), len(statements)))
    assert asked[0][0] == 1
    assert asked[-1] == (lookalikes.MAX_SHOWN, asked[0][1])


# The same bytes.


def twice(world: District, first: Account, second: Account) -> tuple[str, str]:
    world.content = b"the very same film"
    found = world.clip(owner=first, title="lần đầu"), world.clip(owner=second)
    world.content = None
    return found


def test_the_owner_is_told_of_an_own_clip_with_the_same_bytes(world: District) -> None:
    owner = world.person(Role.PUPIL)
    first, second = twice(world, owner, owner)
    with world.read() as session:
        clips = [session.get_one(Clip, clip_id) for clip_id in (first, second)]
        told_of = [lookalikes.own_same_file(session, actor_of(owner), clip) for clip in clips]
        assert told_of == [None, clips[0]]
        for role in (Role.REVIEWER, Role.MODERATOR, Role.TEACHER):
            assert lookalikes.own_same_file(session, world.actor(role), clips[1]) is None


def test_the_owner_is_told_of_nobody_elses(world: District) -> None:
    other = world.account(Role.TEACHER, school=world.another_school())
    for owner in (other, world.account(Role.PUPIL)):
        _, second = twice(world, owner, world.person(Role.PUPIL))
        with world.read() as session:
            clip = session.get_one(Clip, second)
            found = lookalikes.own_same_file(session, world.actor(Role.PUPIL), clip)
        assert found is None or found.owner_id == clip.owner_id
    assert found is not None  # the first of the two is the pupil's own


def test_the_reviewer_is_told_of_the_same_bytes_before_any_frame_is_known(world: District) -> None:
    other = world.account(Role.TEACHER, school=world.another_school())
    first, second = twice(world, other, world.person(Role.PUPIL))
    (shown,) = told(world, world.actor(Role.MODERATOR), second)
    assert (shown.clip.id, shown.same_file, shown.pairs) == (first, True, ())
    (shown,) = told(world, world.actor(Role.REVIEWER), second)
    assert (shown.clip, shown.state, shown.same_file, shown.pairs) == (None, None, True, ())


# How long.


def test_the_frames_outlive_the_withdrawal_but_not_for_ever(any_world: District) -> None:
    gone, kept = any_world.clip(State.WITHDRAWN), any_world.clip()
    for clip_id in (gone, kept):
        index(any_world, clip_id, some_hashes(1))
    with any_world.write() as session:
        assert lookalikes.forget_old(session) == 0
        long_ago = clock.now(session) - lookalikes.KEPT - timedelta(minutes=1)
        session.execute(update(Clip).where(Clip.id == gone).values(withdrawn_at=long_ago))
    assert {f.clip_id for f in find(any_world, some_hashes(1))} == {gone, kept}
    with any_world.write() as session:
        assert lookalikes.forget_old(session) == 1
    assert [f.clip_id for f in find(any_world, some_hashes(1))] == [kept]
    with any_world.read() as session:
        assert len(list(session.scalars(select(FrameBand)))) == 12 * hashindex.BANDS
        assert list(session.scalars(select(LookAlikeRow))) == []
        assert lookalikes.forget_old(session) == 0
