"""tus 1.0.0 (tus.io/protocols/resumable-upload): every MUST of the core and of our extensions,
against a real server, through a bare socket where a client library would hide it."""

from __future__ import annotations

import base64
import hashlib
import random
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from sqlalchemy import select

from review.models import Revision, Upload
from review.policy import Role
from review.states import State
from tests.webapp.conftest import token_of
from tests.webapp.uploads.web import Web, patch_headers, read_answer
from tests.world import TITLE

CONTENT = random.Random(1).randbytes(300_000)
ABSENT = "/uploads/01m00000000000000000000000"


def b64(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


class TestCore:
    def test_options_tells_what_the_server_can_do(self, web: Web) -> None:
        for path in ("/uploads", ABSENT):
            answer = web.call("OPTIONS", path, Tus_Resumable="0.2.2", Authorization=None)
            told = {
                name: answer.headers.get(name)
                for name in (
                    "tus-version",
                    "tus-extension",
                    "tus-max-size",
                    "tus-checksum-algorithm",
                )
            }
            assert (answer.status, told) == (
                204,
                {
                    "tus-version": "1.0.0",
                    "tus-extension": (
                        "creation,creation-with-upload,creation-defer-length,expiration,"
                        "checksum,termination,concatenation"
                    ),
                    "tus-max-size": str(1024 * 1024 * 1024),
                    "tus-checksum-algorithm": "sha1,sha256",
                },
            )

    def test_head_tells_offset_length_and_is_never_cached(self, web: Web) -> None:
        path = web.create(len(CONTENT))
        told = [web.call("HEAD", path)]
        web.patch(path, 0, CONTENT[:1000])
        told.append(web.call("HEAD", path))
        web.patch(path, 1000, CONTENT[1000:])
        told.append(web.call("HEAD", path))

        assert [(a.status, a.offset, a.headers["upload-length"]) for a in told] == [
            (200, 0, "300000"),
            (200, 1000, "300000"),
            (200, 300_000, "300000"),
        ]
        assert {a.headers["cache-control"] for a in told} == {"no-store"}
        assert web.original(path) == CONTENT

    def test_patch_is_204_with_the_new_offset(self, web: Web) -> None:
        path = web.create(10)
        first, second = web.patch(path, 0, b"01234"), web.patch(path, 5, b"56789")

        assert [(a.status, a.offset, a.body) for a in (first, second)] == [
            (204, 5, b""),
            (204, 10, b""),
        ]
        assert web.original(path) == b"0123456789"

    @pytest.mark.parametrize("version", [None, "0.2.2", "1.0.1", "2.0.0", ""])
    @pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
    def test_another_version_is_412_and_nothing_is_done(
        self, web: Web, method: str, version: str | None
    ) -> None:
        path = web.create(5)
        answer = web.call(
            method,
            "/uploads" if method == "POST" else path,
            b"01234" if method == "PATCH" else None,
            Upload_Length="5",
            Tus_Resumable=version,
            **patch_headers(0),
        )

        assert (answer.status, answer.headers["tus-version"]) == (412, "1.0.0")
        assert web.ask(path) == 0

    def test_the_version_is_on_every_answer(self, web: Web) -> None:
        path = web.create(5)
        answers = [
            web.call("HEAD", path),
            web.patch(path, 0, b"0"),
            web.patch(path, 4, b"0"),
            web.call("GET", path),
            web.call("PUT", path),
            web.call("HEAD", ABSENT),
            web.call("POST", "/uploads"),
            web.call("POST", "/uploads", Authorization=None),
            web.call("HEAD", path, Tus_Resumable="9"),
            web.call("GET", "/uploads/a/b"),
        ]

        assert [(a.status, a.headers.get("tus-resumable")) for a in answers] == [
            (status, "1.0.0") for status in (200, 204, 409, 405, 405, 404, 400, 401, 412, 404)
        ]

    @pytest.mark.parametrize("offset", [0, 4, 6, 10, 999])
    def test_another_offset_is_409_and_changes_nothing(self, web: Web, offset: int) -> None:
        path = web.create(10)
        web.patch(path, 0, b"01234")
        refused = web.patch(path, offset, b"xxxxx")

        assert (refused.status, refused.offset) == (409, 5)
        assert web.ask(path) == 5
        web.patch(path, 5, b"56789")
        assert web.original(path) == b"0123456789"

    @pytest.mark.parametrize(
        "offset", ["-1", "+0", "0x0", "1e1", "", " ", "0.0", "٠", "9" * 40, str(2**63)]
    )
    def test_an_offset_that_is_no_number_is_4xx(self, web: Web, offset: str) -> None:
        path = web.create(10)
        with web.connect() as connection:
            head = web.head("PATCH", path, 5, **patch_headers("@"))
            connection.sendall(head.replace(b"@", offset.encode()) + b"01234")
            assert read_answer(connection).status in (400, 409)
        assert web.ask(path) == 0

    def test_an_offset_is_needed(self, web: Web) -> None:
        path = web.create(10)
        headers = {"Content-Type": "application/offset+octet-stream"}
        assert web.call("PATCH", path, b"01234", **headers).status == 400

    @pytest.mark.parametrize("kind", ["application/octet-stream", "text/plain", None, "video/mp4"])
    def test_another_content_type_is_415(self, web: Web, kind: str | None) -> None:
        path = web.create(10)
        headers = {**patch_headers(0), "Content-Type": kind}

        assert web.call("PATCH", path, b"01234", **headers).status == 415
        assert web.ask(path) == 0

    def test_what_is_not_there_is_404_without_an_offset(self, web: Web) -> None:
        answers = [web.call("HEAD", ABSENT), web.patch(ABSENT, 0, b"0"), web.call("DELETE", ABSENT)]

        assert [(a.status, "upload-offset" in a.headers) for a in answers] == [(404, False)] * 3

    def test_another_persons_upload_is_not_there(self, web: Web) -> None:
        path = web.create(5)
        mine = {"Authorization": f"Bearer {token_of(web.world, web.world.account(Role.TEACHER))}"}
        answers = [
            web.call("HEAD", path, **mine),
            web.patch(path, 0, b"01234", **mine),
            web.call("DELETE", path, **mine),
        ]

        assert [a.status for a in answers] == [404] * 3
        assert web.ask(path) == 0

    def test_other_methods_are_405(self, web: Web) -> None:
        path = web.create(5)
        answers = [web.call(m, path) for m in ("GET", "PUT", "POST")]
        answers.append(web.call("GET", "/uploads"))

        assert [a.status for a in answers] == [405] * 4
        assert set(answers[0].headers["allow"].split(", ")) == {
            "HEAD",
            "PATCH",
            "DELETE",
            "OPTIONS",
        }

    def test_the_overriding_method_counts(self, web: Web) -> None:
        path = web.create(5)
        asked = web.call("GET", path, X_HTTP_Method_Override="HEAD")
        sent = web.call("POST", path, b"01234", X_HTTP_Method_Override="PATCH", **patch_headers(0))
        other = web.create(5)
        ended = web.call("POST", other, X_HTTP_Method_Override="DELETE")

        assert (asked.status, asked.offset) == (200, 0)
        assert (sent.status, sent.offset) == (204, 5)
        assert (ended.status, web.call("HEAD", other).status) == (204, 404)

    def test_nowhere_else_does_it_count(self, web: Web) -> None:
        assert web.get("/healthz", X_HTTP_Method_Override="DELETE").status == 200

    def test_a_chunked_body_is_stored_too(self, web: Web) -> None:
        path = web.create(10)
        answer = chunked(web, path, 0, b"01234", b"56789")

        assert (answer.status, answer.offset) == (204, 10)
        assert web.original(path) == b"0123456789"

    def test_a_client_that_waits_for_100_continue_is_told_to_go_on(self, web: Web) -> None:
        path = web.create(5)
        with web.connect() as connection:
            connection.sendall(
                web.head("PATCH", path, 5, Expect="100-continue", **patch_headers(0))
            )
            assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
            connection.sendall(b"01234")
            assert read_answer(connection).status == 204

    def test_an_answered_repetition_is_harmless(self, web: Web) -> None:
        """The last answer was lost: the client asks, and an empty PATCH at the end is fine."""
        path = web.create(5)
        web.patch(path, 0, b"01234")

        assert web.patch(path, 5, b"").status == 204
        assert web.patch(path, 0, b"01234").status == 409
        assert web.patch(path, 5, b"5").status == 409
        assert web.original(path) == b"01234"


def chunked(web: Web, path: str, offset: int, *blocks: bytes, end: bytes = b"0\r\n\r\n"):
    with web.connect() as connection:
        connection.sendall(
            web.head("PATCH", path, None, Transfer_Encoding="chunked", **patch_headers(offset))
        )
        for block in blocks:
            connection.sendall(b"%x\r\n%s\r\n" % (len(block), block))
        connection.sendall(end)
        return read_answer(connection)


class TestCreation:
    def test_it_is_201_with_the_place(self, web: Web) -> None:
        answer = web.call("POST", "/uploads", Upload_Length="5")

        assert answer.status == 201
        assert answer.headers["location"].startswith("/uploads/")
        assert "upload-offset" not in answer.headers

    def test_an_empty_file_is_complete_at_once(self, web: Web) -> None:
        path = web.create(0)
        assert (web.ask(path), web.original(path)) == (0, b"")

    @pytest.mark.parametrize(
        ("length", "status"),
        [
            (None, 400),
            ("-1", 400),
            ("+5", 400),
            ("5.0", 400),
            ("0x10", 400),
            ("1e3", 400),
            ("five", 400),
            (str(2**63), 400),
            ("9" * 500, 400),
            (str(1024 * 1024 * 1024 + 1), 413),
        ],
    )
    def test_a_wrong_length_is_refused(self, web: Web, length: str | None, status: int) -> None:
        answer = web.call("POST", "/uploads", Upload_Length=length)
        assert (answer.status, answer.headers.get("location")) == (status, None)

    def test_head_gives_the_metadata_back_word_for_word(self, web: Web) -> None:
        told = f"filename {b64('bài của em.mp4')},is_draft,type {b64('video/mp4')}"
        path = web.create(5, Upload_Metadata=told)
        before = web.call("HEAD", path).headers["upload-metadata"]
        web.patch(path, 0, b"01234")

        assert (before, web.call("HEAD", path).headers["upload-metadata"]) == (told, told)
        assert "upload-metadata" not in web.call("HEAD", web.create(5)).headers

    @pytest.mark.parametrize(
        "metadata",
        [
            "filename not-base64!",
            "filename YQ",
            f"filename {b64('a')},filename {b64('b')}",
            f"filename {b64(bytes([0xFF, 0xFE]))}",
            f" {b64('a')},  x y z",
            "tên YQ==",
            "filename " + b64("a" * 4000),
        ],
    )
    def test_broken_metadata_is_400(self, web: Web, metadata: str) -> None:
        answer = web.call("POST", "/uploads", Upload_Length="5", Upload_Metadata=metadata)
        assert answer.status == 400

    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("../../etc/passwd", "../../etc/passwd"),
            ("C:\\Windows\\x.mp4", "C:\\Windows\\x.mp4"),
            ("a\r\nSet-Cookie: x.mp4", "a Set-Cookie: x.mp4"),
            ("a\0b.mp4", "ab.mp4"),
            ("\u202egnp.mp4", "gnp.mp4"),
            ("n" * 2000, "n" * 120),
        ],
    )
    def test_a_name_is_only_ever_text(self, web: Web, name: str, kept: str) -> None:
        path = web.create(5, Upload_Metadata=f"filename {b64(name)}")
        web.patch(path, 0, b"01234")

        with web.world.read() as session:
            upload = session.get_one(Upload, path.rpartition("/")[2])
        assert upload.name == kept
        assert upload.key == f"originals/{upload.id}"

    def test_only_who_submits_clips_may_upload(self, web: Web) -> None:
        reviewer = web.world.token(Role.REVIEWER)
        library = web.world.library()[1]
        answers = [
            web.call("POST", "/uploads", Upload_Length="5", Authorization=who)
            for who in (None, "Bearer x", f"Bearer {reviewer}", f"Bearer {library}")
        ]
        assert [a.status for a in answers] == [401, 401, 403, 401]

    def test_there_is_an_end_to_unfinished_uploads(self, web: Web) -> None:
        teacher = web.world.account(Role.TEACHER)
        who = {"Authorization": f"Bearer {token_of(web.world, teacher)}"}
        statuses = [
            web.call("POST", "/uploads", Upload_Length="5", **who).status for _ in range(51)
        ]
        assert statuses == [201] * 50 + [429]


class TestCreationWithUpload:
    def test_the_first_bytes_may_come_along(self, web: Web) -> None:
        answer = web.call(
            "POST",
            "/uploads",
            b"01234",
            Upload_Length="10",
            Content_Type="application/offset+octet-stream",
        )
        path = answer.headers["location"]

        assert (answer.status, answer.offset, web.ask(path)) == (201, 5, 5)

    def test_all_bytes_may_come_along(self, web: Web) -> None:
        answer = web.call(
            "POST",
            "/uploads",
            CONTENT,
            Upload_Length=str(len(CONTENT)),
            Content_Type="application/offset+octet-stream",
        )
        assert (answer.status, answer.offset) == (201, len(CONTENT))
        assert web.original(answer.headers["location"]) == CONTENT

    @pytest.mark.parametrize("length", ["0", "10"])
    def test_none_may_come_along(self, web: Web, length: str) -> None:
        answer = web.call(
            "POST",
            "/uploads",
            b"",
            Upload_Length=length,
            Content_Type="application/offset+octet-stream",
        )
        assert (answer.status, answer.offset) == (201, 0)

    def test_more_than_was_announced_is_413(self, web: Web) -> None:
        answer = web.call(
            "POST",
            "/uploads",
            b"0123456",
            Upload_Length="5",
            Content_Type="application/offset+octet-stream",
        )
        assert answer.status == 413


class TestExpiration:
    def test_it_is_told_while_the_upload_can_expire(self, web: Web) -> None:
        created = web.call("POST", "/uploads", Upload_Length="10")
        path = created.headers["location"]
        told = [created, web.call("HEAD", path), web.patch(path, 0, b"01234")]
        whole = web.patch(path, 5, b"56789")

        times = {a.headers["upload-expires"] for a in told}
        assert len(times) == 1
        left = parsedate_to_datetime(times.pop()) - datetime.now(UTC)
        assert 71 < left.total_seconds() / 3600 <= 72
        assert "upload-expires" not in whole.headers

    def test_an_expired_upload_is_410(self, web: Web) -> None:
        path = web.create(10)
        web.patch(path, 0, b"01234")
        with web.world.write() as session:
            upload = session.get_one(Upload, path.rpartition("/")[2])
            upload.expires_at = datetime(2020, 1, 1, tzinfo=UTC)

        assert [web.call("HEAD", path).status, web.patch(path, 5, b"56789").status] == [410, 410]


class TestTermination:
    def test_it_is_gone_with_its_bytes(self, web: Web) -> None:
        path = web.create(10)
        web.patch(path, 0, b"01234")
        ended = web.call("DELETE", path)

        assert ended.status == 204
        assert [web.call("HEAD", path).status, web.patch(path, 5, b"5").status] == [404, 404]
        assert list((web.data / "uploads").glob(f"{path.rpartition('/')[2]}*")) == []

    def test_a_whole_upload_that_nobody_used_goes_too(self, web: Web) -> None:
        path = web.create(5)
        web.patch(path, 0, b"01234")

        assert web.call("DELETE", path).status == 204
        with pytest.raises(FileNotFoundError):
            web.original(path)

    def test_what_a_clip_was_made_of_stays(self, web: Web) -> None:
        path = web.create(5)
        web.patch(path, 0, b"01234")
        body = f'{{"title": "a", "upload": "{path}"}}'.encode()
        headers = {"Content-Type": "application/json"}
        assert web.call("POST", "/api/v1/clips", body, **headers).status == 201

        assert web.call("DELETE", path).status == 403
        assert web.original(path) == b"01234"

    def test_a_writer_ends_when_its_upload_is_removed(self, web: Web) -> None:
        path = web.create(200_000)
        with web.connect() as connection:
            connection.sendall(web.head("PATCH", path, 200_000, **patch_headers(0)))
            connection.sendall(CONTENT[:50_000])
            removed: list[int] = []
            remover = threading.Thread(
                target=lambda: removed.append(web.call("DELETE", path).status)
            )
            remover.start()
            while remover.is_alive() and not removed:
                connection.sendall(CONTENT[:2000])  # the writer looks up between blocks
                remover.join(0.05)
            assert read_answer(connection).status in (404, 410, 423)
        assert removed == [204]
        assert web.call("HEAD", path).status == 404


class TestChecksum:
    @pytest.mark.parametrize("name", ["sha1", "sha256"])
    def test_the_right_one_is_stored(self, web: Web, name: str) -> None:
        path = web.create(len(CONTENT))
        digest = b64(hashlib.new(name, CONTENT).digest())
        answer = web.patch(path, 0, CONTENT, Upload_Checksum=f"{name} {digest}")

        assert (answer.status, web.original(path)) == (204, CONTENT)

    def test_a_wrong_one_is_460_and_nothing_is_stored(self, web: Web) -> None:
        path = web.create(10)
        web.patch(path, 0, b"01234")
        digest = b64(hashlib.sha1(b"56789").digest())
        wrong = web.patch(path, 5, b"5678x", Upload_Checksum=f"sha1 {digest}")
        offset = web.ask(path)
        right = web.patch(path, 5, b"56789", Upload_Checksum=f"sha1 {digest}")

        assert (wrong.status, offset, right.status) == (460, 5, 204)
        assert web.original(path) == b"0123456789"

    def test_it_holds_for_a_chunked_body(self, web: Web) -> None:
        path = web.create(5)
        with web.connect() as connection:
            digest = b64(hashlib.sha1(b"other").digest())
            connection.sendall(
                web.head(
                    "PATCH",
                    path,
                    None,
                    Transfer_Encoding="chunked",
                    Upload_Checksum=f"sha1 {digest}",
                    **patch_headers(0),
                )
                + b"5\r\n01234\r\n0\r\n\r\n"
            )
            assert read_answer(connection).status == 460
        assert web.ask(path) == 0

    @pytest.mark.parametrize("header", ["md5 YQ==", "sha1", "sha1 !", "", "SHA1 YQ=="])
    def test_another_algorithm_is_400(self, web: Web, header: str) -> None:
        path = web.create(5)
        assert web.patch(path, 0, b"01234", Upload_Checksum=header).status in (400, 460)
        assert web.ask(path) == 0


class TestHostile:
    def test_more_than_was_announced_is_413_and_changes_nothing(self, web: Web) -> None:
        path = web.create(10)
        web.patch(path, 0, b"01234")
        refused = web.patch(path, 5, b"56789x")
        by_chunks = chunked(web, path, 5, b"567", b"89", b"x")

        assert (refused.status, by_chunks.status, web.ask(path)) == (413, 413, 5)
        web.patch(path, 5, b"56789")
        assert web.original(path) == b"0123456789"

    @pytest.mark.parametrize(
        "raw",
        [
            b"zz\r\n01234\r\n0\r\n\r\n",
            b"-5\r\n01234\r\n0\r\n\r\n",
            b"5\r\n01234XX0\r\n\r\n",
            b"fffffffffffffffff\r\n01234\r\n",
        ],
    )
    def test_broken_chunks_never_bring_the_server_down(self, web: Web, raw: bytes) -> None:
        path = web.create(10)
        with web.connect() as connection:
            connection.sendall(
                web.head("PATCH", path, None, Transfer_Encoding="chunked", **patch_headers(0)) + raw
            )
            connection.shutdown(1)
            assert read_answer(connection).status in (204, 400, 413)
        assert web.ask(path) <= 5

    @pytest.mark.parametrize(
        "headers",
        [
            {"Content-Length": "5", "Transfer-Encoding": "chunked"},
            {"Transfer-Encoding": "chunked, identity"},
            {"Transfer-Encoding": "xchunked"},
            {"Content-Length": "5, 6"},
            {"Content-Length": "-5"},
            {"Content-Length": "5e0"},
        ],
    )
    def test_a_body_of_two_lengths_is_refused(self, web: Web, headers: dict[str, str]) -> None:
        path = web.create(10)
        with web.connect() as connection:
            head = web.head("PATCH", path, None, **patch_headers(0), **headers)
            connection.sendall(head + b"5\r\n01234\r\n0\r\n\r\n")
            assert read_answer(connection).status in (400, 501)
        assert web.ask(path) == 0

    def test_too_many_and_too_long_headers_are_4xx(self, web: Web) -> None:
        many = {f"X-H{i}": "a" for i in range(100)}
        assert web.get("/healthz", **many).status in (400, 431)
        assert web.get("/healthz", X_Long="a" * 20_000).status in (400, 431)
        assert web.get("/healthz", X_Long="a" * 200_000).status == 431
        assert web.get("/" + "a" * 8000).status in (400, 414)

    def test_what_a_refused_body_leaves_is_not_the_next_request(self, web: Web) -> None:
        path = web.create(10)
        smuggled = web.head("DELETE", path, 0)
        with web.connect() as connection:
            head = web.head(
                "PATCH", path, len(smuggled), Connection="keep-alive", **patch_headers(7)
            )
            connection.sendall(head + smuggled)
            assert read_answer(connection).status == 409
        assert web.call("HEAD", path).status == 200


class TestDraft:
    def test_a_drafts_upload_hands_itself_in(self, web: Web) -> None:
        clip_id = web.world.clip(State.DRAFT)
        path = web.create(5, Upload_Metadata=f"filename {b64('clip.mp4')},clip {b64(clip_id)}")
        web.patch(path, 0, b"01234")
        clip = web.world.get(clip_id)

        assert (clip.state, clip.revision, clip.title) == ("processing", 1, TITLE)
        with web.world.read() as session:
            revision = session.scalars(select(Revision).where(Revision.clip_id == clip_id)).one()
        assert revision.original_sha256 == hashlib.sha256(b"01234").hexdigest()

    def test_a_clip_sent_back_gets_its_next_revision(self, web: Web) -> None:
        clip_id = web.world.clip(State.CHANGES_REQUESTED)
        path = web.create(5, Upload_Metadata=f"clip {b64(clip_id)}")
        web.patch(path, 0, b"01234")
        clip = web.world.get(clip_id)

        assert (clip.state, clip.revision) == ("processing", 2)

    def test_a_clip_that_waits_for_nothing_is_422(self, web: Web) -> None:
        clip_id = web.world.clip(State.IN_REVIEW)
        metadata = f"clip {b64(clip_id)}"
        answer = web.call("POST", "/uploads", Upload_Length="5", Upload_Metadata=metadata)
        assert answer.status == 422

    def test_another_persons_draft_is_not_there(self, web: Web) -> None:
        clip_id = web.world.clip(State.DRAFT, owner=web.world.account(Role.TEACHER))
        metadata = f"clip {b64(clip_id)}"
        answer = web.call("POST", "/uploads", Upload_Length="5", Upload_Metadata=metadata)
        assert answer.status == 404


def test_nothing_is_left_in_the_folder_of_parts(web: Web) -> None:
    path = web.create(5)
    web.patch(path, 0, b"01234")
    assert list((web.data / "uploads").glob(f"{path.rpartition('/')[2]}*")) == []
