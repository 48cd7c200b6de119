"""What a page tells of the last deed: above its title, or in the part where the redirect leads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from flask import flash, get_flashed_messages

_BETWEEN = ":"
_ERROR = "error"


@dataclass(frozen=True, slots=True)
class Told:
    """``place``: the id of the part; empty: the whole page. ``about``: which of the part's forms
    it is about, as that part names them."""

    text: str
    is_bad: bool
    place: str = ""
    about: str = ""


def tell(place: str, text: str, *, bad: bool = False, about: str = "") -> None:
    """Tell it on the next page, inside its part ``place``; a page without that part tells it
    above its title."""
    flash(text, _BETWEEN.join((place, _ERROR if bad else "", about)))


def told_at(place: str) -> list[Told]:
    return [told for told in _all() if told.place == place]


def told_above(placed: Collection[str]) -> list[Told]:
    """What no part in ``placed`` tells."""
    return [told for told in _all() if told.place not in placed]


def _all() -> list[Told]:
    rows = cast("list[tuple[str, str]]", get_flashed_messages(with_categories=True))
    return [_read(category, text) for category, text in rows]


def _read(category: str, text: str) -> Told:
    place, is_placed, rest = category.partition(_BETWEEN)
    if not is_placed:
        return Told(text, category == _ERROR)
    kind, _, about = rest.partition(_BETWEEN)
    return Told(text, kind == _ERROR, place, about)
