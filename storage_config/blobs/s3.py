"""Blobs in an S3 bucket. Nothing here rests on conditional PUTs or on a bucket's own rules."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qs, quote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from storage_config.blobs.multipart import Multiparts
from storage_config.blobs.shape import BLOCK, BlobStat, check_key, check_prefix, whole_file

_MISSING = ("404", "NoSuchKey", "NotFound", "NoSuchUpload")
_SPOOL = 8 * BLOCK  # streams up to here are kept in memory on their way to the bucket


class S3Blobs:
    """``read_timeout`` is in seconds; every call is tried four times."""

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint: str | None = None,
        region: str = "",
        read_timeout: float = 30,
    ) -> None:
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.endpoint = endpoint
        self._region = region or "us-east-1"
        self._read_timeout = read_timeout
        self._lock = threading.Lock()
        self._clients: dict[int, Any] = {}

    @property
    def client(self) -> Any:
        """One for each process: a forked child on its parent's connections would read the
        answers to other questions. The parent's is kept, not closed."""
        pid = os.getpid()
        if pid not in self._clients:
            with self._lock:
                self._clients.setdefault(pid, self._connect())
        return self._clients[pid]

    def _connect(self) -> Any:
        # A session of its own: making clients in the shared one is not safe among threads.
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self._region,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if self.endpoint else "auto"},
                retries={"mode": "standard", "total_max_attempts": 4},
                connect_timeout=5,
                read_timeout=self._read_timeout,
                # Other servers than Amazon's do not all know the newer checksum headers.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    @classmethod
    def from_url(cls, url: str) -> S3Blobs:
        """From ``s3://bucket/prefix?endpoint=...&region=...``; keys by boto3's own rules
        (``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, an instance's role, ...)."""
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        unknown = set(query) - {"endpoint", "region"}
        if not parts.netloc or unknown:
            raise ValueError("accepted: s3://bucket/prefix?endpoint=...&region=...")
        endpoint = query.get("endpoint", [None])[0]
        return cls(parts.netloc, parts.path, endpoint=endpoint, region=query.get("region", [""])[0])

    @property
    def multiparts(self) -> Multiparts:
        return Multiparts(self)

    def told(self, key: str) -> AbstractContextManager[None]:
        """The library's errors as ours."""
        return _translated(self.bucket, key)

    def put(self, key: str, source: Path | BinaryIO, *, mime: str | None = None) -> int:
        """Store the whole of ``source``, checked by its MD5 on the way; the number of bytes."""
        name = self.full_key(key)
        with _seekable(source) as (body, size, md5), _translated(self.bucket, key):
            answer = self.client.put_object(
                Bucket=self.bucket,
                Key=name,
                Body=body,
                ContentLength=size,
                ContentMD5=base64.b64encode(md5).decode(),
                ContentType=mime or "application/octet-stream",
            )
        etag = answer.get("ETag", "").strip('"')
        if etag == md5.hex():
            return size
        # A server may answer 200 with an error inside, or tag by other rules: ask what it has.
        if not etag or self.stat(key).bytes != size:
            raise OSError(f"the store did not keep the {size} bytes of {key!r}")
        return size

    def take(self, key: str, source: Path) -> None:
        """Store a file that nobody changes any more."""
        self.put(key, source)

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """A stream of the blob, or of ``length`` bytes from ``start``; empty beyond its end."""
        if start == 0 and length is None:
            return self._get(key)
        # Servers differ in what they say of a range that ends behind the blob's end.
        size = self.stat(key).bytes
        end = size if length is None else min(size, start + length)
        if start >= end:
            return io.BytesIO()
        return self._get(key, f"bytes={start}-{end - 1}", f"bytes {start}-{end - 1}/{size}")

    def fetch(self, key: str, target: Path) -> None:
        """Copy the blob to a local file, which is whole or not there."""
        with self.open(key) as source, whole_file(target) as out:
            shutil.copyfileobj(source, out, BLOCK)

    def _get(self, key: str, part: str | None = None, wanted: str | None = None) -> BinaryIO:
        """A stream of the whole, or of the ``part`` that a right answer calls ``wanted``."""
        ranges = {"Range": part} if part else {}
        with _translated(self.bucket, key):
            answer = self.client.get_object(Bucket=self.bucket, Key=self.full_key(key), **ranges)
        # An error page may come with 200, and a server may not know ranges.
        if "ETag" not in answer or answer.get("ContentRange") != wanted:
            raise OSError(f"the store sent something else than was asked for of {key!r}")
        return io.BufferedReader(_Body(self.bucket, key, answer), BLOCK)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin with ``prefix``, in order."""
        return self._list(check_prefix(prefix))

    def _list(self, prefix: str) -> Iterator[str]:
        pages = self.client.get_paginator("list_objects_v2")
        with _translated(self.bucket, prefix):
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix + prefix):
                for item in page.get("Contents", []):
                    yield item["Key"].removeprefix(self.prefix)

    def stat(self, key: str) -> BlobStat:
        with _translated(self.bucket, key):
            found = self.client.head_object(Bucket=self.bucket, Key=self.full_key(key))
        return BlobStat(found["ContentLength"], found["LastModified"].timestamp())

    def delete(self, key: str) -> None:
        """Deleting a missing key is no error."""
        with suppress(FileNotFoundError), _translated(self.bucket, key):
            self.client.delete_object(Bucket=self.bucket, Key=self.full_key(key))

    def tidy(self) -> int:
        """Nothing: a PUT that broke off leaves nothing in a bucket."""
        return 0

    def url(
        self, key: str, *, seconds: int, mime: str | None = None, filename: str | None = None
    ) -> str | None:
        """A signed link for GET that lives ``seconds``."""
        params: dict[str, Any] = {"Bucket": self.bucket, "Key": self.full_key(key)}
        if mime:
            params["ResponseContentType"] = mime
        if filename:
            value = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
            params["ResponseContentDisposition"] = value
        return str(
            self.client.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)
        )

    def path(self, key: str) -> Path | None:
        check_key(key)
        return None

    def full_key(self, key: str) -> str:
        return self.prefix + check_key(key)


@contextmanager
def _translated(bucket: str, key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code == "NoSuchBucket":
            raise OSError(f"there is no bucket {bucket!r}: make it first") from error
        if code in _MISSING:
            raise FileNotFoundError(errno.ENOENT, "there is no blob", key) from error
        raise OSError(f"the store refused {key!r}: {code}") from error
    except BotoCoreError as error:
        raise OSError(f"the store does not answer: {error}") from error


class _Body(io.RawIOBase):
    """The bytes of an answer. ``OSError`` when fewer come than were announced."""

    def __init__(self, bucket: str, key: str, answer: Any) -> None:
        self._bucket = bucket
        self._key = key
        self._body = answer["Body"]
        self._left = answer.get("ContentLength", 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        with _translated(self._bucket, self._key):
            data = self._body.read(len(view))
        view[: len(data)] = data
        self._left -= len(data)
        if not data and self._left > 0:
            raise OSError(f"the store broke off {self._left} bytes before the end of {self._key!r}")
        return len(data)

    def close(self) -> None:
        self._body.close()
        super().close()


@contextmanager
def _seekable(source: Path | BinaryIO) -> Iterator[tuple[BinaryIO, int, bytes]]:
    """A stream that a retry can read again, its size, and its MD5."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file, *_measure(file)
        return
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as spool:
        shutil.copyfileobj(source, spool, BLOCK)
        yield cast(BinaryIO, spool), *_measure(cast(BinaryIO, spool))


def _measure(file: BinaryIO) -> tuple[int, bytes]:
    file.seek(0)
    digest = hashlib.md5(usedforsecurity=False)
    while block := file.read(BLOCK):
        digest.update(block)
    size = file.tell()
    file.seek(0, os.SEEK_SET)
    return size, digest.digest()
