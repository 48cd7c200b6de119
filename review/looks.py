"""How a clip looks and what watching it costs: its poster, its length, its bytes.

Rows in, answers out; nothing here asks the database.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction

from review.models import Revision

# The pictures that a poster is chosen of; the machine likes the first best.
POSTERS = ("poster.jpg", "posters/2.jpg", "posters/3.jpg")
SPRITES = ("hls/sprite.vtt", "sprite.vtt")  # of the ladder, of the preview
AUDIO = "audio/sound.m4a"
_RUNG = re.compile(r"hls/(\d+)p\.mp4")
_SOUND, _LOW_SOUND = "hls/audio.mp4", "hls/audio-low.mp4"


@dataclass(frozen=True, slots=True)
class ViewBytes:
    """What one view loads, in bytes: the smallest picture and the largest, each with its sound,
    and the sound alone (None where the clip is silent)."""

    low: int
    high: int
    audio: int | None

    def to_dict(self) -> dict[str, int | None]:
        return asdict(self)


def candidates(files: Collection[str]) -> list[str]:
    """Which pictures there are to choose of, the machine's choice first."""
    return [what for what in POSTERS if what in files]


def poster(revision: Revision, files: Collection[str]) -> str | None:
    """The owner's choice as long as it is there, else the machine's."""
    there = candidates(files)
    if revision.poster in there:
        return revision.poster
    return there[0] if there else None


def card_s(revision: Revision) -> float:
    """How much later the clip begins in the ladder than in the preview: seconds."""
    return float((revision.signals or {}).get("card_s") or 0.0)


def preview_s(revision: Revision) -> float | None:
    """How long the preview is, measured when it was made; None for one of an older program."""
    length = (revision.signals or {}).get("preview_s")
    return None if length is None else float(length)


def frame_rate(revision: Revision | None) -> float:
    """Frames a second of the source; 30 where nothing is known of it."""
    facts = (revision.facts if revision else None) or {}
    return float(Fraction(facts.get("frame_rate") or "30"))


def duration_s(revision: Revision) -> float | None:
    """The length as it is published, in seconds: with the card of an acted scene."""
    length = (revision.facts or {}).get("duration_s")
    return None if length is None else round(length + card_s(revision), 3)


def view_bytes(sizes: Mapping[str, int]) -> ViewBytes | None:
    """``sizes``: what -> bytes of the stored files. None until the ladder is made."""
    rungs = {int(m[1]): size for what, size in sizes.items() if (m := _RUNG.fullmatch(what))}
    if not rungs:
        return None
    sound = sizes.get(_SOUND, 0)
    return ViewBytes(
        low=rungs[min(rungs)] + sizes.get(_LOW_SOUND, sound),
        high=rungs[max(rungs)] + sound,
        audio=sizes.get(AUDIO),
    )
