"""Bytes under keys: a local directory or an S3 bucket, with one behaviour.

``FileNotFoundError`` for a missing key in both; ``OSError`` for a store that does not answer.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from storage_config.blobs.local import LocalBlobs
from storage_config.blobs.s3 import S3Blobs
from storage_config.blobs.shape import BlobStat, check_key

__all__ = ["BlobStat", "LocalBlobs", "S3Blobs", "blob_store", "check_key"]


def blob_store(url: str) -> LocalBlobs | S3Blobs:
    """``file:///srv/blobs`` or ``s3://bucket/prefix?endpoint=...&region=...``."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return LocalBlobs(Path(unquote(parts.path)))
    if parts.scheme == "s3":
        return S3Blobs.from_url(url)
    raise ValueError(f"{parts.scheme!r} is no storage: file:// or s3://")
