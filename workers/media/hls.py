"""Playlists: what the tool wrote is read, and the master playlist is ours.

The tool's own master knows the bit rates that were asked for, not those that came out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.media.errors import MediaToolFailed, Refused

_DURATION = re.compile(r"^#EXTINF:([0-9.]+)", re.MULTILINE)
_RANGE = re.compile(r"^#EXT-X-BYTERANGE:(\d+)@", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Track:
    """One media playlist, measured. Bit rates in bits a second; duration in seconds."""

    name: str
    duration: float
    peak: int
    average: int
    codec: str
    channels: int = 0


@dataclass(frozen=True, slots=True)
class Variant:
    """A track with its picture and its sound: what a line of the master playlist says."""

    track: Track
    width: int
    height: int
    rate: float
    sound: Track | None = None
    group: str = "sound"


def measure(folder: Path, name: str, channels: int = 0) -> Track:
    """Read ``name.m3u8`` and ``name.mp4``; ``channels`` is for a sound. Raises
    :class:`MediaToolFailed` ("bad_output"), or :class:`Refused` for what has no length."""
    playlist = folder / f"{name}.m3u8"
    media = folder / f"{name}.mp4"
    if not playlist.is_file() or not media.is_file():
        raise MediaToolFailed("bad_output", f"{name} is missing")
    text = playlist.read_text()
    durations = [float(d) for d in _DURATION.findall(text)]
    sizes = [int(s) for s in _RANGE.findall(text)]
    if not durations or len(durations) != len(sizes) or "#EXT-X-ENDLIST" not in text:
        raise MediaToolFailed("bad_output", f"{name}.m3u8 is not whole")
    total = sum(durations)
    if total <= 0:
        raise Refused("unreadable", f"{name} has no length")
    # A last segment of a few frames says nothing of the rate that a player needs.
    peak = max(s * 8 / d for s, d in zip(sizes, durations, strict=True) if d >= min(1.0, total))
    average = sum(sizes) * 8 / total
    with media.open("rb") as file:
        head = file.read(65536)
    codec = _codec(head, media.name)
    return Track(name, total, round(max(peak, average)), round(average), codec, channels)


def _codec(head: bytes, name: str) -> str:
    """The RFC 6381 string: profile, constraints and level stand in the box "avcC"."""
    at = head.find(b"avcC")
    if at >= 0:
        return f"avc1.{head[at + 5 : at + 8].hex()}"
    if b"mp4a" in head:
        return "mp4a.40.2"
    raise MediaToolFailed("bad_output", f"{name} has no codec that we know")


def master(variants: Sequence[Variant]) -> str:
    """The master playlist (RFC 8216, 4.3.4), smallest first; its places are relative."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    sounds = {v.group: v.sound for v in variants if v.sound is not None}
    for group, sound in sounds.items():
        lines.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="{group}",NAME="sound",DEFAULT=YES,AUTOSELECT=YES,'
            f'CHANNELS="{sound.channels}",URI="{sound.name}.m3u8"'
        )
    for variant in sorted(variants, key=lambda v: v.track.average):
        track, audio = variant.track, variant.sound
        codecs = track.codec + (f",{audio.codec}" if audio else "")
        peak = track.peak + (audio.peak if audio else 0)
        average = track.average + (audio.average if audio else 0)
        lines.append(
            f"#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},"
            f'CODECS="{codecs}",RESOLUTION={variant.width}x{variant.height},'
            f"FRAME-RATE={variant.rate:.3f}" + (f',AUDIO="{variant.group}"' if audio else "")
        )
        lines.append(f"{track.name}.m3u8")
    return "\n".join(lines) + "\n"
