"""Jobs, for operators."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from review import problems, queries, submission
from review.clock import iso
from review.models import Job
from review.policy import Role
from webapp.api.blueprint import blueprint, limit
from webapp.auth import require_actor
from webapp.deps import deps
from webapp.i18n import translated


def _job(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "kind": job.kind,
        "clip": job.clip_id,
        "state": job.state,
        "attempts": job.attempts,
        "worker": job.worker,
        "progress": job.progress,
        "problem": (
            {"code": job.problem, "message": translated(problems.message(job.problem))}
            if job.problem
            else None
        ),
        "created_at": iso(job.created_at),
        "next_attempt_at": iso(job.next_attempt_at),
        "finished_at": iso(job.finished_at) if job.finished_at else None,
    }


@blueprint.get("/jobs")
def list_jobs() -> Response:
    """All jobs, newest first; ``?state=failed`` those that need somebody."""
    require_actor(Role.ADMIN)
    with deps().database.read() as session:
        page = queries.job_list(
            session, request.args.get("state"), request.args.get("cursor"), limit(50)
        )
        items = [_job(job) for job in page.items]
    return jsonify({"items": items, "next": page.next})


@blueprint.post("/jobs/<job_id>/retry")
def retry_job(job_id: str) -> Response:
    """Start a failed job again, with three new attempts."""
    actor = require_actor(Role.ADMIN)
    with deps().database.write() as session:
        started = submission.retry_job(session, job_id, actor)
    return jsonify({"id": started, "state": "queued"})
