"""The bytes of a CSV file -> its cells, as Excel and LibreOffice write them in Viet Nam."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from review.captions import decoding
from review.errors import InvalidInput
from review.text import Sentence

MAX_BYTES = 512 * 1024
DELIMITERS = (",", ";", "\t")  # a comma is a decimal sign in Viet Nam, so Excel writes semicolons
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx, .ods and .xls


@dataclass(frozen=True, slots=True)
class Table:
    """``rows``: (number as the spreadsheet shows it, cells); blank rows are left out."""

    header: list[str]
    rows: list[tuple[int, list[str]]]
    delimiter: str


def read(data: bytes) -> Table:
    """Raises :class:`InvalidInput` under ``manifest``, with what to do."""
    if len(data) > MAX_BYTES:
        raise _wrong(Sentence("Bảng lớn quá {count} KB.", count=MAX_BYTES // 1024))
    text = _decode(data)
    delimiter, text = _delimiter(text)
    records = list(_records(text, delimiter))
    if not records:
        raise _wrong("Bảng không có dòng nào.")
    (_, header), *rows = records
    return Table([cell.strip() for cell in header], rows, delimiter)


def _wrong(sentence: str) -> InvalidInput:
    return InvalidInput(manifest=sentence)


def _decode(data: bytes) -> str:
    if data.startswith(_EXCEL):
        raise _wrong(
            "Đây là tệp bảng tính, không phải CSV. Trong Excel chọn Lưu thành «CSV UTF-8»; "
            "trong LibreOffice chọn «Text CSV» với bộ ký tự UTF-8."
        )
    try:
        text = data.decode("utf-16" if data.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong(_why_undecodable(data)) from None
    if "\x00" in text:
        raise _wrong("Tệp này không phải CSV. Hãy lưu bảng thành CSV UTF-8 rồi chọn lại.")
    return unicodedata.normalize("NFC", text)


def _why_undecodable(data: bytes) -> str:
    try:
        decoding.decode(data)
    except InvalidInput:
        return (
            "Không đọc được bảng mã của tệp. Trong Excel chọn Lưu thành «CSV UTF-8»; "
            "trong LibreOffice chọn bộ ký tự «Unicode (UTF-8)»."
        )
    return (
        "Tệp được lưu bằng bảng mã Windows-1258, dễ sai dấu tiếng Việt. Hãy lưu lại: trong Excel "
        "chọn «CSV UTF-8», trong LibreOffice chọn bộ ký tự «Unicode (UTF-8)»."
    )


def _delimiter(text: str) -> tuple[str, str]:
    """The sign between cells, and the text without Excel's line that names it."""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) <= 5:
        named = first.rstrip("\r")[4:5]
        return (named if named in DELIMITERS else ",", rest)
    first = next((line for line in text.splitlines() if line.strip()), "")
    outside = "".join(first.split('"')[::2])
    return max(DELIMITERS, key=outside.count), text


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise _wrong(
                Sentence("Dòng {row}: dấu ngoặc kép đặt sai chỗ hoặc chưa đóng.", row=number + 1)
            ) from None
        number += 1
        if any(cell.strip() for cell in cells):
            yield number, cells
