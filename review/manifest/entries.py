"""Rows -> one entry for each clip: the body that the API takes, or everything that is wrong."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from review.classcodes import end_of
from review.details import MAX_PEOPLE, SUMMARY_LIMIT, TITLE_LIMIT, TOPICS, Details, parse_people
from review.errors import InvalidInput
from review.manifest import columns
from review.manifest.columns import BY_NAME, COLUMNS, Column, fold
from review.manifest.table import Table
from review.problems import message
from review.text import Sentence, clean, one_of

MAX_CLIPS = 200
_LISTED = re.compile(r"[|;,\n]")
_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})|(\d{4})-(\d{1,2})-(\d{1,2})")
# Field of the API -> column, where they are not called alike.
_COLUMN_OF = {
    "label": "person",
    "under_seven": "under seven",
    "guardian_consent": "guardian consent",
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong. ``row``: as the spreadsheet counts; ``column``: its Vietnamese
    name, empty for the whole row."""

    row: int
    column: str
    sentence: str


@dataclass(slots=True)
class Entry:
    """One clip. ``body``: as ``POST /api/v1/clips`` takes it, without the upload."""

    row: int
    file: str
    body: dict[str, Any] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)
    people_rows: list[int] = field(default_factory=list)

    @property
    def title(self) -> str:
        return str(self.body.get("title", ""))


Cells = Mapping[str, str]


def parse(table: Table) -> list[Entry]:
    """Every clip of the table, right or wrong. Raises :class:`InvalidInput` for what is wrong with
    the table as a whole (columns, no clip at all, too many)."""
    order = _columns(table.header)
    entries: list[Entry] = []
    for row, texts in table.rows:
        cells = {c.key: t.strip() for c, t in zip(order, texts, strict=False) if c is not None}
        if not cells.get("file") and not cells.get("title") and cells.get("person") and entries:
            _add_person(entries[-1], row, cells)
            continue
        entries.append(_entry(row, cells, _surplus(order, texts)))
    if not entries:
        raise InvalidInput(manifest="Bảng chỉ có dòng tên cột, chưa có clip nào.")
    if len(entries) > MAX_CLIPS:
        raise InvalidInput(manifest=Sentence("Nhiều nhất {count} clip một lần.", count=MAX_CLIPS))
    for entry in entries:
        _check(entry)
    return entries


def _columns(header: list[str]) -> list[Column | None]:
    found = [BY_NAME.get(fold(name)) for name in header]
    wrong: dict[str, str] = {}
    unknown = [name for name, c in zip(header, found, strict=True) if c is None and name]
    if unknown:
        wrong["columns"] = Sentence("Không có cột này: {names}.", names=", ".join(unknown))
    known = [c for c in found if c is not None]
    if len(known) != len(set(known)):
        twice = sorted({c.name for c in known if known.count(c) > 1})
        wrong["twice"] = Sentence("Cột có hai lần: {names}.", names=", ".join(twice))
    missing = [c.name for c in COLUMNS if c.needed and c not in known]
    if missing:
        wrong["missing"] = Sentence("Thiếu cột: {names}.", names=", ".join(missing))
    if wrong:
        raise InvalidInput(**wrong)
    return found


def _surplus(order: list[Column | None], texts: list[str]) -> bool:
    """Something stands where there is no column: a sign between cells inside a cell."""
    beyond = texts[len(order) :]
    nameless = [t for c, t in zip(order, texts, strict=False) if c is None]
    return any(t.strip() for t in [*beyond, *nameless])


def _entry(row: int, cells: Cells, surplus: bool) -> Entry:
    entry = Entry(row, unicodedata.normalize("NFC", cells.get("file", "")))
    say = _sayer(entry, row)
    if surplus:
        say("", "Dòng có nhiều ô hơn số cột. Ô chứa dấu phân cách thì đặt trong ngoặc kép.")
    if not entry.file:
        say("file", "Hãy ghi tên tệp của clip.")
    body: dict[str, Any] = {
        "title": _short(say, "title", cells, TITLE_LIMIT),
        "summary": _short(say, "summary", cells, SUMMARY_LIMIT),
        "topics": _topics(say, cells),
        "reenactment": _flag(say, "reenactment", cells),
        "people": [],
    }
    for key, words in (
        ("scope", columns.SCOPES),
        ("music", columns.MUSIC),
        ("level", columns.LEVELS),
        ("language", columns.LANGUAGES),
    ):
        if cells.get(key):
            body[key] = _word(say, key, cells, words)
    for key in ("licence", "credit", "campaign"):
        if cells.get(key):
            body[key] = cells[key]
    entry.body = body
    if cells.get("person"):
        _add_person(entry, row, cells)
    elif any(cells.get(c.key) for c in COLUMNS if c.person):
        say("person", "Hãy ghi cách gọi, ví dụ «bạn áo đỏ».")
    return entry


Say = Callable[[str, str], None]


def _sayer(entry: Entry, row: int) -> Say:
    def say(key: str, sentence: str) -> None:
        name = next((c.name for c in COLUMNS if c.key == key), "")
        entry.wrong.append(Wrong(row, name, sentence))

    return say


def _short(say: Say, key: str, cells: Cells, limit: int) -> str:
    """The API cuts what is too long; here somebody is asked, since nobody sees the field."""
    text = clean(cells.get(key, ""), limit=10 * limit, multiline=key == "summary")
    if len(text) > limit:
        say(key, Sentence("Nhiều nhất {count} ký tự.", count=limit))
    return text


def _flag(say: Say, key: str, cells: Cells) -> bool:
    word = fold(cells.get(key, ""))
    if word not in columns.YES and word not in columns.NO:
        say(key, "Hãy ghi «có» hoặc «không».")
    return word in columns.YES


def _word(say: Say, key: str, cells: Cells, words: Mapping[str, str]) -> str | None:
    found = words.get(fold(cells[key]))
    if found is None:
        say(key, one_of([columns.SHOWN[key]]))
    return found


def _topics(say: Say, cells: Cells) -> list[str]:
    found = []
    for part in filter(None, map(fold, _LISTED.split(cells.get("topics", "")))):
        code = columns.TOPIC_WORDS.get(part) or columns.TOPIC_WORDS.get(part.replace(" ", "_"))
        if code is None:
            say("topics", one_of(TOPICS.values()))
            break
        found.append(code)
    return list(dict.fromkeys(found))


def _add_person(entry: Entry, row: int, cells: Cells) -> None:
    say = _sayer(entry, row)
    given: dict[str, Any] = {"evidence": cells.get("evidence", "")}
    if cells.get("consent scope"):
        given["scope"] = _word(say, "consent scope", cells, columns.SCOPES)
    if cells.get("valid until"):
        given["valid_until"] = _day(say, cells["valid until"])
    person: dict[str, Any] = {
        "label": cells["person"],
        "under_seven": _flag(say, "under seven", cells),
    }
    for key, name in (("guardian consent", "guardian_consent"), ("assent", "assent")):
        if _flag(say, key, cells):
            person[name] = given
    people = entry.body.setdefault("people", [])
    labels = [clean(p["label"], limit=80).casefold() for p in people]
    if clean(person["label"], limit=80).casefold() in labels:
        say("person", "Cách gọi này đã có.")
    if len(people) == MAX_PEOPLE:
        say("person", Sentence("Nhiều nhất {count} người.", count=MAX_PEOPLE))
    people.append(person)
    entry.people_rows.append(row)


def _day(say: Say, text: str) -> str | None:
    """The last second of the day in Viet Nam: "31/5/2027" or "2027-05-31"."""
    match = _DAY.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        d, m, y, iso_y, iso_m, iso_d = match.groups()
        day = date(int(y or iso_y), int(m or iso_m), int(d or iso_d))
        ends: datetime = end_of(day)
    except (ValueError, OverflowError):
        say("valid until", "Cần là ngày, ví dụ 31/5/2027.")
        return None
    return ends.isoformat()


def _check(entry: Entry) -> None:
    """By the very rules that the API has; what was told already is not told twice."""
    told = {w.column for w in entry.wrong}
    say = _sayer(entry, entry.row)
    for rule in (Details.parse, lambda body: parse_people(body["people"])):
        try:
            rule(entry.body)
        except InvalidInput as error:
            for name, sentence in error.errors.items():
                key = name.rpartition(".")[2]
                key = _COLUMN_OF.get(key, key)
                if not any(c.key == key and c.name in told for c in COLUMNS):
                    say(key, sentence)


def check_files(
    entries: list[Entry],
    size_of: Callable[[str], int | None],
    *,
    max_bytes: int,
    name_of: Callable[[str], str] = str.casefold,
) -> None:
    """Adds what is wrong with the files. ``size_of``: bytes of a file, None where there is none;
    ``name_of``: equal for two names of one file."""
    seen: dict[str, int] = {}
    for entry in entries:
        if not entry.file:
            continue
        say = _sayer(entry, entry.row)
        name = name_of(entry.file)
        size = size_of(entry.file)
        if name in seen:
            say("file", Sentence("Tệp này đã có ở dòng {row}.", row=seen[name]))
        elif size is None:
            say("file", "Không thấy tệp này. Hãy chọn tệp ấy, hoặc sửa tên trong bảng.")
        elif size == 0:
            say("file", message("empty_file"))
        elif size > max_bytes:
            say("file", message("too_large"))
        seen.setdefault(name, entry.row)
