"""Which container a file is, by its first bytes: the tool is told its demuxer, never asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workers.media.errors import Refused
from workers.media.index import check_index

HEAD = 64 * 1024
# Ten minutes of one fragment a frame are 72,000 boxes; a gigabyte of empty ones is mischief.
MAX_BOXES = 200_000
# An hour of film has some megabytes of index.
MAX_INDEX = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Container:
    """``demuxer``: the name that the media tool is forced to."""

    name: str
    demuxer: str


MP4 = Container("mp4", "mov")
MATROSKA = Container("matroska", "matroska")
MPEGTS = Container("mpegts", "mpegts")
AVI = Container("avi", "avi")

# A recorded television channel has some thirty streams and tables.
MAX_PIDS = 200
_PIECE = 1024 * 1024
# A packet is followed by another: what was cut or shifted does not count.
_PACKETS = {
    size: re.compile(b"\x47(..).{%d}(?=\x47)" % (size - 3), re.DOTALL) for size in (188, 192)
}

_FILM_BOXES = (b"moov", b"mdat", b"moof")
_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
# Pictures and sound wear the same box.
_PICTURE_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"crx ")
_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
_PLAYLISTS = (b"#extm3u", b"ffconcat", b"[playlist]", b"<mpd", b"<smoothstreamingmedia")
_AUDIO = (b"ID3", b"fLaC", b"#!AMR", b"\xff\xf1", b"\xff\xf9", b"\xff\xfb", b"\xff\xf3")
# Known kinds of video that no phone makes and no rung is made of.
_UNSUPPORTED = (
    b"FLV\x01",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF: WMV, WMA
    b"\x00\x00\x01\xba",  # MPEG program stream
    b"OggS",
    b".RMF",
)


def sniff(path: Path) -> Container:
    """The container, or :class:`Refused`."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise Refused("empty_file")
    container = _container(head)
    if container is not None:
        return container
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(_PLAYLISTS) or (text.startswith(b"<?xml") and b"<mpd" in text[:2048]):
        raise Refused("playlist_not_video", "a list that points to other files")
    if head.startswith(_AUDIO) or (head[:4] == b"RIFF" and head[8:12] == b"WAVE"):
        raise Refused("no_video_track", "a sound file")
    if head.startswith(_UNSUPPORTED):
        raise Refused("codec_not_supported", "a container that is not taken")
    raise Refused("not_a_video", f"begins with {head[:8].hex(' ')}")


def _container(head: bytes) -> Container | None:
    if head[4:8] in _MP4_BOXES:
        brand = head[8:12] if head[4:8] == b"ftyp" else b""
        if brand in _PICTURE_BRANDS:
            raise Refused("no_video_track", "a picture")
        if brand in _AUDIO_BRANDS:
            raise Refused("no_video_track", "a sound file")
        return MP4
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return MATROSKA
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return AVI
    if _packet_size(head):
        return MPEGTS
    return None


def _packet_size(head: bytes) -> int | None:
    """A sync byte at the start of each of the first packets (188 bytes, or 192 of cameras)."""
    for size, offset in ((188, 0), (192, 4)):
        starts = range(offset, min(len(head), size * 5), size)
        if len(starts) >= 3 and all(head[i] == 0x47 for i in starts):
            return size
    return None


def check_transport_stream(path: Path) -> None:
    """Count the numbers of its streams and tables: the tool's work grows with their square.

    Raises :class:`Refused` ("too_many_streams").
    """
    seen: set[int] = set()
    rest = b""
    with path.open("rb") as file:
        packets = _PACKETS[_packet_size(file.read(HEAD)) or 188]
        file.seek(0)
        while part := file.read(_PIECE):
            part = rest + part
            # ISO/IEC 13818-1, 2.4.3.2: 13 bits behind the sync byte.
            seen |= {int.from_bytes(flags) & 0x1FFF for flags in set(packets.findall(part))}
            if len(seen) > MAX_PIDS:
                raise Refused("too_many_streams", f"over {MAX_PIDS} in a transport stream")
            rest = part[-2 * 192 :]


def check_mp4_is_whole(path: Path) -> bool:
    """Walk the top boxes: a file that was cut lacks its index or ends inside a box of the film.
    Whether it is spliced, as :func:`check_index` says.

    Raises :class:`Refused` ("truncated", "unreadable" for boxes without end, and what
    :func:`check_index` finds).
    """
    size = path.stat().st_size
    seen: set[bytes] = set()
    index = 0, 0
    for kind, begin, end in _top_boxes(path, size):
        # Some phones write a box of their own behind the film, and are careless with its size.
        if end > size and (kind in _FILM_BOXES or b"moov" not in seen):
            raise Refused("truncated", f"{kind!r} ends {end - size} bytes on")
        if kind == b"moov" and kind not in seen:
            index = begin, end
        seen.add(kind)
    if b"moov" not in seen:
        raise Refused("truncated", "the index (moov) is missing")
    with path.open("rb") as file:
        file.seek(index[0])
        return check_index(file.read(min(index[1] - index[0], MAX_INDEX)))


def _top_boxes(path: Path, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, begin of the content, and end of each box (ISO/IEC 14496-12, 4.2: size, type, 64-bit
    size)."""
    position = 0
    with path.open("rb") as file:
        for _ in range(MAX_BOXES):
            if position + 8 > size:
                return
            file.seek(position)
            header = file.read(16)
            length, kind, head = int.from_bytes(header[:4]), header[4:8], 8
            if length == 1:
                length, head = int.from_bytes(header[8:16]), 16
            elif length == 0:
                length = size - position
            if length < head or not all(32 <= c < 127 or c == 0xA9 for c in kind):
                return  # not a box: what follows is no part of the film
            yield kind, position + head, position + length
            position += length
    raise Refused("unreadable", f"more than {MAX_BOXES} boxes")
