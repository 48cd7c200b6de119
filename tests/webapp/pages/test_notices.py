"""The bell, the list of notices, and how a person chooses to be told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from review.models import Account
from review.policy import Role
from review.states import Action, State
from storage_config.database import DatabaseBusy
from tests.webapp.pages.conftest import Browser
from tests.webapp.pages.test_links import arrived, given
from tests.world import World

Visitor = Callable[..., Browser]


def test_the_bell_counts_and_reading_empties_it(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, owner=world.person(Role.PUPIL), title="Một mật khẩu tốt")
    person = visitor(Role.PUPIL)
    page = person.get("/notices")
    assert "3 tin chưa đọc" in page.text
    assert page.text.count("Một mật khẩu tốt") == 3
    first = next(a for a in page.links if a.startswith("/notices/0"))
    opened = person.get(first)
    assert opened.location == f"/clips/{clip_id}"
    assert "2 tin chưa đọc" in person.get("/clips").text
    person.follow(person.send(person.get("/notices"), "/notices/read"))
    for path in ("/", "/clips", "/notices", f"/clips/{clip_id}"):
        assert "chưa đọc" not in person.get(path).text


def test_each_kind_leads_to_its_page(visitor: Visitor, world: World) -> None:
    person = visitor(Role.SAFEGUARDING)
    held = world.clip(State.HELD)
    page = person.get("/notices")
    assert "Có một việc mới chờ bạn" in page.text
    assert "Không chia sẻ mật khẩu" not in page.text  # no title for whoever looks on
    (link,) = [a for a in page.links if a.startswith("/notices/0")]
    assert person.get(link).location == f"/safeguarding/{held}"


def test_the_bell_is_one_question_on_every_page(
    visitor: Visitor, world: World, counted: Callable[[], Any]
) -> None:
    world.clip(State.PUBLISHED, owner=world.person(Role.PUPIL))
    person = visitor(Role.PUPIL)
    for path in ("/", "/clips", "/library", "/notices", "/submit", "/no-such-page"):
        with counted() as asked:
            person.get(path)
        about = [s for s in asked.statements if "FROM notices" in s and "count(" in s]
        assert len(about) == 1, path


def test_no_page_fails_for_the_bells_sake(
    visitor: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> int:
        raise DatabaseBusy("locked")

    monkeypatch.setattr("webapp.pages.bell.reading.unread_count", away)
    assert visitor(Role.PUPIL).get("/clips").status == 200


def test_nobody_and_a_private_link_have_no_bell(visitor: Visitor, world: World) -> None:
    assert "/notices" not in visitor(None).get("/library").links
    clip_id, path = given(visitor, world)
    assert "/notices" in visitor(Role.PUPIL).get(f"/clips/{clip_id}").links
    assert "/notices" not in arrived(visitor, path).get(f"/clips/{clip_id}").links


def test_where_mail_goes_is_kept_and_a_wrong_address_is_said(
    visitor: Visitor, world: World
) -> None:
    person = visitor(Role.TEACHER)
    page = person.get("/notices")
    wrong = person.send(
        page, "/notices/settings", email="ten@truong.example.vn\r\nBcc: khac@x.vn", mail="daily"
    )
    assert wrong.status == 422
    assert "Địa chỉ thư chưa đúng" in wrong.text
    assert dict(wrong.form("/notices/settings").fields)["mail"] == "daily"
    done = person.send(
        page, "/notices/settings", email=" ten@truong.example.vn ", mail="daily", locale="en"
    )
    assert "Đã lưu cách nhận thư." in person.follow(done).text
    with world.read() as session:
        row = session.get_one(Account, world.person(Role.TEACHER).id)
    assert (row.email, row.mail, row.locale) == ("ten@truong.example.vn", "daily", "en")
    assert person.send(page, "/notices/settings", mail="hourly").status == 422


def test_a_pupil_is_asked_for_no_address(visitor: Visitor, world: World) -> None:
    person = visitor(Role.PUPIL)
    page = person.get("/notices")
    assert [f.action for f in page.forms if "settings" in f.action] == []
    values = {"email": "em@example.vn", "mail": "each", "locale": "vi"}
    assert person.post("/notices/settings", values).status == 302
    with world.read() as session:
        assert session.get_one(Account, world.person(Role.PUPIL).id).email is None


def test_a_stranger_opens_nobodys_notice(visitor: Visitor, world: World) -> None:
    world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    link = next(a for a in visitor(Role.PUPIL).get("/notices").links if a.startswith("/notices/0"))
    assert visitor(Role.TEACHER).get(link).status == 404
    assert "1 tin chưa đọc" in visitor(Role.PUPIL).get("/clips").text


def test_the_list_goes_on_and_back(visitor: Visitor, world: World) -> None:
    owner = world.person(Role.PUPIL)
    for _ in range(11):
        world.clip(State.PUBLISHED, owner=owner)
    person = visitor(Role.PUPIL)
    first = person.get("/notices")
    (way_on,) = [a for a in first.links if "cursor=" in a]
    second = person.get(way_on)
    seen = [[a for a in p.links if a.startswith("/notices/0")] for p in (first, second)]
    assert [len(s) for s in seen] == [30, 3]
    assert not set(seen[0]) & set(seen[1])


def test_a_changed_clip_is_told_to_the_class_teacher(visitor: Visitor, world: World) -> None:
    person = visitor(Role.TEACHER)
    clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    world.decide(clip_id, Action.REQUEST_CHANGES, Role.REVIEWER)
    assert "Một clip cần sửa rồi nộp lại" in person.get("/notices").text


def test_an_administrator_gives_an_address_with_the_account(visitor: Visitor, world: World) -> None:
    person = visitor(Role.ADMIN)
    values = {"username": "co-giao", "role": "teacher", "school": world.school.id}
    wrong = person.follow(person.post("/admin/people", values | {"email": "co giao"}))
    assert "Địa chỉ thư chưa đúng" in wrong.text
    person.post("/admin/people", values | {"email": "co@truong.example.vn"})
    with world.read() as session:
        rows = session.query(Account).where(Account.username == "co-giao").all()
    assert [row.email for row in rows] == ["co@truong.example.vn"]
