"""The body of one request of an upload: its end, and its checksum."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

from flask import request
from gunicorn.http.body import LengthReader
from gunicorn.http.errors import ParseException

from webapp.errors import WebError
from webapp.uploads.shape import BLOCK, SILENCE, TICK, Block, Readable

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

    def read(self, size: int, /) -> Block:
        size = min(size, self._left)
        if size == 0:
            return b""
        try:
            block = self._source.read(size)
        except ParseException as error:
            raise OSError("the chunks of the body are broken") from error
        self._left -= len(block)
        self._ended = self._ended or not block
        return block


class Straight:
    """A body of known length, from the socket into two buffers in turns: the block before the
    last may be written over.

    gunicorn's own reader waits until a block is full, and loses what came of it when the network
    breaks. It is told how far this one has come: what a refused body leaves is still its matter.
    """

    def __init__(self, reader: Any, socket: Any) -> None:
        self._reader = reader
        self._socket = socket
        self._buffers = [memoryview(bytearray(BLOCK)) for _ in range(2)]

    def read(self, size: int, /) -> Block:
        ahead: bytes = self._reader.unreader.take_buffered()
        if ahead:
            block: Block = ahead[:size]
            self._reader.unreader.unread(ahead[size:])
        else:
            self._buffers.reverse()
            buffer = self._buffers[0]
            block = buffer[: self._socket.recv_into(buffer[:size])]
        self._reader.length -= len(block)
        return block


def of_this_request() -> Body:
    """The body that is being received.

    A phone that lost its network says nothing more: its connection must not hold the upload.
    """
    source = request.environ["wsgi.input"]
    socket = request.environ.get("gunicorn.socket")
    if socket is None:
        return Body(source)
    reader = getattr(source, "reader", None)
    straight = isinstance(reader, LengthReader) and request.content_length is not None
    # gunicorn can be asked again for bytes of a body of known length; one in chunks ends there.
    socket.settimeout(TICK if straight else SILENCE)
    return Body(Straight(reader, socket) if straight else source)
