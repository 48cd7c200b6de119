"""The change log as a library follows it: no gap, no record of what was withdrawn, proof."""

from __future__ import annotations

import hashlib
import threading
import time
from contextlib import ExitStack
from functools import partial

import pytest
from sqlalchemy import select, text

from review import feed
from review.errors import InvalidInput
from review.models import Clip, FeedAck, FeedEntry
from review.states import State
from storage_config.database import DatabaseBusy
from tests.racing import race
from tests.services.forks import forked
from tests.world import World

RECORD = {"id": "x", "revision": 1, "title": "Tên", "renditions": [], "poster": None}


def add(world: World, clip_id: str, kind: str) -> int:
    with world.write() as session:
        clip = session.get_one(Clip, clip_id)
        if kind == "withdrawn":
            return feed.append(session, clip, kind, reason="office").seq
        return feed.append(session, clip, kind, record=RECORD).seq


def read(world: World, cursor: str | None = None, limit: int = 100) -> feed.ChangePage:
    with world.read() as session:
        return feed.changes(session, cursor, limit)


def test_an_empty_feed_has_a_cursor_that_stays_valid(any_world: World) -> None:
    world = any_world
    page = read(world)
    assert (page.entries, page.next_cursor, page.more) == ([], "s0", False)
    with world.read() as session:
        assert feed.snapshot(session) == feed.Snapshot(0, [], hashlib.sha256(b"").hexdigest())
    clip_id = world.clip(State.DRAFT)
    add(world, clip_id, "published")
    assert [e.clip_id for e in read(world, page.next_cursor).entries] == [clip_id]


def test_pages_follow_each_other_without_gap_or_repetition(world: World) -> None:
    clip_id = world.clip(State.DRAFT)
    for _ in range(7):
        add(world, clip_id, "updated")
    seen, cursor, sizes = [], None, []
    while True:
        page = read(world, cursor, limit=3)
        seen += [e.seq for e in page.entries]
        sizes.append((len(page.entries), page.more))
        cursor = page.next_cursor
        if not page.more:
            break
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    assert sizes == [(3, True), (3, True), (1, False)]
    assert cursor == "s7"
    assert read(world, cursor).entries == []
    assert read(world, cursor).next_cursor == cursor


@pytest.mark.parametrize(("limit", "size"), [(0, 1), (-5, 1), (10**9, 3)])
def test_a_senseless_limit_is_bounded(world: World, limit: int, size: int) -> None:
    clip_id = world.clip(State.DRAFT)
    for _ in range(3):
        add(world, clip_id, "updated")
    assert len(read(world, limit=limit).entries) == size


BAD_CURSORS = ["1", "s", "s-1", "s1.5", "s 1", "x1", "s٣", "s" + "9" * 18, "ss1", "s1\x00", "-"]


@pytest.mark.parametrize("cursor", BAD_CURSORS)
def test_what_was_never_a_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        feed.parse_cursor(cursor)
    assert list(caught.value.errors) == ["cursor"]


def test_a_cursor_beyond_the_end_waits_there(any_world: World) -> None:
    page = read(any_world, "s99999999999999999")
    assert (page.entries, page.next_cursor, page.more) == ([], "s99999999999999999", False)


def test_a_tombstone_forgets_what_was_said_before(any_world: World) -> None:
    world = any_world
    gone, kept = world.clip(State.DRAFT), world.clip(State.DRAFT)
    for clip_id, kind in [(gone, "published"), (kept, "published"), (gone, "updated")]:
        add(world, clip_id, kind)
    add(world, gone, "withdrawn")
    assert [(e.seq, e.kind) for e in read(world).entries] == [(2, "published"), (4, "withdrawn")]
    with world.read() as session:
        # In the table itself, not only in what is shown: SQL's NULL, not the text null.
        raw = session.execute(text("SELECT seq FROM feed WHERE record IS NULL ORDER BY seq"))
        assert [row.seq for row in raw] == [1, 3, 4]
        assert [e.clip_id for e in feed.live(session)] == [kept]
    # A library that stood between the two hears of the end all the same.
    assert [e.seq for e in read(world, "s3").entries] == [4]


def test_a_clip_that_comes_back_is_live_again(world: World) -> None:
    clip_id = world.clip(State.DRAFT)
    for kind in ("published", "withdrawn", "published"):
        add(world, clip_id, kind)
    assert [(e.seq, e.kind) for e in read(world).entries] == [(2, "withdrawn"), (3, "published")]
    with world.read() as session:
        assert [e.seq for e in feed.live(session)] == [3]
        current = feed.current(session, clip_id)
        assert current is not None
        assert (current.seq, current.kind) == (3, "published")
        assert feed.current(session, "0" * 26) is None


def test_the_snapshot_is_what_a_copy_is_checked_by(any_world: World) -> None:
    world = any_world
    clips = [world.clip(State.PUBLISHED) for _ in range(3)]
    world.withdraw(clips[1])
    with world.read() as session:
        snapshot = feed.snapshot(session)
    lines = f"{clips[0]} 1 1\n{clips[2]} 1 3\n"
    assert snapshot == feed.Snapshot(
        4,
        [
            {"id": clips[0], "revision": 1, "seq": 1},
            {"id": clips[2], "revision": 1, "seq": 3},
        ],
        hashlib.sha256(lines.encode()).hexdigest(),
    )


# --- what a library has applied ----------------------------------------------------------------


def ack(world: World, library_id: str, seq: int) -> int:
    with world.write() as session:
        return feed.ack(session, library_id, seq)


def test_an_acknowledgement_only_grows(any_world: World) -> None:
    world = any_world
    library, _ = world.library()
    clip_id = world.clip(State.DRAFT)
    assert ack(world, library.id, 0) == 0
    for _ in range(5):
        add(world, clip_id, "updated")
    assert [ack(world, library.id, seq) for seq in (3, 1, 5, 4)] == [3, 3, 5, 5]
    with world.read() as session:
        assert session.get_one(FeedAck, library.id).seq == 5


@pytest.mark.parametrize("seq", [-1, 3, 10**15])
def test_what_is_not_in_the_feed_is_not_acknowledged(world: World, seq: int) -> None:
    library, _ = world.library()
    clip_id = world.clip(State.DRAFT)
    for _ in range(2):
        add(world, clip_id, "updated")
    with pytest.raises(InvalidInput):
        ack(world, library.id, seq)
    with world.read() as session:
        assert session.get(FeedAck, library.id) is None


def test_acknowledgements_at_once_end_at_the_highest(any_world: World) -> None:
    world = any_world
    clip_id = world.clip(State.DRAFT)
    for _ in range(8):
        add(world, clip_id, "updated")
    for _ in range(5):
        library_id = world.library()[0].id
        calls = [lambda n=n, i=library_id: ack(world, i, n) for n in range(1, 9)]
        results = race(*calls)
        assert all(isinstance(r, int) for r in results), results
        with world.read() as session:
            assert session.get_one(FeedAck, library_id).seq == 8


# --- many at once ------------------------------------------------------------------------------


def follow_while_published(world: World, total: int, batch: int) -> list[int]:
    """The numbers that a polling reader sees, in order, while eight publish ``total`` changes:
    each a program of its own, as web servers and workers are."""
    clips = [world.clip(State.DRAFT) for _ in range(8)]
    seen: list[int] = []
    done = threading.Event()

    def publish(clip_id: str) -> None:
        left = total // 8 // batch
        while left:
            try:
                with world.write() as session:
                    clip = session.get_one(Clip, clip_id)
                    for _ in range(batch):
                        feed.append(session, clip, "updated", record=RECORD)
            except DatabaseBusy:
                continue  # of eight who want SQLite's one lock some are told to come back
            left -= 1

    def poll() -> None:
        cursor = None
        while True:
            last_round = done.is_set()
            page = read(world, cursor, limit=min(7 * batch, 500))
            seen.extend(e.seq for e in page.entries)
            cursor = page.next_cursor
            if last_round and not page.more:
                return
            if not page.entries:
                time.sleep(0.005)  # asked without a pause it would only hold the others up

    publishers = ExitStack()
    for clip_id in clips:
        publishers.enter_context(forked(partial(publish, clip_id)))

    def all_published() -> None:
        try:
            publishers.close()
        finally:
            done.set()

    assert race(all_published, poll) == [None, None]
    return seen


def test_eight_publishers_and_a_reader_who_never_misses_one(any_world: World) -> None:
    """Each change is a transaction of its own: the reader sees every number, in order."""
    assert follow_while_published(any_world, 304, 1) == list(range(1, 305))
    with any_world.read() as session:
        kept = session.scalars(select(FeedEntry.seq).order_by(FeedEntry.seq)).all()
    assert list(kept) == list(range(1, 305))


@pytest.mark.slow
@pytest.mark.services
def test_ten_thousand_changes_and_a_reader_who_never_misses_one(any_world: World) -> None:
    """Several in one transaction: they become visible together, and none before."""
    assert follow_while_published(any_world, 10_000, 25) == list(range(1, 10_001))


def test_a_number_is_not_given_before_a_smaller_one_is_committed(any_world: World) -> None:
    """The second publisher waits for the first one's commit: the lock is held until then."""
    world = any_world
    first, second = world.clip(State.DRAFT), world.clip(State.DRAFT)
    started, order = threading.Event(), []

    def slow() -> int:
        with world.write() as session:
            entry = feed.append(session, session.get_one(Clip, first), "published", record=RECORD)
            started.set()
            assert read(world).entries == []
            order.append("slow commits")
        return entry.seq

    def quick() -> int:
        started.wait(10)
        seq = add(world, second, "published")
        order.append("quick committed")
        return seq

    assert race(slow, quick) == [1, 2]
    assert order == ["slow commits", "quick committed"]
