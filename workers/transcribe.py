"""A machine that listens: faster-whisper behind the port ``Transcriber``, off by default.

The package is an extra (``asr``) and is imported only when a model is set; the model is a
directory that the operator put there. Nothing is ever fetched.
"""

from __future__ import annotations

import importlib.util
import wave
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from review.captions.cues import MAX_CHARS, MAX_CUES, Cue
from review.captions.payload import normal

PACKAGE = "faster_whisper"
_FILES = ("model.bin", "config.json", "tokenizer.json")  # without the last it would be fetched
_VARIABLE = "LANTOA_ASR_MODEL"


class NoRecogniser(Exception):
    """What is missing, and how to mend it: one line."""


def check(model: str) -> None:
    """Raise :class:`NoRecogniser` unless a model that is set can be loaded here."""
    if not model:
        return
    folder = Path(model)
    if not folder.is_dir():
        raise NoRecogniser(f"{_VARIABLE}={model}: there is no such directory")
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise NoRecogniser(
            f"{_VARIABLE}={model}: {', '.join(missing)} is missing; accepted: the directory of a "
            "Whisper model in CTranslate2's form"
        )
    if importlib.util.find_spec(PACKAGE) is None:
        raise NoRecogniser(
            f"{_VARIABLE} is set, but faster-whisper is not installed: "
            "pip install 'faster-whisper>=1.1', or unset it"
        )


@dataclass
class Whisper:
    """Has the shape of ``review.ports.Transcriber``. The model is loaded at the first use."""

    model: Path
    _loaded: Any = field(default=None, repr=False)

    def transcribe(self, audio: Path, language: str) -> Iterator[tuple[float, Cue]]:
        """See ``review.ports.Transcriber``."""
        segments, _ = self._load().transcribe(
            samples(audio),
            language=language.partition("-")[0],
            task="transcribe",
            beam_size=5,
            # A wrong guess must not be carried from one sentence into all that follow.
            condition_on_previous_text=False,
        )
        return cues_of((s.start, s.end, s.text) for s in segments)

    def _load(self) -> Any:
        if self._loaded is None:
            check(str(self.model))
            from faster_whisper import WhisperModel

            self._loaded = WhisperModel(
                str(self.model), device="cpu", compute_type="int8", local_files_only=True
            )
        return self._loaded


def samples(audio: Path) -> Any:
    """A WAV of ours (16 bits, one channel) as numbers from -1 to 1."""
    with wave.open(str(audio), "rb") as file:
        data = file.readframes(file.getnframes())
    return np.frombuffer(data, dtype="<i2").astype(np.float32) / 32768.0


def cues_of(segments: Iterable[tuple[float, float, str]]) -> Iterator[tuple[float, Cue]]:
    """(seconds heard so far, cue): what a model says can be as wrong as any file, so it is cleaned
    like one; what can not be a cue is left out."""
    count = 0
    for start, end, said in segments:
        first, last = round(max(0.0, start), 3), round(end, 3)
        text = normal(said, escaped=False)
        if text and last > first and len(text) <= MAX_CHARS and count < MAX_CUES:
            count += 1
            yield last, Cue(first, last, text)
