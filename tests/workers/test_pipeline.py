"""Claim, work, write: on a real database, a real store and the real media tool."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from review import publication
from review.errors import LeaseLost
from review.jobs import MAX_ATTEMPTS
from review.models import Revision
from review.policy import Role
from review.states import State
from storage_config.blobs import LocalBlobs
from tests.clips import Clips
from tests.workers.media.test_run import left_over
from tests.workers.office import Office, media_tools
from workers import heartbeat
from workers.media import MediaLimits, Sandbox
from workers.pipeline import work, work_once
from workers.sweep import Sweeper

PATIENCE = 60.0  # seconds; only ever reached by a failing test


def wait_for(what: Any) -> bool:
    until = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def revision_of(office: Office, clip_id: str) -> Revision:
    with office.deps.database.read() as session:
        return session.query(Revision).filter_by(clip_id=clip_id).one()


def test_the_whole_way_of_a_clip(office: Office, clips: Clips) -> None:
    clip_id = office.hand_in(clips.tagged())
    assert office.clip(clip_id).state == State.PROCESSING

    assert work_once(office.deps, "w", ["examine"])
    assert office.clip(clip_id).state == State.IN_REVIEW
    assert office.jobs(clip_id) == [("examine", "done", 1, None), ("ladder", "queued", 0, None)]
    revision = revision_of(office, clip_id)
    assert revision.facts is not None
    assert revision.facts["tags_removed"] == ["gps", "title"]
    base = f"derived/{clip_id}/1/{revision.examine_attempt}"
    assert [k.removeprefix(base + "/") for k in office.stored()] == [
        "contact_sheet.jpg",
        "poster.jpg",
        "proxy.mp4",
        "sprite.jpg",
        "sprite.vtt",
    ]
    assert revision.signals is not None
    assert revision.signals["loudness"]["integrated_lufs"] < 0

    assert work_once(office.deps, "w", ["ladder"])
    assert not work_once(office.deps, "w")
    assert office.jobs(clip_id) == [("examine", "done", 1, None), ("ladder", "done", 1, None)]
    assert office.clip(clip_id).state == State.IN_REVIEW
    assert office.clip(clip_id).progress is None
    base = f"derived/{clip_id}/1/{revision_of(office, clip_id).ladder_attempt}"
    assert [k.removeprefix(base + "/") for k in office.stored() if k.startswith(base)] == [
        "audio/sound.m4a",
        "hls/144p.m3u8",
        "hls/144p.mp4",
        "hls/240p.m3u8",
        "hls/240p.mp4",
        "hls/360p.m3u8",
        "hls/360p.mp4",
        "hls/audio-low.m3u8",
        "hls/audio-low.mp4",
        "hls/audio.m3u8",
        "hls/audio.mp4",
        "hls/master.m3u8",
        "hls/sprite.jpg",
        "hls/sprite.vtt",
        "mp4/144p.mp4",
        "mp4/360p.mp4",
        "posters/2.jpg",
        "posters/3.jpg",
    ]
    office.check_nothing_is_lost(clip_id)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("text", "not_a_video"),
        ("empty", "empty_file"),
        ("ten_hours", "too_long"),
        ("sound_only", "no_video_track"),
        ("concat_script", "playlist_not_video"),
        ("playlist", "playlist_not_video"),
        ("cut_without_index", "truncated"),
    ],
)
def test_a_refused_file_goes_back_with_its_code(
    office: Office, clips: Clips, name: str, code: str
) -> None:
    clip_id = office.hand_in(clips.get(name))
    assert office.work() == 1
    clip = office.clip(clip_id)
    assert (clip.state, clip.problem, clip.progress) == (State.REFUSED, code, None)
    assert office.jobs(clip_id) == [("examine", "failed", 1, code)]
    assert office.stored() == []
    office.check_nothing_is_lost(clip_id)


def test_the_ladder_refuses_what_the_preview_did_not_show(office: Office, clips: Clips) -> None:
    """Even from review: its owner can send a better copy at once."""
    clip_id = office.hand_in(clips.broken_middle())
    assert work_once(office.deps, "w")
    assert office.clip(clip_id).state == State.IN_REVIEW
    assert work_once(office.deps, "w")
    clip = office.clip(clip_id)
    assert (clip.state, clip.problem) == (State.REFUSED, "unreadable")
    assert office.jobs(clip_id)[1] == ("ladder", "failed", 1, "unreadable")
    office.check_nothing_is_lost(clip_id)


# A tool that does what the clip tells it: crash, hang with a child, hoard, flood, write files
# without end, leave a child and make nothing; else the real one.
POISONOUS = """#!/bin/sh
for part in "$@"; do
  case $part in file:/*original)
    place=${part#file:}
    ! grep -q POISON-CRASH "$place" || kill -SEGV $$
    if grep -q POISON-HANG "$place"; then (sleep 600; :) & exec sleep 600; fi
    ! grep -q POISON-HOARD "$place" || exec /usr/bin/python3 -c 'x = bytearray(5 << 30)'
    ! grep -q POISON-FLOOD "$place" || exec yes
    if grep -q POISON-FILES "$place"; then
      while :; do i=x$i; head -c 30000000 /dev/zero > "$i"; sleep 0.05; done
    fi
    if grep -q POISON-CHILD "$place"; then
      setsid sleep 98790 < /dev/null > /dev/null 2>&1 & sleep 0.2; exit 0
    fi
  esac
done
exec /usr/bin/ffmpeg "$@"
"""
POISONS = {
    "CRASH": "tool_crashed",
    "HANG": "tool_stalled",
    "HOARD": "tool_crashed",
    "FLOOD": "tool_stalled",
    "FILES": "tool_crashed",
    "CHILD": "bad_output",
}


@pytest.fixture
def poisonous(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office whose tool can be poisoned; it stands outside of /usr, so without a cage."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "ffmpeg").write_text(POISONOUS)
    (folder / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    limits = MediaLimits(stall_seconds=2.0)
    office.deps = replace(office.deps, sandbox=Sandbox("limits"), limits=limits)
    return office


def poisoned(clips: Clips, folder: Path, kind: str) -> Path:
    """A good film with a word in a box behind it."""
    word = f"POISON-{kind}".encode()
    path = folder / f"{kind}.mp4"
    box = (len(word) + 8).to_bytes(4) + b"free" + word
    path.write_bytes(clips.small().read_bytes() + box)
    return path


def test_three_attempts_then_it_waits_for_a_person(
    poisonous: Office, clips: Clips, tmp_path: Path
) -> None:
    clip_id = poisonous.hand_in(poisoned(clips, tmp_path, "CRASH"))
    for attempt in (1, 2):
        assert poisonous.work() == 1
        waiting = [("examine", "queued", attempt, "tool_crashed")]
        assert poisonous.jobs(clip_id) == waiting
        assert poisonous.clip(clip_id).state == State.PROCESSING
        poisonous.make_due()
    assert poisonous.work() == 1
    clip = poisonous.clip(clip_id)
    assert (clip.state, clip.problem) == (State.FAILED, "tool_crashed")
    assert poisonous.jobs(clip_id) == [("examine", "failed", MAX_ATTEMPTS, "tool_crashed")]
    poisonous.check_nothing_is_lost(clip_id)


@pytest.mark.faults
def test_poison_holds_nobody_up(poisonous: Office, clips: Clips, tmp_path: Path) -> None:
    """Every kind of poison among good clips: the good ones are all done, the poison set aside."""
    bad, good = {}, []
    for kind in POISONS:
        bad[kind] = poisonous.hand_in(poisoned(clips, tmp_path, kind))
        good.append(poisonous.hand_in(clips.small()))
    for _ in range(MAX_ATTEMPTS):
        poisonous.work(limit=100)
        poisonous.make_due()
    for clip_id in good:
        assert poisonous.clip(clip_id).state == State.IN_REVIEW
        assert [job[1] for job in poisonous.jobs(clip_id)] == ["done", "done"]
    found = {kind: poisonous.clip(clip_id) for kind, clip_id in bad.items()}
    assert {k: (c.state, c.problem) for k, c in found.items()} == {
        kind: (State.FAILED, code) for kind, code in POISONS.items()
    }
    assert media_tools(poisonous.data) == left_over("98790") == []
    poisonous.check_nothing_is_lost(good[0])


def test_ten_calls_for_one_job_do_it_once(office: Office, clips: Clips) -> None:
    clip_id = office.hand_in(clips.small())
    start = threading.Barrier(10)
    done: list[bool] = []

    def call() -> None:
        start.wait()
        done.append(work_once(office.deps, threading.current_thread().name, ["examine"]))

    threads = [threading.Thread(target=call) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False] * 9 + [True]
    assert office.jobs(clip_id) == [("examine", "done", 1, None), ("ladder", "queued", 0, None)]
    office.check_nothing_is_lost(clip_id)


def test_a_worker_that_slept_through_its_lease_is_refused(office: Office, clips: Clips) -> None:
    """Another has done its job meanwhile: what it makes is thrown away."""
    clip_id = office.hand_in(clips.small())
    sleeper = office.claim("examine")
    office.make_due()
    assert work_once(office.deps, "the other", ["examine"])
    attempt = revision_of(office, clip_id).examine_attempt

    work(office.deps, sleeper)

    assert revision_of(office, clip_id).examine_attempt == attempt
    assert office.jobs(clip_id)[0] == ("examine", "done", 2, None)
    office.check_nothing_is_lost(clip_id)


@pytest.fixture
def quick_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT", 0.1)


@pytest.mark.slow
@pytest.mark.usefixtures("quick_heartbeat")
def test_withdrawing_stops_the_ladder(office: Office, clips: Clips) -> None:
    """At once, and nothing of it stays; what was watched is there for the record."""
    clip_id = office.hand_in(clips.landscape())
    assert work_once(office.deps, "w", ["examine"])
    before, moderator = office.stored(), office.world.actor(Role.MODERATOR)
    worker = threading.Thread(target=work_once, args=(office.deps, "w", ["ladder"]))
    worker.start()
    assert wait_for(lambda: list(office.deps.scratch.rglob("720p.mp4")))
    assert media_tools(office.data)

    with office.deps.database.write() as session:
        publication.withdraw(session, clip_id, moderator, "guardian")
    worker.join(PATIENCE)

    assert not worker.is_alive()
    assert media_tools(office.data) == []
    assert office.clip(clip_id).state == State.WITHDRAWN
    assert office.jobs(clip_id)[1][:2] == ("ladder", "cancelled")
    assert revision_of(office, clip_id).ladder_attempt is None
    assert office.stored() == before
    assert office.scratch() == []


@pytest.mark.usefixtures("quick_heartbeat")
def test_progress_is_told_and_a_lost_claim_is_noticed(office: Office, clips: Clips) -> None:
    clip_id = office.hand_in(clips.small())
    claim = office.claim("examine")
    with heartbeat.Heartbeat(office.deps.database, claim) as beat:
        beat.progress(0.42)
        assert wait_for(lambda: office.clip(clip_id).progress == "examine:42")
        office.make_due()
        taken = office.claim("examine")
        assert taken.fence == claim.fence + 1

        def lost() -> bool:
            try:
                beat.progress(0.5)
            except LeaseLost:
                return True
            return False

        assert wait_for(lost)


class Trouble:
    """A store that fails in one of its calls until it is mended."""

    def __init__(self, blobs: LocalBlobs, call: str, after: int = 0) -> None:
        self._blobs = blobs
        self._call = call
        self._left: float = after

    def mend(self) -> None:
        self._left = float("inf")

    def _maybe(self, call: str) -> None:
        if call == self._call:
            self._left -= 1
            if self._left < 0:
                raise OSError("the store does not answer")

    def put(self, key: str, source: Path | BinaryIO, *, mime: str | None = None) -> int:
        self._maybe("put")
        return self._blobs.put(key, source, mime=mime)

    def fetch(self, key: str, target: Path) -> None:
        self._maybe("fetch")
        self._blobs.fetch(key, target)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)


@pytest.mark.parametrize(("call", "after"), [("fetch", 0), ("put", 0), ("put", 1)])
def test_a_store_that_does_not_answer_costs_no_attempt(
    office: Office, clips: Clips, call: str, after: int
) -> None:
    """However often; and what was stored before it failed does not pile up."""
    clip_id = office.hand_in(clips.small())
    assert isinstance(office.deps.blobs, LocalBlobs)
    store = Trouble(office.deps.blobs, call, after)
    deps = replace(office.deps, blobs=store)
    for _ in range(MAX_ATTEMPTS + 1):
        assert work_once(deps, "w")
        assert office.jobs(clip_id) == [("examine", "queued", 0, "storage")]
        assert office.clip(clip_id).state == State.PROCESSING
        assert office.stored() == []
        office.make_due()
        store._left = after
    store.mend()
    assert work_once(deps, "w")
    assert office.clip(clip_id).state == State.IN_REVIEW
    office.check_nothing_is_lost(clip_id)


def test_an_original_that_is_gone_is_said_to_be_gone(office: Office, clips: Clips) -> None:
    clip_id = office.hand_in(clips.small())
    for key in office.stored("originals/"):
        office.deps.blobs.delete(key)
    for _ in range(MAX_ATTEMPTS):
        assert office.work() == 1
        office.make_due()
    clip = office.clip(clip_id)
    assert (clip.state, clip.problem) == (State.FAILED, "original_missing")


@pytest.mark.faults
def test_a_result_waits_for_a_database_that_is_locked(office: Office, clips: Clips) -> None:
    clip_id = office.hand_in(clips.small())
    claim = office.claim("examine")
    locked = sqlite3.connect(office.data / "lantoa.sqlite3", isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")
    worker = threading.Thread(target=work, args=(office.deps, claim))
    worker.start()
    # Longer than a session waits for the lock.
    time.sleep(8)
    locked.execute("ROLLBACK")
    locked.close()
    worker.join(PATIENCE)
    assert office.clip(clip_id).state == State.IN_REVIEW
    assert office.jobs(clip_id)[0] == ("examine", "done", 1, None)
    office.check_nothing_is_lost(clip_id)


def test_workers_that_die_three_times_end_the_job(office: Office, clips: Clips) -> None:
    clip_id = office.hand_in(clips.small())
    for _ in range(MAX_ATTEMPTS):
        office.claim("examine")
        office.make_due()
    assert not work_once(office.deps, "w")
    sweeper = Sweeper(office.deps)
    assert sweeper.give_up_exhausted() == 1
    assert sweeper.give_up_exhausted() == 0
    clip = office.clip(clip_id)
    assert (clip.state, clip.problem) == (State.FAILED, "worker_lost")
    assert office.jobs(clip_id) == [("examine", "failed", 3, "worker_lost")]


def test_a_failed_ladder_leaves_the_clip_in_review(office: Office, clips: Clips) -> None:
    clip_id = office.hand_in(clips.small())
    assert work_once(office.deps, "w")
    for _ in range(MAX_ATTEMPTS):
        office.claim("ladder")
        office.make_due()
    assert Sweeper(office.deps).give_up_exhausted() == 1
    assert office.clip(clip_id).state == State.IN_REVIEW
    assert office.jobs(clip_id)[1] == ("ladder", "failed", 3, "worker_lost")


def test_examining_comes_before_ladders(office: Office, clips: Clips) -> None:
    first = office.hand_in(clips.small())
    assert work_once(office.deps, "w")
    second = office.hand_in(clips.small())
    assert work_once(office.deps, "w")
    assert office.clip(second).state == State.IN_REVIEW
    assert office.jobs(first)[1] == ("ladder", "queued", 0, None)


@pytest.fixture
def small_disk(office: Office) -> Iterator[Any]:
    """Mount a file system of a few bytes over a folder of the office; needs root."""
    import subprocess

    mounted: list[Path] = []

    def mount(folder: Path, size: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        option = "remount,size=" if folder in mounted else "size="
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"{option}{size}", "none", str(folder)],
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            pytest.skip("no file system can be mounted here")
        mounted.append(folder)

    yield mount
    for folder in set(mounted):
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.faults
def test_a_full_scratch_disk_costs_no_attempt(
    office: Office, clips: Clips, small_disk: Any
) -> None:
    clip_id = office.hand_in(clips.small())
    size = clips.small().stat().st_size
    for room in (size // 2, size + 32 * 1024):  # full while fetching, and while the tool writes
        small_disk(office.deps.scratch, str(room))
        assert office.work() == 1
        assert office.jobs(clip_id) == [("examine", "queued", 0, "no_space")]
        assert office.scratch() == []
        office.make_due()
    small_disk(office.deps.scratch, "50m")
    assert office.work() == 2
    assert office.clip(clip_id).state == State.IN_REVIEW
    office.check_nothing_is_lost(clip_id)


@pytest.mark.faults
def test_a_full_store_costs_no_attempt_and_gets_no_fuller(
    office: Office, clips: Clips, small_disk: Any
) -> None:
    source = clips.silent()
    root = office.data / "blobs"
    small_disk(root, str(source.stat().st_size * 3 // 2))
    clip_id = office.hand_in(source)
    for _ in range(MAX_ATTEMPTS + 1):
        assert office.work() == 1
        assert office.jobs(clip_id) == [("examine", "queued", 0, "no_space")]
        assert office.stored() == []
        assert list((root / ".aside").iterdir()) == []
        office.make_due()
    small_disk(root, "50m")
    assert office.work() == 2
    assert office.clip(clip_id).state == State.IN_REVIEW
    office.check_nothing_is_lost(clip_id)
