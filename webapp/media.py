"""``/media``: every byte that anyone sees. The clip's state is looked at each time."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import structlog
from flask import Blueprint, Response, redirect, request, send_file
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wrappers import Response as BaseResponse

from review import comparing, looks, policy, queries, redacting
from review.captions.reading import FOLDER, Served, served
from review.consent import FEED_SCOPES, Scope
from review.errors import NoSuchClip
from review.keys import is_id
from review.models import Clip, OutputFile
from review.policy import Actor
from review.states import State
from webapp.auth import current_actor, current_library
from webapp.deps import deps
from webapp.errors import WebError

log = structlog.get_logger(__name__)
blueprint = Blueprint("media", __name__, url_prefix="/media")

LINK_SECONDS = 300  # what a signed link may outlive a withdrawal by
# The longest that a look at the state may be saved: none. A player asks again with its ETag.
FRESH = "private, no-cache"
_SANDBOX = "default-src 'none'; sandbox"
# What the safeguarding officer still watches of a clip that was withdrawn while it was held.
_EVIDENCE = (
    "proxy.mp4",
    "sprite.vtt",
    "sprite.jpg",
    "contact_sheet.jpg",
    *looks.POSTERS,
    FOLDER,
)
_RENDER = re.compile(r"redactions/([0-9a-z]{26})\.mp4")
_LISTS = ("application/vnd.apple.mpegurl", "text/vtt")


@blueprint.get("/<clip_id>/<path:what>")
def file(clip_id: str, what: str) -> BaseResponse:
    """One file of the clip's current revision, whole or a range of it."""
    clip, found = _find(clip_id, what)
    if isinstance(found, Served):
        return _with_headers(_text(found), clip)
    filename = _filename(clip, what) if request.args.get("download") else None
    return _with_headers(_answer(found, filename), clip)


def _text(served: Served) -> Response:
    """Captions, and playlists that name them, are made from rows."""
    response = Response(served.content, mimetype=served.mime)
    response.set_etag(served.sha256)
    response.make_conditional(request)
    return response


def _answer(found: OutputFile, filename: str | None) -> BaseResponse:
    path = deps().blobs.path(found.key)
    if path is not None:
        return _send(path, found, filename)
    if request.method == "HEAD":
        # A signed link is for one method only, and what is asked for is known here.
        return _head(found)
    if found.mime in _LISTS:
        return _send_list(found)
    link = deps().blobs.url(found.key, seconds=LINK_SECONDS, mime=found.mime, filename=filename)
    if link is None:
        raise WebError("not_found", 404)
    return redirect(link, 302)


def _head(found: OutputFile) -> Response:
    response = Response(mimetype=found.mime)
    response.content_length = found.bytes
    response.accept_ranges = "bytes"
    response.set_etag(found.sha256)
    return response


def _send_list(found: OutputFile) -> Response:
    """A playlist names its parts relative to itself: it has to come from here, not from the
    bucket, whose links are signed one by one."""
    try:
        with deps().blobs.open(found.key) as stream:
            response = Response(stream.read(), mimetype=found.mime)
    except FileNotFoundError:
        raise WebError("not_found", 404) from None
    except OSError as error:
        log.warning("storage_away", why=str(error))
        raise WebError("busy", 503, {"Retry-After": "5"}) from None
    response.set_etag(found.sha256)
    response.make_conditional(request)
    return response


def _find(clip_id: str, what: str) -> tuple[Clip, OutputFile | Served]:
    actor, library = current_actor(), current_library()
    with deps().database.read() as session:
        clip = session.get(Clip, clip_id) if is_id(clip_id) else None
        if clip is None:
            raise NoSuchClip(f"there is no clip {clip_id!r}")
        is_evidence = what.startswith(_EVIDENCE) and policy.sees_evidence(actor, clip)
        if clip.state == State.WITHDRAWN and not is_evidence:
            _refuse(clip, is_known=actor is not None and queries.can_see(actor, clip))
        for_library = (
            library is not None
            and clip.state == State.PUBLISHED
            and clip.scope in (FEED_SCOPES if library.scope == Scope.LIBRARY else (Scope.PUBLIC,))
        )
        if not for_library and not queries.can_see(actor, clip):
            _refuse(clip, is_known=False)
        found = served(session, clip, what) or _output(session, clip, what, actor)
    if found is None:
        raise WebError("not_found", 404)
    return clip, found


def _output(session: Session, clip: Clip, what: str, actor: Actor | None) -> OutputFile | None:
    """A file of the current revision; a redaction's render that waits for this person's word; or,
    for who reviews the clip, a file of the revision that it is compared with."""
    if what.startswith("revisions/"):
        return None if actor is None else comparing.file(session, clip, what, actor)
    match = _RENDER.fullmatch(what)
    if match is None:
        return queries.output_file(session, clip, what)
    return None if actor is None else redacting.preview(session, clip, match[1], actor)


def _refuse(clip: Clip, *, is_known: bool) -> NoReturn:
    """That there was a clip is told only where it was told before."""
    was_public = queries.was_taken_back(clip) and clip.scope in FEED_SCOPES
    if was_public or is_known:
        raise WebError("withdrawn", 410)
    raise NoSuchClip(f"there is no clip {clip.id!r}")


def _send(path: Path, found: OutputFile, filename: str | None) -> Response:
    _read_range(found)
    try:
        response = send_file(
            path,
            mimetype=found.mime,
            conditional=True,
            etag=found.sha256,
            last_modified=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        )
    except FileNotFoundError:
        raise WebError("not_found", 404) from None
    except RequestedRangeNotSatisfiable:
        raise WebError("range", 416, {"Content-Range": f"bytes */{found.bytes}"}) from None
    if filename is not None:
        plain = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
        response.headers["Content-Disposition"] = (
            f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename)}"
        )
    return response


def _read_range(found: OutputFile) -> None:
    """What RFC 9110 (14.1.2 and 14.2) says of odd ranges, which Werkzeug answers with 416: what is
    no range of bytes is ignored, and a suffix longer than the file is the file."""
    wanted = request.range
    if wanted is None or wanted.units != "bytes":
        request.environ.pop("HTTP_RANGE", None)
        return
    if len(wanted.ranges) > 1:
        # No player asks for several ranges at once; a thousand of them are an attack.
        raise WebError("range", 416, {"Content-Range": f"bytes */{found.bytes}"})
    start = wanted.ranges[0][0]
    if start < 0 and -start > found.bytes:
        request.environ["HTTP_RANGE"] = "bytes=0-"


def _filename(clip: Clip, what: str) -> str:
    """A safe name for the disk of whoever downloads: the title's letters, digits and dashes."""
    words = "".join(c if c.isalnum() else " " for c in clip.title).split()
    name = "-".join(words)[:80] or "clip"
    return f"lan-toa-{name}.{what.rpartition('.')[2]}"


def _with_headers(response: BaseResponse, clip: Clip) -> BaseResponse:
    response.headers["Cache-Control"] = FRESH
    response.headers["Content-Security-Policy"] = _SANDBOX
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Vary"] = "Authorization, Cookie"
    if clip.state == State.PUBLISHED and clip.scope == Scope.PUBLIC:
        # A library's page on another site may play what everybody may see.
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "Content-Length, Content-Range"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
