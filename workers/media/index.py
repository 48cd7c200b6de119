"""What the index of an MP4 says that the tool does not tell: protection, and edits that repeat."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.media.errors import Refused

# ISO/IEC 14496-12, 8.12: a protected track's sample entry holds what it was before ("frma").
_PROTECTED = re.compile(rb"sinf....frma", re.DOTALL)
# A film that was cut on a phone has two or three; each costs the tool a walk through the index.
MAX_EDITS = 1000
# What a track shows may be longer than the track by rounding, by a picture that stands.
_MORE, _MORE_S = 1.1, 1.0


def check_index(moov: bytes) -> bool:
    """Whether a track is spliced: see :class:`workers.media.facts.MediaFacts`.

    ``moov``: the content of that box. Raises :class:`Refused` ("encrypted", "unreadable").
    """
    if _PROTECTED.search(moov):
        raise Refused("encrypted", "protected by Common Encryption")
    clock, spliced = _clock(moov), False
    for kind, track in boxes(moov):
        if kind == b"trak":
            _check_clock(track)
            parts = _check_edits(track, clock)
            spliced = spliced or parts > 1 or _descriptions(track) > 1
    return spliced


def boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each box on this level, as far as they are whole."""
    at = 0
    while at + 8 <= len(content):
        length = int.from_bytes(content[at : at + 4])
        if length < 8:
            return
        yield content[at + 4 : at + 8], content[at + 8 : at + length]
        at += length


def _find(content: bytes, *path: bytes) -> bytes:
    """The first box along ``path``; empty when there is none."""
    for kind in path:
        content = next((inside for name, inside in boxes(content) if name == kind), b"")
    return content


def _clock(moov: bytes) -> int:
    """Parts of a second in which edits are measured."""
    return _scale_and_length(_find(moov, b"mvhd"))[0]


def _scale_and_length(header: bytes) -> tuple[int, int]:
    """Of `mvhd` and `mdhd`, which begin alike (ISO/IEC 14496-12, 8.2.2 and 8.4.2)."""
    if header[:1] == b"\x01":
        return int.from_bytes(header[20:24]), int.from_bytes(header[24:32])
    return int.from_bytes(header[12:16]), int.from_bytes(header[16:20])


def _check_clock(track: bytes) -> None:
    """A film or a sound whose second has no parts has no times: ffmpeg 5 makes a still of it,
    ffmpeg 7 less."""
    header = _find(track, b"mdia", b"mdhd")
    handler = _find(track, b"mdia", b"hdlr")[8:12]
    if len(header) >= 20 and handler in (b"vide", b"soun") and not _scale_and_length(header)[0]:
        raise Refused("unreadable", f"a track ({handler!r}) whose second has no parts")


def _descriptions(track: bytes) -> int:
    """In how many ways a film or a sound says that its samples are coded (`stsd`): a muxer that
    copies keeps the first."""
    if _find(track, b"mdia", b"hdlr")[8:12] not in (b"vide", b"soun"):
        return 1
    return int.from_bytes(_find(track, b"mdia", b"minf", b"stbl", b"stsd")[4:8])


def _check_edits(track: bytes, clock: int) -> int:
    """In how many parts its edit list shows a track. Raises :class:`Refused` for one that it shows
    again and again: hours from a few pictures."""
    edits = _find(track, b"edts", b"elst")
    count, wide = int.from_bytes(edits[4:8]), edits[:1] == b"\x01"
    size, half = (20, 8) if wide else (12, 4)
    whole = min(count, (len(edits) - 8) // size)
    if whole > MAX_EDITS:
        raise Refused("unreadable", f"an edit list of {whole} entries")
    shown = parts = 0
    for at in range(8, 8 + whole * size, size):
        if edits[at + half] < 0x80:  # a begin before 0 means: nothing is shown
            shown += int.from_bytes(edits[at : at + half])
            parts += 1
    scale, length = _scale_and_length(_find(track, b"mdia", b"mdhd"))
    if clock and scale and length and shown / clock > _MORE * length / scale + _MORE_S:
        detail = f"edits show {shown / clock:.1f} s of {length / scale:.1f} s"
        raise Refused("unreadable", detail)
    return parts
