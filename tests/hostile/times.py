"""Rows 10 to 14, 32 and 33: clocks that lie, and streams that change on the way."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path

from tests.clips import ffmpeg, film
from tests.hostile.base import QUICK, Base, box, over

_GRAY = ("-f", "lavfi", "-i")


class Times(Base):
    # 10

    def one_picture(self) -> Path:
        return self._once(
            "one_picture.mp4",
            lambda path: ffmpeg("-i", film("bikes"), "-frames:v", "1", *QUICK, path),
        )

    def no_time_at_all(self) -> Path:
        """Fifty pictures, all of them at once."""

        def at_once(inside: bytes) -> bytes:
            return box(b"stts", bytes(4) + (1).to_bytes(4) + struct.pack(">II", 50, 0))

        content = self._patched("at_once.mp4", b"stts", at_once).read_bytes()
        for kind, at in ((b"mvhd", 16), (b"mdhd", 16), (b"tkhd", 20)):
            while True:
                place = content.find(kind)
                if place < 0:
                    break
                zeroed = over(content, place + 4 + at, bytes(4))
                content = over(zeroed, place, kind.upper())
        for kind in (b"mvhd", b"mdhd", b"tkhd"):
            content = content.replace(kind.upper(), kind)
        return self._bytes("no_time.mp4", content)

    # 11

    def says_a_half(self) -> Path:
        return self._says_less("says_a_half.mp4", 0.5)

    def says_a_little_less(self) -> Path:
        return self._says_less("says_a_little_less.mp4", 0.955)

    def _says_less(self, name: str, share: float) -> Path:
        """The whole film; each clock of its index ends early."""
        content = self.plain().read_bytes()
        for kind, at in ((b"mvhd", 16), (b"mdhd", 16), (b"tkhd", 20)):
            place = content.find(kind)
            while place >= 0:
                field = place + 4 + at
                said = int.from_bytes(content[field : field + 4])
                content = over(content, field, round(share * said).to_bytes(4))
                place = content.find(kind, field)
        return self._bytes(name, content)

    # 12

    def ten_hours(self) -> Path:
        """Ten hours in a few kilobytes, as Matroska: no stream says how long it is."""
        return self._once(
            "ten_hours.mkv",
            lambda path: ffmpeg(
                *(*_GRAY, "color=s=128x96:r=1:d=300", "-vf", "setpts=N*120/TB"),
                *("-fps_mode", "passthrough", *QUICK, path),
            ),
        )

    # 13

    def bursts(self) -> Path:
        """Twenty pictures within 20 microseconds, then half a second of nothing, and again."""
        clock = "settb=1/1000000,setpts='floor(N/20)*500000+mod(N,20)'"
        return self._once(
            "bursts.mp4",
            lambda path: ffmpeg(
                *("-i", film("bikes"), "-vf", f"scale=192:108,trim=end_frame=100,{clock}"),
                *("-fps_mode", "passthrough", "-enc_time_base", "1/1000000", *QUICK),
                *("-video_track_timescale", "1000000", path),
            ),
        )

    def twenty_thousand_pictures(self) -> Path:
        """Ten thousand a second, for two seconds."""
        return self._once(
            "twenty_thousand.mp4",
            lambda path: ffmpeg(
                *(*_GRAY, "testsrc=s=128x96:r=10000:d=2", *QUICK, "-g", "250"),
                *("-video_track_timescale", "1000000", path),
            ),
        )

    def ninety_thousand(self) -> Path:
        """A rate of 90,000, which the transport stream's clock brings about."""
        return self._once(
            "ninety_thousand.mp4",
            lambda path: ffmpeg(
                *("-t", "2", "-i", film("bikes"), "-vf"),
                "scale=192:108,setpts='PTS+mod(N,2)*0.0001/TB'",
                *("-fps_mode", "passthrough", "-enc_time_base", "1/90000", *QUICK),
                *("-video_track_timescale", "90000", path),
            ),
        )

    # 14

    def gap_of_hours(self) -> Path:
        """Two seconds, three hours of nothing, a second."""
        return self._once(
            "gap.mp4",
            lambda path: ffmpeg(
                *("-t", "3", "-i", film("bikes"), "-vf"),
                "scale=192:108,setpts='PTS+gt(T,2)*10800/TB'",
                *("-fps_mode", "passthrough", *QUICK, path),
            ),
        )

    def gap_that_is_not_said(self) -> Path:
        """The same as Matroska whose length says three seconds."""
        source = self._once(
            "gap.mkv", lambda path: ffmpeg("-i", self.gap_of_hours(), "-c", "copy", path)
        )
        content = source.read_bytes()
        at = content.index(b"\x44\x89\x88")  # Duration, a float of eight bytes
        return self._bytes("gap_unsaid.mkv", over(content, at + 3, struct.pack(">d", 3000.0)))

    def gap_in_fragments(self) -> Path:
        """Fragments, three hours between them; the index says three seconds."""
        source = self._once(
            "gap_fragments.mp4",
            lambda path: ffmpeg(
                *("-i", self.gap_of_hours(), "-c", "copy", "-movflags"),
                *("frag_every_frame+empty_moov+default_base_moof", path),
            ),
        )
        content = source.read_bytes()
        for kind in (b"mvhd", b"mdhd"):
            at = content.index(kind) + 4
            scale = int.from_bytes(content[at + 12 : at + 16])
            content = over(content, at + 16, (3 * scale).to_bytes(4))
        return self._bytes("gap_said_short.mp4", content)

    def backwards(self) -> Path:
        """Transport stream whose clock jumps back to its begin each half second."""
        return self._stream("backwards.ts", lambda n: 0 if n % 50 else -1)

    # 32

    def changes_its_size(self) -> Path:
        """From 192x108 to 640x360, to 108x192, and back."""
        sizes = ("192:108", "640:360", "108:192", "192:108")
        return self._pieces("sizes.ts", [("-vf", f"scale={s},setsar=1", *QUICK) for s in sizes])

    def grows_beyond_all_limits(self) -> Path:
        """192x108, then 5120x2880."""
        few = ("-vf", "fps=4,scale=5120:2880,setsar=1", *QUICK)
        return self._pieces("grows.ts", [("-vf", "scale=192:108,setsar=1", *QUICK), few])

    def changes_its_codec(self) -> Path:
        """H.264, then MPEG-2 under the same number."""
        return self._pieces(
            "codecs.ts",
            [
                ("-vf", "scale=192:108,setsar=1", *QUICK),
                ("-vf", "scale=192:108,setsar=1", "-c:v", "mpeg2video"),
            ],
        )

    def changes_its_pixels(self) -> Path:
        """8 bits of 4:2:0, then 10 bits of 4:4:4."""
        return self._pieces(
            "pixels.ts",
            [
                ("-vf", "scale=192:108,setsar=1", *QUICK),
                ("-vf", "scale=192:108,setsar=1", "-c:v", "libx264", "-pix_fmt", "yuv444p10le"),
            ],
        )

    def _pieces(self, name: str, kinds: list[tuple[str, ...]]) -> Path:
        def make(path: Path) -> None:
            parts = []
            for number, kind in enumerate(kinds):
                part = path.with_suffix(f".{number}.ts")
                sound = (*_GRAY, "sine=frequency=440:sample_rate=48000")
                ffmpeg(
                    *("-ss", "3", "-i", film("bikes"), *sound, "-t", "1", *kind),
                    *("-c:a", "aac", "-output_ts_offset", str(number), "-f", "mpegts", part),
                )
                parts.append(part.read_bytes())
                part.unlink()
            path.write_bytes(b"".join(parts))

        return self._once(name, make)

    # 33

    def clock_jumps(self) -> Path:
        """The clock of a transport stream jumps by hours now and then."""
        jumps = random.Random(3)
        return self._stream("jumps.ts", lambda n: jumps.randrange(2**33) if n % 20 == 0 else -1)

    def _stream(self, name: str, clock: Callable[[int], int]) -> Path:
        """``clock`` gives the n-th time that the stream tells, or -1 to leave it."""
        source = self._transport()

        def make(path: Path) -> None:
            content = bytearray(source.read_bytes())
            seen = 0
            for at in range(0, len(content), 188):
                has_clock = content[at + 3] & 0x20 and content[at + 4] and content[at + 5] & 0x10
                if has_clock:
                    seen += 1
                    put = clock(seen)
                    if put >= 0:
                        content[at + 6 : at + 11] = ((put << 7) | 0x7E).to_bytes(5)
            path.write_bytes(content)

        return self._once(name, make)

    def eight_thousand_programs(self) -> Path:
        """A list of 8,000 programs, a stream each, around one film."""
        return self._once("programs.ts", lambda path: write_programs(self._transport(), path))

    def eight_thousand_streams(self) -> Path:
        """One program of as many streams as its table holds, 8,000 more without a table."""
        return self._once("streams.ts", lambda path: write_streams(self._transport(), path))

    def _transport(self) -> Path:
        return self._once(
            "plain.ts",
            lambda path: ffmpeg(
                "-i", self.plain(), "-c", "copy", "-pcr_period", "20", "-f", "mpegts", path
            ),
        )

    def broken_avi_index(self) -> Path:
        """Each entry of the index points anywhere."""
        content = bytearray(self._avi().read_bytes())
        at, rng = content.rindex(b"idx1") + 8, random.Random(11)
        for entry in range(at, len(content) - 16, 16):
            content[entry + 8 : entry + 16] = rng.randbytes(8)
        return self._bytes("broken_index.avi", bytes(content))

    def avi_without_index(self) -> Path:
        content = self._avi().read_bytes()
        return self._bytes("no_index.avi", content[: content.rindex(b"idx1")])

    def avi_of_pieces_of_4_gb(self) -> Path:
        """Every piece of the film says that it is as long as a piece can be."""
        content = bytearray(self._avi().read_bytes())
        at = content.index(b"movi") + 4
        while at + 8 < len(content) and content[at : at + 4] != b"idx1":
            length = int.from_bytes(content[at + 4 : at + 8], "little")
            content[at + 4 : at + 8] = b"\xff\xff\xff\x7f"
            at += 8 + length + length % 2
        return self._bytes("large_pieces.avi", bytes(content))

    def _avi(self) -> Path:
        return self._once(
            "plain.avi",
            lambda path: ffmpeg("-i", self.plain(), "-c:v", "mpeg4", "-c:a", "mp3", path),
        )


def _packet(pid: int, payload: bytes, counter: int = 0) -> bytes:
    """A transport packet that begins a table or a piece (ISO/IEC 13818-1, 2.4.3)."""
    head = bytes((0x47, 0x40 | pid >> 8, pid & 0xFF, 0x10 | counter & 15))
    return head + payload.ljust(184, b"\xff")


def _crc(content: bytes) -> bytes:
    value = 0xFFFFFFFF
    for byte in content:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value.to_bytes(4)


def _table(kind: int, number: int, part: int, last: int, body: bytes) -> bytes:
    inside = number.to_bytes(2) + b"\xc1" + bytes((part, last)) + body
    head = bytes((kind, 0xB0 | (len(inside) + 4) >> 8, (len(inside) + 4) & 0xFF))
    return b"\0" + head + inside + _crc(head + inside)


def write_programs(film: Path, target: Path) -> None:
    """Tables of forty programs each; a table of streams for every one."""
    packets = []
    numbers = range(100, 8100)
    groups = [numbers[i : i + 40] for i in range(0, len(numbers), 40)]
    for part, group in enumerate(groups):
        body = b"".join(n.to_bytes(2) + (0xE000 | n).to_bytes(2) for n in group)
        packets.append(_packet(0, _table(0, 1, part, len(groups) - 1, body), part))
    for n in numbers:
        body = (0xE000 | n).to_bytes(2) + b"\xf0\0" + b"\x1b" + (0xE000 | n).to_bytes(2) + b"\xf0\0"
        packets.append(_packet(n, _table(2, n, 0, 0, body)))
    target.write_bytes(b"".join(packets) + film.read_bytes())


def write_streams(film: Path, target: Path) -> None:
    """Pieces of 8,000 streams that no table names, between those of the film."""
    pes = b"\0\0\1\xe0\0\0\x80\x80\x05\x21\0\1\0\1" + b"\0\0\0\1\x67\x42\0\x0a"
    packets = [_packet(n, pes) for n in range(200, 8100)]
    content = film.read_bytes()
    target.write_bytes(content[: 188 * 20] + b"".join(packets) + content[188 * 20 :])
