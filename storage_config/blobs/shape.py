"""What both stores share: the form of keys, and what is known of a blob."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
MAX_KEY = 512
BLOCK = 1024 * 1024  # bytes copied at a time


@dataclass(frozen=True, slots=True)
class BlobStat:
    """Size in bytes, and time of the last write in Unix seconds."""

    bytes: int
    modified: float


def check_key(key: str) -> str:
    """The key itself, or ``ValueError``: parts of letters, digits, ``. _ -``, none with a dot
    in front, so that no key leaves its store."""
    parts = key.split("/")
    if len(key) > MAX_KEY or not all(_PART.fullmatch(part) for part in parts):
        raise ValueError(f"{key[:80]!r} is no key of a blob")
    return key


def check_prefix(prefix: str) -> str:
    """A prefix is empty or a key that may end in a slash."""
    if prefix:
        check_key(prefix.removesuffix("/"))
    return prefix


@contextmanager
def whole_file(target: Path) -> Iterator[BinaryIO]:
    """Write a file that is removed again when writing it fails."""
    try:
        with target.open("wb") as out:
            yield out
    except BaseException:
        target.unlink(missing_ok=True)
        raise
