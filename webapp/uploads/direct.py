"""Parts that a client sends to the bucket itself, so that no byte passes this process.

The upload is announced over tus as any other; then links are asked for, each for one PUT of one
part. The store says what arrived, and nothing counts before the server has looked at its sizes.
"""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from review import keys
from review.models import Upload
from storage_config.blobs import S3Blobs
from webapp.api.blueprint import body
from webapp.deps import deps
from webapp.errors import WebError
from webapp.uploads.bucket import BucketParts, BucketWriter
from webapp.uploads.finish import finish
from webapp.uploads.places import parts_of
from webapp.uploads.room import wake
from webapp.uploads.views import blueprint, find, told

PART = 8 * 1024 * 1024  # bytes of every part but the last
LINK_SECONDS = 3600  # long enough for a part over a slow network
MOST = 100  # links in one answer


def _place(upload: Upload) -> BucketParts:
    """404 where it is not switched on; pieces and unknown lengths go through tus."""
    place = parts_of(deps())
    if deps().settings.upload_direct != "on" or not isinstance(place, BucketParts):
        raise WebError("not_found", 404)
    if upload.deferred or upload.concat is not None or upload.length == 0:
        raise WebError("upload_direct", 409)
    return place


def _sizes(upload: Upload) -> dict[int, int]:
    """Number and bytes of every part."""
    starts = range(0, upload.length, PART)
    return {n: min(PART, upload.length - start) for n, start in enumerate(starts, 1)}


def _arrived(blobs: S3Blobs, upload: Upload, multipart: str) -> list[dict[str, Any]]:
    """Parts that the store has whole."""
    wanted = _sizes(upload)
    found = blobs.multiparts.parts(keys.original(upload.id), multipart)
    return [part for part in found if wanted.get(part["n"]) == part["bytes"]]


def _multipart(upload: Upload, place: BucketParts) -> str:
    """Begins one where there is none; 409 once bytes came through this server."""
    with told(upload), place.writing(upload.id) as writer:
        if not writer.direct and writer.offset:
            raise WebError("upload_direct", 409)
        return writer.go_direct()


@blueprint.get("/<upload_id>/parts")
def parts(upload_id: str) -> Response:
    """What there is to send, and what the store has."""
    upload = find(upload_id)
    place = _place(upload)
    sizes = _sizes(upload)
    done = list(sizes)
    if upload.completed_at is None:
        multipart = _multipart(upload, place)
        with told(upload):
            done = [part["n"] for part in _arrived(place.blobs, upload, multipart)]
    return jsonify({"part_bytes": PART, "count": len(sizes), "done": done, "bytes": upload.length})


@blueprint.post("/<upload_id>/parts")
def links(upload_id: str) -> Response:
    """Links for ``{"numbers": [1, 2, ...]}``: each takes one PUT of exactly its bytes."""
    upload = find(upload_id)
    place = _place(upload)
    if upload.completed_at is not None:
        raise WebError("upload_direct", 409)
    sizes, numbers = _sizes(upload), _numbers()
    if not set(numbers) <= set(sizes):
        raise WebError("bad_json")
    wake(upload)
    multipart = _multipart(upload, place)
    key, sign = keys.original(upload.id), place.blobs.multiparts.url
    return jsonify(
        {
            "parts": [
                {
                    "number": n,
                    "bytes": sizes[n],
                    "url": sign(key, multipart, n, length=sizes[n], seconds=LINK_SECONDS),
                }
                for n in numbers
            ],
            "seconds": LINK_SECONDS,
        }
    )


def _numbers() -> list[int]:
    numbers = body().get("numbers")
    if not isinstance(numbers, list) or not 0 < len(numbers) <= MOST:
        raise WebError("bad_json")
    if not all(type(number) is int for number in numbers):
        raise WebError("bad_json")
    return numbers


@blueprint.post("/<upload_id>/parts/complete")
def complete(upload_id: str) -> Response | tuple[Response, int]:
    """Look at what arrived and make the upload of it; 409 names the parts that are missing."""
    upload = find(upload_id)
    place = _place(upload)
    missing: list[int] = []
    if upload.completed_at is None:
        with told(upload), place.writing(upload.id) as writer:
            missing = _complete(place, writer, upload)
    if missing:
        return jsonify({"code": "upload_incomplete", "status": 409, "missing": missing}), 409
    return jsonify({"upload": upload.id, "bytes": upload.length})


def _complete(place: BucketParts, writer: BucketWriter, upload: Upload) -> list[int]:
    if not writer.direct or writer.multipart is None:
        raise WebError("upload_direct", 409)
    if writer.offset != upload.length:
        arrived = _arrived(place.blobs, upload, writer.multipart)
        missing = set(_sizes(upload)) - {part["n"] for part in arrived}
        if missing:
            return sorted(missing)
        wake(upload)
        writer.adopt(arrived)
    finish(deps(), writer, upload)
    return []
