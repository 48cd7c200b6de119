"""The doorbell over the embedded broker, with real workers in processes of their own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_config import broker
from storage_config.broker import Doorbell, celery_config, check, clean_embedded
from storage_config.settings import Settings, load
from storage_config.spool import ASIDE
from tests.services.bell import listening
from tests.services.disk import small_disk
from tests.services.forks import forked


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({}, data=tmp_path / "dữ liệu")


@pytest.fixture
def bell(settings: Settings) -> Iterator[Doorbell]:
    made = Doorbell(settings)
    yield made
    made.close()


def messages(settings: Settings) -> dict[str, int]:
    """How many files each folder of the embedded broker holds; empty ones left out."""
    folder = settings.data / "broker"
    counts = {f.name: len(list(f.iterdir())) for f in folder.iterdir()}
    return {name: count for name, count in counts.items() if count}


def wait_until_empty(settings: Settings) -> None:
    until = time.monotonic() + 30
    while messages(settings) and time.monotonic() < until:
        time.sleep(0.05)
    assert messages(settings) == {}


@pytest.mark.slow
def test_a_worker_hears_its_own_bells_in_order_and_nothing_stays(
    settings: Settings, bell: Doorbell, tmp_path: Path
) -> None:
    assert bell.ring("before-1", "examine")  # nobody listens yet: it waits
    assert bell.ring("before-2", "examine")
    with listening(settings, tmp_path / "a", queues="examine") as examiner:
        assert bell.ring("other", "ladder")
        rung = [f"job-{i}" for i in range(20)]
        assert all(bell.ring(job, "examine") for job in rung)

        examiner.wait_for(*rung)
        assert examiner.heard() == ["before-1", "before-2", *rung]
    assert messages(settings) == {"ladder": 1}

    with listening(settings, tmp_path / "b", queues="ladder") as builder:
        builder.wait_for("other")
        wait_until_empty(settings)
        assert builder.heard() == ["other"]


@pytest.mark.slow
def test_many_ringers_and_two_workers_each_bell_is_heard_once(
    settings: Settings, tmp_path: Path
) -> None:
    """Half-written messages would end a worker; two takers of one would hear it twice."""
    bells = [Doorbell(settings) for _ in range(4)]
    wanted = {f"{who}-{i}" for who in range(4) for i in range(10)}

    def ring_ten(who: int) -> None:
        for i in range(10):
            assert bells[who].ring(f"{who}-{i}", "examine")

    with (
        listening(settings, tmp_path / "a") as one,
        listening(settings, tmp_path / "b") as two,
    ):
        threads = [threading.Thread(target=ring_ten, args=(who,)) for who in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until = time.monotonic() + 60
        while len(one.heard()) + len(two.heard()) < 40 and time.monotonic() < until:
            time.sleep(0.1)
        heard = one.heard() + two.heard()
        wait_until_empty(settings)

    assert sorted(heard) == sorted(wanted)


@pytest.mark.slow
@pytest.mark.faults
def test_a_killed_worker_is_followed_by_another(
    settings: Settings, bell: Doorbell, tmp_path: Path
) -> None:
    with listening(settings, tmp_path / "a", seconds=60) as first:
        bell.ring("taken", "examine")
        first.wait_for("taken")
        bell.ring("waiting", "examine")
        first.kill()

    with listening(settings, tmp_path / "b") as second:
        bell.ring("new", "examine")
        second.wait_for("waiting", "new")
        wait_until_empty(settings)
        # "taken" was in the hands of the one that died: the sweep rings again for its job.
        assert second.heard() == ["waiting", "new"]


def test_a_message_is_moved_in_whole(settings: Settings, bell: Doorbell) -> None:
    """What readers see at any moment is a whole message."""
    stop, seen = threading.Event(), set()
    queue = settings.data / "broker" / "examine"

    def look() -> None:
        while not stop.is_set():
            for file in queue.glob("*"):
                text = file.read_text()
                seen.add(text[:1] + text[-1:])

    watcher = threading.Thread(target=look)
    watcher.start()
    rung = [bell.ring(f"{i}", "examine") for i in range(200)]
    stop.set()
    watcher.join()

    assert all(rung)
    assert seen == {"{}"}


def test_a_forked_child_rings_too(settings: Settings, bell: Doorbell) -> None:
    assert bell.ring("parent", "examine")
    with forked(lambda: _must(bell.ring("child", "examine"))):
        assert bell.ring("parent", "examine")

    assert messages(settings) == {"examine": 3}


def _must(rang: bool) -> None:
    assert rang


def test_without_its_folder_the_bell_is_silent_and_rings_again_later(
    settings: Settings, bell: Doorbell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "QUIET", 0.2)
    folder = settings.data / "broker"
    folder.write_text("a file where the folder was")

    assert bell.ring("lost", "examine") is False
    assert bell.ring("lost", "examine") is False  # not even tried

    folder.unlink()
    time.sleep(0.2)
    assert bell.ring("heard", "examine") is True
    assert messages(settings) == {"examine": 1}


@pytest.mark.faults
def test_a_full_disk_silences_the_bell_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "QUIET", 0.0)
    with small_disk(tmp_path / "disk") as disk:
        settings = load({}, data=disk.folder / "data")
        bell = Doorbell(settings)
        assert bell.ring("first", "examine")
        disk.fill()

        assert [bell.ring("lost", "examine") for _ in range(3)] == [False] * 3
        assert messages(settings) == {"examine": 1}

        disk.free()
        assert bell.ring("second", "examine")
        assert messages(settings) == {"examine": 2}
        bell.close()


def test_cleaning_takes_only_what_nobody_needs(settings: Settings, bell: Doorbell) -> None:
    for job in ("old", "new"):
        bell.ring(job, "examine")
    folder = settings.data / "broker"
    old, new = sorted((folder / "examine").iterdir())
    left, writing = folder / ASIDE / "left", folder / ASIDE / "writing"
    for file, age in ((old, broker.STALE + 1), (left, broker.LOST + 1), (writing, 0)):
        file.touch()
        _age(file, age)

    assert clean_embedded(settings) == 2
    assert clean_embedded(settings) == 0
    assert sorted(p for p in folder.rglob("*") if p.is_file()) == sorted([new, writing])


def _age(file: Path, seconds: float) -> None:
    os.utime(file, (time.time() - seconds,) * 2)


@pytest.mark.slow
def test_what_a_power_cut_left_is_skipped(
    settings: Settings, bell: Doorbell, tmp_path: Path
) -> None:
    bell.ring("first", "examine")
    folder = settings.data / "broker" / "examine"
    (folder / "00").write_bytes(b"")
    (folder / "01").write_bytes(bytes(100))

    with listening(settings, tmp_path / "a") as listener:
        listener.wait_for("first")
        wait_until_empty(settings)
        assert listener.heard() == ["first"]


def test_the_check_makes_the_folder_and_says_when_it_can_not(settings: Settings) -> None:
    check(settings)
    assert (settings.data / "broker").is_dir()

    (settings.data / "broker").rmdir()
    (settings.data / "broker").write_text("a file")
    with pytest.raises(OSError, match="File exists"):
        check(settings)


def test_only_ids_cross_the_queue_and_no_answer_comes_back(settings: Settings) -> None:
    config = celery_config(settings)

    assert config["accept_content"] == ["json"]
    assert config["result_backend"] is None
    names = [q.name for q in config["task_queues"]]
    assert names == ["examine", "mail", "redact", "faces", "ladder", "transcribe"]
