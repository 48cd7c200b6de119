"""The change log, one clip, the snapshot and the acknowledgement."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

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
from webapp.feed.answers import Made, Tag
from webapp.feed.records import change_text, clip_record
from webapp.security import limiter

PAGES = "lantoa_feed_pages"
blueprint = Blueprint("feed", __name__, url_prefix="/feed/v1")


def _who() -> str:
    """Rates are counted by token: many libraries may come from one network."""
    return hashlib.sha256((bearer() or request.remote_addr or "").encode()).hexdigest()


@blueprint.record_once
def _set_up(state: object) -> None:
    pulls.init(state.app)  # type: ignore[attr-defined]
    state.app.extensions[PAGES] = answers.Pages()  # type: ignore[attr-defined]


limiter.limit(
    lambda: f"{deps().settings.feed_rate}/minute",
    key_func=_who,
    exempt_when=lambda: deps().settings.feed_rate == 0,
)(blueprint)


def caller() -> feed.Caller:
    """The library that asks, and the log's head: all that a 304 has to know."""
    token = bearer()
    row = deps().database.row(feed.CALLER, token_hash=accounts.digest(token)) if token else None
    if row is None:
        require_library()  # says what is wrong
        raise Unauthorized("unknown_token")
    return feed.caller_of(row)


def _from_log(make: Callable[[Session, feed.Caller], Made], *what: object) -> Response:
    """What follows from the log: known to the library, or kept here, or made now."""
    who = caller()
    tag = answers.of_log(who, *what)
    if tag.is_known():
        return _noted(who, tag.unchanged())
    pages = current_app.extensions[PAGES]
    found = pages.get(who, tag)
    if found is None:
        with deps().database.read() as session:
            # Of this very moment: an answer and its ETag are of one state of the log.
            head, head_at = feed.head_state(session)
            who = feed.Caller(who.reader, head, head_at)
            tag = answers.of_log(who, *what)
            made = make(session, who)
        found = pages.keep(who, tag, Made(tag.packed(made.body), made.changes))
    return _noted(who, tag.answer(found.body), found.changes)


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

    def make(session: Session, who: feed.Caller) -> Made:
        page = feed.changes(session, cursor, size, reader=who.reader, end=who.head)
        entries = ",".join(map(change_text, page.entries))
        rest = f'"next":"{page.next_cursor}","more":{json.dumps(page.more)}'
        body = f'{{"changes":[{entries}],{rest}}}\n'.encode()
        return Made(body, len(page.entries))

    return _from_log(make, "changes", cursor, size)


def _cursor() -> str:
    try:
        return f"s{feed.parse_cursor(request.args.get('cursor'))}"
    except InvalidInput:
        raise WebError("bad_cursor", 400) from None


@blueprint.get("/clips/<clip_id>")
def clip(clip_id: str) -> Response:
    """The record of a published clip; 410 once withdrawn, 404 for anything else. As this library
    sees it: a clip that left its view is withdrawn, one that never was in it is not there."""
    who = caller()
    was_shown, entry = (False, None)
    if is_id(clip_id):
        with deps().database.read() as session:
            was_shown, entry = feed.look_up(session, clip_id, who.reader)
    if entry is None or entry.record is None:
        if was_shown:
            raise WebError("withdrawn", 410)
        raise NoSuchClip(f"there is no clip {clip_id!r}")
    tag = Tag("clip", clip_id, entry.seq, entry.at)
    if tag.is_known():
        return _noted(who, tag.unchanged())
    return _noted(who, tag.answer(tag.packed(_json(clip_record(entry.record)))))


@blueprint.get("/snapshot")
def snapshot() -> Response:
    """All that is live, to prove that a copy is right. The digest is the SHA-256, hex, of one
    line "id revision seq" for each clip, in the order of ids."""

    def make(session: Session, who: feed.Caller) -> Made:
        found = feed.snapshot(session, who.reader)
        told = {"seq": found.seq, "clips": found.clips, "digest": found.digest}
        return Made(_json(told))

    return _from_log(make, "snapshot")


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
