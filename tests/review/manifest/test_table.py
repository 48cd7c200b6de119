"""CSV files as spreadsheets in Viet Nam write them, and what is no such file."""

from __future__ import annotations

import codecs

import pytest

from review import manifest
from review.errors import InvalidInput
from review.manifest.table import MAX_BYTES

TEXT = 'Tệp;Tên clip;Mô tả\r\nbài 1.mp4;"Đội mũ; đi xe";"Hai\ndòng"\r\n;;\r\nb.mp4;Hai;\r\n'
CELLS = [
    (2, ["bài 1.mp4", "Đội mũ; đi xe", "Hai\ndòng"]),
    (4, ["b.mp4", "Hai", ""]),
]


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.replace("\r\n", "\n").encode(),
        b"sep=;\r\n" + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    ],
    ids=["utf-8", "with BOM", "LibreOffice", "Excel's sep", "utf-16"],
)
def test_every_form_gives_the_same_cells(data: bytes) -> None:
    table = manifest.read(data)
    assert (table.header, table.rows) == (["Tệp", "Tên clip", "Mô tả"], CELLS)


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_the_sign_between_cells_is_found_in_the_header(sign: str) -> None:
    text = f'file{sign}title\n"a,b;c.mp4"{sign}"một{sign}hai"\n'
    table = manifest.read(text.encode())
    assert (table.delimiter, table.rows) == (sign, [(2, ["a,b;c.mp4", f"một{sign}hai"])])


def test_letters_and_marks_of_a_mac_become_one() -> None:
    assert manifest.read("Te\u0302\u0323p".encode()).header == ["Tệp"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("Tệp;Tên clip\nbài.mp4;Đội mũ".encode("cp1258", "ignore"), "Windows-1258"),
        (b"T\xd6p;Tiu \xae\xd2", "Không đọc được bảng mã"),
        (b"PK\x03\x04\x14\x00", "không phải CSV. Trong Excel chọn Lưu thành «CSV UTF-8»"),
        (b"\xd0\xcf\x11\xe0", "không phải CSV"),
        (b"file,title\x00\n", "không phải CSV"),
        (b"", "không có dòng nào"),
        (b"\n \n;;\n", "không có dòng nào"),
        (b'file,title\na.mp4,ok\nb.mp4,"open\n', "Dòng 3: dấu ngoặc kép"),
        (b"x" * (MAX_BYTES + 1), "lớn quá 512 KB"),
    ],
)
def test_what_is_no_such_table_is_told_with_a_way_out(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidInput) as told:
        manifest.read(data)
    assert sentence in told.value.errors["manifest"]
