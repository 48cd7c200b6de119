"""A clip is found again whatever was done to it: invented frames, then real films."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from review import hashindex, lookalikes
from review.hashindex import Frame
from review.models import FrameBand, FrameHashes
from review.policy import Role
from review.states import State
from storage_config.database import Database
from tests.alike import District, find, flipped, index, some_hashes, told
from tests.clips import film
from tests.remakes import CHANGES, FILMS, hashes_of, joined, remake
from tests.rows import everything
from tests.world import World


@pytest.fixture
def world(database: Database) -> District:
    return District(database)


@pytest.fixture
def any_world(any_database: Database) -> District:
    return District(any_database)


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
