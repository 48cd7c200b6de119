"""``/uploads``: the tus 1.0.0 protocol (tus.io/protocols/resumable-upload)."""

from __future__ import annotations

import base64
import binascii
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime

import structlog
from flask import Blueprint, Response, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from review import clock
from review.models import Account, Upload
from review.policy import Actor
from review.uploads import drop_upload, get_upload, is_expired, register_upload
from webapp.auth import require_account, require_actor
from webapp.deps import deps
from webapp.errors import WebError
from webapp.security import UPLOAD_TYPE
from webapp.uploads.body import ALGORITHMS, Body, Checksum, announced_checksum
from webapp.uploads.finish import finish
from webapp.uploads.parts import (
    SILENCE,
    TICK,
    Overtaken,
    Part,
    PartLocked,
    StorageFull,
    TooMuch,
    WrongChecksum,
    cut,
    full_disk_told,
)

log = structlog.get_logger(__name__)
blueprint = Blueprint("uploads", __name__, url_prefix="/uploads")

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
MEDIA_TYPE = UPLOAD_TYPE
MAX_OPEN = 50  # unfinished uploads of one account
MAX_METADATA = 4096
SPARE = 64 * 1024 * 1024  # bytes that stay free on the disk
AT_ONCE = 48  # connections of one process that may be sending: fewer than it has threads
_writing = threading.BoundedSemaphore(AT_ONCE)


@blueprint.before_request
def check_version() -> None:
    if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
        raise WebError("tus_version", 412, {"Tus-Version": VERSION})


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


@blueprint.post("")
def create() -> Response:
    """Announce an upload; with a body, its first bytes too."""
    account = require_account()
    length = _length()
    told = request.headers.get("Upload-Metadata", "")
    metadata = _metadata(told)
    settings = deps().settings
    _check_room(length)
    with deps().database.write() as session:
        _check_open(session, account)
        upload = register_upload(
            session,
            account,
            length,
            metadata.get("filename", ""),
            hours=settings.upload_hours,
            clip_id=metadata.get("clip") or None,
            metadata=told,
        )
    Part(deps().part_files, upload.id).create()
    headers = {
        "Location": url_for("uploads.head", upload_id=upload.id),
        "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
    }
    if request.mimetype == MEDIA_TYPE:
        headers["Upload-Offset"] = str(_append(upload, 0))
    elif length == 0:
        _finish(upload)  # an empty file is told apart later, in words
    return Response(status=201, headers=headers)


def _length() -> int:
    if "Upload-Defer-Length" in request.headers:
        raise WebError("upload_length")
    text = request.headers.get("Upload-Length", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise WebError("upload_length")
    if int(text) > deps().settings.max_bytes:
        raise WebError("upload_too_large", 413)
    return int(text)


def _metadata(header: str) -> dict[str, str]:
    """``key base64,key base64``: keys without spaces, each once."""
    if len(header) > MAX_METADATA:
        raise WebError("upload_metadata")
    found: dict[str, str] = {}
    for pair in filter(None, (p.strip() for p in header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            text = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise WebError("upload_metadata") from None
        if not name or name in found or not name.isascii():
            raise WebError("upload_metadata")
        found[name] = text
    return found


def _check_room(length: int) -> None:
    folder = deps().part_files
    folder.mkdir(parents=True, exist_ok=True)
    # Twice: the part file, and the blob that it becomes.
    if shutil.disk_usage(folder).free < 2 * length + SPARE:
        raise WebError("no_room", 507)


def _check_open(session: Session, account: Account) -> None:
    unfinished = session.scalar(
        select(func.count()).where(
            Upload.account_id == account.id,
            Upload.completed_at.is_(None),
            Upload.expires_at > clock.now(session),
        )
    )
    if (unfinished or 0) >= MAX_OPEN:
        raise WebError("too_many_uploads", 429)


def _find(upload_id: str) -> Upload:
    """The upload of whoever asks; another person's does not exist."""
    account = require_account()
    with deps().database.read() as session:
        upload = get_upload(session, upload_id, account.id)
        if is_expired(session, upload):
            raise WebError("upload_gone", 410)
    return upload


@blueprint.route("/<upload_id>", methods=["HEAD"])
def head(upload_id: str) -> Response:
    """How much is durably here. A whole upload that a crash kept from its end is finished now."""
    upload = _find(upload_id)
    offset = _offset(upload)
    if offset == upload.length and upload.completed_at is None:
        _finish(upload)
    headers = {"Upload-Offset": str(offset), "Upload-Length": str(upload.length)}
    if upload.client_metadata:
        headers["Upload-Metadata"] = upload.client_metadata
    if upload.completed_at is None:
        headers["Upload-Expires"] = format_datetime(upload.expires_at, usegmt=True)
    return Response(status=200, headers=headers)


def _offset(upload: Upload) -> int:
    if upload.completed_at is not None:
        return upload.length
    size = Part(deps().part_files, upload.id).size()
    if size is None:
        raise WebError("upload_gone", 410)
    return size


def _finish(upload: Upload) -> None:
    part = Part(deps().part_files, upload.id)
    with _told(upload), part.locked():
        finish(deps(), upload.id)


@contextmanager
def _told(upload: Upload) -> Iterator[None]:
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
    except WrongChecksum:
        raise WebError("upload_checksum", 460) from None
    except OSError as error:
        # A store that is away: the bytes are here, and the next question finishes the upload.
        log.warning("upload_not_finished", upload=upload.id, why=str(error))
        raise WebError("busy", 503, {"Retry-After": "5"}) from None


def _refuse_gone(upload: Upload) -> None:
    """The part file is not there: another request finished the upload, or it was removed."""
    with deps().database.read() as session:
        found = session.get(Upload, upload.id)
    if found is None or found.completed_at is None:
        raise WebError("upload_gone", 410)
    if request.method == "PATCH":
        raise WebError("upload_offset", 409, {"Upload-Offset": str(found.length)})


@blueprint.patch("/<upload_id>")
def append(upload_id: str) -> Response:
    """The next bytes, from the offset that is durable."""
    upload = _find(upload_id)
    if request.mimetype != MEDIA_TYPE:
        raise WebError("upload_metadata", 415)
    text = request.headers.get("Upload-Offset", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise WebError("upload_offset")
    if upload.completed_at is not None:
        if int(text) != upload.length or request.content_length:
            raise WebError("upload_offset", 409)
        offset = upload.length
    else:
        offset = _append(upload, int(text))
    headers = {"Upload-Offset": str(offset)}
    if offset < upload.length:
        headers["Upload-Expires"] = format_datetime(upload.expires_at, usegmt=True)
    return Response(status=204, headers=headers)


def _append(upload: Upload, offset: int) -> int:
    """Store what the request carries; the new offset. A whole upload is finished."""
    checksum = announced_checksum()
    if not _writing.acquire(blocking=False):
        # The threads that are left answer everybody else.
        raise WebError("busy", 503, {"Retry-After": "5"})
    try:
        _limit_silence()
        with _told(upload):
            return _store(upload, offset, checksum)
    finally:
        _writing.release()


def _store(upload: Upload, offset: int, checksum: Checksum | None) -> int:
    part = Part(deps().part_files, upload.id)
    ticket = part.take_ticket()
    with part.locked() as descriptor:
        size = part.size()
        if size != offset:
            raise WebError("upload_offset", 409, {"Upload-Offset": str(size)})
        room = upload.length - offset
        if (request.content_length or 0) > room:
            raise TooMuch(upload.id)
        body = Body(request.environ["wsgi.input"])
        try:
            seen = checksum.digest.update if checksum is not None else None
            reached = part.append(descriptor, body, offset, room, ticket, seen)
            if checksum is not None and body.is_whole and not checksum.is_right:
                raise WrongChecksum(upload.id)
        except (TooMuch, WrongChecksum):
            cut(descriptor, offset)
            raise
        if reached == upload.length:
            finish(deps(), upload.id)
    return reached


def _limit_silence() -> None:
    """A phone that lost its network says nothing more: its connection must not hold the file.

    gunicorn can be asked again for bytes of a body of known length; one in chunks ends there.
    """
    socket = request.environ.get("gunicorn.socket")
    if socket is not None:
        socket.settimeout(SILENCE if request.content_length is None else TICK)


@blueprint.delete("/<upload_id>")
def terminate(upload_id: str) -> Response:
    """Forget an upload; one that a clip was made of is refused."""
    actor = require_actor()
    with deps().database.read() as session:
        upload = get_upload(session, upload_id, actor.id)
    part = Part(deps().part_files, upload.id)
    if upload.completed_at is None and part.size() is not None:
        with _told(upload):
            part.take_ticket()  # whoever writes just now ends
            with part.locked():
                _forget(upload, actor)
                part.remove()
    else:
        _forget(upload, actor)
    return Response(status=204)


def _forget(upload: Upload, actor: Actor) -> None:
    """Row first, then the bytes: a crash between them leaves an orphan, which the sweep finds."""
    with deps().database.write() as session:
        key = get_upload(session, upload.id, actor.id).key
        drop_upload(session, upload.id, actor)
    if key is not None:
        try:
            deps().blobs.delete(key)
        except OSError as error:
            log.warning("orphan_left", key=key, why=str(error))
