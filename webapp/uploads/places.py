"""Where unfinished uploads lie: beside the blobs, in files or in the bucket."""

from __future__ import annotations

from storage_config.blobs import S3Blobs
from webapp.deps import Deps
from webapp.uploads.bucket import BucketParts
from webapp.uploads.parts import FileParts
from webapp.uploads.shape import Parts


def parts_of(where: Deps) -> Parts:
    if isinstance(where.blobs, S3Blobs):
        return BucketParts(where.database, where.blobs)
    return FileParts(where.part_files, where.blobs)
