"""Rows 7, 8, 11, 17 to 21, 23 and 24: an MP4 whose boxes lie."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from pathlib import Path

from tests.clips import ffmpeg
from tests.hostile.base import Base, box, changed, over

_MANY = 0xFFFFFFFF


class Mp4(Base):
    # 7: the film lies in another file.

    def elsewhere_url(self) -> Path:
        place = box(b"url ", bytes(4) + f"file://{self.secret()}\0".encode())
        return self._dref("dref_url.mp4", place)

    def elsewhere_alias(self) -> Path:
        """As QuickTime writes it: the only kind that the tool can follow."""
        secret = str(self.secret()).encode()
        names = b"\4disk" + bytes(23) + bytes(12) + b"\6secret" + bytes(57)
        alias = bytes(4 + 10) + names + bytes(16 + 4 + 16)
        paths = b"".join(
            kind.to_bytes(2) + len(value).to_bytes(2) + value + b"\0" * (len(value) % 2)
            for kind, value in ((2, secret), (0xFFFF, b""))
        )
        return self._dref("dref_alias.mp4", box(b"alis", alias + paths))

    def _dref(self, name: str, entry: bytes) -> Path:
        one = (0).to_bytes(4) + (1).to_bytes(4)
        return self._patched(name, b"dref", lambda _: box(b"dref", one + entry))

    # 8: sizes that are not those of the pictures.

    def stated_huge(self) -> Path:
        """65535x65535 in the sample entry; the pictures themselves say 192x108."""
        content = self.plain().read_bytes()
        at = content.index(b"avc1", content.index(b"stsd"))
        return self._bytes("stated_huge.mp4", over(content, at + 28, b"\xff" * 4))

    def stated_huge_track(self) -> Path:
        """The same in the track's header, where players read how large to show it."""
        return self._patched(
            "huge_track.mp4",
            b"tkhd",
            lambda inside: box(
                b"tkhd",
                inside[:-8] + (b"\xff\xff\0\0" * 2 if inside[-8:] != bytes(8) else bytes(8)),
            ),
        )

    # 11: lengths that are not the film's.

    def says_years(self) -> Path:
        """Every header says some years."""
        content = self.plain().read_bytes()
        for kind, at in ((b"mvhd", 16), (b"mdhd", 16), (b"tkhd", 20)):
            content = changed(
                content,
                kind,
                lambda inside, kind=kind, at=at: box(kind, over(inside, at, b"\x7f" + b"\xff" * 3)),
            )
        return self._bytes("says_years.mp4", content)

    def film_says_years(self) -> Path:
        """Only the film's header; the tracks know better."""
        return self._patched(
            "mvhd_years.mp4",
            b"mvhd",
            lambda inside: box(b"mvhd", over(inside, 16, b"\x7f\xff\xff\xff")),
        )

    def says_less(self) -> Path:
        """Every header says half a second less than what is there."""
        content = self.plain().read_bytes()
        for kind, at, clock in ((b"mvhd", 16, 12), (b"mdhd", 16, 12)):

            def shorter(
                inside: bytes, kind: bytes = kind, at: int = at, clock: int = clock
            ) -> bytes:
                scale = int.from_bytes(inside[clock : clock + 4])
                length = int.from_bytes(inside[at : at + 4])
                return box(kind, over(inside, at, (length - scale // 2).to_bytes(4)))

            content = changed(content, kind, shorter)
        return self._bytes("says_less.mp4", content)

    def clock_of_zero(self) -> Path:
        """A track whose second has no parts."""
        return self._patched(
            "clock_of_zero.mp4", b"mdhd", lambda inside: box(b"mdhd", over(inside, 12, bytes(4)))
        )

    # 17: tables that promise more than there is.

    def times_without_end(self) -> Path:
        return self._count("stts", 4)

    def one_time_for_billions(self) -> Path:
        """One entry that stands for four thousand million pictures."""
        return self._patched(
            "stts_many.mp4",
            b"stts",
            lambda inside: box(b"stts", bytes(4) + (1).to_bytes(4) + b"\xff\xff\xff\xff\0\0\2\0"),
        )

    def sizes_without_end(self) -> Path:
        return self._count("stsz", 8)

    def one_size_for_billions(self) -> Path:
        return self._patched(
            "stsz_many.mp4",
            b"stsz",
            lambda inside: box(b"stsz", bytes(4) + (9).to_bytes(4) + b"\xff\xff\xff\xf0"),
        )

    def shifts_without_end(self) -> Path:
        return self._patched(
            "ctts.mp4",
            b"stts",
            lambda inside: (
                box(b"stts", inside) + box(b"ctts", bytes(4) + b"\xff" * 4 + b"\xff" * 8)
            ),
        )

    def pieces_without_end(self) -> Path:
        return self._count("stsc", 4)

    def places_without_end(self) -> Path:
        return self._count("stco", 4)

    def one_piece_of_billions(self) -> Path:
        """A piece of the film that holds all pictures of the world."""
        return self._patched(
            "stsc_many.mp4",
            b"stsc",
            lambda inside: box(b"stsc", bytes(4) + struct.pack(">4I", 1, 1, _MANY - 1, 1)),
        )

    def real_bomb(self) -> Path:
        """Three million times of no length, really there: 24 MB of index a track."""

        def bomb(inside: bytes) -> bytes:
            count = 3_000_000
            return box(b"stts", bytes(4) + count.to_bytes(4) + b"\0\0\0\1\0\0\0\0" * count)

        return self._patched("real_bomb.mp4", b"stts", bomb)

    def _count(self, kind: str, at: int) -> Path:
        name = kind.encode()
        return self._patched(
            f"{kind}_count.mp4", name, lambda inside: box(name, over(inside, at, b"\xff" * 4))
        )

    # 18: boxes in boxes.

    def deep(self) -> Path:
        """Two thousand levels; each says that its film is inside."""
        inside = b""
        for _ in range(2000):
            inside = box(b"trak", inside)
        return self._bytes("deep.mp4", self._with_index(lambda moov: moov + inside))

    def deep_udta(self) -> Path:
        inside = b""
        for _ in range(3000):
            inside = box(b"udta", inside)
        return self._bytes("deep_udta.mp4", self._with_index(lambda moov: moov + inside))

    def broad(self) -> Path:
        """A hundred and fifty thousand empty boxes in the index."""
        many = box(b"free", b"") * 150_000
        return self._bytes("broad.mp4", self._with_index(lambda moov: moov + many))

    def _with_index(self, change: Callable[[bytes], bytes]) -> bytes:
        content = self.plain().read_bytes()
        at = content.rindex(b"moov") - 4
        return content[:at] + box(b"moov", change(content[at + 8 :]))

    # 19: sizes of boxes.

    def size_zero_first(self) -> Path:
        """The first box goes on to the end."""
        content = self.plain().read_bytes()
        return self._bytes("size_zero.mp4", bytes(4) + content[4:])

    def size_one_without_more(self) -> Path:
        content = self.plain().read_bytes()
        return self._bytes("size_one.mp4", over(content, 0, (1).to_bytes(4)))

    def size_of_exabytes(self) -> Path:
        """A box of 64 bits' size."""
        huge = (1).to_bytes(4) + b"mdat" + b"\x7f" + b"\xff" * 7
        return self._bytes("exabytes.mp4", self.plain().read_bytes() + huge)

    def size_that_turns_around(self) -> Path:
        """Added to its place it is a small number again, for those who count in 64 bits."""
        around = (1).to_bytes(4) + b"free" + (2**64 - 16).to_bytes(8)
        return self._bytes("around.mp4", self._moved(16, around))

    def size_smaller_than_itself(self) -> Path:
        content = self.plain().read_bytes()
        at = content.rindex(b"moov") - 4
        return self._bytes("size_four.mp4", over(content, at, (4).to_bytes(4)))

    def child_beyond_its_parent(self) -> Path:
        return self._patched(
            "beyond.mp4", b"stsd", lambda inside: b"\x7f\xff\xff\xff" + b"stsd" + inside
        )

    def _moved(self, by: int, before: bytes) -> bytes:
        def shift(inside: bytes) -> bytes:
            count = int.from_bytes(inside[4:8])
            places = [int.from_bytes(inside[8 + 4 * i : 12 + 4 * i]) + by for i in range(count)]
            return box(b"stco", inside[:8] + b"".join(p.to_bytes(4) for p in places))

        content = changed(self.plain().read_bytes(), b"stco", shift)
        head = int.from_bytes(content[:4])
        return content[:head] + before + content[head:]

    # 20, 21: cut, and nothing at all.

    def cut_at(self, tenths: int) -> Path:
        """The index stands in front; ``tenths`` of the file are there."""
        front = self._once(
            "front.mp4",
            lambda path: ffmpeg("-i", self.plain(), "-c", "copy", "-movflags", "+faststart", path),
        ).read_bytes()
        return self._bytes(f"cut_{tenths}.mp4", front[: len(front) * tenths // 10])

    def cut_index(self) -> Path:
        """The index itself breaks off."""
        content = self.plain().read_bytes()
        return self._bytes("cut_index.mp4", content[: content.rindex(b"moov") + 200])

    def cut_fragments(self) -> Path:
        whole = self._once(
            "fragments.mp4",
            lambda path: ffmpeg(
                *("-i", self.plain(), "-c", "copy"),
                *("-movflags", "frag_every_frame+empty_moov+default_base_moof", path),
            ),
        ).read_bytes()
        return self._bytes("cut_fragments.mp4", whole[: len(whole) // 2])

    def one_byte(self) -> Path:
        return self._bytes("one_byte.mp4", b"\0")

    def only_a_head(self) -> Path:
        return self._bytes("only_a_head.mp4", self.plain().read_bytes()[:32])

    def noise_with_a_head(self) -> Path:
        """A film's first box, then anything."""
        noise = random.Random(31).randbytes(300_000)
        return self._bytes("noise.mp4", self.plain().read_bytes()[:32] + noise)

    def noise_in_the_index(self) -> Path:
        content = bytearray(self.plain().read_bytes())
        rng, begin = random.Random(5), content.rindex(b"moov") + 200
        for _ in range(60):
            content[rng.randrange(begin, len(content))] = rng.randrange(256)
        return self._bytes("noisy_index.mp4", bytes(content))

    # 23: edit lists.

    def repeated_by_its_edit_list(self) -> Path:
        """A hundred thousand times the same two seconds: fifty hours from 100 KB."""
        return self._edits("edits_repeat.mp4", [(2000, 0, 1)] * 100_000)

    def edits_before_the_begin(self) -> Path:
        return self._edits("edits_negative.mp4", [(2000, -5, 1), (2000, -(2**31), 1)])

    def empty_edit_of_days(self) -> Path:
        """First nothing, for 24 days."""
        return self._edits("edits_empty.mp4", [(2**31 - 1, -1, 1), (2000, 0, 1)])

    def edits_without_end(self) -> Path:
        return self._elst(
            "edits_count.mp4", bytes(4) + b"\xff" * 4 + struct.pack(">Iii", 2000, 0, 65536)
        )

    def edit_backwards(self) -> Path:
        return self._edits("edits_back.mp4", [(2000, 20000, -1), (2000, 0, 0)])

    def _edits(self, name: str, edits: list[tuple[int, int, int]]) -> Path:
        rows = b"".join(struct.pack(">Iihh", *edit, 0) for edit in edits)
        return self._elst(name, bytes(4) + len(edits).to_bytes(4) + rows)

    def _elst(self, name: str, inside: bytes) -> Path:
        return self._patched(name, b"elst", lambda _: box(b"elst", inside))

    # 24: protected films.

    def protected(self) -> Path:
        """Common Encryption, by a key that nobody has."""
        return self._once(
            "protected.mp4",
            lambda path: ffmpeg(
                *("-i", self.plain(), "-c", "copy", "-encryption_scheme", "cenc-aes-ctr"),
                *("-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb"),
                *("-encryption_kid", "a7e61c373e219033c21091fa607bf3b8", path),
            ),
        )

    def protected_sound(self) -> Path:
        """Only the sound is: its sample entry says so."""
        content = self.plain().read_bytes()
        return self._bytes("protected_sound.mp4", content.replace(b"mp4a\0\0\0\0", b"enca\0\0\0\0"))

    def fairplay(self) -> Path:
        content = self.plain().read_bytes()
        return self._bytes("fairplay.mp4", content.replace(b"avc1\0\0\0\0", b"drmi\0\0\0\0"))
