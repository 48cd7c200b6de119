"""The numbers' page: charts with their tables, and the same for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from review.models import School
from review.policy import Role
from review.states import Action, State
from tests.webapp.pages.conftest import Browser
from tests.world import World

Visitor = Callable[..., Browser]


def test_charts_have_tables_with_the_same_numbers(visitor: Visitor, world: World) -> None:
    for state in (State.APPROVED, State.REJECTED, State.CHANGES_REQUESTED):
        world.clip(state)
    page = visitor(Role.MODERATOR).get("/numbers?weeks=1")
    assert page.headings == ["Số liệu duyệt"]
    assert "Quyết định 4 " in page.text
    assert "Phòng đồng ý với trường 100%" in page.text.replace("\xa0", "")
    assert len([a for a in page.all("svg") if a.get("role") == "img"]) == 2
    kinds = [a["class"] for a in page.all("rect")]
    assert kinds == ["approve", "request_changes", "reject", "median"]
    assert f"{world.school.name} 2 1 1" in page.text
    assert "Thấy rõ tên, bảng tên hoặc phù hiệu của học sinh 4" in page.text


def test_without_decisions_it_says_so(visitor: Visitor) -> None:
    page = visitor(Role.REVIEWER).get("/numbers")
    assert page.text.count("Chưa có quyết định nào trong thời gian này.") == 2
    assert page.all("rect") == []
    for weeks in ("2", "x", "-4", "520", "4%00"):
        assert visitor(Role.REVIEWER).get(f"/numbers?weeks={weeks}").status == 422


def test_a_table_as_csv_opens_safely(visitor: Visitor, world: World) -> None:
    name = '=HYPERLINK("http://x.test","Trường; xấu")'
    with world.write() as session:
        session.get_one(School, world.school.id).name = name
    world.clip(State.REJECTED)
    person = visitor(Role.MODERATOR)
    answer = person.client.get("/numbers/schools.csv?weeks=1")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.mimetype == "text/csv"
    assert "lantoa-schools-1.csv" in answer.headers["Content-Disposition"]
    heads, row = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";")
    assert heads == [
        "Trường",
        "Duyệt",
        "Trả lại để sửa",
        "Không duyệt",
        "Một nửa chờ dưới (giờ)",
        "9/10 chờ dưới (giờ)",
        "Phòng đồng ý (%)",
    ]
    assert row == [f"'{name}", "0", "0", "1", "0,02", "0,02", ""]
    tables = ("days", "people", "reasons")
    assert [person.get(f"/numbers/{t}.csv").status for t in tables] == [200] * 3
    assert person.get("/numbers/accounts.csv").status == 404


def test_a_reviewers_numbers_are_the_own_schools(visitor: Visitor, world: World) -> None:
    world.clip(State.REJECTED)
    elsewhere = world.account(Role.REVIEWER, school=world.another_school())
    page = visitor(elsewhere).get("/numbers")
    assert "Chưa có quyết định nào trong thời gian này." in page.text
    assert world.school.name not in page.text
    assert "Theo trường" not in visitor(Role.REVIEWER).get("/numbers").text


def test_a_hold_leaves_the_page_as_it_was(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.APPROVED)
    paths = ("/numbers", "/numbers/days.csv", "/numbers/people.csv", "/numbers/reasons.csv")
    person = visitor(Role.MODERATOR)
    before = [person.get(path).text for path in paths]
    world.decide(clip_id, Action.ESCALATE, Role.MODERATOR)
    world.decide(clip_id, Action.REJECT, Role.SAFEGUARDING)
    assert [person.get(path).text for path in paths] == before
