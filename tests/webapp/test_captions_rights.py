"""Captions by role and state: who reads, replaces and removes those of a clip that has some.

Who may put the first ones is in test_captions.py; both tables are written by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from review import processing, submission
from review.captions import reading
from review.models import Account, Captions, Clip
from review.policy import Role
from review.states import Action
from storage_config.blobs import LocalBlobs
from tests.captioning import keep, ladder
from tests.webapp.conftest import Caller, problem, store_files
from tests.webapp.test_captions import TABLE, VTT, WHO, everybody
from tests.world import World

__all__ = ["everybody"]  # a fixture

# State -> who (in the order of WHO) reads captions that were kept while the clip was in review.
READERS = {
    "in_review": (200, 200, 200, 200, 404, 404, 404, 404),
    "refused": (200, 200, 200, 200, 404, 404, 404, 404),
    "changes_requested": (200, 200, 200, 200, 404, 404, 404, 404),
    "rejected": (200, 200, 200, 200, 404, 404, 404, 404),
    "held": (200, 404, 404, 404, 200, 404, 404, 404),
    "approved": (200, 200, 200, 200, 404, 404, 404, 404),
    "published": (200, 200, 200, 200, 200, 200, 200, 200),
    # It was public: that it is gone is told to all, as after a withdrawal.
    "held after it was published": (200, 410, 410, 410, 200, 410, 410, 410),
    "withdrawn": (410, 410, 410, 410, 410, 410, 410, 410),
    "processing again": (404, 404, 404, 404, 404, 404, 404, 404),
}
# What `put` answers in states that TABLE does not name.
ALIKE = {"held after it was published": "held", "processing again": "processing"}


def captioned(world: World, blobs: LocalBlobs, state: str) -> str:
    """A pupil's clip that was given captions in its review and then came to this state."""
    owner = world.person(Role.PUPIL)
    clip_id = world.clip(owner=owner)
    keep(world, clip_id)
    _bring(world, clip_id, state)
    store_files(world, blobs, clip_id)
    return clip_id


def _bring(world: World, clip_id: str, state: str) -> None:
    decided = {
        "changes_requested": Action.REQUEST_CHANGES,
        "rejected": Action.REJECT,
        "held": Action.ESCALATE,
        "processing again": Action.REQUEST_CHANGES,
    }
    if state in decided:
        world.decide(clip_id, decided[state], Role.REVIEWER)
    if state == "processing again":
        upload = world.upload(world.person(Role.PUPIL))
        with world.write() as session:
            submission.resubmit(session, clip_id, upload, world.actor(Role.PUPIL))
    if state == "refused":
        claim = world.claim_job(clip_id, "ladder")
        with world.write() as session:
            processing.refused(session, claim, "truncated")
    if state in ("approved", "published", "held after it was published", "withdrawn"):
        world.approve(clip_id, ladder=False)
    if state in ("published", "held after it was published", "withdrawn"):
        ladder(world, clip_id)
    if state == "held after it was published":
        world.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
    if state == "withdrawn":
        world.withdraw(clip_id)


def puts(state: str) -> tuple[int, ...]:
    name = ALIKE.get(state, state)
    return next(told for of, told in TABLE.items() if of == name)


def version_of(world: World, clip_id: str) -> int:
    with world.read() as session:
        found = reading.one(session, session.get_one(Clip, clip_id), "vi")
        return found.version if found else 0


def texts(world: World) -> list[str]:
    with world.read() as session:
        return [row.vtt for row in session.query(Captions).order_by(Captions.id)]


@pytest.mark.parametrize("state", READERS)
def test_who_reads_them(
    world: World, blobs: LocalBlobs, everybody: dict[str, Caller], state: str
) -> None:
    clip_id = captioned(world, blobs, state)
    file = f"/media/{clip_id}/captions/vi.vtt"
    found = [everybody[name]("GET", file).status_code for name in WHO]
    assert tuple(found) == READERS[state]
    with_playlist = {"published", "held after it was published", "withdrawn"}
    for path in (f"/media/{clip_id}/captions/vi.m3u8", f"/media/{clip_id}/hls/master.m3u8"):
        lists = [everybody[name]("GET", path).status_code for name in WHO]
        if state in with_playlist or path.endswith("vi.m3u8"):
            assert lists == found
        else:
            assert set(lists) == {404}


@pytest.mark.parametrize("state", READERS)
def test_the_clips_record_names_them_to_those_who_read_them(
    world: World, blobs: LocalBlobs, everybody: dict[str, Caller], state: str
) -> None:
    clip_id = captioned(world, blobs, state)
    for name, status in zip(WHO, READERS[state], strict=True):
        answer = everybody[name]("GET", f"/api/v1/clips/{clip_id}")
        listed = answer.status_code == 200 and answer.get_json()["media"]["captions"] != []
        assert listed == (status == 200), name


@pytest.mark.parametrize("state", READERS)
@pytest.mark.parametrize("way", ["api", "page"])
def test_who_replaces_and_removes_them(
    world: World, blobs: LocalBlobs, everybody: dict[str, Caller], state: str, way: str
) -> None:
    replace, remove = (_put, _delete) if way == "api" else (_save, _remove)
    done = 200 if way == "api" else 302
    nobody = 401 if way == "api" else 400  # no token of the form
    clip_id = captioned(world, blobs, state)
    for name, status in zip(WHO, puts(state), strict=True):
        before = texts(world)
        told = replace(world, everybody[name], clip_id)
        assert told.status_code == {200: done, 401: nobody}.get(status, status), name
        assert (texts(world) != before) == (status == 200), name
        before = texts(world)
        told = remove(world, everybody[name], clip_id)
        assert told.status_code == {200: done, 401: nobody}.get(status, status), name
        assert (texts(world) != before) == (status == 200), name
        if status == 200:
            clip_id = captioned(world, blobs, state)


def _put(world: World, who: Caller, clip_id: str) -> Any:
    path = f"/api/v1/clips/{clip_id}/captions/vi?version={version_of(world, clip_id)}"
    return who.client.put(path, data=VTT.encode(), headers=who.headers)


def _delete(world: World, who: Caller, clip_id: str) -> Any:
    version = version_of(world, clip_id)
    return who("DELETE", f"/api/v1/clips/{clip_id}/captions/vi?version={version}")


def _save(world: World, who: Caller, clip_id: str) -> Any:
    return _send(who, f"/clips/{clip_id}/captions/vi", world, clip_id, text=VTT)


def _remove(world: World, who: Caller, clip_id: str) -> Any:
    return _send(who, f"/clips/{clip_id}/captions/vi/remove", world, clip_id)


def _send(who: Caller, path: str, world: World, clip_id: str, **fields: str) -> Any:
    form = {"version": str(version_of(world, clip_id)), **fields}
    return who.client.post(path, data=form, headers={**who.headers, "Accept": "text/html"})


@pytest.mark.parametrize("state", READERS)
def test_who_opens_the_editor(
    world: World, blobs: LocalBlobs, everybody: dict[str, Caller], state: str
) -> None:
    clip_id = captioned(world, blobs, state)
    found = [
        everybody[name]("GET", f"/clips/{clip_id}/captions/vi", Accept="text/html").status_code
        for name in WHO
    ]
    assert tuple(found) == tuple({401: 302}.get(status, status) for status in puts(state))


def test_a_removal_names_the_version_that_was_seen(
    world: World, caller: Callable[..., Caller], everybody: dict[str, Caller]
) -> None:
    clip_id = world.clip(owner=world.person(Role.PUPIL))
    path, owner = f"/api/v1/clips/{clip_id}/captions/vi", everybody["owner"]
    assert problem(owner("DELETE", path)) == (404, "not_found")
    version = keep(world, clip_id)
    for query in ("", "?version=", "?revision=1"):
        assert problem(owner("DELETE", path + query)) == (428, "version_missing")
    assert problem(owner("DELETE", f"{path}?version=0")) == (409, "stale_captions")
    assert problem(owner("DELETE", f"{path}?version=x")) == (422, "invalid")
    assert problem(everybody["far teacher"]("DELETE", path)) == (404, "no_such_clip")
    assert version_of(world, clip_id) == version
    stranger: Account = world.account(Role.ADMIN)
    assert problem(caller(stranger)("DELETE", path)) == (404, "no_such_clip")
    assert owner("DELETE", f"{path}?version={version}").status_code == 200
