"""Claim one job, do it, write its result. Called by the Celery task and by tests directly."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from review import jobs, keys, processing
from review.captions import keeping
from review.errors import LeaseLost
from review.jobs import Claim
from review.models import Clip, Revision
from review.processing import Output, Rendered
from storage_config.database import DatabaseBusy
from workers import faces, listening, mailing, redaction
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
PATIENCE = 60.0  # seconds that a result waits for a database that is away
WATCHED = "proxy.mp4"  # what a reviewer watches, and what decisions bind to


class OriginalMissing(Exception):
    """The store has no such original: its key."""


@dataclass(frozen=True, slots=True)
class _Made:
    """What an attempt stored, and the write that makes it the clip's."""

    outputs: Sequence[Output]
    write: Callable[[Session], None]


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
    except LeaseLost:
        log.warning("claim_lost", job=claim.job_id, kind=claim.kind)
    except DatabaseBusy as error:
        # Not even this can be written: the lease ends by itself, and the job is given out again.
        log.error("database_away", job=claim.job_id, why=str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _attempt(deps: Deps, claim: Claim, folder: Path) -> None:
    try:
        with Heartbeat(deps.database, claim) as beat:
            folder.mkdir(parents=True)
            made = _STEPS[claim.kind](deps, claim, folder, beat)
    except Refused as error:
        log.info("source_refused", job=claim.job_id, code=error.code, detail=error.detail)
        code = error.code
        _patiently(deps, lambda session: processing.refused(session, claim, code))
    except MediaToolFailed as error:
        log.warning("tool_failed", job=claim.job_id, code=error.code, detail=error.detail)
        _trouble(deps, claim, error.code, counted=error.code != "no_space")
    except listening.NotHeard as error:
        log.error("not_transcribed", job=claim.job_id, detail=str(error))
        _trouble(deps, claim, "not_transcribed", counted=True)
    except faces.NotSearched as error:
        log.error("faces_not_searched", job=claim.job_id, detail=str(error))
        _trouble(deps, claim, "faces_not_searched", counted=True)
    except OriginalMissing as error:
        log.error("original_missing", job=claim.job_id, detail=str(error))
        _trouble(deps, claim, "original_missing", counted=True)
    except DatabaseBusy as error:
        log.error("database_away", job=claim.job_id, why=str(error))
        _trouble(deps, claim, "storage", counted=False)
    except OSError as error:
        # A full disk or a store that does not answer is not the clip's fault.
        code = "no_space" if error.errno == errno.ENOSPC else "storage"
        log.error("storage_trouble", job=claim.job_id, code=code, detail=str(error))
        _trouble(deps, claim, code, counted=False)
    else:
        _save(deps, claim, made)
        log.info("job_done", job=claim.job_id, kind=claim.kind)


def _trouble(deps: Deps, claim: Claim, code: str, *, counted: bool) -> None:
    _patiently(deps, lambda session: processing.troubled(session, claim, code, counted=counted))


def _save(deps: Deps, claim: Claim, made: _Made) -> None:
    """Write the result. What was stored for a clip that was withdrawn meanwhile goes at once."""
    try:
        _patiently(deps, made.write)
    except LeaseLost:
        if made.outputs and not _was_written(deps, claim):
            _remove(deps, made.outputs)
        raise


def _was_written(deps: Deps, claim: Claim) -> bool:
    """A database that went away in the middle of a commit may have kept it after all."""
    with deps.database.read() as session:
        revision = session.get_one(Revision, claim.revision_id)
    return claim.attempt_name in (revision.examine_attempt, revision.ladder_attempt)


def _patiently(deps: Deps, write: Callable[[Session], None]) -> None:
    """One transaction, tried again while the database is away: minutes of work hang on it."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with deps.database.write() as session:
                write(session)
            return
        except DatabaseBusy:
            if time.monotonic() > until:
                raise
            time.sleep(1)


def _fetch_original(deps: Deps, claim: Claim, folder: Path) -> tuple[Path, Revision]:
    with deps.database.read() as session:
        revision = session.get_one(Revision, claim.revision_id)
    source = folder / "original"
    try:
        deps.blobs.fetch(revision.original_key, source)
    except FileNotFoundError as error:
        raise OriginalMissing(revision.original_key) from error
    return source, revision


def _examine(deps: Deps, claim: Claim, folder: Path, beat: Heartbeat) -> _Made:
    source, revision = _fetch_original(deps, claim, folder)
    out = folder / "out"
    out.mkdir()
    made = examine(source, out, limits=deps.limits, sandbox=deps.sandbox, progress=beat.progress)
    outputs = _store(deps, claim, revision, made.files, beat)
    watched = next(o.sha256 for o in outputs if o.what == WATCHED)

    def write(session: Session) -> None:
        facts = made.facts.to_dict()
        processing.examined(
            session,
            claim,
            facts=facts,
            outputs=outputs,
            watched_sha256=watched,
            signals=made.signals,
            hashes=[found.as_json() for found in made.hashes],
        )

    return _Made(outputs, write)


def _ladder(deps: Deps, claim: Claim, folder: Path, beat: Heartbeat) -> _Made:
    source, revision = _fetch_original(deps, claim, folder)
    facts = MediaFacts.from_dict(revision.facts or {})
    with deps.database.read() as session:
        clip = session.get_one(Clip, claim.clip_id)
    out = folder / "out"
    out.mkdir()
    made = render_ladder(
        source,
        out,
        facts=facts,
        limits=deps.limits,
        sandbox=deps.sandbox,
        progress=beat.progress,
        noticed=revision.signals,
        acted=clip.language if clip.reenactment else None,
    )
    outputs = _store(deps, claim, revision, made.files, beat)
    renditions = [
        Rendered(
            *(r.kind, r.what, r.width, r.height, r.bytes, r.sha256, r.mime),
            playlist=_playlist(out / r.what),
        )
        for r in made.renditions
    ]

    def write(session: Session) -> None:
        processing.laddered(
            session,
            claim,
            outputs=outputs,
            renditions=renditions,
            signals=made.signals,
            hashes=[found.as_json() for found in made.hashes],
        )

    return _Made(outputs, write)


def _playlist(path: Path) -> str | None:
    """The master playlist's text: captions are added to it when it is served."""
    return path.read_text("utf-8") if path.suffix == ".m3u8" else None


def _transcribe(deps: Deps, claim: Claim, folder: Path, beat: Heartbeat) -> _Made:
    language, cues = listening.draft(deps, claim, folder, beat)

    def write(session: Session) -> None:
        keeping.transcribed(session, claim, language, cues)

    return _Made((), write)


_STEPS = {
    "examine": _examine,
    "ladder": _ladder,
    "mail": lambda deps, claim, *_: _Made((), mailing.step(deps, claim)),
    "redact": lambda *work: _Made(*redaction.step(*work)),
    "faces": lambda *work: _Made((), faces.step(*work)),
    "transcribe": _transcribe,
}


def _store(
    deps: Deps,
    claim: Claim,
    revision: Revision,
    files: Iterable[OutputFile],
    beat: Heartbeat,
) -> Sequence[Output]:
    """Blobs before rows: what a crash leaves behind here is an orphan that the sweep takes. What
    any other trouble leaves goes at once: a full disk must not get fuller with each attempt."""
    base = keys.derived(claim.clip_id, revision.number, claim.attempt_name)
    outputs: list[Output] = []
    try:
        for file in files:
            key = f"{base}/{file.what}"
            outputs.append(Output(file.what, key, file.bytes, file.sha256, file.mime))
            deps.blobs.put(key, file.path, mime=file.mime)
            beat.progress(1.0)
    except BaseException:
        _remove(deps, outputs)
        raise
    return outputs


def _remove(deps: Deps, outputs: Iterable[Output]) -> None:
    """As far as the store lets us; the sweep takes the rest."""
    with suppress(OSError):
        for output in outputs:
            deps.blobs.delete(output.key)
