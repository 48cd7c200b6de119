"""The recogniser: what is missing is told in one line; what it says becomes cues."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from review.captions.cues import MAX_CHARS, Cue, parse, write
from storage_config.settings import load
from tests.webapp.cli.processes import clean_environment
from tests.workers import tiny_whisper
from webapp.cli.checks import Grade, media_tool
from workers.transcribe import PACKAGE, NoRecogniser, Whisper, check, cues_of, samples

IS_INSTALLED = importlib.util.find_spec(PACKAGE) is not None


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A directory that looks like a model, and is none."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (folder / name).write_bytes(b"{}")
    return folder


def test_off_needs_nothing() -> None:
    check("")


def test_what_is_missing_is_named(model: Path, tmp_path: Path) -> None:
    def told(path: Path) -> str:
        with pytest.raises(NoRecogniser) as caught:
            check(str(path))
        return str(caught.value)

    assert told(tmp_path / "nowhere").endswith("nowhere: there is no such directory")
    (model / "tokenizer.json").unlink()
    assert "tokenizer.json is missing" in told(model)


@pytest.mark.skipif(IS_INSTALLED, reason="faster-whisper is installed here")
def test_without_the_extra_the_start_and_the_doctor_say_so(model: Path, tmp_path: Path) -> None:
    environment = clean_environment(tmp_path) | {"LANTOA_ASR_MODEL": str(model)}
    argv = [sys.executable, "-m", "workers", "--data", str(tmp_path / "data"), "run"]
    argv += ["--queues", "transcribe"]
    ended = subprocess.run(
        argv, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr == (
        "Error: LANTOA_ASR_MODEL is set, but faster-whisper is not installed: "
        "pip install 'faster-whisper>=1.1', or unset it\n"
    )


@pytest.mark.slow
def test_the_doctor_names_a_model_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load({}, data=tmp_path / "data")
    monkeypatch.setenv("LANTOA_ASR_MODEL", str(tmp_path / "nowhere"))
    (found,) = [f for f in media_tool(settings) if f.part == "captions"]
    assert (found.grade, found.what) == (
        Grade.BAD,
        f"LANTOA_ASR_MODEL={tmp_path}/nowhere: there is no such directory",
    )


def test_a_worker_without_a_model_does_not_listen(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "workers", "--data", str(tmp_path / "data"), "run"]
    ended = subprocess.run(
        [*argv, "--queues", "transcribe"],
        env=clean_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "the queue transcribe needs LANTOA_ASR_MODEL" in ended.stderr


def test_what_a_model_says_is_cleaned_like_any_file() -> None:
    said = [
        (-0.1, 1.0, " Chào các bạn "),
        (1.0, 1.0, "không có độ dài"),
        (1.5, 2.0, "  "),
        (2.0, 3.0004, "<i>1 < 2</i> & \u200b<script>"),
        (3.0, 4.0, "a" * (MAX_CHARS + 1)),
    ]
    heard = list(cues_of(said))
    cues = [cue for _, cue in heard]
    assert cues == [Cue(0.0, 1.0, "Chào các bạn"), Cue(2.0, 3.0, "<i>1 &lt; 2</i> &amp;")]
    assert [seconds for seconds, _ in heard] == [1.0, 3.0]
    assert parse(write(cues)) == tuple(cues)


def sound(path: Path, seconds: float) -> Path:
    noise = np.random.default_rng(1).standard_normal(int(16_000 * seconds)) * 3000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(noise.astype("<i2").tobytes())
    return path


def test_samples_are_numbers_between_minus_one_and_one(tmp_path: Path) -> None:
    found = samples(sound(tmp_path / "a.wav", 0.5))
    assert (found.shape, found.dtype.name) == ((8000,), "float32")
    assert 0.1 < float(abs(found).max()) <= 1.0


@pytest.mark.slow
@pytest.mark.skipif(not IS_INSTALLED, reason="the extra asr is not installed")
@pytest.mark.filterwarnings("ignore")
def test_the_real_libraries_read_a_model_and_give_cues(tmp_path: Path) -> None:
    """Random weights, so the words are nonsense; all that is between file and cue is real."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    tiny_whisper.build(folder)
    check(str(folder))
    heard = list(Whisper(folder).transcribe(sound(tmp_path / "a.wav", 5.0), "vi"))
    assert heard
    assert all(cue.text and cue.end_s > cue.start_s >= 0 for _, cue in heard)
