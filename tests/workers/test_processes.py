"""Real worker processes over the embedded broker: killed, ended, and started again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from review.models import Job
from review.states import State
from tests.clips import Clips
from tests.workers.office import Office, media_tools
from workers import sweep

pytestmark = [pytest.mark.slow, pytest.mark.faults]

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0  # seconds; only ever reached by a failing test
Start = Callable[..., subprocess.Popen[bytes]]


def wait_for(what: Callable[[], object]) -> bool:
    until = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def start(office: Office, tmp_path: Path) -> Iterator[Start]:
    """Start ``python -m workers`` on the office's data, as a group of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*argv: str) -> subprocess.Popen[bytes]:
        log = (tmp_path / f"log-{len(started)}").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "workers", "--data", str(office.data), *argv],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        log.close()
        started.append(process)
        return process

    yield begin
    for process in started:
        kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to a worker and its children at once, as a lost machine would have it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def ring(office: Office) -> None:
    office.deps.doorbell.ring("any", "examine")
    office.deps.doorbell.ring("any", "ladder")


def ladder_done(office: Office, clip_id: str) -> bool:
    return ("ladder", "done") in [job[:2] for job in office.jobs(clip_id)]


def in_ladder(office: Office) -> list[Path]:
    return [p for p in office.deps.scratch.glob("ladder-*/out/hls/*.mp4") if p.stat().st_size]


def test_a_worker_that_is_killed_in_the_ladder(office: Office, clips: Clips, start: Start) -> None:
    """SIGKILL, and nothing else is done to help: the lease runs out, the scheduler calls the next
    worker, and there is one set of outputs, no program and no folder left."""
    clip_id = office.hand_in(clips.landscape())
    first = start("run")
    ring(office)
    assert wait_for(lambda: in_ladder(office))
    kill_group(first)
    assert wait_for(lambda: not media_tools(office.data))
    assert office.clip(clip_id).state == State.IN_REVIEW

    start("run")
    start("scheduler")
    assert wait_for(lambda: ladder_done(office, clip_id))

    assert office.jobs(clip_id) == [("examine", "done", 1, None), ("ladder", "done", 2, None)]
    sweep.Sweeper(office.deps).remove_dead_scratch()
    office.check_nothing_is_lost(clip_id)


MOMENTS: dict[str, Callable[[Office], object]] = {
    "fetching": lambda office: list(office.deps.scratch.glob("examine-*")),
    "examining": lambda office: list(office.deps.scratch.glob("examine-*/out/*")),
    "storing": lambda office: office.stored(),
    "between": lambda office: list(office.deps.scratch.glob("ladder-*")),
    "storing the ladder": lambda office: any("/ladder-" in key for key in office.stored()),
}


def test_a_worker_that_is_killed_at_any_moment(
    office: Office, clips: Clips, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One clip, one kill after another at the next moment of its way; then it is done once."""
    clip_id = office.hand_in(clips.marked())
    for moment, reached in MOMENTS.items():
        worker = start("run")
        ring(office)
        assert wait_for(lambda reached=reached: reached(office) or ladder_done(office, clip_id)), (
            moment
        )
        kill_group(worker)
        assert wait_for(lambda: not media_tools(office.data))
        office.make_due()
        # Time passes, attempts are given back: this is about the moments, not about three tries.
        with office.deps.database.write() as session:
            session.execute(update(Job).values(attempts=0))
    office.work()
    monkeypatch.setattr(sweep, "ORPHAN_GRACE", -1.0)
    for folder in office.deps.scratch.iterdir():
        os.utime(folder, (0, 0))
    sweeper = sweep.Sweeper(office.deps)
    sweeper.seldom()
    sweeper.remove_dead_scratch()
    assert office.clip(clip_id).state == State.IN_REVIEW
    assert ladder_done(office, clip_id)
    office.check_nothing_is_lost(clip_id)


def test_a_worker_that_is_told_to_end_finishes_first(
    office: Office, clips: Clips, start: Start
) -> None:
    """SIGTERM during a deploy: what was begun is done, the rest waits untouched."""
    first, second = office.hand_in(clips.marked()), office.hand_in(clips.marked())
    worker = start("run", "--queues", "examine")
    ring(office)
    assert wait_for(lambda: list(office.deps.scratch.glob("examine-*")))
    worker.terminate()
    assert worker.wait(PATIENCE) == 0
    done, waits = ("examine", "done", 1, None), ("examine", "queued", 0, None)
    examined = [office.jobs(clip_id)[0] for clip_id in (first, second)]
    assert done in examined
    assert set(examined) <= {done, waits}
    assert media_tools(office.data) == []
    assert office.scratch() == []


@pytest.mark.parametrize("role", ["run", "scheduler"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_role_ends_cleanly(
    office: Office, start: Start, tmp_path: Path, role: str, number: signal.Signals
) -> None:
    left = office.deps.scratch / "ladder-of-a-killed-worker-1"
    left.mkdir(parents=True)
    os.utime(left, (0, 0))
    process = start(role)
    assert wait_for(lambda: not left.exists())
    if role == "run":
        assert wait_for(lambda: b" ready." in (tmp_path / "log-0").read_bytes())
    else:
        # It sweeps at once: what is due is rung for.
        assert wait_for(lambda: "Handler" in signals_of(process.pid))
    process.send_signal(number)
    assert process.wait(PATIENCE) == 0
    assert b"Traceback" not in (tmp_path / "log-0").read_bytes()


def signals_of(pid: int) -> str:
    """ "Handler" once the process catches SIGTERM itself."""
    status = Path(f"/proc/{pid}/status").read_text()
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return "Handler" if int(caught, 16) >> (signal.SIGTERM - 1) & 1 else ""


def test_one_round_of_upkeep(office: Office, clips: Clips, start: Start, tmp_path: Path) -> None:
    office.hand_in(clips.text())
    assert start("sweep").wait(PATIENCE) == 0
    assert b"rang for 1 due jobs; swept" in (tmp_path / "log-0").read_bytes()


def test_what_the_media_tool_is_here(office: Office) -> None:
    argv = [sys.executable, "-m", "workers", "--data", str(office.data), "check"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, check=True, timeout=PATIENCE)
    told = json.loads(done.stdout)
    assert told["sandbox"] == office.deps.sandbox.tier
    assert told["ffmpeg"].startswith("ffmpeg version")


def test_wrong_words_are_said_in_one_line(office: Office) -> None:
    argv = [sys.executable, "-m", "workers", "--data", str(office.data), "run", "--queues", "cook"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, check=False, timeout=PATIENCE)
    assert done.returncode == 2
    assert (
        b"--queues takes examine, mail, redact, faces, ladder, transcribe; not ['cook']"
        in done.stderr
    )
