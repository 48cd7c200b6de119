"""The bytes of an unfinished upload in one file, whose size is the offset."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from review.ports import BlobStore
from webapp.uploads.shape import Block, PartLocked, full_disk_told

LOCK_SECONDS = 3.0  # how long a newcomer waits for the writer before it: some TICKs
AHEAD = 4 * 1024 * 1024  # bytes: measured best of 1, 2 and 4 MiB for parts of 8 MiB
SPARE = 64 * 1024 * 1024  # bytes that stay free on the disk


@dataclass(frozen=True, slots=True)
class Part:
    """The part file of one upload."""

    folder: Path
    upload_id: str

    @property
    def path(self) -> Path:
        return self.folder / f"{self.upload_id}.part"

    @property
    def _ticket(self) -> Path:
        return self.folder / f"{self.upload_id}.writer"

    def create(self) -> None:
        """An empty file whose name outlives a power cut."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def size(self) -> int | None:
        """Bytes that are here; None when there is no file (any more)."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return None

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._ticket.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[int]:
        """The file, open for writing by nobody else: a descriptor.

        Raises :class:`PartLocked`, ``FileNotFoundError``.
        """
        descriptor = os.open(self.path, os.O_RDWR)
        try:
            self._wait_for_lock(descriptor)
            if self.size() is None:
                # Whoever held the lock has finished or removed the upload meanwhile.
                raise FileNotFoundError(self.path)
            yield descriptor
        finally:
            os.close(descriptor)  # and with it the lock

    def _wait_for_lock(self, descriptor: int) -> None:
        end = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > end:
                    raise PartLocked(self.upload_id) from None
                time.sleep(0.05)

    def take_ticket(self) -> str:
        ticket = secrets.token_hex(8)
        self._ticket.write_text(ticket)
        return ticket

    def is_newest(self, ticket: str | None) -> bool:
        try:
            return ticket is None or self._ticket.read_text() == ticket
        except FileNotFoundError:
            return True


@dataclass(slots=True)
class FileWriter:
    """Holds the lock of the part file."""

    part: Part
    descriptor: int
    blobs: BlobStore
    ticket: str | None
    offset: int
    began: int
    on_its_way: int  # bytes that the disk has been given to write

    def is_newest(self) -> bool:
        return self.part.is_newest(self.ticket)

    def append(self, blocks: Iterable[Block]) -> int:
        try:
            for block in blocks:
                with full_disk_told():
                    self._write_all(block)
        finally:
            os.fdatasync(self.descriptor)  # with the size, which is the offset
        return self.offset

    def _write_all(self, block: Block) -> None:
        view = memoryview(block)
        while view:
            done = os.pwrite(self.descriptor, view, self.offset)
            view = view[done:]
            self.offset += done
        if self.offset - self.on_its_way >= AHEAD:
            # Begins to write to the disk and does not wait: the end then has less to wait for.
            size = self.offset - self.on_its_way
            os.posix_fadvise(self.descriptor, self.on_its_way, size, os.POSIX_FADV_DONTNEED)
            self.on_its_way = self.offset

    def undo(self) -> None:
        os.ftruncate(self.descriptor, self.began)
        os.fsync(self.descriptor)
        self.offset = self.on_its_way = self.began

    def keep(self, key: str, length: int, sha256: str | None) -> str:
        if self.offset != length:
            raise OSError(f"{self.offset} bytes are here of {length}")
        if sha256 is None:
            with self.part.path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self.blobs.take(key, self.part.path)
        return sha256

    def remove(self) -> None:
        self.part.remove()


@dataclass(frozen=True, slots=True)
class FileParts:
    """``folder`` is of this machine, or of a file system that all web machines share."""

    folder: Path
    blobs: BlobStore

    def create(self, upload_id: str) -> None:
        Part(self.folder, upload_id).create()

    def offset(self, upload_id: str) -> int | None:
        return Part(self.folder, upload_id).size()

    def silent(self, upload_ids: Collection[str]) -> set[str]:
        return {upload_id for upload_id in upload_ids if not self.offset(upload_id)}

    @contextmanager
    def writing(self, upload_id: str, *, overtake: bool = True) -> Iterator[FileWriter]:
        """The newest connection leaves its ticket, which the one before it looks at."""
        part = Part(self.folder, upload_id)
        if part.size() is None:
            raise FileNotFoundError(part.path)
        ticket = part.take_ticket() if overtake else None
        with part.locked() as descriptor:
            size = os.fstat(descriptor).st_size
            yield FileWriter(part, descriptor, self.blobs, ticket, size, size, size)

    def has_room(self, announced: Mapping[str, int], length: int) -> bool:
        """A finished part becomes the blob where both are on one disk; else the blobs' disk has to
        take a copy of it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with os.scandir(self.folder) as found:
            arrived = {e.name.removesuffix(".part"): _size(e) for e in found}
        missing = sum(max(0, size - arrived.get(name, 0)) for name, size in announced.items())
        if shutil.disk_usage(self.folder).free < missing + length + SPARE:
            return False
        root = self.blobs.path("any")
        if root is None:
            return True
        disk = _nearest(root.parent)
        if disk.stat().st_dev == self.folder.stat().st_dev:
            return True
        return shutil.disk_usage(disk).free >= sum(announced.values()) + length + SPARE


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except FileNotFoundError:
        return 0


def _nearest(folder: Path) -> Path:
    """The folder, or the first above it that is there."""
    return next(p for p in (folder, *folder.parents) if p.exists())
