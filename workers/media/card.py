"""The card before a clip whose scene was acted: whoever watches shall not take it for real."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from workers.media.errors import MediaToolFailed

SECONDS = 2.0
_FONTS = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"),
    Path("/usr/share/fonts/truetype/noto/NotoSans-Bold.ttf"),
)
_GROUND = "0x12355b"
_WORDS = {
    "vi": ("CẢNH DIỄN", "Tình huống trong clip được diễn lại"),
    "en": ("ACTED SCENE", "What this clip shows was re-enacted"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """Two lines, the first large; ``seconds``: how long it stands."""

    title: str
    line: str
    font: Path
    seconds: float = SECONDS


def acted(language: str) -> Card:
    """The card in the clip's language, Vietnamese where we do not speak it. Raises
    :class:`MediaToolFailed` ("bad_output") on a machine without its letters."""
    font = next((path for path in _FONTS if path.is_file()), None)
    if font is None:
        raise MediaToolFailed("bad_output", f"no font for the card: install {_FONTS[0].name}")
    title, line = _WORDS.get(language, _WORDS["vi"])
    return Card(title, line, font)


def before(picture: Any, card: Card | None, size: tuple[int, int], rate: Fraction) -> Any:
    """The card in front of the picture, in letters that fit into its size."""
    if card is None:
        return picture
    picture = picture.filter(
        "tpad", start=round(card.seconds * rate), start_mode="add", color=_GROUND
    )
    for text, height, place in _laid_out(card, size):
        picture = picture.filter(
            "drawtext",
            fontfile=str(card.font),
            text=text,
            expansion="none",
            fontsize=height,
            fontcolor="white",
            x="(w-text_w)/2",
            y=f"h/2{place:+d}",
            enable=f"lt(t,{card.seconds - 0.001})",
        )
    return picture


def _laid_out(card: Card, size: tuple[int, int]) -> list[tuple[str, int, int]]:
    """Each line with its height and its place below the middle, in pixels. On a picture that
    stands upright the lower line is broken in two, or nobody could read it on a small one."""
    width, height = size
    lines = _halves(card.line) if width < height else [card.line]
    # Of their height, the letters of the font are 0.6 wide, and its capitals 0.78.
    room = 0.92 * width
    small = max(6, min(height // 14, round(room / (0.6 * max(map(len, lines))))))
    large = max(small, min(2 * small, round(room / (0.78 * len(card.title)))))
    title = (card.title, large, -round(1.2 * large))
    return [title, *((text, small, round((0.8 + 1.4 * n) * small)) for n, text in enumerate(lines))]


def _halves(text: str) -> list[str]:
    """Broken at the space that is nearest to the middle."""
    spaces = [n for n, letter in enumerate(text) if letter == " "]
    at = min(spaces, key=lambda n: abs(n - len(text) / 2))
    return [text[:at], text[at + 1 :]]
