"""The SHA-256 of uploads under way, so that what was just written is not read again.

A digest's state can not be stored: where another process goes on, or this one was started anew,
the finished upload is read once (docs/decisions/0005).
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import Any

MOST = 512  # uploads whose digest one process keeps


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


digests = Digests()
