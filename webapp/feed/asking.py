"""A library asks: who it is, whether it has the answer already, and the log of its pulls."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, current_app
from sqlalchemy.orm import Session

from review import accounts, feed
from webapp.auth import bearer, require_library
from webapp.deps import deps
from webapp.errors import Unauthorized
from webapp.feed import answers, pulls
from webapp.feed.answers import Made

PAGES = "lantoa_feed_pages"


def init(app: Flask) -> None:
    pulls.init(app)
    app.extensions[PAGES] = answers.Pages()


def caller() -> feed.Caller:
    """The library that asks, and the log's head: all that a 304 has to know."""
    token = bearer()
    row = deps().database.row(feed.CALLER, token_hash=accounts.digest(token)) if token else None
    if row is None:
        require_library()  # says what is wrong
        raise Unauthorized("unknown_token")
    return feed.caller_of(row)


def from_log(
    make: Callable[[Session, feed.Caller], Made], *what: object, mime: str = "application/json"
) -> Response:
    """What follows from the log: known to the library, or kept here, or made now."""
    who = caller()
    tag = answers.of_log(who, *what)
    if tag.is_known():
        return noted(who, tag.unchanged())
    pages = current_app.extensions[PAGES]
    found = pages.get(who, tag)
    if found is None:
        with deps().database.read() as session:
            who = as_of_now(session, who)
            tag = answers.of_log(who, *what)
            made = make(session, who)
        found = pages.keep(who, tag, Made(tag.packed(made.body), made.changes))
    return noted(who, tag.answer(found.body, mime), found.changes)


def as_of_now(session: Session, who: feed.Caller) -> feed.Caller:
    """An answer and its ETag are of one state of the log."""
    return feed.Caller(who.reader, *feed.head_state(session))


def noted(who: feed.Caller, response: Response, changes: int = 0) -> Response:
    log = pulls.of(current_app)
    assert who.reader.library_id is not None
    log.note(who.reader.library_id, unchanged=response.status_code == 304, changes=changes)
    log.write_if_due(deps().database)
    return response
