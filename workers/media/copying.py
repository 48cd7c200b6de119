"""Whether a source is already what a rung would be, so that it is copied and not encoded.

Every condition is one that a player, or a change between rungs, would show: see docs/media.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from workers.media.facts import MediaFacts
from workers.media.hls import Track
from workers.media.ladder import MAX_RATE, SEGMENT_SECONDS, Rung

_PROFILES = ("Constrained Baseline", "Main", "High")
_MAX_LEVEL = 41
# The matrices that every screen knows, and none named: then the player goes by the size.
_COLOURS = ("", "bt709", "smpte170m", "bt470bg")
# A peak of a second or two is what a buffer is for.
_PEAK = 1.5
# Neighbours of one encoder differ by 1.6 to 3 (street, face, photographs).
_WASTE = 5
_LONGEST_SEGMENT = 1.5 * SEGMENT_SECONDS
# ITU-T H.264, table 7-1: slices of a picture; of an IDR picture; side units; delimiters.
_SLICE, _IDR, _HARMLESS = 1, 5, (6, 9, 12)


@dataclass(frozen=True, slots=True)
class Packet:
    """One coded picture: times in seconds, place and size in bytes."""

    at: float
    key: bool
    bytes: int
    place: int


def is_wasteful(copied: Rung, tracks: Mapping[str, Track]) -> bool:
    """Whether the copy costs a viewer far more than the rung below it lets one expect: an editing
    app gives photographs that stand the bit rate of a race. ``tracks``: name of a rung -> it."""
    below = [t.average for name, t in tracks.items() if name != copied.name]
    return bool(below) and tracks[copied.name].average > _WASTE * max(below)


def packets(lines: bytes) -> list[Packet]:
    """From lines "time,size,place,flags" of ffprobe, in coding order. A line without a time or a
    place is kept as one that fits nowhere."""
    found = []
    for line in lines.decode(errors="replace").splitlines():
        at, size, place, flags = (line + ",,,").split(",")[:4]
        try:
            found.append(Packet(float(at), "K" in flags, int(size), int(place)))
        except ValueError:
            found.append(Packet(-1.0, False, 0, -1))
    return found


def is_candidate(facts: MediaFacts, rung: Rung) -> bool:
    """What the facts alone say: without this the packets need not be looked at."""
    return (
        facts.container == "mp4"
        and not facts.spliced
        and facts.video_codec == "h264"
        and facts.profile in _PROFILES
        and 0 < facts.level <= _MAX_LEVEL
        and facts.pixel_format == "yuv420p"
        and not facts.full_range
        and not facts.hdr
        and facts.colour in _COLOURS
        and not facts.interlaced
        and facts.square_pixels
        and facts.rotation == 0
        and not facts.variable_rate
        and facts.rate <= MAX_RATE
        and facts.short_side == rung.side
        and facts.width % 2 == 0
        and facts.height % 2 == 0
        and facts.video_kbps <= rung.max_kbps
    )


def key_times(source: Path, facts: MediaFacts, rung: Rung, found: Sequence[Packet]) -> list[float]:
    """The times of its key frames when the source can be copied, else nothing."""
    keys = [p.at for p in found if p.key]
    fits = (
        bool(keys)
        and _begins_at_once(found, facts)
        and _is_steady(found, facts)
        and _is_closed(found)
        and _segments_fit(found, keys, facts, rung)
        and all(_is_idr(source, p) for p in found if p.key)
    )
    return keys if fits else []


def _begins_at_once(found: Sequence[Packet], facts: MediaFacts) -> bool:
    """An edit list that hides pictures, or sound that comes first, would be lost in a copy."""
    frame = 1 / float(facts.rate)
    return (
        found[0].key
        and all(-frame / 2 < found[0].at <= p.at for p in found)
        and found[0].at < frame / 2
    )


def _is_steady(found: Sequence[Packet], facts: MediaFacts) -> bool:
    frame = 1 / float(facts.rate)
    times = sorted(p.at for p in found)
    return all(0.5 * frame < b - a < 1.5 * frame for a, b in pairwise(times))


def _is_closed(found: Sequence[Packet]) -> bool:
    """No picture that is coded after a key frame is shown before it."""
    latest_key = -1.0
    for packet in found:
        if packet.key:
            latest_key = packet.at
        if packet.at < latest_key:
            return False
    return True


def _segments_fit(
    found: Sequence[Packet], keys: Sequence[float], facts: MediaFacts, rung: Rung
) -> bool:
    """Segments as the muxer will cut them: at the first key frame after each four seconds."""
    starts = [keys[0]]
    for at in keys[1:]:
        if at - keys[0] >= SEGMENT_SECONDS * len(starts) - 0.001:
            starts.append(at)
    ends = [*starts[1:], max(facts.duration_s, starts[-1] + 0.001)]
    for start, end in zip(starts, ends, strict=True):
        bits = 8 * sum(p.bytes for p in found if start <= p.at < end)
        if end - start > _LONGEST_SEGMENT:
            return False
        if bits > _PEAK * rung.max_kbps * 1000 * max(end - start, 1.0):
            return False
    return True


def _is_idr(source: Path, packet: Packet) -> bool:
    """The picture's own units (ISO/IEC 14496-15, lengths of four bytes): an IDR slice, and no
    parameters of a stream that changes on its way."""
    with source.open("rb") as file:
        file.seek(packet.place)
        content = file.read(min(packet.bytes, 4096))
    at = 0
    while at + 5 <= len(content):
        kind = content[at + 4] & 0x1F
        if kind == _IDR:
            return True
        if kind not in _HARMLESS:
            return False
        at += 4 + int.from_bytes(content[at : at + 4])
    return False
