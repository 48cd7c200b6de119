"""Text that people typed: normalised once, on the way in."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Self

# Tab and line feed may stay in long texts; everything else that is invisible goes.
_KEPT = {"\n", "\t"}
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Cn"}
# Joins the parts of one emoji: dropping it would break a family into its members.
_JOINER = "\u200d"
_MAX_MARKS = 4  # Vietnamese needs two on one letter; a flood of them is vandalism


class Sentence(str):
    """A sentence with its values filled in; a translation is looked up by ``template``."""

    __slots__ = ("template", "values")
    template: str
    values: dict[str, object]

    def __new__(cls, template: str, **values: object) -> Self:
        made = super().__new__(cls, template.format(**values))
        made.template, made.values = template, values
        return made


def one_of(accepted: Iterable[str]) -> Sentence:
    """What to say of a value that is not in a closed list."""
    return Sentence("Phải là một trong: {accepted}.", accepted=", ".join(accepted))


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
