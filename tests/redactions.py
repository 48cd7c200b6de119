"""Redactions without a media tool: plans, and renders that were stored the way a worker does it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from review import clock, redacting, revisions
from review.keys import new_id, redacted
from review.models import Clip, Job, Redaction
from review.policy import Actor, Role
from review.processing import Output
from review.states import State
from tests.world import World

BOX: dict[str, Any] = {
    "x": 0.25,
    "y": 0.25,
    "width": 0.25,
    "height": 0.5,
    "start_s": 1.0,
    "end_s": 3.0,
    "how": "blur",
}
PLAN: dict[str, Any] = {"boxes": [BOX]}
SHA = "5" * 64
# (a clip's state, who asks, what the editor and all that belongs to it answers them)
WHO = [
    (State.IN_REVIEW, Role.REVIEWER, 200),
    (State.IN_REVIEW, Role.MODERATOR, 200),
    (State.IN_REVIEW, Role.TEACHER, 403),  # the owner, while others review it
    (State.HELD, Role.TEACHER, 403),
    (State.HELD, Role.REVIEWER, 404),
    (State.HELD, Role.MODERATOR, 404),
    (State.IN_REVIEW, Role.PUPIL, 404),
    (State.IN_REVIEW, Role.SAFEGUARDING, 404),
    (State.PUBLISHED, Role.PUPIL, 404),
    (State.PUBLISHED, Role.MODERATOR, 409),
    (State.CHANGES_REQUESTED, Role.TEACHER, 200),
    (State.DRAFT, Role.REVIEWER, 404),
]


def asked(world: World, clip_id: str, actor: Actor, plan: Any = PLAN) -> str:
    """Id of a redaction whose render is queued."""
    with world.write() as session:
        return redacting.request(session, clip_id, actor, plan).id


def render(world: World, clip_id: str) -> str:
    """Do the queued render's rows (no bytes are stored); the key that its blob would have."""
    claim = world.claim_job(clip_id, "redact")
    key = redacted(claim.attempt_name)
    with world.write() as session:
        output = Output("redacted.mp4", key, 9, SHA, "video/mp4")
        redacting.rendered(session, claim, output, 12.5)
    return key


def ready(world: World, clip_id: str, actor: Actor, plan: Any = PLAN) -> str:
    """Id of a redaction that can be kept."""
    made = asked(world, clip_id, actor, plan)
    render(world, clip_id)
    return made


def kept(world: World, clip_id: str, actor: Actor) -> str:
    """Id of a redaction that made a new revision, which waits for `examine`."""
    made = ready(world, clip_id, actor)
    with world.write() as session:
        redacting.keep(session, clip_id, made, actor)
    return made


def written(session: Session, clip: Clip, made_by: str) -> str:
    """A ready redaction written as rows alone, whatever the clip's state."""
    now = clock.now(session)
    revision = revisions.current(session, clip)
    job = Job(
        kind="redact",
        clip_id=clip.id,
        revision_id=revision.id,
        priority=5,
        state="done",
        next_attempt_at=now,
        created_at=now,
        finished_at=now,
    )
    session.add(job)
    session.flush()
    row = Redaction(
        clip_id=clip.id,
        revision_id=revision.id,
        job_id=job.id,
        plan=PLAN,
        state="ready",
        made_by=made_by,
        created_at=now,
        finished_at=now,
        attempt=job.id,
        key=redacted(new_id()),
        bytes=9,
        sha256=SHA,
        mime="video/mp4",
        duration_s=12.5,
    )
    session.add(row)
    session.flush()
    return row.id
