"""What the API says of a clip."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from review import looks, policy, problems, publication, queries
from review.captions import reading
from review.clock import iso
from review.models import Captions, Clip, OutputFile, Rendition, Revision
from review.policy import Actor
from review.states import State
from webapp.deps import deps
from webapp.i18n import translated

# Name in the API -> path below /media/<clip>/, of several the first that is there.
_MEDIA = {
    "proxy": ("proxy.mp4",),
    "contact_sheet": ("contact_sheet.jpg",),
    "sprite": looks.SPRITES,
    "hls": ("hls/master.m3u8",),
}
_FILES_HIDDEN = (State.DRAFT, State.WITHDRAWN)


def media_url(clip_id: str, what: str) -> str:
    return f"{deps().settings.public_url}/media/{clip_id}/{what}"


def head(actor: Actor | None, clip: Clip) -> dict[str, Any]:
    """The fields that every write answers with."""
    return {
        "id": clip.id,
        "state": str(policy.shown_state(actor, clip)),
        "revision": clip.revision,
        "version": clip.version,
    }


def whole(session: Session, actor: Actor | None, clip: Clip) -> dict[str, Any]:
    """All that ``GET /clips/<id>`` says."""
    shown = policy.shown_state(actor, clip)  # all that depends on the state depends on this
    hidden = clip.state in _FILES_HIDDEN
    files = {} if hidden else queries.output_files(session, clip)
    made = [] if hidden else queries.renditions(session, clip)
    captions = [] if hidden else [caption(clip, row) for row in reading.current(session, clip)]
    cost = looks.view_bytes({what: file.bytes for what, file in files.items()})
    revision = queries.revision(session, clip)
    return {
        **head(actor, clip),
        "title": clip.title,
        "summary": clip.summary,
        "language": clip.language,
        "level": clip.level,
        "topics": clip.topics,
        "scope": clip.scope,
        "music": clip.music,
        "reenactment": clip.reenactment,
        "stage": policy.stage_of(clip).name if shown == State.IN_REVIEW else None,
        "progress": progress(clip),
        "problem": problem(clip),
        "waiting_for": publication.blockers(session, clip) if shown == State.APPROVED else [],
        "published_at": _published_at(clip, shown),
        "renditions": [rendition(clip, r) for r in made if r.kind != "audio"],
        "audio": next((sound(clip, r) for r in made if r.kind == "audio"), None),
        "view_bytes": cost.to_dict() if cost else None,
        "media": {**media(clip, revision, files, made), "captions": captions},
    }


def _published_at(clip: Clip, shown: State) -> str | None:
    if clip.published_at is None or shown not in (State.PUBLISHED, State.WITHDRAWN):
        return None
    return iso(clip.published_at)


def progress(clip: Clip) -> dict[str, Any] | None:
    """{"step", "percent"} while something is being made; for people, no rule reads it."""
    if not clip.progress:
        return None
    step, _, percent = clip.progress.partition(":")
    return {"step": step, "percent": int(percent) if percent.isdigit() else None}


def problem(clip: Clip) -> dict[str, str] | None:
    if clip.problem is None:
        return None
    return {"code": clip.problem, "message": translated(problems.message(clip.problem))}


def rendition(clip: Clip, made: Rendition) -> dict[str, Any]:
    return {
        "kind": made.kind,
        "url": media_url(clip.id, made.what),
        "width": made.width,
        "height": made.height,
        "bytes": made.bytes,
        "sha256": made.sha256,
        "mime": made.mime,
    }


def caption(clip: Clip, row: Captions) -> dict[str, Any]:
    """``version`` is what the next one who changes them has to have seen."""
    return {
        "language": row.language,
        "url": media_url(clip.id, f"{reading.FOLDER}{row.language}.vtt"),
        "source": row.source,
        "version": row.version,
    }


def sound(clip: Clip, made: Rendition) -> dict[str, Any]:
    """The sound alone."""
    return {
        "url": media_url(clip.id, made.what),
        "bytes": made.bytes,
        "sha256": made.sha256,
        "mime": made.mime,
    }


def media(
    clip: Clip, revision: Revision | None, files: dict[str, OutputFile], made: list[Rendition]
) -> dict[str, str | None]:
    """URLs of what there is; null for what is not made (yet). "mp4" is the best of the ladder."""
    found = {name: next((w for w in whats if w in files), None) for name, whats in _MEDIA.items()}
    mp4 = max((r for r in made if r.kind == "mp4"), key=lambda r: r.height, default=None)
    found["poster"] = looks.poster(revision, files) if revision else None
    found["mp4"] = mp4.what if mp4 else None
    return {name: media_url(clip.id, what) if what else None for name, what in found.items()}
