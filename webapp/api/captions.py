"""Captions by program: one file for a language, put or taken away."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from review.captions import keeping, reading
from review.captions.cues import read
from review.captions.keeping import Seen
from review.captions.languages import parse_language
from review.errors import InvalidInput
from review.models import Clip
from review.text import one_of
from webapp.api import shape
from webapp.api.blueprint import blueprint
from webapp.auth import require_actor
from webapp.deps import deps
from webapp.errors import WebError

_SOURCES = ("upload", "editor")


@blueprint.put("/clips/<clip_id>/captions/<language>")
def put_captions(clip_id: str, language: str) -> Response:
    """Keep WebVTT or SRT as the clip's captions; ``version`` is that of those it replaces."""
    actor, data = require_actor(), request.get_data()
    with deps().database.read() as session:
        duration = keeping.length_of(session, clip_id, actor)
    tag, seen, source = parse_language(language), _seen(), _source()
    cues = read(data, duration_s=duration)  # while nobody waits for the database
    with deps().database.write() as session:
        row = keeping.save(session, deps().blobs, clip_id, actor, tag, cues, seen, source=source)
        clip = session.get_one(Clip, clip_id)
        answer = {**shape.head(actor, clip), "captions": shape.caption(clip, row)}
    return jsonify(answer)


@blueprint.delete("/clips/<clip_id>/captions/<language>")
def delete_captions(clip_id: str, language: str) -> Response:
    """Take the clip's captions in this language away; ``version`` is theirs, and must be given."""
    actor = require_actor()
    with deps().database.write() as session:
        keeping.length_of(session, clip_id, actor)
        tag, seen = parse_language(language), _seen()
        found = reading.one(session, session.get_one(Clip, clip_id), tag)
        if found is not None and not request.args.get("version"):
            raise WebError("version_missing", 428)
        clip = keeping.remove(session, deps().blobs, clip_id, actor, tag, seen)
        answer: dict[str, Any] = shape.head(actor, clip)
    return jsonify(answer)


def _seen() -> Seen:
    return Seen(_number("version") or keeping.NOTHING, _number("revision"))


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidInput(**{name: "Cần là số nguyên."})
    return int(text)


def _source() -> str:
    source = request.args.get("source", "upload")
    if source not in _SOURCES:
        raise InvalidInput(source=one_of(_SOURCES))
    return source
