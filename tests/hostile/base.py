"""What all hostile clips are made from: a small film, and the boxes of an MP4 as a tree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.clips import Clips, ffmpeg, film

QUICK = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
SECONDS = 2.0
_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts")
# Searched for among the bytes of whatever is made.
SECRET = "chim-hoang-yen-bi-mat-7731"


def box(kind: bytes, content: bytes) -> bytes:
    """ISO/IEC 14496-12, 4.2."""
    return (len(content) + 8).to_bytes(4) + kind + content


def boxes(content: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and content of each box on this level; sizes of 32 bits only."""
    found, at = [], 0
    while at + 8 <= len(content):
        length = int.from_bytes(content[at : at + 4])
        found.append((content[at + 4 : at + 8], content[at + 8 : at + length]))
        at += length
    return found


def changed(content: bytes, kind: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """``content`` with each box of ``kind`` replaced by what ``change`` makes of its content:
    whole boxes. The sizes above are right again; the film must stand before its index."""
    parts = []
    for name, inside in boxes(content):
        if name == kind:
            parts.append(change(inside))
        elif name in _CONTAINERS:
            parts.append(box(name, changed(inside, kind, change)))
        else:
            parts.append(box(name, inside))
    return b"".join(parts)


def over(content: bytes, at: int, put: bytes) -> bytes:
    """``content`` with ``put`` written over it from ``at`` on."""
    return content[:at] + put + content[at + len(put) :]


class Base(Clips):
    def plain(self) -> Path:
        """Two seconds of the filmed street with sound, 192x108; the index stands at the end."""
        return self._once(
            "plain.mp4",
            lambda path: ffmpeg(
                *("-ss", "3", "-t", str(SECONDS), "-i", film("bikes")),
                *("-f", "lavfi", "-t", str(SECONDS), "-i", "sine=frequency=440:sample_rate=48000"),
                *("-vf", "scale=192:108,setsar=1", *QUICK, "-c:a", "aac", "-ac", "2", path),
            ),
        )

    def secret(self) -> Path:
        """A file of this machine that no clip has a reason to open."""
        return self._bytes("secret.txt", f"root:{SECRET}:0:0\n".encode() * 40)

    def _patched(self, name: str, kind: bytes, change: Callable[[bytes], bytes]) -> Path:
        return self._bytes(name, changed(self.plain().read_bytes(), kind, change))
