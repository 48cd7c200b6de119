"""tus 1.0.0: a length that is told later, and files that come in pieces."""

from __future__ import annotations

import base64
import json
import random
from datetime import UTC, datetime

import pytest

from review.models import Upload
from review.policy import Role
from review.states import State
from tests.webapp.conftest import token_of
from tests.webapp.uploads.web import Answer, Web, patch_headers

CONTENT = random.Random(7).randbytes(90_000)
EXTENSIONS = {
    "creation",
    "creation-with-upload",
    "creation-defer-length",
    "expiration",
    "checksum",
    "termination",
    "concatenation",
}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def code(answer: Answer) -> str:
    return str(json.loads(answer.body)["code"])


def test_every_extension_is_told(web: Web) -> None:
    told = web.call("OPTIONS", "/uploads").headers["tus-extension"].split(",")
    assert sorted(told) == sorted(EXTENSIONS)


class TestDeferredLength:
    def create(self, web: Web) -> str:
        answer = web.call("POST", "/uploads", Upload_Defer_Length="1")
        assert answer.status == 201, answer
        return answer.headers["location"]

    def test_head_says_it_until_the_length_is_told(self, web: Web) -> None:
        path = self.create(web)
        web.patch(path, 0, CONTENT[:1000])
        before = web.call("HEAD", path)
        web.patch(path, 1000, CONTENT[1000:2000], Upload_Length=str(len(CONTENT)))
        after = web.call("HEAD", path)

        names = ("upload-offset", "upload-defer-length", "upload-length")
        assert [[a.headers.get(n) for n in names] for a in (before, after)] == [
            ["1000", "1", None],
            ["2000", None, "90000"],
        ]
        web.patch(path, 2000, CONTENT[2000:])
        assert web.original(path) == CONTENT

    def test_the_last_part_may_tell_it(self, web: Web) -> None:
        path = self.create(web)
        web.patch(path, 0, CONTENT[:50_000])
        told = web.patch(path, 50_000, CONTENT[50_000:], Upload_Length=str(len(CONTENT)))

        assert (told.status, web.original(path)) == (204, CONTENT)

    def test_an_empty_part_may_tell_it(self, web: Web) -> None:
        path = self.create(web)
        web.patch(path, 0, CONTENT)
        told = web.patch(path, len(CONTENT), b"", Upload_Length=str(len(CONTENT)))

        assert (told.status, web.original(path)) == (204, CONTENT)

    def test_the_first_bytes_may_come_along(self, web: Web) -> None:
        headers = {"Content-Type": "application/offset+octet-stream", "Upload-Defer-Length": "1"}
        answer = web.call("POST", "/uploads", b"01234", **headers)
        path = answer.headers["location"]
        web.patch(path, 5, b"56789", Upload_Length="10")

        assert (answer.offset, web.original(path)) == (5, b"0123456789")

    def test_a_length_is_told_once(self, web: Web) -> None:
        path = self.create(web)
        web.patch(path, 0, b"01234", Upload_Length="10")
        other = [web.patch(path, 5, b"5", Upload_Length=n).status for n in ("11", "6", "5")]
        same = web.patch(path, 5, b"5", Upload_Length="10")

        assert (other, same.status, web.ask(path)) == ([422] * 3, 204, 6)
        usual = web.create(10)
        assert web.patch(usual, 0, b"0", Upload_Length="11").status == 422
        assert web.ask(usual) == 0

    def test_a_length_below_what_is_here_is_refused(self, web: Web) -> None:
        path = self.create(web)
        web.patch(path, 0, b"01234")

        assert web.patch(path, 5, b"5", Upload_Length="4").status == 422
        assert web.call("HEAD", path).headers["upload-defer-length"] == "1"

    def test_a_length_with_a_wrong_offset_is_not_taken(self, web: Web) -> None:
        path = self.create(web)
        assert web.patch(path, 3, b"3", Upload_Length="10").status == 409
        assert web.call("HEAD", path).headers["upload-defer-length"] == "1"

    @pytest.mark.parametrize("length", ["1073741825", "x", "-1"])
    def test_a_length_is_checked_when_it_is_told(self, web: Web, length: str) -> None:
        path = self.create(web)
        assert web.patch(path, 0, b"0", Upload_Length=length).status in (400, 413)
        assert web.ask(path) == 0

    @pytest.mark.parametrize("value", ["0", "2", "true", "", "1,1"])
    def test_only_1_says_so(self, web: Web, value: str) -> None:
        assert web.call("POST", "/uploads", Upload_Defer_Length=value).status == 400

    def test_one_of_both_is_needed(self, web: Web) -> None:
        both = web.call("POST", "/uploads", Upload_Defer_Length="1", Upload_Length="5")
        assert (web.call("POST", "/uploads").status, both.status) == (400, 400)


class TestConcatenation:
    def piece(self, web: Web, content: bytes, *, send: bool = True, **headers: str) -> str:
        path = web.create(len(content), Upload_Concat="partial", **headers)
        if send and content:
            assert web.patch(path, 0, content).status == 204
        return path

    def join(self, web: Web, *paths: str, **headers: str) -> Answer:
        return web.call("POST", "/uploads", Upload_Concat="final;" + " ".join(paths), **headers)

    def test_pieces_become_one_in_the_order_of_the_list(self, web: Web) -> None:
        first, second = self.piece(web, CONTENT[:40_000]), self.piece(web, CONTENT[40_000:])
        whole = self.join(web, first, second)
        turned = self.join(web, self.piece(web, b"56789"), self.piece(web, b"01234"))
        told = web.call("HEAD", whole.headers["location"])

        assert (whole.status, told.offset, told.headers["upload-length"]) == (201, 90_000, "90000")
        assert told.headers["upload-concat"] == f"final;{first} {second}"
        assert web.original(whole.headers["location"]) == CONTENT
        assert web.original(turned.headers["location"]) == b"5678901234"

    def test_absolute_urls_and_empty_pieces(self, web: Web) -> None:
        paths = [self.piece(web, part) for part in (b"", b"01234", b"")]
        urls = [f"http://127.0.0.1:{web.port}{path}" for path in paths]

        assert web.original(self.join(web, *urls).headers["location"]) == b"01234"

    def test_the_bytes_of_pieces_are_kept_once(self, web: Web) -> None:
        first, second = self.piece(web, b"01234"), self.piece(web, b"56789")
        whole = self.join(web, first, second).headers["location"]

        for piece in (first, second):
            with pytest.raises(FileNotFoundError):
                web.original(piece)
        assert web.original(whole) == b"0123456789"
        assert web.ask(first) == 5  # a client that asks hears that it was complete

    def test_an_answer_that_was_lost_is_given_again(self, web: Web) -> None:
        paths = self.piece(web, b"01234"), self.piece(web, b"56789")
        answers = [self.join(web, *paths) for _ in range(3)]

        assert len({(a.status, a.headers["location"]) for a in answers}) == 1
        assert web.original(answers[0].headers["location"]) == b"0123456789"

    def test_unfinished_pieces_are_refused(self, web: Web) -> None:
        whole, part = self.piece(web, b"01234"), self.piece(web, b"56789", send=False)
        web.patch(part, 0, b"56")
        refused = self.join(web, whole, part)
        web.patch(part, 2, b"789")
        taken = self.join(web, whole, part)

        assert (refused.status, code(refused), taken.status) == (409, "upload_incomplete", 201)
        assert web.original(taken.headers["location"]) == b"0123456789"

    def test_a_final_upload_has_no_length_of_its_own(self, web: Web) -> None:
        piece = self.piece(web, b"01234")
        for headers in ({"Upload-Length": "5"}, {"Upload-Defer-Length": "1"}):
            assert self.join(web, piece, **headers).status == 400

    @pytest.mark.parametrize(
        "value",
        [
            "final",
            "final;",
            "final; ",
            "whole",
            "",
            "Partial",
            "final;/x/y",
            "final;//[",
            "partial;",
        ],
    )
    def test_an_odd_list_is_400(self, web: Web, value: str) -> None:
        answer = web.call("POST", "/uploads", Upload_Concat=value, Upload_Length=None)
        assert answer.status == 400

    def test_what_is_no_piece_is_not_joined(self, web: Web) -> None:
        usual = web.create(5)
        web.patch(usual, 0, b"01234")
        piece = self.piece(web, b"0")
        whole = self.join(web, piece).headers["location"]
        answers = [self.join(web, path) for path in (usual, whole)]

        assert [(a.status, code(a)) for a in answers] == [(400, "upload_concat")] * 2
        assert self.join(web, piece, piece).status == 400

    def test_another_persons_pieces_are_not_there(self, web: Web) -> None:
        piece = self.piece(web, b"01234")
        other = f"Bearer {token_of(web.world, web.world.account(Role.TEACHER))}"
        absent = "/uploads/01m00000000000000000000000"

        assert self.join(web, piece, Authorization=other).status == 404
        assert self.join(web, absent).status == 404

    def test_patch_of_the_whole_is_403(self, web: Web) -> None:
        whole = self.join(web, self.piece(web, b"01234")).headers["location"]
        for offset in (0, 5):
            assert web.patch(whole, offset, b"56789").status == 403
        assert web.original(whole) == b"01234"

    def test_head_of_a_piece(self, web: Web) -> None:
        path = self.piece(web, b"01234", send=False)
        web.patch(path, 0, b"01")
        told = web.call("HEAD", path)

        assert (told.offset, told.headers["upload-length"]) == (2, "5")
        assert told.headers["upload-concat"] == "partial"

    def test_a_piece_is_not_handed_in(self, web: Web) -> None:
        clip_id = web.world.clip(State.DRAFT)
        path = self.piece(web, b"01234", Upload_Metadata=f"clip {b64(clip_id)}")
        body = json.dumps({"title": "a", "upload": path}).encode()
        answer = web.call("POST", "/api/v1/clips", body, **{"Content-Type": "application/json"})

        assert (answer.status, code(answer)) == (409, "upload_incomplete")
        assert web.world.get(clip_id).state == State.DRAFT

    def test_the_whole_hands_in_the_draft_that_waits(self, web: Web) -> None:
        clip_id = web.world.clip(State.DRAFT)
        piece = self.piece(web, b"01234")
        self.join(web, piece, Upload_Metadata=f"clip {b64(clip_id)}")

        assert web.world.get(clip_id).state == State.PROCESSING

    def test_metadata_of_pieces_stay_with_them(self, web: Web) -> None:
        piece = self.piece(web, b"01234", Upload_Metadata=f"filename {b64('a.mp4')}")
        whole = self.join(web, piece).headers["location"]
        told = [web.call("HEAD", path).headers.get("upload-metadata") for path in (piece, whole)]

        assert told == [f"filename {b64('a.mp4')}", None]

    def test_a_join_that_was_cut_short_is_finished_when_somebody_asks(self, web: Web) -> None:
        """As a crash leaves it: the row is there, some bytes, and the pieces."""
        pieces = [self.piece(web, CONTENT[:40_000]), self.piece(web, CONTENT[40_000:])]
        whole = web.create(len(CONTENT))
        upload_id = whole.rpartition("/")[2]
        with web.world.write() as session:
            session.get_one(Upload, upload_id).concat = "final;" + " ".join(pieces)
        (web.data / "uploads" / f"{upload_id}.part").write_bytes(CONTENT[:50_000])

        assert web.ask(whole) == len(CONTENT)
        assert web.original(whole) == CONTENT

    def test_a_piece_with_its_first_bytes(self, web: Web) -> None:
        headers = {**patch_headers(0), "Upload-Concat": "partial", "Upload-Length": "5"}
        answer = web.call("POST", "/uploads", b"01234", **headers)

        assert (answer.status, answer.offset) == (201, 5)
        whole = self.join(web, answer.headers["location"]).headers["location"]
        assert web.original(whole) == b"01234"

    def test_pieces_that_expired_are_gone(self, web: Web) -> None:
        path = self.piece(web, b"01234", send=False)
        with web.world.write() as session:
            upload = session.get_one(Upload, path.rpartition("/")[2])
            upload.expires_at = datetime(2020, 1, 1, tzinfo=UTC)

        assert (web.call("HEAD", path).status, self.join(web, path).status) == (410, 409)
