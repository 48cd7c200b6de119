"""Typed text is normalised once, on the way in."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from review.text import Sentence, clean, one_of

FAMILY = "👨\u200d👩\u200d👧"

CASES = {
    "Không chia sẻ mật khẩu": "Không chia sẻ mật khẩu",
    unicodedata.normalize("NFD", "Ứng xử văn minh"): "Ứng xử văn minh",
    "  hai   khoảng\u00a0trắng ": "hai khoảng trắng",
    "một\nhai\tba": "một hai ba",
    "một\u2028hai": "một hai",
    "abc\u202egnp.exe": "abcgnp.exe",  # right-to-left override
    "pass\u200bword\ufeff": "password",
    "a\x00b\x1b[31mc": "ab[31mc",
    "\ud800lẻ": "lẻ",  # a lone surrogate can not be stored
    f"gia đình {FAMILY}": f"gia đình {FAMILY}",
    "❤\ufe0f\u200d🔥": "❤\ufe0f\u200d🔥",
    "c\u200dhat": "chat",  # the joiner of emoji hides nothing in a word
    "\u200d\u200d": "",
    "a\u200b\u0301": "á",  # composed once what stood between is gone
    "Z" + "\u0335" * 40: "Z" + "\u0335" * 4,
    "Z" + "\u20dd" * 40: "Z" + "\u20dd" * 4,
    "Z" + ("\u0335" * 4 + "\u200d") * 9: "Z" + "\u0335" * 4,
}


@pytest.mark.parametrize("typed", CASES)
def test_one_line(typed: str) -> None:
    assert clean(typed, limit=200) == CASES[typed]


def test_several_lines_keep_their_breaks() -> None:
    typed = "\r\n một \r\n\t hai  ba\n\n bốn \n"
    assert clean(typed, limit=200, multiline=True) == "một\nhai ba\n\nbốn"
    assert clean(typed, limit=200) == "một hai ba bốn"


def test_the_limit_counts_letters_as_people_see_them() -> None:
    typed = unicodedata.normalize("NFD", "ệ" * 130)
    assert clean(typed, limit=120) == "ệ" * 120
    assert clean("một hai", limit=4) == "một"


@given(st.text(), st.integers(1, 40), st.booleans())
@example("a\u0301\u200b\u0323", 40, True)
@example("👨\u200d👩", 2, False)
@example("\u0301" * 9 + "\u200d", 40, False)
def test_what_is_clean_stays_so(text: str, limit: int, multiline: bool) -> None:
    cleaned = clean(text, limit=limit, multiline=multiline)
    assert clean(cleaned, limit=limit, multiline=multiline) == cleaned
    assert len(cleaned) <= limit
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == cleaned.strip()
    kinds = {unicodedata.category(c) for c in cleaned if c not in "\n\u200d"}
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Cn"}
    assert multiline or "\n" not in cleaned
    cleaned.encode()


def test_a_sentence_keeps_its_template_for_translation() -> None:
    sentence = Sentence("Nhiều nhất {count} người.", count=40)
    assert (sentence, sentence.template) == ("Nhiều nhất 40 người.", "Nhiều nhất {count} người.")
    assert sentence.values == {"count": 40}
    assert one_of(["a", "b"]) == "Phải là một trong: a, b."
