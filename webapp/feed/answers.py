"""How the feed answers: strong ETags that are known before the body is made, 304, gzip."""

from __future__ import annotations

import gzip
import hashlib
import threading
from typing import NamedTuple

from flask import Response, request

from review.feed import Caller
from webapp.deps import deps

FORMAT = "1"  # grows when the same rows make other bytes: part of every ETag
_LEVEL = 4  # of gzip: a page in 3 ms; the best takes four times as long to save 5 %


class Tag:
    """The ETag of what is about to be answered, in the encoding that is asked for.

    ``what`` names the answer, by the state that it follows from. Each encoding has its own ETag:
    strong means the same bytes. ``weak``: of an answer that says when it was given.
    """

    def __init__(self, *what: object, weak: bool = False) -> None:
        self.is_weak = weak
        self.is_gzip = _takes_gzip()
        parts = (FORMAT, deps().settings.public_url, *what)
        digest = hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]
        self.value = f"{digest}-gzip" if self.is_gzip else digest

    def is_known(self) -> bool:
        """Whether the library has these bytes (RFC 9110, 13.1.2: lists, weak ones, ``*``)."""
        return request.if_none_match.contains_weak(self.value)

    def unchanged(self) -> Response:
        return self._sent(Response(status=304))

    def packed(self, body: bytes) -> bytes:
        # No time in it: the same body is the same bytes.
        return gzip.compress(body, _LEVEL, mtime=0) if self.is_gzip else body

    def answer(self, body: bytes, mime: str = "application/json") -> Response:
        """``body``: as :meth:`packed` made it."""
        response = self._sent(Response(body, mimetype=mime))
        if self.is_gzip:
            response.headers["Content-Encoding"] = "gzip"
        return response

    def _sent(self, response: Response) -> Response:
        response.set_etag(self.value, weak=self.is_weak)
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["Vary"] = "Accept-Encoding, Authorization"
        return response


def of_log(who: Caller, *what: object, weak: bool = False) -> Tag:
    """Of what follows from the whole log and from the library's view of it."""
    reader = who.reader
    whose = "all" if reader.sees_all else f"{reader.library_id}|{reader.number}"
    return Tag(whose, who.head, who.head_at, *what, weak=weak)


class Made(NamedTuple):
    """A body as it is sent, and how many changes it tells of."""

    body: bytes
    changes: int = 0


class Pages:
    """Answers that were made since the log's last change, for the next library that asks for the
    same: after a change they all do. With the next change they are gone, and with them what it
    may have withdrawn."""

    MOST = 16 * 1024 * 1024  # bytes, of each web process

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: object = None
        self._kept: dict[str, Made] = {}
        self._size = 0

    def get(self, who: Caller, tag: Tag) -> Made | None:
        with self._lock:
            if self._of != (who.head, who.head_at):
                self._of, self._kept, self._size = (who.head, who.head_at), {}, 0
            return self._kept.get(tag.value)

    def keep(self, who: Caller, tag: Tag, made: Made) -> Made:
        with self._lock:
            fits = self._size + len(made.body) <= self.MOST
            if fits and self._of == (who.head, who.head_at) and tag.value not in self._kept:
                self._kept[tag.value] = made
                self._size += len(made.body)
        return made


def _takes_gzip() -> bool:
    """Only where a client says so, and does not like it less than plain."""
    accepted = request.accept_encodings
    plain = accepted.quality("identity") if "identity" in accepted.values() else 0
    return accepted.quality("gzip") > 0 and accepted.quality("gzip") >= plain
