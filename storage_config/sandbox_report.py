"""Which cage the media tool has on each machine: workers write it down, `/readyz` reads it.

Kept among the blobs, the one place that every machine reaches; the web never imports workers.
"""

from __future__ import annotations

import io
import re
import socket
from collections.abc import Iterator
from typing import BinaryIO, Protocol

_PREFIX = "reports/sandbox/"
CAGES = ("bubblewrap", "namespaces")  # as workers.media names them; "limits" is no cage
NONE = "none"  # the workers refused to start
GONE_AFTER = 30 * 24 * 3600.0  # seconds behind the newest report: that machine was taken away


class _Stat(Protocol):
    @property
    def modified(self) -> float: ...


class _Blobs(Protocol):
    def put(self, key: str, source: BinaryIO, *, mime: str | None = None) -> int: ...
    def open(self, key: str) -> BinaryIO: ...
    def keys(self, prefix: str) -> Iterator[str]: ...
    def stat(self, key: str) -> _Stat: ...


def write(blobs: _Blobs, tier: str, machine: str | None = None) -> None:
    """Say which tier this machine's workers run in; raises ``OSError``."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", machine or socket.gethostname())[:60]
    blobs.put(f"{_PREFIX}{name}", io.BytesIO(tier.encode()), mime="text/plain")


def read(blobs: _Blobs) -> dict[str, str]:
    """Machine -> tier, of every machine whose workers were started; raises ``OSError``."""
    found: dict[str, tuple[float, str]] = {}
    for key in blobs.keys(_PREFIX):
        try:
            with blobs.open(key) as stream:
                tier = stream.read(40).decode("ascii", "replace")
            found[key.removeprefix(_PREFIX)] = (blobs.stat(key).modified, tier)
        except FileNotFoundError:
            continue  # replaced just now
    newest = max((at for at, _ in found.values()), default=0.0)
    return {name: tier for name, (at, tier) in found.items() if newest - at < GONE_AFTER}
