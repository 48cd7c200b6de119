"""What a client announces in the head of a request, checked before the first byte is taken."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request

from review.quota import PARTIAL
from webapp.deps import deps
from webapp.errors import WebError

MAX_METADATA = 4096
FINAL = "final;"
# What phones say of videos besides video/*: 3GP recordings are often called audio.
TYPES = (
    "video/",
    "audio/",
    "application/octet-stream",
    "application/mp4",
    "application/x-matroska",
)


@dataclass(frozen=True, slots=True)
class Announced:
    """``length``: None while it is deferred, or when pieces make it."""

    length: int | None
    metadata: dict[str, str]
    told: str  # the metadata as they came
    concat: str | None
    pieces: tuple[str, ...]  # ids, for a final upload

    @property
    def is_partial(self) -> bool:
        return self.concat == PARTIAL

    @property
    def clip_id(self) -> str | None:
        """The clip that waits for this file; a piece belongs to none."""
        return None if self.is_partial else self.metadata.get("clip") or None


def announced() -> Announced:
    """Of this creation request; raises 400, 413 and 415."""
    concat = request.headers.get("Upload-Concat")
    pieces = _pieces(concat)
    told = request.headers.get("Upload-Metadata", "")
    metadata = _metadata(told)
    _check_type(metadata)
    if pieces:
        if {"Upload-Length", "Upload-Defer-Length"} & {name for name, _ in request.headers}:
            raise WebError("upload_length")
        return Announced(None, metadata, told, concat, pieces)
    return Announced(_length(), metadata, told, concat, ())


def _pieces(concat: str | None) -> tuple[str, ...]:
    """The ids in ``final;<url> <url>``: URLs of ours, absolute or relative."""
    if concat is None or concat == PARTIAL:
        return ()
    if not concat.startswith(FINAL):
        raise WebError("upload_concat")
    found = []
    for url in concat.removeprefix(FINAL).split(" "):
        try:
            folder, _, name = urlsplit(url).path.rpartition("/")
        except ValueError:
            raise WebError("upload_concat") from None
        if not name or not folder.endswith("/uploads") or name in found:
            raise WebError("upload_concat")
        found.append(name)
    return tuple(found)


def _length() -> int | None:
    deferred = request.headers.get("Upload-Defer-Length")
    if deferred is None:
        length = told_length()
        if length is None:
            raise WebError("upload_length")
        return length
    if deferred != "1" or "Upload-Length" in request.headers:
        raise WebError("upload_length")
    return None


def told_length() -> int | None:
    """``Upload-Length`` of this request; raises 400 and 413."""
    text = request.headers.get("Upload-Length")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise WebError("upload_length")
    if int(text) > deps().settings.max_bytes:
        raise WebError("upload_too_large", 413)
    return int(text)


def told_offset() -> int:
    text = request.headers.get("Upload-Offset", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise WebError("upload_offset")
    return int(text)


def _metadata(header: str) -> dict[str, str]:
    """``key base64,key base64``: keys without spaces, each once."""
    if len(header) > MAX_METADATA:
        raise WebError("upload_metadata")
    found: dict[str, str] = {}
    for pair in filter(None, (p.strip() for p in header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            text = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise WebError("upload_metadata") from None
        if not name or name in found or not name.isascii():
            raise WebError("upload_metadata")
        found[name] = text
    return found


def _check_type(metadata: dict[str, str]) -> None:
    """What the browser takes the file for; without it the file itself tells, later."""
    kind = (metadata.get("filetype") or metadata.get("type") or "").strip().lower()
    if kind and not kind.startswith(TYPES):
        raise WebError("upload_type", 415)
