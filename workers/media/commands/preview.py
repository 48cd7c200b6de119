"""What `examine` runs: the preview, small pictures of the whole clip, posters, loudness."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ffmpeg

from workers.media import ladder, pictures
from workers.media.commands.base import CLEAN, COPY, as_chain, compiled, open_source
from workers.media.commands.graph import (
    bare,
    in_pieces,
    levelled,
    measured,
    measured_low,
    named_colours,
    scaled,
    several,
    small_rgb,
    standard_range,
    steady,
    stereo,
    video_options,
)
from workers.media.facts import MediaFacts, MediaLimits
from workers.media.sound import SoundPlan

# Working files, relative to the folder that a run may write.
SAMPLES, SAMPLE_TIMES = "samples.rgb", "samples.txt"
SOUND, LOW_SOUND = "sound.txt", "sound-low.txt"
_POSTER_SIDE = 1280
# Pictures in between are neither read nor decoded: "discard" is the demuxer's, "skip_frame" the
# decoder's word for it; not every demuxer knows the first. With the second alone the decoder takes
# one picture after the other on one core: 2.7 s instead of 1.5 s for 30 key frames of 1080p.
KEY_FRAMES = {"discard:v": "nokey", "skip_frame": "nokey"}
_RAW = {"c:v": "rawvideo", "f": "rawvideo", "fps_mode": "passthrough"}
_NOWHERE = {"f": "null"}


def preview(source: Path, facts: MediaFacts, limits: MediaLimits, name: str) -> list[str]:
    """A remux where browsers play the source. Else a 480p encode, whose decode also gives the
    samples. Both measure the sound."""
    opened = open_source(source, facts, limits)
    if ladder.browsers_play(facts):
        outputs = [_remux(opened, facts, name)]
        if not facts.silent:
            outputs += _heard(stereo(opened, facts))
        return compiled(*outputs)
    return compiled(*_proxy(opened, facts, name))


def _remux(opened: Any, facts: MediaFacts, name: str) -> Any:
    indexes = [facts.video_index, facts.audio_index]
    tracks = [opened[str(i)] for i in indexes if i is not None]
    return ffmpeg.output(*tracks, name, **{**COPY, **CLEAN})


def _heard(track: Any) -> list[Any]:
    """The measurements of a sound, in its two forms."""
    both = track.filter_multi_output("asplit", 2)
    loud = measured(both[0].filter("aformat", channel_layouts="stereo"), SOUND)
    return [_sound_only(loud), _sound_only(measured_low(both[1], LOW_SOUND))]


def _sound_only(track: Any) -> Any:
    return ffmpeg.output(track, "-", **{**_NOWHERE, **CLEAN})


def _proxy(opened: Any, facts: MediaFacts, name: str) -> list[Any]:
    rate = ladder.rate_for(facts)
    size = ladder.size_for(facts, min(ladder.PROXY.side, ladder.even(facts.short_side)))
    picture, keys = several(bare(opened[str(facts.video_index)], facts), 2)
    picture = named_colours(standard_range(steady(picture, rate), facts, size), facts)
    shown, looked = several(scaled(picture, size), 2)
    tracks = [shown]
    options = {**video_options(ladder.PROXY, rate), "f": "mp4", "movflags": "+faststart"}
    others = [_samples(looked, facts), _key_times(keys)]
    if not facts.silent:
        parts = stereo(opened, facts).filter_multi_output("asplit", 2)
        tracks.append(in_pieces(parts[0]))
        options |= {"c:a": "aac", "b:a": "96k", "ac": 2, "ar": 48000}
        others += _heard(parts[1])
    return [ffmpeg.output(*tracks, name, **{**options, "threads": 2, **CLEAN}), *others]


def _samples(picture: Any, facts: MediaFacts) -> Any:
    """Frames at even times, from a decode that is made anyway."""
    small = small_rgb(sampled(picture, facts), sample_size(facts))
    return ffmpeg.output(small, SAMPLES, **{**_RAW, **CLEAN})


def _key_times(picture: Any) -> Any:
    """When the source has key frames: a poster there costs one picture, elsewhere many."""
    tiny = picture.filter("select", "eq(key,1)").filter("scale", 16, 16)
    return ffmpeg.output(tiny, SAMPLE_TIMES, **{**_RAW, "f": "mkvtimestamp_v2", **CLEAN})


def sampled(picture: Any, facts: MediaFacts) -> Any:
    """What is on the screen at each of the times. By default the filter takes what comes up to
    half a step later: more than a second, in a long clip."""
    step = pictures.step_for(facts.duration_s)
    return picture.filter("fps", fps=f"1/{step}", start_time=0, round="up")


def sample_size(facts: MediaFacts) -> tuple[int, int]:
    return ladder.fitting(facts, pictures.LONG_SIDE)


def key_frames(source: Path, facts: MediaFacts, limits: MediaLimits) -> list[str]:
    """Key frames as samples, and their times as a file of their own: nothing else is decoded."""
    opened = open_source(source, facts, limits, **KEY_FRAMES)
    film = opened[str(facts.video_index)]
    step = pictures.step_for(facts.duration_s)
    apart = f"isnan(prev_selected_t)+gte(t-prev_selected_t,{step - 0.02})"
    picture = named_colours(bare(film, facts), facts).filter("select", apart)
    samples = {"vf": as_chain(small_rgb(picture, sample_size(facts))), **_RAW}
    times = {"vf": as_chain(picture.filter("scale", 16, 16)), **_RAW, "f": "mkvtimestamp_v2"}
    return compiled(
        ffmpeg.output(film, SAMPLES, **{**samples, **CLEAN}),
        ffmpeg.output(film, SAMPLE_TIMES, **{**times, **CLEAN}),
    )


def posters(
    source: Path,
    facts: MediaFacts,
    limits: MediaLimits,
    wanted: Sequence[tuple[float, str]],
    *,
    exact: bool,
) -> list[str]:
    """Pictures at these times (seconds, name): the very ones, or the key frames at or before
    them, which cost a tenth."""
    size = ladder.fitting(facts, _POSTER_SIDE)
    outputs = []
    for at, name in wanted:
        place: dict[str, Any] = {}
        if at > 0:
            place["ss"] = round(at + 0.002, 3)
        if not exact:
            place["noaccurate_seek"] = None
        opened = open_source(source, facts, limits, **place)
        picture = bare(opened[str(facts.video_index)], facts)
        picture = named_colours(standard_range(picture, facts, size), facts)
        picture = scaled(picture, size, "yuvj420p")
        options = {"frames:v": 1, "c:v": "mjpeg", "q:v": 4, "f": "image2", "update": 1}
        outputs.append(ffmpeg.output(picture, name, **{**options, **CLEAN}))
    return compiled(*outputs)


def loudness(source: Path, facts: MediaFacts, limits: MediaLimits, plan: SoundPlan) -> list[str]:
    """How loud the sound becomes with this plan."""
    opened = open_source(source, facts, limits, vn=None)
    track = levelled(stereo(opened, facts), plan)
    return compiled(*_heard(track))
