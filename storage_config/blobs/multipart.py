"""S3's multipart uploads: a blob that comes in parts, and is there only when all of it is."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from storage_config.blobs.s3 import S3Blobs

SMALLEST = 5 * 1024 * 1024  # bytes of every part but the last, by S3's own rule


@dataclass(frozen=True, slots=True)
class Pending:
    """A multipart upload that is neither complete nor given up."""

    key: str
    multipart: str
    begun: datetime


class Multiparts:
    """Of one store; keys as there. ``FileNotFoundError`` for a multipart upload that has ended."""

    def __init__(self, store: S3Blobs) -> None:
        self._store = store

    def begin(self, key: str) -> str:
        with self._store.told(key):
            answer = self._client.create_multipart_upload(
                **self._place(key), ContentType="application/octet-stream"
            )
        return str(answer["UploadId"])

    def send(self, key: str, multipart: str, number: int, data: bytes) -> str:
        """Store one part, checked by its MD5 on the way; its ETag."""
        md5 = hashlib.md5(data, usedforsecurity=False).digest()
        with self._store.told(key):
            answer = self._client.upload_part(
                **self._place(key),
                UploadId=multipart,
                PartNumber=number,
                Body=data,
                ContentMD5=base64.b64encode(md5).decode(),
            )
        etag = str(answer.get("ETag", ""))
        if not etag:
            raise OSError(f"the store did not keep part {number} of {key!r}")
        return etag

    def complete(
        self, key: str, multipart: str, parts: Sequence[Mapping[str, Any]], length: int
    ) -> None:
        """Make the blob of these parts (``n`` and ``etag``, in order). May be repeated."""
        named = [{"PartNumber": part["n"], "ETag": part["etag"]} for part in parts]
        with suppress(FileNotFoundError), self._store.told(key):
            self._client.complete_multipart_upload(
                **self._place(key), UploadId=multipart, MultipartUpload={"Parts": named}
            )
        # A server may answer 200 with an error inside, and an earlier attempt may have been done.
        if self._store.stat(key).bytes != length:
            raise OSError(f"the store did not put {key!r} together")

    def abort(self, key: str, multipart: str) -> None:
        """Forget the parts; giving up one that has ended is no error."""
        with suppress(FileNotFoundError), self._store.told(key):
            self._client.abort_multipart_upload(**self._place(key), UploadId=multipart)

    def parts(self, key: str, multipart: str) -> list[dict[str, Any]]:
        """What the store has: ``n``, ``bytes`` and ``etag`` of each part, by number."""
        pages = self._client.get_paginator("list_parts")
        with self._store.told(key):
            return [
                {"n": part["PartNumber"], "bytes": part["Size"], "etag": part["ETag"]}
                for page in pages.paginate(**self._place(key), UploadId=multipart)
                for part in page.get("Parts", [])
            ]

    def pending(self) -> Iterator[Pending]:
        """Every multipart upload below this store's prefix."""
        pages = self._client.get_paginator("list_multipart_uploads")
        with self._store.told("originals"):
            for page in pages.paginate(Bucket=self._store.bucket, Prefix=self._store.prefix):
                for found in page.get("Uploads", []):
                    key = found["Key"].removeprefix(self._store.prefix)
                    yield Pending(key, found["UploadId"], found["Initiated"])

    def url(self, key: str, multipart: str, number: int, *, length: int, seconds: int) -> str:
        """A link for one PUT of ``length`` bytes, which lives ``seconds``."""
        more = {"UploadId": multipart, "PartNumber": number, "ContentLength": length}
        params = {**self._place(key), **more}
        return str(
            self._client.generate_presigned_url("upload_part", Params=params, ExpiresIn=seconds)
        )

    @property
    def _client(self) -> Any:
        return self._store.client

    def _place(self, key: str) -> dict[str, str]:
        return {"Bucket": self._store.bucket, "Key": self._store.full_key(key)}
