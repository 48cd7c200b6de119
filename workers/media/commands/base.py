"""What every argument list begins and ends with."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import ffmpeg

from workers.media.facts import MediaFacts, MediaLimits
from workers.media.sniff import AVI, MATROSKA, MP4, MPEGTS, Container

_CONTAINERS = {c.name: c for c in (MP4, MATROSKA, MPEGTS, AVI)}
# The demuxer of MP4 has one long name; the whitelist is compared with all of it.
_LABELS = re.compile(r"^(\[[^\]]*\])+|\[[^\]]*\]$")
_WHITELIST = {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm"}
# SEI units of H.264: captions, positions, the encoder's name, whatever a camera puts there.
NO_SIDE_UNITS = {"bsf:v": "filter_units=remove_types=6"}
CLEAN: dict[str, Any] = {
    "map_metadata": "-1",
    "map_chapters": "-1",
    "sn": None,
    "dn": None,
    "fflags": "+bitexact",
    "flags:v": "+bitexact",
    "flags:a": "+bitexact",
}
COPY: dict[str, Any] = {
    "c": "copy",
    "f": "mp4",
    "movflags": "+faststart",
    "map_metadata:s": "-1",
    **NO_SIDE_UNITS,
}


def binary(name: str) -> str:
    """Absolute, since the cage has no PATH."""
    return shutil.which(name) or f"/usr/bin/{name}"


def input_options(container: Container, limits: MediaLimits) -> dict[str, Any]:
    return {
        "f": container.demuxer,
        "protocol_whitelist": "file",
        "format_whitelist": _WHITELIST.get(container.demuxer, container.demuxer),
        "max_streams": limits.max_streams + 1,
        # Of every picture: a stream may change its size in the middle, a cover may be a bomb.
        "max_pixels": limits.max_pixels,
    }


def open_source(source: Path, facts: MediaFacts, limits: MediaLimits, **more: Any) -> Any:
    """A stranger's file as an input, bounded in length and picture."""
    options = input_options(_CONTAINERS[facts.container], limits)
    options |= {"t": limits.max_seconds + 5, "threads": 2}
    if facts.rotation == 0:
        # Calls and recordings of browsers change the picture's size on their way. The tool would
        # build its whole graph anew, and the sound begin at 0 again: apart from the picture by
        # seconds. Our first scaler takes what comes. A filter that turns could not.
        options |= {"reinit_filter:v": 0, "autorotate": 0}
    return ffmpeg.input(f"file:{source}", **{**options, **more})


def open_made(name: str) -> Any:
    """An MP4 of our own, in the working directory."""
    only = {"f": "mov", "protocol_whitelist": "file", "format_whitelist": _WHITELIST["mov"]}
    return ffmpeg.input(f"file:{name}", **only)


def as_chain(stream: Any) -> str:
    """Filters without a branch as the text of one output's own. A stream that enters a graph of
    several is read whole: ffmpeg 5 forgets there what its demuxer was told to leave out."""
    argv = ffmpeg.output(stream, "-").compile()
    graph = argv[argv.index("-filter_complex") + 1]
    return ",".join(_LABELS.sub("", part) for part in graph.split(";"))


def compiled(*outputs: Any) -> list[str]:
    """One process for all outputs."""
    output = outputs[0] if len(outputs) == 1 else ffmpeg.merge_outputs(*outputs)
    output = output.global_args(
        # Each error is said, not "repeated": they are counted.
        *("-hide_banner", "-nostdin", "-y", "-loglevel", "repeat+error"),
        *("-nostats", "-progress", "pipe:1", "-stats_period", "1"),
        *("-filter_threads", "2", "-filter_complex_threads", "2"),
    )
    return [str(part) for part in output.compile(cmd=binary("ffmpeg"))]
