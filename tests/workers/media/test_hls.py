from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from workers.media import MediaToolFailed
from workers.media.hls import Track, Variant, master, measure

PLAYLIST = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="240p.mp4",BYTERANGE="800@0"
#EXTINF:4.000000,
#EXT-X-BYTERANGE:100000@800
240p.mp4
#EXTINF:4.000000,
#EXT-X-BYTERANGE:50000@100800
240p.mp4
#EXTINF:0.080000,
#EXT-X-BYTERANGE:5000@150800
240p.mp4
#EXT-X-ENDLIST
"""
AVC = bytes(40) + b"avcC\x01\x64\x00\x1e\xff" + bytes(40)


def write(folder: Path, text: str = PLAYLIST, media: bytes = AVC) -> Path:
    (folder / "240p.m3u8").write_text(text)
    (folder / "240p.mp4").write_bytes(media)
    return folder


def test_what_came_out_is_measured(tmp_path: Path) -> None:
    """A last segment of two frames says nothing of the rate that a player needs."""
    track = measure(write(tmp_path), "240p")
    assert track == Track("240p", 8.08, peak=200_000, average=153_465, codec="avc1.64001e")


def test_sound_is_known_by_its_box(tmp_path: Path) -> None:
    assert measure(write(tmp_path, media=b"....mp4a...."), "240p").codec == "mp4a.40.2"


@pytest.mark.parametrize(
    ("text", "media"),
    [
        (PLAYLIST.replace("#EXT-X-ENDLIST\n", ""), AVC),
        (PLAYLIST.replace("#EXT-X-BYTERANGE:5000@150800\n", ""), AVC),
        ("#EXTM3U\n#EXT-X-ENDLIST\n", AVC),
        (PLAYLIST, b"nothing that we know"),
    ],
)
def test_half_a_playlist_is_no_output(tmp_path: Path, text: str, media: bytes) -> None:
    with pytest.raises(MediaToolFailed, match="bad_output"):
        measure(write(tmp_path, text, media), "240p")


def test_a_missing_file_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(MediaToolFailed, match="bad_output"):
        measure(tmp_path, "240p")


SOUND = Track("audio", 8.0, 130_000, 128_000, "mp4a.40.2", 2)
LOW = Track("audio-low", 8.0, 50_000, 48_000, "mp4a.40.2", 1)
SMALL = Variant(Track("144p", 8.0, 100_000, 80_000, "avc1.64000c"), 256, 144, 25.0, LOW, "low")
LARGE = Variant(Track("720p", 8.0, 2_500_000, 1_900_000, "avc1.64001f"), 1280, 720, 25.0, SOUND)


def test_the_master_playlist() -> None:
    """Each line tells what its picture and its own sound need together."""
    assert master([LARGE, SMALL]) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="sound",DEFAULT=YES,AUTOSELECT=YES,'
        'CHANNELS="2",URI="audio.m3u8"\n'
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="low",NAME="sound",DEFAULT=YES,AUTOSELECT=YES,'
        'CHANNELS="1",URI="audio-low.m3u8"\n'
        "#EXT-X-STREAM-INF:BANDWIDTH=150000,AVERAGE-BANDWIDTH=128000,"
        'CODECS="avc1.64000c,mp4a.40.2",RESOLUTION=256x144,FRAME-RATE=25.000,AUDIO="low"\n'
        "144p.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=2630000,AVERAGE-BANDWIDTH=2028000,"
        'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=25.000,AUDIO="sound"\n'
        "720p.m3u8\n"
    )


def test_the_master_playlist_of_a_silent_clip() -> None:
    silent = replace(SMALL, sound=None)
    assert master([silent]) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=100000,AVERAGE-BANDWIDTH=80000,"
        'CODECS="avc1.64000c",RESOLUTION=256x144,FRAME-RATE=25.000\n'
        "144p.m3u8\n"
    )
