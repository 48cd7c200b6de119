"""Which rungs a source gets. Facts in, decision out."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from workers.media.facts import MediaFacts

MAX_RATE = Fraction(30)
KEYFRAME_SECONDS = 2
SEGMENT_SECONDS = 4
AUDIO_KBPS = 128


@dataclass(frozen=True, slots=True)
class Rung:
    """One quality. ``side``: the picture's short side in pixels; the encoder aims at ``crf`` and
    never goes above ``max_kbps``."""

    side: int
    max_kbps: int
    crf: int = 23

    @property
    def name(self) -> str:
        return f"{self.side}p"


LADDER: tuple[Rung, ...] = (
    Rung(240, 400, 25),
    Rung(360, 800, 24),
    Rung(480, 1400),
    Rung(720, 2800),
    Rung(1080, 5000),
)
PROXY = Rung(480, 1400, 26)


def even(number: float) -> int:
    """The nearest even whole number, at least 2: 4:2:0 has no odd sides."""
    return max(2, 2 * round(number / 2))


def size_for(facts: MediaFacts, side: int) -> tuple[int, int]:
    """Width and height, both even, of the upright picture at this short side."""
    scale = side / facts.short_side
    return even(facts.width * scale), even(facts.height * scale)


def rungs_for(short_side: int) -> tuple[Rung, ...]:
    """The rungs for a source: none above it; a small source gets one of its own size."""
    fitting = tuple(r for r in LADDER if r.side <= short_side)
    return fitting or (Rung(max(2, short_side // 2 * 2), LADDER[0].max_kbps, LADDER[0].crf),)


def rate_for(facts: MediaFacts) -> Fraction:
    """The constant frame rate of what is made: the source's, halved or capped at 30."""
    rate = facts.rate
    if facts.variable_rate:
        # A phone in the dark: 30 keeps every frame that was there at the usual rates.
        return MAX_RATE if rate > 15 else max(rate, Fraction(5))
    if rate <= MAX_RATE:
        return max(rate, Fraction(5))
    return min(rate / 2, MAX_RATE)


def progressive_rung(rungs: tuple[Rung, ...]) -> Rung:
    """The rung that is also offered as one MP4 file: the best up to 720."""
    return max((r for r in rungs if r.side <= 720), key=lambda r: r.side, default=rungs[0])


def browsers_play(facts: MediaFacts) -> bool:
    """Whether every browser plays the source as it is, so that a preview need not be encoded."""
    return (
        facts.container in ("mp4", "matroska")
        and facts.video_codec == "h264"
        and facts.pixel_format in ("yuv420p", "yuvj420p")
        and facts.profile in ("Constrained Baseline", "Baseline", "Main", "High")
        and facts.short_side <= 1088
        and max(facts.width, facts.height) <= 1920
        and facts.square_pixels
        and not facts.interlaced
        and facts.audio_codec in (None, "aac")
    )
