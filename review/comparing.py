"""A clip that was handed in again, beside what it was: which revision, and what has changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from review import revisions
from review.hashindex import LOOSE, Frame, distance, unpack
from review.models import Captions, Clip, FrameHashes, OutputFile, Redaction, Revision
from review.policy import Actor, may_see, reviews
from review.states import State

FILES = ("proxy.mp4", "poster.jpg", "sprite.vtt", "sprite.jpg")  # of it that may be looked at
HEARD_LU = 1.0  # less nobody hears
_PLACE = re.compile(r"revisions/([1-9]\d{0,5})/(.+)")


@dataclass(frozen=True, slots=True)
class Difference:
    """``what``: length | picture | bytes | loudness | captions | same_file; a value is None where
    nothing is known of it."""

    what: str
    before: Any
    after: Any

    @property
    def differs(self) -> bool:
        if self.what == "loudness" and None not in (self.before, self.after):
            return abs(float(self.before) - float(self.after)) >= HEARD_LU
        return bool(self.before != self.after)


@dataclass(frozen=True, slots=True)
class Compared:
    """``offset_s``: how much later the old one shows the same, as far as their frames tell."""

    old: Revision
    new: Revision
    differences: tuple[Difference, ...]
    offset_s: float


def may_compare(actor: Actor, clip: Clip) -> bool:
    """Whoever reviews it, and only while it is reviewed."""
    return reviews(actor, clip) and may_see(actor, clip) and clip.state == State.IN_REVIEW


def earlier(session: Session, clip: Clip) -> Revision | None:
    """The revision to compare with: the last one before this of which the preview is still there.
    What was redacted is not looked at again: a redaction hides it."""
    redacted = select(Redaction.id).where(
        Redaction.revision_id == Revision.id, Redaction.result_id.is_not(None)
    )
    preview = select(OutputFile.id).where(
        OutputFile.revision_id == Revision.id,
        OutputFile.attempt == Revision.examine_attempt,
        OutputFile.what == "proxy.mp4",
    )
    return session.scalar(
        select(Revision)
        .where(
            Revision.clip_id == clip.id,
            Revision.number < clip.revision,
            preview.exists(),
            ~redacted.exists(),
        )
        .order_by(Revision.number.desc())
        .limit(1)
    )


def file(session: Session, clip: Clip, what: str, actor: Actor) -> OutputFile | None:
    """``revisions/<number>/<file>`` of what may be compared; None for anything else."""
    match = _PLACE.fullmatch(what)
    if match is None or match[2] not in FILES or not may_compare(actor, clip):
        return None
    old = earlier(session, clip)
    if old is None or old.number != int(match[1]):
        return None
    return session.scalar(
        select(OutputFile).where(
            OutputFile.revision_id == old.id,
            OutputFile.attempt == old.examine_attempt,
            OutputFile.what == match[2],
        )
    )


def compare(session: Session, clip: Clip) -> Compared | None:
    """None where there is nothing to compare with."""
    old = earlier(session, clip)
    new = revisions.find(session, clip)
    if old is None or new is None:
        return None
    before, after = (_frames(session, revision) for revision in (old, new))
    return Compared(old, new, _differences(session, old, new), offset_s(before, after))


def _frames(session: Session, revision: Revision) -> list[Frame]:
    row = session.scalar(select(FrameHashes).where(FrameHashes.revision_id == revision.id))
    return [] if row is None else list(unpack(row.frames))


def offset_s(old: Sequence[Frame], new: Sequence[Frame]) -> float:
    """How much later, in seconds, ``old`` shows what ``new`` shows: the middle of what the frames
    say that are like one another; 0 where none are."""
    shifts = []
    for frame in new if old else ():
        alike = min(old, key=lambda o: (distance(o.bits, frame.bits), abs(o.at_ms - frame.at_ms)))
        if distance(alike.bits, frame.bits) <= LOOSE:
            shifts.append(alike.at_ms - frame.at_ms)
    return round(median(shifts) / 1000, 1) if shifts else 0.0


def _differences(session: Session, old: Revision, new: Revision) -> tuple[Difference, ...]:
    captions = [_captions(session, revision) for revision in (old, new)]
    return (
        Difference("length", _fact(old, "duration_s"), _fact(new, "duration_s")),
        Difference("picture", _picture(old), _picture(new)),
        Difference("bytes", old.original_bytes, new.original_bytes),
        Difference("loudness", _lufs(old), _lufs(new)),
        Difference("captions", captions[0], captions[1]),
        Difference("same_file", old.original_sha256, new.original_sha256),
    )


def _fact(revision: Revision, name: str) -> Any:
    return (revision.facts or {}).get(name)


def _picture(revision: Revision) -> tuple[int, int] | None:
    width, height = _fact(revision, "width"), _fact(revision, "height")
    return (width, height) if width and height else None


def _lufs(revision: Revision) -> float | None:
    lufs = ((revision.signals or {}).get("loudness") or {}).get("integrated_lufs")
    return None if lufs is None else round(float(lufs), 1)


def _captions(session: Session, revision: Revision) -> dict[str, str]:
    """Language -> digest of what a person kept."""
    rows = session.scalars(
        select(Captions)
        .where(Captions.revision_id == revision.id, Captions.confirmed.is_(True))
        .order_by(Captions.language)
    )
    return {row.language: row.sha256 for row in rows}
