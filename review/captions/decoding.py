"""The bytes of a caption file -> text in NFC. Old Vietnamese files come in many encodings."""

from __future__ import annotations

import codecs
import re
import unicodedata

from review.captions.trouble import Trouble, refuse
from review.text import nfc

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARKS = ("Mn", "Me")
# Letters of TCVN3 (ABC), read as windows-1258: "ngµy", "kh¸c", "®i". No text of ours has them.
_TCVN3 = re.compile(r"[^\W\d_][¸¶¹¬®µ·]|[¸¶¹¬®µ·][^\W\d_]")


def decode(data: bytes) -> str:
    """The text, in NFC, without its byte order mark; raises :class:`InvalidInput`.

    UTF-8 and UTF-16 by their marks, UTF-8 without one, else windows-1258, whose letters carry
    their tones as marks of their own.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _with_bom(data, name)
    if b"\x00" in data:
        raise _unknown()
    try:
        return nfc(data.decode("utf-8"))
    except UnicodeDecodeError:
        return _windows_1258(data)


def _with_bom(data: bytes, name: str) -> str:
    try:
        text = data.decode(name)
    except UnicodeDecodeError:
        raise _unknown() from None
    if "\x00" in text:
        raise _unknown()
    return nfc(text)


def _windows_1258(data: bytes) -> str:
    """Every tone of a real file finds its vowel; a mark that is left over says that the file was
    written in something else."""
    try:
        text = nfc(data.decode("cp1258"))
    except UnicodeDecodeError:
        raise _unknown() from None
    if _TCVN3.search(text) or any(unicodedata.category(c) in _MARKS for c in text):
        raise _unknown()
    return text


def _unknown() -> Exception:
    words = "Không đọc được bảng mã của tệp phụ đề. Hãy mở tệp, lưu lại dạng UTF-8 rồi gửi lại."
    return refuse([Trouble("unknown_encoding", 1, words)])
