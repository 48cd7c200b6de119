"""Text that people typed: normalised once, on the way in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Self

# Tab and line feed may stay in long texts; everything else that is invisible goes.
_KEPT = {"\n", "\t"}
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Cn"}
_MARKS = {"Mn", "Me"}
_MAX_MARKS = 4  # Vietnamese needs two on one letter; a flood of them is vandalism
# Normalising takes the square of the length of a row of marks: a minute for half a MiB of them.
# No writing has more than this on one letter (UAX #15, 13: stream-safe text).
_MAX_IN_A_ROW = 30
_LONG_ROW = re.compile(rf"[^\x00-\x7f]{{{_MAX_IN_A_ROW + 1},}}")
# Joins the parts of one emoji: dropping it would break a family into its members. Anywhere else
# it only makes two texts differ that look the same.
_JOINER = "\u200d"
_JOINED = {"So", "Sk"}  # pictures and skin tones
_EMOJI_FORM = "\ufe0f"


class Sentence(str):
    """A sentence with its values filled in; a translation is looked up by ``template``."""

    __slots__ = ("template", "values")
    template: str
    values: dict[str, object]

    def __new__(cls, template: str, **values: object) -> Self:
        made = super().__new__(cls, template.format(**values))
        made.template, made.values = template, values
        return made


def is_writable(text: str) -> bool:
    """A lone surrogate or NUL can be written by JSON, or behind a percent sign, and by no database
    after it."""
    return "\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def one_of(accepted: Iterable[str]) -> Sentence:
    """What to say of a value that is not in a closed list."""
    return Sentence("Phải là một trong: {accepted}.", accepted=", ".join(accepted))


def nfc(text: str) -> str:
    """NFC, in a time that grows with the text; of a longer row of marks the first 30 stay.

    Whatever came from outside is normalised by this, never by ``unicodedata.normalize`` itself.
    """
    return _without_long_rows(unicodedata.normalize("NFC", _without_long_rows(text)))


def _without_long_rows(text: str) -> str:
    return _LONG_ROW.sub(lambda found: _shortened(found.group()), text)


def _shortened(text: str) -> str:
    kept: list[str] = []
    row = 0
    for char in text:
        row = row + 1 if unicodedata.category(char).startswith("M") else 0
        if row <= _MAX_IN_A_ROW:
            kept.append(char)
    return "".join(kept)


def clean(text: str, *, limit: int, multiline: bool = False) -> str:
    """NFC, no control or direction characters, no flood of marks, at most ``limit`` long.

    Cleaning twice changes nothing more.
    """
    kept: list[str] = []
    marks = 0
    for char in nfc(text.replace("\r\n", "\n")):
        category = unicodedata.category(char)
        if char in _KEPT:
            char, category = (char if multiline else " "), "Zs"
        elif category in _DROPPED:
            if char == _JOINER and kept and _can_join(kept[-1]):
                kept.append(char)
            continue
        marks = marks + 1 if category in _MARKS else 0
        if marks <= _MAX_MARKS:
            kept.append(char)
    # Again: what was dropped may have stood between a letter and its mark.
    lines = nfc("".join(kept)).split("\n")
    joined = "\n".join(" ".join(line.split()) for line in lines)
    return joined.strip()[:limit].rstrip().rstrip(_JOINER)


def _can_join(char: str) -> bool:
    return char == _EMOJI_FORM or unicodedata.category(char) in _JOINED
