"""Questions to ffprobe."""

from __future__ import annotations

from pathlib import Path

from workers.media.commands.base import binary, input_options
from workers.media.facts import MediaFacts, MediaLimits
from workers.media.sniff import MP4, Container


def ffprobe(source: Path, container: Container, limits: MediaLimits) -> list[str]:
    """Ask for streams and format as JSON."""
    return _ask(source, container, limits, "-show_streams", "-show_format", "-of", "json")


def packet_times(source: Path, container: Container, limits: MediaLimits) -> list[str]:
    """Ask for stream, begin and length of every packet, a line each: "0,1.040000,0.040000"."""
    wanted = ("-show_entries", "packet=stream_index,pts_time,duration_time")
    return _ask(source, container, limits, *wanted, "-of", "csv=p=0")


def video_packets(source: Path, facts: MediaFacts, limits: MediaLimits) -> list[str]:
    """Ask for time, size, place and flags of every coded picture: "1.040000,812,48213,K__"."""
    track = ("-select_streams", str(facts.video_index))
    wanted = ("-show_entries", "packet=pts_time,size,pos,flags")
    return _ask(source, MP4, limits, *track, *wanted, "-of", "csv=p=0")


def _ask(source: Path, container: Container, limits: MediaLimits, *question: str) -> list[str]:
    options = input_options(container, limits)
    return [
        binary("ffprobe"),
        *("-v", "error", "-hide_banner"),
        *(part for name, value in options.items() for part in (f"-{name}", str(value))),
        *question,
        f"file:{source}",
    ]
