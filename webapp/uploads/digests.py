"""The SHA-256 of uploads under way, so that what was just written is not read again.

A digest's state can not be stored: where another process goes on, or this one was started anew,
the finished upload is read once (docs/decisions/0005).
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from webapp.uploads.shape import Block

MOST = 512  # uploads whose digest one process keeps
WORTH_A_THREAD = 64 * 1024  # bytes; a smaller block is hashed before a thread has woken


class Digests:
    """Each with the offset that it stands at: bytes before a durable offset never change."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, upload_id: str, offset: int) -> Any | None:
        """The digest of the first ``offset`` bytes; None where it is not known here."""
        with self._lock:
            at, digest = self._kept.pop(upload_id, (0, None))
        if offset == 0:
            return hashlib.sha256()
        return digest if at == offset else None

    def keep(self, upload_id: str, offset: int, digest: Any | None) -> None:
        if digest is None:
            return
        with self._lock:
            self._kept[upload_id] = (offset, digest)
            self._kept.move_to_end(upload_id)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)


def hashed(source: Iterable[Block], seen: Sequence[Any]) -> Iterator[Block]:
    """The blocks of ``source``, which all digests have seen once the next one, or the end, came.

    A large block is hashed in a thread while it is written and the next one comes.
    """
    at_work: Future[None] | None = None
    try:
        for block in source:
            if at_work is not None:
                at_work.result()
                at_work = None
            if len(block) < WORTH_A_THREAD:
                _update(seen, block)
            else:
                at_work = _hashers.submit(_update, seen, block)
            yield block
    finally:
        if at_work is not None:
            at_work.result()


def _update(seen: Sequence[Any], block: Block) -> None:
    for digest in seen:
        digest.update(block)


digests = Digests()
_hashers = ThreadPoolExecutor(2, "hash")
