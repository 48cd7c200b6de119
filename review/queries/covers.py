"""What lists show of their clips: the picture, the length, what a view costs. Few queries, however
long the list is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from review import looks
from review.looks import ViewBytes
from review.models import Clip, OutputFile, Revision

_PICTURE_OR_COST = or_(
    OutputFile.what.in_((*looks.POSTERS, looks.AUDIO)), OutputFile.what.like("hls/%.mp4")
)


@dataclass(frozen=True, slots=True)
class Cover:
    """``poster``: its path below ``/media/<clip>/``."""

    poster: str | None
    duration_s: float | None
    view_bytes: ViewBytes | None


@dataclass(frozen=True, slots=True)
class Face:
    """What a list of work shows: the picture, and the seconds of the preview where they are
    known."""

    poster: str
    duration_s: float | None


def covers(session: Session, clips: Sequence[Clip]) -> dict[str, Cover]:
    """Clip id -> what the gallery shows of it: two queries for a list."""
    current = _current(session, clips)
    rows = session.execute(
        select(OutputFile.revision_id, OutputFile.what, OutputFile.bytes)
        .join(Revision, Revision.id == OutputFile.revision_id)
        .where(
            Revision.id.in_([r.id for r in current.values()]),
            OutputFile.attempt.in_((Revision.examine_attempt, Revision.ladder_attempt)),
            _PICTURE_OR_COST,
        )
    )
    sizes: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        sizes[row.revision_id][row.what] = row.bytes
    return {
        clip_id: Cover(
            looks.poster(revision, sizes[revision.id]),
            looks.duration_s(revision),
            looks.view_bytes(sizes[revision.id]),
        )
        for clip_id, revision in current.items()
    }


def _current(session: Session, clips: Sequence[Clip]) -> dict[str, Revision]:
    rows = session.scalars(
        select(Revision)
        .join(Clip, and_(Clip.id == Revision.clip_id, Clip.revision == Revision.number))
        .where(Clip.id.in_([c.id for c in clips]))
    )
    return {row.clip_id: row for row in rows}


def faces(session: Session, clips: Sequence[Clip]) -> dict[str, Face]:
    """Clip id -> its face, examined or not: one query for a list."""
    rows = session.execute(
        select(Revision.clip_id, Revision.poster, Revision.facts)
        .join(Clip, and_(Clip.id == Revision.clip_id, Clip.revision == Revision.number))
        .where(Clip.id.in_([c.id for c in clips]))
    )
    known = {r.clip_id: Face(r.poster or looks.POSTERS[0], _length(r.facts)) for r in rows}
    return {clip.id: Face(looks.POSTERS[0], None) for clip in clips} | known


def _length(facts: dict[str, Any] | None) -> float | None:
    return facts["duration_s"] if facts else None
