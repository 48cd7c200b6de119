"""From a draft to `processing`: what owners do with their clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from review import audit, campaigns, classcodes, clock, jobs, redacting, revisions
from review.accounts import actor_of
from review.consent import Person, Scope, clamp, lower_to_consents, store_people
from review.details import Details
from review.errors import (
    InvalidInput,
    NoSuchClip,
    NoSuchThing,
    NotAllowed,
    UploadIncomplete,
    UploadUsed,
    WrongState,
)
from review.keys import is_id
from review.lifecycle import load, load_visible, move
from review.models import (
    Account,
    Campaign,
    Clip,
    ClipPerson,
    Consent,
    Job,
    Revision,
    School,
    SchoolClass,
    Upload,
)
from review.policy import SUBMITTERS, Actor, Role, parties
from review.quota import PARTIAL
from review.states import STAFF, Action, State
from review.uploads import get_upload, waits_for_file


def create_draft(
    session: Session, owner: Account, details: Details, people: Sequence[Person] = ()
) -> Clip:
    """Keep what was typed before the first byte is sent."""
    if owner.role not in SUBMITTERS:
        raise NotAllowed(f"a {owner.role} does not submit clips")
    classcodes.take_place(session, owner)
    clip = Clip(
        owner_id=owner.id,
        school_id=owner.school_id,
        class_id=owner.class_id,
        created_at=clock.now(session),
        **_columns(session, owner, details, people, None),
    )
    session.add(clip)
    session.flush()
    store_people(session, clip, actor_of(owner), people)
    audit.append(session, clip, action="create", actor_id=owner.id, party="owner", from_state=None)
    return clip


def _columns(
    session: Session,
    owner: Account,
    details: Details,
    people: Sequence[Person],
    draft: Clip | None,
) -> dict[str, Any]:
    """``draft``: what there is already."""
    campaign_id = None
    if details.campaign is not None:
        kept = draft.campaign_id if draft else None
        campaign_id = campaigns.of_slug(session, details.campaign, kept)
    return {
        "title": details.title,
        "summary": details.summary,
        "language": details.language,
        "level": details.level or (draft and draft.level) or _school_level(session, owner),
        "topics": list(details.topics) or _topics(session, campaign_id),
        "campaign_id": campaign_id,
        "credit": _credit(session, owner, details.credit),
        "licence": details.licence,
        "music": details.music,
        "reenactment": details.reenactment,
        "scope": classcodes.narrowed(session, owner, clamp(details.scope, people)),
    }


def _school_level(session: Session, owner: Account) -> str | None:
    """Nearly always right, and nobody has to be asked; a moderator may correct it."""
    return session.scalar(select(School.level).where(School.id == owner.school_id))


def _credit(session: Session, owner: Account, wanted: str | None) -> str:
    """The class's name unless told otherwise: the widest that a credit line may say of a child,
    so a pupil may only leave it out. It reaches the public library as it stands."""
    group = session.get(SchoolClass, owner.class_id) if owner.class_id else None
    name = group.name if group else ""
    if wanted is None:
        return name
    if owner.role == Role.PUPIL and wanted not in ("", name):
        raise InvalidInput(credit="Học sinh chỉ ghi nguồn bằng tên lớp, hoặc để trống.")
    return wanted


def _topics(session: Session, campaign_id: str | None) -> list[str]:
    """Those of the campaign, for a clip that names none."""
    return list(session.get_one(Campaign, campaign_id).topics) if campaign_id else []


def update_draft(
    session: Session,
    clip_id: str,
    actor: Actor,
    details: Details,
    people: Sequence[Person] | None = None,
) -> Clip:
    """Replace what a draft (or a clip that waits for a new revision) says of itself."""
    clip = load_visible(session, clip_id, actor)
    if clip.owner_id != actor.id or not waits_for_file(clip):
        raise NotAllowed("only the owner changes a clip, while it waits for a file")
    owner = session.get_one(Account, clip.owner_id)
    if people is not None:
        _forget_people(session, clip, actor)
        store_people(session, clip, actor, people)
    for column, value in _columns(session, owner, details, people or (), clip).items():
        setattr(clip, column, value)
    lower_to_consents(session, clip)
    session.flush()
    return clip


def _forget_people(session: Session, clip: Clip, actor: Actor) -> None:
    """A draft's consents were never relied on; later ones are only ever added to."""
    if clip.state != State.DRAFT:
        raise NotAllowed("people and consents of a submitted clip are added one by one")
    mine = select(ClipPerson.id).where(ClipPerson.clip_id == clip.id)
    session.execute(delete(Consent).where(Consent.person_id.in_(mine)))
    session.execute(delete(ClipPerson).where(ClipPerson.clip_id == clip.id))
    session.expire_all()


def submit(session: Session, clip_id: str, upload_id: str, actor: Actor) -> Clip:
    """Hand in a draft with a complete upload: `examine` is queued in the same transaction."""
    upload = get_upload(session, upload_id, actor.id, lock=True)
    return _hand_in(session, load_visible(session, clip_id, actor), upload, actor, Action.SUBMIT)


def resubmit(session: Session, clip_id: str, upload_id: str, actor: Actor) -> Clip:
    """Hand in a new revision of a clip that was refused or sent back."""
    upload = get_upload(session, upload_id, actor.id, lock=True)
    return _hand_in(session, load_visible(session, clip_id, actor), upload, actor, Action.RESUBMIT)


def _hand_in(session: Session, clip: Clip, upload: Upload, actor: Actor, action: Action) -> Clip:
    if upload.completed_at is None or upload.concat == PARTIAL:
        raise UploadIncomplete(f"upload {upload.id} is not complete")
    used = session.scalar(select(Revision).where(Revision.upload_id == upload.id))
    if used is not None and used.clip_id == clip.id and used.number == clip.revision:
        return clip  # the same call again
    if used is not None:
        raise UploadUsed(f"upload {upload.id} belongs to another submission")
    now = clock.now(session)
    owner = session.get_one(Account, clip.owner_id)
    clip.scope = classcodes.narrowed(session, owner, Scope(clip.scope))
    number = clip.revision + 1
    move(
        session,
        clip,
        action,
        actor,
        changes={
            "revision": number,
            "stage": 0,
            "problem": None,
            "progress": None,
            "submitted_at": now,
        },
        detail={"sha256": upload.sha256, "bytes": upload.length},
    )
    assert upload.key is not None
    assert upload.sha256 is not None
    revision = Revision(
        clip_id=clip.id,
        number=number,
        parent_id=_revision_id(session, clip.id, number - 1),
        upload_id=upload.id,
        original_key=upload.key,
        original_sha256=upload.sha256,
        original_bytes=upload.length,
        created_at=now,
    )
    session.add(revision)
    session.flush()
    jobs.enqueue(session, "examine", clip, revision)
    return clip


def _revision_id(session: Session, clip_id: str, number: int) -> str | None:
    return session.scalar(
        select(Revision.id).where(Revision.clip_id == clip_id, Revision.number == number)
    )


def complete_upload(session: Session, upload_id: str, *, key: str, sha256: str) -> Upload:
    """The bytes are durable under ``key``. Idempotent. Hands in the clip that was waiting."""
    upload = session.get_one(Upload, upload_id, with_for_update=True, populate_existing=True)
    if upload.completed_at is not None:
        return upload
    upload.key, upload.sha256, upload.completed_at = key, sha256, clock.now(session)
    session.flush()
    if upload.clip_id is not None and is_id(upload.clip_id):
        clip = load(session, upload.clip_id)
        owner = actor_of(session.get_one(Account, upload.account_id))
        if waits_for_file(clip):
            action = Action.SUBMIT if clip.state == State.DRAFT else Action.RESUBMIT
            _hand_in(session, clip, upload, owner, action)
    return upload


def delete_draft(session: Session, clip_id: str, actor: Actor) -> None:
    """Throw a draft away; a clip that was ever handed in is withdrawn instead."""
    theirs = select(Upload).where(Upload.clip_id == clip_id).order_by(Upload.id)
    uploads = list(session.scalars(theirs.with_for_update()))
    clip = load_visible(session, clip_id, actor)
    if clip.owner_id != actor.id or clip.state != State.DRAFT:
        raise NotAllowed("only the owner deletes a clip, and only a draft")
    _forget_people(session, clip, actor)
    now = clock.now(session)
    for upload in uploads:
        upload.clip_id = None
        upload.expires_at = now  # its room is free, and the sweep collects it
    audit.append(
        session, clip, action="delete", actor_id=actor.id, party="owner", from_state="draft"
    )
    session.delete(clip)
    session.flush()


def retry(session: Session, clip_id: str, actor: Actor, version: int | None = None) -> Clip:
    """Process a failed clip again, with three new attempts."""
    clip = load(session, clip_id)
    if not parties(actor, clip):
        raise NoSuchClip(f"there is no clip {clip_id!r}")
    move(
        session,
        clip,
        Action.RETRY,
        actor,
        seen_version=version,
        changes={"problem": None, "progress": None},
    )
    jobs.enqueue(session, "examine", clip, revisions.current(session, clip))
    return clip


def retry_job(session: Session, job_id: str, actor: Actor) -> str:
    """The operator's button: start a failed job again; the id of the job that will do it.

    A failed clip goes back to `processing`; the failed ladder of a clip in review is repeated.
    Raises :class:`WrongState` when the job did not fail or nothing waits for it any more.
    """
    wanted = jobs.get(session, job_id)
    if wanted.clip_id is None:
        return _retry_mail(session, wanted, actor)
    clip = load(session, wanted.clip_id)
    if not parties(actor, clip) & STAFF:
        raise NotAllowed(f"a {actor.role} does not start jobs")
    job = jobs.get(session, job_id)
    if clip.state == State.FAILED and job.state == "failed":
        return jobs.last_open(session, retry(session, clip.id, actor).id)
    if job.state == "failed" and not _waits_for(session, clip, job):
        raise WrongState(f"nothing waits for job {job_id} any more")
    return jobs.restart(session, job_id).id


def _retry_mail(session: Session, job: Job, actor: Actor) -> str:
    if actor.role != Role.ADMIN or job.confidential:
        raise NoSuchThing(f"there is no job {job.id}")
    return jobs.restart(session, job.id).id


def _waits_for(session: Session, clip: Clip, job: Job) -> bool:
    """Whether the clip, as it is now, needs this job's result and has no other under way."""
    revision = session.get_one(Revision, job.revision_id)
    if job.kind == redacting.KIND:
        return redacting.waits_for(session, clip, job.id)
    return (
        job.kind == "ladder"
        and (clip.unannounced or clip.state in (State.IN_REVIEW, State.APPROVED, State.HELD))
        and revision.number == clip.revision
        and revision.ladder_attempt is None
        and not jobs.is_open(session, revision.id, "ladder")
    )
