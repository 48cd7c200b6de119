"""What `lantoa doctor` says of libraries: ahead of the feed, not told any more, late."""

from __future__ import annotations

from datetime import timedelta

from review import clock, feed, hooks
from review.models import Clip, FeedEntry, FeedHead, Library
from review.states import State
from storage_config.settings import Settings
from tests.world import World
from webapp.cli import checks
from webapp.cli.checks import Grade


def findings(world: World, settings: Settings) -> list[tuple[str, Grade, str]]:
    found = checks._libraries(world.database, settings)
    return [(f.part, f.grade, f.what) for f in found]


def test_all_is_well(world: World, settings: Settings) -> None:
    world.library()
    world.clip(State.PUBLISHED)
    assert findings(world, settings) == [("feed", Grade.OK, "at 1; no library is late")]


def test_what_an_operator_has_to_look_at(world: World, settings: Settings) -> None:
    library = world.library()[0]
    clip_id = world.clip(State.WITHDRAWN)
    with world.write() as session:
        hooks.set_hook(session, library.id, "https://thu-vien.example.vn/", ())
        hooks.switch_off(session, library.id, "gone")
        past = clock.now(session) - timedelta(days=2)
        session.query(Library).update({"created_at": past})
        session.query(FeedEntry).update({"at": past})
        session.get_one(Clip, clip_id).withdrawn_at = past
        feed.ack(session, library.id, 1)
    late = f"{library.name} has not confirmed a takedown within 24 hours"
    off = f"{library.name}: switched off (gone)"
    assert findings(world, settings) == [
        ("webhooks", Grade.WARNING, off),
        ("takedowns", Grade.WARNING, late),
    ]
    with world.write() as session:
        feed.ack(session, library.id, 2)
        session.get_one(FeedHead, 1).seq = 1
    above = f"{library.name} has acknowledged 2, the feed ends at 1: an older backup"
    assert findings(world, settings) == [
        ("feed", Grade.BAD, above),
        ("webhooks", Grade.WARNING, off),
    ]
