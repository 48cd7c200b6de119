"""The eight cases of docs/library.md that a library's client has to stand, with ours and with the
one that stands there."""

from __future__ import annotations

import os
from typing import Any

import pytest
import requests
from sqlalchemy import insert, select, update

from review import publication
from review.consent import Scope
from review.keys import new_id
from review.models import FeedAck, FeedEntry, FeedHead
from review.policy import Role
from storage_config.blobs import LocalBlobs
from tests.mirrors import Client, Documented, Ours, publish
from tests.services.forks import forked
from tests.webapp.feed.conftest import edit
from tests.world import World


def acknowledged(world: World) -> int:
    with world.read() as session:
        return session.scalar(select(FeedAck.seq)) or 0


def restore(world: World, clip_id: str) -> None:
    moderator, clip = world.actor(Role.MODERATOR), world.get(clip_id)
    with world.write() as session:
        publication.restore(session, clip_id, moderator, clip.version)
    world.approve(clip_id, ladder=False)


def test_killed_in_the_middle_of_a_page(
    world: World, blobs: LocalBlobs, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [publish(world, blobs, title=f"clip {n}") for n in range(4)]
    world.withdraw(ids[0])
    left = [3]
    get = requests.Session.get

    def die(self: requests.Session, url: str, **more: Any) -> requests.Response:
        """The process ends as it asks for the third thing."""
        left[0] -= 1
        if not left[0]:
            os._exit(0)
        return get(self, url, **more)

    with monkeypatch.context() as patched:
        patched.setattr(requests.Session, "get", die)
        with forked(client.run):
            pass
    assert len(client.shown()) < 3
    client.run()

    assert client.shown() == {ids[n]: f"clip {n}" for n in (1, 2, 3)}
    assert acknowledged(world) == 5


def test_approved_and_withdrawn_between_two_polls(
    world: World, blobs: LocalBlobs, client: Client
) -> None:
    client.run()
    clip_id = publish(world, blobs)
    world.withdraw(clip_id)
    client.run()

    assert client.shown() == {}
    assert [p for p in client.folder.rglob("*") if clip_id in p.name] == []


def test_withdrawn_edited_approved_again(world: World, blobs: LocalBlobs, client: Client) -> None:
    clip_id = publish(world, blobs, title="một")
    client.run()
    edit(world, clip_id, title="hai")
    world.withdraw(clip_id, "office")
    restore(world, clip_id)
    edit(world, clip_id, title="ba")
    client.run()

    assert client.shown() == {clip_id: "ba"}


def many(world: World, blobs: LocalBlobs, count: int) -> None:
    """A feed of so many clips that have no files: one is published, the others are like it."""
    first = publish(world, blobs)
    with world.write() as session:
        record = session.get_one(FeedEntry, 1).record or {}
        bare = {**record, "renditions": [], "poster": None}
        at = session.get_one(FeedEntry, 1).at
        session.execute(update(FeedEntry).where(FeedEntry.clip_id == first).values(record=bare))
        ids = [(seq, new_id()) for seq in range(2, count + 1)]
        rows = [
            {
                "seq": seq,
                "kind": "published",
                "clip_id": clip_id,
                "at": at,
                "record": {**bare, "id": clip_id, "seq": seq},
                "revision": bare["revision"],
                "scope": bare["scope"],
            }
            for seq, clip_id in ids
        ]
        session.execute(insert(FeedEntry), rows)
        session.execute(update(FeedHead).values(seq=count))


def test_many_clips_in_pages(world: World, blobs: LocalBlobs, client: Client) -> None:
    many(world, blobs, 250)
    client.run()
    assert len(client.shown()) == 250
    assert acknowledged(world) == 250


@pytest.mark.slow
def test_ten_thousand_clips(world: World, blobs: LocalBlobs, ours: Ours) -> None:
    many(world, blobs, 10_000)
    result = ours.run()
    assert (result.clips, result.right, len(ours.shown())) == (10_000, True, 10_000)


def test_hints_that_are_lost_doubled_or_late(
    world: World, blobs: LocalBlobs, client: Client
) -> None:
    """A webhook says only "look": how often and when it comes changes nothing."""
    first = publish(world, blobs, title="một")
    client.run()
    client.run()  # doubled
    second = publish(world, blobs, title="hai")  # its hint is lost
    world.withdraw(first)
    client.run()  # the hint of the withdrawal, before that of the publication
    client.run()  # which comes late

    assert client.shown() == {second: "hai"}


def test_nothing_new_and_then_a_change(
    world: World, blobs: LocalBlobs, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(world, blobs, title="một")
    client.run()
    client.run()
    asked: list[tuple[str, int]] = []
    send = requests.Session.send

    def listen(self: requests.Session, request: Any, **more: Any) -> requests.Response:
        answer = send(self, request, **more)
        asked.append((request.path_url.partition("?")[0].rpartition("/")[2], answer.status_code))
        return answer

    monkeypatch.setattr(requests.Session, "send", listen)
    client.run()
    quiet = list(asked)
    second = publish(world, blobs, title="hai")
    client.run()

    if isinstance(client, Documented):
        assert quiet == [("changes", 304)]
    else:
        assert quiet == [("changes", 200), ("snapshot", 200)]
    assert client.shown() == {first: "một", second: "hai"}


def test_links_are_dead_after_the_withdrawal(
    world: World, blobs: LocalBlobs, client: Client
) -> None:
    clip_id = publish(world, blobs)
    client.run()
    links = [f"{client.url}/media/{clip_id}/{what}" for what in ("mp4/360p.mp4", "poster.jpg")] + [
        f"{client.url}/feed/v1/clips/{clip_id}"
    ]
    headers = {"Authorization": f"Bearer {client.token}"}

    def statuses() -> list[int]:
        return [requests.get(link, headers=headers, timeout=30).status_code for link in links]

    assert statuses() == [200, 200, 200]
    world.withdraw(clip_id)
    assert statuses() == [410, 410, 410]
    client.run()
    assert (client.shown(), acknowledged(world)) == ({}, 2)


def test_a_lowered_scope_is_a_withdrawal(world: World, blobs: LocalBlobs, client: Client) -> None:
    stays, goes = (publish(world, blobs, title=t) for t in ("một", "hai"))
    client.run()
    moderator = world.actor(Role.MODERATOR)
    for clip_id, scope in ((stays, Scope.LIBRARY), (goes, Scope.SCHOOL)):
        with world.write() as session:
            version = world.get(clip_id).version
            publication.lower_scope(session, clip_id, moderator, scope, version)
    client.run()

    assert client.shown() == {stays: "một"}
