"""Captions in HLS: what is added to a master playlist, and the playlist of their own."""

from __future__ import annotations

import pytest

from review.captions.hls import Track, playlist, with_captions

MASTER = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="sound",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=400000,CODECS="avc1.64000c,mp4a.40.2",RESOLUTION=426x240,AUDIO="sound"
240p.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=640x360,AUDIO="sound"
360p.m3u8
"""


def test_every_variant_offers_every_language() -> None:
    tracks = [
        Track("vi", "Tiếng Việt", "../captions/vi.m3u8"),
        Track("en", "English", "../captions/en.m3u8"),
    ]
    media = (
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="{1}",LANGUAGE="{0}",'
        'DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="../captions/{0}.m3u8"'
    )
    lines = MASTER.splitlines()
    assert with_captions(MASTER, tracks).splitlines() == [
        *lines[:4],
        media.format("vi", "Tiếng Việt"),
        media.format("en", "English"),
        lines[4] + ',SUBTITLES="captions"',
        lines[5],
        lines[6] + ',SUBTITLES="captions"',
        lines[7],
    ]


def test_without_captions_not_a_byte_changes() -> None:
    assert with_captions(MASTER, []) == MASTER


@pytest.mark.parametrize(("seconds", "target"), [(12.5, 13), (12.0, 12), (0.4, 1), (599.001, 600)])
def test_one_segment_no_longer_than_it_says(seconds: float, target: int) -> None:
    assert playlist("vi.vtt", seconds).splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{target}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        f"#EXTINF:{seconds:.3f},",
        "vi.vtt",
        "#EXT-X-ENDLIST",
    ]
