"""``/media``: every byte that anyone sees, and to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from botocore.exceptions import EndpointConnectionError
from flask import Flask

from review import publication, queries
from review.consent import Scope
from review.policy import Role
from review.states import Action, State
from storage_config.blobs import LocalBlobs, S3Blobs
from tests.services import s3
from tests.webapp.conftest import Caller, problem, store_files
from tests.world import World

Callers = Callable[..., Caller]
PROXY = b"012345678"  # of store_files


@pytest.fixture
def published(world: World, blobs: LocalBlobs) -> str:
    """The path of a public clip's preview."""
    clip_id = world.clip(State.PUBLISHED)
    assert store_files(world, blobs, clip_id)["proxy.mp4"] == PROXY
    return f"/media/{clip_id}/proxy.mp4"


class TestRanges:
    @pytest.mark.parametrize(
        ("asked", "status", "body", "told"),
        [
            ("bytes=0-3", 206, b"0123", "bytes 0-3/9"),
            ("bytes=4-", 206, b"45678", "bytes 4-8/9"),
            ("bytes=-2", 206, b"78", "bytes 7-8/9"),
            ("bytes=-99", 206, PROXY, "bytes 0-8/9"),
            ("bytes=0-0", 206, b"0", "bytes 0-0/9"),
            ("bytes=8-8", 206, b"8", "bytes 8-8/9"),
            ("bytes=2-999", 206, b"2345678", "bytes 2-8/9"),
            ("items=0-3", 200, PROXY, None),
            ("bytes=abc", 200, PROXY, None),
            ("bytes=3-1", 200, PROXY, None),
            ("bytes 0-3", 200, PROXY, None),
            ("", 200, PROXY, None),
        ],
    )
    def test_one_range(
        self,
        caller: Callers,
        published: str,
        asked: str,
        status: int,
        body: bytes,
        told: str | None,
    ) -> None:
        answer = caller(None)("GET", published, Range=asked)

        assert (answer.status_code, answer.data, answer.headers.get("Content-Range")) == (
            status,
            body,
            told,
        )
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.mimetype == "video/mp4"

    @pytest.mark.parametrize(
        "asked",
        [
            "bytes=9-",
            "bytes=100-200",
            "bytes=0-1,3-4",
            "bytes=" + ",".join(f"{i}-{i}" for i in range(0, 2000, 2)),
        ],
    )
    def test_what_can_not_be_given_is_416(
        self, caller: Callers, published: str, asked: str
    ) -> None:
        refused = caller(None)("GET", published, Range=asked)

        assert problem(refused) == (416, "range")
        assert refused.headers["Content-Range"] == "bytes */9"

    def test_a_range_only_of_the_same_file(self, caller: Callers, published: str) -> None:
        etag = caller(None)("GET", published).headers["ETag"]
        same = caller(None)("GET", published, Range="bytes=0-1", If_Range=etag)
        other = caller(None)("GET", published, Range="bytes=0-1", If_Range='"other"')

        assert [(a.status_code, a.data) for a in (same, other)] == [(206, b"01"), (200, PROXY)]

    def test_the_same_file_is_304(self, caller: Callers, published: str) -> None:
        first = caller(None)("GET", published)
        again = caller(None)("GET", published, If_None_Match=first.headers["ETag"])

        assert not first.headers["ETag"].startswith("W/")
        assert (again.status_code, again.data) == (304, b"")
        assert caller(None)("GET", published, If_None_Match='"x"').status_code == 200

    def test_head_is_the_same_without_a_body(self, caller: Callers, published: str) -> None:
        head, whole = caller(None)("HEAD", published), caller(None)("GET", published)

        assert (head.status_code, head.data, head.content_length) == (200, b"", 9)
        assert head.headers["ETag"] == whole.headers["ETag"]


class TestWhoSees:
    def test_a_withdrawal_hides_at_once(
        self, world: World, caller: Callers, published: str
    ) -> None:
        etag = caller(None)("GET", published).headers["ETag"]
        world.withdraw(published.split("/")[2])
        viewers = (None, Role.TEACHER, Role.MODERATOR, world.library()[1])
        told = [problem(caller(who)("GET", published)) for who in viewers]
        told.append(problem(caller(None)("GET", published, If_None_Match=etag)))
        told.append(problem(caller(None)("GET", published, Range="bytes=0-1")))

        assert told == [(410, "withdrawn")] * 6

    def test_that_an_unpublished_clip_was_there_is_not_told(
        self, world: World, blobs: LocalBlobs, caller: Callers
    ) -> None:
        clip_id = world.clip(State.IN_REVIEW)
        store_files(world, blobs, clip_id)
        world.withdraw(clip_id)
        path = f"/media/{clip_id}/proxy.mp4"

        assert problem(caller(None)("GET", path)) == (404, "no_such_clip")
        assert problem(caller(Role.TEACHER)("GET", path)) == (410, "withdrawn")

    def test_only_the_officer_watches_what_was_withdrawn_while_held(
        self, world: World, blobs: LocalBlobs, caller: Callers
    ) -> None:
        clip_id = world.clip(State.HELD)
        store_files(world, blobs, clip_id)
        owner = world.actor(Role.TEACHER)
        with world.write() as session:
            publication.withdraw(session, clip_id, owner, "owner")
        officer = caller(Role.SAFEGUARDING)

        def status(who: Caller, what: str) -> int:
            return int(who("GET", f"/media/{clip_id}/{what}").status_code)

        assert [status(officer, what) for what in ("proxy.mp4", "poster.jpg")] == [200, 200]
        assert status(officer, "hls/master.m3u8") == 410
        others = [caller(r) for r in (Role.TEACHER, Role.REVIEWER, Role.MODERATOR)]
        assert [status(who, "proxy.mp4") for who in others] == [410, 410, 410]
        strangers = [caller(r) for r in (Role.PUPIL, Role.ADMIN, None)]
        assert [status(who, "proxy.mp4") for who in strangers] == [404, 404, 404]

    def test_a_hold_hides_at_once_and_reads_like_a_withdrawal(
        self, world: World, caller: Callers, published: str
    ) -> None:
        world.decide(published.split("/")[2], Action.ESCALATE, Role.REVIEWER)
        hidden = [caller(w)("GET", published) for w in (None, Role.REVIEWER, Role.MODERATOR)]
        hidden.append(caller(world.library()[1])("GET", published))

        assert [problem(h) for h in hidden] == [(410, "withdrawn")] * 4
        assert caller(Role.SAFEGUARDING)("GET", published).data == PROXY
        assert caller(Role.TEACHER)("GET", published).data == PROXY

    def test_before_it_is_published_only_who_works_on_it(
        self, world: World, blobs: LocalBlobs, caller: Callers
    ) -> None:
        clip_id = world.clip(State.IN_REVIEW)
        store_files(world, blobs, clip_id)
        path = f"/media/{clip_id}/proxy.mp4"
        statuses = {
            str(who): caller(who)("GET", path).status_code
            for who in (None, Role.PUPIL, Role.TEACHER, Role.REVIEWER, Role.MODERATOR, Role.ADMIN)
        }

        assert statuses == {
            "None": 404,
            "pupil": 404,
            "teacher": 200,
            "reviewer": 200,
            "moderator": 200,
            "admin": 404,
        }

    def test_a_library_sees_library_and_public(
        self, world: World, blobs: LocalBlobs, caller: Callers
    ) -> None:
        token = world.library()[1]
        statuses = {}
        for scope in Scope:
            clip_id = world.clip(State.PUBLISHED, scope=scope)
            store_files(world, blobs, clip_id)
            path = f"/media/{clip_id}/proxy.mp4"
            statuses[str(scope)] = (
                caller(token)("GET", path).status_code,
                caller(None)("GET", path).status_code,
            )

        assert statuses == {
            "class": (404, 404),
            "school": (404, 404),
            "library": (200, 404),
            "public": (200, 200),
        }

    def test_only_what_the_current_revision_has(
        self, world: World, caller: Callers, published: str
    ) -> None:
        place = published.rpartition("/")[0]
        whats = ("nothing.mp4", "../originals/x", "hls/../proxy.mp4", "proxy.mp4/", "%2e%2e/x")

        assert [caller(None)("GET", f"{place}/{w}").status_code for w in whats] == [404] * 5
        assert problem(caller(None)("GET", "/media/nothing/proxy.mp4")) == (404, "no_such_clip")

    def test_a_file_that_is_lost_is_404(
        self, world: World, blobs: LocalBlobs, caller: Callers, published: str
    ) -> None:
        with world.read() as session:
            clip = world.get(published.split("/")[2])
            found = queries.output_file(session, clip, "proxy.mp4")
        assert found is not None
        blobs.delete(found.key)

        assert problem(caller(None)("GET", published)) == (404, "not_found")


class TestHeaders:
    def test_a_file_can_do_nothing(self, caller: Callers, published: str) -> None:
        headers = caller(None)("GET", published).headers

        assert {
            name: headers[name]
            for name in ("Content-Security-Policy", "X-Content-Type-Options", "Cache-Control")
        } == {
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-cache",
        }

    def test_other_sites_may_play_what_everybody_may_see(
        self, world: World, blobs: LocalBlobs, caller: Callers, published: str
    ) -> None:
        narrow = world.clip(State.PUBLISHED, scope=Scope.LIBRARY)
        store_files(world, blobs, narrow)
        public = caller(None)("GET", published, Origin="https://library.example")
        library = caller(world.library()[1])(
            "GET", f"/media/{narrow}/proxy.mp4", Origin="https://library.example"
        )

        assert public.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in public.headers
        assert "Access-Control-Allow-Origin" not in library.headers

    @pytest.mark.parametrize(
        ("title", "name"),
        [
            ("Không chia sẻ mật khẩu", "lan-toa-Không-chia-sẻ-mật-khẩu.mp4"),
            ("../../etc/passwd", "lan-toa-etc-passwd.mp4"),
            ("C:\\Windows\\CON", "lan-toa-C-Windows-CON.mp4"),
            ("CON", "lan-toa-CON.mp4"),
            ("cuối cùng...", "lan-toa-cuối-cùng.mp4"),
            ('a"; filename=b.exe', "lan-toa-a-filename-b-exe.mp4"),
            ("!!!", "lan-toa-clip.mp4"),
            ("ệ" * 500, f"lan-toa-{'ệ' * 80}.mp4"),
            ("\u202egnp.mp4", "lan-toa-gnp-mp4.mp4"),
            ("👨‍👩‍👧 gia đình", "lan-toa-gia-đình.mp4"),
        ],
    )
    def test_a_download_has_a_safe_name(
        self, world: World, blobs: LocalBlobs, caller: Callers, title: str, name: str
    ) -> None:
        clip_id = world.clip(State.PUBLISHED, title=title)
        store_files(world, blobs, clip_id)
        path = f"/media/{clip_id}/proxy.mp4"
        told = caller(None)("GET", f"{path}?download=1").headers["Content-Disposition"]

        assert told.endswith(f"filename*=UTF-8''{quote(name)}")
        assert told.startswith('attachment; filename="lan-toa-')
        assert told.isascii()
        plain = caller(None)("GET", path).headers["Content-Disposition"]
        assert plain == "inline; filename=proxy.mp4"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3.moto(tmp_path_factory.mktemp("moto")) as address:
        yield address


@pytest.mark.services
class TestBucket:
    """Bytes in S3: people are sent to links that live minutes, after the same question."""

    @pytest.fixture
    def bucket(self, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> S3Blobs:
        for name, value in s3.KEYS.items():
            monkeypatch.setenv(name, value)
        return S3Blobs(s3.BUCKET, endpoint=endpoint)

    @pytest.fixture
    def stored(self, world: World, blobs: LocalBlobs, bucket: S3Blobs) -> str:
        clip_id = world.clip(State.PUBLISHED)
        store_files(world, blobs, clip_id)
        for key in blobs.keys():  # noqa: SIM118 - a store, no dictionary
            bucket.put(key, blobs.root / key)
        return clip_id

    @pytest.fixture
    def nobody(self, make_app: Callable[..., Flask], bucket: S3Blobs) -> Caller:
        return Caller(make_app(blobs=bucket), None)

    def test_a_link_lives_minutes(self, nobody: Caller, stored: str) -> None:
        answer = nobody("GET", f"/media/{stored}/proxy.mp4?download=1")
        link = answer.headers["Location"]

        assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "private, no-cache")
        assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == ["300"]
        fetched = requests.get(link, headers={"Range": "bytes=2-4"}, timeout=20)
        assert (fetched.status_code, fetched.content) == (206, b"234")
        assert fetched.headers["Content-Type"] == "video/mp4"

    def test_no_link_after_a_withdrawal(self, world: World, nobody: Caller, stored: str) -> None:
        world.withdraw(stored)
        assert problem(nobody("GET", f"/media/{stored}/proxy.mp4")) == (410, "withdrawn")

    def test_a_playlist_comes_from_here_so_that_its_parts_do_too(
        self, nobody: Caller, stored: str
    ) -> None:
        answer = nobody("GET", f"/media/{stored}/hls/master.m3u8")
        again = nobody(
            "GET", f"/media/{stored}/hls/master.m3u8", If_None_Match=answer.headers["ETag"]
        )

        assert (answer.status_code, answer.data) == (200, b"012345678")
        assert answer.mimetype == "application/vnd.apple.mpegurl"
        assert again.status_code == 304

    def test_head_needs_no_link(self, nobody: Caller, stored: str) -> None:
        answer = nobody("HEAD", f"/media/{stored}/proxy.mp4")
        assert (answer.status_code, answer.content_length, answer.mimetype) == (
            200,
            9,
            "video/mp4",
        )

    def test_a_bucket_that_is_away_is_503(
        self, make_app: Callable[..., Flask], stored: str, bucket: S3Blobs, world: World
    ) -> None:
        bucket.client.meta.events.register("before-send.s3.*", _refuse)
        answer = Caller(make_app(blobs=bucket), None)("GET", f"/media/{stored}/hls/master.m3u8")

        assert problem(answer) == (503, "busy")
        assert int(answer.headers["Retry-After"]) > 0


def _refuse(**_: object) -> None:
    raise EndpointConnectionError(endpoint_url="http://away")


def test_a_clip_whose_scope_was_lowered_is_hidden_at_once(
    world: World, caller: Callers, published: str
) -> None:
    clip = world.get(published.split("/")[2])
    moderator = world.actor(Role.MODERATOR)
    with world.write() as session:
        publication.lower_scope(session, clip.id, moderator, Scope.SCHOOL, clip.version)

    assert problem(caller(None)("GET", published)) == (404, "no_such_clip")
    assert problem(caller(world.library()[1])("GET", published)) == (404, "no_such_clip")
    assert caller(Role.PUPIL)("GET", published).data == PROXY
