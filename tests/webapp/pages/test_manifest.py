"""The page of the hand-in by spreadsheet: what its check says."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from review.models import Clip
from review.policy import Role
from tests.webapp.pages.conftest import Browser
from tests.world import World

Visitor = Callable[..., Browser]
TABLE = "Tệp;Tên clip;Nhạc\nbài.mp4;Một;tự làm\nkhông có.mp4;;lậu\n"


def check(person: Browser, table: bytes, files: Any = ()) -> tuple[int, Any]:
    told = {"csrf_token": person.token(), "files": json.dumps(files)}
    sent = {**told, "manifest": (io.BytesIO(table), "list.csv")}
    answer = person.client.post(
        "/manifest/check", data=sent, headers={**person.headers, "Accept": "application/json"}
    )
    return answer.status_code, answer.get_json()


def test_every_row_is_told_and_nothing_is_kept(visitor: Visitor, world: World) -> None:
    files = [{"name": "BA\u0300I.mp4", "size": 9}]  # as a Mac tells it
    status, told = check(visitor(Role.TEACHER), TABLE.encode("utf-8-sig"), files)
    assert (status, told["delimiter"]) == (200, ";")
    first, second = told["entries"]
    assert (first["wrong"], first["name"], first["body"]["music"]) == ([], "bài.mp4", "own")
    assert [(w["row"], w["column"]) for w in second["wrong"]] == [
        (3, "Nhạc"),
        (3, "Tên clip"),
        (3, "Tệp"),
    ]
    with world.read() as session:
        assert session.query(Clip).count() == 0


def test_in_english_the_columns_are_called_in_english(visitor: Visitor) -> None:
    """The names that the page shows are names that the table may have."""
    person = visitor(Role.TEACHER, "en")
    header = person.client.get("/manifest/template.csv", headers=person.headers).get_data(True)
    status, told = check(person, header.encode(), [{"name": "clip-01.mp4", "size": 1}])
    assert status == 200
    assert [e["row"] for e in told["entries"]] == [2, 4]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("Tệp;Tên clip\na.mp4;Đội mũ".encode("cp1258", "ignore"), "Windows-1258"),
        (b"file,what\na,b\n", "Không có cột này: what."),
        (b"", "không có dòng nào"),
    ],
)
def test_a_table_that_is_none_is_told(visitor: Visitor, table: bytes, sentence: str) -> None:
    status, told = check(visitor(Role.TEACHER), table)
    assert status == 422
    assert any(sentence in text for text in told["wrong"])


@pytest.mark.parametrize("files", ["{", {"name": 1}, [{"name": "a"}], [{"name": "a", "size": "x"}]])
def test_a_list_of_files_that_is_none_is_refused(visitor: Visitor, files: Any) -> None:
    assert check(visitor(Role.TEACHER), TABLE.encode(), files)[0] == 422


def test_only_teachers_and_only_from_the_page(visitor: Visitor) -> None:
    for role in (Role.PUPIL, Role.REVIEWER, Role.ADMIN):
        assert check(visitor(role), TABLE.encode())[0] == 403
    assert visitor(Role.TEACHER).post("/manifest/check", forged=True).status == 400
