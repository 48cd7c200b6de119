"""Rows become clips, or a list of everything that is wrong, with row and column."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from review import manifest
from review.details import MAX_PEOPLE, Details, parse_people
from review.errors import InvalidInput
from review.manifest import Entry, Outcome
from review.manifest.columns import BY_NAME, COLUMNS


def entries(text: str, **sizes: int) -> list[Entry]:
    found = manifest.parse(manifest.read(text.encode()))
    if sizes:
        named = {f"{name}.mp4": size for name, size in sizes.items()}
        manifest.check_files(found, named.get, max_bytes=100)
    return found


def wrong(text: str, **sizes: int) -> list[tuple[int, str, str]]:
    return [(w.row, w.column, str(w.sentence)) for e in entries(text, **sizes) for w in e.wrong]


def test_the_template_is_right_in_itself() -> None:
    table = manifest.read(manifest.template().encode())
    assert table.header == [c.name for c in COLUMNS]
    first, second = manifest.parse(table)
    assert (first.wrong, second.wrong) == ([], [])
    assert (first.row, first.people_rows, second.row) == (2, [2, 3], 4)
    details, people = Details.parse(first.body), parse_people(first.body["people"])
    assert details.topics == ("safe_networks",)
    assert (details.scope, details.music, details.reenactment) == ("school", "own", True)
    assert [(p.label, [c.kind for c in p.consents]) for p in people] == [
        ("bạn áo đỏ", ["guardian", "own"]),
        ("bạn đeo kính", ["guardian", "own"]),
    ]
    given = people[0].consents[0]
    assert given.valid_until is not None
    assert given.valid_until.isoformat() == "2027-05-31T16:59:59+00:00"
    assert (given.scope, given.evidence) == ("school", "Tủ hồ sơ lớp 7A")


def test_names_of_columns_and_words_in_cells_are_read_as_people_type_them() -> None:
    text = (
        "TEP *,ten clip,Chu_De,Cho ai xem,nhac,CẢNH DIỄN LẠI,cấp học\n"
        "a.mp4,Một,ỨNG XỬ văn minh | online_learning,Lớp,Tự do,Không,thcs\n"
    )
    (entry,) = entries(text)
    assert entry.wrong == []
    assert entry.body == {
        "title": "Một",
        "summary": "",
        "topics": ["conduct", "online_learning"],
        "scope": "class",
        "music": "free",
        "reenactment": False,
        "level": "lower_secondary",
        "people": [],
    }
    assert len(BY_NAME) == 2 * len(COLUMNS)


@pytest.mark.parametrize(
    ("row", "column", "sentence"),
    [
        (",Một,,,,,,", "Tệp", "Hãy ghi tên tệp của clip."),
        ("a.mp4,,,,,,,", "Tên clip", "Hãy đặt tên cho clip."),
        (f"a.mp4,{'x' * 121},,,,,,", "Tên clip", "Nhiều nhất 120 ký tự."),
        ("a.mp4,Một,sức khỏe,,,,,", "Chủ đề", "Phải là một trong: Tâm lý và hỗ trợ"),
        ("a.mp4,Một,,làng,,,,", "Cho ai xem", "trong lớp, trong trường, thư viện, mọi người"),
        ("a.mp4,Một,,,lậu,,,", "Nhạc", "tự làm, được phép, chưa rõ"),
        ("a.mp4,Một,,,,có lẽ,,", "Cảnh diễn lại", "Hãy ghi «có» hoặc «không»."),
        ("a.mp4,Một,,,,,,có", "Người trong clip", "Hãy ghi cách gọi"),
        ("a.mp4,Một,,,,,,,thừa", "", "nhiều ô hơn số cột"),
    ],
)
def test_each_wrong_cell_is_named_once(row: str, column: str, sentence: str) -> None:
    head = "file,title,topics,scope,music,reenactment,person,guardian consent\n"
    ((line, name, told),) = wrong(head + row)
    assert (line, name) == (2, column)
    assert sentence in told


def test_people_in_rows_of_their_own_are_checked_in_their_own_row() -> None:
    text = (
        "file;title;person;assent;valid until;consent scope\n"
        "a.mp4;Một;bạn áo đỏ;có;31/02/2027;\n"
        ";;Bạn Áo Đỏ;có;2027-05-31;\n"
        ";;bạn áo xanh;chắc thế;1.6.2027;xã\n"
    )
    assert [(row, column) for row, column, _ in wrong(text)] == [
        (2, "Đồng ý đến ngày"),
        (3, "Người trong clip"),
        (4, "Đồng ý cho ai xem"),
        (4, "Bạn ấy đồng ý"),
    ]
    crowd = "file;title;person\n" + "".join(
        f"{'a.mp4;Một' if not n else ';'};bạn {n}\n" for n in range(MAX_PEOPLE + 1)
    )
    assert ("Người trong clip", "Nhiều nhất 40 người.") in [(c, s) for _, c, s in wrong(crowd)]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("file,title,tên thật", {"columns": "Không có cột này: tên thật."}),
        ("file,summary", {"missing": "Thiếu cột: Tên clip."}),
        ("file,title,Tệp", {"twice": "Cột có hai lần: Tệp."}),
        (
            "một cột lạ",
            {
                "columns": "Không có cột này: một cột lạ.",
                "missing": "Thiếu cột: Tệp, Tên clip.",
            },
        ),
        ("file,title", {"manifest": "Bảng chỉ có dòng tên cột, chưa có clip nào."}),
    ],
)
def test_a_wrong_header_is_told_as_a_whole(header: str, told: dict[str, str]) -> None:
    rows = "" if header == "file,title" else "\na,b,c"
    with pytest.raises(InvalidInput) as refused:
        entries(header + rows)
    assert refused.value.errors == told


def test_more_clips_than_a_run_takes() -> None:
    with pytest.raises(InvalidInput) as refused:
        entries("file,title\n" + "a.mp4,Một\n" * 201)
    assert refused.value.errors == {"manifest": "Nhiều nhất 200 clip một lần."}


def test_files_are_there_once_and_not_too_large() -> None:
    text = "file,title\na.mp4,Một\nA.MP4,Hai\nb.mp4,Ba\nc.mp4,Bốn\nd.mp4,Năm\n"
    told = wrong(text, a=100, b=0, c=101)
    assert [(row, column) for row, column, _ in told] == [(r, "Tệp") for r in (3, 4, 5, 6)]
    assert told[0][2] == "Tệp này đã có ở dòng 2."
    assert "không có dữ liệu" in told[1][2]
    assert "lớn quá mức" in told[2][2]
    assert told[3][2].startswith("Không thấy tệp này.")


def cells(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=";"))


def test_the_report_runs_nothing_in_a_spreadsheet() -> None:
    starts = ("=1+1", "+84", "-1", "@SUM(A1)", "\tx", "\rx", "＝1", 'a"b;c', "thường")
    rows: list[Any] = [Outcome(2, s, s, "unsent", s, "") for s in starts]
    head, *found = cells(manifest.as_csv(rows))
    assert head == ["Dòng", "Tệp", "Tên clip", "Kết quả", "Điều cần biết", "Clip"]
    assert [r[1] for r in found] == [f"'{s}" for s in starts[:7]] + list(starts[7:])
    assert not any(c.startswith(("=", "+", "-", "@", "\t", "\r")) for r in found for c in r)
    assert {r[3] for r in found} == {"chưa gửi"}
