"""What the lists of the queue are called, and the signs that clips are found by."""

from __future__ import annotations

# What a reviewer can look for: the picture flashes; it brings back what was taken down or not
# approved; a face or a named child without consent; the file told where it was filmed.
SIGNS = ("flashing", "returns", "consent", "gps")
# `returns` as the clip's own school is told it (review.lookalikes: who may not see the other clip
# hears of it what the public would).
RETURNS_HERE = "returns_here"


def place_name(party: str, kind: str | None = None, value: str | None = None) -> str:
    """The name of a list: all that waits for ``party``, or what has this in common."""
    return party if kind is None else f"{party}/{kind}:{value}"
