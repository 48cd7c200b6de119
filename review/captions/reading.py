"""The captions of a clip's current revision, and everything that is served of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from review.captions import hls
from review.captions.hls import Track, with_captions
from review.captions.languages import name_of
from review.models import Captions, Clip, Rendition, Revision

VTT_MIME = "text/vtt"
FOLDER = "captions/"
MASTER = "hls/master.m3u8"
FALLBACK_S = 600.0  # of a clip whose facts say no length: none that was examined


@dataclass(frozen=True, slots=True)
class Served:
    """A text that ``/media`` makes from rows."""

    text: str
    mime: str

    @property
    def content(self) -> bytes:
        return self.text.encode()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def revision(session: Session, clip: Clip) -> Revision:
    """The current one, of a clip that was handed in."""
    return session.scalars(
        select(Revision).where(Revision.clip_id == clip.id, Revision.number == clip.revision)
    ).one()


def current(session: Session, clip: Clip, *, drafts: bool = False) -> list[Captions]:
    """Of the current revision, by language; a machine's drafts only where they are asked for."""
    query = (
        select(Captions)
        .join(Revision, Revision.id == Captions.revision_id)
        .where(Revision.clip_id == clip.id, Revision.number == clip.revision)
        .order_by(Captions.language)
    )
    if not drafts:
        query = query.where(Captions.confirmed.is_(True))
    return list(session.scalars(query))


def one(
    session: Session, clip: Clip, language: str, *, revision: int | None = None
) -> Captions | None:
    """Draft or not; of the current revision unless told otherwise."""
    number = clip.revision if revision is None else revision
    return session.scalar(
        select(Captions)
        .join(Revision, Revision.id == Captions.revision_id)
        .where(
            Revision.clip_id == clip.id,
            Revision.number == number,
            Captions.language == language,
        )
    )


def of_earlier(session: Session, clip: Clip) -> list[tuple[int, Captions]]:
    """(revision, captions): the newest of each language that a person kept with an earlier
    revision and that the current one has not."""
    rows = session.execute(
        select(Revision.number, Captions)
        .join(Captions, Captions.revision_id == Revision.id)
        .where(
            Revision.clip_id == clip.id,
            Revision.number < clip.revision,
            Captions.confirmed.is_(True),
        )
        .order_by(Revision.number)
    )
    found = {row.Captions.language: (row.number, row.Captions) for row in rows}
    have = {row.language for row in current(session, clip)}
    return [found[language] for language in sorted(found) if language not in have]


def digests(session: Session, clip: Clip) -> dict[str, str]:
    """Language -> SHA-256 of what a viewer can read: what a decision was taken on."""
    return {row.language: row.sha256 for row in current(session, clip)}


def served(session: Session, clip: Clip, what: str) -> Served | None:
    """What ``/media/<clip>/<what>`` makes from rows; None where it is a file, or nothing."""
    if what == MASTER:
        return master(session, clip)
    if not what.startswith(FOLDER):
        return None
    language, _, ending = what.removeprefix(FOLDER).rpartition(".")
    if ending not in ("vtt", "m3u8"):
        return None
    found = one(session, clip, language)
    if found is None or not found.confirmed:
        return None
    if ending == "vtt":
        return Served(found.vtt, VTT_MIME)
    return _playlist(session, found)


def _playlist(session: Session, captions: Captions) -> Served:
    found = session.get_one(Revision, captions.revision_id)
    duration = float((found.facts or {}).get("duration_s") or FALLBACK_S)
    return Served(hls.playlist(f"{captions.language}.vtt", duration), hls.MIME)


def master(session: Session, clip: Clip) -> Served | None:
    """The master playlist with its captions; None while the stored one is right as it is."""
    found = current(session, clip)
    text = _stored_master(session, clip) if found else None
    if text is None:
        return None
    tracks = [
        Track(row.language, name_of(row.language), f"../{FOLDER}{row.language}.m3u8")
        for row in found
    ]
    return Served(with_captions(text, tracks), hls.MIME)


def _stored_master(session: Session, clip: Clip) -> str | None:
    return session.scalar(
        select(Rendition.playlist)
        .join(Revision, Revision.id == Rendition.revision_id)
        .where(
            Revision.clip_id == clip.id,
            Revision.number == clip.revision,
            Rendition.attempt == Revision.ladder_attempt,
            Rendition.what == MASTER,
        )
    )


def records(session: Session, clip: Clip) -> list[dict[str, Any]]:
    """For the feed: places are paths below ``/media/<clip>/``."""
    return [
        {
            "language": row.language,
            "what": f"{FOLDER}{row.language}.vtt",
            "bytes": len(row.vtt.encode()),
            "sha256": row.sha256,
            "mime": VTT_MIME,
            "source": row.source,
        }
        for row in current(session, clip)
    ]


def with_master(
    session: Session, clip: Clip, renditions: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The feed's renditions, the HLS one as it is served: with its captions."""
    made = master(session, clip)
    if made is None:
        return renditions
    more = len(made.content) - len((_stored_master(session, clip) or "").encode())
    for row in current(session, clip):
        more += len(row.vtt.encode()) + len(_playlist(session, row).content)
    return [
        {**r, "bytes": r["bytes"] + more, "sha256": made.sha256} if r["what"] == MASTER else r
        for r in renditions
    ]
