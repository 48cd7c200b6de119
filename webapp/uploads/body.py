"""The body of one request of an upload: its end, and its checksum."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

from flask import request
from gunicorn.http.errors import ParseException

from webapp.errors import WebError
from webapp.uploads.parts import Readable

ALGORITHMS = ("sha1", "sha256")


@dataclass(slots=True)
class Checksum:
    """``digest`` has seen what came; ``wanted`` is what the client announced."""

    digest: Any
    wanted: bytes

    @property
    def is_right(self) -> bool:
        return bool(self.digest.digest() == self.wanted)


def announced_checksum() -> Checksum | None:
    """What the client says of this body; raises 400 for what this server can not compute."""
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    name, _, text = header.partition(" ")
    try:
        wanted = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise WebError("upload_metadata") from None
    if name not in ALGORITHMS:
        raise WebError("upload_metadata")
    return Checksum(hashlib.new(name, usedforsecurity=False), wanted)


class Body:
    """The body of this request: never reads past its declared length into the next request."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._chunked = bool(request.environ.get("wsgi.input_terminated", False))
        declared = request.content_length
        self._left = declared if declared is not None else (1 << 62 if self._chunked else 0)
        self._ended = False

    @property
    def is_whole(self) -> bool:
        """Whether all that was announced has been read."""
        return self._ended if request.content_length is None else self._left == 0

    def read(self, size: int, /) -> bytes:
        size = min(size, self._left)
        try:
            block: bytes = self._source.read(size)
        except ParseException as error:
            raise OSError("the chunks of the body are broken") from error
        self._left -= len(block)
        self._ended = self._ended or (size > 0 and not block)
        return block
