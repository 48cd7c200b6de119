"""Argument lists: what must stand in every one of them, and what must never."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.workers.media.test_ladder import PHONE
from workers.media import MediaLimits, commands
from workers.media.ladder import rungs_for
from workers.media.sniff import AVI, MATROSKA, MP4, MPEGTS, Container

SOURCE = Path("/scratch/original")
LIMITS = MediaLimits()
TEN_BITS = replace(PHONE, video_codec="hevc", pixel_format="yuv420p10le", hdr=True)
CASES = {
    "remux": commands.preview(SOURCE, PHONE, LIMITS, "proxy.mp4"),
    "proxy": commands.preview(SOURCE, TEN_BITS, LIMITS, "proxy.mp4"),
    "poster": commands.poster(SOURCE, PHONE, LIMITS, "poster.jpg"),
    "hdr poster": commands.poster(SOURCE, TEN_BITS, LIMITS, "poster.jpg"),
    "ladder": commands.render(SOURCE, PHONE, LIMITS, rungs_for(1080), "hls"),
    "silent ladder": commands.render(
        SOURCE, replace(PHONE, audio_index=None), LIMITS, rungs_for(1080), "hls"
    ),
    "one file": commands.progressive("hls/720p.mp4", "hls/audio.mp4", "mp4/720p.mp4"),
}
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
    assert values(argv, "-map_metadata") == ["-1"]
    assert values(argv, "-map_chapters") == ["-1"]
    assert {"-sn", "-dn"} <= set(argv)
    assert values(argv, "-fflags") == ["+bitexact"]


@every
def test_the_tool_asks_nothing_and_says_only_errors(argv: list[str]) -> None:
    assert {"-nostdin", "-hide_banner", "-y"} <= set(argv)
    assert values(argv, "-loglevel") == ["repeat+error"]
    assert values(argv, "-progress") == ["pipe:1"]


@pytest.mark.parametrize("name", [n for n in CASES if n != "one file"])
def test_a_foreign_source_is_bounded(name: str) -> None:
    argv = CASES[name]
    assert values(argv, "-t") == [str(LIMITS.max_seconds + 5)]
    assert values(argv, "-max_pixels") == [str(LIMITS.max_pixels)]
    assert values(argv, "-max_streams") == [str(LIMITS.max_streams + 1)]


@pytest.mark.parametrize("argv", [CASES["remux"], CASES["one file"]])
def test_copies_lose_the_streams_own_tags_too(argv: list[str]) -> None:
    assert values(argv, "-c") == ["copy"]
    assert values(argv, "-map_metadata:s") == ["-1"]
    assert values(argv, "-movflags") == ["+faststart"]


@pytest.mark.parametrize("name", ["remux", "proxy", "ladder", "one file"])
def test_side_units_of_the_bit_stream_go(name: str) -> None:
    assert values(CASES[name], "-bsf:v") == ["filter_units=remove_types=6"]


def test_the_ladder_decodes_once_and_scales_in_a_cascade() -> None:
    argv = CASES["ladder"]
    (graph,) = values(argv, "-filter_complex")
    assert len(values(argv, "-i")) == 1
    assert graph.count("scale=") == 5
    assert graph.count("split=2") == 4
    assert graph.count("fps=fps=30:start_time=0") == 1
    sizes = [part.split(":flags")[0] for part in graph.split("scale=")[1:]]
    assert sizes == ["1920:1080", "1280:720", "854:480", "640:360", "426:240"]
    (tracks,) = values(argv, "-var_stream_map")
    assert tracks.split() == [
        "v:0,agroup:sound,name:1080p",
        "v:1,agroup:sound,name:720p",
        "v:2,agroup:sound,name:480p",
        "v:3,agroup:sound,name:360p",
        "v:4,agroup:sound,name:240p",
        "a:0,agroup:sound,name:audio",
    ]


def test_key_frames_stand_at_the_same_times_in_every_rung() -> None:
    argv = CASES["ladder"]
    for index in range(5):
        assert values(argv, f"-g:v:{index}") == ["60"]
        assert values(argv, f"-keyint_min:v:{index}") == ["60"]
        assert values(argv, f"-sc_threshold:v:{index}") == ["0"]


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
