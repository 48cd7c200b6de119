"""The sound of a clip as a recogniser of speech wants it: one channel, 16 kHz, 16 bits, no tags."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ffmpeg

from workers.media.commands.base import CLEAN, compiled, open_made
from workers.media.errors import MediaToolFailed
from workers.media.facts import MediaFacts, MediaLimits
from workers.media.run import no_progress, run
from workers.media.sandbox import Sandbox
from workers.media.tool import job_for

RATE = 16_000  # samples a second
SPEECH = "speech.wav"


def command(preview: Path, target: str) -> list[str]:
    """``preview``: an MP4 that we made ourselves."""
    track = open_made(str(preview))["a:0"]
    options = {"f": "wav", "c:a": "pcm_s16le", "ac": 1, "ar": RATE, **CLEAN}
    return compiled(ffmpeg.output(track, target, **options))


def extract(
    preview: Path,
    out: Path,
    *,
    facts: MediaFacts,
    limits: MediaLimits,
    sandbox: Sandbox,
    progress: Callable[[float], None] = no_progress,
) -> Path:
    """Write ``speech.wav`` in the folder ``out``; raises :class:`MediaToolFailed`.

    Never `Refused`: the preview is ours, whatever is wrong with it is not its owner's fault.
    """
    job = job_for(command(preview, SPEECH), (preview,), out, facts, limits)
    done = run(job, sandbox, progress)
    path = out / SPEECH
    if done.status != 0 or not path.is_file():
        raise MediaToolFailed("bad_output", done.stderr.strip()[-300:])
    return path
