"""Argument lists: what must stand in every one of them, and what must never."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.workers.media.test_ladder import PHONE
from workers.media import MediaLimits, commands
from workers.media.card import Card
from workers.media.commands import KEY_FRAMES, Plan
from workers.media.ladder import fast_rung, rate_for, rungs_for
from workers.media.sniff import AVI, MATROSKA, MP4, MPEGTS, Container
from workers.media.sound import SoundPlan

SOURCE = Path("/scratch/original")
LIMITS = MediaLimits()
TEN_BITS = replace(PHONE, video_codec="hevc", pixel_format="yuv420p10le", hdr=True)
SILENT = replace(PHONE, audio_index=None)
PLAN = Plan(rungs_for(1080), rate_for(PHONE))


def ladder_with(**changes: object) -> list[str]:
    return commands.render(SOURCE, PHONE, LIMITS, replace(PLAN, **changes), "hls")


CASES = {
    "remux": commands.preview(SOURCE, PHONE, LIMITS, "proxy.mp4"),
    "silent remux": commands.preview(SOURCE, SILENT, LIMITS, "proxy.mp4"),
    "proxy": commands.preview(SOURCE, TEN_BITS, LIMITS, "proxy.mp4"),
    "key frames": commands.key_frames(SOURCE, PHONE, LIMITS),
    "poster": commands.posters(SOURCE, PHONE, LIMITS, [(4.0, "poster.jpg")], exact=False),
    "hdr poster": commands.posters(SOURCE, TEN_BITS, LIMITS, [(4.0, "poster.jpg")], exact=True),
    "posters": commands.posters(
        SOURCE, PHONE, LIMITS, [(4.0, "poster.jpg"), (9.0, "2.jpg")], exact=False
    ),
    "loudness": commands.loudness(SOURCE, PHONE, LIMITS, SoundPlan(6.0, limited=True)),
    "motion": commands.motion(SOURCE, PHONE, LIMITS, 2.0),
    "ladder": ladder_with(),
    "ladder alone": commands.render(SOURCE, PHONE, LIMITS, PLAN, "hls", looks=False),
    "copied": ladder_with(copied=PLAN.rungs[-1], key_times=(0.0, 2.0)),
    "fast": ladder_with(fast=fast_rung(PLAN.rungs), fast_rate=Fraction(60)),
    "card": ladder_with(card=Card("CẢNH DIỄN", "diễn lại", Path("/usr/share/fonts/x.ttf"))),
    "silent ladder": commands.render(SOURCE, SILENT, LIMITS, PLAN, "hls"),
    "files": commands.single_files(
        [("hls/720p.mp4", "hls/audio.mp4", "mp4/720p.mp4")], ("hls/audio.mp4", "audio/sound.m4a")
    ),
    "same": commands.same_picture("hls/480p.mp4", "hls/720p.mp4", (1280, 720), "same.txt"),
}
OWN = {"files", "same"}  # of files that we made ourselves
every = pytest.mark.parametrize("argv", CASES.values(), ids=CASES.keys())


def values(argv: list[str], option: str) -> list[str]:
    return [argv[i + 1] for i, part in enumerate(argv) if part == option]


@every
def test_inputs_are_local_files_of_a_container_that_we_chose(argv: list[str]) -> None:
    inputs = values(argv, "-i")
    assert inputs
    assert all(place.startswith("file:") for place in inputs)
    assert values(argv, "-protocol_whitelist") == ["file"] * len(inputs)
    assert values(argv, "-format_whitelist") == ["mov,mp4,m4a,3gp,3g2,mj2"] * len(inputs)
    # Before each input stands its demuxer.
    at = argv.index("-i")
    assert argv.index("-f") < at
    assert argv[argv.index("-f") + 1] == "mov"


@every
def test_nothing_of_the_source_but_picture_and_sound(argv: list[str]) -> None:
    """Said for each file that is made."""
    made = len(values(argv, "-map_chapters"))
    assert made >= 1
    assert values(argv, "-map_metadata") == ["-1"] * made
    assert values(argv, "-map_chapters") == ["-1"] * made
    assert argv.count("-sn") == argv.count("-dn") == made
    assert values(argv, "-fflags") == ["+bitexact"] * made


@every
def test_the_tool_asks_nothing_and_says_only_errors(argv: list[str]) -> None:
    assert {"-nostdin", "-hide_banner", "-y"} <= set(argv)
    assert values(argv, "-loglevel") == ["repeat+error"]
    assert values(argv, "-progress") == ["pipe:1"]


@pytest.mark.parametrize("name", [n for n in CASES if n not in OWN])
def test_a_foreign_source_is_bounded(name: str) -> None:
    argv = CASES[name]
    inputs = len(values(argv, "-i"))
    longest = 2.0 if name == "motion" else LIMITS.max_seconds + 5
    assert values(argv, "-t") == [str(longest)] * inputs
    assert values(argv, "-max_pixels") == [str(LIMITS.max_pixels)] * inputs
    assert values(argv, "-max_streams") == [str(LIMITS.max_streams + 1)] * inputs


@pytest.mark.parametrize(("name", "count"), [("remux", 1), ("silent remux", 1), ("files", 2)])
def test_copies_lose_the_streams_own_tags_too(name: str, count: int) -> None:
    argv = CASES[name]
    assert values(argv, "-c") == ["copy"] * count
    assert values(argv, "-map_metadata:s") == ["-1"] * count
    assert values(argv, "-movflags") == ["+faststart"] * count


@pytest.mark.parametrize("name", ["remux", "proxy", "ladder", "copied", "files"])
def test_side_units_of_the_bit_stream_go(name: str) -> None:
    assert values(CASES[name], "-bsf:v") == ["filter_units=remove_types=6"]


def test_the_ladder_decodes_once_and_scales_in_a_cascade() -> None:
    argv = CASES["ladder"]
    (graph,) = values(argv, "-filter_complex")
    assert len(values(argv, "-i")) == 1
    assert graph.count("fps=fps=30:start_time=0") == 1
    sizes = [part.split(":flags")[0] for part in graph.split("scale=")[1:]]
    rungs = ["1920:1080", "1280:720", "854:480", "640:360", "426:240", "256:144"]
    # The first one is the source's own size: it takes what changes on the way.
    assert sorted(sizes) == sorted(["1920:1080", *rungs, "320:180", "48:27"])
    (tracks,) = values(argv, "-var_stream_map")
    assert tracks.split() == [
        "v:0,agroup:sound,name:1080p",
        "v:1,agroup:sound,name:720p",
        "v:2,agroup:sound,name:480p",
        "v:3,agroup:sound,name:360p",
        "v:4,agroup:sound,name:240p",
        "v:5,agroup:low,name:144p",
        "a:0,agroup:sound,name:audio",
        "a:1,agroup:low,name:audio-low",
    ]


def test_who_pays_by_the_megabyte_gets_a_small_sound() -> None:
    argv = CASES["ladder"]
    assert values(argv, "-b:a:1") == ["48k"]
    assert values(argv, "-ac:a:1") == ["1"]


def test_key_frames_stand_at_the_same_times_in_every_rung() -> None:
    argv = CASES["ladder"]
    for index in range(6):
        assert values(argv, f"-g:v:{index}") == ["60"]
        assert values(argv, f"-keyint_min:v:{index}") == ["60"]
        assert values(argv, f"-sc_threshold:v:{index}") == ["0"]


def test_a_copied_rung_gives_its_key_frames_to_all() -> None:
    argv = CASES["copied"]
    assert values(argv, "-c:v:0") == ["copy"]
    assert "-crf:v:0" not in argv
    for index in range(1, 6):
        assert values(argv, f"-force_key_frames:v:{index}") == ["0.000,1.996"]


def test_sixty_frames_up_to_720_and_thirty_elsewhere() -> None:
    argv = CASES["fast"]
    groups = [values(argv, f"-g:v:{index}") for index in range(6)]
    assert groups == [["60"], ["120"], ["60"], ["60"], ["60"], ["60"]]


def test_only_key_frames_are_read_for_pictures() -> None:
    argv = CASES["key frames"]
    for name, value in KEY_FRAMES.items():
        assert values(argv, f"-{name}") == [value]
    # A stream that enters a graph of its own is read whole.
    assert "-filter_complex" not in argv
    assert all("select=" in chain for chain in values(argv, "-vf"))


def test_the_limiter_sees_peaks_between_the_samples() -> None:
    (graph,) = values(CASES["loudness"], "-filter_complex")
    assert graph.index("volume=6.0dB") < graph.index("aresample=192000") < graph.index("alimiter")


def test_the_card_is_not_in_what_is_looked_at() -> None:
    """Times of signals and pictures are those of the clip."""
    (graph,) = values(CASES["card"], "-filter_complex")
    assert graph.count("tpad=") == 6
    looked = graph.split("scale=48:27")[0].rpartition("[")[2]
    assert "tpad" not in looked
    assert "adelay=all=1:delays=2000" in graph


def test_a_silent_clip_has_no_sound_track() -> None:
    argv = CASES["silent ladder"]
    assert "-c:a" not in argv
    assert "agroup" not in values(argv, "-var_stream_map")[0]


def test_hdr_is_scaled_before_it_is_mapped() -> None:
    (graph,) = values(CASES["proxy"], "-filter_complex")
    assert graph.index("scale=854:480") < graph.index("zscale") < graph.index("tonemap")


def test_fields_are_joined_before_anything_else() -> None:
    argv = commands.preview(SOURCE, replace(PHONE, interlaced=True), LIMITS, "proxy.mp4")
    (graph,) = values(argv, "-filter_complex")
    assert graph.index("yadif") < graph.index("fps=")


@pytest.mark.parametrize(
    ("container", "demuxer", "whitelist"),
    [
        (MP4, "mov", "mov,mp4,m4a,3gp,3g2,mj2"),
        (MATROSKA, "matroska", "matroska,webm"),
        (MPEGTS, "mpegts", "mpegts"),
        (AVI, "avi", "avi"),
    ],
)
def test_the_probe_is_bounded_too(container: Container, demuxer: str, whitelist: str) -> None:
    for argv in (
        commands.ffprobe(SOURCE, container, LIMITS),
        commands.packet_times(SOURCE, container, LIMITS),
    ):
        assert values(argv, "-f") == [demuxer]
        assert values(argv, "-format_whitelist") == [whitelist]
        assert values(argv, "-protocol_whitelist") == ["file"]
        assert values(argv, "-max_streams") == ["33"]
        assert argv[-1] == "file:/scratch/original"


def test_the_program_is_named_by_its_whole_path() -> None:
    assert {argv[0] for argv in CASES.values()} == {CASES["ladder"][0]}
    assert Path(CASES["ladder"][0]).is_absolute()
