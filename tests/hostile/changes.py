"""Row 32 once more: films that become others on their way, by the index or by the stream itself."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.clips import ffmpeg, film
from tests.hostile.base import QUICK, Base, box, boxes

_RATE, _SCALE = 25, 12800
_X264 = ("-c:v", "libx264", "-preset", "superfast", "-crf", "32", "-pix_fmt", "yuv420p")
_KEYS = "keyint=50:min-keyint=50:scenecut=0:bframes=0"
# Side units and parameters of H.264 (ITU-T H.264, table 7-1).
_PARAMETERS = (6, 7, 8)


@dataclass(frozen=True)
class Sample:
    content: bytes
    key: bool


def find(content: bytes, *path: bytes) -> bytes:
    """The first box along ``path``."""
    for kind in path:
        content = next(inside for name, inside in boxes(content) if name == kind)
    return content


def picture_of(path: Path) -> tuple[bytes, list[Sample]]:
    """The sample entry of a film of one track and one description, and its samples."""
    content = path.read_bytes()
    table = dict(boxes(find(content, b"moov", b"trak", b"mdia", b"minf", b"stbl")))
    sizes = numbers(table[b"stsz"][12:])
    keys = set(numbers(table[b"stss"][8:]))
    places, runs = numbers(table[b"stco"][8:]), numbers(table[b"stsc"][8:])
    steps = {runs[i]: runs[i + 1] for i in range(0, len(runs), 3)}
    samples: list[Sample] = []
    count = 0
    for chunk, begin in enumerate(places, 1):
        at, count = begin, steps.get(chunk, count)
        for _ in range(count):
            number = len(samples)
            end = at + sizes[number]
            samples.append(Sample(content[at:end], number + 1 in keys))
            at = end
    return table[b"stsd"][8:], samples


def numbers(content: bytes) -> list[int]:
    return [n for (n,) in struct.iter_unpack(">I", content[: len(content) // 4 * 4])]


def table(kind: bytes, rows: Sequence[tuple[int, ...]]) -> bytes:
    """A full box of 32-bit numbers behind their count."""
    body = b"".join(struct.pack(f">{len(row)}I", *row) for row in rows)
    return box(kind, bytes(4) + len(rows).to_bytes(4) + body)


def joined(like: Path, pieces: Sequence[tuple[bytes, Sequence[Sample]]], target: Path) -> None:
    """One track of several pieces, each with a description of its own, in the frame of ``like``."""
    content = like.read_bytes()
    samples = [s for _, some in pieces for s in some]
    start = box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")
    at, places = len(start) + 8, []
    for _, some in pieces:
        places.append((at,))
        at += sum(len(s.content) for s in some)
    step = _SCALE // _RATE
    stbl = (
        box(b"stsd", bytes(4) + len(pieces).to_bytes(4) + b"".join(e for e, _ in pieces))
        + table(b"stts", [(len(samples), step)])
        + table(b"stss", [(n,) for n, s in enumerate(samples, 1) if s.key])
        + table(b"stsc", [(n, len(some), n) for n, (_, some) in enumerate(pieces, 1)])
        + box(
            b"stsz",
            bytes(8)
            + len(samples).to_bytes(4)
            + b"".join(len(s.content).to_bytes(4) for s in samples),
        )
        + table(b"stco", places)
    )
    moov = find(content, b"moov")
    media = find(moov, b"trak", b"mdia")
    minf = find(media, b"minf")

    def header(inside: bytes, place: int, value: int) -> bytes:
        return inside[:place] + value.to_bytes(4) + inside[place + 4 :]

    seconds = len(samples) / _RATE
    track = box(
        b"trak",
        box(b"tkhd", header(find(moov, b"trak", b"tkhd"), 20, round(1000 * seconds)))
        + box(
            b"mdia",
            box(b"mdhd", header(find(media, b"mdhd"), 16, step * len(samples)))
            + box(b"hdlr", find(media, b"hdlr"))
            + box(
                b"minf",
                box(b"vmhd", find(minf, b"vmhd"))
                + box(b"dinf", find(minf, b"dinf"))
                + box(b"stbl", stbl),
            ),
        ),
    )
    mvhd = box(b"mvhd", header(find(moov, b"mvhd"), 16, round(1000 * seconds)))
    film_box = box(b"mdat", b"".join(s.content for s in samples))
    target.write_bytes(start + film_box + box(b"moov", mvhd + track))


def units(sample: bytes) -> Iterator[bytes]:
    at = 0
    while at + 4 <= len(sample):
        length = int.from_bytes(sample[at : at + 4])
        yield sample[at + 4 : at + 4 + length]
        at += 4 + length


def parameters_of(entry: bytes) -> bytes:
    """What "avcC" says, as units of the stream (ISO/IEC 14496-15, 5.3.3.1)."""
    place = entry.index(b"avcC") + 4
    config, found = entry[place:], b""
    at = 6
    for _ in range(config[5] & 31):
        length = int.from_bytes(config[at : at + 2])
        found += length.to_bytes(4) + config[at + 2 : at + 2 + length]
        at += 2 + length
    at += 1
    length = int.from_bytes(config[at : at + 2])
    return found + length.to_bytes(4) + config[at + 2 : at + 2 + length]


def bare(sample: Sample) -> Sample:
    kept = [u for u in units(sample.content) if u[0] & 31 not in _PARAMETERS]
    return Sample(b"".join(len(u).to_bytes(4) + u for u in kept), sample.key)


def edited(content: bytes, edits: dict[bytes, Sequence[tuple[int, int]]]) -> bytes:
    """With these edit lists (kind of track -> how long in ms, from where in its own clock)."""

    def track(inside: bytes) -> bytes:
        rows = edits[find(inside, b"mdia", b"hdlr")[8:12]]
        body = b"".join(struct.pack(">IiI", length, begin, 1 << 16) for length, begin in rows)
        elst = box(b"elst", bytes(4) + len(rows).to_bytes(4) + body)
        parts = [box(k, i) for k, i in boxes(inside) if k != b"edts"]
        return box(b"trak", parts[0] + box(b"edts", elst) + b"".join(parts[1:]))

    def index(inside: bytes) -> bytes:
        parts = (track(i) if k == b"trak" else box(k, i) for k, i in boxes(inside))
        return box(b"moov", b"".join(parts))

    return b"".join(index(i) if k == b"moov" else box(k, i) for k, i in boxes(content))


class Changes(Base):
    def _street(self, name: str, start: int, size: str = "640:360", x264: str = "") -> Path:
        return self._once(
            name,
            lambda path: ffmpeg(
                *("-ss", str(start), "-t", "4", "-i", film("bikes"), "-r", str(_RATE)),
                *("-vf", f"scale={size},setsar=1", *_X264, "-x264-params", _KEYS + x264),
                *("-an", "-video_track_timescale", str(_SCALE), path),
            ),
        )

    def _two(self, name: str, second: Path) -> Path:
        first = self._street("first.mp4", 0)
        pieces = [picture_of(first), picture_of(second)]
        return self._once(name, lambda path: joined(first, pieces, path))

    def two_descriptions(self) -> Path:
        """The second half is coded in another way (CAVLC, more references), as a second sample
        description says: an editor that joins without coding anew writes such."""
        second = self._street("second.mp4", 4, x264=":ref=4:cabac=0")
        return self._two("two_descriptions.mp4", second)

    def two_sizes(self) -> Path:
        return self._two("two_sizes.mp4", self._street("small.mp4", 4, size="320:180"))

    def unnamed_key_frames(self) -> Path:
        """The second half's parameters stand in the stream, and the index does not say that its
        first picture is a key frame."""
        first = self._street("first.mp4", 0)
        entry, samples = picture_of(first)
        other, more = picture_of(self._street("second.mp4", 4, x264=":ref=4:cabac=0"))
        hidden = [Sample(bare(s).content, key=False) for s in more]
        hidden[0] = Sample(parameters_of(other) + hidden[0].content, key=False)
        whole = [*map(bare, samples), *hidden]
        return self._once(
            "unnamed_key_frames.mp4", lambda path: joined(first, [(entry, whole)], path)
        )

    def _marked(self) -> Path:
        """Eight seconds; white and a tone from 5 to 6."""
        return self._once(
            "marked.mp4",
            lambda path: ffmpeg(
                *("-t", "8", "-i", film("bikes"), "-f", "lavfi", "-t", "8"),
                *("-i", "sine=frequency=440:sample_rate=48000", "-r", str(_RATE), "-vf"),
                "scale=640:360,setsar=1,drawbox=c=white:t=fill:enable='between(t,5,5.99)'",
                *("-af", "volume=0:enable='not(between(t,5,6))'"),
                *(*_X264, "-x264-params", _KEYS, "-video_track_timescale", str(_SCALE)),
                *("-c:a", "aac", "-ac", "2", path),
            ),
        )

    def swapped(self) -> Path:
        """The edit list shows the second half first."""
        halves = {
            kind: [(4000, 4 * scale), (4000, 0)]
            for kind, scale in ((b"vide", _SCALE), (b"soun", 48000))
        }
        return self._bytes("swapped.mp4", edited(self._marked().read_bytes(), halves))

    def without_the_middle(self) -> Path:
        """The edit list leaves out two seconds, in the midst of what hangs on a key frame."""
        parts = {
            kind: [(1500, 0), (4500, round(3.5 * scale))]
            for kind, scale in ((b"vide", _SCALE), (b"soun", 48000))
        }
        return self._bytes("no_middle.mp4", edited(self._marked().read_bytes(), parts))

    def every_picture_a_key(self) -> Path:
        """Sixty seconds of sixty pictures."""
        return self._once(
            "every_key.mp4",
            lambda path: ffmpeg(
                *("-stream_loop", "5", "-i", film("bikes"), "-t", "60", "-r", "60"),
                *("-vf", "scale=192:108,setsar=1", *QUICK, "-g", "1", path),
            ),
        )

    def _sounds(self, name: str, kinds: Sequence[tuple[str, ...]]) -> Path:
        """A transport stream, a second with each kind of sound."""

        def make(path: Path) -> None:
            parts = []
            for number, kind in enumerate(kinds):
                part = path.with_suffix(f".{number}.ts")
                ffmpeg(
                    *("-ss", str(number % 9), "-i", film("bikes"), "-f", "lavfi"),
                    *("-i", "sine=frequency=440:sample_rate=48000", "-t", "1"),
                    *("-vf", "scale=192:108,setsar=1", *QUICK, *kind, "-muxdelay", "0"),
                    *("-output_ts_offset", str(number), "-f", "mpegts", part),
                )
                parts.append(part.read_bytes())
                part.unlink()
            path.write_bytes(b"".join(parts))

        return self._once(name, make)

    def one_sound(self) -> Path:
        return self._sounds("one_sound.ts", [("-c:a", "aac", "-ac", "2")] * 4)

    def other_channels(self) -> Path:
        """As television does between a film and its news."""
        kinds = [("-c:a", "ac3", "-ac", n) for n in ("6", "6", "2", "6")]
        return self._sounds("other_channels.ts", kinds)

    def other_rate(self) -> Path:
        kinds = [("-c:a", "aac", "-ar", n) for n in ("48000", "48000", "22050", "48000")]
        return self._sounds("other_rate.ts", kinds)

    def ever_other_channels(self) -> Path:
        kinds = [("-c:a", "aac", "-ac", str(1 + n % 2)) for n in range(16)]
        return self._sounds("ever_other_channels.ts", kinds)
