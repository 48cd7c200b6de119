"""What is announced is counted before the first byte: quotas, types and the disk."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from review.policy import Role
from tests.services.disk import small_disk
from tests.webapp.conftest import token_of
from tests.webapp.uploads.web import Answer, Web

MIB = 1024 * 1024
QUOTAS = {
    "LANTOA_QUOTA_ACCOUNT_MB": "3",
    "LANTOA_QUOTA_ACCOUNT_CLIPS": "4",
    "LANTOA_QUOTA_CLASS_MB": "5",
    "LANTOA_QUOTA_CLASS_CLIPS": "0",
}


def said(answer: Answer) -> tuple[int, str]:
    return answer.status, json.loads(answer.body)["code"]


def announce(web: Web, length: int, **headers: str) -> Answer:
    return web.call("POST", "/uploads", Upload_Length=str(length), **headers)


def room(web: Web, **headers: str) -> dict[str, object]:
    answer = web.get("/uploads/room", Tus_Resumable=None, **headers)
    assert answer.status == 200, answer
    found: dict[str, object] = json.loads(answer.body)
    return found


@pytest.fixture
def bounded(fresh_web: Web) -> Web:
    fresh_web.env = QUOTAS
    return fresh_web.start()


def test_the_page_is_told_what_is_left(bounded: Web) -> None:
    before = room(bounded)
    path = bounded.create(MIB)
    after = room(bounded)
    bounded.call("DELETE", path)

    limits = {"max_bytes": 1024 * MIB, "max_seconds": 600, "by": "account"}
    assert before == {"bytes_left": 3 * MIB, "clips_left": 4, **limits}
    assert after == {"bytes_left": 2 * MIB, "clips_left": 3, **limits}
    assert room(bounded) == before
    assert bounded.get("/uploads/room", Authorization=None, Tus_Resumable=None).status == 401


def test_a_refusal_says_which_quota_and_how_much_is_left(bounded: Web) -> None:
    bounded.create(MIB)
    vietnamese = announce(bounded, 2 * MIB + 1, Accept_Language="vi")
    fits = announce(bounded, 2 * MIB)
    pupil = token_of(bounded.world, bounded.world.account(Role.PUPIL))
    of_the_class = announce(bounded, 2 * MIB + 1, Authorization=f"Bearer {pupil}")

    assert said(vietnamese) == (413, "quota_account_bytes")
    assert "2 MB" in json.loads(vietnamese.body)["title"]
    assert fits.status == 201
    assert said(of_the_class) == (413, "quota_class_bytes")
    assert json.loads(of_the_class.body)["left"] == 2 * MIB


def test_clips_are_counted_too(bounded: Web) -> None:
    for _ in range(4):
        bounded.create(1)
    answers = [announce(bounded, 1), announce(bounded, 1, Upload_Concat="partial")]
    answers.append(bounded.call("POST", "/uploads", Upload_Defer_Length="1"))

    assert [said(a) for a in answers] == [(403, "quota_account_clips")] * 3


def test_a_deferred_length_takes_no_more_than_there_is(bounded: Web) -> None:
    bounded.create(MIB)
    path = bounded.call("POST", "/uploads", Upload_Defer_Length="1").headers["location"]
    held = room(bounded)["bytes_left"]
    too_long = bounded.patch(path, 0, b"0", Upload_Length=str(2 * MIB + 1))
    bounded.patch(path, 0, b"0", Upload_Length="10")

    assert (held, too_long.status, room(bounded)["bytes_left"]) == (0, 413, 2 * MIB - 10)


def test_a_deferred_upload_ends_at_what_was_kept_for_it(bounded: Web) -> None:
    bounded.create(2 * MIB)
    path = bounded.call("POST", "/uploads", Upload_Defer_Length="1").headers["location"]
    most = bounded.patch(path, 0, b"0" * MIB)
    more = bounded.patch(path, MIB, b"0")

    assert (most.status, more.status, bounded.ask(path)) == (204, 413, MIB)


def test_creations_at_one_moment_do_not_exceed_it(bounded: Web) -> None:
    barrier, statuses = threading.Barrier(8), []
    assert bounded.token

    def create() -> None:
        barrier.wait()
        statuses.append(announce(bounded, MIB).status)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] * 3 + [413] * 5


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("video/mp4", 201),
        ("Video/QuickTime", 201),
        ("audio/3gpp", 201),
        ("application/octet-stream", 201),
        ("", 201),
        ("image/jpeg", 415),
        ("text/html", 415),
        ("application/pdf", 415),
    ],
)
@pytest.mark.parametrize("name", ["filetype", "type"])
def test_what_says_that_it_is_no_video_is_refused(
    web: Web, name: str, kind: str, status: int
) -> None:
    told = f"{name} {base64.b64encode(kind.encode()).decode()}"
    answer = announce(web, 5, Upload_Metadata=told)

    assert answer.status == status
    if status == 415:
        assert said(answer) == (415, "upload_type")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 100 MiB, of which uploads leave 64 free."""
    with small_disk(tmp_path / "small", "100m") as disk:
        yield disk.folder


@pytest.mark.faults
def test_announced_uploads_can_not_fill_the_disk(fresh_web: Web, small: Path) -> None:
    """What was announced is kept free, whether it has arrived or not; its end gives it back."""
    (fresh_web.data / "uploads").symlink_to(small)
    (fresh_web.data / "blobs").symlink_to(small)
    web = fresh_web.start()
    first = announce(web, 10 * MIB)
    path = first.headers["location"]
    web.patch(path, 0, b"0" * (4 * MIB))  # 6 have not arrived
    answers = [announce(web, 10 * MIB) for _ in range(4)]
    statuses = [a.status for a in answers]
    for made in [first, *answers][:2]:
        web.call("DELETE", made.headers["location"])
    again = announce(web, 15 * MIB)

    assert statuses == [201, 201, 507, 507]
    assert said(answers[3]) == (507, "no_room")
    assert again.status == 201


@pytest.mark.faults
def test_a_finished_upload_is_not_copied(fresh_web: Web, small: Path) -> None:
    """Parts and blobs on one disk: the file gets its new name, and needs its room once."""
    (fresh_web.data / "uploads").symlink_to(small)
    (small / "blobs").mkdir()
    (fresh_web.data / "blobs").symlink_to(small / "blobs")
    web, content = fresh_web.start(), os.urandom(30 * MIB)
    path = web.create(len(content))
    filler = small / "filler"
    filler.write_bytes(b"0" * (60 * MIB))

    assert web.patch(path, 0, content).status == 204
    assert web.original(path) == content
