"""The same protocol onto an S3 bucket, with several web processes that share only a database."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from review.models import BucketUpload, Upload
from review.states import State
from storage_config.settings import load
from tests.services.s3 import KEYS
from tests.webapp.uploads.machines import Machines
from tests.webapp.uploads.web import PATIENCE, Answer, Web, cut, patch_headers, read_answer
from workers import deps
from workers.sweep import Sweeper

pytestmark = pytest.mark.services
MIB = 1024 * 1024
CONTENT = random.Random(9).randbytes(11 * MIB + 12_345)
QUIET = KEYS | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent"}


def begin(web: Web, path: str, offset: int, content: bytes) -> Any:
    connection = web.connect()
    connection.sendall(web.head("PATCH", path, len(content), **patch_headers(offset)))
    return connection


def until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.05)):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("it does not happen")


@pytest.mark.parametrize("size", [0, 1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 10 * MIB, len(CONTENT)])
def test_a_file_of_any_size(machines: Machines, size: int) -> None:
    web, content = machines.webs[0], CONTENT[:size]
    path = web.create(size)
    if size:
        assert web.patch(path, 0, content).status == 204

    assert web.ask(path) == size
    assert machines.original(path) == content
    assert machines.stored() == [f"originals/{path.rpartition('/')[2]}"]
    assert (machines.row(path), machines.pending()) == (None, [])


def test_machines_take_turns_and_small_parts_are_kept(machines: Machines) -> None:
    """Parts of 900 kB: below what S3 takes, each sent to the other machine."""
    path, offset = machines.webs[0].create(len(CONTENT)), 0
    for number in range(0, len(CONTENT), 900_000):
        web = machines.webs[(number // 900_000) % 2]
        answer = web.patch(path, offset, CONTENT[offset : offset + 900_000])
        assert answer.status == 204, answer
        offset = answer.offset
        assert machines.webs[0].ask(path) == offset == machines.webs[1].ask(path)

    assert machines.original(path) == CONTENT
    with machines.world.read() as session:
        upload = session.get_one(Upload, path.rpartition("/")[2])
    assert upload.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert len(machines.stored()) == 1


def test_what_came_before_the_network_broke_is_kept(machines: Machines) -> None:
    web = machines.webs[0]
    for place in (0, 1, 4_000_000, 6 * MIB + 1, len(CONTENT) - 1):
        path = web.create(len(CONTENT))
        connection = begin(web, path, 0, CONTENT)
        with contextlib.suppress(OSError):
            connection.sendall(CONTENT[:place])
        cut(connection)
        other = machines.webs[1]
        until(lambda p=path: machines.row(p).lease_until is None or machines.row(p) is None)
        assert other.ask(path) <= place
        other.resume(path, CONTENT)
        assert machines.original(path) == CONTENT


@pytest.mark.faults
def test_web_processes_that_are_killed_in_the_middle(machines: Machines) -> None:
    """Each time the other machine goes on; what was answered stays."""
    content = CONTENT * 2
    path, known = machines.webs[0].create(len(content)), 0
    for number in range(4):
        web, other = machines.webs[number % 2], machines.webs[1 - number % 2]
        if web.process is None:
            web.start()
        offset = web.ask(path)
        assert offset == known
        sent = offset + 5 * MIB + 100_000 * number
        connection = begin(web, path, offset, content[offset:])
        connection.sendall(content[offset:sent])
        until(lambda at=offset + 1: sum_of(machines, path) >= at)
        web.kill()
        connection.close()
        machines.end_leases()
        if other.process is None:
            other.start()
        known = other.ask(path)
        assert offset < known <= sent
    machines.webs[1 - number % 2].resume(path, content)
    assert machines.original(path) == content
    assert machines.pending() == []


def sum_of(machines: Machines, path: str) -> int:
    row = machines.row(path)
    assert row is not None
    return sum(part["bytes"] for part in row.parts) + row.tail_bytes


def fence_of(machines: Machines, path: str) -> int:
    row = machines.row(path)
    assert row is not None
    return row.fence


def test_a_lease_that_still_runs_is_423_and_ends_by_itself(machines: Machines) -> None:
    web, other = machines.webs
    path = web.create(len(CONTENT))
    connection = begin(web, path, 0, CONTENT)
    connection.sendall(CONTENT[: 6 * MIB])
    until(lambda: sum_of(machines, path) > 0)
    web.kill()
    connection.close()
    offset = other.ask(path)

    assert other.patch(path, offset, CONTENT[offset : offset + 10]).status == 423
    until(lambda: other.patch(path, offset, CONTENT[offset : offset + 10]).status == 204)
    other.resume(path, CONTENT)
    assert machines.original(path) == CONTENT


def test_the_newest_connection_wins_over_machines(machines: Machines) -> None:
    web, other = machines.webs
    path = web.create(len(CONTENT))
    with begin(web, path, 0, CONTENT) as silent:
        silent.sendall(CONTENT[:1_000_000])
        until(lambda: fence_of(machines, path) > 0)  # it writes, or the newer one is the first
        refused = other.patch(path, 0, b"x" * 10)
        assert refused.status in (409, 423)
        assert read_answer(silent).status == 423
    assert other.ask(path) == 1_000_000
    other.resume(path, CONTENT)
    assert machines.original(path) == CONTENT


def test_a_writer_that_slept_through_its_lease_changes_nothing(machines: Machines) -> None:
    """Another machine took over: what the sleeper still sends counts for nobody."""
    web, other = machines.webs
    path = web.create(len(CONTENT))
    with begin(web, path, 0, CONTENT) as sleeper:
        sleeper.sendall(CONTENT[:1_000_000])
        until(lambda: machines.row(path).lease_until is not None)
        machines.end_leases()
        answers: list[Answer] = []
        newer = threading.Thread(target=lambda: answers.append(other.patch(path, 0, CONTENT)))
        newer.start()
        newer.join(PATIENCE)
        with contextlib.suppress(OSError):
            sleeper.sendall(CONTENT[1_000_000:])
        assert read_answer(sleeper).status in (423, 409)
    assert answers[0].status in (204, 409)
    other.resume(path, CONTENT)
    assert machines.original(path) == CONTENT


def test_a_wrong_checksum_leaves_what_was_there(machines: Machines) -> None:
    web = machines.webs[0]
    path = web.create(len(CONTENT))
    web.patch(path, 0, CONTENT[:6_000_000])
    wrong = web.patch(path, 6_000_000, CONTENT[6_000_000:], Upload_Checksum="sha1 MDEyMzQ1Njc4OQ==")

    assert (wrong.status, web.ask(path)) == (460, 6_000_000)
    assert machines.webs[1].patch(path, 6_000_000, CONTENT[6_000_000:]).status == 204
    assert machines.original(path) == CONTENT


def test_pieces_and_deferred_lengths(machines: Machines) -> None:
    web, other = machines.webs
    pieces = [web.create(n, Upload_Concat="partial") for n in (6 * MIB, len(CONTENT) - 6 * MIB)]
    web.patch(pieces[0], 0, CONTENT[: 6 * MIB])
    other.patch(pieces[1], 0, CONTENT[6 * MIB :])
    whole = other.call("POST", "/uploads", Upload_Concat=f"final;{' '.join(pieces)}")
    later = web.call("POST", "/uploads", Upload_Defer_Length="1").headers["location"]
    web.patch(later, 0, CONTENT[: 6 * MIB])
    other.patch(later, 6 * MIB, CONTENT[6 * MIB :], Upload_Length=str(len(CONTENT)))

    assert machines.original(whole.headers["location"]) == CONTENT
    assert machines.original(later) == CONTENT
    assert len(machines.stored()) == 2


def test_a_removed_upload_leaves_nothing(machines: Machines) -> None:
    web = machines.webs[0]
    path = web.create(len(CONTENT))
    web.patch(path, 0, CONTENT[: 6 * MIB])

    assert machines.webs[1].call("DELETE", path).status == 204
    assert (machines.stored(), machines.pending(), machines.row(path)) == ([], [], None)


def test_a_draft_is_handed_in(machines: Machines) -> None:
    clip_id = machines.world.clip(State.DRAFT)
    told = f"clip {base64.b64encode(clip_id.encode()).decode()}"
    path = machines.webs[0].create(10, Upload_Metadata=told)
    machines.webs[1].patch(path, 0, b"0123456789")

    assert machines.world.get(clip_id).state == State.PROCESSING


def test_a_start_finishes_what_a_crash_left(machines: Machines) -> None:
    """All bytes are in the bucket, and the row does not say so."""
    web = machines.webs[0]
    path = web.create(10)
    upload_id = path.rpartition("/")[2]
    web.patch(path, 0, b"01234")
    machines.blobs.put(f"tails/{upload_id}/99", io.BytesIO(b"0123456789"))
    with machines.world.write() as session:
        row = session.get_one(BucketUpload, upload_id)
        row.tail, row.tail_bytes = f"tails/{upload_id}/99", 10
    web.kill()
    web.start()

    until(lambda: machines.row(path) is None)
    assert machines.original(path) == b"0123456789"


def test_the_sweep_gives_up_what_was_abandoned(machines: Machines, tmp_path: Path) -> None:
    web = machines.webs[0]
    gone, alive = web.create(len(CONTENT)), web.create(len(CONTENT))
    for path in (gone, alive):
        web.patch(path, 0, CONTENT[: 6 * MIB])
    with machines.world.write() as session:
        upload = session.scalars(select(Upload).where(Upload.id == gone.rpartition("/")[2])).one()
        upload.expires_at = datetime(2020, 1, 1, tzinfo=UTC)
    machines.blobs.multiparts.begin("originals/01m00000000000000000000000")
    settings = load(
        {k: v for k, v in machines.env.items() if k.startswith("LANTOA_")}, data=tmp_path
    )
    office = deps.build(settings)
    sweeper = Sweeper(office)
    sweeper.remove_expired_uploads()
    lost_ones = sweeper.remove_lost_multiparts()  # all of moto's are of the year 2010
    office.database.dispose()

    row = machines.row(alive)
    assert row is not None
    assert lost_ones == 1
    assert machines.pending() == [row.multipart]
    assert machines.stored() == [row.tail]
    assert machines.row(gone) is None
    web.resume(alive, CONTENT)
    assert machines.original(alive) == CONTENT
