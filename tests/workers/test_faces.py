"""The job `faces`: with a detector that behaves, and with the real one; what is missing, told."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from review import faces, redacting, revisions
from review.faces import Search
from review.policy import Role
from storage_config.settings import load
from tests.clips import Clips
from tests.faces import IS_INSTALLED, MODEL, needs_model
from tests.webapp.cli.processes import clean_environment
from tests.workers.office import Office
from webapp.cli.checks import Grade, media_tool
from workers.faces import NoDetector, as_box, check
from workers.media.centerface import CenterFace, DetectorFailed, Found, Frame
from workers.media.faces import Detect, FaceBox
from workers.pipeline import work_once

# The least that is read as one: a graph that has an input of the right name with four sizes.
TINY = (
    bytes.fromhex("3a1f5a1d0a07")
    + b"input.1"
    + bytes.fromhex("12120a100801120c0a02080a0a0208030a020820")
)


@pytest.fixture
def asked(office: Office, clips: Clips) -> str:
    """A clip in review in which a reviewer wants faces found."""
    clip_id = office.hand_in(clips.small())
    assert work_once(office.deps, "w", ["examine"])
    reviewer = office.world.actor(Role.REVIEWER)
    with office.deps.database.write() as session:
        faces.request(session, clip_id, reviewer)
    return clip_id


def search(office: Office, clip_id: str) -> Search:
    with office.deps.database.read() as session:
        return faces.search(session, office.clip(clip_id))


def work(office: Office, detect: Detect | None) -> None:
    assert work_once(replace(office.deps, find_faces=detect), "w", ["faces"])


@pytest.mark.slow
def test_what_is_found_is_proposed_and_nothing_else_is_kept(office: Office, asked: str) -> None:
    stored = office.stored("")
    work(office, lambda _: [Found(0.3, 0.3, 0.2, 0.3, 0.9)])
    found = search(office, asked)
    assert (found.state, found.left_out) == ("done", 0)
    (box,) = found.boxes
    assert (box.x, box.y, box.width, box.height) == (0.26, 0.24, 0.28, 0.42)
    assert office.jobs(asked)[-1] == ("faces", "done", 1, None)
    assert office.stored("") == stored
    assert office.scratch() == []
    assert office.clip(asked).state == "in_review"


@pytest.mark.slow
def test_nobody_there_is_an_answer_too(office: Office, asked: str) -> None:
    work(office, lambda _: [])
    assert search(office, asked) == Search("done")


@pytest.mark.slow
@pytest.mark.parametrize("is_there", [True, False], ids=["broken", "none"])
def test_three_failures_and_the_clip_is_as_before(
    office: Office, asked: str, is_there: bool
) -> None:
    def broken(_: Frame) -> list[Found]:
        raise DetectorFailed("no memory")

    before = office.clip(asked)
    for _ in range(3):
        work(office, broken if is_there else None)
        office.make_due()
    assert office.jobs(asked)[-1] == ("faces", "failed", 3, "faces_not_searched")
    after = office.clip(asked)
    assert (after.state, after.version, after.problem) == ("in_review", before.version, None)
    assert search(office, asked) == Search("failed")
    assert office.scratch() == []


@pytest.mark.slow
def test_withdrawn_while_it_looks_it_stops(office: Office, asked: str) -> None:
    def detect(_: Frame) -> list[Found]:
        if office.clip(asked).state != "withdrawn":
            office.world.withdraw(asked)
        return []

    work(office, detect)
    assert office.jobs(asked)[-1][:2] == ("faces", "cancelled")
    assert search(office, asked) == Search("none")
    assert office.scratch() == []


@needs_model
@pytest.mark.slow
def test_the_filmed_face_is_proposed(office: Office, asked: str) -> None:
    work(office, CenterFace(Path(MODEL)))
    found = search(office, asked)
    assert found.boxes
    with office.deps.database.read() as session:
        revision = revisions.current(session, office.clip(asked))
        plan = {"boxes": [asdict(box) for box in found.boxes]}
        assert redacting.read_plan(revision, plan).boxes == found.boxes
    assert all(0.05 < b.x < 0.4 and 0.05 < b.y < 0.3 for b in found.boxes)


def test_a_place_is_kept_as_the_editor_shows_it_and_hides_no_less() -> None:
    box = as_box(FaceBox(0.333333, 0.5, 0.666667, 0.123456, 1.0 / 3, 2.0 / 3))
    assert (box.x, box.y, box.start_s, box.end_s) == (0.3333, 0.5, 0.33, 0.67)
    assert box.x + box.width == pytest.approx(1.0, abs=1e-9)
    assert box.y + box.height == pytest.approx(0.6235)


class TestWhatIsMissing:
    def test_off_needs_nothing(self) -> None:
        check("")

    def test_a_file_that_is_none(self, tmp_path: Path) -> None:
        def told(path: Path) -> str:
            with pytest.raises(NoDetector) as caught:
                check(str(path))
            return str(caught.value)

        assert told(tmp_path / "no.onnx").endswith(
            "no.onnx: No such file or directory; accepted: the file centerface.onnx"
        )
        (tmp_path / "text").write_text("hello")
        assert "this is no ONNX model" in told(tmp_path / "text")
        (tmp_path / "other").write_bytes(TINY.replace(b"input.1", b"input.2"))
        assert "this is not CenterFace" in told(tmp_path / "other")

    @pytest.mark.skipif(IS_INSTALLED, reason="onnxruntime is installed here")
    def test_without_the_extra_it_is_said_how_to_get_it(self, tmp_path: Path) -> None:
        (tmp_path / "tiny").write_bytes(TINY)
        with pytest.raises(NoDetector, match="pip install 'onnxruntime"):
            check(str(tmp_path / "tiny"))

    @pytest.mark.parametrize(
        ("model", "argv", "status", "said"),
        [
            ("no.onnx", ("--queues", "faces"), 1, "no.onnx: No such file or directory; accepted"),
            ("", ("--queues", "faces"), 2, "the queue faces needs LANTOA_FACE_MODEL"),
        ],
    )
    def test_the_worker_says_so_and_does_not_start(
        self, tmp_path: Path, model: str, argv: tuple[str, ...], status: int, said: str
    ) -> None:
        ended = subprocess.run(
            [sys.executable, "-m", "workers", "--data", str(tmp_path / "data"), "run", *argv],
            env=clean_environment(tmp_path) | {"LANTOA_FACE_MODEL": model},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == status
        assert said in ended.stderr.strip().rpartition("\n")[2]

    @pytest.mark.slow
    def test_the_doctor_names_a_model_that_is_not_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = load({}, data=tmp_path / "data")
        monkeypatch.setenv("LANTOA_FACE_MODEL", str(tmp_path / "no.onnx"))
        (found,) = [f for f in media_tool(settings) if f.part == "faces"]
        assert found.grade == Grade.BAD
        assert found.what.startswith(f"LANTOA_FACE_MODEL={tmp_path}/no.onnx: No such file")
