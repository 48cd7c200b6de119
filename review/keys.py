"""Ids, and the keys of blobs. Keys come from ids, never from a file's name."""

from __future__ import annotations

import secrets
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case


_making = threading.Lock()
_newest = 0


def new_id() -> str:
    """26 characters that sort by time: 48 bits of milliseconds, 80 random bits (as ULID).

    Those of one process sort as they were made, within a millisecond too: what was entered in one
    form is listed in its order. The steps are random, so that nobody guesses a neighbour.
    """
    global _newest
    with _making:
        now = (int(time.time() * 1000) << 80) | secrets.randbits(80)
        number = _newest = max(now, _newest + 1 + secrets.randbits(64))
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -5, -5))


def is_id(text: str) -> bool:
    """Whether ``text`` has the form of :func:`new_id`: guards look-ups against odd input."""
    return len(text) == 26 and all(c in _ALPHABET for c in text)


def original(upload_id: str) -> str:
    return f"originals/{upload_id}"


def redacted(attempt: str) -> str:
    """Of one attempt's render: once it is kept, the original of a revision."""
    return f"originals/{attempt}"


def derived(clip_id: str, revision: int, attempt: str) -> str:
    """The folder of one attempt's outputs; a retry gets another and never touches this one."""
    return f"derived/{clip_id}/{revision}/{attempt}"
