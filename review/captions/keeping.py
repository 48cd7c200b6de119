"""Saving and removing captions: one move of the table each, guarded by what the person saw."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from review import announcing, clock, feed, jobs, revisions, search
from review.captions import reading
from review.captions.cues import Cue, write
from review.errors import InvalidInput, NoSuchClip, NoSuchThing, StaleCaptions, WrongState
from review.jobs import Claim
from review.keys import is_id
from review.lifecycle import load, load_visible, move
from review.models import Captions, Clip, Job, OutputFile, Rendition, Revision
from review.policy import Actor, is_told_early, may_see, move_for
from review.ports import BlobStore
from review.publication import in_feed, record
from review.states import Action
from review.text import Sentence

MAX_LANGUAGES = 10
NOTHING = 0  # the version of captions that no person has saved yet


@dataclass(frozen=True, slots=True)
class Seen:
    """What the person had before the eyes: ``revision`` None stands for the current one;
    ``version`` is :data:`NOTHING` where there were no captions, or only a machine's."""

    version: int = NOTHING
    revision: int | None = None


def length_of(session: Session, clip_id: str, actor: Actor) -> float | None:
    """Seconds of the clip whose captions this person is about to change: rights before anything
    else is said. Locks nothing, so that it may be asked before a file is read.

    Raises :class:`NoSuchClip`, :class:`NotAllowed` and its kinds.
    """
    clip = session.get(Clip, clip_id) if is_id(clip_id) else None
    if clip is None or not may_see(actor, clip):
        raise NoSuchClip(f"there is no clip {clip_id!r}")
    move_for(actor, Action.EDIT_CAPTIONS, clip)
    found = revisions.current(session, clip)
    seconds = (found.facts or {}).get("duration_s")
    return None if seconds is None else float(seconds)


def save(
    session: Session,
    blobs: BlobStore,
    clip_id: str,
    actor: Actor,
    language: str,
    cues: Sequence[Cue],
    seen: Seen,
    *,
    source: str,
) -> Captions:
    """Keep captions that a person wrote, corrected or handed in; ``source``: upload | editor.

    Raises :class:`StaleCaptions` when somebody saved others meanwhile, :class:`NotAllowed`.
    Saving what stands there already changes nothing.
    """
    clip, revision, found = _open(session, clip_id, actor, language, seen)
    vtt = write(cues)
    sha256 = hashlib.sha256(vtt.encode()).hexdigest()
    if found is not None and found.confirmed and found.sha256 == sha256:
        return found
    if found is None:
        _check_room(session, clip)
    version = _move(session, clip, actor, {"language": language, "sha256": sha256})
    found = found or Captions(revision_id=revision.id, language=language)
    found.confirmed, found.version, found.updated_by = True, version, actor.id
    _write(session, found, vtt, source)
    _follow_up(session, blobs, clip, revision)
    return found


def remove(
    session: Session, blobs: BlobStore, clip_id: str, actor: Actor, language: str, seen: Seen
) -> Clip:
    """Take captions away; a machine's draft goes without a move, since nobody saw it."""
    clip, revision, found = _open(session, clip_id, actor, language, seen)
    if found is None:
        raise NoSuchThing(f"clip {clip_id} has no captions in {language!r}")
    session.delete(found)
    session.flush()
    if found.confirmed:
        _move(session, clip, actor, {"language": language, "removed": True})
        _follow_up(session, blobs, clip, revision)
    return clip


def _open(
    session: Session, clip_id: str, actor: Actor, language: str, seen: Seen
) -> tuple[Clip, Revision, Captions | None]:
    """Lock the clip; rights first, then whether all is as the person saw it."""
    clip = load_visible(session, clip_id, actor)
    move_for(actor, Action.EDIT_CAPTIONS, clip)
    revision = revisions.current(session, clip)
    found = reading.one(session, clip, language)
    if seen.revision not in (None, clip.revision) or seen.version != _version(found):
        text = found.vtt if found is not None and found.confirmed else ""
        raise StaleCaptions(
            "these captions have changed",
            version=_version(found),
            revision=clip.revision,
            text=text,
        )
    return clip, revision, found


def _version(found: Captions | None) -> int:
    return NOTHING if found is None else found.version


def _check_room(session: Session, clip: Clip) -> None:
    if len(reading.current(session, clip, drafts=True)) >= MAX_LANGUAGES:
        words = "Nhiều nhất {most} ngôn ngữ cho một clip."
        raise InvalidInput(language=Sentence(words, most=MAX_LANGUAGES))


def _move(session: Session, clip: Clip, actor: Actor, detail: dict[str, object]) -> int:
    """The clip's version grows, so that whoever decides meanwhile is told; a reviewer's claim
    stays."""
    if clip.unannounced and not is_told_early(actor, clip):
        # What was decided on had other captions. In a move of its own the version would tell.
        edit = Action.EDIT_CAPTIONS
        return announcing.take_back(session, clip, edit, actor, "taken_back", detail=detail).version
    claim = {"claimed_by": clip.claimed_by, "claimed_until": clip.claimed_until}
    return move(session, clip, Action.EDIT_CAPTIONS, actor, changes=claim, detail=detail).version


def _write(session: Session, row: Captions, vtt: str, source: str) -> None:
    now = clock.now(session)
    row.vtt, row.source, row.updated_at = vtt, source, now
    row.sha256 = hashlib.sha256(vtt.encode()).hexdigest()
    session.add(row)
    session.flush()


def _follow_up(session: Session, blobs: BlobStore, clip: Clip, revision: Revision) -> None:
    session.flush()
    _fill_playlist(session, blobs, revision)
    search.follow(session, clip)
    if in_feed(session, clip):
        feed.append(session, clip, "updated", record=record(session, clip))


def _fill_playlist(session: Session, blobs: BlobStore, revision: Revision) -> None:
    """Ladders made before playlists stood in the database: read once, from the file."""
    row = session.scalar(
        select(Rendition).where(
            Rendition.revision_id == revision.id,
            Rendition.attempt == revision.ladder_attempt,
            Rendition.what == reading.MASTER,
            Rendition.playlist.is_(None),
        )
    )
    if row is None:
        return
    key = session.scalars(
        select(OutputFile.key).where(
            OutputFile.revision_id == revision.id,
            OutputFile.attempt == row.attempt,
            OutputFile.what == row.what,
        )
    ).one()
    try:
        with blobs.open(key) as stream:
            row.playlist = stream.read().decode()
    except FileNotFoundError:
        return  # a lost file is told where it is played
    session.flush()


def propose(session: Session, clip_id: str, actor: Actor) -> None:
    """Queue a machine's draft in the clip's own language, where no person has written any."""
    clip, revision, _ = _open(session, clip_id, actor, _spoken(session, clip_id), Seen())
    if revision.examine_attempt is None or _is_silent(revision):
        raise WrongState("there is nothing to listen to")
    if not jobs.is_open(session, revision.id, "transcribe"):
        jobs.enqueue(session, "transcribe", clip, revision)


def listening(session: Session, clip: Clip) -> str | None:
    """How the machine is getting on with the current revision: queued | running | done | failed |
    cancelled; None where nobody asked it."""
    return session.scalar(
        select(Job.state)
        .where(Job.revision_id == revisions.current(session, clip).id, Job.kind == "transcribe")
        .order_by(Job.id.desc())
        .limit(1)
    )


def _spoken(session: Session, clip_id: str) -> str:
    clip = session.get(Clip, clip_id)
    return clip.language if clip is not None else "vi"


def transcribed(session: Session, claim: Claim, language: str, cues: Sequence[Cue]) -> None:
    """The machine's draft is there; what a person wrote meanwhile stays. Raises `LeaseLost`."""
    clip = load(session, claim.clip_id)
    revision = session.get_one(Revision, claim.revision_id)
    jobs.finish(session, claim)
    found = reading.one(session, clip, language, revision=revision.number)
    if not cues or (found is not None and found.confirmed):
        return
    found = found or Captions(revision_id=revision.id, language=language)
    found.confirmed, found.version, found.updated_by = False, NOTHING, None
    _write(session, found, write(cues), "machine")


def _is_silent(revision: Revision) -> bool:
    facts = revision.facts or {}
    return "audio_index" in facts and facts["audio_index"] is None
