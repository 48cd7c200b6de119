"""The parts of the command line that need no server and no database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage_config.settings import load
from webapp.cli import lock
from webapp.cli.client import Server, refusal
from webapp.cli.common import table
from webapp.cli.resume import Places, key_of
from webapp.cli.tus import LARGEST_PART, SMALLEST_PART, next_part
from webapp.cli.up import programs
from webapp.cli.waiting import describe, is_settled

KIB = 1024
ME = Server("http://127.0.0.1:8000", "lt_me")


def test_a_table_is_as_wide_as_its_longest_cell() -> None:
    assert table([("giaovien", "a"), ("x", "bcd")], ("user", "password")) == (
        "user      password\n--------  --------\ngiaovien  a\nx         bcd"
    )


@pytest.mark.parametrize(
    ("more", "queues"),
    [
        ((), "redact,ladder,mail"),
        (("faces", "transcribe"), "redact,ladder,mail,faces,transcribe"),
    ],
)
def test_a_worker_listens_and_looks_where_a_model_is_set(
    tmp_path: Path, more: tuple[str, ...], queues: str
) -> None:
    found = {p.name: p.argv for p in programs(tmp_path, "127.0.0.1", 8000, 2, more=more)}
    assert found["ladder"][-1] == queues
    assert found["examine"][-1] == "examine,mail"


def test_mails_lead_to_the_port_that_pages_have(tmp_path: Path) -> None:
    found = {p.name: p.argv for p in programs(tmp_path, "127.0.0.1", 8123, 2)}
    for name in ("examine", "ladder", "scheduler"):
        place = found[name][found[name].index("workers") + 1 :][:4]
        assert place == ["--data", str(tmp_path), "--port", "8123"]
    assert load({}, data=tmp_path, port=8123).public_url == "http://127.0.0.1:8123"


def test_the_lock_is_for_one_and_names_its_holder(tmp_path: Path) -> None:
    descriptor = lock.take(tmp_path / "up.lock")
    with pytest.raises(lock.InUse, match=f"process {os.getpid()}"):
        lock.take(tmp_path / "up.lock")
    os.close(descriptor)
    os.close(lock.take(tmp_path / "up.lock"))


def test_the_lock_waits_for_the_programs_of_a_dead_holder(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    hold = (
        "import os, subprocess, sys; from pathlib import Path; from webapp.cli import lock\n"
        "fd = lock.take(Path(sys.argv[1]))\n"
        "subprocess.Popen(['sleep', '0.5'], pass_fds=(fd,))"
    )
    subprocess.run([sys.executable, "-c", hold, str(path)], check=True)

    os.close(lock.take(path))  # the holder is dead; its program has half a second left


def test_the_address_is_told_while_its_process_lives(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    assert lock.running_address(path) is None
    descriptor = lock.take(path)
    assert lock.running_address(path) is None
    lock.note_address(descriptor, "http://127.0.0.1:8123")
    assert lock.running_address(path) == "http://127.0.0.1:8123"
    dead = subprocess.Popen(["true"])
    dead.wait()
    path.write_text(f"{dead.pid}\nhttp://127.0.0.1:8123\n")
    assert lock.running_address(path) is None
    os.close(descriptor)


def test_an_upload_is_remembered_for_the_same_file_server_and_person(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"bytes of the clip")
    places = Places(tmp_path / "cache", say=pytest.fail)
    key = key_of(ME, file)
    places.keep(key, "http://127.0.0.1:8000/uploads/1")

    assert places.find(key_of(ME, file)) == "http://127.0.0.1:8000/uploads/1"
    assert places.find(key_of(Server(ME.url, "lt_other"), file)) is None
    assert places.find(key_of(Server("http://127.0.0.1:9000", ME.token), file)) is None
    file.write_bytes(b"other bytes of the clip")
    assert places.find(key_of(ME, file)) is None
    places.forget(key)
    assert places.find(key) is None


def test_a_cache_that_cannot_be_written_is_only_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    told: list[str] = []
    places = Places(tmp_path / "cache", say=told.append)
    places.keep("key", "http://127.0.0.1:8000/uploads/1")

    assert len(told) == 1
    assert places.find("key") is None


@pytest.mark.parametrize(
    ("size", "seconds", "expected"),
    [
        (512 * KIB, 0.1, 1024 * KIB),
        (512 * KIB, 4.0, 512 * KIB),
        (512 * KIB, 9.0, 256 * KIB),
        (LARGEST_PART, 0.1, LARGEST_PART),
        (SMALLEST_PART, 60.0, SMALLEST_PART),
    ],
)
def test_parts_follow_the_network(size: int, seconds: float, expected: int) -> None:
    assert next_part(size, seconds) == expected


def test_a_problem_is_told_with_its_sentence_and_its_fields() -> None:
    body = '{"code": "invalid", "detail": "Chưa đúng.", "errors": {"title": "Quá dài."}}'
    error = refusal(422, body.encode())

    assert (error.status, error.code, str(error)) == (
        422,
        "invalid",
        "Chưa đúng.\n  title: Quá dài.",
    )
    assert str(refusal(502, b"<html>", "Bad Gateway")) == "HTTP 502 Bad Gateway"


@pytest.mark.parametrize(
    ("clip", "settled", "words"),
    [
        (
            {"state": "processing", "progress": {"step": "examine", "percent": 40}},
            False,
            "processing: being examined, 40 %",
        ),
        ({"state": "in_review", "renditions": []}, False, "in_review"),
        ({"state": "in_review", "renditions": [{"kind": "hls"}]}, True, "in_review"),
        ({"state": "published", "renditions": []}, True, "published"),
        (
            {"state": "refused", "problem": {"code": "too_long", "message": "Clip dài quá."}},
            True,
            "refused: Clip dài quá.",
        ),
    ],
)
def test_waiting_ends_when_nothing_more_is_made(
    clip: dict[str, object], settled: bool, words: str
) -> None:
    assert (is_settled(clip), describe(clip)) == (settled, words)
