"""The officer's page of a case: writing down, handing over, printing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from review import decisions
from review.decisions import Verdict
from review.notices import mail
from review.policy import Role
from review.states import Action, State
from tests.webapp.pages.conftest import Browser
from tests.world import World

Visitor = Callable[..., Browser]
SAID = {"recipient": "school", "name": "Tổ tư vấn", "text": "Hẹn gặp chiều nay."}


@pytest.fixture
def case(world: World) -> str:
    world.person(Role.SAFEGUARDING)
    return world.clip(State.HELD, owner=world.person(Role.PUPIL), title="Giờ ra chơi")


def test_from_the_inbox_to_a_hand_over(visitor: Visitor, world: World, case: str) -> None:
    person = visitor(Role.SAFEGUARDING)
    inbox = person.get("/safeguarding")
    assert f"/safeguarding/{case}" in inbox.links
    assert "Mới" in inbox.text
    page = person.get(f"/safeguarding/{case}")
    assert "bảng tên ở áo" in page.text  # why it was escalated
    assert f"/review/{case}" in page.links
    written = person.send(page, f"/safeguarding/{case}/notes", note="Đã gọi cô chủ nhiệm.")
    page = person.follow(written)
    assert "Đã gọi cô chủ nhiệm." in page.text
    assert "Đang xem xét" in page.text
    page = person.follow(person.send(page, f"/safeguarding/{case}/hand-over", **SAID))
    assert "Đã báo: Tổ tư vấn tâm lý của trường" in page.text
    assert "Đã báo nơi trợ giúp" in person.get("/safeguarding").text


def test_what_was_typed_wrong_comes_back(visitor: Visitor, world: World, case: str) -> None:
    person = visitor(Role.SAFEGUARDING)
    page = person.get(f"/safeguarding/{case}")
    wrong = person.send(page, f"/safeguarding/{case}/hand-over", **{**SAID, "name": ""})
    assert (wrong.status, "Hãy ghi đã báo cho ai." in wrong.text) == (422, True)
    assert dict(wrong.form(f"/safeguarding/{case}/hand-over").fields)["text"] == SAID["text"]
    later = person.send(
        page, f"/safeguarding/{case}/hand-over", **{**SAID, "told_at": "2999-01-01T10:00"}
    )
    assert "không thể ở sau lúc này" in later.text
    empty = person.send(page, f"/safeguarding/{case}/notes", note=" ")
    assert (empty.status, "Hãy viết nội dung." in empty.text) == (422, True)
    assert "Chưa có gì." in person.get(f"/safeguarding/{case}").text


def test_when_it_was_told_is_viet_nams_time(visitor: Visitor, world: World, case: str) -> None:
    person = visitor(Role.SAFEGUARDING)
    page = person.get(f"/safeguarding/{case}")
    told = SAID | {"told_at": "2026-01-05T08:30"}
    page = person.follow(person.send(page, f"/safeguarding/{case}/hand-over", **told))
    assert "08:30, 05/01/2026" in page.text
    assert {"datetime": "2026-01-05T01:30:00.000Z"} in page.all("time")


def test_the_sheet_has_what_those_who_help_need(visitor: Visitor, world: World, case: str) -> None:
    person = visitor(Role.SAFEGUARDING)
    blank = person.get(f"/safeguarding/{case}/sheet")
    for words in (case, "Giờ ra chơi", "Lớp 7A", world.school.name, "bảng tên ở áo"):
        assert words in blank.text
    assert "Tổng đài bảo vệ trẻ em: 111" in blank.text
    assert "Phòng Giáo dục và Đào tạo" in blank.text
    assert "Hẹn gặp" not in blank.text
    page = person.get(f"/safeguarding/{case}")
    person.send(page, f"/safeguarding/{case}/hand-over", **SAID)
    filled = person.get(f"/safeguarding/{case}/sheet")
    assert "Hẹn gặp chiều nay." in filled.text
    assert filled.source.count("rule") < blank.source.count("rule")


def test_the_sheet_of_a_case_without_words_has_a_line_to_write_on(
    visitor: Visitor, world: World
) -> None:
    clip_id = world.clip()
    actor, version = world.actor(Role.REVIEWER), world.get(clip_id).version
    with world.write() as session:
        decisions.decide(session, clip_id, actor, Verdict(Action.ESCALATE, 1, version))
    sheet = visitor(Role.SAFEGUARDING).get(f"/safeguarding/{clip_id}/sheet").source
    worry = sheet.partition("Điều làm người xem lo")[2].partition("</dd>")[0]
    assert 'class="rule"' in worry


def test_a_case_that_is_closed_is_gone(visitor: Visitor, world: World, case: str) -> None:
    person = visitor(Role.SAFEGUARDING)
    person.send(person.get(f"/safeguarding/{case}"), f"/safeguarding/{case}/notes", note="x")
    world.decide(case, Action.REJECT, Role.SAFEGUARDING)
    for path in ("", "/sheet"):
        assert person.get(f"/safeguarding/{case}{path}").status == 404
    assert person.post(f"/safeguarding/{case}/notes", {"note": "y"}).status == 404


def test_hostile_words_stay_words(visitor: Visitor, world: World, case: str) -> None:
    person = visitor(Role.SAFEGUARDING)
    page = person.get(f"/safeguarding/{case}")
    text = "<script>alert(1)</script>{{7*7}}\u202e"
    person.send(page, f"/safeguarding/{case}/hand-over", **{**SAID, "name": text, "text": text})
    for path in ("", "/sheet"):
        shown = person.get(f"/safeguarding/{case}{path}")
        assert "<script>alert(1)</script>{{7*7}}" in shown.text
        assert "\u202e" not in shown.text


def test_a_mail_that_did_not_come_through_is_told_to_the_officer(
    visitor: Visitor, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = visitor(Role.SAFEGUARDING)
    words = "Thư báo gần nhất không tới được"
    assert words not in person.get("/safeguarding").text
    monkeypatch.setattr(mail, "lost_mail", lambda *_: True)
    assert words in person.get("/safeguarding").text
