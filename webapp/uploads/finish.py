"""The end of an upload: hash, blob, row, in that order; any step may be repeated."""

from __future__ import annotations

import hashlib
from pathlib import Path

import structlog

from review import keys
from review.models import Upload
from review.submission import complete_upload
from storage_config.database import DatabaseBusy
from webapp.deps import Deps, deps
from webapp.uploads.parts import Part, PartLocked

log = structlog.get_logger(__name__)


def finish(parts: Deps, upload_id: str) -> None:
    """Complete an upload whose bytes are all here; harmless when it is complete already.

    The caller holds the part file's lock. Raises ``OSError`` when the bytes can not be stored;
    they stay where they are.
    """
    part = Part(parts.part_files, upload_id)
    with part.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    key = keys.original(upload_id)
    parts.blobs.put(key, part.path)
    with parts.database.write() as session:
        if session.get(Upload, upload_id) is None:
            raise FileNotFoundError(f"upload {upload_id} was removed meanwhile")
        complete_upload(session, upload_id, key=key, sha256=sha256)
    part.remove()
    log.info("upload_complete", upload=upload_id)


def finish_pending() -> int:
    """At the start: finish what a crash left between its last byte and its row, and drop what it
    left of uploads that are gone or complete. How many were finished."""
    parts = deps()
    count = 0
    for path in sorted(parts.part_files.glob("*.part")):
        try:
            count += _finish_if_whole(parts, path)
        except (DatabaseBusy, OSError, PartLocked) as error:
            # Whoever asks for this upload next finishes it.
            log.warning("upload_not_finished", upload=path.stem, why=str(error))
    return count


def _finish_if_whole(parts: Deps, path: Path) -> bool:
    with parts.database.read() as session:
        upload = session.get(Upload, path.stem)
    part = Part(parts.part_files, path.stem)
    if upload is None or upload.completed_at is not None:
        # The row is written before the file: without one, nobody can ask for these bytes.
        part.remove()
        return False
    if part.size() != upload.length:
        return False
    with part.locked():
        finish(parts, upload.id)
    return True
