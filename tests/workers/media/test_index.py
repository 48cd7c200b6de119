"""The index of an MP4 before the tool reads it: with boxes as short as they may be."""

from __future__ import annotations

import struct

import pytest

from tests.hostile.base import box
from workers.media import Refused
from workers.media.index import check_index


def index(edits: list[tuple[int, int]], seconds: int = 2, *, wide: bool = False) -> bytes:
    """A film of ``seconds``; an edit is how long in ms, and from where. ``wide``: 64-bit times."""
    if wide:
        header = b"\1" + bytes(19) + struct.pack(">IQ", 1000, seconds * 1000)
        rows = b"".join(struct.pack(">QqI", *edit, 1 << 16) for edit in edits)
    else:
        header = bytes(12) + struct.pack(">II", 1000, seconds * 1000)
        rows = b"".join(struct.pack(">IiI", *edit, 1 << 16) for edit in edits)
    elst = box(b"elst", bytes((wide, 0, 0, 0)) + len(edits).to_bytes(4) + rows)
    track = box(b"edts", elst) + box(b"mdia", box(b"mdhd", header))
    return box(b"mvhd", header) + box(b"trak", track)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(
    "edits",
    [[], [(2000, 0)], [(700, -1), (2000, 512)], [(500, 0), (500, 1000)], [(3000, 0)]],
    ids=["none", "whole", "late", "cut", "stands"],
)
def test_what_phones_and_editors_write(edits: list[tuple[int, int]], wide: bool) -> None:
    check_index(index(edits, wide=wide))


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("edits", [[(2000, 0)] * 2, [(0, 0)] * 1001, [(2**31 - 1, 0)]])
def test_a_film_that_is_shown_again_and_again(edits: list[tuple[int, int]], wide: bool) -> None:
    with pytest.raises(Refused) as caught:
        check_index(index(edits, wide=wide))
    assert caught.value.code == "unreadable"


@pytest.mark.parametrize(
    "moov", [b"", bytes(7), bytes(100), b"\xff" * 100, index([(2000, 0)] * 9)[:150]]
)
def test_what_is_not_whole_is_the_tools_to_judge(moov: bytes) -> None:
    check_index(moov)


def test_a_film_of_fragments_says_no_length() -> None:
    check_index(index([(2000, 0)] * 9, seconds=0))


def described(count: int, kind: bytes = b"vide") -> bytes:
    """A track of this kind whose samples are described in so many ways."""
    header = bytes(12) + struct.pack(">II", 1000, 2000)
    stsd = box(b"stsd", bytes(4) + count.to_bytes(4))
    media = (
        box(b"mdhd", header)
        + box(b"hdlr", bytes(8) + kind + bytes(12))
        + box(b"minf", box(b"stbl", stsd))
    )
    return box(b"mvhd", header) + box(b"trak", box(b"mdia", media))


@pytest.mark.parametrize(
    ("moov", "spliced"),
    [
        (index([(2000, 0)]), False),
        (index([(700, -1), (2000, 512)]), False),
        (index([(500, 0), (500, 1000)]), True),
        (index([(500, 0), (200, -1), (500, 1000)], wide=True), True),
        (described(1), False),
        (described(2), True),
        (described(2, b"soun"), True),
        (described(2, b"tmcd"), False),  # it is dropped
    ],
)
def test_what_a_copy_would_show_wrong(moov: bytes, spliced: bool) -> None:
    assert check_index(moov) is spliced
