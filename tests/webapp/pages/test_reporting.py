"""Reporting a clip without an account, and what moderators do with what was reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from review.consent import Scope
from review.policy import Role
from review.states import Action, State
from storage_config.settings import Settings
from tests.webapp.pages.conftest import Browser
from tests.world import World

Visitor = Callable[..., Browser]


@pytest.fixture
def clip_id(world: World) -> str:
    return world.clip(State.PUBLISHED, title="Mật khẩu", scope=Scope.PUBLIC)


class TestReporting:
    def test_a_stranger_reports_from_the_clips_page(
        self, visitor: Visitor, world: World, clip_id: str
    ) -> None:
        stranger = visitor()
        place = f"/library/{clip_id}/report"
        assert place in stranger.get(f"/library/{clip_id}").links
        page = stranger.get(place)
        assert page.headings == ["Báo về clip này"]
        assert {a.get("type") for a in page.all("input")} == {"hidden", "radio"}
        answer = stranger.send(page, place, reason="in_it", text="em đứng bên trái")
        assert stranger.follow(answer).headings == ["Cảm ơn bạn đã báo"]
        for path in (f"/library/{clip_id}", place, f"/media/{clip_id}/proxy.mp4"):
            assert stranger.get(path).status == 410

    @pytest.mark.parametrize("reason", ["wrong", "in_it", "worry"])
    def test_the_answer_tells_nobody_what_was_reported(
        self, visitor: Visitor, world: World, clip_id: str, reason: str
    ) -> None:
        answer = visitor().post(f"/library/{clip_id}/report", {"reason": reason})
        assert (answer.status, answer.location) == (303, "/library/reported?outcome=sent")

    def test_the_same_place_is_told_that_it_is_with_us(
        self, visitor: Visitor, clip_id: str
    ) -> None:
        for heading in ("Cảm ơn bạn đã báo", "Chúng tôi đã nhận được rồi"):
            other = visitor()
            answer = other.post(f"/library/{clip_id}/report", {"reason": "wrong"})
            assert other.follow(answer).headings == [heading]

    def test_without_a_reason_nothing_typed_is_lost(
        self, visitor: Visitor, world: World, clip_id: str
    ) -> None:
        page = visitor().post(f"/library/{clip_id}/report", {"text": "<b>vì</b>"})
        assert page.status == 422
        assert "Hãy chọn một điều bạn muốn báo." in page.text
        assert dict(page.form(f"/library/{clip_id}/report").fields)["text"] == "<b>vì</b>"
        assert world.get(clip_id).state == State.PUBLISHED

    def test_held_and_withdrawn_read_alike(self, visitor: Visitor, world: World) -> None:
        held, gone = (world.clip(State.PUBLISHED, scope=Scope.PUBLIC) for _ in range(2))
        world.report(held, "worry")
        world.withdraw(gone)
        for reason in ("worry", "in_it"):
            pages = [
                visitor().post(f"/library/{one}/report", {"reason": reason}) for one in (held, gone)
            ]
            assert [page.status for page in pages] == [410, 410]
            assert pages[0].text == pages[1].text

    def test_a_strangers_rate_has_an_end(self, visitor: Visitor, clip_id: str) -> None:
        stranger = visitor()
        answers = [
            stranger.post(f"/library/{clip_id}/report", {"reason": "wrong"}) for _ in range(7)
        ]
        assert [page.status for page in answers] == [303] * 6 + [429]
        assert "111" in answers[-1].text

    def test_a_home_has_one_rate_whatever_addresses_it_sends_from(
        self, app: Flask, visitor: Visitor, world: World, clip_id: str
    ) -> None:
        def report(address: str, reason: str = "wrong") -> int:
            stranger = visitor()
            stranger.client.environ_base["REMOTE_ADDR"] = address
            return stranger.post(f"/library/{clip_id}/report", {"reason": reason}).status

        home = [f"2001:db8:5:6{n:02x}::{n + 1}" for n in range(7)]
        assert [report(one) for one in home] == [303] * 6 + [429]
        assert world.get(clip_id).state == State.PUBLISHED  # and it counts once
        assert report("2001:db8:5:700::1") == 303
        assert [report(a) for a in ("203.0.113.9", "::ffff:203.0.113.9")] == [303, 303]
        assert world.get(clip_id).state == State.SUSPENDED

    def test_what_a_house_reported_before_does_not_stop_a_worry(
        self, visitor: Visitor, world: World, clip_id: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("review.reports.MAX_A_DAY", 1)
        other = world.clip(State.PUBLISHED, scope=Scope.PUBLIC)
        stranger = visitor()
        stranger.post(f"/library/{other}/report", {"reason": "wrong"})
        page = stranger.post(f"/library/{clip_id}/report", {"reason": "wrong"})
        assert (page.status, "Ngày mai hãy báo tiếp" in page.text) == (429, True)
        assert stranger.post(f"/library/{clip_id}/report", {"reason": "worry"}).status == 303
        assert world.get(clip_id).state == State.HELD

    def test_what_is_not_for_all_is_reported_by_those_who_see_it(
        self, visitor: Visitor, world: World
    ) -> None:
        clip_id = world.clip(State.PUBLISHED, scope=Scope.SCHOOL)
        place = f"/library/{clip_id}/report"
        assert visitor().get(place).status == 404
        assert visitor().post(place, {"reason": "wrong"}).status == 404
        assert visitor(Role.PUPIL).get(place).status == 200

    def test_forged_it_is_refused(self, visitor: Visitor, world: World, clip_id: str) -> None:
        place = f"/library/{clip_id}/report"
        assert visitor().post(place, {"reason": "in_it"}, forged=True).status == 400
        assert world.get(clip_id).state == State.PUBLISHED


class TestModerators:
    def test_the_list_counts_and_quotes(self, visitor: Visitor, world: World, clip_id: str) -> None:
        moderator = visitor(Role.MODERATOR)
        assert "Không có clip nào bị báo" in moderator.get("/reports").text
        world.report(clip_id, "wrong", text="<i>phút đầu</i>")
        world.report(clip_id, "wrong")
        world.report(clip_id, "in_it")
        page = moderator.get("/reports")
        assert "Nội dung sai × 2" in page.text
        assert "<i>phút đầu</i>" in page.text
        assert "Đã tạm ẩn" in page.text
        assert "Bị báo cáo (1)" in page.text
        shown = moderator.get(f"/clips/{clip_id}")
        assert "Clip đang tạm ẩn." in shown.text
        assert f"/reports#{clip_id}" in shown.links

    def test_keep_shows_it_again(self, visitor: Visitor, world: World, clip_id: str) -> None:
        world.report(clip_id)
        moderator = visitor(Role.MODERATOR)
        page = moderator.get("/reports")
        after = moderator.follow(moderator.send(page, f"/reports/{clip_id}/keep"))
        assert "Đã giữ lại «Mật khẩu»." in after.text
        assert visitor().get(f"/library/{clip_id}").status == 200

    def test_what_came_meanwhile_is_looked_at_first(
        self, visitor: Visitor, world: World, clip_id: str
    ) -> None:
        world.report(clip_id)
        moderator = visitor(Role.MODERATOR)
        page = moderator.get("/reports")
        world.report(clip_id, "privacy")
        after = moderator.follow(moderator.send(page, f"/reports/{clip_id}/keep"))
        assert "Vừa có thêm người báo" in after.text
        assert world.get(clip_id).state == State.SUSPENDED

    def test_withdraw_and_escalate_are_the_ones_that_there_are(
        self, visitor: Visitor, world: World, clip_id: str
    ) -> None:
        other = world.clip(State.PUBLISHED)
        for one in (clip_id, other):
            world.report(one)
        moderator = visitor(Role.MODERATOR)
        page = moderator.get("/reports")
        moderator.send(page, f"/clips/{clip_id}/withdraw", reason="guardian")
        moderator.send(page, f"/clips/{other}/escalate", text="tôi lo")
        assert [world.get(i).state for i in (clip_id, other)] == [State.WITHDRAWN, State.HELD]
        assert moderator.get("/reports").all("blockquote") == []
        assert "Không có clip nào bị báo" in moderator.get("/reports").text

    def test_an_old_page_of_a_withdrawn_clip_is_told_so(
        self, visitor: Visitor, world: World, clip_id: str
    ) -> None:
        world.report(clip_id)
        moderator = visitor(Role.MODERATOR)
        page = moderator.get("/reports")
        world.withdraw(clip_id)
        after = moderator.follow(moderator.send(page, f"/reports/{clip_id}/keep"))
        assert "hoặc clip vừa đổi" in after.text
        assert world.get(clip_id).state == State.WITHDRAWN

    def test_nobody_else_has_the_page(self, visitor: Visitor, world: World, clip_id: str) -> None:
        world.report(clip_id)
        others = [r for r in Role if r not in (Role.MODERATOR, Role.WORKER, Role.SYSTEM)]
        found = [visitor(role).get("/reports").status for role in others]
        assert found == [403] * len(others)
        assert visitor(Role.ADMIN).post(f"/reports/{clip_id}/keep").status == 403
        assert world.get(clip_id).state == State.SUSPENDED

    def test_a_longer_list_asks_no_more_often(
        self, visitor: Visitor, world: World, counted: Callable[[], Any]
    ) -> None:
        moderator = visitor(Role.MODERATOR)
        world.report(world.clip(State.PUBLISHED))
        with counted() as one:
            moderator.get("/reports")
        for _ in range(6):
            world.report(world.clip(State.PUBLISHED), "wrong")
        with counted() as many:
            moderator.get("/reports")
        assert len(many.statements) == len(one.statements)

    def test_a_notice_leads_to_the_list(self, visitor: Visitor, world: World, clip_id: str) -> None:
        world.person(Role.MODERATOR)
        world.report(clip_id, "wrong")
        moderator = visitor(Role.MODERATOR)
        page = moderator.get("/notices")
        assert "Có người báo về một clip đã đăng" in page.text
        (notice,) = {a for a in page.links if a.startswith("/notices/")}
        assert moderator.get(notice).location == f"/reports#{clip_id}"


def test_the_owner_learns_that_it_is_hidden_and_not_why(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, owner=world.person(Role.PUPIL))
    world.report(clip_id, "in_it", text="em là bạn áo đỏ")
    page = visitor(Role.PUPIL).get(f"/clips/{clip_id}")
    assert "Clip đang tạm ẩn." in page.text
    assert "Tạm ẩn vì có người báo" in page.text
    assert "áo đỏ" not in page.text
    assert "có trong clip" not in page.text


def test_the_officer_reads_the_worry(visitor: Visitor, world: World, clip_id: str) -> None:
    world.report(clip_id, "worry", text="bạn ấy hay khóc")
    officer = visitor(Role.SAFEGUARDING)
    assert f"/safeguarding/{clip_id}" in officer.get("/safeguarding").links
    for path in (f"/safeguarding/{clip_id}", f"/safeguarding/{clip_id}/sheet"):
        assert "bạn ấy hay khóc" in officer.get(path).text
    for role in (Role.MODERATOR, Role.TEACHER, Role.REVIEWER):
        for path in ("/reports", f"/clips/{clip_id}", "/notices"):
            assert "khóc" not in visitor(role).get(path).text


class TestCounselling:
    TEAM = "Tổ tư vấn, phòng 12, thứ Hai đến thứ Sáu"

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, counselling="Tổ tư vấn của Phòng")

    def test_everybody_reads_the_offices_and_a_pupil_the_own_schools(
        self, visitor: Visitor, world: World, clip_id: str
    ) -> None:
        admin = visitor(Role.ADMIN)
        action = f"/admin/schools/{world.school.id}/counselling"
        saved = admin.send(admin.get("/admin"), action, counselling=self.TEAM)
        assert self.TEAM in admin.follow(saved).text
        places = ("/library", f"/library/{clip_id}", f"/library/{clip_id}/report")
        for path in (*places, f"/library/{clip_id}/poster"):
            anybody, pupil = visitor().get(path).text, visitor(Role.PUPIL).get(path).text
            assert ("Tổ tư vấn của Phòng" in anybody, self.TEAM in anybody) == (True, False)
            assert ("Tổ tư vấn của Phòng" in pupil, self.TEAM in pupil) == (False, True)

    def test_an_empty_field_means_the_offices(self, visitor: Visitor, world: World) -> None:
        admin = visitor(Role.ADMIN)
        for text, kept in ((self.TEAM, self.TEAM), ("  ", None)):
            admin.post(f"/admin/schools/{world.school.id}/counselling", {"counselling": text})
            with world.read() as session:
                school = session.get_one(type(world.school), world.school.id)
                assert school.counselling == kept

    def test_only_administrators_write_it(self, visitor: Visitor, world: World) -> None:
        path = f"/admin/schools/{world.school.id}/counselling"
        assert visitor(Role.MODERATOR).post(path, {"counselling": "x"}).status == 403


class TestEmbed:
    def test_it_may_stand_in_any_frame_and_does_nothing(self, app: Flask, clip_id: str) -> None:
        answer = app.test_client().get(f"/embed/{clip_id}")
        rules = dict(
            rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; ")
        )
        assert rules["frame-ancestors"] == "*"
        assert rules["default-src"] == rules["form-action"] == "'none'"
        assert "script-src" not in rules
        assert "Set-Cookie" not in answer.headers
        text = answer.get_data(as_text=True)
        assert "<script" not in text
        assert f"/media/{clip_id}/mp4/360p.mp4" in text

    def test_a_browser_that_is_signed_in_gets_no_cookie_in_a_frame(
        self, visitor: Visitor, clip_id: str
    ) -> None:
        pupil = visitor(Role.PUPIL)
        with pupil.client.session_transaction() as session:
            session.permanent = True  # such a cookie is sent anew with each page
        frame = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"}
        assert "Set-Cookie" not in pupil.client.get(f"/embed/{clip_id}", headers=frame).headers

    def test_what_is_gone_says_so_inside_the_frame(self, client: Any, world: World) -> None:
        gone, held, hidden = (world.clip(State.PUBLISHED, scope=Scope.PUBLIC) for _ in range(3))
        world.withdraw(gone)
        world.decide(held, Action.ESCALATE, Role.REVIEWER)
        world.report(hidden)
        narrow = world.clip(State.PUBLISHED, scope=Scope.LIBRARY)
        answers = [client.get(f"/embed/{one}") for one in (gone, held, hidden, narrow, "x" * 26)]
        assert [a.status_code for a in answers] == [410, 410, 410, 404, 404]
        assert len({a.data for a in answers}) == 1
        assert "Clip không còn ở đây" in answers[0].get_data(as_text=True)
        assert {"frame-ancestors *" in a.headers["Content-Security-Policy"] for a in answers} == {
            True
        }

    def test_the_page_of_a_public_clip_has_the_words_to_copy(
        self, visitor: Visitor, world: World, clip_id: str
    ) -> None:
        assert f'src="http://127.0.0.1:8000/embed/{clip_id}"' in visitor().get(
            f"/library/{clip_id}"
        ).source.replace("&#34;", '"')
        narrow = world.clip(State.PUBLISHED, scope=Scope.SCHOOL)
        assert "/embed/" not in visitor(Role.PUPIL).get(f"/library/{narrow}").source
