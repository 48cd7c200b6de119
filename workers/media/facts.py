"""What is known of a source, and what is made of it: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from workers.media.hashes import FrameHash

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """What a source may be. Sides in pixels, times in seconds."""

    max_bytes: int = 1024 * MIB
    max_seconds: float = 600.0
    min_seconds: float = 1.0
    min_side: int = 64
    max_side: int = 4096 + 128
    max_pixels: int = 4096 * 2304
    # All pictures of a clip together: ten minutes of 4K at 60 a second. What has more keeps a
    # worker busy for hours, and may be a small file.
    max_decoded_pixels: float = 3.2e11
    max_streams: int = 32
    # Address space of the media tool. The ladder of a 4K HDR film took 1,430 MB (ffmpeg 5.1) and
    # 1,650 MB (7.1); a film with more reference pictures takes up to 400 MB more.
    memory_bytes: int = 2560 * MIB
    stall_seconds: float = 60.0

    def wall_seconds(self, duration: float) -> float:
        """How long one run may take: far above the slowest that was measured (1.5x at 1080p)."""
        return 120.0 + 12.0 * duration


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What `probe` found. ``width`` and ``height`` are those of the upright picture with square
    pixels; ``rotation`` is how far a player turns the stored one, in degrees clockwise."""

    container: str
    bytes: int
    duration_s: float
    video_index: int
    video_codec: str
    profile: str
    pixel_format: str
    width: int
    height: int
    rotation: int
    square_pixels: bool
    frame_rate: str  # a fraction, "30000/1001"
    variable_rate: bool
    interlaced: bool
    hdr: bool
    audio_index: int | None
    audio_codec: str | None
    audio_channels: int | None
    streams: int
    tags_removed: tuple[str, ...]  # gps | device | title | date | other
    level: int = 0  # of H.264, ten times the printed one; 0: unknown
    video_kbps: int = 0  # 0: unknown
    full_range: bool = False
    colour: str = ""  # the matrix as the file names it: "bt709", "smpte170m"; "": unsaid
    # An MP4 that shows a track in several parts, or describes its samples in several ways: only
    # what was decoded and encoded anew shows it right.
    spliced: bool = False

    @property
    def short_side(self) -> int:
        return min(self.width, self.height)

    @property
    def rate(self) -> Fraction:
        return Fraction(self.frame_rate)

    @property
    def silent(self) -> bool:
        return self.audio_index is None

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "tags_removed": list(self.tags_removed)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> MediaFacts:
        known = {f.name: value[f.name] for f in fields(cls) if f.name in value}
        return cls(**{**known, "tags_removed": tuple(value["tags_removed"])})


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One file that was made: ``what`` is its relative path, as it will be served."""

    what: str
    path: Path
    bytes: int
    sha256: str
    mime: str


@dataclass(frozen=True, slots=True)
class Rendition:
    """One thing that a viewer can play. ``bytes``: of all its files together."""

    kind: str  # hls | mp4 | audio
    what: str
    width: int
    height: int
    bytes: int
    sha256: str
    mime: str


@dataclass(frozen=True, slots=True)
class Examined:
    """``signals``: what was noticed, as JSON; docs/media.md names its fields."""

    facts: MediaFacts
    files: tuple[OutputFile, ...]
    remuxed: bool
    signals: Mapping[str, Any]
    hashes: tuple[FrameHash, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """``signals``: those of the full-rate picture, to be added to those of `examine`."""

    files: tuple[OutputFile, ...]
    renditions: tuple[Rendition, ...]
    signals: Mapping[str, Any]
    hashes: tuple[FrameHash, ...] = ()
