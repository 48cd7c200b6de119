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
    # The longer line is 35 letters of about 0.6 of their height.
    small = max(6, min(size[1] // 14, round(size[0] * 0.92 / (0.6 * len(card.line)))))
    for text, height, place in (
        (card.title, 2 * small, f"h/2-{2.4 * small:.0f}"),
        (card.line, small, f"h/2+{0.8 * small:.0f}"),
    ):
        picture = picture.filter(
            "drawtext",
            fontfile=str(card.font),
            text=text,
            expansion="none",
            fontsize=height,
            fontcolor="white",
            x="(w-text_w)/2",
            y=place,
            enable=f"lt(t,{card.seconds - 0.001})",
        )
    return picture
