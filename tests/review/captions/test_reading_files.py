"""Caption files as they come: encodings, two formats, every kind of damage."""

from __future__ import annotations

import codecs
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.captions.cues import MAX_BYTES, MAX_CHARS, MAX_CUES, Cue, parse, read, write
from review.captions.decoding import decode
from review.captions.payload import normal, plain
from review.errors import InvalidInput

SAID = "Được, các bạn nhỏ ạ! Ế, ợ, ặ, ỹ: “đường” – Huế…"
VTT = f"WEBVTT\n\n00:01.000 --> 00:02.500\n{SAID}\n"
SRT = f"1\r\n00:00:01,000 --> 00:00:02,500\r\n{SAID}\r\n"
CUES = (Cue(1.0, 2.5, SAID),)


def windows_1258(text: str) -> bytes:
    """As Vietnamese Windows wrote it: the tone stands behind its letter."""
    made = b""
    for char in text:
        try:
            made += char.encode("cp1258")
        except UnicodeEncodeError:
            made += _with_tone(char)
    return made


def _with_tone(char: str) -> bytes:
    parts = unicodedata.normalize("NFD", char)
    for tone in parts[1:]:
        base = unicodedata.normalize("NFC", parts.replace(tone, "", 1))
        try:
            return base.encode("cp1258") + tone.encode("cp1258")
        except UnicodeEncodeError:
            continue
    raise AssertionError(char)


ENCODINGS = {
    "UTF-8": str.encode,
    "UTF-8 with its mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "UTF-16 LE": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "UTF-16 BE": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "windows-1258": windows_1258,
    "UTF-8 in NFD": lambda text: unicodedata.normalize("NFD", text).encode(),
}


@pytest.mark.parametrize("text", [VTT, SRT], ids=["WebVTT", "SRT"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_same_words_from_every_encoding(encoding: str, text: str) -> None:
    assert read(ENCODINGS[encoding](text)) == CUES


TCVN3 = "1\n00:00:01,000 --> 00:00:02,000\nMét ngµy kh¸c, ®i häc\n".encode("latin-1")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(VTT.encode("utf-16-le"), id="UTF-16 without its mark"),
        pytest.param(VTT.encode("utf-32"), id="UTF-32"),
        pytest.param(TCVN3, id="TCVN3"),
        pytest.param(b"\xff\xfe\x00", id="half a letter"),
        pytest.param(codecs.BOM_UTF8 + b"\xff\xff", id="a mark that lies"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", id="a picture"),
        pytest.param(b"a\xec\xec\xec --> \x8d", id="bytes of nothing"),
    ],
)
def test_what_can_not_be_read_is_told_to_be_saved_as_utf_8(data: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(data)
    assert list(caught.value.errors) == ["captions.1.unknown_encoding"]
    assert "lưu lại dạng UTF-8" in caught.value.errors["captions.1.unknown_encoding"]


ONE = "00:01.000 --> 00:02.000\n"
STYLED = """WEBVTT Tiêu đề
Kind: captions

NOTE
nói

STYLE
::cue { color: red }

REGION
id:x

"""
READ = {
    "a plain file": (f"WEBVTT\n\n{ONE}a\n", ["a"]),
    "a title, a note, a style, a region": (
        f"{STYLED}id 7\n{ONE}a\n",
        ["a"],
    ),
    "no blank line after the header": (f"WEBVTT\n{ONE}a\n", ["a"]),
    "positions": ("WEBVTT\n\n00:01.000 --> 00:02.000 align:start line:0%\na\n", ["a"]),
    "voices, classes, times inside": (
        f"WEBVTT\n\n{ONE}<v Lan>Chào <c.red>bạn</c> <00:01.500>nhé</v>\n",
        ["Chào bạn nhé"],
    ),
    "bold, italic, underline stay and are closed": (
        f"WEBVTT\n\n{ONE}<b>a <i>b</b> c</i> <u>d\n",
        ["<b>a <i>b</i></b> c <u>d</u>"],
    ),
    "a script is only words": (
        f"WEBVTT\n\n{ONE}<script>alert(1)</script><img src=x onerror=y>a\n",
        ["alert(1)a"],
    ),
    "escaped signs": (f"WEBVTT\n\n{ONE}1 &lt; 2 &amp; 3&nbsp;4\n", ["1 &lt; 2 &amp; 3 4"]),
    "signs that are no tags": (
        f"WEBVTT\n\n{ONE}<3 a < b & c > d\n",
        ["&lt;3 a &lt; b &amp; c &gt; d"],
    ),
    "old Mac lines": (f"WEBVTT\n\n{ONE}a\n".replace("\n", "\r"), ["a"]),
    "SRT with styles": (
        '1\n00:00:01,000 --> 00:00:02,000\n{\\an8}<font color="red">a</font> &amp; b\n',
        ["a &amp;amp; b"],
    ),
    "SRT without numbers and blank lines": (
        "00:00:01,0 --> 00:00:02\na\n00:00:03.5 --> 00:00:04.25\nb",
        ["a", "b"],
    ),
    "SRT whose blank lines were lost": (
        "1\n00:00:01,000 --> 00:00:02,000\na\n2\n00:00:03,000 --> 00:00:04,000\nb",
        ["a", "b"],
    ),
    "out of order": (f"WEBVTT\n\n00:05.000 --> 00:06.000\nb\n\n{ONE}a\n", ["a", "b"]),
    "cues without a word are left out": (
        f"WEBVTT\n\n{ONE}<b> </b>\n\n{ONE}\n\n{ONE}\u200b\n\n{ONE}a\n",
        ["a"],
    ),
    "signs that nobody sees": (f"WEBVTT\n\n{ONE}a\u202eb\u200b c\x07\n", ["ab c"]),
    "a flood of marks": (f"WEBVTT\n\n{ONE}a{chr(0x327) * 40}\n", [f"a{chr(0x327) * 4}"]),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_read(name: str) -> None:
    text, said = READ[name]
    assert [cue.text for cue in parse(text)] == said


def test_times_are_read_to_the_millisecond() -> None:
    text = "1:02:03,4 --> 1:02:03,45\na\n\n00:59 --> 1:00.007\nb\n"
    assert parse(text) == (Cue(59.0, 60.007, "b"), Cue(3723.4, 3723.45, "a"))


LONG = "a" * (MAX_CHARS + 1)
MANY = "WEBVTT\n\n" + f"{ONE}a\n\n" * (MAX_CUES + 1)
REFUSED = {
    "empty": ("", ["1.no_cues"]),
    "only a header": ("WEBVTT\n", ["1.no_cues"]),
    "no captions at all": ("Một bài văn.\nHai dòng.", ["1.no_time"]),
    "a web page": ("<!DOCTYPE html><p>x</p>", ["1.no_time"]),
    "an arrow without times": ("WEBVTT\n\nmột --> hai\na\n", ["3.bad_time"]),
    "letters among the times": ("WEBVTT\n\n00:0x.000 --> 00:02.000\na\n", ["3.bad_time"]),
    "backwards": ("WEBVTT\n\n00:02.000 --> 00:01.000\na\n", ["3.times_swapped"]),
    "no length": ("WEBVTT\n\n00:02.000 --> 00:02.000\na\n", ["3.times_swapped"]),
    "after the clip": ("WEBVTT\n\n00:01.000 --> 00:14.000\na\n", ["3.after_end"]),
    "words without a time": (f"WEBVTT\n\n{ONE}a\n\nmồ côi\n", ["6.no_time"]),
    "too long": (f"WEBVTT\n\n{ONE}{LONG}\n", ["3.too_long"]),
    "too many": (MANY, ["1.too_many_cues"]),
    "several at once": (
        "WEBVTT\n\nx --> y\na\n\n00:02.000 --> 00:01.000\nb\n",
        ["3.bad_time", "6.times_swapped"],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_told_with_its_line(name: str) -> None:
    text, codes = REFUSED[name]
    with pytest.raises(InvalidInput) as caught:
        parse(text, duration_s=12.5)
    errors = caught.value.errors
    assert [field.removeprefix("captions.") for field in errors] == codes
    for code, sentence in zip(codes, errors.values(), strict=True):
        line = code.partition(".")[0]
        assert line == "1" or f"Dòng {line}:" in sentence


def test_a_file_that_is_too_large_is_not_read_at_all() -> None:
    with pytest.raises(InvalidInput) as caught:
        read(b"\x00" * (MAX_BYTES + 1))
    assert list(caught.value.errors) == ["captions.1.too_large"]


def test_a_broken_file_is_told_in_twenty_lines() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse("x --> y\n\n" * 1000)
    assert len(caught.value.errors) == 20


def test_the_last_cue_may_end_a_little_after_the_last_frame() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:13.400\na\n"
    assert parse(text, duration_s=12.5) == (Cue(1.0, 13.4, "a"),)


def test_one_form_is_written() -> None:
    cues = (Cue(0.0, 1.5, "<b>a</b>"), Cue(3723.004, 3724.0, "hai\ndòng"))
    assert write(cues) == (
        "WEBVTT\n\n00:00.000 --> 00:01.500\n<b>a</b>\n\n01:02:03.004 --> 01:02:04.000\nhai\ndòng\n"
    )


WORDS = st.text(max_size=80) | st.text("<>/biu&;amp ltgáệ\n-\u0301{\\}", max_size=40)
TEXTS = st.builds(normal, WORDS, escaped=st.booleans()).filter(bool)


@st.composite
def cue_lists(draw: st.DrawFn) -> tuple[Cue, ...]:
    made = []
    for text in draw(st.lists(TEXTS, min_size=1, max_size=5)):
        start = draw(st.integers(0, 80_000_000))
        made.append(Cue(start / 1000, (start + draw(st.integers(1, 5_000_000))) / 1000, text))
    return tuple(sorted(made, key=lambda cue: (cue.start_s, cue.end_s)))


@given(cue_lists())
def test_what_is_written_is_read_back(cues: tuple[Cue, ...]) -> None:
    assert parse(write(cues)) == cues
    assert read(write(cues).encode()) == cues


@given(WORDS, st.booleans())
def test_a_payload_is_safe_and_stays_as_it_is(raw: str, escaped: bool) -> None:
    payload = normal(raw, escaped=escaped)
    assert normal(payload, escaped=True) == payload
    bare = payload
    for name in "biu":
        assert payload.count(f"<{name}>") == payload.count(f"</{name}>")
        bare = bare.replace(f"<{name}>", "").replace(f"</{name}>", "")
    assert "<" not in bare
    assert ">" not in bare
    assert "\n\n" not in payload
    assert bool(plain(payload).strip()) == bool(payload)


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_whatever_bytes_come_they_are_read_or_refused(data: bytes) -> None:
    try:
        cues = read(data, duration_s=60.0)
    except InvalidInput:
        return
    assert cues
    assert parse(write(cues)) == cues


PIECES = st.lists(
    st.sampled_from(
        ["WEBVTT", "\n", "\n\n", "\r\n", "1", "00:01.000", " --> ", "00:02,5", "99:99:99", "NOTE x",
         "STYLE", "<b>", "</i>", "chữ", "-->", " line:0", "\ufeff", "\u2028", "\x0c", "\x85"]
    ),
    max_size=25,
)  # fmt: skip


@given(PIECES)
def test_whatever_pieces_come_they_are_read_or_refused(pieces: list[str]) -> None:
    try:
        cues = parse("".join(pieces))
    except InvalidInput:
        return
    assert parse(write(cues)) == cues


def test_a_hostile_file_is_read_in_linear_time() -> None:
    """Half a MiB of brackets, arrows and entities: no pattern of ours goes back and forth in it."""
    for piece in ("<", "<b", "&lt;", "{\\", "a-->", "<b>", "<x>b>", " ", "0:"):
        text = f"WEBVTT\n\n{ONE}" + piece * (MAX_BYTES // len(piece) // 2)
        with pytest.raises(InvalidInput):
            parse(text)


def test_decoding_a_file_of_many_tones(tmp_path: Path) -> None:
    every = "".join(
        unicodedata.normalize("NFC", letter + tone)
        for letter in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
        for tone in ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
    )
    path = tmp_path / "cũ.srt"
    path.write_bytes(windows_1258(every + "đĐ"))
    assert decode(path.read_bytes()) == every + "đĐ"
