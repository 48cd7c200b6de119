"""What every place for unfinished uploads has in common: its shape, and how bytes are taken in.

:mod:`webapp.uploads.parts` keeps them in files, :mod:`webapp.uploads.bucket` in an S3 bucket.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

# What a fast network has brought is taken at once; a slow one's bytes are taken as they come.
BLOCK = 1024 * 1024
LOOK = 0.2  # seconds: how often a writer that gets bytes looks whether it was overtaken
TICK = 1.0  # seconds: how often one that gets none looks
SILENCE = 45.0  # seconds: a connection that says nothing for so long is dead
_FULL = (errno.ENOSPC, errno.EDQUOT)

Block = bytes | memoryview


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


class SentDirectly(Exception):
    """The client sends this upload to the store itself."""


class PiecesGone(FileNotFoundError):
    """What was to be joined went into another upload, or was removed."""


class Readable(Protocol):
    def read(self, size: int, /) -> Block:
        """Up to ``size`` bytes, as soon as there are any; they may change with the next call but
        one."""


class Writer(Protocol):
    """The only one that writes an upload, as long as the block lasts that gave it."""

    @property
    def offset(self) -> int:
        """Bytes that are durably here."""

    def is_newest(self) -> bool:
        """False once a newer connection wants to write."""

    def append(self, blocks: Iterable[Block]) -> int:
        """Write what comes; the new offset, durable. What came before an error is kept."""

    def undo(self) -> None:
        """Forget what this writer appended."""

    def keep(self, key: str, length: int, sha256: str | None) -> str:
        """All ``length`` bytes are here: store them under ``key``; their SHA-256.

        May be repeated, by another writer too. Raises ``OSError``; the bytes stay where they are.
        """

    def remove(self) -> None:
        """Drop the bytes: they are stored elsewhere, or nobody wants them."""


class Parts(Protocol):
    """Where the bytes of unfinished uploads lie."""

    def create(self, upload_id: str) -> None:
        """A place that outlives a power cut: the client is about to learn its URL."""

    def offset(self, upload_id: str) -> int | None:
        """Bytes that are durably here; None when there is no place (any more)."""

    def silent(self, upload_ids: Collection[str]) -> set[str]:
        """Those of these unfinished uploads of which no byte is here."""

    def writing(self, upload_id: str, *, overtake: bool = True) -> AbstractContextManager[Writer]:
        """The writer. The newest connection wins: ``overtake`` asks the one before it to end.

        Raises :class:`PartLocked`, ``FileNotFoundError``.
        """

    def has_room(self, announced: Mapping[str, int], length: int) -> bool:
        """Whether ``length`` more bytes fit beside the uploads that were ``announced``: id and
        length of each that is not finished."""


def blocks(source: Readable, room: int, is_newest: Callable[[], bool]) -> Iterator[Block]:
    """What a request brings, until its end or until the connection is broken or dead.

    Raises :class:`Overtaken`, and :class:`TooMuch` for more than ``room`` bytes.
    """
    left, looked = room, time.monotonic()
    while block := _next(source, min(BLOCK, left) or 1, is_newest):
        if left == 0:
            raise TooMuch
        left -= len(block)
        yield block
        now = time.monotonic()
        if now - looked > LOOK:
            looked = now
            if not is_newest():
                raise Overtaken


def _next(source: Readable, size: int, is_newest: Callable[[], bool]) -> Block:
    """The next bytes; none at the end, or when the connection is broken or dead.

    A ``TimeoutError`` of the source says that there are none yet; nothing is lost by it.
    """
    dead = time.monotonic() + SILENCE
    while time.monotonic() < dead:
        try:
            return source.read(size)
        except TimeoutError:
            if not is_newest():
                raise Overtaken from None
        except (OSError, ValueError):
            break
    return b""


@contextmanager
def full_disk_told() -> Iterator[None]:
    """A full disk as :class:`StorageFull`, whoever meets it."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull from error
        raise
