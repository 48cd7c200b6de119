"""Look-alikes: found again whatever was done to them, and told to whom it may be told."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from review import clock, decisions, hashindex, lookalikes, publication
from review.accounts import actor_of
from review.consent import Scope
from review.hashindex import Frame
from review.keys import new_id
from review.lookalikes import Mark, Shown
from review.models import Account, Clip, FrameBand, FrameHashes, LookAlikeRow, Revision
from review.policy import Actor, Role
from review.states import Action, State
from storage_config.database import Database
from tests.clips import film
from tests.remakes import CHANGES, FILMS, hashes_of, joined, remake
from tests.rows import counted, everything
from tests.world import World

Hashes = list[dict[str, Any]]


class District(World):
    """Here no two clips have the same bytes unless a test says so."""

    content: bytes | None = None

    def upload(self, owner: Account | None = None, content: bytes = b"") -> str:
        return super().upload(owner, content or self.content or new_id().encode())


@pytest.fixture
def world(database: Database) -> District:
    return District(database)


@pytest.fixture
def any_world(any_database: Database) -> District:
    return District(any_database)


def some_hashes(seed: int, frames: int = 12, each_s: float = 1.5) -> Hashes:
    dice = random.Random(seed)
    return [
        {"at_s": n * each_s, "hash": dice.getrandbits(256).to_bytes(32).hex()}
        for n in range(frames)
    ]


def flipped(hashes: Hashes, bits: int, seed: int = 0, later_s: float = 0.0) -> Hashes:
    """The same frames, each with so many bits changed, so much later."""
    dice = random.Random(seed)
    found = []
    for row in hashes:
        mask = sum(1 << bit for bit in dice.sample(range(256), bits))
        changed = int(row["hash"], 16) ^ mask
        found.append({"at_s": row["at_s"] + later_s, "hash": f"{changed:064x}"})
    return found


def index(world: World, clip_id: str, hashes: Hashes) -> None:
    with world.write() as session:
        clip = session.get_one(Clip, clip_id)
        revision = session.scalars(
            select(Revision).where(Revision.clip_id == clip_id, Revision.number == clip.revision)
        ).one()
        lookalikes.index(session, revision, hashes)


def find(world: World, hashes: Hashes, exclude: str | None = None) -> list[lookalikes.LookAlike]:
    with world.read() as session:
        return lookalikes.find(session, hashes, exclude_clip=exclude)


def told(world: World, actor: Actor, clip_id: str) -> list[Shown]:
    with world.read() as session:
        return lookalikes.for_reviewer(session, actor, session.get_one(Clip, clip_id))


# Finding.


def test_a_clip_is_found_with_the_times_at_which_its_frames_show(any_world: World) -> None:
    first, other = any_world.clip(), any_world.clip()
    theirs = some_hashes(1)
    index(any_world, first, theirs)
    index(any_world, other, some_hashes(2))
    ours = [*some_hashes(3, frames=4), *flipped(theirs[6:], 12, later_s=20)]
    pairs = tuple((row["at_s"] + 20, row["at_s"]) for row in theirs[6:])
    assert find(any_world, ours) == [lookalikes.LookAlike(first, 0.5, False, pairs)]
    assert find(any_world, ours, exclude=first) == []
    assert find(any_world, []) == []


def test_one_frame_is_not_enough_but_for_a_clip_of_one_picture(world: World) -> None:
    film_id, picture_id = world.clip(), world.clip()
    theirs, still = some_hashes(1), some_hashes(2, frames=1)
    index(world, film_id, theirs)
    index(world, picture_id, still)
    assert find(world, [*flipped(theirs[:1], 8), *some_hashes(3)]) == []
    # One near frame and one less near are two.
    two = [*flipped(theirs[:1], 8), *flipped(theirs[5:6], hashindex.LOOSE), *some_hashes(3)]
    assert [f.clip_id for f in find(world, two)] == [film_id]
    assert [f.clip_id for f in find(world, [*flipped(still, 8), *some_hashes(3)])] == [picture_id]
    assert find(world, flipped(still, hashindex.NEAR + 12)) == []


def test_what_is_less_alike_than_that_is_not_found(world: World) -> None:
    theirs = some_hashes(1)
    index(world, world.clip(), theirs)
    assert find(world, flipped(theirs, hashindex.LOOSE + 1)) == []


def test_a_title_card_that_many_share_is_no_likeness(world: World) -> None:
    card = some_hashes(99, frames=3, each_s=0.5)
    shared = [world.clip() for _ in range(hashindex.COMMON * 4)]
    for number, clip_id in enumerate(shared):
        index(world, clip_id, [*card, *some_hashes(number)[2:]])
    assert find(world, [*card, *some_hashes(500)[2:]]) == []
    # The clip itself is found all the same.
    again = find(world, [*card, *flipped(some_hashes(7), 10)[2:]])
    assert [f.clip_id for f in again] == [shared[7]]


def test_a_clip_sent_very_often_is_still_found(world: World) -> None:
    """The index keeps the first of many equal parts, so that no look-up reads them all."""
    theirs, clip_id = some_hashes(1), world.clip()
    index(world, clip_id, theirs)
    for _ in range(hashindex.MAX_IN_BAND + 10):
        index(world, world.clip(State.PROCESSING), theirs)
    with world.read() as session:
        held = list(session.scalars(select(FrameBand.band)))
        assert max(held.count(value) for value in set(held)) == hashindex.MAX_IN_BAND
    assert clip_id in [f.clip_id for f in find(world, flipped(theirs, 8))]


def test_indexing_again_changes_nothing(any_world: World) -> None:
    first, clip_id = any_world.clip(), any_world.clip()
    index(any_world, first, some_hashes(1))
    index(any_world, clip_id, flipped(some_hashes(1), 9))
    before = everything(any_world.database)
    index(any_world, clip_id, flipped(some_hashes(1), 9))
    assert everything(any_world.database) == before
    assert len(before["frame_hashes"]) == 2
    assert len(before["frame_bands"]) == 2 * 12 * hashindex.BANDS
    assert len(before["look_alikes"]) == 1


def test_more_frames_replace_the_first_ones(any_world: World) -> None:
    first, clip_id = any_world.clip(), any_world.clip()
    index(any_world, first, some_hashes(1))
    index(any_world, clip_id, some_hashes(2, frames=3))
    index(any_world, clip_id, [*some_hashes(3, frames=40, each_s=0.5), *some_hashes(1)])
    assert [f.clip_id for f in find(any_world, some_hashes(2, frames=3))] == []
    with any_world.read() as session:
        entry = session.scalars(select(FrameHashes).where(FrameHashes.clip_id == clip_id)).one()
        kept = hashindex.unpack(entry.frames)
        assert len(kept) == hashindex.MAX_INDEXED
        assert kept == sorted(kept, key=lambda f: f.at_ms)
        assert len(list(session.scalars(select(FrameBand)))) == (12 + 16) * hashindex.BANDS
    assert [s.clip.id for s in told(any_world, any_world.actor(Role.MODERATOR), clip_id)] == [first]
    index(any_world, clip_id, [])
    assert told(any_world, any_world.actor(Role.MODERATOR), clip_id) == []


@pytest.mark.parametrize(
    "row",
    [
        {"at_s": 1.0, "hash": "ab"},
        {"at_s": 1.0, "hash": "z" * 64},
        {"at_s": -1.0, "hash": "a" * 64},
        {"at_s": 1e12, "hash": "a" * 64},
        {"at_s": float("nan"), "hash": "a" * 64},
    ],
)
def test_what_is_no_hash_is_refused_and_nothing_is_lost(world: World, row: Any) -> None:
    clip_id = world.clip()
    index(world, clip_id, some_hashes(1))
    before = everything(world.database)
    with pytest.raises(ValueError, match=r".+"):
        index(world, clip_id, [*some_hashes(2), row])
    assert everything(world.database) == before


def test_the_frames_kept_are_spread_and_calm() -> None:
    """Of each stretch of time the frame that is most like its neighbours."""
    dice = random.Random(1)
    moving = [dice.getrandbits(256) for _ in range(160)]
    for slot in range(16):
        for near in (4, 5, 6):
            moving[10 * slot + near] = moving[10 * slot + 5] ^ (1 << near)
    kept = hashindex.spread([Frame(100 * n, bits) for n, bits in enumerate(moving)])
    assert [frame.at_ms for frame in kept] == [1000 * slot + 500 for slot in range(16)]


# Who is told what.

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


# Real films.


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("remakes")


@pytest.fixture
def library(world: World) -> dict[str, str]:
    """Film -> clip: all of them indexed."""
    found = {name: world.clip(title=name) for name in FILMS}
    for name, clip_id in found.items():
        index(world, clip_id, hashes_of(film(name)))
    return found


@pytest.mark.slow
def test_every_film_is_found_again_and_no_other(
    world: World, library: dict[str, str], folder: Path
) -> None:
    """All that can be done to a clip, to the filmed ones; the drawn one as a whole."""
    missed = {}
    for name in ("bikes", "carphone_pristine"):
        for change in CHANGES:
            again = hashes_of(remake(film(name), change, folder / f"{name} {change}.mp4"), 0.25)
            found = find(world, again)
            mirrored = change.startswith("mirrored")
            if [(f.clip_id, f.mirrored) for f in found] != [(library[name], mirrored)]:
                missed[name, change] = found
    assert missed == {}
    assert [f.clip_id for f in find(world, hashes_of(film("bigbuckbunny")))] == [
        library["bigbuckbunny"]
    ]


@pytest.mark.slow
def test_a_clip_joined_with_another_is_found_in_both(
    world: World, library_of_two: dict[str, str], folder: Path
) -> None:
    both = joined(film("carphone_pristine"), film("bikes"), folder / "joined.mp4")
    found = {f.clip_id: f for f in find(world, hashes_of(both, 0.25))}
    assert set(found) == set(library_of_two.values())
    # The second film begins where the first, of 4 s, ends.
    shifts = [ours - theirs for ours, theirs in found[library_of_two["bikes"]].pairs]
    assert sorted(shifts)[len(shifts) // 2] == pytest.approx(4.0, abs=0.3)


@pytest.fixture
def library_of_two(world: World) -> dict[str, str]:
    found = {name: world.clip(title=name) for name in ("bikes", "carphone_pristine")}
    for name, clip_id in found.items():
        index(world, clip_id, hashes_of(film(name)))
    return found
