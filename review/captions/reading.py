"""The captions of a clip's current revision, and everything that is served of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from review import looks
from review.captions import hls
from review.captions.cues import parse, write
from review.captions.hls import Track, with_captions
from review.captions.languages import names_of
from review.models import Captions, Clip, Rendition, Revision

VTT_MIME = "text/vtt"
FOLDER = "captions/"
MASTER = "hls/master.m3u8"
# The ladder of an acted scene begins with a card, the preview does not: captions of both are there.
_AFTER_CARD = ".card"
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


def _played(session: Session, captions: Captions) -> Served:
    """The captions in the time of the ladder."""
    later = looks.card_s(session.get_one(Revision, captions.revision_id))
    if not later:
        return Served(captions.vtt, VTT_MIME)
    cues = (
        replace(cue, start_s=cue.start_s + later, end_s=cue.end_s + later)
        for cue in parse(captions.vtt)
    )
    return Served(write(tuple(cues)), VTT_MIME)


def file_of(session: Session, captions: Captions, ending: str = "vtt") -> str:
    """Path below ``/media/<clip>/`` of these captions in the time of the ladder."""
    later = looks.card_s(session.get_one(Revision, captions.revision_id))
    return f"{FOLDER}{captions.language}{_AFTER_CARD if later else ''}.{ending}"


def served(session: Session, clip: Clip, what: str) -> Served | None:
    """What ``/media/<clip>/<what>`` makes from rows; None where it is a file, or nothing."""
    if what == MASTER:
        return master(session, clip)
    if not what.startswith(FOLDER):
        return None
    stem, _, ending = what.removeprefix(FOLDER).rpartition(".")
    language = stem.removesuffix(_AFTER_CARD)
    found = one(session, clip, language)
    if found is None or not found.confirmed:
        return None
    if what == f"{FOLDER}{language}.vtt":
        return Served(found.vtt, VTT_MIME)
    if ending in ("vtt", "m3u8") and what == file_of(session, found, ending):
        return _played(session, found) if ending == "vtt" else _playlist(session, found)
    return None


def _playlist(session: Session, captions: Captions) -> Served:
    found = session.get_one(Revision, captions.revision_id)
    duration = float((found.facts or {}).get("duration_s") or FALLBACK_S) + looks.card_s(found)
    name = file_of(session, captions).removeprefix(FOLDER)
    return Served(hls.playlist(name, duration), hls.MIME)


def master(session: Session, clip: Clip) -> Served | None:
    """The master playlist with its captions; None while the stored one is right as it is."""
    found = current(session, clip)
    text = _stored_master(session, clip) if found else None
    if text is None:
        return None
    names = names_of(row.language for row in found)
    tracks = [
        Track(row.language, names[row.language], f"../{file_of(session, row, 'm3u8')}")
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
            "what": file_of(session, row),
            "bytes": len(_played(session, row).content),
            "sha256": _played(session, row).sha256,
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
        more += len(_played(session, row).content) + len(_playlist(session, row).content)
    return [
        {**r, "bytes": r["bytes"] + more, "sha256": made.sha256} if r["what"] == MASTER else r
        for r in renditions
    ]
