"""Argument lists for the media tool: built here with ffmpeg-python's ``compile``, run elsewhere.

Every list forces the demuxer, allows only local files, and drops every tag, subtitle, data
stream and chapter.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from workers.media import ladder
from workers.media.facts import MediaFacts, MediaLimits
from workers.media.ladder import Rung
from workers.media.sniff import AVI, MATROSKA, MP4, MPEGTS, Container

_CONTAINERS = {c.name: c for c in (MP4, MATROSKA, MPEGTS, AVI)}
# The demuxer of MP4 has one long name; the whitelist is compared with all of it.
_WHITELIST = {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm"}
_POSTER_SIDE = 1280
# SEI units of H.264: captions, positions, the encoder's name, whatever a camera puts there.
_NO_SIDE_UNITS = {"bsf:v": "filter_units=remove_types=6"}
_CLEAN: dict[str, Any] = {
    "map_metadata": "-1",
    "map_chapters": "-1",
    "sn": None,
    "dn": None,
    "fflags": "+bitexact",
    "flags:v": "+bitexact",
    "flags:a": "+bitexact",
}


_COPY = {
    "c": "copy",
    "f": "mp4",
    "movflags": "+faststart",
    "map_metadata:s": "-1",
    **_NO_SIDE_UNITS,
}


def _binary(name: str) -> str:
    """Absolute, since the cage has no PATH."""
    return shutil.which(name) or f"/usr/bin/{name}"


def _input_options(container: Container, limits: MediaLimits) -> dict[str, Any]:
    return {
        "f": container.demuxer,
        "protocol_whitelist": "file",
        "format_whitelist": _WHITELIST.get(container.demuxer, container.demuxer),
        "max_streams": limits.max_streams + 1,
    }


def ffprobe(source: Path, container: Container, limits: MediaLimits) -> list[str]:
    """Ask for streams and format as JSON."""
    return _ffprobe(source, container, limits, "-show_streams", "-show_format", "-of", "json")


def packet_times(source: Path, container: Container, limits: MediaLimits) -> list[str]:
    """Ask for stream, begin and length of every packet, a line each: "0,1.040000,0.040000"."""
    wanted = ("-show_entries", "packet=stream_index,pts_time,duration_time")
    return _ffprobe(source, container, limits, *wanted, "-of", "csv=p=0")


def _ffprobe(source: Path, container: Container, limits: MediaLimits, *question: str) -> list[str]:
    options = _input_options(container, limits)
    return [
        _binary("ffprobe"),
        *("-v", "error", "-hide_banner"),
        *(part for name, value in options.items() for part in (f"-{name}", str(value))),
        *question,
        f"file:{source}",
    ]


def _open(source: Path, facts: MediaFacts, limits: MediaLimits, **more: Any) -> Any:
    options = _input_options(_CONTAINERS[facts.container], limits)
    # A pixel bound, too: a stream may change its size in the middle.
    options |= {"t": limits.max_seconds + 5, "max_pixels": limits.max_pixels, "threads": 2}
    return ffmpeg.input(f"file:{source}", **{**options, **more})


def _compile(output: Any) -> list[str]:
    output = output.global_args(
        # Each error is said, not "repeated": they are counted.
        *("-hide_banner", "-nostdin", "-y", "-loglevel", "repeat+error"),
        *("-nostats", "-progress", "pipe:1", "-stats_period", "1"),
        *("-filter_threads", "2", "-filter_complex_threads", "2"),
    )
    return [str(part) for part in output.compile(cmd=_binary("ffmpeg"))]


def _bare(stream: Any, facts: MediaFacts) -> Any:
    """Progressive pictures without what cameras hang on them (captions, positions, HDR's notes).
    The tool itself turns rotated ones."""
    stream = stream.filter("sidedata", mode="delete")
    return stream.filter("yadif", deint="interlaced") if facts.interlaced else stream


def _steady(stream: Any, rate: Fraction) -> Any:
    """A constant rate from the clip's begin on: a picture that comes after the sound has begun
    stands there from the start."""
    return stream.filter("fps", fps=str(rate), start_time=0)


def _standard_range(stream: Any, facts: MediaFacts, size: tuple[int, int]) -> Any:
    """HDR is mapped to what every screen shows, at the size that is needed: in floating point a
    picture of 4K takes 100 MB. Both HDR transfers come with BT.2020 (ITU-R BT.2100), said or not.
    """
    if not facts.hdr:
        return stream
    stream = stream.filter("scale", size[0], size[1], flags="bicubic")
    stream = stream.filter("format", "yuv420p10le")
    stream = stream.filter("setparams", color_primaries="bt2020", colorspace="bt2020nc")
    stream = stream.filter("zscale", transfer="linear", npl=100)
    stream = stream.filter("format", "gbrpf32le")
    stream = stream.filter("zscale", primaries="bt709")
    stream = stream.filter("tonemap", tonemap="hable", desat=0)
    return stream.filter("zscale", transfer="bt709", matrix="bt709", range="tv")


def _scaled(stream: Any, size: tuple[int, int], pixels: str = "yuv420p") -> Any:
    # Said, since ffmpeg 7 keeps a phone's full range in a picture that is named as limited.
    span = "pc" if pixels == "yuvj420p" else "tv"
    stream = stream.filter("scale", size[0], size[1], flags="bicubic", out_range=span)
    return stream.filter("setsar", "1").filter("format", pixels)


def _video_options(rung: Rung, rate: Fraction, index: int = 0) -> dict[str, Any]:
    group = max(1, round(rate * ladder.KEYFRAME_SECONDS))
    options = {
        "c": "libx264",
        "preset": "veryfast",
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
    return {**named, **_NO_SIDE_UNITS}


def _audio_options(kbps: int = ladder.AUDIO_KBPS) -> dict[str, Any]:
    return {
        "c:a": "aac",
        "b:a": f"{kbps}k",
        "ac": 2,
        "ar": 48000,
    }


def _sound(opened: Any, facts: MediaFacts) -> Any:
    """Gaps in the sound are filled, so that it stays with the picture."""
    track = opened[str(facts.audio_index)]
    track = track.filter("aresample", **{"async": 1, "first_pts": 0})
    # The AAC encoder takes 1024 samples at once. ffmpeg 5 lets larger pieces through that had to
    # wait for the first picture (AC-3 and MP3 have such), and then fails.
    return track.filter("asetnsamples", n=1024, p=0)


def preview(source: Path, facts: MediaFacts, limits: MediaLimits, name: str) -> list[str]:
    """A remux where browsers play the source, else a 480p encode. ``name`` is relative to the
    working directory, here and below."""
    opened = _open(source, facts, limits)
    make = _remux if ladder.browsers_play(facts) else _proxy
    return _compile(make(opened, facts, name))


def poster(source: Path, facts: MediaFacts, limits: MediaLimits, name: str) -> list[str]:
    """The clearest of twenty pictures from the key frame before a third of the clip on: only
    what lies there is decoded."""
    third = {"ss": round(facts.duration_s / 3, 3), "noaccurate_seek": None}
    opened = _open(source, facts, limits, **third)
    scale = min(1.0, _POSTER_SIDE / max(facts.width, facts.height))
    size = ladder.even(facts.width * scale), ladder.even(facts.height * scale)
    picture = _bare(opened[str(facts.video_index)], facts).filter("setpts", "PTS-STARTPTS")
    picture = _standard_range(picture, facts, size).filter("thumbnail", 20)
    picture = _scaled(picture, size, "yuvj420p")
    return _compile(picture.output(name, vframes=1, **{"c:v": "mjpeg", "q:v": 4, **_CLEAN}))


def _tracks(opened: Any, facts: MediaFacts) -> list[Any]:
    indexes = [facts.video_index, facts.audio_index]
    return [opened[str(i)] for i in indexes if i is not None]


def _remux(opened: Any, facts: MediaFacts, name: str) -> Any:
    return ffmpeg.output(
        *_tracks(opened, facts),
        name,
        **{**_COPY, **_CLEAN},
    )


def _proxy(opened: Any, facts: MediaFacts, name: str) -> Any:
    rate = ladder.rate_for(facts)
    side = min(ladder.PROXY.side, ladder.even(facts.short_side))
    size = ladder.size_for(facts, side)
    picture = _steady(_bare(opened[str(facts.video_index)], facts), rate)
    tracks = [_scaled(_standard_range(picture, facts, size), size)]
    options = {**_video_options(ladder.PROXY, rate), "f": "mp4", "movflags": "+faststart"}
    if not facts.silent:
        tracks.append(_sound(opened, facts))
        options |= _audio_options(96)
    return ffmpeg.output(*tracks, name, **{**options, "threads": 2, **_CLEAN})


def render(
    source: Path, facts: MediaFacts, limits: MediaLimits, rungs: Sequence[Rung], folder: str
) -> list[str]:
    """One process, one decode: every rung of the ladder and the shared sound as CMAF HLS, one
    file each, below ``folder``. The scalers cascade: each rung is made from the next larger."""
    opened = _open(source, facts, limits)
    rate = ladder.rate_for(facts)
    larger_first = sorted(rungs, key=lambda r: -r.side)
    picture = _steady(_bare(opened[str(facts.video_index)], facts), rate)
    picture = _standard_range(picture, facts, ladder.size_for(facts, larger_first[0].side))
    tracks: list[Any] = []
    options: dict[str, Any] = {}
    names: list[str] = []
    for index, rung in enumerate(larger_first):
        picture = _scaled(picture, ladder.size_for(facts, rung.side))
        if index < len(larger_first) - 1:
            parts = picture.filter_multi_output("split")
            picture = parts[1]
            tracks.append(parts[0])
        else:
            tracks.append(picture)
        options |= _video_options(rung, rate, index)
        sound = "" if facts.silent else ",agroup:sound"
        names.append(f"v:{index}{sound},name:{rung.name}")
    if not facts.silent:
        tracks.append(_sound(opened, facts))
        options |= _audio_options()
        names.append("a:0,agroup:sound,name:audio")
    hls = {
        "f": "hls",
        "hls_time": ladder.SEGMENT_SECONDS,
        "hls_playlist_type": "vod",
        "hls_segment_type": "fmp4",
        "hls_flags": "single_file+independent_segments",
        "hls_segment_filename": f"{folder}/%v.mp4",
        "var_stream_map": " ".join(names),
        "threads": 2,
    }
    return _compile(ffmpeg.output(*tracks, f"{folder}/%v.m3u8", **{**options, **hls, **_CLEAN}))


def progressive(video: str, audio: str | None, target: str) -> list[str]:
    """One MP4 file from a rung and the shared sound, copied: nothing is encoded again."""
    only = {"f": "mov", "protocol_whitelist": "file", "format_whitelist": _WHITELIST["mov"]}
    tracks = [ffmpeg.input(f"file:{name}", **only) for name in (video, audio) if name]
    return _compile(
        ffmpeg.output(
            *tracks,
            target,
            **{**_COPY, **_CLEAN},
        )
    )
