"""Cuts, kills and full disks in the middle of an upload: nothing that was answered is lost."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from review.models import Job, Revision, Upload
from review.states import State
from tests.services.disk import small_disk
from tests.webapp.uploads.web import PATIENCE, Answer, Web, cut, patch_headers, read_answer

CONTENT = random.Random(2).randbytes(600_000)
LAST = len(CONTENT)
CUTS = sorted({0, 1, LAST - 1, LAST, *random.Random(3).sample(range(2, LAST - 1), 196)})
KILLS = 20


def begin(web: Web, path: str, offset: int, content: bytes) -> socket.socket:
    """A PATCH that announces all of ``content``; nothing of it is sent yet."""
    connection = web.connect()
    connection.sendall(web.head("PATCH", path, len(content), **patch_headers(offset)))
    return connection


def until_stored(web: Web, path: str, at_least: int) -> None:
    """Until the server has written so much; asked on the disk, not by a request."""
    part = web.data / "uploads" / f"{path.rpartition('/')[2]}.part"
    deadline = time.monotonic() + PATIENCE
    while part.stat().st_size < at_least:
        assert time.monotonic() < deadline, f"only {part.stat().st_size} bytes are stored"
        time.sleep(0.005)


@pytest.mark.faults
def test_a_network_that_is_cut_at_200_places(fresh_web: Web) -> None:
    fresh_web.env = {"LANTOA_QUOTA_ACCOUNT_CLIPS": "0"}
    web = fresh_web.start()
    for place in CUTS:
        path = web.create(LAST)
        connection = begin(web, path, 0, CONTENT)
        connection.sendall(CONTENT[:place])
        cut(connection)
        assert web.ask(path) <= place
        web.resume(path, CONTENT)

        assert web.original(path) == CONTENT, place


@pytest.mark.faults
def test_a_client_that_closes_early_loses_nothing(web: Web) -> None:
    """A FIN in the middle: whatever was sent before it arrived, and is kept."""
    for place in (0, 1, 16 * 1024 - 1, 16 * 1024 + 1, 123_457):
        path = web.create(LAST)
        with begin(web, path, 0, CONTENT) as connection:
            connection.sendall(CONTENT[:place])
            connection.shutdown(socket.SHUT_WR)
            answer = read_answer(connection)
        assert (answer.status, answer.offset, web.ask(path)) == (204, place, place)


def test_a_broken_connection_loses_at_most_one_block(web: Web) -> None:
    path = web.create(LAST)
    connection = begin(web, path, 0, CONTENT)
    connection.sendall(CONTENT[:500_000])
    until_stored(web, path, 500_000 - 16 * 1024 + 1)
    cut(connection)

    assert 500_000 - 16 * 1024 < web.ask(path) <= 500_000


@pytest.mark.faults
def test_a_web_process_that_is_killed_twenty_times(fresh_web: Web) -> None:
    web, content = fresh_web.start(), CONTENT * 3
    path, randomly, sent = web.create(len(content)), random.Random(4), 0
    for _ in range(KILLS):
        offset = web.ask(path)
        connection = begin(web, path, offset, content[offset:])
        sent = offset + randomly.randrange(20_000, 80_000)
        connection.sendall(content[offset:sent])
        until_stored(web, path, offset + 1)
        web.kill()
        connection.close()
        part = web.data / "uploads" / f"{path.rpartition('/')[2]}.part"
        on_disk = part.stat().st_size
        web.start()

        assert offset < on_disk <= sent
        assert web.ask(path) == on_disk
    web.resume(path, content)
    assert web.original(path) == content
    with web.world.read() as session:
        row = session.get_one(Upload, path.rpartition("/")[2])
    assert row.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.faults
@pytest.mark.parametrize("point", ["before-blob", "after-blob", "after-row"])
@pytest.mark.parametrize("ask_first", [True, False])
def test_a_kill_between_the_last_byte_and_the_row(
    fresh_web: Web, point: str, ask_first: bool
) -> None:
    """The clip is handed in once, whether the client comes back or not."""
    clip_id = fresh_web.world.clip(State.DRAFT)
    told = f"clip {base64.b64encode(clip_id.encode()).decode()}"
    web = fresh_web.start(point)
    path = web.create(LAST, Upload_Metadata=told)
    with pytest.raises((ConnectionError, OSError)):
        web.patch(path, 0, CONTENT)
    web.kill()
    web.start()  # finishes what it finds
    if ask_first:
        assert web.ask(path) == LAST

    clip = web.world.get(clip_id)
    with web.world.read() as session:
        revisions = list(session.scalars(select(Revision)))
        jobs = session.scalar(select(func.count()).select_from(Job))
        upload = session.get_one(Upload, path.rpartition("/")[2])
    assert (clip.state, len(revisions), jobs) == ("processing", 1, 1)
    assert revisions[0].original_sha256 == upload.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert web.original(path) == CONTENT
    assert list((web.data / "uploads").iterdir()) == []


@pytest.mark.faults
def test_a_worker_that_is_killed_is_replaced_and_the_upload_finished(fresh_web: Web) -> None:
    web = fresh_web.start()
    path = web.create(LAST)
    connection = begin(web, path, 0, CONTENT)
    connection.sendall(CONTENT[:100_000])
    until_stored(web, path, 50_000)
    os.kill(web.worker(), signal.SIGKILL)
    connection.close()
    patiently(lambda: web.resume(path, CONTENT))

    assert web.original(path) == CONTENT


def patiently(act: Callable[[], None]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return act()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.faults
def test_sigterm_in_the_middle_of_a_patch(fresh_web: Web) -> None:
    """A new version is rolled out: what is under way is finished, or kept as far as it came."""
    web = fresh_web.start()
    path = web.create(LAST)
    connection = begin(web, path, 0, CONTENT)
    connection.sendall(CONTENT[:300_000])
    until_stored(web, path, 280_000)
    assert web.process is not None
    web.process.send_signal(signal.SIGTERM)
    connection.sendall(CONTENT[300_000:])
    answer = read_answer(connection)
    connection.close()
    status = web.process.wait(PATIENCE)
    web.process = None

    assert (answer.status, answer.offset, status) == (204, LAST, 0)
    assert web.start().ask(path) == LAST
    assert web.original(path) == CONTENT


class TestTwoWriters:
    def test_the_newest_connection_wins(self, web: Web) -> None:
        """A phone whose old connection still hangs somewhere goes on with a new one."""
        path = web.create(LAST)
        with begin(web, path, 0, CONTENT) as old:
            old.sendall(CONTENT[:100_000])
            until_stored(web, path, 80_000)
            answers: list[Answer] = []

            def go_on() -> None:
                offset = web.ask(path)
                answers.append(web.patch(path, offset, CONTENT[offset:]))

            newer = threading.Thread(target=go_on)
            newer.start()
            sent = 100_000
            with contextlib.suppress(OSError):
                while newer.is_alive() and sent < LAST:
                    old.sendall(CONTENT[sent : sent + 4096])
                    sent += 4096
                    newer.join(0.02)
            newer.join(PATIENCE)
            assert read_answer(old).status in (423, 409, 410)
        assert answers[0].status in (204, 409, 423)
        web.resume(path, CONTENT)
        assert web.original(path) == CONTENT

    def test_eight_at_once_with_the_same_offset(self, web: Web) -> None:
        path, block = web.create(80_000), CONTENT[:40_000]
        barrier, statuses = threading.Barrier(8), []

        def write() -> None:
            barrier.wait()
            statuses.append(web.patch(path, 0, block).status)

        threads = [threading.Thread(target=write) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert set(statuses) <= {204, 409, 423}
        assert statuses.count(204) <= 1
        web.resume(path, CONTENT[:80_000])
        assert web.original(path) == CONTENT[:80_000]

    def test_overlapping_and_repeated_parts_are_409(self, web: Web) -> None:
        path = web.create(LAST)
        web.patch(path, 0, CONTENT[:1000])
        told = [web.patch(path, at, CONTENT[at : at + 1000]).status for at in (0, 500, 1001)]

        assert (told, web.ask(path)) == ([409] * 3, 1000)

    def test_a_dead_connection_is_overtaken_at_once(self, web: Web) -> None:
        """The phone lost its network, and no word of that reached the server: it has a new one."""
        path = web.create(LAST)
        with begin(web, path, 0, CONTENT) as silent:
            silent.sendall(CONTENT[:50_000])
            until_stored(web, path, 40_000)
            offset = web.ask(path)
            assert web.patch(path, offset, CONTENT[offset:]).status == 204
        assert web.original(path) == CONTENT

    def test_a_slow_client_is_waited_for(self, web: Web) -> None:
        """Its pauses are longer than the server's own looks in between; nothing is lost by them."""
        path = web.create(LAST)
        with begin(web, path, 0, CONTENT) as slow:
            for start, end in ((0, 20_000), (20_000, 20_001), (20_001, LAST)):
                slow.sendall(CONTENT[start:end])
                time.sleep(1.5 * (end < LAST))
            answer = read_answer(slow)

        assert (answer.status, answer.offset, web.original(path)) == (204, LAST, CONTENT)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 90 MiB, of which uploads leave 64 free."""
    with small_disk(tmp_path / "small", "90m") as disk:
        yield disk.folder


@pytest.mark.faults
def test_a_full_disk_is_507_and_the_offset_is_kept(fresh_web: Web, small: Path) -> None:
    (fresh_web.data / "uploads").symlink_to(small)
    web, content = fresh_web.start(), random.Random(5).randbytes(6_000_000)

    too_large = web.call("POST", "/uploads", Upload_Length=str(40 * 1024 * 1024))
    path = web.create(len(content))
    web.patch(path, 0, content[:1_000_000])
    free = os.statvfs(small).f_bavail * os.statvfs(small).f_bsize
    filler = small / "filler"
    filler.write_bytes(bytes(free - 60 * 1024 * 1024))
    refused = web.call("POST", "/uploads", Upload_Length="0")
    before = json.loads(web.get("/readyz").body)["parts"]["storage"]
    filler.write_bytes(bytes(free - 2_000_000))
    full = web.patch(path, 1_000_000, content[1_000_000:])
    kept = web.ask(path)
    storage = json.loads(web.get("/readyz").body)["parts"]["storage"]
    filler.unlink()

    assert (too_large.status, refused.status, full.status) == (507, 507, 507)
    assert before.startswith("has no room for uploads: ")
    codes = {json.loads(answer.body)["code"] for answer in (too_large, refused)}
    assert codes == {"no_room"}  # which does not say that something was kept
    assert 1_000_000 <= kept < len(content)
    assert storage.startswith("does not take bytes: ")
    web.resume(path, content)
    assert web.original(path) == content


@pytest.mark.faults
def test_a_full_disk_at_the_very_end_is_507_too(fresh_web: Web, small: Path) -> None:
    """All bytes are here, but the blob has no room: the next question finishes the upload."""
    blobs = fresh_web.data / "blobs"
    blobs.symlink_to(small)
    web, content = fresh_web.start(), random.Random(6).randbytes(2_000_000)
    path = web.create(len(content))
    free = os.statvfs(small).f_bavail * os.statvfs(small).f_bsize
    filler = small / "filler"
    filler.write_bytes(bytes(free - 500_000))
    full = web.patch(path, 0, content)
    filler.unlink()

    assert full.status == 507
    assert web.ask(path) == len(content)
    assert web.original(path) == content
