"""What came of each row, as a CSV that a spreadsheet opens without running anything; and the table
to start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from review.manifest.columns import COLUMNS
from review.spreadsheet import csv_text


@dataclass(frozen=True, slots=True)
class Outcome:
    """``result``: sent | there | wrong | unsent; ``told``: sentences; ``clip``: its page or id."""

    row: int
    file: str
    title: str
    result: str
    told: str = ""
    clip: str = ""


RESULTS = {
    "sent": "đã gửi",
    "there": "đã gửi từ trước",
    "wrong": "có chỗ sai, chưa gửi",
    "unsent": "chưa gửi",
}
HEADER = ("Dòng", "Tệp", "Tên clip", "Kết quả", "Điều cần biết", "Clip")
# A table to start from: two clips, of which the first has two children in it.
EXAMPLES: tuple[dict[str, str], ...] = (
    {
        "file": "clip-01.mp4",
        "title": "Không chia sẻ mật khẩu",
        "summary": "Hai bạn kể vì sao mật khẩu là của riêng mình.",
        "topics": "Dùng mạng xã hội an toàn",
        "scope": "trong trường",
        "music": "tự làm",
        "reenactment": "có",
        "person": "bạn áo đỏ",
        "under seven": "không",
        "guardian consent": "có",
        "assent": "có",
        "consent scope": "trong trường",
        "valid until": "31/5/2027",
        "evidence": "Tủ hồ sơ lớp 7A",
    },
    {"person": "bạn đeo kính", "guardian consent": "có", "assent": "có"},
    {"file": "clip-02.mp4", "title": "Chào hỏi khi học trực tuyến"},
)


_ENGLISH = {
    "Không chia sẻ mật khẩu": "Never share a password",
    "Hai bạn kể vì sao mật khẩu là của riêng mình.": "Two friends tell why it is one's own.",
    "Dùng mạng xã hội an toàn": "safe_networks",
    "trong trường": "school",
    "tự làm": "own",
    "có": "yes",
    "không": "no",
    "bạn áo đỏ": "the child in red",
    "bạn đeo kính": "the child with glasses",
    "31/5/2027": "2027-05-31",
    "Tủ hồ sơ lớp 7A": "Files of class 7A",
    "Chào hỏi khi học trực tuyến": "Greetings in online lessons",
}


def as_csv(
    outcomes: Iterable[Outcome], delimiter: str = ";", words: Callable[[str], str] = str
) -> str:
    """``words``: translates the header and the results."""
    rows = [
        (str(o.row), o.file, o.title, words(RESULTS[o.result]), o.told, o.clip) for o in outcomes
    ]
    return csv_text([[words(name) for name in HEADER], *rows], delimiter)


def template(*, english: bool = False, delimiter: str = ";") -> str:
    """All columns, in the reader's language, with examples."""
    cells = [[line.get(c.key, "") for c in COLUMNS] for line in EXAMPLES]
    rows = [[_ENGLISH.get(t, t) for t in line] for line in cells] if english else cells
    return csv_text([[c.key if english else c.name for c in COLUMNS], *rows], delimiter)
