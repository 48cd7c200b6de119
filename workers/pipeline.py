"""Claim one job, do it, write its result. Called by the Celery task and by tests directly."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

import structlog

from review import jobs, keys, processing
from review.errors import LeaseLost
from review.jobs import Claim
from review.models import Revision
from review.processing import Output, Rendered
from workers.deps import Deps
from workers.heartbeat import Heartbeat
from workers.media import (
    MediaFacts,
    MediaToolFailed,
    OutputFile,
    Refused,
    examine,
    render_ladder,
)

log = structlog.get_logger(__name__)
WATCHED = "proxy.mp4"  # what a reviewer watches, and what decisions bind to


def work_once(deps: Deps, worker: str, kinds: Collection[str] = jobs.KINDS) -> bool:
    """Do the most urgent due job; False when there is none."""
    with deps.database.write() as session:
        claim = jobs.claim(session, worker, kinds)
    if claim is None:
        return False
    work(deps, claim)
    return True


def work(deps: Deps, claim: Claim) -> None:
    """Do a claimed job, and write how it ended. A lost claim leaves nothing behind."""
    folder = deps.scratch / claim.attempt_name
    log.info("job_started", job=claim.job_id, kind=claim.kind, attempt=claim.attempt)
    try:
        _attempt(deps, claim, folder)
        log.info("job_done", job=claim.job_id, kind=claim.kind)
    except LeaseLost:
        log.warning("claim_lost", job=claim.job_id, kind=claim.kind)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _attempt(deps: Deps, claim: Claim, folder: Path) -> None:
    try:
        with Heartbeat(deps.database, claim) as beat:
            folder.mkdir(parents=True)
            write_result = _STEPS[claim.kind](deps, claim, folder, beat)
        write_result()
    except Refused as error:
        log.info("source_refused", job=claim.job_id, code=error.code, detail=error.detail)
        with deps.database.write() as session:
            processing.refused(session, claim, error.code)
    except MediaToolFailed as error:
        log.warning("tool_failed", job=claim.job_id, code=error.code, detail=error.detail)
        _trouble(deps, claim, error.code, counted=error.code != "no_space")
    except FileNotFoundError as error:
        log.error("original_missing", job=claim.job_id, detail=str(error))
        _trouble(deps, claim, "original_missing", counted=True)
    except OSError as error:
        # A full disk or a store that does not answer is not the clip's fault.
        code = "no_space" if error.errno == errno.ENOSPC else "storage"
        log.error("storage_trouble", job=claim.job_id, code=code, detail=str(error))
        _trouble(deps, claim, code, counted=False)


def _trouble(deps: Deps, claim: Claim, code: str, *, counted: bool) -> None:
    with deps.database.write() as session:
        processing.troubled(session, claim, code, counted=counted)


def _fetch_original(deps: Deps, claim: Claim, folder: Path) -> tuple[Path, Revision]:
    with deps.database.read() as session:
        revision = session.get_one(Revision, claim.revision_id)
    source = folder / "original"
    deps.blobs.fetch(revision.original_key, source)
    return source, revision


def _examine(deps: Deps, claim: Claim, folder: Path, beat: Heartbeat) -> Callable[[], None]:
    source, revision = _fetch_original(deps, claim, folder)
    out = folder / "out"
    out.mkdir()
    made = examine(source, out, limits=deps.limits, sandbox=deps.sandbox, progress=beat.progress)
    outputs = _store(deps, claim, revision, made.files, beat)
    watched = next(o.sha256 for o in outputs if o.what == WATCHED)

    def write_result() -> None:
        with deps.database.write() as session:
            processing.examined(
                session,
                claim,
                facts=made.facts.to_dict(),
                outputs=outputs,
                watched_sha256=watched,
            )

    return write_result


def _ladder(deps: Deps, claim: Claim, folder: Path, beat: Heartbeat) -> Callable[[], None]:
    source, revision = _fetch_original(deps, claim, folder)
    facts = MediaFacts.from_dict(revision.facts or {})
    out = folder / "out"
    out.mkdir()
    made = render_ladder(
        source,
        out,
        facts=facts,
        limits=deps.limits,
        sandbox=deps.sandbox,
        progress=beat.progress,
    )
    outputs = _store(deps, claim, revision, made.files, beat)
    renditions = [
        Rendered(r.kind, r.what, r.width, r.height, r.bytes, r.sha256, r.mime)
        for r in made.renditions
    ]

    def write_result() -> None:
        with deps.database.write() as session:
            processing.laddered(session, claim, outputs=outputs, renditions=renditions)

    return write_result


_STEPS = {"examine": _examine, "ladder": _ladder}


def _store(
    deps: Deps,
    claim: Claim,
    revision: Revision,
    files: Iterable[OutputFile],
    beat: Heartbeat,
) -> Sequence[Output]:
    """Blobs before rows: what a crash leaves behind here is an orphan that the sweep takes."""
    base = keys.derived(claim.clip_id, revision.number, claim.attempt_name)
    outputs = []
    for file in files:
        key = f"{base}/{file.what}"
        deps.blobs.put(key, file.path, mime=file.mime)
        outputs.append(Output(file.what, key, file.bytes, file.sha256, file.mime))
        beat.progress(1.0)
    return outputs
