"""What workers report: each ends its job and moves the clip in one transaction.

The clip's row is always locked before the job's, here and in withdrawals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from review import jobs, lookalikes, queueing
from review.jobs import Claim
from review.lifecycle import load, move
from review.models import Clip, OutputFile, Rendition, Revision
from review.policy import WORKER
from review.publication import try_publish
from review.states import Action, State

_REFUSABLE = (State.PROCESSING, State.IN_REVIEW, State.APPROVED)


@dataclass(frozen=True, slots=True)
class Output:
    """One stored file: ``what`` is its path below ``/media/<clip>/``."""

    what: str
    key: str
    bytes: int
    sha256: str
    mime: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """One thing that a library can play."""

    kind: str  # hls | mp4 | audio
    what: str
    width: int
    height: int
    bytes: int
    sha256: str
    mime: str
    playlist: str | None = None  # the text of an HLS master playlist


def _open(session: Session, claim: Claim) -> tuple[Clip, Revision]:
    clip = load(session, claim.clip_id)
    return clip, session.get_one(Revision, claim.revision_id)


def examined(
    session: Session,
    claim: Claim,
    *,
    facts: Mapping[str, Any],
    outputs: Sequence[Output],
    watched_sha256: str,
    signals: Mapping[str, Any] | None = None,
    hashes: Sequence[Mapping[str, Any]] = (),
) -> None:
    """The clip can be reviewed; its ladder is queued. Raises :class:`LeaseLost`."""
    clip, revision = _open(session, claim)
    jobs.finish(session, claim)
    if clip.state != State.PROCESSING or clip.revision != revision.number:
        return
    _store(session, revision, claim.attempt_name, outputs)
    revision.facts = dict(facts)
    revision.signals = dict(signals or {})
    revision.examine_attempt = claim.attempt_name
    revision.watched_sha256 = watched_sha256
    lookalikes.index(session, revision, hashes)
    move(
        session,
        clip,
        Action.EXAMINED,
        WORKER,
        changes={"progress": None},
        detail={"watched_sha256": watched_sha256},
    )
    jobs.enqueue(session, "ladder", clip, revision)


def laddered(
    session: Session,
    claim: Claim,
    *,
    outputs: Sequence[Output],
    renditions: Sequence[Rendered],
    signals: Mapping[str, Any] | None = None,
    hashes: Sequence[Mapping[str, Any]] = (),
) -> None:
    """The renditions are stored: the pointer is swapped, and a waiting clip published."""
    clip, revision = _open(session, claim)
    jobs.finish(session, claim)
    _store(session, revision, claim.attempt_name, outputs)
    for made in renditions:
        session.add(
            Rendition(
                revision_id=revision.id,
                attempt=claim.attempt_name,
                kind=made.kind,
                what=made.what,
                width=made.width,
                height=made.height,
                bytes=made.bytes,
                sha256=made.sha256,
                mime=made.mime,
                playlist=made.playlist,
            )
        )
    revision.ladder_attempt = claim.attempt_name
    revision.signals = {**(revision.signals or {}), **(signals or {})}
    if hashes:  # the ladder saw every frame, `examine` key frames only
        lookalikes.index(session, revision, hashes)
    if clip.revision == revision.number:
        clip.progress = None
        queueing.refile(session, clip)  # the ladder saw every frame
        session.flush()
        try_publish(session, clip)


def _store(session: Session, revision: Revision, attempt: str, outputs: Sequence[Output]) -> None:
    for made in outputs:
        session.add(
            OutputFile(
                revision_id=revision.id,
                attempt=attempt,
                what=made.what,
                key=made.key,
                bytes=made.bytes,
                sha256=made.sha256,
                mime=made.mime,
            )
        )
    session.flush()


def refused(session: Session, claim: Claim, code: str) -> None:
    """The source is at fault: the clip goes back to its owner, even from review."""
    clip, revision = _open(session, claim)
    jobs.fail(session, claim, code)
    is_open = clip.state in _REFUSABLE or clip.unannounced
    if is_open and clip.revision == revision.number:
        move(
            session,
            clip,
            Action.REFUSE,
            WORKER,
            changes={"problem": code, "progress": None},
            detail={"problem": code},
        )


def gave_up(session: Session, claim: Claim, code: str) -> None:
    """Our side is at fault, three times. A clip in processing fails; one that is being reviewed
    stays there, and the operator starts the failed ladder again."""
    if claim.kind == jobs.MAIL:
        return jobs.fail(session, claim, code)
    clip, revision = _open(session, claim)
    jobs.fail(session, claim, code)
    if clip.state == State.PROCESSING and clip.revision == revision.number:
        move(
            session,
            clip,
            Action.GIVE_UP,
            WORKER,
            changes={"problem": code, "progress": None},
            detail={"problem": code},
        )
    return None


def troubled(session: Session, claim: Claim, code: str, *, counted: bool = True) -> None:
    """An attempt ended without a result: try again later, or give up after the last."""
    if claim.kind != jobs.MAIL:
        load(session, claim.clip_id).progress = None
    if not jobs.retry_later(session, claim, code, counted=counted):
        gave_up(session, claim, code)
