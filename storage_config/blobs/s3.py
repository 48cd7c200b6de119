"""Blobs in an S3 bucket. Nothing here rests on conditional PUTs or on a bucket's own rules."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qs, quote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, IncompleteReadError

from storage_config.blobs.shape import BlobStat, check_key, check_prefix

_MISSING = ("404", "NoSuchKey", "NotFound")
_BLOCK = 1024 * 1024
_SPOOL = 8 * _BLOCK  # streams up to here are kept in memory on their way to the bucket


class S3Blobs:
    def __init__(
        self, bucket: str, prefix: str = "", *, endpoint: str | None = None, region: str = ""
    ) -> None:
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.endpoint = endpoint
        self._client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name=region or "us-east-1",
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if endpoint else "auto"},
                retries={"mode": "standard", "max_attempts": 4},
                connect_timeout=5,
                read_timeout=30,
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

    def put(self, key: str, source: Path | BinaryIO, *, mime: str | None = None) -> int:
        """Store the whole of ``source``, checked by its MD5 on the way; the number of bytes."""
        with _seekable(source) as (body, size, md5), self._translated(key):
            self._client.put_object(
                Bucket=self.bucket,
                Key=self._key(key),
                Body=body,
                ContentLength=size,
                ContentMD5=md5,
                ContentType=mime or "application/octet-stream",
            )
        # A server may answer 200 with an error inside: ask what it has.
        if self.stat(key).bytes != size:
            raise OSError(f"the store kept another size of {key} than the {size} bytes sent")
        return size

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        if length == 0:
            self.stat(key)
            return cast(BinaryIO, tempfile.SpooledTemporaryFile())
        wanted = {}
        if start or length is not None:
            end = "" if length is None else start + length - 1
            wanted["Range"] = f"bytes={start}-{end}"
        with self._translated(key):
            answer = self._client.get_object(Bucket=self.bucket, Key=self._key(key), **wanted)
        return cast(BinaryIO, answer["Body"])

    def fetch(self, key: str, target: Path) -> None:
        with self._translated(key):
            answer = self._client.get_object(Bucket=self.bucket, Key=self._key(key))
            with target.open("wb") as out:
                shutil.copyfileobj(answer["Body"], out, _BLOCK)
        if target.stat().st_size != answer["ContentLength"]:
            raise OSError(f"the store sent only {target.stat().st_size} bytes of {key}")

    def keys(self, prefix: str = "") -> Iterator[str]:
        check_prefix(prefix)
        pages = self._client.get_paginator("list_objects_v2")
        with self._translated(prefix):
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix + prefix):
                for item in page.get("Contents", []):
                    yield item["Key"].removeprefix(self.prefix)

    def stat(self, key: str) -> BlobStat:
        with self._translated(key):
            found = self._client.head_object(Bucket=self.bucket, Key=self._key(key))
        return BlobStat(found["ContentLength"], found["LastModified"].timestamp())

    def delete(self, key: str) -> None:
        with self._translated(key):
            self._client.delete_object(Bucket=self.bucket, Key=self._key(key))

    def url(
        self, key: str, *, seconds: int, mime: str | None = None, filename: str | None = None
    ) -> str | None:
        """A signed link for GET that lives ``seconds``."""
        params: dict[str, Any] = {"Bucket": self.bucket, "Key": self._key(key)}
        if mime:
            params["ResponseContentType"] = mime
        if filename:
            value = f"attachment; filename*=UTF-8''{quote(filename)}"
            params["ResponseContentDisposition"] = value
        return str(
            self._client.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)
        )

    def path(self, key: str) -> Path | None:
        check_key(key)
        return None

    def _key(self, key: str) -> str:
        return self.prefix + check_key(key)

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code == "NoSuchBucket":
                raise OSError(f"there is no bucket {self.bucket!r}: make it first") from error
            if code in _MISSING:
                raise FileNotFoundError(f"there is no blob {key!r}") from error
            raise OSError(f"the store refused {key!r}: {code}") from error
        except IncompleteReadError as error:
            raise OSError(f"the store broke off in the middle of {key!r}") from error
        except BotoCoreError as error:
            raise OSError(f"the store does not answer: {error}") from error


@contextmanager
def _seekable(source: Path | BinaryIO) -> Iterator[tuple[BinaryIO, int, str]]:
    """A stream that a retry can read again, its size, and its MD5 in base 64."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file, *_measure(file)
        return
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as spool:
        shutil.copyfileobj(source, spool, _BLOCK)
        yield cast(BinaryIO, spool), *_measure(cast(BinaryIO, spool))


def _measure(file: BinaryIO) -> tuple[int, str]:
    file.seek(0)
    digest = hashlib.md5(usedforsecurity=False)
    while block := file.read(_BLOCK):
        digest.update(block)
    size = file.tell()
    file.seek(0, os.SEEK_SET)
    return size, base64.b64encode(digest.digest()).decode()
