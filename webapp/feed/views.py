"""The change log, one clip, the snapshot and the acknowledgement."""

from __future__ import annotations

import hashlib
import json

from flask import Blueprint, Response, current_app, jsonify, request
from sqlalchemy.orm import Session

from review import accounts, feed
from review.errors import InvalidInput, NoSuchClip
from review.keys import is_id
from webapp.api.blueprint import body, limit, whole_number
from webapp.auth import bearer, require_library
from webapp.deps import deps
from webapp.errors import Unauthorized, WebError
from webapp.feed import answers, pulls
from webapp.feed.answers import Tag
from webapp.feed.records import change_text, clip_record
from webapp.security import limiter

blueprint = Blueprint("feed", __name__, url_prefix="/feed/v1")


def _who() -> str:
    """Rates are counted by token: many libraries may come from one network."""
    return hashlib.sha256((bearer() or request.remote_addr or "").encode()).hexdigest()


@blueprint.record_once
def _set_up(state: object) -> None:
    pulls.init(state.app)  # type: ignore[attr-defined]


limiter.limit(
    lambda: f"{deps().settings.feed_rate}/minute",
    key_func=_who,
    exempt_when=lambda: deps().settings.feed_rate == 0,
)(blueprint)


def _caller(session: Session) -> feed.Caller:
    """The library that asks, and the log's head: all that a 304 has to know."""
    token = bearer()
    found = feed.caller(session, accounts.digest(token)) if token else None
    if found is None:
        require_library()  # says what is wrong
        raise Unauthorized("unknown_token")
    return found


def _noted(who: feed.Caller, response: Response, changes: int = 0) -> Response:
    log = pulls.of(current_app)
    assert who.reader.library_id is not None
    log.note(who.reader.library_id, unchanged=response.status_code == 304, changes=changes)
    log.write_if_due(deps().database)
    return response


@blueprint.get("/changes")
def changes() -> Response:
    """What is new after ``cursor``, oldest first; the cursor stays valid. A page may be shorter
    than ``limit``, even empty, with ``more`` to come."""
    cursor, size = _cursor(), limit(100, feed.MAX_PAGE)
    with deps().database.read() as session:
        who = _caller(session)
        tag = answers.of_log(who, "changes", cursor, size)
        page = None
        if not tag.is_known():
            page = feed.changes(session, cursor, size, reader=who.reader, end=who.head)
    if page is None:
        return _noted(who, tag.unchanged())
    entries = ",".join(map(change_text, page.entries))
    rest = f'"next":"{page.next_cursor}","more":{json.dumps(page.more)}'
    answer = tag.answer(f'{{"changes":[{entries}],{rest}}}\n'.encode())
    return _noted(who, answer, len(page.entries))


def _cursor() -> str:
    try:
        return f"s{feed.parse_cursor(request.args.get('cursor'))}"
    except InvalidInput:
        raise WebError("bad_cursor", 400) from None


@blueprint.get("/clips/<clip_id>")
def clip(clip_id: str) -> Response:
    """The record of a published clip; 410 once withdrawn, 404 for anything else. As this library
    sees it: a clip that left its view is withdrawn, one that never was in it is not there."""
    with deps().database.read() as session:
        who = _caller(session)
        was_shown, entry = (False, None)
        if is_id(clip_id):
            was_shown, entry = feed.look_up(session, clip_id, who.reader)
    if entry is None or entry.record is None:
        if was_shown:
            raise WebError("withdrawn", 410)
        raise NoSuchClip(f"there is no clip {clip_id!r}")
    tag = Tag("clip", clip_id, entry.seq, entry.at)
    if tag.is_known():
        return _noted(who, tag.unchanged())
    return _noted(who, tag.answer(_json(clip_record(entry.record))))


@blueprint.get("/snapshot")
def snapshot() -> Response:
    """All that is live, to prove that a copy is right. The digest is the SHA-256, hex, of one
    line "id revision seq" for each clip, in the order of ids."""
    with deps().database.read() as session:
        who = _caller(session)
        tag = answers.of_log(who, "snapshot")
        found = None if tag.is_known() else feed.snapshot(session, who.reader)
    if found is None:
        return _noted(who, tag.unchanged())
    told = {"seq": found.seq, "clips": found.clips, "digest": found.digest}
    return _noted(who, tag.answer(_json(told)))


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


@blueprint.post("/ack")
def ack() -> Response:
    """Note the sequence number that the library has applied."""
    library = require_library()
    seq = whole_number(body(), "seq")
    assert seq is not None
    with deps().database.write() as session:
        stands = feed.ack(session, library.id, seq)
    pulls.of(current_app).write(deps().database)
    return jsonify({"seq": stands})
