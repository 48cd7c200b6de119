"""Redactions of a clip: asked for, rendered by a worker, looked at, and kept or thrown away.

A plan is bound to a revision. Keeping its render makes it the original of a new revision, and the
review begins again. The clip's row is locked before everything else, as in every move.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, update
from sqlalchemy.orm import Session

from review import announcing, clock, jobs, revisions
from review.errors import BytesGone, NoSuchClip, NoSuchThing, NotAllowed, WrongState
from review.jobs import Claim
from review.keys import is_id
from review.lifecycle import check_version, load, load_visible, move
from review.models import Clip, Job, OutputFile, Redaction, Revision, Upload
from review.policy import Actor, may_see, move_for
from review.processing import Output
from review.redaction import RedactionPlan, parse
from review.states import Action, State, moves_from

KIND = "redact"
ALIVE = ("open", "ready")  # one of these for each revision at most
UNKEPT = timedelta(days=7)  # that a render waits for somebody's word
REDACTABLE = tuple(s for s in State if list(moves_from(s, Action.REDACT)))
# A held clip keeps what was made before it was held: nothing may tell of the hold.
_MAY_WAIT = (*REDACTABLE, State.HELD)
# The job's state -> what people are told while the row is "open".
_SHOWN = {"queued": "queued", "running": "rendering", "done": "rendering", "failed": "failed"}


def read_plan(revision: Revision, value: Any) -> RedactionPlan:
    """A plan for this revision; raises :class:`InvalidInput`."""
    facts = revision.facts or {}
    silent = "audio_index" in facts and facts["audio_index"] is None
    return parse(value, duration_s=float(facts.get("duration_s", 0.0)), silent=silent)


def request(
    session: Session, clip_id: str, actor: Actor, plan: Any, version: int | None = None
) -> Redaction:
    """Queue the render of a plan; the one before it that nobody kept is thrown away.

    Raises :class:`NoSuchClip`, :class:`NotAllowed` and its kinds, :class:`InvalidInput`,
    :class:`BytesGone`.
    """
    clip = load_visible(session, clip_id, actor)
    check_version(session, clip, version, actor)
    move_for(actor, Action.REDACT, clip)
    assert actor.id is not None
    revision = revisions.current(session, clip)
    if revision.original_purged_at is not None:
        raise BytesGone(f"the original of clip {clip.id} was removed")
    checked = read_plan(revision, plan)
    for row in session.scalars(_of(revision.id, *ALIVE)):
        _discard(session, row)
    job = jobs.enqueue(session, KIND, clip, revision)
    redaction = Redaction(
        clip_id=clip.id,
        revision_id=revision.id,
        job_id=job.id,
        plan=checked.to_dict(),
        made_by=actor.id,
        created_at=clock.now(session),
    )
    session.add(redaction)
    session.flush()
    return redaction


def _of(revision_id: str, *states: str) -> Select[Redaction]:
    return select(Redaction).where(
        Redaction.revision_id == revision_id, Redaction.state.in_(states)
    )


def discard(session: Session, clip_id: str, redaction_id: str, actor: Actor) -> Redaction:
    """Throw a redaction away; the sweep removes its blob, which nobody is sent any more."""
    clip = load_visible(session, clip_id, actor)
    move_for(actor, Action.REDACT, clip)
    row = _get(session, clip, redaction_id)
    if row.state == "kept":
        raise WrongState("a redaction that was kept is a revision now")
    _discard(session, row)
    return row


def _discard(session: Session, row: Redaction) -> None:
    row.state = "discarded"
    row.finished_at = clock.now(session)
    jobs.cancel(session, row.job_id)
    session.flush()


def _get(session: Session, clip: Clip, redaction_id: str) -> Redaction:
    row = session.get(Redaction, redaction_id) if is_id(redaction_id) else None
    if row is None or row.clip_id != clip.id:
        raise NoSuchThing("there is no such redaction")
    return row


def look_at(
    session: Session, clip_id: str, redaction_id: str, actor: Actor
) -> tuple[Clip, Redaction]:
    """A redaction, for whoever made it or may redact the clip; else :class:`NoSuchClip` or
    :class:`NoSuchThing`. Locks nothing."""
    clip = session.get(Clip, clip_id) if is_id(clip_id) else None
    if clip is None or not may_see(actor, clip):
        raise NoSuchClip(f"there is no clip {clip_id!r}")
    row = _get(session, clip, redaction_id)
    if row.made_by != actor.id and not may_redact(clip, actor):
        raise NoSuchThing("there is no such redaction")
    return clip, row


def may_redact(clip: Clip, actor: Actor) -> bool:
    try:
        move_for(actor, Action.REDACT, clip)
    except NotAllowed:
        return False
    return True


def latest(session: Session, clip: Clip) -> Redaction | None:
    """The redaction of the current revision that waits, runs, failed or can be kept."""
    revision = revisions.current(session, clip)
    return session.scalar(_of(revision.id, *ALIVE).order_by(Redaction.id.desc()).limit(1))


def state_of(session: Session, clip: Clip) -> str | None:
    """What became of the redaction that waits for a word; None: there is none."""
    row = latest(session, clip)
    return None if row is None else shown_state(session, row)[0]


def shown_state(session: Session, row: Redaction) -> tuple[str, int | None, str | None]:
    """(queued | rendering | ready | failed | kept | discarded, percent, code of what failed)."""
    if row.state != "open":
        return row.state, None, None
    job = session.get_one(Job, row.job_id)
    percent = (job.progress or "").partition(":")[2]
    number = int(percent) if job.state == "running" and percent.isdigit() else None
    # Cancelled with its clip's other jobs: the plan is still there to be tried again.
    return _SHOWN.get(job.state, "failed"), number, job.problem


def waits_for(session: Session, clip: Clip, job_id: str) -> bool:
    """Whether somebody still wants what this job was to render."""
    row = session.scalars(select(Redaction).where(Redaction.job_id == job_id)).one()
    revision = revisions.current(session, clip)
    return row.state == "open" and row.revision_id == revision.id and _may_wait(clip)


def _may_wait(clip: Clip) -> bool:
    # So does what was decided and is not told yet.
    return clip.unannounced or clip.state in _MAY_WAIT


def preview(session: Session, clip: Clip, redaction_id: str, actor: Actor) -> OutputFile | None:
    """The render that waits for a word, as a file to be served; None when there is none for
    this person. It is no output of a revision, so the row is never stored."""
    if not (is_id(redaction_id) and may_redact(clip, actor)):
        return None
    row = session.get(Redaction, redaction_id)
    if row is None or row.clip_id != clip.id or row.state != "ready":
        return None
    if row.revision_id != revisions.current(session, clip).id:
        return None
    return OutputFile(
        revision_id=row.revision_id,
        attempt=row.attempt,
        what=f"redactions/{row.id}.mp4",
        key=row.key,
        bytes=row.bytes,
        sha256=row.sha256,
        mime=row.mime,
    )


# --- the worker's side --------------------------------------------------------------------------


def plan_of(session: Session, claim: Claim) -> RedactionPlan | None:
    """What the job has to render; None once nobody waits for it."""
    row = _of_job(session, claim)
    revision = session.get_one(Revision, claim.revision_id)
    return None if row.state != "open" else read_plan(revision, row.plan)


def _of_job(session: Session, claim: Claim) -> Redaction:
    return session.scalars(select(Redaction).where(Redaction.job_id == claim.job_id)).one()


def rendered(session: Session, claim: Claim, output: Output, duration_s: float) -> None:
    """The render is stored and can be looked at. Raises :class:`LeaseLost`.

    A second call of the same attempt changes nothing: a database that went away in the middle of
    the commit may have kept it after all.
    """
    load(session, claim.clip_id)
    row = _of_job(session, claim)
    if row.attempt == claim.attempt_name:
        return
    jobs.finish(session, claim)
    row.state = "ready"
    row.attempt = claim.attempt_name
    row.finished_at = clock.now(session)
    row.key, row.bytes = output.key, output.bytes
    row.sha256, row.mime = output.sha256, output.mime
    row.duration_s = duration_s
    session.flush()


def failed(session: Session, claim: Claim, code: str) -> None:
    """No attempt will do better; the clip stays as it is. Raises :class:`LeaseLost`."""
    load(session, claim.clip_id)
    jobs.fail(session, claim, code)


def is_alive(session: Session, key: str) -> bool:
    """Whether the blob under this key waits for somebody's word (a kept one is an original)."""
    query = select(Redaction.id).where(Redaction.key == key, Redaction.state.in_(("ready", "kept")))
    return session.scalar(query.limit(1)) is not None


def drop_stale(session: Session, limit: int = 100) -> list[str]:
    """Throw away what nobody can keep any more, or did not within a week; the keys of all blobs of
    what was thrown away, which the caller removes after the commit."""
    stale = session.scalars(
        select(Redaction)
        .join(Clip, Clip.id == Redaction.clip_id)
        .join(Revision, Revision.id == Redaction.revision_id)
        .where(Redaction.key.is_not(None), or_(Redaction.state == "discarded", _is_stale(session)))
        .limit(limit)
        .with_for_update(skip_locked=True, of=Redaction)
    )
    keys = []
    for row in stale:
        keys += [row.key] if row.key else []
        row.state, row.key = "discarded", None
    session.flush()
    return keys


def _is_stale(session: Session) -> ColumnElement[bool]:
    return and_(
        Redaction.state == "ready",
        or_(
            Clip.revision != Revision.number,
            and_(Clip.state.not_in(_MAY_WAIT), Clip.unannounced.is_(False)),
            Redaction.finished_at < clock.now(session) - UNKEPT,
        ),
    )


# --- keeping ------------------------------------------------------------------------------------


def keep(
    session: Session, clip_id: str, redaction_id: str, actor: Actor, version: int | None = None
) -> Clip:
    """The render becomes the original of a new revision, whose review begins at the first stage.

    The same call again changes nothing. Raises :class:`StaleClip`, :class:`NotAllowed` and its
    kinds, :class:`WrongState` while there is nothing to keep.
    """
    clip = load_visible(session, clip_id, actor)
    if _is_kept(session, clip, redaction_id, actor):
        return clip
    check_version(session, clip, version, actor)
    move_for(actor, Action.REDACT, clip)
    source = revisions.current(session, clip)
    row = _get(session, clip, redaction_id)
    if row.state != "ready" or row.revision_id != source.id:
        raise WrongState("there is no render of this revision to keep")
    assert actor.id is not None
    changes = {
        "revision": source.number + 1,
        "stage": 0,
        "problem": None,
        "progress": None,
        "submitted_at": clock.now(session),
    }
    detail = {"redaction": row.id, "sha256": row.sha256, "parent": source.number}
    _begin_again(session, clip, actor, changes, detail)
    # The ladder of what was just hidden is wanted by nobody.
    jobs.cancel_for(session, clip.id)
    revision = _new_revision(session, clip, source, row)
    _mark_kept(session, row, actor.id, revision.id)
    jobs.enqueue(session, "examine", clip, revision)
    return clip


def _begin_again(
    session: Session, clip: Clip, actor: Actor, changes: dict[str, Any], detail: dict[str, Any]
) -> None:
    if not clip.unannounced:
        move(session, clip, Action.REDACT, actor, changes=changes, detail=detail)
        return
    # What was decided on is no more, and nobody will be told of it. The numbers forget how long it
    # had waited: since the clip was sent before.
    again, now = Action.REDACT, changes.pop("submitted_at")
    changes["votes"] = []
    announcing.take_back(session, clip, again, actor, "taken_back", changes=changes, detail=detail)
    clip.submitted_at = now
    session.flush()


def _mark_kept(session: Session, row: Redaction, kept_by: str, result_id: str) -> None:
    """Guarded: a sweep that finds it a week old at this moment removes its blob."""
    done = session.execute(
        update(Redaction)
        .where(Redaction.id == row.id, Redaction.state == "ready")
        .values(state="kept", kept_by=kept_by, result_id=result_id)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise WrongState("this render was thrown away at this moment")


def _is_kept(session: Session, clip: Clip, redaction_id: str, actor: Actor) -> bool:
    row = session.get(Redaction, redaction_id) if is_id(redaction_id) else None
    if row is None or row.clip_id != clip.id or row.kept_by is None or row.kept_by != actor.id:
        return False
    return row.result_id == revisions.current(session, clip).id


def _new_revision(session: Session, clip: Clip, source: Revision, row: Redaction) -> Revision:
    """Every original has the row of an upload, this one too: it names the blob for the sweep and
    for the purge, under the account of whoever made it."""
    assert row.key is not None
    assert row.sha256 is not None
    assert row.bytes is not None
    now = clock.now(session)
    upload = Upload(
        account_id=row.made_by,
        clip_id=None,
        length=row.bytes,
        name="",
        key=row.key,
        sha256=row.sha256,
        created_at=now,
        expires_at=now,
        completed_at=now,
    )
    session.add(upload)
    session.flush()
    revision = Revision(
        clip_id=clip.id,
        number=clip.revision,
        parent_id=source.id,
        upload_id=upload.id,
        original_key=row.key,
        original_sha256=row.sha256,
        original_bytes=row.bytes,
        created_at=now,
    )
    session.add(revision)
    session.flush()
    return revision
