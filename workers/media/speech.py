"""The sound of a clip as a recogniser of speech wants it: one channel, 16 kHz, 16 bits, no tags."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import ffmpeg

from workers.media.errors import MediaToolFailed
from workers.media.facts import MediaFacts, MediaLimits
from workers.media.run import no_progress, run
from workers.media.sandbox import Sandbox
from workers.media.tool import job_for

RATE = 16_000  # samples a second
SPEECH = "speech.wav"
_MP4 = "mov,mp4,m4a,3gp,3g2,mj2"  # the demuxer's one long name


def command(preview: Path, target: str) -> list[str]:
    """``preview``: an MP4 that we made ourselves."""
    source = ffmpeg.input(
        str(preview), f="mov", protocol_whitelist="file", format_whitelist=_MP4, vn=None, sn=None
    )
    made = ffmpeg.output(
        source["a:0"],
        target,
        f="wav",
        acodec="pcm_s16le",
        ac=1,
        ar=RATE,
        map_metadata="-1",
        map_chapters="-1",
        fflags="+bitexact",
    ).global_args("-nostdin", "-v", "error", "-progress", "pipe:1")
    tool = shutil.which("ffmpeg") or "/usr/bin/ffmpeg"
    return list(ffmpeg.compile(made, cmd=tool, overwrite_output=True))


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
