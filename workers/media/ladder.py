"""Which rungs a source gets, at which rates. Facts in, decision out."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from workers.media.facts import MediaFacts

MAX_RATE = Fraction(30)
# Kept where the source moves, up to this short side.
FAST_RATE, FAST_SIDE = Fraction(60), 720
KEYFRAME_SECONDS = 2
SEGMENT_SECONDS = 4
# Of x264; docs/media.md has the figures for this choice.
PRESET = "veryfast"
AUDIO_KBPS = 128
LOW_AUDIO_KBPS = 48


@dataclass(frozen=True, slots=True)
class Rung:
    """One quality. ``side``: the picture's short side in pixels; the encoder aims at ``crf`` and
    never goes above ``max_kbps``. ``low``: its sound is the small one."""

    side: int
    max_kbps: int
    crf: int = 23
    low: bool = False

    @property
    def name(self) -> str:
        return f"{self.side}p"


LADDER: tuple[Rung, ...] = (
    Rung(144, 120, 28, low=True),
    Rung(240, 350, 26),
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


def fitting(facts: MediaFacts, long_side: int) -> tuple[int, int]:
    """Width and height, both even, that fit into a square; never larger than the source."""
    scale = min(1.0, long_side / max(facts.width, facts.height))
    return even(facts.width * scale), even(facts.height * scale)


def rungs_for(short_side: int) -> tuple[Rung, ...]:
    """The rungs for a source, smallest first: none above it; a small source gets one of its own
    size."""
    found = tuple(r for r in LADDER if r.side <= short_side)
    return found or (Rung(max(2, short_side // 2 * 2), LADDER[0].max_kbps, LADDER[0].crf),)


def rate_for(facts: MediaFacts) -> Fraction:
    """The constant frame rate of what is made: the source's, halved or capped at 30."""
    rate = facts.rate
    if facts.variable_rate:
        # A phone in the dark: 30 keeps every frame that was there at the usual rates.
        return MAX_RATE if rate > 12 else max(rate, Fraction(5))
    if rate <= MAX_RATE:
        return max(rate, Fraction(5))
    return min(rate / 2, MAX_RATE)


def fast_rate_for(facts: MediaFacts) -> Fraction | None:
    """Twice the usual rate, where the source has it: for one rung of a clip that moves."""
    fast = 2 * rate_for(facts)
    has_it = not facts.variable_rate and MAX_RATE < facts.rate <= FAST_RATE
    return fast if has_it and fast <= FAST_RATE else None


def fast_rung(rungs: tuple[Rung, ...]) -> Rung | None:
    """The one rung that may be fast: the largest up to 720."""
    return max((r for r in rungs if r.side <= FAST_SIDE), key=lambda r: r.side, default=None)


def single_files(rungs: tuple[Rung, ...]) -> tuple[Rung, ...]:
    """The rungs that are also offered as one MP4 file: the smallest, for who pays by the
    megabyte; 360 for phones that know no HLS; the best up to 720."""
    best = max((r for r in rungs if r.side <= 720), key=lambda r: r.side, default=rungs[0])
    wanted = {min(rungs, key=lambda r: r.side), best, *(r for r in rungs if r.side == 360)}
    return tuple(r for r in rungs if r in wanted)


def browsers_play(facts: MediaFacts) -> bool:
    """Whether every browser plays the source as it is, so that a preview need not be encoded."""
    return (
        facts.container in ("mp4", "matroska")
        and not facts.spliced
        and facts.video_codec == "h264"
        and facts.pixel_format in ("yuv420p", "yuvj420p")
        and facts.profile in ("Constrained Baseline", "Baseline", "Main", "High")
        and facts.short_side <= 1088
        and max(facts.width, facts.height) <= 1920
        and facts.square_pixels
        and not facts.interlaced
        and facts.rate <= FAST_RATE
        and facts.audio_codec in (None, "aac")
    )
