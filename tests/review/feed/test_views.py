"""What a library is shown of the log: by scope, level and campaign, while any of these change."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from review import feed
from review.errors import InvalidInput
from review.feed import Change, View
from review.keys import new_id
from review.models import Clip, FeedEntry, FeedHead, Library
from tests.rows import add_campaign
from tests.world import World

LEVELS = ("primary", "lower_secondary")
CAMPAIGNS = ("an-toan", "noi-vui")


def put(world: World, clip_id: str, kind: str = "published", **facets: Any) -> int:
    clip = Clip(id=clip_id, scope=facets.get("scope", "public"))
    record = {"id": clip_id, "revision": 1, "title": "Tên", "scope": "public"}
    record |= {"level": None, "campaign": None, **facets}
    with world.write() as session:
        if kind == "withdrawn":
            return feed.append(session, clip, kind, reason="office").seq
        return feed.append(session, clip, kind, record=record).seq


def see(world: World, library: Library, view: View) -> int:
    with world.write() as session:
        return feed.set_view(session, library.id, view)


def reader_of(world: World, library: Library) -> feed.Reader:
    with world.read() as session:
        return feed.reader_of(session.get_one(Library, library.id))


def told(world: World, library: Library, cursor: str | None = None) -> list[tuple[Any, ...]]:
    reader = reader_of(world, library)
    with world.read() as session:
        page = feed.changes(session, cursor, 500, reader=reader)
    return [(e.seq, e.kind, e.clip_id, e.reason) for e in page.entries]


@pytest.fixture
def campaigns(world: World) -> None:
    with world.write() as session:
        for slug in CAMPAIGNS:
            add_campaign(session, slug, slug)


def test_a_lowered_scope_is_a_withdrawal_to_whoever_is_outside_it(any_world: World) -> None:
    world = any_world
    office, partner = world.library()[0], world.library()[0]
    see(world, partner, View(scope="public"))
    clip_id, never = new_id(), new_id()
    put(world, clip_id)
    put(world, never, scope="library")
    put(world, clip_id, "updated", scope="library")

    assert told(world, partner) == [(3, "withdrawn", clip_id, "scope_lowered")]
    assert told(world, office) == [
        (2, "published", never, None),
        (3, "updated", clip_id, None),
    ]
    put(world, clip_id, "withdrawn")
    put(world, never, "withdrawn")
    # The partner never had the second one: not even its id is told.
    assert told(world, partner) == [(3, "withdrawn", clip_id, "scope_lowered")]
    assert [row[:3] for row in told(world, office)] == [
        (4, "withdrawn", clip_id),
        (5, "withdrawn", never),
    ]


def test_a_record_that_was_public_is_not_left_in_the_log(world: World) -> None:
    clip_id = new_id()
    put(world, clip_id, title="Tên cũ")
    put(world, clip_id, "updated", scope="library")
    with world.read() as session:
        rows = session.scalars(select(FeedEntry).order_by(FeedEntry.seq)).all()
    assert [row.record is None for row in rows] == [True, False]


@pytest.mark.usefixtures("campaigns")
def test_what_leaves_a_view_is_withdrawn_and_what_enters_is_published(world: World) -> None:
    library, other = world.library()[0], world.library()[0]
    small, large, bare = new_id(), new_id(), new_id()
    put(world, small, level="primary", campaign="an-toan")
    put(world, large, level="lower_secondary")
    put(world, bare)
    before = told(world, library)
    assert [row[2] for row in before] == [small, large, bare]

    assert see(world, library, View(levels=("primary",))) == 2
    assert sorted(row[1:] for row in told(world, library, "s3")) == sorted(
        ("withdrawn", clip_id, "view_changed") for clip_id in (large, bare)
    )
    assert see(world, library, View(campaigns=("an-toan",))) == 0
    assert see(world, library, View()) == 2
    assert sorted(row[1:3] for row in told(world, library, "s5")) == sorted(
        [("published", large), ("published", bare)]
    )
    assert told(world, other) == before  # its log has nothing of all this
    assert see(world, library, View()) == 0


@pytest.mark.usefixtures("campaigns")
def test_a_clip_that_moves_out_of_a_view_by_itself(world: World) -> None:
    library, clip_id = world.library()[0], new_id()
    see(world, library, View(levels=("primary",)))
    put(world, clip_id, level="primary")
    put(world, clip_id, "updated", level="lower_secondary")
    put(world, clip_id, "updated", level="primary")
    assert [row[1::2] for row in told(world, library)] == [
        ("published", None),
        ("withdrawn", "view_left"),
        ("published", None),
    ]


@pytest.mark.parametrize(
    ("view", "field_name"),
    [
        (View(scope="school"), "scope"),
        (View(levels=("university",)), "levels"),
        (View(campaigns=("khong-co",)), "campaigns"),
    ],
)
def test_a_view_that_can_not_be(world: World, view: View, field_name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        see(world, world.library()[0], view)
    assert list(caught.value.errors) == [field_name]


@dataclass
class Copy:
    """What one program holds of the library, at its own pace."""

    pace: float
    cursor: str | None = None
    shelf: dict[str, int] = field(default_factory=dict)

    def follow(self, world: World, library: Library) -> None:
        more = True
        while more:
            reader = reader_of(world, library)
            with world.read() as session:
                page = feed.changes(session, self.cursor, 3, reader=reader)
            for change in page.entries:
                self.apply(change)
            self.cursor, more = page.next_cursor, page.more

    def apply(self, change: Change) -> None:
        if change.record is None:
            self.shelf.pop(change.clip_id, None)
        else:
            self.shelf[change.clip_id] = change.record["seq"]


def any_view(rng: random.Random) -> View:
    return View(
        rng.choice(("library", "public")),
        tuple(rng.sample(CAMPAIGNS, rng.choice((0, 0, 1)))),
        tuple(rng.sample(LEVELS, rng.choice((0, 0, 1)))),
    )


@pytest.mark.usefixtures("campaigns")
@pytest.mark.parametrize("seed", range(4))
def test_every_copy_is_right_whatever_changes_in_whatever_order(world: World, seed: int) -> None:
    """Clips and the view change at random; copies follow often, seldom, and only at the end."""
    rng, library = random.Random(seed), world.library()[0]
    clips = [new_id() for _ in range(6)]
    is_live = dict.fromkeys(clips, False)
    copies = [Copy(pace) for pace in (0.7, 0.2, 0.05, 0.0)]
    for _ in range(60):
        if rng.random() < 0.2:
            see(world, library, any_view(rng))
        clip_id = rng.choice(clips)
        if is_live[clip_id] and rng.random() < 0.4:
            put(world, clip_id, "withdrawn")
            is_live[clip_id] = False
        else:
            kind = "updated" if is_live[clip_id] else "published"
            put(
                world,
                clip_id,
                kind,
                scope=rng.choice(("library", "public")),
                level=rng.choice((None, *LEVELS)),
                campaign=rng.choice((None, *CAMPAIGNS)),
            )
            is_live[clip_id] = True
        for copy in copies:
            if rng.random() < copy.pace:
                copy.follow(world, library)
    with world.read() as session:
        reader = feed.reader_of(session.get_one(Library, library.id))
        right = {e.clip_id: e.seq for e in feed.live(session, reader)}
        snapshot = feed.snapshot(session, reader)
    for copy in copies:
        copy.follow(world, library)
        assert copy.shelf == right
    assert {c["id"]: c["seq"] for c in snapshot.clips} == right


def test_a_view_that_holds_little_is_read_in_short_pages(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page looks at more of the log than its window, and none is lost between two."""
    monkeypatch.setattr("review.feed.reading.WINDOW", 5)
    library = world.library()[0]
    see(world, library, View(scope="public"))
    wanted = new_id()
    for number in range(23):
        put(
            world,
            wanted if number == 17 else new_id(),
            scope="public" if number == 17 else "library",
        )
    reader, cursor, found, pages = reader_of(world, library), None, [], 0
    while True:
        with world.read() as session:
            page = feed.changes(session, cursor, 2, reader=reader)
        found += [e.clip_id for e in page.entries]
        cursor, pages = page.next_cursor, pages + 1
        if not page.more:
            break
    assert (found, cursor, pages) == ([wanted], "s23", 5)


def test_an_acknowledgement_beyond_the_end_is_noticed(any_world: World) -> None:
    world = any_world
    library = world.library()[0]
    put(world, new_id())
    with world.write() as session:
        feed.ack(session, library.id, 1)
        assert feed.above_head(session) == []
        session.get_one(FeedHead, 1).seq = 0
        session.flush()
        assert feed.above_head(session) == [(library.name, 1)]
