"""The audit's page and its exports: the same rows, safe in a spreadsheet, and never all at once."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import update

from review.models import Account
from review.policy import Role
from review.queries import trail
from review.states import Action, State
from tests.webapp.pages.conftest import Browser
from tests.world import World

Visitor = Callable[..., Browser]


def download(person: Browser, path: str) -> Any:
    return person.client.get(path, headers=person.headers)


def table(person: Browser, query: str = "") -> list[dict[str, str]]:
    response = download(person, f"/admin/audit/export.csv{query}")
    assert response.mimetype == "text/csv"
    assert 'filename="audit.csv"' in response.headers["Content-Disposition"]
    assert response.data.startswith(b"\xef\xbb\xbf")
    text = response.data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def items(person: Browser, query: str = "") -> list[dict[str, Any]]:
    response = download(person, f"/admin/audit/export.json{query}")
    assert response.mimetype == "application/json"
    found = json.loads(response.data)
    assert list(found) == ["items"]
    return list(found["items"])


def test_page_and_exports_tell_the_same(
    visitor: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.clip(State.APPROVED)
    monkeypatch.setattr(trail, "BATCH", 2)
    person = visitor(Role.MODERATOR)
    page = person.get("/admin/audit")
    rows, found = table(person), items(person)
    assert [row["Việc"] for row in rows] == [
        "Đã duyệt",
        "Đã duyệt",
        "Kiểm tra tệp xong",
        "Đã gửi clip",
        "Tạo bản nháp",
    ]
    assert [x["action"] for x in found] == ["approve", "approve", "examined", "submit", "create"]
    assert [x["clip_id"] for x in found] == [row["Clip"] for row in rows]
    assert rows[0] | {"Lúc": "", "Clip": "", "Chi tiết": ""} == {
        "Lúc": "",
        "Clip": "",
        "Việc": "Đã duyệt",
        "Người làm": "moderator",
        "Với tư cách": "Người kiểm duyệt của Phòng",
        "Từ trạng thái": "Đang chờ duyệt",
        "Sang trạng thái": "Đã duyệt",
        "Lần nộp": "1",
        "Chi tiết": "",
    }
    assert datetime.fromisoformat(rows[0]["Lúc"]) == datetime.fromisoformat(found[0]["at"])
    assert page.text.count(rows[0]["Clip"]) == 5
    assert {"seq", "hash", "previous_hash", "version"} & set(found[0]) == set()


@pytest.mark.parametrize("label", ["=1+1", "+84", "-2", "@SUM(A1)", "\t=1", "＝1", 'a;b"c'])
def test_no_cell_runs_in_a_spreadsheet(visitor: Visitor, world: World, label: str) -> None:
    world.clip(State.IN_REVIEW)
    with world.write() as session:
        session.execute(update(Account).values(label=label))
    cells = {row["Người làm"] for row in table(visitor(Role.ADMIN))}
    assert cells - {""} == {label if label.startswith("a") else f"'{label}"}


def test_filters_narrow_page_and_exports_alike(visitor: Visitor, world: World) -> None:
    one = world.clip(State.APPROVED)
    world.clip(State.REJECTED)
    person = visitor(Role.MODERATOR)
    query = f"?clip={one}&action=approve&person={world.person(Role.REVIEWER).username}"
    page = person.get(f"/admin/audit{query}")
    assert page.text.count(one) == 1
    assert len(table(person, query)) == len(items(person, query)) == 1
    assert [a for a in page.links if a.startswith("/admin/audit/export.csv?")] != []
    assert items(person, "?clip=nothing") == []
    assert table(person, "?clip=nothing") == []


def test_a_wrong_day_is_said_before_anything_is_sent(visitor: Visitor, world: World) -> None:
    person = visitor(Role.ADMIN)
    page = person.get("/admin/audit?from_day=hôm+qua")
    assert (page.status, "Ngày chưa đúng" in page.text) == (422, True)
    assert download(person, "/admin/audit/export.csv?to_day=x").status_code == 422


def test_an_action_of_a_hold_is_no_filter(visitor: Visitor, world: World) -> None:
    """Asking for it finds what asking for nothing finds."""
    clip_id = world.clip(State.IN_REVIEW)
    world.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
    person = visitor(Role.ADMIN)
    assert items(person, "?action=escalate") == items(person)
    page = person.get("/admin/audit")
    assert "Chuyển người bảo vệ trẻ em" not in page.text
    assert [a["value"] for a in page.all("option") if a.get("value") == "escalate"] == []


def test_one_reads_on_with_the_same_filter(
    visitor: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(18):
        world.clip(State.IN_REVIEW)
    person = visitor(Role.MODERATOR)
    first = person.get("/admin/audit")
    (way_on,) = [a for a in first.links if "cursor=" in a]
    second = person.get(way_on)
    rows = [
        len([a for a in p.links if a.startswith("/admin/audit?clip=")]) for p in (first, second)
    ]
    assert rows == [50, 4]
    wrong = person.get("/admin/audit?cursor=x")
    assert (wrong.status, "Con trỏ trang không đúng" in wrong.text) == (422, True)
