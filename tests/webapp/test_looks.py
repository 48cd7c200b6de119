"""What the API and the feed say of pictures, of the sound alone, and of what a view costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from review import accounts, presentation, publication
from review.policy import Role
from review.states import State
from storage_config.blobs import LocalBlobs
from storage_config.database import Database
from tests.pictured import COST, PicturedWorld
from tests.webapp.conftest import Caller, store_files

Callers = Callable[..., Caller]


@pytest.fixture
def world(database: Database) -> PicturedWorld:
    return PicturedWorld(database)


def place(clip_id: str) -> str:
    return f"http://127.0.0.1:8000/media/{clip_id}"


def api(caller: Callers, clip_id: str, who: Role | None = Role.TEACHER) -> dict[str, Any]:
    return dict(caller(who)("GET", f"/api/v1/clips/{clip_id}").get_json())


def of_feed(world: PicturedWorld, caller: Callers, clip_id: str) -> dict[str, Any]:
    library = caller(world.library()[1])
    return dict(library("GET", f"/feed/v1/clips/{clip_id}").get_json())


def test_before_the_ladder_the_previews_pictures(world: PicturedWorld, caller: Callers) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    answer = api(caller, clip_id)
    assert (answer["audio"], answer["view_bytes"], answer["renditions"]) == (None, None, [])
    assert answer["media"] == {
        "proxy": f"{place(clip_id)}/proxy.mp4",
        "poster": f"{place(clip_id)}/poster.jpg",
        "contact_sheet": f"{place(clip_id)}/contact_sheet.jpg",
        "sprite": f"{place(clip_id)}/sprite.vtt",
        "hls": None,
        "mp4": None,
        "captions": [],
    }


def test_the_sound_alone_is_no_rendition(world: PicturedWorld, caller: Callers) -> None:
    clip_id = world.clip(State.PUBLISHED)
    answer, record = api(caller, clip_id, None), of_feed(world, caller, clip_id)
    assert [r["kind"] for r in answer["renditions"]] == ["hls", "mp4", "mp4"]
    assert record["renditions"] == answer["renditions"]
    sha256 = answer["audio"]["sha256"]
    assert len(sha256) == 64
    assert answer["audio"] == record["audio"]
    assert answer["audio"] == {
        "url": f"{place(clip_id)}/audio/sound.m4a",
        "bytes": 79_000,
        "sha256": sha256,
        "mime": "audio/mp4",
    }
    assert (answer["view_bytes"], record["view_bytes"]) == (COST, COST)
    assert record["sprite"] == answer["media"]["sprite"] == f"{place(clip_id)}/hls/sprite.vtt"
    assert answer["media"]["mp4"] == f"{place(clip_id)}/mp4/720p.mp4"


def test_a_silent_clip_has_no_sound_to_offer(world: PicturedWorld, caller: Callers) -> None:
    world.silent = True
    clip_id = world.clip(State.PUBLISHED)
    answer, record = api(caller, clip_id, None), of_feed(world, caller, clip_id)
    cost = {"low": 100_000, "high": 2_000_000, "audio": None}
    assert [(a["audio"], a["view_bytes"]) for a in (answer, record)] == [(None, cost)] * 2


def test_the_chosen_picture_is_the_poster_everywhere(world: PicturedWorld, caller: Callers) -> None:
    clip_id = world.clip(State.PUBLISHED)
    owner = accounts.actor_of(world.person(Role.TEACHER))
    with world.write() as session:
        presentation.choose_poster(session, clip_id, owner, "posters/2.jpg")
    chosen = f"{place(clip_id)}/posters/2.jpg"
    assert api(caller, clip_id, None)["media"]["poster"] == chosen
    assert of_feed(world, caller, clip_id)["poster"] == chosen


def test_a_record_from_before_says_that_it_does_not_know(
    world: PicturedWorld, caller: Callers
) -> None:
    from review.models import FeedEntry

    clip_id = world.clip(State.PUBLISHED)
    with world.write() as session:
        entry = session.get_one(FeedEntry, 1)
        old = dict(entry.record or {})
        entry.record = {k: v for k, v in old.items() if k not in ("audio", "view_bytes")}
    record = of_feed(world, caller, clip_id)
    assert (record["audio"], record["view_bytes"]) == (None, None)


def test_the_officer_keeps_the_pictures_of_what_was_withdrawn_while_held(
    world: PicturedWorld, blobs: LocalBlobs, caller: Callers
) -> None:
    clip_id = world.clip(State.HELD)
    store_files(world, blobs, clip_id)
    with world.write() as session:
        publication.withdraw(session, clip_id, world.actor(Role.TEACHER), "owner")

    def status(who: Role | None, what: str) -> int:
        return int(caller(who)("GET", f"/media/{clip_id}/{what}").status_code)

    evidence = ("proxy.mp4", "poster.jpg", "posters/2.jpg", "sprite.vtt", "sprite.jpg")
    for what in (*evidence, "contact_sheet.jpg"):
        assert status(Role.SAFEGUARDING, what) == 200, what
        assert [status(r, what) for r in (Role.TEACHER, Role.REVIEWER)] == [410, 410], what
        assert status(None, what) == 404, what
