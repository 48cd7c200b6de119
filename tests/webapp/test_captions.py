"""Captions over the API and ``/media``: who puts them, who reads them, what a player finds."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest

from review import publication
from review.captions import keeping, reading
from review.captions.cues import Cue, read, write
from review.models import Account, Clip
from review.policy import PEOPLE, Role
from review.states import Action, State
from storage_config.blobs import LocalBlobs
from tests.captioning import MASTER, keep, ladder, published
from tests.webapp.conftest import Caller, problem, store_files
from tests.world import World
from webapp.api import captions as api_captions
from webapp.pages import captions as page_captions

Callers = Callable[..., Caller]
VTT = "WEBVTT\n\n00:00.500 --> 00:02.000\nChào các bạn\n"
SRT = "1\r\n00:00:00,500 --> 00:00:02,000\r\nChào các bạn\r\n"
WHO = (
    "owner",
    "teacher",
    "reviewer",
    "moderator",
    "safeguarding",
    "admin",
    "far teacher",
    "nobody",
)


def put(who: Caller, clip_id: str, data: bytes = VTT.encode(), query: str = "") -> Any:
    path = f"/api/v1/clips/{clip_id}/captions/vi{query}"
    return who.client.put(path, data=data, headers={**who.headers, "Content-Type": "text/vtt"})


@pytest.fixture
def everybody(world: World, caller: Callers) -> dict[str, Caller]:
    far = world.account(Role.TEACHER, school=world.another_school())
    people: dict[str, Account | Role | None] = {
        "owner": world.person(Role.PUPIL),
        **{str(r): r for r in (Role.TEACHER, Role.REVIEWER, Role.MODERATOR, Role.SAFEGUARDING)},
        "admin": Role.ADMIN,
        "far teacher": far,
        "nobody": None,
    }
    return {name: caller(who) for name, who in people.items()}


# State -> what (owner, teacher, reviewer, moderator, safeguarding, admin, far teacher, nobody) is
# answered who puts captions where there are none.
TABLE = {
    State.DRAFT: (409, 404, 404, 404, 404, 404, 404, 401),
    State.PROCESSING: (409, 409, 409, 409, 404, 404, 404, 401),
    State.IN_REVIEW: (200, 200, 200, 200, 404, 404, 404, 401),
    State.REFUSED: (409, 409, 409, 409, 404, 404, 404, 401),
    State.FAILED: (409, 409, 409, 409, 404, 404, 404, 401),
    State.CHANGES_REQUESTED: (200, 200, 200, 200, 404, 404, 404, 401),
    State.REJECTED: (409, 409, 409, 409, 404, 404, 404, 401),
    State.HELD: (200, 404, 404, 404, 403, 404, 404, 401),
    State.APPROVED: (403, 403, 403, 200, 404, 404, 404, 401),
    State.PUBLISHED: (403, 403, 403, 200, 404, 404, 404, 401),
    State.SUSPENDED: (409, 409, 409, 409, 404, 404, 404, 401),
    State.WITHDRAWN: (409, 409, 409, 409, 404, 404, 404, 401),
}


@pytest.mark.parametrize("state", State)
def test_who_puts_captions_when(world: World, everybody: dict[str, Caller], state: State) -> None:
    told = []
    for name in WHO:
        clip_id = world.clip(state, owner=world.person(Role.PUPIL))
        told.append(put(everybody[name], clip_id).status_code)
        with world.read() as session:
            kept = session.query(reading.Captions).filter_by(language="vi").count()
        assert kept == sum(status == 200 for status in told), name
        assert world.get(clip_id).state == state
    assert tuple(told) == TABLE[state]


def test_a_program_puts_reads_replaces_and_removes(
    world: World, caller: Callers, everybody: dict[str, Caller]
) -> None:
    clip_id = world.clip(owner=world.person(Role.PUPIL))
    who = everybody["owner"]
    first = put(who, clip_id, SRT.encode("utf-16"))
    version = world.get(clip_id).version
    url = f"http://127.0.0.1:8000/media/{clip_id}/captions/vi.vtt"
    captions = {"language": "vi", "url": url, "source": "upload", "version": version}
    head = {"id": clip_id, "state": "in_review", "revision": 1, "version": version}
    assert first.get_json() == {**head, "captions": captions}
    clip = who("GET", f"/api/v1/clips/{clip_id}").get_json()
    assert clip["media"]["captions"] == [captions]
    served = who("GET", f"/media/{clip_id}/captions/vi.vtt")
    assert (served.get_data(as_text=True), served.mimetype) == (VTT, "text/vtt")

    stale = put(who, clip_id, VTT.replace("bạn", "em").encode())
    assert problem(stale) == (409, "stale_captions")
    body = stale.get_json()
    assert (body["version"], body["revision"], body["text"]) == (version, 1, VTT)
    newer = put(who, clip_id, VTT.replace("bạn", "em").encode(), f"?version={version}&revision=1")
    assert newer.status_code == 200
    version = newer.get_json()["captions"]["version"]

    path = f"/api/v1/clips/{clip_id}/captions/vi"
    assert problem(who("DELETE", path)) == (428, "version_missing")
    assert who("DELETE", f"{path}?version={version}").status_code == 200
    assert problem(who("DELETE", path)) == (404, "not_found")
    assert who("GET", f"/media/{clip_id}/captions/vi.vtt").status_code == 404


def test_what_is_wrong_is_told_by_line_in_both_languages(
    world: World, everybody: dict[str, Caller]
) -> None:
    clip_id = world.clip(owner=world.person(Role.PUPIL))
    refused = put(everybody["owner"], clip_id, b"WEBVTT\n\n00:05.000 --> 00:02.000\na\n")
    assert problem(refused) == (422, "invalid")
    assert refused.get_json()["errors"] == {
        "captions.3.times_swapped": "Dòng 3: câu kết thúc trước khi bắt đầu. Hãy sửa lại thời gian."
    }
    for query in ("?version=x", "?version=-1", "?revision=1e3", "?source=machine"):
        assert problem(put(everybody["owner"], clip_id, query=query)) == (422, "invalid")
    who = everybody["owner"]
    path = f"/api/v1/clips/{clip_id}/captions/vi_VN"
    answer = who.client.put(path, data=VTT.encode(), headers=who.headers)
    assert problem(answer) == (422, "invalid")
    assert problem(put(who, clip_id, b"x" * (1024 * 1024 + 1))) == (413, "too_large")


def test_others_write_while_a_file_is_read(
    world: World, caller: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file may take its time; who wants to write meanwhile is not told that all is busy."""
    clip_id, done = world.clip(State.IN_REVIEW), []

    def slowly(data: bytes, **how: Any) -> Any:
        done.append(world.clip(State.DRAFT))
        return read(data, **how)

    for module in (api_captions, page_captions):
        monkeypatch.setattr(module, "read", slowly)
    program = caller(Role.TEACHER)
    assert put(program, clip_id).status_code == 200
    with program.client.application.test_request_context(method="POST", data={"version": "0"}):
        page_captions._keep(world.actor(Role.TEACHER), clip_id, "en", VTT.encode(), source="upload")

    assert len(done) == 2


class TestMedia:
    PATHS = ("captions/vi.vtt", "captions/vi.m3u8", "hls/master.m3u8")

    @pytest.fixture
    def clip_id(self, world: World, blobs: LocalBlobs) -> str:
        clip_id = published(world)
        keep(world, clip_id, Role.MODERATOR)
        store_files(world, blobs, clip_id)
        return clip_id

    def statuses(self, who: Caller, clip_id: str) -> list[int]:
        return [int(who("GET", f"/media/{clip_id}/{p}").status_code) for p in self.PATHS]

    def test_the_playlist_that_is_served_is_the_one_of_the_feed(
        self, world: World, caller: Callers, clip_id: str
    ) -> None:
        library = caller(world.library()[1])
        change = library("GET", "/feed/v1/changes").get_json()["changes"][-1]
        (captions,) = change["clip"]["captions"]
        hls = next(r for r in change["clip"]["renditions"] if r["kind"] == "hls")
        for told in (captions, hls):
            answer = library("GET", told["url"].removeprefix("http://127.0.0.1:8000"))
            assert answer.status_code == 200
            assert hashlib.sha256(answer.data).hexdigest() == told["sha256"]
            assert answer.mimetype == told["mime"]
        assert (change["kind"], captions["language"], captions["source"]) == (
            "updated",
            "vi",
            "editor",
        )
        text = library("GET", f"/media/{clip_id}/hls/master.m3u8").get_data(as_text=True)
        assert 'URI="../captions/vi.m3u8"' in text
        assert text.count('SUBTITLES="captions"') == MASTER.count("#EXT-X-STREAM-INF")

    def test_no_two_captions_of_a_clip_have_one_name(
        self, world: World, caller: Callers, clip_id: str
    ) -> None:
        for tag in ("vi-Latn-VN", "vi-US", "en-GB", "fr-CA"):
            keep(world, clip_id, Role.MODERATOR, language=tag)
        text = caller(None)("GET", f"/media/{clip_id}/hls/master.m3u8").get_data(as_text=True)
        names = re.findall(r'NAME="([^"]*)",LANGUAGE="([^"]*)"', text)
        assert {tag: name for name, tag in names} == {
            "vi": "Tiếng Việt",
            "vi-Latn-VN": "Tiếng Việt (Latn-VN)",
            "vi-US": "Tiếng Việt (US)",
            "en-GB": "English",
            "fr-CA": "fr-CA",
        }
        page = caller(None)("GET", f"/library/{clip_id}").get_data(as_text=True)
        assert re.findall(r'label="(Tiếng[^"]*)"', page) == [
            "Tiếng Việt",
            "Tiếng Việt (Latn-VN)",
            "Tiếng Việt (US)",
        ]

    def test_a_player_asks_again_with_an_etag(self, caller: Callers, clip_id: str) -> None:
        for path in self.PATHS:
            first = caller(None)("GET", f"/media/{clip_id}/{path}")
            again = caller(None)(
                "GET", f"/media/{clip_id}/{path}", If_None_Match=first.headers["ETag"]
            )
            head = caller(None)("HEAD", f"/media/{clip_id}/{path}")
            assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
            assert (head.status_code, head.content_length) == (200, len(first.data))
            assert first.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
            assert first.headers["Access-Control-Allow-Origin"] == "*"

    def test_they_go_with_the_clip(self, world: World, caller: Callers, clip_id: str) -> None:
        assert self.statuses(caller(None), clip_id) == [200, 200, 200]
        world.withdraw(clip_id)
        for who in (None, Role.TEACHER, Role.MODERATOR, world.library()[1]):
            assert self.statuses(caller(who), clip_id) == [410, 410, 410]

    def test_a_hold_hides_them_from_all_but_the_officer(
        self, world: World, caller: Callers, clip_id: str
    ) -> None:
        world.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
        assert self.statuses(caller(None), clip_id) == [410, 410, 410]
        assert self.statuses(caller(Role.SAFEGUARDING), clip_id) == [200, 200, 200]
        owner = world.actor(Role.TEACHER)
        with world.write() as session:
            publication.withdraw(session, clip_id, owner, "owner")
        # Evidence: the words too, the ladder not.
        assert self.statuses(caller(Role.SAFEGUARDING), clip_id) == [200, 200, 410]
        assert self.statuses(caller(Role.MODERATOR), clip_id) == [410, 410, 410]

    def test_before_it_is_published_only_who_works_on_it(
        self, world: World, caller: Callers
    ) -> None:
        clip_id = world.clip()
        keep(world, clip_id)
        viewers = (None, *PEOPLE[:5])
        found = {str(w): self.statuses(caller(w), clip_id)[0] for w in viewers}
        assert found == {
            "None": 404,
            "pupil": 404,
            "teacher": 200,
            "reviewer": 200,
            "moderator": 200,
            "safeguarding": 404,
        }

    def test_a_machines_draft_is_nowhere(self, world: World, caller: Callers) -> None:
        clip_id = world.clip(State.IN_REVIEW)
        teacher = world.actor(Role.TEACHER)
        with world.write() as session:
            keeping.propose(session, clip_id, teacher)
        claim = world.claim_job(clip_id, "transcribe")
        with world.write() as session:
            keeping.transcribed(session, claim, "vi", (Cue(0.0, 1.0, "nghe nhầm"),))
        who = caller(Role.TEACHER)
        assert self.statuses(who, clip_id)[:2] == [404, 404]
        clip = who("GET", f"/api/v1/clips/{clip_id}").get_json()
        assert clip["media"]["captions"] == []
        world.approve(clip_id, ladder=False)
        ladder(world, clip_id)
        with world.read() as session:
            assert reading.records(session, session.get_one(Clip, clip_id)) == []

    @pytest.mark.parametrize(
        "path",
        [
            "captions/en.vtt",
            "captions/vi.txt",
            "captions/vi",
            "captions/.vtt",
            "captions/../vi.vtt",
        ],
    )
    def test_nothing_else_is_there(self, caller: Callers, clip_id: str, path: str) -> None:
        assert caller(None)("GET", f"/media/{clip_id}/{path}").status_code == 404


def test_captions_of_an_earlier_revision_are_not_served(
    world: World, caller: Callers, everybody: dict[str, Caller]
) -> None:
    clip_id = world.clip(State.CHANGES_REQUESTED)
    keep(world, clip_id)
    upload = world.upload()
    answer = caller(Role.TEACHER)("POST", f"/api/v1/clips/{clip_id}/revisions", {"upload": upload})
    assert answer.status_code == 201
    world.examine(clip_id)
    assert caller(Role.TEACHER)("GET", f"/media/{clip_id}/captions/vi.vtt").status_code == 404
    assert write(()) == "WEBVTT\n"
