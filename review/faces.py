"""Faces that a machine proposes to hide: searched for on request, once for each revision.

A proposal hides nothing. It becomes a box of a plan only where a person takes it into one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from review import clock, jobs, queueing, revisions
from review.jobs import Claim
from review.lifecycle import load, load_visible
from review.models import Clip, FaceProposals, Job
from review.policy import Actor, move_for
from review.redaction import Box
from review.states import Action

KIND = "faces"


@dataclass(frozen=True, slots=True)
class Search:
    """``state``: none | queued | running | done | failed; ``percent`` while it runs."""

    state: str
    percent: int | None = None
    boxes: tuple[Box, ...] = ()
    left_out: int = 0  # more than a plan takes


def request(session: Session, clip_id: str, actor: Actor) -> None:
    """Queue a search, unless one waits, runs, or is done: another would find the same.

    Raises :class:`NoSuchClip`, :class:`NotAllowed` and its kinds, as a redaction does.
    """
    clip = load_visible(session, clip_id, actor)
    move_for(actor, Action.REDACT, clip)
    if search(session, clip).state in ("none", "failed"):
        jobs.enqueue(session, KIND, clip, revisions.current(session, clip))


def search(session: Session, clip: Clip) -> Search:
    """How far the search through the current revision is, and what it found."""
    revision = revisions.current(session, clip)
    row = session.get(FaceProposals, revision.id)
    if row is not None:
        boxes = tuple(Box(**box) for box in row.found["boxes"])
        return Search("done", boxes=boxes, left_out=row.found["left_out"])
    query = select(Job).where(Job.revision_id == revision.id, Job.kind == KIND)
    job = session.scalar(query.order_by(Job.id.desc()).limit(1))
    if job is None or job.state in ("cancelled", "done"):  # done: what it found was purged
        return Search("none")
    percent = (job.progress or "").partition(":")[2]
    is_known = job.state == "running" and percent.isdigit()
    return Search(job.state, int(percent) if is_known else None)


def found(session: Session, claim: Claim, boxes: Sequence[Box], left_out: int) -> None:
    """The search is done. Raises :class:`LeaseLost`; the clip stays as it is."""
    clip = load(session, claim.clip_id)
    jobs.finish(session, claim)
    session.merge(
        FaceProposals(
            revision_id=claim.revision_id,
            found={"boxes": [asdict(box) for box in boxes], "left_out": left_out},
            found_at=clock.now(session),
        )
    )
    queueing.refile(session, clip)
    session.flush()


def failed(session: Session, claim: Claim, code: str) -> None:
    """No attempt will do better; the clip stays as it is. Raises :class:`LeaseLost`."""
    load(session, claim.clip_id)
    jobs.fail(session, claim, code)
