from __future__ import annotations

from pathlib import Path

from tests.workers.media.test_sniff import box
from workers.media.boxes import wipe_names


def test_names_go_and_every_place_stays(tmp_path: Path) -> None:
    entry = b"avc1" + bytes(42) + b"\x0cLavc libx264".ljust(32, b"\x00") + b"avcC"
    before = box(b"ftyp", b"iso5") + box(
        b"moov", box(b"mvhd", b"x" * 9) + box(b"trak", entry) + box(b"udta", b"Lavf59.27.100")
    )
    rest = box(b"moof", b"udta stays here") + box(b"mdat", b"avc1" + bytes(6) + b"and here" * 9)
    path = tmp_path / "240p.mp4"
    path.write_bytes(before + rest)

    wipe_names(path)

    after = path.read_bytes()
    assert after == (
        before.replace(b"\x0cLavc libx264", bytes(13)).replace(
            b"udtaLavf59.27.100", b"free" + bytes(13)
        )
        + rest
    )


def test_a_file_without_an_index_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "odd.mp4"
    for content in (b"", b"short", bytes(64), box(b"mdat", b"avc1" + bytes(60))):
        path.write_bytes(content)
        wipe_names(path)
        assert path.read_bytes() == content
