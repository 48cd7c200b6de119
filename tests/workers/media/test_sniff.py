from __future__ import annotations

from pathlib import Path

import pytest

from tests.clips import Clips
from workers.media.errors import Refused
from workers.media.sniff import check_mp4_is_whole, sniff

PACKET = b"\x47" + bytes(187)


def box(kind: bytes, content: bytes = b"", *, size: int | None = None) -> bytes:
    return (len(content) + 8 if size is None else size).to_bytes(4) + kind + content


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00", "mp4"),
        (b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00", "mp4"),
        (b"\x00\x00\x00\x18ftyp3gp4\x00\x00\x02\x00", "mp4"),
        (b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat", "mp4"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81", "matroska"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "avi"),
        (PACKET * 5, "mpegts"),
        ((b"\x00\x00\x00\x00" + PACKET) * 5, "mpegts"),
    ],
)
def test_containers_are_known_by_their_first_bytes(tmp_path: Path, head: bytes, name: str) -> None:
    path = tmp_path / "clip"
    path.write_bytes(head)
    assert sniff(path).name == name


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"", "empty_file"),
        (b"#EXTM3U\n", "playlist_not_video"),
        (b"\xef\xbb\xbf  #extm3u\r\n", "playlist_not_video"),
        (b"ffconcat version 1.0\n", "playlist_not_video"),
        (b"[playlist]\nFile1=x", "playlist_not_video"),
        (b"<MPD>", "playlist_not_video"),
        (b'<?xml version="1.0"?>\n<MPD>', "playlist_not_video"),
        (b"ID3\x04", "no_video_track"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "no_video_track"),
        (b"\x00\x00\x00\x18ftypM4A \x00\x00", "no_video_track"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00", "no_video_track"),
        (b"FLV\x01\x05", "codec_not_supported"),
        (b"OggS\x00\x02", "codec_not_supported"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "codec_not_supported"),
        (b'<?xml version="1.0"?>\n<svg>', "not_a_video"),
        (b"<!doctype html>", "not_a_video"),
        (b"PK\x03\x04", "not_a_video"),
        (b"MZ\x90\x00", "not_a_video"),
        (b"%PDF-1.7", "not_a_video"),
        (b"\x89PNG\r\n\x1a\n", "not_a_video"),
        (bytes(1000), "not_a_video"),
        (b"G", "not_a_video"),
    ],
)
def test_everything_else_is_refused_by_name(tmp_path: Path, head: bytes, code: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(head)
    with pytest.raises(Refused) as caught:
        sniff(path)
    assert caught.value.code == code


FTYP = box(b"ftyp", b"isom" + bytes(4))
MOOV = box(b"moov", bytes(40))
MDAT = box(b"mdat", bytes(90))


@pytest.mark.parametrize(
    "content",
    [
        FTYP + MOOV + MDAT,
        FTYP + MDAT + MOOV,
        FTYP + MOOV + box(b"mdat", bytes(90), size=0),
        FTYP + MOOV + (1).to_bytes(4) + b"mdat" + (100).to_bytes(8) + bytes(84),
        FTYP + MOOV + MDAT + b"rubbish that some phone wrote",
        FTYP + MOOV + MDAT + box(b"SEFT", bytes(10), size=9000),
        FTYP + MOOV + MDAT + bytes(3),
    ],
    ids=["front", "back", "to the end", "64 bits", "trailer", "careless trailer", "bytes"],
)
def test_whole_files_are_whole(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    check_mp4_is_whole(path)


@pytest.mark.parametrize(
    "content",
    [
        FTYP,
        FTYP + MDAT,
        FTYP + MOOV + MDAT[:-1],
        FTYP + MDAT + MOOV[:-1],
        FTYP + box(b"free", size=9000) + bytes(20),
        FTYP + box(b"mdat", bytes(90), size=0),
        FTYP + box(b"moov", size=4) + MDAT,
    ],
)
def test_a_file_that_was_cut_is_truncated(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(Refused) as caught:
        check_mp4_is_whole(path)
    assert caught.value.code == "truncated"


def test_boxes_without_end_are_not_all_counted(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(FTYP + MOOV + box(b"free") * 250_000)
    with pytest.raises(Refused) as caught:
        check_mp4_is_whole(path)
    assert caught.value.code == "unreadable"


def test_every_filmed_clip_is_whole(clips: Clips) -> None:
    check_mp4_is_whole(clips.landscape())
    check_mp4_is_whole(clips.portrait())
    check_mp4_is_whole(clips.fragmented())
