"""An index over the frames of all clips: which clips share frames with this one.

A hash has 256 bits, and frames that are alike differ in some of them. Each is cut into 14 parts
of 18 bits, every 14th bit, so that each part has coarse and fine detail of the picture. Two
hashes that differ in 16 bits share a part in 99 of 100 cases, in 31 bits in 3 of 4. A clip has
many frames, and one of them is enough to find it; then all are compared. docs/lookalikes.md has
the figures that chose this.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from review.models import FrameBand, FrameHashes, Revision

BANDS, WIDTH = 14, 18
# Of one clip; a dense set of its frames looks for them, so these may lie seconds apart.
MAX_INDEXED = 16
# Frames that share a part: a title card of every clip would make each look-up read them all. The
# first ones stay findable, and through their other frames so does every clip.
MAX_IN_BAND = 64
# Bits of 256. PDQ's authors call 31 a match; frames of different films differ in 98 and more.
NEAR, LOOSE = 31, 48
# A near frame counts 2, a loose one 1: two frames at least, one of them near.
ENOUGH = 3
# A frame that so many clips have is a title card: it counts for less.
COMMON = 10
# By chance a long clip shares a part with half of all others. Frames that differ in 16 bits share
# four parts, so the clips with the most shared parts are the ones to look at.
MAX_LOADED = 4000
MAX_COMPARED = 100
_SLOTS = 32  # frame numbers of one entry
_MIRROR = int("5" * 64, 16)  # turning left and right flips the sign of every odd column
_CHUNK = 2000  # values in one statement


@dataclass(frozen=True, slots=True)
class Frame:
    at_ms: int
    bits: int


@dataclass(frozen=True, slots=True)
class Match:
    """``score``: share of the other's indexed frames that were found, 0 to 1. ``pairs``: seconds
    of ours and of theirs, in our order."""

    revision_id: str
    clip_id: str
    score: float
    mirrored: bool
    pairs: tuple[tuple[float, float], ...]


def frames_of(hashes: Iterable[Mapping[str, Any]]) -> list[Frame]:
    """From ``[{"at_s": 1.0, "hash": "64 hex digits"}]``; raises ValueError for anything else."""
    found = []
    for row in hashes:
        raw = bytes.fromhex(row["hash"])
        at_ms = round(float(row["at_s"]) * 1000)
        if len(raw) != 32 or not 0 <= at_ms < 2**32:
            raise ValueError(f"not a frame's hash: {row!r}")
        found.append(Frame(at_ms, int.from_bytes(raw)))
    return sorted(found, key=lambda f: f.at_ms)


def put(session: Session, revision: Revision, frames: Sequence[Frame]) -> None:
    """Index some of the revision's frames, in place of those that it had."""
    entry = session.scalar(select(FrameHashes).where(FrameHashes.revision_id == revision.id))
    if entry is None:
        entry = FrameHashes(revision_id=revision.id, clip_id=revision.clip_id, frames=b"")
        session.add(entry)
    else:
        _forget(session, entry)
    kept = spread(frames)
    entry.frames = pack(kept)
    session.flush()
    rows = [
        (value, entry.id * _SLOTS + number)
        for number, frame in enumerate(kept)
        for value in parts(frame.bits)
    ]
    full = _full(session, {value for value, _ in rows})
    new = [{"band": value, "frame": frame} for value, frame in rows if value not in full]
    if new:
        session.execute(insert(FrameBand), new)


def drop(session: Session, clip_id: str) -> None:
    """Take all of a clip's revisions out of the index."""
    for entry in session.scalars(select(FrameHashes).where(FrameHashes.clip_id == clip_id)):
        _forget(session, entry)
        session.delete(entry)
    session.flush()


def _forget(session: Session, entry: FrameHashes) -> None:
    values = {value for frame in unpack(entry.frames) for value in parts(frame.bits)}
    first = entry.id * _SLOTS
    session.execute(
        delete(FrameBand)
        .where(FrameBand.band.in_(values), FrameBand.frame.between(first, first + _SLOTS - 1))
        .execution_options(synchronize_session=False)
    )


def _full(session: Session, values: set[int]) -> set[int]:
    counted = (
        select(FrameBand.band)
        .where(FrameBand.band.in_(values))
        .group_by(FrameBand.band)
        .having(func.count() >= MAX_IN_BAND)
    )
    return set(session.scalars(counted))


def spread(frames: Sequence[Frame], most: int = MAX_INDEXED) -> list[Frame]:
    """At most ``most`` of them: of each stretch of time the one most like its neighbours, which a
    copy with other frame times has, too."""
    if len(frames) <= most:
        return list(frames)
    start, length = frames[0].at_ms, frames[-1].at_ms - frames[0].at_ms + 1
    best: dict[int, tuple[int, int]] = {}
    for number, frame in enumerate(frames):
        near = frames[max(0, number - 1) : number + 2]
        change = max(distance(frame.bits, other.bits) for other in near)
        slot = (frame.at_ms - start) * most // length
        best[slot] = min(best.get(slot, (257, 0)), (change, number))
    return [frames[number] for _, number in sorted(best.values(), key=lambda b: b[1])]


def pack(frames: Iterable[Frame]) -> bytes:
    return b"".join(f.at_ms.to_bytes(4) + f.bits.to_bytes(32) for f in frames)


def unpack(packed: bytes) -> list[Frame]:
    return [
        Frame(int.from_bytes(packed[i : i + 4]), int.from_bytes(packed[i + 4 : i + 36]))
        for i in range(0, len(packed), 36)
    ]


def parts(bits: int) -> Iterator[int]:
    """The hash's parts, each with its number before it, so that all stand in one index."""
    text = f"{bits:0256b}"
    for band in range(BANDS):
        yield band << WIDTH | int(text[band::BANDS][:WIDTH], 2)


def search(session: Session, frames: Sequence[Frame], *, exclude_clip: str | None) -> list[Match]:
    """The clips that share frames with these, as they are or mirrored; the most alike first."""
    ours = [frame.bits for frame in frames]
    ours += [bits ^ _MIRROR for bits in ours]
    hits = _hits(session, ours)
    found = _candidates(session, ours, hits, exclude_clip)
    return _judge(frames, ours, found)


_Hits = dict[int, list[tuple[int, int]]]


def _hits(session: Session, ours: Sequence[int]) -> _Hits:
    """Entry -> numbers of its frame and of ours, once for each part that they share: those of the
    :data:`MAX_LOADED` entries with the most."""
    askers: dict[int, list[int]] = defaultdict(list)
    for number, bits in enumerate(ours):
        for value in parts(bits):
            askers[value].append(number)
    hits: _Hits = defaultdict(list)
    for values in _chunks(sorted(askers)):
        rows = session.execute(
            select(FrameBand.band, FrameBand.frame).where(FrameBand.band.in_(values))
        )
        for band, frame in rows:
            entry, theirs = divmod(frame, _SLOTS)
            hits[entry] += [(theirs, number) for number in askers[band]]
    most = nlargest(MAX_LOADED, hits, key=lambda entry: (len(hits[entry]), -entry))
    return {entry: hits[entry] for entry in most}


@dataclass(frozen=True, slots=True)
class _Candidate:
    revision_id: str
    clip_id: str
    frames: list[Frame]


def _candidates(
    session: Session,
    ours: Sequence[int],
    hits: _Hits,
    exclude_clip: str | None,
) -> list[_Candidate]:
    """The entries of which a frame that shares a part is alike as a whole; the nearest first."""
    near = []
    for ids in _chunks(sorted(hits)):
        rows = session.execute(
            select(
                FrameHashes.id, FrameHashes.revision_id, FrameHashes.clip_id, FrameHashes.frames
            ).where(FrameHashes.id.in_(ids), FrameHashes.clip_id != exclude_clip)
        )
        for entry, revision_id, clip_id, packed in rows:
            best = min(
                distance(int.from_bytes(packed[36 * theirs + 4 : 36 * theirs + 36]), ours[number])
                for theirs, number in set(hits[entry])
            )
            if best <= LOOSE:
                near.append((best, entry, revision_id, clip_id, packed))
    near.sort()
    return [_Candidate(row[2], row[3], unpack(row[4])) for row in near[:MAX_COMPARED]]


@dataclass(frozen=True, slots=True)
class _Compared:
    candidate: _Candidate
    mirrored: bool
    near: dict[int, tuple[int, int]]  # number of their frame -> distance, number of ours


def _judge(frames: Sequence[Frame], ours: Sequence[int], found: list[_Candidate]) -> list[Match]:
    compared = [_compare(ours, candidate) for candidate in found]
    # In how many clips each of our frames was found.
    spread_of = Counter(
        number for one in compared for number in {number for _, number in one.near.values()}
    )
    matches = []
    for one in compared:
        theirs = one.candidate.frames
        score = len(one.near) / len(theirs)
        plain = sum(_weight(d) for d, _ in one.near.values())
        rare = sum(_weight(d) * min(1, COMMON / spread_of[n]) for d, n in one.near.values())
        needed = min(ENOUGH, 2 * len(theirs), 2 * len(frames))
        if (plain if score >= 0.5 else rare) >= needed:
            matches.append(_match(frames, one, score))
    return sorted(matches, key=lambda m: (-m.score, m.revision_id))


def _weight(distance: int) -> int:
    return 2 if distance <= NEAR else 1


def _compare(ours: Sequence[int], candidate: _Candidate) -> _Compared:
    """The way round in which more of their frames are found."""
    half = len(ours) // 2
    ways = [
        _Compared(candidate, way, _nearest(ours[way * half : (way + 1) * half], candidate.frames))
        for way in (False, True)
    ]
    return max(ways, key=lambda w: sum(_weight(d) for d, _ in w.near.values()))


def _nearest(ours: Sequence[int], theirs: Sequence[Frame]) -> dict[int, tuple[int, int]]:
    found = {}
    for number, frame in enumerate(theirs):
        bits = frame.bits
        best = min(((bits ^ other).bit_count(), n) for n, other in enumerate(ours))
        if best[0] <= LOOSE:
            found[number] = best
    return found


def _match(frames: Sequence[Frame], one: _Compared, score: float) -> Match:
    theirs = one.candidate.frames
    pairs = sorted(
        (frames[ours].at_ms / 1000, theirs[number].at_ms / 1000)
        for number, (_, ours) in one.near.items()
    )
    return Match(
        one.candidate.revision_id, one.candidate.clip_id, score, one.mirrored, tuple(pairs)
    )


def distance(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def _chunks(values: Sequence[int]) -> Iterator[Sequence[int]]:
    return (values[i : i + _CHUNK] for i in range(0, len(values), _CHUNK))
