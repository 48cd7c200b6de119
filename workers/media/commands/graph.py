"""Filters that several lists share: upright, steady, in the right colours, at the right size."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from workers.media import ladder, signals, sound
from workers.media.commands.base import NO_SIDE_UNITS
from workers.media.facts import MediaFacts
from workers.media.ladder import Rung
from workers.media.sound import SoundPlan

# What a picture means that does not say it: ITU-R BT.709 for high definition, else BT.601.
_HIGH_DEFINITION = 720
# More of a recorder have no places that the tool knows: the first two are its main ones.
_NAMED_CHANNELS = 8


def bare(stream: Any, facts: MediaFacts) -> Any:
    """Progressive pictures without what cameras hang on them (captions, positions, HDR's notes).
    The tool itself turns rotated ones."""
    if facts.rotation == 0:
        # Nothing to do, unless the picture changes its size on its way: see `open_source`.
        stream = stream.filter("scale", facts.width, facts.height, flags="bicubic")
    stream = stream.filter("sidedata", mode="delete")
    return stream.filter("yadif", deint="interlaced") if facts.interlaced else stream


def steady(stream: Any, rate: Fraction) -> Any:
    """A constant rate from the clip's begin on: a picture that comes after the sound has begun
    stands there from the start."""
    return stream.filter("fps", fps=str(rate), start_time=0)


def standard_range(stream: Any, facts: MediaFacts, size: tuple[int, int]) -> Any:
    """HDR is mapped to what every screen shows, at the size that is needed: in floating point a
    picture of 4K takes 100 MB. Both HDR transfers come with BT.2020 (ITU-R BT.2100), said or not.
    """
    if not facts.hdr:
        return _wide_colours(stream, facts)
    stream = stream.filter("scale", size[0], size[1], flags="bicubic")
    stream = stream.filter("format", "yuv420p10le")
    stream = stream.filter("setparams", color_primaries="bt2020", colorspace="bt2020nc")
    stream = stream.filter("zscale", transfer="linear", npl=100)
    stream = stream.filter("format", "gbrpf32le")
    stream = stream.filter("zscale", primaries="bt709")
    stream = stream.filter("tonemap", tonemap="hable", desat=0)
    stream = stream.filter("zscale", transfer="bt709", matrix="bt709", range="tv")
    return _named(stream, "bt709")


def _wide_colours(stream: Any, facts: MediaFacts) -> Any:
    """BT.2020 without HDR: few screens know it, and players that do not show it pale. Red, green
    and blue of a recorded screen: the tool's own way to luma is that of BT.601, unnamed."""
    if facts.colour == "gbr":
        stream = stream.filter("scale", out_color_matrix="bt709", out_range="tv")
        return _named(stream.filter("format", "yuv444p"), "bt709")
    if facts.colour != "bt2020nc":
        return stream
    stream = stream.filter("setparams", color_primaries="bt2020", color_trc="bt2020-10")
    return stream.filter("zscale", primaries="bt709", transfer="bt709", matrix="bt709")


def named_colours(stream: Any, facts: MediaFacts) -> Any:
    """A picture that does not say its colours gets their name before it is made smaller: a player
    guesses them from the size."""
    if facts.colour or facts.hdr:
        return stream
    return _named(stream, "bt709" if facts.short_side >= _HIGH_DEFINITION else "smpte170m")


def _named(stream: Any, name: str) -> Any:
    return stream.filter("setparams", color_primaries=name, color_trc=name, colorspace=name)


def scaled(stream: Any, size: tuple[int, int], pixels: str = "yuv420p") -> Any:
    # Said, since ffmpeg 7 keeps a phone's full range in a picture that is named as limited.
    options = {"flags": "bicubic", "out_range": "tv"}
    if pixels == "yuvj420p":
        # JPEG knows one matrix, that of BT.601 (JFIF 1.02).
        options |= {"out_range": "pc", "out_color_matrix": "bt601"}
    stream = stream.filter("scale", size[0], size[1], **options)
    return stream.filter("setsar", "1").filter("format", pixels)


def small_rgb(stream: Any, size: tuple[int, int]) -> Any:
    """For our own eyes: raw RGB, each pixel the mean of what it stands for."""
    stream = stream.filter("scale", size[0], size[1], flags="area")
    return stream.filter("format", "rgb24")


def looked_at(stream: Any) -> Any:
    """What :mod:`workers.media.signals` reads."""
    return small_rgb(stream, (signals.WIDTH, signals.HEIGHT))


def several(stream: Any, count: int) -> list[Any]:
    """The same stream for several readers."""
    if count == 1:
        return [stream]
    parts = stream.filter_multi_output("split", count)
    return [parts[i] for i in range(count)]


def video_options(rung: Rung, rate: Fraction, index: int = 0) -> dict[str, Any]:
    group = max(1, round(rate * ladder.KEYFRAME_SECONDS))
    options = {
        "c": "libx264",
        "preset": ladder.PRESET,
        "crf": rung.crf,
        "maxrate": f"{rung.max_kbps}k",
        "bufsize": f"{2 * rung.max_kbps}k",
        "profile": "high",
        # The same frames are key frames in every rung, so that a player can change between them.
        "g": group,
        "keyint_min": group,
        "sc_threshold": 0,
    }
    named = {f"{name}:v:{index}": value for name, value in options.items()}
    return {**named, **NO_SIDE_UNITS}


def stereo(opened: Any, facts: MediaFacts) -> Any:
    """The sound as it is served, but for its loudness. Gaps are filled, so that it stays with the
    picture."""
    track = opened[str(facts.audio_index)]
    if (facts.audio_channels or 0) > _NAMED_CHANNELS:
        track = track.filter("pan", args="stereo|c0=c0|c1=c1")
    track = track.filter("aresample", 48000, **{"async": 1, "first_pts": 0})
    return track.filter("aformat", channel_layouts="stereo", sample_fmts="fltp")


def levelled(track: Any, plan: SoundPlan, peak_dbtp: float = sound.PEAK_DBTP) -> Any:
    """The gain, and the limiter where it is needed: at four times the rate it sees the peaks that
    lie between the samples, too."""
    if plan.gain_db:
        track = track.filter("volume", f"{plan.gain_db}dB")
    if plan.limited:
        track = track.filter("aresample", 192000)
        track = track.filter("alimiter", limit=ceiling(peak_dbtp), level=0, attack=2, release=60)
        track = track.filter("aresample", 48000)
    return track


def ceiling(peak_dbtp: float) -> float:
    """The limiter's, of full scale."""
    return round(10 ** (peak_dbtp / 20), 4)


def mono(track: Any) -> Any:
    """Both channels at half: what stands on both stays as loud. The tool's own mix adds 3 dB, and
    may choose to do so for every reader of a split track."""
    return track.filter("pan", args="mono|c0=0.5*c0+0.5*c1")


def in_pieces(track: Any) -> Any:
    """The AAC encoder takes 1024 samples at once. ffmpeg 5 lets larger pieces through that had to
    wait for the first picture (AC-3 and MP3 have such), and then fails."""
    return track.filter("asetnsamples", n=1024, p=0)


def measured(track: Any, name: str) -> Any:
    """Loudness, true peak and silences of what passes, as lines of text in a file."""
    track = track.filter("ebur128", metadata=1, peak="true")
    track = track.filter("silencedetect", noise=f"{sound.SILENCE_DB}dB", d=sound.SILENCE_S)
    return track.filter("ametadata", mode="print", file=name)


def measured_low(track: Any, name: str) -> Any:
    """Loudness of the small sound, as two loudspeakers play its one channel."""
    track = mono(track).filter("ebur128", metadata=1, dualmono=1)
    return track.filter("ametadata", mode="print", file=name)
