"""Workers that are killed while they look for faces or listen: done afterwards, once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from review import faces
from review.captions import keeping
from review.captions.cues import Cue
from review.models import Captions
from review.policy import Role
from tests.clips import Clips
from tests.services.disk import small_disk
from tests.workers.office import Office, media_tools
from workers.media.centerface import Found
from workers.pipeline import work_once
from workers.sweep import Sweeper

pytestmark = [pytest.mark.slow, pytest.mark.faults]

# Stand-ins for the models: they tell that they are at work, and never end.
WORKER = """
import sys, time
from dataclasses import replace
from pathlib import Path
from storage_config.settings import load
from workers.deps import build
from workers.pipeline import work_once

def at_work(*_):
    print("at work", flush=True)
    time.sleep(300)

class Listener:
    def transcribe(self, audio, language):
        assert Path(audio).stat().st_size > 1000
        at_work()

deps = build(load({}, data=Path(sys.argv[1])))
work_once(replace(deps, find_faces=at_work, transcriber=Listener()), "w", [sys.argv[2]])
"""


class Listener:
    """Hears the same sentence in every clip."""

    def transcribe(self, audio: Path, language: str) -> Iterator[tuple[float, Cue]]:
        assert audio.stat().st_size > 1000
        yield 1.0, Cue(0.2, 1.0, "Đừng chia sẻ mật khẩu")


def able(office: Office) -> Any:
    """A worker that has both models."""
    return replace(
        office.deps,
        find_faces=lambda _: [Found(0.3, 0.3, 0.2, 0.3, 0.9)],
        transcriber=Listener(),
    )


def ask(office: Office, clip_id: str, kind: str) -> None:
    reviewer = office.world.actor(Role.REVIEWER)
    with office.deps.database.write() as session:
        if kind == "faces":
            faces.request(session, clip_id, reviewer)
        else:
            keeping.propose(session, clip_id, reviewer)


def made(office: Office, clip_id: str) -> tuple[int, int]:
    """Boxes that are proposed, captions that are drafted."""
    with office.deps.database.read() as session:
        boxes = faces.search(session, office.clip(clip_id)).boxes
        tracks = session.scalar(select(func.count()).select_from(Captions))
    return len(boxes), tracks or 0


@pytest.fixture
def clip_id(office: Office, clips: Clips) -> str:
    found = office.hand_in(clips.landscape())
    assert work_once(office.deps, "w", ["examine"])
    return found


def wait_for(what: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize(("kind", "result"), [("faces", (1, 0)), ("transcribe", (0, 1))])
def test_killed_at_work(office: Office, clip_id: str, kind: str, result: tuple[int, int]) -> None:
    ask(office, clip_id, kind)
    stored, root = office.stored(""), Path(__file__).parents[2]
    program = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(office.data), kind],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout is not None
        assert any("at work" in line for line in program.stdout)
        program.send_signal(signal.SIGKILL)
    wait_for(lambda: not media_tools(office.data))
    assert office.jobs(clip_id)[-1] == (kind, "running", 1, None)
    assert made(office, clip_id) == (0, 0)

    office.make_due()
    assert work_once(able(office), "w", [kind])
    assert not work_once(able(office), "w", [kind])
    assert office.jobs(clip_id)[-1] == (kind, "done", 2, None)
    assert made(office, clip_id) == result
    assert office.stored("") == stored
    for folder in office.deps.scratch.iterdir():
        os.utime(folder, (0, 0))
    Sweeper(office.deps).remove_dead_scratch()
    assert office.scratch() == []
    assert office.clip(clip_id).state == "in_review"


@pytest.mark.services
@pytest.mark.parametrize(("kind", "result"), [("faces", (1, 0)), ("transcribe", (0, 1))])
def test_on_a_full_disk(office: Office, clip_id: str, kind: str, result: tuple[int, int]) -> None:
    """It costs no attempt, leaves nothing, and is done once there is room."""
    ask(office, clip_id, kind)
    with small_disk(office.deps.scratch) as disk:
        disk.fill()
        for _ in range(4):  # more often than it may fail
            assert work_once(able(office), "w", [kind])
            assert office.jobs(clip_id)[-1] == (kind, "queued", 0, "no_space")
            office.make_due()
        assert [p for p in office.deps.scratch.iterdir() if p.is_dir()] == []
        disk.free()
    assert work_once(able(office), "w", [kind])
    assert office.jobs(clip_id)[-1] == (kind, "done", 1, None)
    assert made(office, clip_id) == result
    assert office.scratch() == []
