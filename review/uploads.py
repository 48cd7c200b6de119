"""The rows of uploads. Where the bytes of an unfinished one lie is the entry point's matter."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from review import clock
from review.accounts import actor_of
from review.errors import InvalidInput, NoSuchThing, NotAllowed, UploadIncomplete
from review.keys import is_id
from review.lifecycle import load_visible
from review.models import Account, Clip, Revision, Upload
from review.policy import SUBMITTERS, Actor, shown_state
from review.quota import PARTIAL, QUIET, is_silent
from review.states import State
from review.text import clean

# States in which a clip waits for a file.
WAITING = (State.DRAFT, State.CHANGES_REQUESTED, State.REFUSED)


def waits_for_file(clip: Clip) -> bool:
    """Whether the owner may send one: who is not told yet of what to change can not."""
    return shown_state(None, clip) in WAITING


def register_upload(
    session: Session,
    owner: Account,
    length: int,
    name: str,
    *,
    hours: int,
    clip_id: str | None,
    metadata: str = "",
    deferred: bool = False,
    concat: str | None = None,
) -> Upload:
    """Announce an upload of ``length`` bytes (``deferred``: at most); ``metadata`` is kept for
    the client. ``concat``: it is a piece, or made of pieces (:class:`review.models.Upload`).

    With ``clip_id`` (a draft or a clip that waits for a new revision, of the same owner) it is
    handed in by itself once it is complete.
    """
    if owner.role not in SUBMITTERS:
        raise NotAllowed(f"a {owner.role} does not submit clips")
    if clip_id is not None:
        clip = load_visible(session, clip_id, actor_of(owner))
        if clip.owner_id != owner.id or not waits_for_file(clip):
            raise InvalidInput(clip="Clip này không chờ tệp nào.")
    now = clock.now(session)
    upload = Upload(
        account_id=owner.id,
        clip_id=clip_id,
        length=length,
        deferred=deferred,
        concat=concat,
        name=clean(name, limit=120),
        client_metadata=metadata,
        created_at=now,
        expires_at=now + timedelta(hours=hours),
    )
    session.add(upload)
    session.flush()
    return upload


def get_upload(
    session: Session, upload_id: str, account_id: str | None, *, lock: bool = False
) -> Upload:
    """The upload if it is this account's; raises :class:`NoSuchThing`.

    ``lock``: nobody else may hand it in or remove it until the commit. An upload's row is always
    locked before a clip's.
    """
    upload = None
    if is_id(upload_id):
        upload = session.get(Upload, upload_id, with_for_update=lock, populate_existing=lock)
    if upload is None or account_id is None or upload.account_id != account_id:
        raise NoSuchThing("there is no such upload")
    return upload


def drop_upload(session: Session, upload_id: str, actor: Actor) -> None:
    """Forget an upload (tus termination). One that a clip was made of stays: `NotAllowed`."""
    upload = get_upload(session, upload_id, actor.id, lock=True)
    used = session.scalar(select(Revision.id).where(Revision.upload_id == upload.id))
    if used is not None:
        raise NotAllowed("a clip was made of this upload: withdraw the clip instead")
    session.delete(upload)


def expired(session: Session, limit: int = 100) -> list[Upload]:
    """Uploads that nobody finished or used in time, locked: the rows, and then the bytes, are the
    caller's to remove. One that is being handed in at this moment is left alone."""
    used = select(Revision.id).where(Revision.upload_id == Upload.id).exists()
    return list(
        session.scalars(
            select(Upload)
            .where(Upload.expires_at < clock.now(session), ~used)
            .order_by(Upload.expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )


def is_expired(session: Session, upload: Upload) -> bool:
    now: datetime = clock.now(session)
    return upload.completed_at is None and upload.expires_at < now


def open_count(session: Session, account_id: str, clip_id: str | None = None) -> int:
    """Unfinished uploads of one account, or those of them that are for one clip."""
    query = select(func.count()).where(Upload.account_id == account_id, *_unfinished(session))
    if clip_id is not None:
        query = query.where(Upload.clip_id == clip_id)
    return session.scalar(query) or 0


def announced(session: Session, silent: Collection[str]) -> dict[str, int]:
    """Id and length of every upload that may still bring bytes, without those that stand still."""
    query = select(Upload.id, Upload.length).where(*_unfinished(session))
    if silent:
        query = query.where(~is_silent(session, silent))
    return {row.id: row.length for row in session.execute(query)}


def quiet(session: Session, limit: int = 20_000) -> list[str]:
    """Unfinished uploads that were announced a while ago; whether a byte came is known where the
    bytes are. As many as one query can name: more than that are counted as if they had some."""
    long_ago = Upload.created_at < clock.now(session) - QUIET
    query = select(Upload.id).where(*_unfinished(session), long_ago)
    return list(session.scalars(query.order_by(Upload.id).limit(limit)))


def fresh(session: Session, account_id: str) -> list[str]:
    """This account's unfinished uploads that hold room even without a byte."""
    lately = Upload.created_at >= clock.now(session) - QUIET
    query = select(Upload.id).where(Upload.account_id == account_id, *_unfinished(session), lately)
    return list(session.scalars(query))


def is_quiet(session: Session, upload: Upload) -> bool:
    """Whether it holds room by its bytes alone."""
    row = session.get(Upload, upload.id)
    return row is not None and row.created_at < clock.now(session) - QUIET


def hold_again(session: Session, upload_id: str) -> None:
    """Its first byte has come: it holds room as if it were announced now."""
    session.get_one(Upload, upload_id, with_for_update=True).created_at = clock.now(session)


def give_up(session: Session, upload_id: str) -> None:
    """Forget an unfinished upload whose pieces are gone: nobody learned its address."""
    upload = session.get(Upload, upload_id, with_for_update=True, populate_existing=True)
    if upload is not None and upload.completed_at is None:
        session.delete(upload)


def open_of(session: Session, actor: Actor, clips: Iterable[Clip]) -> dict[str, Upload]:
    """Clip's id -> the newest unfinished upload that this person began for it."""
    ids = [clip.id for clip in clips if clip.owner_id == actor.id and waits_for_file(clip)]
    if not ids:
        return {}
    mine = Upload.clip_id.in_(ids), Upload.account_id == actor.id, *_unfinished(session)
    found = session.scalars(select(Upload).where(*mine).order_by(Upload.created_at, Upload.id))
    return {str(upload.clip_id): upload for upload in found}


def _unfinished(session: Session) -> tuple[ColumnElement[bool], ...]:
    return Upload.completed_at.is_(None), Upload.expires_at > clock.now(session)


def tell_length(session: Session, upload_id: str, length: int, arrived: int) -> None:
    """The length that was deferred: told once, never changed. Raises :class:`InvalidInput`."""
    upload = session.get_one(Upload, upload_id, with_for_update=True, populate_existing=True)
    if upload.length == length and not upload.deferred:
        return
    if not upload.deferred or not arrived <= length <= upload.length:
        raise InvalidInput(length="Độ dài của tệp đã được báo trước và không đổi được.")
    upload.length, upload.deferred = length, False


def pieces(session: Session, upload_ids: Sequence[str], account_id: str) -> list[Upload]:
    """Whole pieces of this account, in this order.

    Raises :class:`NoSuchThing`, :class:`InvalidInput`, :class:`UploadIncomplete`."""
    found = [get_upload(session, upload_id, account_id) for upload_id in upload_ids]
    if not found or any(u.concat != PARTIAL for u in found):
        raise InvalidInput(concat="Danh sách các phần cần ghép không đúng.")
    if any(u.completed_at is None for u in found):
        raise UploadIncomplete("a piece of this upload is not complete")
    return found


def joined(session: Session, account_id: str, concat: str) -> Upload | None:
    """The upload that was made of these pieces before: the answer to it was lost."""
    query = select(Upload).where(Upload.account_id == account_id, Upload.concat == concat)
    for upload in session.scalars(query.order_by(Upload.id.desc())):
        if not is_expired(session, upload):
            return upload
    return None


def release(session: Session, upload_ids: Sequence[str], account_id: str) -> list[str]:
    """The pieces are in a whole now: keys of their blobs, the caller's to remove. Their rows stay
    until they expire, for a client that asks what became of them."""
    keys = []
    for upload_id in upload_ids:
        upload = session.get(Upload, upload_id, with_for_update=True, populate_existing=True)
        if upload is None or upload.account_id != account_id:
            continue  # removed while it was joined: its bytes are in the whole all the same
        if upload.key is not None:
            keys.append(upload.key)
        upload.key = None
    return keys
