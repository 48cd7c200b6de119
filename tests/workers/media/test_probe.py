"""ffprobe's words in, facts or a refusal out."""

from __future__ import annotations

from typing import Any

import pytest

from workers.media import MediaFacts, MediaLimits, Refused
from workers.media.probe import judge, packet_spans

VIDEO: dict[str, Any] = {
    "index": 0,
    "codec_type": "video",
    "codec_name": "h264",
    "codec_tag_string": "avc1",
    "profile": "High",
    "pix_fmt": "yuv420p",
    "width": 1920,
    "height": 1080,
    "sample_aspect_ratio": "1:1",
    "field_order": "progressive",
    "avg_frame_rate": "30/1",
    "r_frame_rate": "30/1",
    "start_time": "0.000000",
    "duration": "12.500000",
}
AUDIO: dict[str, Any] = {"index": 1, "codec_type": "audio", "codec_name": "aac", "channels": 2}
FORMAT: dict[str, Any] = {"duration": "12.520000", "start_time": "0.000000", "tags": {}}
TURNED = {"side_data_list": [{"side_data_type": "Display Matrix", "rotation": -90}]}


def told(*streams: dict[str, Any], **whole: Any) -> dict[str, Any]:
    return {"streams": list(streams), "format": {**FORMAT, **whole}}


def facts_of(*streams: dict[str, Any], **whole: Any) -> MediaFacts:
    return judge(told(*streams, **whole), container="mp4", size=999, limits=MediaLimits())


def code_of(*streams: dict[str, Any], **whole: Any) -> str:
    with pytest.raises(Refused) as caught:
        facts_of(*streams, **whole)
    return caught.value.code


def test_a_phones_clip() -> None:
    assert facts_of(VIDEO, AUDIO) == MediaFacts(
        container="mp4",
        bytes=999,
        duration_s=12.5,
        video_index=0,
        video_codec="h264",
        profile="High",
        pixel_format="yuv420p",
        width=1920,
        height=1080,
        rotation=0,
        square_pixels=True,
        frame_rate="30",
        variable_rate=False,
        interlaced=False,
        hdr=False,
        audio_index=1,
        audio_codec="aac",
        audio_channels=2,
        streams=2,
        tags_removed=(),
    )


def test_facts_survive_the_database() -> None:
    facts = facts_of({**VIDEO, "tags": {"location": "x"}}, AUDIO)
    assert MediaFacts.from_dict(facts.to_dict()) == facts


@pytest.mark.parametrize(
    ("changes", "facts"),
    [
        ({"side_data_list": [{"rotation": -90}]}, (1080, 1920, 90)),
        ({"side_data_list": [{"rotation": 90}]}, (1080, 1920, 270)),
        ({"side_data_list": [{"rotation": 180}]}, (1920, 1080, 180)),
        # The tool turns by any angle, but keeps the sides then.
        ({"side_data_list": [{"rotation": -46}]}, (1920, 1080, 0)),
        ({"side_data_list": [{"rotation": -2147483648}]}, (1920, 1080, 0)),
        ({"side_data_list": [{"side_data_type": "Spherical Mapping"}]}, (1920, 1080, 0)),
        # The tool turns by the matrix alone: a tag without it is somebody's word.
        ({"tags": {"rotate": "90"}}, (1920, 1080, 0)),
        ({"tags": {"rotate": "upside down"}}, (1920, 1080, 0)),
        ({"width": 720, "height": 576, "sample_aspect_ratio": "64:45"}, (1024, 576, 0)),
        ({"width": 1440, "sample_aspect_ratio": "4:3", **TURNED}, (1080, 1920, 90)),
        ({"sample_aspect_ratio": "0:1"}, (1920, 1080, 0)),
        ({"sample_aspect_ratio": "10:1"}, (1920, 1080, 0)),
    ],
)
def test_the_picture_is_upright_with_square_pixels(
    changes: dict[str, Any], facts: tuple[int, int, int]
) -> None:
    made = facts_of({**VIDEO, **changes}, AUDIO)
    assert (made.width, made.height, made.rotation) == facts


@pytest.mark.parametrize(
    ("average", "nominal", "rate", "variable"),
    [
        ("30/1", "30/1", "30", False),
        ("2997/100", "30/1", "30", False),
        ("30000/1001", "30000/1001", "30000/1001", False),
        ("491/20", "30/1", "491/20", True),
        ("0/0", "1000/1", "1000", True),
        ("0/0", "0/0", "25", True),
    ],
)
def test_the_frame_rate(average: str, nominal: str, rate: str, variable: bool) -> None:
    made = facts_of({**VIDEO, "avg_frame_rate": average, "r_frame_rate": nominal})
    assert (made.frame_rate, made.variable_rate) == (rate, variable)


@pytest.mark.parametrize(
    ("video", "whole", "seconds"),
    [
        ({"duration": "12.5"}, {"duration": "12.52"}, 12.5),
        ({"duration": "12.5"}, {"duration": "20"}, 12.5),
        ({"duration": None}, {"duration": "12.52"}, 12.52),
        ({"duration": "12.5", "start_time": "0.8"}, {"duration": "13.3"}, 13.3),
        ({"duration": "2", "start_time": "5001.4"}, {"start_time": "5001.4", "duration": "2"}, 2.0),
        ({"duration": "2", "start_time": "-0.04"}, {"duration": "2"}, 2.0),
    ],
)
def test_a_clip_lasts_until_its_picture_ends(
    video: dict[str, Any], whole: dict[str, Any], seconds: float
) -> None:
    assert facts_of({**VIDEO, **video}, AUDIO, **whole).duration_s == seconds


def test_hdr_and_fields_are_seen() -> None:
    assert facts_of({**VIDEO, "color_transfer": "arib-std-b67"}).hdr
    assert facts_of({**VIDEO, "color_transfer": "smpte2084"}).hdr
    assert not facts_of({**VIDEO, "color_transfer": "bt709"}).hdr
    assert facts_of({**VIDEO, "field_order": "tt"}).interlaced
    assert not facts_of({**VIDEO, "field_order": "unknown"}).interlaced


def test_covers_and_other_streams_are_passed_over() -> None:
    cover = {**VIDEO, "codec_name": "png", "disposition": {"attached_pic": 1}}
    preview = {**VIDEO, "codec_name": "mjpeg"}
    film = {**VIDEO, "index": 4}
    data = {"index": 2, "codec_type": "data"}
    assert facts_of(cover, preview, data, AUDIO, film).video_index == 4
    assert facts_of(cover, data, {**preview, "index": 3}).video_index == 3


def test_the_first_sound_that_we_know() -> None:
    spatial = {"index": 1, "codec_type": "audio", "codec_tag_string": "apac"}
    known = facts_of(VIDEO, spatial, {**AUDIO, "index": 2})
    assert (known.audio_index, known.audio_codec) == (2, "aac")
    assert facts_of(VIDEO, {**AUDIO, "codec_name": "pcm_s16le"}).audio_codec == "pcm_s16le"
    assert facts_of(VIDEO).silent


COSTLY = {
    **VIDEO,
    "duration": "600",
    "width": 3840,
    "height": 2160,
    "r_frame_rate": "240/1",
    "avg_frame_rate": "240/1",
}


@pytest.mark.parametrize(
    ("code", "streams", "whole"),
    [
        ("no_video_track", [], {}),
        ("no_video_track", [AUDIO], {}),
        ("no_video_track", [{**VIDEO, "disposition": {"attached_pic": 1}}, AUDIO], {}),
        ("no_video_track", [{**VIDEO, "codec_name": "gif"}], {}),
        ("too_many_streams", [VIDEO] * 33, {}),
        ("encrypted", [{**VIDEO, "codec_tag_string": "encv"}], {}),
        ("encrypted", [VIDEO, {**AUDIO, "codec_tag_string": "enca"}], {}),
        ("codec_not_supported", [{**VIDEO, "codec_name": "cinepak"}], {}),
        ("codec_not_supported", [{**VIDEO, "codec_name": None}], {}),
        ("codec_not_supported", [VIDEO, {**AUDIO, "codec_name": "wmav2"}], {}),
        ("unreadable", [{**VIDEO, "duration": "N/A"}], {"duration": None}),
        ("too_long", [{**VIDEO, "duration": "36000"}], {}),
        ("too_long", [VIDEO], {"duration": "36000"}),
        ("too_long", [{**VIDEO, "start_time": "7200"}], {}),
        ("too_long", [{**VIDEO, "duration": "2147483647"}], {}),
        ("too_short", [{**VIDEO, "duration": "0.4"}], {}),
        ("too_short", [{**VIDEO, "duration": "0"}], {}),
        ("picture_too_small", [{**VIDEO, "width": 2, "height": 2}], {}),
        ("unreadable", [{**VIDEO, "width": 0, "height": 0}], {}),
        ("picture_too_small", [{**VIDEO, "width": 63}], {}),
        ("picture_too_small", [{**VIDEO, "width": 100, "sample_aspect_ratio": "1:2"}], {}),
        ("picture_too_large", [{**VIDEO, "width": 65535, "height": 65535}], {}),
        ("picture_too_large", [{**VIDEO, "width": 8192, "height": 64}], {}),
        ("picture_too_large", [{**VIDEO, "width": 4200, "height": 4200}], {}),
        ("picture_too_large", [{**VIDEO, "width": 4096, "sample_aspect_ratio": "2:1"}], {}),
        ("sound_too_long", [VIDEO, {**AUDIO, "duration": "500"}], {"duration": "500"}),
        ("sound_too_long", [VIDEO, {**AUDIO, "start_time": "400", "duration": "1"}], {}),
        ("sound_broken", [VIDEO, {**AUDIO, "sample_rate": "1"}], {}),
        ("too_many_pictures", [COSTLY], {"duration": "600"}),
    ],
)
def test_what_can_not_become_a_clip(
    code: str, streams: list[dict[str, Any]], whole: dict[str, Any]
) -> None:
    assert code_of(*streams, **whole) == code


@pytest.mark.parametrize(
    ("width", "height"), [(4096, 2160), (3840, 2160), (2160, 3840), (4224, 1080), (64, 64)]
)
def test_sizes_of_phones_and_cinema_cameras_are_taken(width: int, height: int) -> None:
    made = facts_of({**VIDEO, "width": width, "height": height})
    assert (made.width, made.height) == (width, height)


def test_kinds_of_tags_that_will_be_gone() -> None:
    tags = {
        "major_brand": "qt  ",
        "com.apple.quicktime.location.ISO6709": "+10+106/",
        "com.apple.quicktime.model": "x",
        "com.apple.quicktime.title": "x",
        "creation_time": "2024",
        "something else": "x",
    }
    made = facts_of({**VIDEO, "tags": {"handler_name": "x", "language": "vie"}}, tags=tags)
    assert made.tags_removed == ("date", "device", "gps", "other", "title")


def test_streams_are_measured_by_their_packets() -> None:
    lines = b"0,0.040000,0.040000\n1,0.000000,0.021000\n0,0.000000,0.040000\n0,N/A,N/A\n\nrubbish\n"
    assert packet_spans(lines) == {0: (0.0, 0.08), 1: (0.0, 0.021)}
    assert packet_spans(b"") == {}
