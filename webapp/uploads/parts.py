"""The bytes of an unfinished upload: one file, whose size is the offset."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# Small, since what has arrived of a block is lost with the connection, and large enough: gunicorn
# hands over 870 MB/s in such blocks (530 in blocks of a MiB).
BLOCK = 16 * 1024
LOCK_SECONDS = 3.0  # how long a newcomer waits for the writer before it: some TICKs
TICK = 1.0  # seconds: how often a writer that gets no bytes looks whether it was overtaken
SILENCE = 45.0  # seconds: a connection that says nothing for so long is dead
_FULL = (errno.ENOSPC, errno.EDQUOT)


class PartLocked(Exception):
    """Another connection is writing, and did not end in time."""


class StorageFull(Exception):
    """No room for the next block; what was written stays."""


class Overtaken(Exception):
    """A newer connection wants to write: this one ends."""


class TooMuch(Exception):
    """The body is longer than what is missing; nothing of it stays."""


class WrongChecksum(Exception):
    """The body is not what its checksum says; nothing of it stays."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@contextmanager
def full_disk_told() -> Iterator[None]:
    """A full disk as :class:`StorageFull`, whoever meets it."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull from error
        raise


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
        """An empty file whose name outlives a power cut: the client is about to learn its URL."""
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

        The newest connection wins: it leaves its ticket, which the one before it looks at between
        blocks. Raises :class:`PartLocked`, ``FileNotFoundError``.
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

    def is_newest(self, ticket: str) -> bool:
        try:
            return self._ticket.read_text() == ticket
        except FileNotFoundError:
            return True

    def append(
        self,
        descriptor: int,
        source: Readable,
        offset: int,
        room: int,
        ticket: str,
        seen: Callable[[bytes], object] | None = None,
    ) -> int:
        """Write what comes from ``source``, at ``offset``; the new size, durable.

        What arrived before the connection broke is kept. ``seen`` gets every block. Raises
        :class:`StorageFull`, :class:`Overtaken`, and :class:`TooMuch` for more than ``room``.
        """
        position = offset
        try:
            while position < offset + room:
                block = self._next(source, min(BLOCK, offset + room - position), ticket)
                if not block:
                    return position
                with full_disk_told():
                    _write_all(descriptor, block, position)
                position += len(block)
                if seen is not None:
                    seen(block)
                if not self.is_newest(ticket):
                    raise Overtaken(self.upload_id)
        finally:
            os.fsync(descriptor)
        if self._next(source, 1, ticket):
            raise TooMuch(self.upload_id)
        return position

    def _next(self, source: Readable, size: int, ticket: str) -> bytes:
        """The next bytes; none at the end, or when the connection is broken or dead.

        A ``TimeoutError`` of the source says that there are none yet; nothing is lost by it.
        """
        dead = time.monotonic() + SILENCE
        while time.monotonic() < dead:
            try:
                return source.read(size)
            except TimeoutError:
                if not self.is_newest(ticket):
                    raise Overtaken(self.upload_id) from None
            except (OSError, ValueError):
                break
        return b""


def cut(descriptor: int, offset: int) -> None:
    """Forget what came after ``offset``."""
    os.ftruncate(descriptor, offset)
    os.fsync(descriptor)


def _write_all(descriptor: int, block: bytes, position: int) -> None:
    view = memoryview(block)
    while view:
        done = os.pwrite(descriptor, view, position)
        view, position = view[done:], position + done
