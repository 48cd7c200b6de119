"""What the tool's muxers write of themselves into an MP4, wiped out in place.

The muxer inside its HLS muxer can not be told to leave its name out, and the name of an encoder
stands in each picture track. Sizes and places stay, so that byte ranges hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

# ISO/IEC 14496-12, 12.1.3: from the type of a visual sample entry to its compressor name.
_NAME_AT, _NAME_BYTES = 46, 32
_ENTRY = b"avc1" + bytes(6)  # type, reserved
_MAX_INDEX = 64 * 1024 * 1024


def wipe_names(path: Path) -> None:
    """Turn `udta` of the index into free space, and empty the names of encoders."""
    with path.open("r+b") as file:
        size = path.stat().st_size
        for at, kind, length in _boxes(file.read(min(size, _MAX_INDEX))):
            if kind == b"moov":
                file.seek(at)
                index = bytearray(file.read(length))
                _wipe(index)
                file.seek(at)
                file.write(index)
                return


def _wipe(index: bytearray) -> None:
    for at, kind, length in _boxes(index[8:]):
        if kind == b"udta":
            begin = at + 8
            index[begin + 4 : begin + length] = b"free" + bytes(length - 8)
    at = index.find(_ENTRY)
    while at >= 0:
        index[at + _NAME_AT : at + _NAME_AT + _NAME_BYTES] = bytes(_NAME_BYTES)
        at = index.find(_ENTRY, at + 4)


def _boxes(content: bytes | bytearray) -> Iterator[tuple[int, bytes, int]]:
    """Place, kind and length of each box on this level."""
    at = 0
    while at + 8 <= len(content):
        length = int.from_bytes(content[at : at + 4])
        if length < 8:
            return
        yield at, bytes(content[at + 4 : at + 8]), length
        at += length
