"""The embedded broker: a folder for each queue, a small file for each message.

kombu has a file transport too; it writes a message where readers look already, and makes the
table of its exchanges empty before it locks it. Here a message is written aside and moved in, and
moved out before it is read: every step is one rename, and nothing grows with use.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import virtual
from kombu.utils.json import dumps, loads

ASIDE = ".aside"  # being written, or being read


class Channel(virtual.Channel):
    def _put(self, queue: str, message: dict[str, Any], **_: Any) -> None:
        # The time makes the order; the random part keeps two writers apart.
        name = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        aside = self._folder(ASIDE) / name
        try:
            aside.write_text(dumps(message))
            aside.rename(self._folder(queue) / name)
        except OSError:
            aside.unlink(missing_ok=True)
            raise

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for file in self._waiting(queue):
            taken = self._folder(ASIDE) / file.name
            try:
                file.rename(taken)
            except FileNotFoundError:
                continue  # another worker was quicker
            text = taken.read_text(errors="replace")
            taken.unlink()
            try:
                return loads(text)
            except ValueError:
                continue  # a power cut left it empty: the sweep rings again
        raise Empty

    def _size(self, queue: str) -> int:
        return sum(1 for _ in self._waiting(queue))

    def _purge(self, queue: str) -> int:
        files = list(self._waiting(queue))
        for file in files:
            file.unlink(missing_ok=True)
        return len(files)

    def _waiting(self, queue: str) -> Iterator[Path]:
        """The oldest first."""
        yield from sorted(self._folder(queue).iterdir())

    def _folder(self, name: str) -> Path:
        folder = Path(self.connection.client.transport_options["folder"], name)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


class Transport(virtual.Transport):
    Channel = Channel
    # What one connection has declared is known to the others of this process.
    declared = virtual.BrokerState()
    driver_type = "spool"
    driver_name = "spool"

    def __init__(self, client: Any, **options: Any) -> None:
        super().__init__(client, **options)
        self.state = self.declared

    def driver_version(self) -> str:
        return "1"


def clean(folder: Path, *, stale: float, lost: float) -> int:
    """Remove messages that nobody took for ``stale`` seconds, and what killed processes left
    aside ``lost`` seconds ago; how many files."""
    return sum(
        _remove(file, older_than=lost if file.parent.name == ASIDE else stale)
        for file in folder.glob("*/*")
    )


def _remove(file: Path, *, older_than: float) -> bool:
    try:
        if time.time() - file.stat().st_mtime < older_than:
            return False
        file.unlink()
    except FileNotFoundError:
        return False
    return True
