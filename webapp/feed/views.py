"""The change log, one clip, the snapshot and the acknowledgement."""

from __future__ import annotations

import json

from flask import Blueprint, Response, current_app, jsonify, request
from sqlalchemy.orm import Session

from review import accounts, feed
from review.errors import InvalidInput, NoSuchClip
from review.keys import is_id
from webapp.addresses import network
from webapp.api.blueprint import body, limit, whole_number
from webapp.auth import bearer, require_library
from webapp.deps import deps
from webapp.errors import WebError
from webapp.feed import asking, pulls
from webapp.feed.answers import Made, Tag
from webapp.feed.asking import caller, from_log, noted
from webapp.feed.records import changes_text, clip_record
from webapp.security import limiter

blueprint = Blueprint("feed", __name__, url_prefix="/feed/v1")


@blueprint.record_once
def _set_up(state: object) -> None:
    asking.init(state.app)  # type: ignore[attr-defined]


def _who() -> str:
    """Rates are counted by token: many libraries may come from one network."""
    return accounts.digest(bearer() or network())


limiter.limit(
    lambda: f"{deps().settings.feed_rate}/minute",
    key_func=_who,
    exempt_when=lambda: deps().settings.feed_rate == 0,
)(blueprint)


@blueprint.get("/changes")
def changes() -> Response:
    """What is new after ``cursor``, oldest first; the cursor stays valid. A page may be shorter
    than ``limit``, even empty, with ``more`` to come."""
    cursor, size = _cursor(), limit(100, feed.MAX_PAGE)

    def make(session: Session, who: feed.Caller) -> Made:
        page = feed.changes(session, cursor, size, reader=who.reader, end=who.head)
        rest = f'"next":"{page.next_cursor}","more":{json.dumps(page.more)}'
        body = f'{{"changes":[{changes_text(page.entries)}],{rest}}}\n'.encode()
        return Made(body, len(page.entries))

    return from_log(make, "changes", cursor, size)


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
    entry = None
    if is_id(clip_id):
        with deps().database.read() as session:
            entry = feed.look_up(session, clip_id, who.reader)
    if entry is None:
        raise NoSuchClip(f"there is no clip {clip_id!r}")
    if entry.record is None:
        raise WebError("withdrawn", 410)
    tag = Tag("clip", clip_id, entry.seq, entry.at)
    if tag.is_known():
        return noted(who, tag.unchanged())
    return noted(who, tag.answer(tag.packed(_json(clip_record(entry.record)))))


@blueprint.get("/snapshot")
def snapshot() -> Response:
    """All that is live, to prove that a copy is right. The digest is the SHA-256, hex, of one
    line "id revision seq" for each clip, in the order of ids."""

    def make(session: Session, who: feed.Caller) -> Made:
        found = feed.snapshot(session, who.reader)
        told = {"seq": found.seq, "clips": found.clips, "digest": found.digest}
        return Made(_json(told))

    return from_log(make, "snapshot")


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
