"""Captions in HLS (RFC 8216): lines for the master playlist, and a playlist of their own. Pure.

No ``X-TIMESTAMP-MAP``: our segments are fMP4 whose media time begins at 0, which is what a player
takes where the header says nothing (RFC 8216, 3.5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MIME = "application/vnd.apple.mpegurl"
_GROUP = "captions"
_STREAM = "#EXT-X-STREAM-INF:"


@dataclass(frozen=True, slots=True)
class Track:
    """``uri``: of the caption playlist, relative to the master playlist. ``name``: for people."""

    language: str
    name: str
    uri: str


def with_captions(master: str, tracks: Sequence[Track]) -> str:
    """The master playlist with its captions: offered, never forced on anybody."""
    if not tracks:
        return master
    lines: list[str] = []
    told = False
    for line in master.splitlines():
        if line.startswith(_STREAM):
            if not told:
                lines += [_media(track) for track in tracks]
                told = True
            line = f'{line},SUBTITLES="{_GROUP}"'
        lines.append(line)
    return "\n".join(lines) + "\n"


def _media(track: Track) -> str:
    return (
        f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="{_GROUP}",NAME="{track.name}",'
        f'LANGUAGE="{track.language}",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="{track.uri}"'
    )


def playlist(uri: str, duration_s: float) -> str:
    """One segment, as long as the clip: captions of some minutes weigh less than a request."""
    lines = (
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(1, math.ceil(duration_s))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        f"#EXTINF:{duration_s:.3f},",
        uri,
        "#EXT-X-ENDLIST",
    )
    return "\n".join(lines) + "\n"
