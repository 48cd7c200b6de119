"""ffprobe's answer, as :class:`MediaFacts`, or why the source is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from workers.media import commands
from workers.media.errors import MediaToolFailed, Refused
from workers.media.facts import MediaFacts, MediaLimits
from workers.media.run import Job, run
from workers.media.sandbox import Caps, Sandbox
from workers.media.sniff import MP4, Container, check_mp4_is_whole, sniff

VIDEO_CODECS = frozenset(
    {"h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2video", "h263", "mjpeg", "prores"}
)
AUDIO_CODECS = frozenset(
    {"aac", "mp3", "mp2", "opus", "vorbis", "ac3", "eac3", "amr_nb", "amr_wb", "flac", "alac"}
)
PROBE_SECONDS = 30.0
# ITU-R BT.2100: the two transfer functions of high dynamic range.
_HDR_TRANSFERS = ("smpte2084", "arib-std-b67")
_ENCRYPTED_TAGS = ("encv", "enca", "drmi")
_TAG_KINDS = {
    "gps": ("location", "gps", "xyz"),
    "device": ("make", "model", "software", "android", "encoder", "device", "serial", "lens"),
    "title": ("title", "artist", "author", "comment", "description", "album", "copyright"),
    "date": ("creation_time", "date"),
}
# Written by every muxer, says nothing of anybody.
_PLAIN_TAGS = {"major_brand", "minor_version", "compatible_brands", "handler_name", "language"}
_PLAIN_TAGS |= {"vendor_id", "duration", "rotate"}


def probe(source: Path, *, limits: MediaLimits, sandbox: Sandbox) -> MediaFacts:
    """Look at the source; raises :class:`Refused` for whatever can not become a clip."""
    size = source.stat().st_size
    if size > limits.max_bytes:
        raise Refused("too_large", f"{size} bytes; at most {limits.max_bytes}")
    container = sniff(source)
    if container is MP4:
        check_mp4_is_whole(source)
    answer = _ask(source, container, limits, sandbox)
    return judge(answer, container=container.name, size=size, limits=limits)


def _ask(
    source: Path, container: Container, limits: MediaLimits, sandbox: Sandbox
) -> dict[str, Any]:
    job = Job(
        argv=commands.ffprobe(source, container, limits),
        folder=source.parent,
        reads=(source,),
        caps=Caps(limits.memory_bytes, 1 << 20, int(PROBE_SECONDS)),
        wall=PROBE_SECONDS,
        stall=PROBE_SECONDS,
    )
    try:
        done = run(job, sandbox)
    except MediaToolFailed as error:
        raise Refused("unreadable", error.detail) from error
    if done.status != 0:
        raise Refused("unreadable", done.stderr[-300:].strip())
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        raise Refused("unreadable", "no answer from ffprobe") from error
    return answer if isinstance(answer, dict) else {}


def judge(
    answer: Mapping[str, Any], *, container: str, size: int, limits: MediaLimits
) -> MediaFacts:
    """Facts from ffprobe's JSON (``streams``, ``format``); raises :class:`Refused`."""
    streams = answer.get("streams") or []
    if len(streams) > limits.max_streams:
        raise Refused("too_many_streams", f"{len(streams)} streams")
    if any(s.get("codec_tag_string") in _ENCRYPTED_TAGS for s in streams):
        raise Refused("encrypted")
    video = next((s for s in streams if _is_film(s)), None)
    if video is None:
        raise Refused("no_video_track", f"{len(streams)} streams, none a film")
    audio = next((s for s in streams if s.get("codec_type") == "audio"), None)
    _check_codecs(video, audio)
    duration = _duration(answer, video, limits)
    width, height, rotation, square = _picture(video, limits)
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
    )


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


def _check_codecs(video: Mapping[str, Any], audio: Mapping[str, Any] | None) -> None:
    if video.get("codec_name") not in VIDEO_CODECS:
        raise Refused("codec_not_supported", f"video {video.get('codec_name')}")
    name = audio.get("codec_name", "unknown") if audio else None
    if name is not None and name not in AUDIO_CODECS and not str(name).startswith("pcm_"):
        raise Refused("codec_not_supported", f"audio {name}")


def _duration(answer: Mapping[str, Any], video: Mapping[str, Any], limits: MediaLimits) -> float:
    """Seconds: the longer of what the file and its video say."""
    said = [answer.get("format", {}).get("duration"), video.get("duration")]
    known = [float(d) for d in said if d not in (None, "N/A")]
    if not known:
        raise Refused("unreadable", "the file does not say how long it is")
    if max(known) > limits.max_seconds:
        raise Refused("too_long", f"{max(known):.0f} s; at most {limits.max_seconds:.0f} s")
    # The video's own length is what is seen; sound that goes on does not make a clip.
    seen = float(said[1]) if said[1] not in (None, "N/A") else max(known)
    if seen < limits.min_seconds:
        raise Refused("too_short", f"{seen:.2f} s; at least {limits.min_seconds:.0f} s")
    return seen


def _picture(video: Mapping[str, Any], limits: MediaLimits) -> tuple[int, int, int, bool]:
    """Upright width and height with square pixels, rotation, whether pixels were square."""
    stored_width, stored_height = int(video.get("width", 0)), int(video.get("height", 0))
    if min(stored_width, stored_height) < limits.min_side:
        raise Refused("picture_too_small", f"{stored_width}x{stored_height}")
    too_wide = max(stored_width, stored_height) > limits.max_side
    if too_wide or stored_width * stored_height > limits.max_pixels:
        raise Refused("picture_too_large", f"{stored_width}x{stored_height}")
    aspect = _fraction(str(video.get("sample_aspect_ratio", "1:1")).replace(":", "/"))
    if aspect is None or not Fraction(1, 8) <= aspect <= 8:
        aspect = Fraction(1)
    width = round(stored_width * aspect)
    rotation = _rotation(video)
    if rotation in (90, 270):
        return stored_height, width, rotation, aspect == 1
    return width, stored_height, rotation, aspect == 1


def _rotation(video: Mapping[str, Any]) -> int:
    for side in video.get("side_data_list") or []:
        if "rotation" in side:
            return round(-float(side["rotation"]) / 90) * 90 % 360
    return round(float((video.get("tags") or {}).get("rotate", 0)) / 90) * 90 % 360


def _fraction(text: str) -> Fraction | None:
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
    return value if value > 0 else None


def _rate(video: Mapping[str, Any]) -> Fraction:
    average = _fraction(str(video.get("avg_frame_rate", "")))
    nominal = _fraction(str(video.get("r_frame_rate", "")))
    return (average or nominal or Fraction(25)).limit_denominator(1001)


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
