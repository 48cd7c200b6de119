"""What `render_ladder` runs: one process, one decode, every rung and everything to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from workers.media import card, ladder
from workers.media.card import Card
from workers.media.commands.base import CLEAN, COPY, compiled, open_made, open_source
from workers.media.commands.graph import (
    bare,
    in_pieces,
    levelled,
    looked_at,
    mono,
    named_colours,
    scaled,
    several,
    small_rgb,
    standard_range,
    steady,
    stereo,
    video_options,
)
from workers.media.commands.preview import SAMPLES, sample_size, sampled
from workers.media.facts import MediaFacts, MediaLimits
from workers.media.ladder import AUDIO_KBPS, LOW_AUDIO_KBPS, Rung
from workers.media.sound import LOW_PEAK_DBTP, SoundPlan

SIGNALS = "signals.rgb"
_RAW = {"c:v": "rawvideo", "f": "rawvideo"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is made of a source. ``fast``: the one rung of ``fast_rate`` frames a second;
    ``copied``: the largest rung, when it is the source itself, whose key frames are then those
    of every rung."""

    rungs: tuple[Rung, ...]
    rate: Fraction
    sound: SoundPlan = field(default_factory=SoundPlan)
    fast: Rung | None = None
    fast_rate: Fraction | None = None
    copied: Rung | None = None
    key_times: tuple[float, ...] = ()
    card: Card | None = None

    def rate_of(self, rung: Rung) -> Fraction:
        return self.fast_rate if rung == self.fast and self.fast_rate else self.rate

    @property
    def encoded(self) -> tuple[Rung, ...]:
        """Largest first."""
        wanted = [r for r in self.rungs if r != self.copied]
        return tuple(sorted(wanted, key=lambda r: -r.side))


def render(
    source: Path,
    facts: MediaFacts,
    limits: MediaLimits,
    plan: Plan,
    folder: str,
    looks: bool = True,
) -> list[str]:
    """Every rung and the shared sound as CMAF HLS, one file each, below ``folder``; with
    ``looks`` also every frame small and samples, for signals and pictures. The scalers cascade:
    each rung is made from the next larger."""
    opened = open_source(source, facts, limits)
    shown, looked = _pictures(opened, facts, plan, looks)
    tracks: list[Any] = []
    options: dict[str, Any] = {}
    names: list[str] = []
    if plan.copied is not None:
        tracks.append(opened[str(facts.video_index)])
        options["c:v:0"] = "copy"
        names.append(_variant(0, plan.copied, facts))
    for rung, picture in shown:
        index = len(tracks)
        tracks.append(picture)
        options |= _rung_options(rung, plan, index)
        names.append(_variant(index, rung, facts))
    if not facts.silent:
        sounds, sound_options, sound_names = _sounds(opened, facts, plan)
        tracks += sounds
        options |= sound_options
        names += sound_names
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
    made = ffmpeg.output(*tracks, f"{folder}/%v.m3u8", **{**options, **hls, **CLEAN})
    others = [ffmpeg.output(p, name, **{**_RAW, **CLEAN}) for p, name in looked]
    return compiled(made, *others)


def _variant(index: int, rung: Rung, facts: MediaFacts) -> str:
    group = "" if facts.silent else f",agroup:{'low' if rung.low else 'sound'}"
    return f"v:{index}{group},name:{rung.name}"


def _rung_options(rung: Rung, plan: Plan, index: int) -> dict[str, Any]:
    options = video_options(rung, plan.rate_of(rung), index)
    if plan.copied is None:
        return options
    # The source's own key frames, and no others. A hair early: times are rounded to frames.
    times = ",".join(f"{max(0.0, at - 0.004):.3f}" for at in plan.key_times)
    longest = round(plan.rate_of(rung) * 2 * ladder.SEGMENT_SECONDS)
    return {
        **options,
        f"g:v:{index}": longest,
        f"keyint_min:v:{index}": longest,
        f"force_key_frames:v:{index}": times,
    }


def _pictures(
    opened: Any, facts: MediaFacts, plan: Plan, looks: bool
) -> tuple[list[tuple[Rung, Any]], list[tuple[Any, str]]]:
    """The picture of each rung that is encoded, and the small ones with their files' names."""
    encoded = plan.encoded
    rate = plan.fast_rate if plan.fast_rate and plan.fast else plan.rate
    picture = steady(bare(opened[str(facts.video_index)], facts), rate)
    if encoded:
        picture = standard_range(picture, facts, ladder.size_for(facts, encoded[0].side))
    picture = named_colours(picture, facts)
    wide = _sampled_from(facts, encoded) if looks else None
    shown: list[tuple[Rung, Any]] = []
    looked: list[tuple[Any, str]] = []
    for number, rung in enumerate(encoded):
        picture = scaled(picture, ladder.size_for(facts, rung.side))
        last = number == len(encoded) - 1
        parts = several(picture, 1 + (not last or looks) + (rung == wide))
        here = parts.pop()
        if plan.rate_of(rung) != rate:
            here = here.filter("fps", fps=str(plan.rate_of(rung)), start_time=0)
        shown.append(
            (
                rung,
                card.before(here, plan.card, ladder.size_for(facts, rung.side), plan.rate_of(rung)),
            )
        )
        if rung == wide:
            looked.append((_sampled(parts.pop(), facts), SAMPLES))
        if not last or looks:
            picture = parts.pop()
        if rung == plan.fast and rate != plan.rate and (not last or looks):
            rate = plan.rate
            picture = steady(picture, rate)
    if looks:
        if wide is None:
            picture, samples = several(picture, 2)
            looked.append((_sampled(samples, facts), SAMPLES))
        looked.append((looked_at(picture), SIGNALS))
    return shown, looked


def _sampled_from(facts: MediaFacts, encoded: Sequence[Rung]) -> Rung | None:
    """The smallest rung that a sample can be made of; None where the last picture has to do."""
    wanted = max(sample_size(facts))
    fitting = [r for r in encoded if max(ladder.size_for(facts, r.side)) >= wanted]
    return min(fitting, key=lambda r: r.side, default=None)


def _sampled(picture: Any, facts: MediaFacts) -> Any:
    return small_rgb(sampled(picture, facts), sample_size(facts))


def _sounds(
    opened: Any, facts: MediaFacts, plan: Plan
) -> tuple[list[Any], dict[str, Any], list[str]]:
    """The shared sound, and a small one for whoever pays by the megabyte."""
    track = levelled(stereo(opened, facts), plan.sound)
    if plan.card is not None:
        frames = round(plan.card.seconds * plan.rate)
        track = track.filter("adelay", delays=round(1000 * frames / plan.rate), all=1)
    track = in_pieces(track)
    options: dict[str, Any] = {"c:a": "aac", "ar": 48000}
    if not any(r.low for r in plan.rungs):
        return (
            [track],
            {**options, "b:a:0": f"{AUDIO_KBPS}k", "ac:a:0": 2},
            ["a:0,agroup:sound,name:audio"],
        )
    both = track.filter_multi_output("asplit", 2)
    small = mono(both[1])
    if plan.sound.low_gain_db or plan.sound.limited:
        louder = SoundPlan(plan.sound.low_gain_db, limited=True)
        small = in_pieces(levelled(small, louder, LOW_PEAK_DBTP))
    parts = [both[0].filter("aformat", channel_layouts="stereo"), small]
    options |= {"b:a:0": f"{AUDIO_KBPS}k", "ac:a:0": 2}
    options |= {"b:a:1": f"{LOW_AUDIO_KBPS}k", "ac:a:1": 1}
    names = ["a:0,agroup:sound,name:audio", "a:1,agroup:low,name:audio-low"]
    return parts, options, names


def motion(source: Path, facts: MediaFacts, limits: MediaLimits, seconds: float) -> list[str]:
    """Small frames of a piece in the middle: whether the clip moves."""
    begin = max(0.0, facts.duration_s / 2 - seconds / 2)
    opened = open_source(source, facts, limits, ss=round(begin, 3), t=seconds)
    picture = looked_at(bare(opened[str(facts.video_index)], facts))
    return compiled(ffmpeg.output(picture, SIGNALS, **{**_RAW, **CLEAN}))


def same_picture(smaller: str, larger: str, size: tuple[int, int], name: str) -> list[str]:
    """SSIM of the larger rung's key frames and those of the smaller one, scaled up to ``size``,
    as lines of text in the file ``name``."""
    inputs = []
    for file in (smaller, larger):
        opened = open_made(file)
        opened.node.kwargs["skip_frame"] = "nokey"
        inputs.append(opened["0"])
    up = inputs[0].filter("scale", size[0], size[1], flags="bicubic")
    compared = ffmpeg.filter([up, inputs[1]], "ssim", stats_file=name)
    return compiled(ffmpeg.output(compared, "-", **{"f": "null", **CLEAN}))


def single_files(
    wanted: Sequence[tuple[str, str | None, str]], sound: tuple[str, str] | None
) -> list[str]:
    """MP4 files from a rung and a sound each (video, audio, name), and the sound alone (audio,
    name): copied, nothing is encoded again."""
    outputs = []
    for video, audio, name in wanted:
        tracks = [open_made(file)["0"] for file in (video, audio) if file]
        outputs.append(ffmpeg.output(*tracks, name, **{**COPY, **CLEAN}))
    if sound is not None:
        only = {key: value for key, value in COPY.items() if key != "bsf:v"}
        outputs.append(ffmpeg.output(open_made(sound[0])["0"], sound[1], **{**only, **CLEAN}))
    return compiled(*outputs)
