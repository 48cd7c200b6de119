"""Text that people typed: normalised once, on the way in."""

from __future__ import annotations

import unicodedata

# Tab and line feed may stay in long texts; everything else that is invisible goes.
_KEPT = {"\n", "\t"}
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Cn"}
# Joins the parts of one emoji: dropping it would break a family into its members.
_JOINER = "\u200d"
_MAX_MARKS = 4  # Vietnamese needs two on one letter; a flood of them is vandalism


def clean(text: str, *, limit: int, multiline: bool = False) -> str:
    """NFC, no control or direction characters, no flood of marks, at most ``limit`` long."""
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text.replace("\r\n", "\n")):
        category = unicodedata.category(char)
        if char in _KEPT:
            char = char if multiline else " "
        elif category in _DROPPED and char != _JOINER:
            continue
        marks = marks + 1 if category == "Mn" else 0
        if marks <= _MAX_MARKS:
            kept.append(char)
    joined = "".join(kept)
    lines = [" ".join(line.split()) for line in joined.split("\n")]
    return "\n".join(lines).strip()[:limit].rstrip()
