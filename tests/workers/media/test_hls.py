from __future__ import annotations

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


SMALL = Variant(Track("240p", 8.0, 300_000, 200_000, "avc1.64000d"), 426, 240, 25.0)
LARGE = Variant(Track("720p", 8.0, 2_500_000, 1_900_000, "avc1.64001f"), 1280, 720, 25.0)
SOUND = Track("audio", 8.0, 130_000, 128_000, "mp4a.40.2")


def test_the_master_playlist() -> None:
    assert master([LARGE, SMALL], SOUND) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="sound",DEFAULT=YES,AUTOSELECT=YES,'
        'CHANNELS="2",URI="audio.m3u8"\n'
        "#EXT-X-STREAM-INF:BANDWIDTH=430000,AVERAGE-BANDWIDTH=328000,"
        'CODECS="avc1.64000d,mp4a.40.2",RESOLUTION=426x240,FRAME-RATE=25.000,AUDIO="sound"\n'
        "240p.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=2630000,AVERAGE-BANDWIDTH=2028000,"
        'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=25.000,AUDIO="sound"\n'
        "720p.m3u8\n"
    )


def test_the_master_playlist_of_a_silent_clip() -> None:
    assert master([SMALL], None) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=300000,AVERAGE-BANDWIDTH=200000,"
        'CODECS="avc1.64000d",RESOLUTION=426x240,FRAME-RATE=25.000\n'
        "240p.m3u8\n"
    )
