"""WebVTT and SRT -> cues, checked; cues -> WebVTT. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from review.captions.decoding import decode
from review.captions.payload import normal
from review.captions.trouble import MOST_TOLD, Trouble, refuse
from review.text import Sentence

MAX_BYTES = 512 * 1024
MAX_CUES = 2000
MAX_CHARS = 500  # of one cue, as it is stored; two lines that can be read have about 80
TOLERANCE_S = 1.0  # a cue may end this long after the clip: its last frame ends earlier than it
_DAY_S = 86400.0

_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})(?:[.,](\d{1,3}))?"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_NUMBER = re.compile(r"\s*\d+\s*")
_HEADER = re.compile(r"WEBVTT(?:[ \t].*)?")
_DROPPED_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t].*)?")
ARROW = "-->"


@dataclass(frozen=True, slots=True)
class Cue:
    """``start_s`` and ``end_s``: seconds from the clip's start, whole milliseconds. ``text``: a
    payload (:mod:`review.captions.payload`)."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class _Block:
    """One cue as it stands in the file: ``line`` is that of its times."""

    line: int
    timing: str
    text: str


def read(data: bytes, *, duration_s: float | None = None) -> tuple[Cue, ...]:
    """A whole file, decoded, parsed and checked; raises :class:`InvalidInput`."""
    if len(data) > MAX_BYTES:
        kib = MAX_BYTES // 1024
        sentence = Sentence(
            "Tệp phụ đề lớn quá {kib} KB. Hãy kiểm tra xem có đúng là tệp phụ đề không.", kib=kib
        )
        raise refuse([Trouble("too_large", 1, sentence)])
    return parse(decode(data), duration_s=duration_s)


def parse(text: str, *, duration_s: float | None = None) -> tuple[Cue, ...]:
    """Cues by their start. Styles, regions, notes, positions and unknown tags are dropped, and
    cues without a word; whatever else is wrong is told with its line: :class:`InvalidInput`."""
    troubles: list[Trouble] = []
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    is_vtt = _HEADER.fullmatch(lines[0]) is not None
    cues = []
    for block in _blocks(lines, is_vtt, troubles):
        cue = _cue(block, is_vtt, duration_s, troubles)
        if cue is not None and cue.text:
            cues.append(cue)
        if len(cues) > MAX_CUES:
            break
    if len(cues) > MAX_CUES:
        words = "Có quá {most} câu phụ đề. Hãy gộp các câu ngắn lại."
        troubles.append(Trouble("too_many_cues", 1, Sentence(words, most=MAX_CUES)))
    if not cues and not troubles:
        words = "Không tìm thấy câu phụ đề nào. Hãy chọn tệp .vtt hoặc .srt có chữ và thời gian."
        troubles.append(Trouble("no_cues", 1, words))
    if troubles:
        raise refuse(troubles)
    return tuple(sorted(cues, key=lambda cue: (cue.start_s, cue.end_s)))


def _blocks(lines: Sequence[str], is_vtt: bool, troubles: list[Trouble]) -> Iterator[_Block]:
    at = _after_header(lines) if is_vtt else 0
    while at < len(lines) and len(troubles) < MOST_TOLD:
        if not lines[at].strip():
            at += 1
        elif is_vtt and _DROPPED_BLOCK.fullmatch(lines[at]):
            at = _blank_after(lines, at)
        elif ARROW in lines[at]:
            end = _end_of_text(lines, at + 1)
            yield _Block(at + 1, lines[at], "\n".join(lines[at + 1 : end]))
            at = end
        elif at + 1 < len(lines) and ARROW in lines[at + 1]:
            at += 1  # a number or a name
        else:
            at = _orphan(lines, at, troubles)


def _after_header(lines: Sequence[str]) -> int:
    """The header may go on until a blank line; a cue that follows at once is none of it."""
    for at in range(1, len(lines)):
        if not lines[at].strip() or ARROW in lines[at]:
            return at
    return len(lines)


def _blank_after(lines: Sequence[str], at: int) -> int:
    return next((i for i in range(at, len(lines)) if not lines[i].strip()), len(lines))


def _end_of_text(lines: Sequence[str], start: int) -> int:
    """Until a blank line, or the next cue where the blank line was forgotten."""
    for at in range(start, len(lines)):
        if not lines[at].strip():
            return at
        if ARROW in lines[at]:
            return at - 1 if at > start and _NUMBER.fullmatch(lines[at - 1]) else at
    return len(lines)


def _orphan(lines: Sequence[str], at: int, troubles: list[Trouble]) -> int:
    """Words without a time: to drop them would lose what somebody wrote."""
    end = _blank_after(lines, at)
    if not all(_NUMBER.fullmatch(line) for line in lines[at:end]):
        words = "Dòng {line}: có chữ nhưng không có thời gian. Hãy thêm dòng thời gian phía trên."
        troubles.append(Trouble("no_time", at + 1, Sentence(words, line=at + 1)))
    return end


def _cue(
    block: _Block, is_vtt: bool, duration_s: float | None, troubles: list[Trouble]
) -> Cue | None:
    line = block.line
    found = _TIMING.fullmatch(block.timing)
    if found is None:
        words = "Dòng {line}: thời gian chưa đúng. Hãy ghi như 00:01.500 {arrow} 00:04.000."
        sentence = Sentence(words, line=line, arrow=ARROW)
        troubles.append(Trouble("bad_time", line, sentence))
        return None
    start, end = _seconds(found.groups()[:4]), _seconds(found.groups()[4:])
    text = normal(block.text, escaped=is_vtt) if len(block.text) <= 8 * MAX_CHARS else block.text
    wrong = _wrong(line, start, end, text, duration_s)
    if wrong is not None:
        troubles.append(wrong)
    return Cue(start, end, text)


def _seconds(parts: Sequence[str | None]) -> float:
    hours, minutes, seconds, fraction = parts
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return (whole * 1000 + int((fraction or "").ljust(3, "0"))) / 1000


def _wrong(
    line: int, start: float, end: float, text: str, duration_s: float | None
) -> Trouble | None:
    if end <= start:
        words = "Dòng {line}: câu kết thúc trước khi bắt đầu. Hãy sửa lại thời gian."
        return Trouble("times_swapped", line, Sentence(words, line=line))
    last = _DAY_S if duration_s is None else duration_s + TOLERANCE_S
    if end > last:
        words = "Dòng {line}: câu kéo dài quá lúc clip kết thúc ({end}). Hãy sửa lại thời gian."
        return Trouble("after_end", line, Sentence(words, line=line, end=stamp(last - TOLERANCE_S)))
    if len(text) > MAX_CHARS:
        words = "Dòng {line}: câu dài quá {most} ký tự. Hãy tách thành nhiều câu."
        return Trouble("too_long", line, Sentence(words, line=line, most=MAX_CHARS))
    return None


def stamp(seconds: float) -> str:
    """mm:ss.mmm, or hh:mm:ss.mmm from an hour on."""
    whole, milli = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    short = f"{minute:02d}:{second:02d}.{milli:03d}"
    return f"{hours:02d}:{short}" if hours else short


def write(cues: Sequence[Cue]) -> str:
    """WebVTT: no styles, no positions, one form for the same cues."""
    blocks = [f"{stamp(c.start_s)} {ARROW} {stamp(c.end_s)}\n{c.text}\n" for c in cues]
    return "\n".join(["WEBVTT\n", *blocks])
