"""Where an interrupted upload went on: one small file for each, in the user's cache."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable
from pathlib import Path

from webapp.cli.client import Server

KEEP = 7 * 24 * 3600.0  # seconds: longer than servers keep unfinished uploads


class Places:
    """The upload URL of a file on a server, kept until the file is submitted.

    A cache that cannot be written only costs the resuming: ``say`` hears of it.
    """

    def __init__(self, folder: Path, *, say: Callable[[str], None]) -> None:
        self.folder, self.say = folder, say

    def find(self, key: str) -> str | None:
        try:
            return self._path(key).read_text("utf-8").strip() or None
        except OSError:
            return None

    def keep(self, key: str, url: str) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._forget_old()
            self._path(key).write_text(url + "\n", "utf-8")
        except OSError as error:
            self.say(f"cannot remember the upload for a later call: {error}")

    def forget(self, key: str) -> None:
        with contextlib.suppress(OSError):
            self._path(key).unlink()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.url"

    def _forget_old(self) -> None:
        for path in self.folder.glob("*.url"):
            if time.time() - path.stat().st_mtime > KEEP:
                path.unlink(missing_ok=True)


def key_of(server: Server, path: Path) -> str:
    """The same server, the same person, the same unchanged file."""
    stat = path.stat()
    token = hashlib.sha256(server.token.encode()).hexdigest()
    facts = (server.url, token, str(path.resolve()), stat.st_size, stat.st_mtime_ns)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]
