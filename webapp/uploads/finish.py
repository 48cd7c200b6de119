"""The end of an upload: hash, blob, row, in that order; any step may be repeated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

import structlog

from review import bucketed, keys, uploads
from review.errors import NoSuchThing
from review.models import Upload
from review.ports import BlobStore
from review.submission import complete_upload
from storage_config.database import DatabaseBusy
from webapp.deps import Deps, deps
from webapp.uploads.announce import FINAL
from webapp.uploads.digests import digests
from webapp.uploads.places import parts_of
from webapp.uploads.shape import BLOCK, Block, PartLocked, PiecesGone, Writer

log = structlog.get_logger(__name__)


def finish(parts: Deps, writer: Writer, upload: Upload, sha256: str | None = None) -> None:
    """Complete an upload whose bytes are all here; harmless when it is complete already.

    ``sha256``: of all bytes, where the writer has seen them all. Raises ``OSError`` when the bytes
    can not be stored; they stay where they are.
    """
    key = keys.original(upload.id)
    sha256 = writer.keep(key, upload.length, sha256)
    pieces = piece_ids(upload)
    with parts.database.write() as session:
        if session.get(Upload, upload.id) is None:
            raise FileNotFoundError(f"upload {upload.id} was removed meanwhile")
        complete_upload(session, upload.id, key=key, sha256=sha256)
        free = uploads.release(session, pieces, upload.account_id) if pieces else []
    writer.remove()
    for piece in free:
        try:
            parts.blobs.delete(piece)
        except OSError as error:
            log.warning("orphan_left", key=piece, why=str(error))
    log.info("upload_complete", upload=upload.id)


def finish_alone(parts: Deps, upload: Upload) -> None:
    """Finish an upload that no request brings bytes for: they are here, or in its pieces.

    Raises :class:`PartLocked`, ``FileNotFoundError``, ``OSError``.
    """
    with parts_of(parts).writing(upload.id, overtake=False) as writer:
        sha256 = None
        if writer.offset < upload.length:
            try:
                sha256 = _join(parts, writer, upload)
            except PiecesGone:
                # Row first, then the bytes, as everywhere.
                with parts.database.write() as session:
                    uploads.give_up(session, upload.id)
                writer.remove()
                raise
        finish(parts, writer, upload, sha256)


def piece_ids(upload: Upload) -> list[str]:
    """Of a final upload, in their order; none of any other."""
    if upload.concat is None or not upload.concat.startswith(FINAL):
        return []
    urls = upload.concat.removeprefix(FINAL).split(" ")
    return [url.rpartition("/")[2] for url in urls]


def _join(parts: Deps, writer: Writer, upload: Upload) -> str | None:
    """Append the pieces, from where an earlier attempt stopped; the digest if all went by here."""
    with parts.database.read() as session, _gone_told():
        pieces = uploads.pieces(session, piece_ids(upload), upload.account_id)
    digest = digests.take(upload.id, writer.offset)
    wanted = [(piece.key, piece.length) for piece in pieces]

    def source() -> Iterator[Block]:
        skip = writer.offset
        for key, length in wanted:
            if skip < length:
                with _opened(parts.blobs, key, skip) as stream:
                    while block := stream.read(BLOCK):
                        if digest is not None:
                            digest.update(block)
                        yield block
            skip = max(0, skip - length)

    writer.append(source())
    return digest.hexdigest() if digest is not None else None


@contextmanager
def _gone_told() -> Iterator[None]:
    try:
        yield
    except NoSuchThing as error:
        raise PiecesGone("a piece was removed") from error


def _opened(blobs: BlobStore, key: str | None, skip: int) -> BinaryIO:
    if key is None:
        raise PiecesGone("a piece went into another upload")
    try:
        return blobs.open(key, skip)
    except FileNotFoundError as error:
        raise PiecesGone("a piece went into another upload just now") from error


def finish_pending() -> int:
    """At the start: finish what a crash left between its last byte and its row, and drop what it
    left of uploads that are gone or complete. How many were finished."""
    parts = deps()
    count = 0
    for upload_id in _left(parts):
        try:
            count += _finish_if_whole(parts, upload_id)
        except (DatabaseBusy, OSError, PartLocked) as error:
            # Whoever asks for this upload next finishes it.
            log.warning("upload_not_finished", upload=upload_id, why=str(error))
    return count


def _left(parts: Deps) -> list[str]:
    found = sorted(path.stem for path in parts.part_files.glob("*.part"))
    with suppress(DatabaseBusy), parts.database.read() as session:
        found += bucketed.unfinished(session)
    return found


def _finish_if_whole(parts: Deps, upload_id: str) -> bool:
    with parts.database.read() as session:
        upload = session.get(Upload, upload_id)
    if upload is None or upload.completed_at is not None:
        # The row is written before the bytes: without one, nobody can ask for these.
        with parts_of(parts).writing(upload_id, overtake=False) as writer:
            writer.remove()
        return False
    if upload.deferred or parts_of(parts).offset(upload_id) != upload.length:
        return False
    finish_alone(parts, upload)
    return True
