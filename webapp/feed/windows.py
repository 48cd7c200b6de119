"""The newest part of the feed for people's readers: JSON Feed, Media RSS, Atom.

A reader of a window can not tell what is old from what is gone: only ``/changes``, and Atom with
its tombstones, say that a clip was withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from flask import Response, request
from sqlalchemy.orm import Session

from review import feed
from review.errors import InvalidInput
from review.queries import feedlists
from webapp.api.blueprint import limit
from webapp.deps import deps
from webapp.errors import WebError
from webapp.feed import atom, jsonfeed, rss
from webapp.feed.answers import Made
from webapp.feed.asking import from_log
from webapp.feed.items import Window
from webapp.feed.views import blueprint

PAGE = 50


def _window(
    name: str, mime: str, write: Callable[[Window], bytes], *, withdrawn: bool = False
) -> Response:
    """The page of the feed that the request asks for; 400 for a wrong cursor."""
    size = limit(PAGE, feedlists.MAX_PAGE)
    cursor = request.args.get("before")
    try:
        below = feed.parse_cursor(cursor) if cursor else None
    except InvalidInput:
        raise WebError("bad_cursor", 400) from None

    def make(session: Session, who: feed.Caller) -> Made:
        entries, more = feedlists.newest(
            session, who.reader, below=below, limit=size, withdrawn=withdrawn
        )
        first = f"{deps().settings.public_url}/feed/v1/{name}"
        window = Window(
            entries=entries,
            first=_address(first, size, None),
            here=_address(first, size, below),
            next=_address(first, size, entries[-1].seq) if more else None,
        )
        return Made(write(window))

    return from_log(make, name, size, below, mime=mime)


def _address(first: str, size: int, below: int | None) -> str:
    values = {} if size == PAGE else {"limit": str(size)}
    if below is not None:
        values["before"] = f"s{below}"
    return f"{first}?{urlencode(values)}" if values else first


@blueprint.get("/feed.json")
def json_feed() -> Response:
    """JSON Feed 1.1, the newest clips first."""
    return _window("feed.json", "application/feed+json", jsonfeed.written)


@blueprint.get("/feed.rss")
def rss_feed() -> Response:
    """RSS 2.0 with Media RSS."""
    return _window("feed.rss", "application/rss+xml", rss.written)


@blueprint.get("/feed.atom")
def atom_feed() -> Response:
    """Atom with paging (RFC 5005) and tombstones (RFC 6721)."""
    return _window("feed.atom", atom.TYPE, atom.written, withdrawn=True)
