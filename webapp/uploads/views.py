"""``/uploads``: the tus 1.0.0 protocol (tus.io/protocols/resumable-upload)."""

from __future__ import annotations

import base64
import binascii
import shutil
from email.utils import format_datetime

from flask import Blueprint, Response, request, url_for
from sqlalchemy import Select, func, select

from review.errors import NoSuchThing
from review.keys import is_id
from review.models import Account, Upload
from review.uploads import drop_upload, get_upload, is_expired, register_upload
from webapp.auth import require_account, require_actor
from webapp.deps import deps
from webapp.errors import WebError
from webapp.uploads.finish import finish
from webapp.uploads.parts import Overtaken, Part, PartLocked, Readable, StorageFull

blueprint = Blueprint("uploads", __name__, url_prefix="/uploads")

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,termination"
MEDIA_TYPE = "application/offset+octet-stream"
MAX_OPEN = 50  # unfinished uploads of one account
MAX_METADATA = 4096
READ_TIMEOUT = 45.0  # seconds: a connection that says nothing for so long is dead
SPARE = 64 * 1024 * 1024  # bytes that stay free on the disk
# What a page of another origin could not ask for anyway; clients need to read these.
_METHODS_WITHOUT_VERSION = ("OPTIONS",)


@blueprint.before_request
def check_version() -> None:
    if request.method not in _METHODS_WITHOUT_VERSION and (
        request.headers.get("Tus-Resumable") != VERSION
    ):
        raise WebError("tus_version", 412, {"Tus-Version": VERSION})


@blueprint.after_request
def say_version(response: Response) -> Response:
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
    }
    return Response(status=204, headers=headers)


@blueprint.post("")
def create() -> Response:
    """Announce an upload; with a body, its first bytes too."""
    account = require_account()
    length = _length()
    metadata = _metadata(request.headers.get("Upload-Metadata", ""))
    settings = deps().settings
    _check_room(length)
    with deps().database.write() as session:
        _check_open(session.scalar(_open_uploads(account)) or 0)
        upload = register_upload(
            session,
            account,
            length,
            metadata.get("filename", ""),
            hours=settings.upload_hours,
            clip_id=metadata.get("clip") or None,
        )
    part = Part(deps().part_files, upload.id)
    part.create()
    headers = {
        "Location": url_for("uploads.head", upload_id=upload.id),
        "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
    }
    if length == 0:
        _finish(upload)  # an empty file is told apart later, in words
    elif request.mimetype == MEDIA_TYPE:
        headers["Upload-Offset"] = str(_append(upload, 0))
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
        if name in found or not name.isascii():
            raise WebError("upload_metadata")
        found[name] = text
    return found


def _check_room(length: int) -> None:
    folder = deps().part_files
    folder.mkdir(parents=True, exist_ok=True)
    # Twice: the part file, and the blob that it becomes.
    if shutil.disk_usage(folder).free < 2 * length + SPARE:
        raise WebError("storage_full", 507)


def _open_uploads(account: Account) -> Select[int]:
    return select(func.count()).where(
        Upload.account_id == account.id, Upload.completed_at.is_(None)
    )


def _check_open(count: int) -> None:
    if count >= MAX_OPEN:
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
    try:
        with part.locked():
            finish(deps(), upload.id)
    except PartLocked:
        raise WebError("upload_locked", 423) from None
    except FileNotFoundError:
        # Another request has just finished it; or its bytes are gone.
        with deps().database.read() as session:
            if session.get_one(Upload, upload.id).completed_at is None:
                raise WebError("upload_gone", 410) from None


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
    _limit_silence()
    part = Part(deps().part_files, upload.id)
    ticket = part.take_ticket()
    try:
        with part.locked() as descriptor:
            size = part.size()
            if size != offset:
                raise WebError("upload_offset", 409, {"Upload-Offset": str(size)})
            room = upload.length - offset
            if (request.content_length or 0) > room:
                raise WebError("upload_too_large", 413)
            source = request.environ["wsgi.input"]
            reached = part.append(descriptor, _Bounded(source), offset, room, ticket)
            if reached == upload.length:
                finish(deps(), upload.id)
    except (PartLocked, Overtaken):
        raise WebError("upload_locked", 423) from None
    except FileNotFoundError:
        raise WebError("upload_gone", 410) from None
    except StorageFull:
        raise WebError("storage_full", 507) from None
    return reached


def _limit_silence() -> None:
    """A phone that lost its network says nothing more: its connection must not hold the file."""
    socket = request.environ.get("gunicorn.socket")
    if socket is not None:
        socket.settimeout(READ_TIMEOUT)


class _Bounded:
    """The body of this request: never reads past its declared length into the next request."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        chunked = request.environ.get("wsgi.input_terminated", False)
        declared = request.content_length
        self._left = declared if declared is not None else (1 << 62 if chunked else 0)

    def read(self, size: int, /) -> bytes:
        block: bytes = self._source.read(min(size, self._left))
        self._left -= len(block)
        return block


@blueprint.delete("/<upload_id>")
def terminate(upload_id: str) -> Response:
    """Forget an upload; one that a clip was made of is refused."""
    actor = require_actor()
    if not is_id(upload_id):
        raise NoSuchThing("there is no such upload")
    with deps().database.write() as session:
        upload = get_upload(session, upload_id, actor.id)
        key = upload.key
        drop_upload(session, upload_id, actor)
    Part(deps().part_files, upload_id).remove()
    if key is not None:
        deps().blobs.delete(key)
    return Response(status=204)
