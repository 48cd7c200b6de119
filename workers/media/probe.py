"""ffprobe's answer, as :class:`MediaFacts`, or why the source is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from workers.media import commands
from workers.media.errors import MediaToolFailed, Refused
from workers.media.facts import MediaFacts, MediaLimits
from workers.media.sandbox import Sandbox
from workers.media.sniff import (
    MATROSKA,
    MP4,
    MPEGTS,
    check_mp4_is_whole,
    check_transport_stream,
    sniff,
)
from workers.media.tool import ask, asked

VIDEO_CODECS = frozenset(
    {"h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2video", "h263", "mjpeg", "prores"}
)
AUDIO_CODECS = frozenset(
    {"aac", "mp3", "mp2", "opus", "vorbis", "ac3", "eac3", "amr_nb", "amr_wb", "flac", "alac"}
)
# Sound and picture rarely end together, and lengths are rounded.
TOLERANCE_S = 0.5
# Cameras let the sound go on a little; a redaction that mutes to the end mutes this, too.
SOUND_BEYOND_S = 1.5
_LEAST_RATE = 4000  # samples a second: half of a telephone's
# What the tool says of a picture above `-max_pixels`; it then knows no size at all.
_TOO_MANY_PIXELS = "exceeds specified max pixel count"
# ITU-R BT.2100: the two transfer functions of high dynamic range.
_HDR_TRANSFERS = ("smpte2084", "arib-std-b67")
_ENCRYPTED_TAGS = ("encv", "enca", "drmi")
_TAG_KINDS = {
    "gps": ("location", "gps", "xyz"),
    "device": ("make", "model", "software", "android", "device", "serial", "lens"),
    "title": ("title", "artist", "author", "comment", "description", "album", "copyright"),
    "date": ("creation_time", "date"),
}
# Written by every muxer, says nothing of anybody.
_PLAIN_TAGS = {"major_brand", "minor_version", "compatible_brands", "handler_name", "language"}
_PLAIN_TAGS |= {"encoder", "vendor_id", "duration", "rotate"}


def probe(source: Path, *, limits: MediaLimits, sandbox: Sandbox) -> MediaFacts:
    """Look at the source; raises :class:`Refused` for whatever can not become a clip."""
    try:
        size = source.stat().st_size
    except FileNotFoundError as error:  # a tool that says that all is well, and made nothing
        raise MediaToolFailed("bad_output", f"{source.name} is missing") from error
    if size > limits.max_bytes:
        raise Refused("too_large", f"{size} bytes; at most {limits.max_bytes}")
    container = sniff(source)
    spliced = container is MP4 and check_mp4_is_whole(source)
    if container is MPEGTS:
        check_transport_stream(source)
    argv = commands.ffprobe(source, container, limits)
    done = asked(argv, source, limits, sandbox)
    answer = _parse(done.stdout)
    video = film_of(answer)
    # Of Matroska the tool gives the whole file's length as a stream's, where that tells no begin.
    unsure = container is MATROSKA or _number((video or {}).get("duration")) is None
    if video is not None and unsure:
        argv = commands.packet_times(source, container, limits)
        _measure(answer, video, packet_spans(ask(argv, source, limits, sandbox)))
    facts = judge(answer, container=container.name, size=size, limits=limits, words=done.stderr)
    return replace(facts, spliced=spliced)


def whole_s(path: Path, *, limits: MediaLimits, sandbox: Sandbox) -> float | None:
    """How long an MP4 of our own is, as players say it: to the end of picture and sound."""
    done = asked(commands.ffprobe(path, MP4, limits), path, limits, sandbox)
    return _number((_parse(done.stdout).get("format") or {}).get("duration"))


def _parse(answer: bytes) -> dict[str, Any]:
    try:
        value = json.loads(answer)
    except ValueError as error:
        raise Refused("unreadable", "no answer from ffprobe") from error
    return value if isinstance(value, dict) else {}


def packet_spans(lines: bytes) -> dict[int, tuple[float, float]]:
    """Begin and end of each stream in seconds, from lines "stream,begin,length"."""
    spans: dict[int, tuple[float, float]] = {}
    for line in lines.decode(errors="replace").splitlines():
        index, begin, length = (_number(part) for part in (line + ",,").split(",")[:3])
        if index is None or begin is None:
            continue
        first, last = spans.get(int(index), (begin, begin))
        spans[int(index)] = min(first, begin), max(last, begin + (length or 0.0))
    return spans


def _measure(
    answer: Mapping[str, Any], video: dict[str, Any], spans: Mapping[int, tuple[float, float]]
) -> None:
    """Note how long the picture is where its stream does not say so: Matroska knows only the
    whole file's length, recordings of browsers none. Raises :class:`Refused` ("truncated") when
    the packets end before the file says."""
    first, last = spans.get(int(video["index"]), (0.0, 0.0))
    video["duration"] = last - first
    for track in answer.get("streams") or []:
        if track.get("codec_type") == "audio" and track.get("index") in spans:
            begin, end = spans[int(track["index"])]
            track.update(start_time=begin, duration=end - begin)
    said = _number((answer.get("format") or {}).get("duration"))
    there = max((end for _, end in spans.values()), default=0.0)
    if said is not None and there < said - max(TOLERANCE_S, 0.02 * said):
        raise Refused("truncated", f"only {there:.2f} s of {said:.2f} s are there")


def judge(
    answer: Mapping[str, Any], *, container: str, size: int, limits: MediaLimits, words: str = ""
) -> MediaFacts:
    """Facts from ffprobe's JSON (``streams``, ``format``) and complaints; raises
    :class:`Refused`."""
    streams = answer.get("streams") or []
    if len(streams) > limits.max_streams:
        raise Refused("too_many_streams", f"{len(streams)} streams")
    if any(s.get("codec_tag_string") in _ENCRYPTED_TAGS for s in streams):
        raise Refused("encrypted")
    video = film_of(answer)
    if video is None:
        raise Refused("no_video_track", f"{len(streams)} streams, none a film")
    if video.get("codec_name") not in VIDEO_CODECS:
        raise Refused("codec_not_supported", f"video {video.get('codec_name')}")
    audio = _sound_of(streams)
    duration = _duration(answer, video, limits)
    _check_sound(answer, audio, duration)
    width, height, rotation, square = _picture(video, limits, words)
    if duration * _rate(video) * width * height > limits.max_decoded_pixels:
        raise Refused("too_many_pictures", f"{width}x{height}, {float(_rate(video)):.0f} a second")
    return MediaFacts(
        container=container,
        bytes=size,
        duration_s=round(duration, 3),
        video_index=int(video["index"]),
        video_codec=str(video["codec_name"]),
        profile=str(video.get("profile", "")),
        pixel_format=str(video.get("pix_fmt", "")),
        width=width,
        height=height,
        rotation=rotation,
        square_pixels=square,
        frame_rate=str(_rate(video)),
        variable_rate=_is_variable(video),
        interlaced=video.get("field_order", "progressive") not in ("progressive", "unknown"),
        hdr=video.get("color_transfer") in _HDR_TRANSFERS,
        audio_index=int(audio["index"]) if audio else None,
        audio_codec=str(audio["codec_name"]) if audio else None,
        audio_channels=int(audio.get("channels", 0)) if audio else None,
        streams=len(streams),
        tags_removed=_tag_kinds(answer),
        level=int(_number(video.get("level")) or 0),
        video_kbps=round((_number(video.get("bit_rate")) or 0) / 1000),
        full_range=video.get("color_range") == "pc",
        colour=str(video.get("color_space", "")).replace("unknown", ""),
    )


def film_of(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first stream that is a film. A track of photographs is one only where no other is:
    some cameras put their preview pictures before it."""
    films = [s for s in answer.get("streams") or [] if _is_film(s)]
    return min(films, key=lambda s: s.get("codec_name") == "mjpeg", default=None)


def _is_film(stream: Mapping[str, Any]) -> bool:
    """A moving picture: cover art and embedded stills are none."""
    disposition = stream.get("disposition") or {}
    return (
        stream.get("codec_type") == "video"
        and not disposition.get("attached_pic")
        and not disposition.get("timed_thumbnails")
        and not disposition.get("still_image")
        and stream.get("codec_name") not in ("png", "bmp", "gif", "webp")
    )


def _sound_of(streams: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The first sound track that we know: newer phones add one of a kind of their own."""
    tracks = [s for s in streams if s.get("codec_type") == "audio"]
    for track in tracks:
        name = str(track.get("codec_name"))
        if name in AUDIO_CODECS or name.startswith("pcm_"):
            return track
    if tracks:
        raise Refused("codec_not_supported", f"audio {tracks[0].get('codec_name', 'unknown')}")
    return None


def _number(text: object) -> float | None:
    """A number that ffprobe printed, or None for "N/A" and the like."""
    try:
        value = float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _duration(answer: Mapping[str, Any], video: Mapping[str, Any], limits: MediaLimits) -> float:
    """Seconds from the clip's begin to the end of its picture."""
    whole = answer.get("format") or {}
    said, own = _number(whole.get("duration")), _number(video.get("duration"))
    if said is None and own is None:
        raise Refused("unreadable", "the file does not say how long it is")
    begin = (_number(video.get("start_time")) or 0.0) - (_number(whole.get("start_time")) or 0.0)
    # The video's own length is what is seen; sound that goes on does not make a clip.
    seen = said or 0.0 if own is None else own + max(0.0, begin)
    longest = max(seen, said or 0.0)
    if longest > limits.max_seconds:
        raise Refused("too_long", f"{longest:.0f} s; at most {limits.max_seconds:.0f} s")
    if seen < limits.min_seconds:
        raise Refused("too_short", f"{seen:.2f} s; at least {limits.min_seconds:.0f} s")
    return seen


def _check_sound(answer: Mapping[str, Any], audio: Mapping[str, Any] | None, seen: float) -> None:
    """What sounds after the last picture could be heard, but not be muted, captioned or reviewed:
    all of that counts by the picture. Raises :class:`Refused`."""
    if audio is None:
        return
    rate = _number(audio.get("sample_rate"))
    if rate is not None and rate < _LEAST_RATE:
        raise Refused("sound_broken", f"{rate:.0f} samples a second")
    length, begin = _number(audio.get("duration")), _number(audio.get("start_time"))
    whole = _number((answer.get("format") or {}).get("start_time"))
    end = (begin or 0.0) - (whole or 0.0) + (length or 0.0)
    if end > seen + SOUND_BEYOND_S:
        raise Refused("sound_too_long", f"{end:.1f} s of sound, {seen:.1f} s of pictures")


def _picture(
    video: Mapping[str, Any], limits: MediaLimits, words: str
) -> tuple[int, int, int, bool]:
    """Upright width and height with square pixels, rotation, whether pixels were square."""
    stored, height = int(video.get("width", 0)), int(video.get("height", 0))
    if not (stored and height):  # the tool did not open a single picture
        large = _TOO_MANY_PIXELS in words
        raise Refused("picture_too_large" if large else "unreadable", words[-200:].strip())
    aspect = _fraction(str(video.get("sample_aspect_ratio", "1:1")).replace(":", "/"))
    # Film and television know shapes up to 2:1; what is further off is a mistake of the file.
    if aspect is None or not Fraction(1, 3) <= aspect <= 3:
        aspect = Fraction(1)
    width = round(stored * aspect)
    if min(stored, width, height) < limits.min_side:
        raise Refused("picture_too_small", f"{stored}x{height}")
    largest = max(stored, width)
    if max(largest, height) > limits.max_side or largest * height > limits.max_pixels:
        raise Refused("picture_too_large", f"{stored}x{height}")
    rotation = _rotation(video)
    if rotation in (90, 270):
        return height, width, rotation, aspect == 1
    return width, height, rotation, aspect == 1


def _rotation(video: Mapping[str, Any]) -> int:
    """A quarter turn or none, as the tool turns by itself: by the display matrix alone. Any
    other angle leaves the picture's sides as they are."""
    for side in video.get("side_data_list") or []:
        angle = _number(side.get("rotation"))
        if angle is not None:
            quarters = round(-angle / 90)
            return quarters * 90 % 360 if abs(-angle - 90 * quarters) < 1 else 0
    return 0


def _fraction(text: str) -> Fraction | None:
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
    return value if value > 0 else None


def _rate(video: Mapping[str, Any]) -> Fraction:
    average = _fraction(str(video.get("avg_frame_rate", "")))
    nominal = _fraction(str(video.get("r_frame_rate", "")))
    best = average if _is_variable(video) else nominal
    return (best or nominal or Fraction(25)).limit_denominator(1001)


def _is_variable(video: Mapping[str, Any]) -> bool:
    """Whether the average rate is not the nominal one (within 1 %)."""
    average = _fraction(str(video.get("avg_frame_rate", "")))
    nominal = _fraction(str(video.get("r_frame_rate", "")))
    if average is None or nominal is None:
        return True
    return abs(average - nominal) > nominal / 100


def _tag_kinds(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Which kinds of tags the source carries; none of them is kept in anything that is made."""
    tags: dict[str, str] = dict(answer.get("format", {}).get("tags") or {})
    for stream in answer.get("streams") or []:
        tags.update(stream.get("tags") or {})
    kinds = set()
    for name in (n.lower() for n in tags):
        if name in _PLAIN_TAGS:
            continue
        found = (k for k, words in _TAG_KINDS.items() if any(w in name for w in words))
        kinds.add(next(found, "other"))
    return tuple(sorted(kinds))
