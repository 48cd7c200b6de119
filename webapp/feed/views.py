"""The change log, one clip, the snapshot and the acknowledgement."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request

from review import feed
from review.clock import iso
from review.errors import InvalidInput, NoSuchClip
from review.keys import is_id
from review.models import FeedEntry
from webapp.api.blueprint import body, limit, whole_number
from webapp.api.shape import media_url
from webapp.auth import require_library
from webapp.deps import deps
from webapp.errors import WebError

blueprint = Blueprint("feed", __name__, url_prefix="/feed/v1")


def clip_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """The stored record with URLs in place of paths."""
    clip_id = record["id"]
    return {
        **record,
        "poster": media_url(clip_id, record["poster"]) if record["poster"] else None,
        "sprite": media_url(clip_id, record["sprite"]) if record["sprite"] else None,
        "captions": [
            {"language": c["language"], "url": media_url(clip_id, c["what"])}
            | {k: v for k, v in c.items() if k not in ("language", "what")}
            for c in record["captions"]
        ],
        "renditions": [
            {"kind": r["kind"], "url": media_url(clip_id, r["what"])}
            | {k: v for k, v in r.items() if k not in ("kind", "what")}
            for r in record["renditions"]
        ],
        "audio": _sound(clip_id, record.get("audio")),
        "view_bytes": record.get("view_bytes"),
    }


def _sound(clip_id: str, stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """None where the clip is silent, or its record older than the sound alone."""
    if stored is None:
        return None
    rest = {name: value for name, value in stored.items() if name != "what"}
    return {"url": media_url(clip_id, stored["what"]), **rest}


def _change(entry: FeedEntry) -> dict[str, Any]:
    change: dict[str, Any] = {"seq": entry.seq, "kind": entry.kind, "at": iso(entry.at)}
    if entry.record is None:
        return {**change, "clip": {"id": entry.clip_id}, "reason": entry.reason}
    return {**change, "clip": clip_record(entry.record), "reason": None}


def _answer(value: Mapping[str, Any], status: int = 200) -> Response:
    """JSON with a strong ETag of its bytes; 304 when the library has them."""
    response = jsonify(value)
    response.status_code = status
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


@blueprint.get("/changes")
def changes() -> Response:
    """Entries after ``cursor``, oldest first; the cursor stays valid."""
    require_library()
    try:
        with deps().database.read() as session:
            page = feed.changes(session, request.args.get("cursor"), limit(100, feed.MAX_PAGE))
    except InvalidInput as error:
        if "cursor" in error.errors:
            raise WebError("bad_cursor", 400) from None
        raise
    return _answer(
        {
            "changes": [_change(entry) for entry in page.entries],
            "next": page.next_cursor,
            "more": page.more,
        }
    )


@blueprint.get("/clips/<clip_id>")
def clip(clip_id: str) -> Response:
    """The record of a published clip; 410 once withdrawn, 404 for anything else."""
    require_library()
    with deps().database.read() as session:
        entry = feed.current(session, clip_id) if is_id(clip_id) else None
    if entry is None:
        raise NoSuchClip(f"there is no clip {clip_id!r}")
    if entry.record is None:
        raise WebError("withdrawn", 410)
    return _answer(clip_record(entry.record))


@blueprint.get("/snapshot")
def snapshot() -> Response:
    """All that is live, to prove that a copy is right. The digest is the SHA-256, hex, of one
    line "id revision seq" for each clip, in the order of ids."""
    require_library()
    with deps().database.read() as session:
        found = feed.snapshot(session)
    return _answer({"seq": found.seq, "clips": found.clips, "digest": found.digest})


@blueprint.post("/ack")
def ack() -> Response:
    """Note the sequence number that the library has applied."""
    library = require_library()
    seq = whole_number(body(), "seq")
    assert seq is not None
    with deps().database.write() as session:
        stands = feed.ack(session, library.id, seq)
    return jsonify({"seq": stands})
