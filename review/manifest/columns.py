"""The columns of the spreadsheet and the words of their cells. Case, marks and underscores make no
difference: people type "Chủ đề", "chu de" and "TOPICS"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from review import search
from review.details import TOPICS


@dataclass(frozen=True, slots=True)
class Column:
    """``key``: the English name; ``name``: the Vietnamese one. A table may have either."""

    key: str
    name: str
    needed: bool = False
    person: bool = False  # of the people in the clip: may stand in rows of their own


COLUMNS: tuple[Column, ...] = (
    Column("file", "Tệp", needed=True),
    Column("title", "Tên clip", needed=True),
    Column("summary", "Mô tả"),
    Column("topics", "Chủ đề"),
    Column("scope", "Cho ai xem"),
    Column("music", "Nhạc"),
    Column("reenactment", "Cảnh diễn lại"),
    Column("level", "Cấp học"),
    Column("language", "Ngôn ngữ"),
    Column("licence", "Giấy phép"),
    Column("credit", "Ghi nguồn"),
    Column("campaign", "Cuộc vận động"),
    Column("person", "Người trong clip", person=True),
    Column("under seven", "Dưới 7 tuổi", person=True),
    Column("guardian consent", "Cha mẹ đồng ý", person=True),
    Column("assent", "Bạn ấy đồng ý", person=True),
    Column("consent scope", "Đồng ý cho ai xem", person=True),
    Column("valid until", "Đồng ý đến ngày", person=True),
    Column("evidence", "Giấy đồng ý", person=True),
)


def fold(text: str) -> str:
    """Without marks, in lower case, with single spaces."""
    return " ".join(search.fold(text).replace("_", " ").replace("*", " ").split())


BY_NAME: Mapping[str, Column] = {fold(n): c for c in COLUMNS for n in (c.key, c.name)}

YES = frozenset({"co", "x", "1", "true", "yes", "y", "dung", "roi", "dong y"})
NO = frozenset({"", "khong", "0", "false", "no", "n", "chua", "sai"})
SCOPES: Mapping[str, str] = {
    **dict.fromkeys(("class", "lop", "trong lop"), "class"),
    **dict.fromkeys(("school", "truong", "trong truong"), "school"),
    **dict.fromkeys(("library", "thu vien", "cac thu vien"), "library"),
    **dict.fromkeys(("public", "cong khai", "moi nguoi"), "public"),
}
MUSIC: Mapping[str, str] = {
    **dict.fromkeys(("own", "tu lam", "khong co", "khong co nhac"), "own"),
    **dict.fromkeys(("free", "tu do", "duoc phep", "duoc phep dung"), "free"),
    **dict.fromkeys(("unknown", "chua ro", "khong ro"), "unknown"),
}
LEVELS: Mapping[str, str] = {
    **dict.fromkeys(("kindergarten", "mam non", "mau giao"), "kindergarten"),
    **dict.fromkeys(("primary", "tieu hoc"), "primary"),
    **dict.fromkeys(("lower secondary", "thcs", "trung hoc co so"), "lower_secondary"),
    **dict.fromkeys(("other", "khac"), "other"),
}
LANGUAGES: Mapping[str, str] = {
    **dict.fromkeys(("vi", "tieng viet", "viet"), "vi"),
    **dict.fromkeys(("en", "tieng anh", "anh", "english"), "en"),
}
# How a cell that takes one of a few words may be filled in, in words of the office.
SHOWN: Mapping[str, str] = {
    **dict.fromkeys(("scope", "consent scope"), "trong lớp, trong trường, thư viện, mọi người"),
    "music": "tự làm, được phép, chưa rõ",
    "level": "mầm non, tiểu học, THCS, khác",
    "language": "vi, en",
}
TOPIC_WORDS: Mapping[str, str] = {fold(w): code for code, n in TOPICS.items() for w in (code, n)}
