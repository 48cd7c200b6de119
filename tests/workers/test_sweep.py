"""Upkeep: what is rung for again, what is given up, and what is removed."""

from __future__ import annotations

import io
import os
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from review import clock
from review.keys import new_id
from review.models import Upload
from review.policy import Role
from review.states import State
from review.uploads import register_upload
from storage_config.blobs import LocalBlobs
from tests.clips import Clips
from tests.workers.office import Office
from workers import sweep
from workers.sweep import ORPHAN_GRACE, Sweeper

LONG_AGO = time.time() - ORPHAN_GRACE - 60


@dataclass
class Bell:
    """A doorbell that keeps what was rung, and may be out of order."""

    works: bool = True
    rung: list[tuple[str, str]] = field(default_factory=list)

    def ring(self, job_id: str, queue: str) -> bool:
        if self.works:
            self.rung.append((job_id, queue))
        return self.works


def with_bell(office: Office, bell: Bell) -> Sweeper:
    return Sweeper(replace(office.deps, doorbell=bell))


def age(path: Path) -> None:
    os.utime(path, (LONG_AGO, LONG_AGO))


def stored(office: Office, key: str, *, old: bool) -> str:
    assert isinstance(office.deps.blobs, LocalBlobs)
    office.deps.blobs.put(key, io.BytesIO(b"bytes"))
    if old:
        age(office.deps.blobs.root / key)
    return key


def test_a_lost_message_is_sent_again(
    office: Office, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, and then again only after a while: a backlog must not fill the broker."""
    for _ in range(2):
        office.hand_in(clips.text())
    bell = Bell()
    sweeper = with_bell(office, bell)
    assert [sweeper.ring_due(), sweeper.ring_due()] == [2, 0]
    assert [queue for _, queue in bell.rung] == ["examine"] * 2
    monkeypatch.setattr(sweep, "RING_AGAIN", 0.0)
    assert sweeper.often() == 2
    assert bell.rung[2:] == bell.rung[:2]


def test_a_silent_bell_is_tried_again(
    office: Office, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "RING_AGAIN", 0.0)
    office.hand_in(clips.text())
    bell = Bell(works=False)
    sweeper = with_bell(office, bell)
    assert sweeper.often() == 0
    bell.works = True
    assert sweeper.often() == 1


def test_what_runs_or_waits_is_left_in_peace(office: Office, clips: Clips) -> None:
    office.hand_in(clips.text())
    sweeper = with_bell(office, Bell())
    office.claim("examine")
    assert sweeper.often() == 0
    office.make_due()  # its worker is gone
    assert sweeper.often() == 1


def test_orphans_go_after_a_day_and_nothing_else(office: Office, clips: Clips) -> None:
    clip_id = office.hand_in(clips.small())
    office.work()
    kept = [*office.stored(), *office.stored("originals/")]
    assert isinstance(office.deps.blobs, LocalBlobs)
    for key in kept:
        age(office.deps.blobs.root / key)
    base = f"derived/{clip_id}/1"
    young = [
        stored(office, f"{base}/ladder-{new_id()}-2/hls/240p.mp4", old=False),
        stored(office, f"originals/{new_id()}", old=False),
    ]
    foreign = stored(office, "derived/from-elsewhere", old=True)
    report = stored(office, "reports/sandbox/here", old=True)
    dead = [
        stored(office, f"{base}/ladder-{new_id()}-1/hls/240p.mp4", old=True),
        stored(office, f"{base}/ladder-{new_id()}-1/mp4/240p.mp4", old=True),
        stored(office, f"derived/{clip_id}/2/examine-{new_id()}-1/proxy.mp4", old=True),
        stored(office, f"derived/{new_id()}/1/examine-{new_id()}-1/proxy.mp4", old=True),
        stored(office, f"originals/{new_id()}", old=True),
    ]
    assert Sweeper(office.deps).remove_orphans() == len(dead)
    assert sorted(office.stored("")) == sorted([*kept, *young, foreign, report])
    assert Sweeper(office.deps).remove_orphans() == 0


def test_many_files_of_one_attempt_cost_one_question(office: Office, clips: Clips) -> None:
    """A store of a hundred thousand files must not mean as many questions to the database."""
    clip_id = office.hand_in(clips.small())
    office.work()
    for number in range(30):
        stored(office, f"derived/{clip_id}/1/ladder-{number}-1/proxy.mp4", old=False)
    attempt = f"ladder-{new_id()}-1"
    for number in range(100):
        stored(office, f"derived/{clip_id}/1/{attempt}/hls/f{number}.mp4", old=False)
    asked: list[str] = []

    class Counting(Sweeper):
        def _known_attempt(self, place: str) -> bool:
            asked.append(place)
            return super()._known_attempt(place)

    Counting(office.deps).remove_orphans()
    assert len(asked) == len(set(asked)) == 30 + 1 + 2


def test_uploads_that_nobody_used_in_time(office: Office, clips: Clips) -> None:
    used = office.hand_in(clips.small())
    owner = office.world.person(Role.TEACHER)
    with office.deps.database.write() as session:
        rows = [
            register_upload(session, owner, 5, "a.mp4", hours=hours, clip_id=None)
            for hours in (1, 1, 90)
        ]
        ids = [row.id for row in rows]
    finished = f"originals/{ids[1]}"
    with office.deps.database.write() as session:
        now = clock.now(session)
        for upload in session.query(Upload):
            if upload.id != ids[2]:
                upload.expires_at = now - timedelta(hours=1)
        session.get_one(Upload, ids[1]).key = finished
    stored(office, finished, old=False)
    office.deps.part_files.mkdir()
    for upload_id in (ids[0], ids[2]):
        (office.deps.part_files / f"{upload_id}.part").write_bytes(b"half")
    (office.deps.part_files / f"{ids[0]}.writer").write_text("a ticket")

    assert Sweeper(office.deps).remove_expired_uploads() == 2

    assert [p.name for p in office.deps.part_files.iterdir()] == [f"{ids[2]}.part"]
    with office.deps.database.read() as session:
        left = {row.id for row in session.query(Upload)}
    assert left & set(ids) == {ids[2]}
    assert len(left) == 2
    assert len(office.stored("originals/")) == 1
    assert office.work() == 2
    assert office.clip(used).state == State.IN_REVIEW


def test_parts_whose_row_is_gone(office: Office) -> None:
    owner = office.world.person(Role.TEACHER)
    with office.deps.database.write() as session:
        known = register_upload(session, owner, 5, "a.mp4", hours=1, clip_id=None).id
    office.deps.part_files.mkdir()
    names = {name: office.deps.part_files / f"{name}.part" for name in (known, "dead", "young")}
    for path in names.values():
        path.write_bytes(b"half")
    age(names[known])
    age(names["dead"])
    assert Sweeper(office.deps).remove_dead_parts() == 1
    assert {p.stem for p in office.deps.part_files.iterdir()} == {known, "young"}


def test_folders_of_dead_attempts(office: Office, clips: Clips) -> None:
    office.hand_in(clips.small())
    running = office.claim("examine").attempt_name
    for name in (running, "examine-dead-1", "examine-young-1"):
        (office.deps.scratch / name).mkdir(parents=True)
    age(office.deps.scratch / running)
    age(office.deps.scratch / "examine-dead-1")
    assert Sweeper(office.deps).remove_dead_scratch() == 1
    assert office.scratch() == sorted(["examine-young-1", running])


def test_every_round_may_run_on_an_empty_installation(office: Office) -> None:
    sweeper = Sweeper(office.deps)
    assert sweeper.often() == 0
    sweeper.rarely()
    sweeper.seldom()
