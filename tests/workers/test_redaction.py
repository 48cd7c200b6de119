"""The step `redact`: on a real database, a real store and the real media tool."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from review import publication, queries, redacting
from review.models import Job, Redaction, Revision
from review.policy import Role
from review.states import State
from storage_config.blobs import LocalBlobs
from tests.clips import Clips, ffmpeg, film
from tests.workers.office import Office, media_tools
from workers import redaction as steps
from workers.media import MediaToolFailed
from workers.pipeline import work, work_once
from workers.sweep import ORPHAN_GRACE, Sweeper

PLAN: dict[str, Any] = {
    "boxes": [{"x": 0.2, "y": 0.2, "width": 0.4, "height": 0.4, "start_s": 0, "end_s": 2}],
    "cuts": [{"start_s": 0.5, "end_s": 1.5}],
}


def in_review(office: Office, clip: Path) -> str:
    clip_id = office.hand_in(clip)
    assert work_once(office.deps, "w", ["examine"])
    assert office.clip(clip_id).state == State.IN_REVIEW
    return clip_id


def ask(office: Office, clip_id: str, plan: Any = PLAN) -> str:
    reviewer = office.world.actor(Role.REVIEWER)
    with office.deps.database.write() as session:
        return redacting.request(session, clip_id, reviewer, plan).id


def shown(office: Office, redaction_id: str) -> tuple[str, int | None, str | None]:
    with office.deps.database.read() as session:
        return redacting.shown_state(session, session.get_one(Redaction, redaction_id))


def originals(office: Office) -> list[str]:
    return office.stored("originals/")


def age_all(office: Office) -> None:
    assert isinstance(office.deps.blobs, LocalBlobs)
    long_ago = time.time() - ORPHAN_GRACE - 60
    for key in office.stored(""):
        os.utime(office.deps.blobs.root / key, (long_ago, long_ago))


def test_the_whole_way_of_a_redaction(office: Office, clips: Clips) -> None:
    clip_id = in_review(office, clips.small())
    (first,) = originals(office)
    version = office.clip(clip_id).version
    made = ask(office, clip_id)
    # Before the ladder, which nobody waits for.
    assert work_once(office.deps, "w")
    assert shown(office, made) == ("ready", None, None)
    (render,) = set(originals(office)) - {first}
    clip = office.clip(clip_id)
    assert (clip.state, clip.version, clip.revision, clip.progress) == (
        State.IN_REVIEW,
        version,
        1,
        None,
    )

    age_all(office)
    assert Sweeper(office.deps).remove_orphans() == 0
    reviewer = office.world.actor(Role.REVIEWER)
    with office.deps.database.write() as session:
        redacting.keep(session, clip_id, made, reviewer)
    assert office.work() == 2
    clip = office.clip(clip_id)
    assert (clip.state, clip.revision, clip.stage) == (State.IN_REVIEW, 2, 0)
    with office.deps.database.read() as session:
        old, new = queries.revisions(session, clip)
        served = {f.key for f in queries.output_files(session, clip).values()}
    assert (new.original_key, new.parent_id) == (render, old.id)
    assert new.facts is not None
    assert old.facts is not None
    assert abs(new.facts["duration_s"] - (old.facts["duration_s"] - 1.0)) < 0.1
    assert {key.split("/")[2] for key in served} == {"2"}
    age_all(office)
    assert Sweeper(office.deps).remove_orphans() == 0
    assert Sweeper(office.deps).remove_stale_redactions() == 0
    assert originals(office) == sorted([first, render])
    assert office.stored() == office.named_keys()
    assert office.scratch() == []


def test_thrown_away_its_bytes_go_with_the_next_sweep(office: Office, clips: Clips) -> None:
    clip_id = in_review(office, clips.small())
    before = originals(office)
    made = ask(office, clip_id)
    assert work_once(office.deps, "w", ["redact"])
    reviewer = office.world.actor(Role.REVIEWER)
    with office.deps.database.write() as session:
        redacting.discard(session, clip_id, made, reviewer)
    assert len(originals(office)) == 2
    Sweeper(office.deps).rarely()
    assert originals(office) == before


def test_withdrawn_while_it_renders_nothing_stays(
    office: Office, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The withdrawal comes when the render is stored and not yet written down."""
    clip_id = in_review(office, clips.small())
    before = originals(office)
    made = ask(office, clip_id)
    stored = steps._stored

    def withdrawn_meanwhile(*work: Any) -> Any:
        result = stored(*work)
        assert len(originals(office)) == 2
        office.world.withdraw(clip_id)
        return result

    monkeypatch.setattr(steps, "_stored", withdrawn_meanwhile)
    assert work_once(office.deps, "w", ["redact"])
    assert office.clip(clip_id).state == State.WITHDRAWN
    assert originals(office) == before
    assert office.jobs(clip_id)[-1][:2] == ("redact", "cancelled")
    assert shown(office, made)[0] == "failed"
    assert office.scratch() == []


def test_a_clip_that_went_on_keeps_no_render(office: Office, clips: Clips) -> None:
    """Rejected while a render waits: swept within minutes, not after a day."""
    clip_id = in_review(office, clips.small())
    before = originals(office)
    ask(office, clip_id)
    assert work_once(office.deps, "w", ["redact"])
    moderator = office.world.actor(Role.MODERATOR)
    with office.deps.database.write() as session:
        publication.withdraw(session, clip_id, moderator, "office")
    Sweeper(office.deps).rarely()
    assert originals(office) == before


def test_an_original_that_is_gone_is_told_and_not_tried_again(office: Office, clips: Clips) -> None:
    clip_id = in_review(office, clips.small())
    made = ask(office, clip_id)
    with office.deps.database.read() as session:
        key = session.scalars(select(Revision.original_key)).one()
    office.deps.blobs.delete(key)
    assert work_once(office.deps, "w", ["redact"])
    assert shown(office, made) == ("failed", None, "original_missing")
    assert office.clip(clip_id).state == State.IN_REVIEW


def test_what_can_not_be_rendered_leaves_the_clip_in_review(office: Office, tmp_path: Path) -> None:
    """At five pictures a second three cuts take twice what was asked: too little is left."""
    slow = tmp_path / "slow.mp4"
    ffmpeg("-i", film("bikes"), "-t", "2", "-r", "5", "-c:v", "libx264", slow)
    clip_id = in_review(office, slow)
    cuts = [{"start_s": at, "end_s": at + 0.1} for at in (0.15, 0.55, 0.95)]
    made = ask(office, clip_id, {"cuts": cuts})
    assert work_once(office.deps, "w", ["redact"])
    assert shown(office, made) == ("failed", None, "too_short")
    clip = office.clip(clip_id)
    assert (clip.state, clip.problem) == (State.IN_REVIEW, None)
    assert len(originals(office)) == 1


def test_three_crashes_and_the_clip_is_still_in_review(
    office: Office, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: Any, **__: Any) -> Any:
        raise MediaToolFailed("tool_crashed", "for a test")

    clip_id = in_review(office, clips.small())
    made = ask(office, clip_id)
    monkeypatch.setattr(steps, "redact", crash)
    for _ in range(3):
        assert work_once(office.deps, "w", ["redact"])
        office.make_due()
    assert shown(office, made) == ("failed", None, "tool_crashed")
    clip = office.clip(clip_id)
    assert (clip.state, clip.problem) == (State.IN_REVIEW, None)
    assert office.scratch() == []


def test_a_full_disk_leaves_no_half_a_render(
    office: Office, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip_id = in_review(office, clips.small())
    before = originals(office)
    made = ask(office, clip_id)
    put = LocalBlobs.put

    def full(self: LocalBlobs, key: str, *more: Any, **named: Any) -> int:
        put(self, key, *more, **named)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(LocalBlobs, "put", full)
        assert work_once(office.deps, "w", ["redact"])
    assert originals(office) == before
    assert office.jobs(clip_id)[-1] == ("redact", "queued", 0, "no_space")
    office.make_due()
    assert work_once(office.deps, "w", ["redact"])
    assert shown(office, made)[0] == "ready"


WORKER = """
import sys
from pathlib import Path
from storage_config.settings import load
from workers.deps import build
from workers.media import MediaToolFailed
from workers.pipeline import work_once
deps = build(load({}, data=Path(sys.argv[1])))
print("working", flush=True)
work_once(deps, "w", ["redact"])
"""


def wait_for(what: Callable[[], Any], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.faults
@pytest.mark.slow
def test_a_killed_worker_leaves_nothing_and_the_next_one_does_it(
    office: Office, clips: Clips
) -> None:
    clip_id = in_review(office, clips.full_hd())
    before = originals(office)
    made = ask(office, clip_id)
    root = Path(__file__).parents[2]
    program = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(office.data)],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": os.environ["PATH"]},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with program:
        wait_for(lambda: media_tools(office.data))
        program.send_signal(signal.SIGKILL)
    wait_for(lambda: not media_tools(office.data))
    assert shown(office, made)[0] == "rendering"
    assert originals(office) == before
    office.make_due()
    with office.deps.database.read() as session:
        stuck = session.scalars(select(Job).where(Job.kind == "redact")).one()
        assert (stuck.state, stuck.attempts) == ("running", 1)
    assert work_once(office.deps, "w", ["redact"])
    assert shown(office, made)[0] == "ready"
    assert len(originals(office)) == len(before) + 1
    for folder in office.deps.scratch.iterdir():
        os.utime(folder, (1, 1))
    Sweeper(office.deps).remove_dead_scratch()
    assert office.scratch() == []


def test_a_worker_that_comes_back_too_late_changes_nothing(office: Office, clips: Clips) -> None:
    """Its lease was given away while it was frozen: the other's render stays."""
    clip_id = in_review(office, clips.small())
    made = ask(office, clip_id)
    late = office.claim("redact")
    office.make_due()
    assert work_once(office.deps, "other", ["redact"])
    ready = originals(office)
    assert len(ready) == 2
    work(office.deps, late)
    assert originals(office) == ready
    assert shown(office, made)[0] == "ready"
