"""The step `redact`: a plan's render, stored under a key of its own until somebody keeps it.

It never touches the clip: what can not be rendered is told beside the plan, and the clip stays in
review.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from review import keys, redacting
from review.errors import LeaseLost
from review.jobs import Claim
from review.models import Revision
from review.processing import Output
from review.redaction import RedactionPlan
from workers.deps import Deps
from workers.heartbeat import Heartbeat
from workers.media import MediaFacts, Refused
from workers.media.redact import HiddenBox, Redacted, Redactions, SilentSpan, redact

log = structlog.get_logger(__name__)

# What was stored, and the write that tells of it.
Result = tuple[Sequence[Output], Callable[[Session], None]]


def step(deps: Deps, claim: Claim, folder: Path, beat: Heartbeat) -> Result:
    with deps.database.read() as session:
        revision = session.get_one(Revision, claim.revision_id)
        plan = redacting.plan_of(session, claim)
    if plan is None:
        raise LeaseLost(f"nobody waits for job {claim.job_id}")
    source, out = folder / "original", folder / "out"
    out.mkdir()
    try:
        deps.blobs.fetch(revision.original_key, source)
    except FileNotFoundError:
        log.error("original_missing", job=claim.job_id, detail=revision.original_key)
        return _failed(claim, "original_missing")
    try:
        made = redact(
            source,
            out,
            facts=MediaFacts.from_dict(revision.facts or {}),
            plan=for_media(plan),
            limits=deps.limits,
            sandbox=deps.sandbox,
            progress=beat.progress,
        )
    except Refused as error:
        log.info("redaction_refused", job=claim.job_id, code=error.code, detail=error.detail)
        return _failed(claim, error.code)
    return _stored(deps, claim, made, beat)


def _stored(deps: Deps, claim: Claim, made: Redacted, beat: Heartbeat) -> Result:
    """Blob before row: what a crash leaves here is an orphan that the sweep takes."""
    file = made.file
    output = Output(
        file.what, keys.redacted(claim.attempt_name), file.bytes, file.sha256, file.mime
    )
    try:
        deps.blobs.put(output.key, file.path, mime=file.mime)
        beat.progress(1.0)
    except BaseException:
        deps.blobs.delete(output.key)
        raise

    def write(session: Session) -> None:
        redacting.rendered(session, claim, output, made.duration_s)

    return [output], write


def _failed(claim: Claim, code: str) -> Result:
    return [], lambda session: redacting.failed(session, claim, code)


def for_media(plan: RedactionPlan) -> Redactions:
    """The plan in the words of the media tool."""
    return Redactions(
        boxes=tuple(
            HiddenBox(
                *(box.x, box.y, box.width, box.height, box.start_s, box.end_s),
                cover=box.how == "cover",
                to_x=box.to_x,
                to_y=box.to_y,
            )
            for box in plan.boxes
        ),
        sounds=tuple(SilentSpan(s.start_s, s.end_s, s.how == "beep") for s in plan.sounds),
        cuts=tuple((cut.start_s, cut.end_s) for cut in plan.cuts),
    )
