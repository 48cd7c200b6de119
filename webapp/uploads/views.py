"""``/uploads``: the tus 1.0.0 protocol (tus.io/protocols/resumable-upload)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime

import structlog
from flask import Blueprint, Response, jsonify, request, url_for

from review import quota, uploads
from review.models import Account, Upload
from review.policy import Actor
from webapp.auth import require_account, require_actor
from webapp.deps import deps
from webapp.errors import WebError
from webapp.security import UPLOAD_TYPE
from webapp.uploads.announce import Announced, announced, told_length, told_offset
from webapp.uploads.body import ALGORITHMS, Checksum, announced_checksum, of_this_request
from webapp.uploads.digests import digests, hashed
from webapp.uploads.finish import finish, finish_alone, piece_ids
from webapp.uploads.places import parts_of
from webapp.uploads.room import begun, check_link, check_open, limits_of, reserve, silent, wake
from webapp.uploads.shape import (
    Overtaken,
    PartLocked,
    SentDirectly,
    StorageFull,
    TooMuch,
    Writer,
    WrongChecksum,
    blocks,
    full_disk_told,
)

log = structlog.get_logger(__name__)
blueprint = Blueprint("uploads", __name__, url_prefix="/uploads")

VERSION = "1.0.0"
EXTENSIONS = (
    "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination,"
    "concatenation"
)
MEDIA_TYPE = UPLOAD_TYPE
AT_ONCE = 48  # connections of one process that may be sending: fewer than it has threads
_writing = threading.BoundedSemaphore(AT_ONCE)


@blueprint.before_request
def check_version() -> None:
    if request.endpoint in _NOT_TUS:
        return
    if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
        raise WebError("tus_version", 412, {"Tus-Version": VERSION})


# JSON for our own pages and programs.
_NOT_TUS = {"uploads.room", "uploads.parts", "uploads.links", "uploads.complete"}


@blueprint.after_app_request
def say_version(response: Response) -> Response:
    """On every answer below /uploads, those to unknown methods and paths included."""
    if request.path.startswith(blueprint.url_prefix or ""):
        response.headers["Tus-Resumable"] = VERSION
        response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.route("", methods=["OPTIONS"])
@blueprint.route("/<upload_id>", methods=["OPTIONS"])
def options(upload_id: str = "") -> Response:
    """What this server can do."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(deps().settings.max_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return Response(status=204, headers=headers)


@blueprint.get("/room")
def room() -> Response:
    """How much the one who asks may still send; null: no limit."""
    account = require_account()
    settings, still = deps().settings, silent()
    with deps().database.read() as session:
        found = quota.room_of(session, account, limits_of(settings), still)
    return jsonify(
        {
            "bytes_left": found.bytes_left,
            "clips_left": found.clips_left,
            "max_bytes": settings.max_bytes,
            "max_seconds": settings.max_seconds,
            "by": found.by if found.clips_left != 0 else found.clips_by,
        }
    )


@blueprint.post("")
def create() -> Response:
    """Announce an upload; with a body, its first bytes too."""
    account = require_account()
    asked = announced()
    upload = _register(account, asked)
    headers = {
        "Location": url_for("uploads.head", upload_id=upload.id),
        "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
    }
    if asked.pieces:
        _finish(upload)
    elif request.mimetype == MEDIA_TYPE:
        headers["Upload-Offset"] = str(_append(upload, 0))
    elif asked.length == 0:
        _finish(upload)  # an empty file is told apart later, in words
    return Response(status=201, headers=headers)


def _register(account: Account, told: Announced) -> Upload:
    """Room is counted and taken in one transaction, which others wait for."""
    check_link(told)
    settings, still, sent = deps().settings, silent(), begun(account)
    with deps().database.write() as session:
        quota.enter(session)
        if told.pieces:
            assert told.concat is not None
            found = uploads.joined(session, account.id, told.concat)
            if found is not None:
                return found
        else:
            check_open(session, account, sent)
        upload = uploads.register_upload(
            session,
            account,
            reserve(session, account, told, still),
            told.metadata.get("filename", ""),
            hours=settings.upload_hours,
            clip_id=told.clip_id,
            metadata=told.told,
            deferred=told.length is None and not told.pieces,
            concat=told.concat,
        )
    parts_of(deps()).create(upload.id)
    return upload


def find(upload_id: str) -> Upload:
    """The upload of whoever asks; another person's does not exist."""
    account = require_account()
    with deps().database.read() as session:
        upload = uploads.get_upload(session, upload_id, account.id)
        if uploads.is_expired(session, upload):
            raise WebError("upload_gone", 410)
    return upload


@blueprint.route("/<upload_id>", methods=["HEAD"])
def head(upload_id: str) -> Response:
    """How much is durably here. A whole upload that a crash kept from its end is finished now."""
    upload = find(upload_id)
    headers = _length_headers(upload)
    if piece_ids(upload) and upload.completed_at is None:
        if _is_joined(upload):
            headers["Upload-Offset"] = str(upload.length)
    else:
        offset = _offset(upload)
        headers["Upload-Offset"] = str(offset)
        if offset == upload.length and upload.completed_at is None and not upload.deferred:
            _finish(upload)
    if upload.client_metadata:
        headers["Upload-Metadata"] = upload.client_metadata
    if upload.concat is not None:
        headers["Upload-Concat"] = upload.concat
    if upload.completed_at is None:
        headers |= _expires(upload)
    return Response(status=200, headers=headers)


def _length_headers(upload: Upload) -> dict[str, str]:
    if upload.deferred:
        return {"Upload-Defer-Length": "1"}
    return {"Upload-Length": str(upload.length)}


def _expires(upload: Upload) -> dict[str, str]:
    return {"Upload-Expires": format_datetime(upload.expires_at, usegmt=True)}


def _offset(upload: Upload) -> int:
    if upload.completed_at is not None:
        return upload.length
    size = parts_of(deps()).offset(upload.id)
    if size is None:
        raise WebError("upload_gone", 410)
    return size


def _is_joined(upload: Upload) -> bool:
    """Join the pieces of a final upload that a crash left; False while another request does."""
    try:
        _finish(upload)
    except WebError as error:
        if error.code != "upload_locked":
            raise
        return False
    return True


def _finish(upload: Upload) -> None:
    with told(upload):
        finish_alone(deps(), upload)


@contextmanager
def told(upload: Upload) -> Iterator[None]:
    """What can happen to the bytes, as answers of the protocol."""
    try:
        with full_disk_told():
            yield
    except (PartLocked, Overtaken):
        raise WebError("upload_locked", 423) from None
    except FileNotFoundError:
        _refuse_gone(upload)
    except StorageFull:
        raise WebError("storage_full", 507) from None
    except TooMuch:
        raise WebError("upload_too_large", 413) from None
    except SentDirectly:
        raise WebError("upload_direct", 409) from None
    except WrongChecksum:
        raise WebError("upload_checksum", 460) from None
    except OSError as error:
        # A store that is away: the bytes are here, and the next question finishes the upload.
        log.warning("upload_not_finished", upload=upload.id, why=str(error))
        raise WebError("busy", 503, {"Retry-After": "5"}) from None


def _refuse_gone(upload: Upload) -> None:
    """There is no place for bytes: another request finished the upload, or it was removed."""
    with deps().database.read() as session:
        found = session.get(Upload, upload.id)
    if found is None or found.completed_at is None:
        raise WebError("upload_gone", 410)
    if request.method == "PATCH":
        raise WebError("upload_offset", 409, {"Upload-Offset": str(found.length)})


@blueprint.patch("/<upload_id>")
def append(upload_id: str) -> Response:
    """The next bytes, from the offset that is durable."""
    upload = find(upload_id)
    if piece_ids(upload):
        raise WebError("upload_final", 403)
    if request.mimetype != MEDIA_TYPE:
        raise WebError("upload_metadata", 415)
    wanted = told_offset()
    if upload.completed_at is not None:
        if wanted != upload.length or request.content_length:
            raise WebError("upload_offset", 409)
        offset = upload.length
    else:
        offset = _append(upload, wanted)
    headers = {"Upload-Offset": str(offset)}
    if offset < upload.length or upload.deferred:
        headers |= _expires(upload)
    return Response(status=204, headers=headers)


def _append(upload: Upload, offset: int) -> int:
    """Store what the request carries; the new offset. A whole upload is finished."""
    checksum, length = announced_checksum(), told_length()
    if not _writing.acquire(blocking=False):
        # The threads that are left answer everybody else.
        raise WebError("busy", 503, {"Retry-After": "5"})
    try:
        with told(upload), parts_of(deps()).writing(upload.id) as writer:
            if writer.offset != offset:
                raise WebError("upload_offset", 409, {"Upload-Offset": str(writer.offset)})
            if length is not None and request.method == "PATCH":
                _tell_length(upload, length, offset)
            if offset == 0 and request.content_length != 0:
                wake(upload)
            return _store(upload, writer, checksum)
    finally:
        _writing.release()


def _tell_length(upload: Upload, length: int, offset: int) -> None:
    with deps().database.write() as session:
        if upload.deferred and length > upload.length:
            raise WebError("upload_too_large", 413)
        uploads.tell_length(session, upload.id, length, offset)
    upload.length, upload.deferred = length, False


def _store(upload: Upload, writer: Writer, checksum: Checksum | None) -> int:
    offset = writer.offset
    room = upload.length - offset
    if (request.content_length or 0) > room:
        raise TooMuch(upload.id)
    digest = digests.take(upload.id, offset)
    before = digest.copy() if digest is not None and checksum is not None else None
    seen = [d for d in (digest, checksum and checksum.digest) if d is not None]
    body = of_this_request()
    try:
        reached = writer.append(hashed(blocks(body, room, writer.is_newest), seen))
        if checksum is not None and body.is_whole and not checksum.is_right:
            raise WrongChecksum(upload.id)
    except (TooMuch, WrongChecksum):
        writer.undo()
        digests.keep(upload.id, offset, before)
        raise
    if reached == upload.length and not upload.deferred:
        finish(deps(), writer, upload, digest.hexdigest() if digest is not None else None)
    else:
        digests.keep(upload.id, reached, digest)
    return reached


@blueprint.delete("/<upload_id>")
def terminate(upload_id: str) -> Response:
    """Forget an upload; one that a clip was made of is refused."""
    actor = require_actor()
    with deps().database.read() as session:
        upload = uploads.get_upload(session, upload_id, actor.id)
    if upload.completed_at is not None or not _forget_unfinished(upload, actor):
        _forget(upload, actor)
    return Response(status=204)


def _forget_unfinished(upload: Upload, actor: Actor) -> bool:
    """Whoever writes just now ends. False when there are no bytes (any more): the upload may have
    been finished at this moment, and its row says what became of it."""
    with told(upload):
        try:
            with parts_of(deps()).writing(upload.id) as writer:
                _forget(upload, actor)
                writer.remove()
        except FileNotFoundError:
            return False
    return True


def _forget(upload: Upload, actor: Actor) -> None:
    """Row first, then the bytes: a crash between them leaves an orphan, which the sweep finds."""
    with deps().database.write() as session:
        key = uploads.get_upload(session, upload.id, actor.id).key
        uploads.drop_upload(session, upload.id, actor)
    if key is not None:
        try:
            deps().blobs.delete(key)
        except OSError as error:
            log.warning("orphan_left", key=key, why=str(error))
