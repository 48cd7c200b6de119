"""The pages about libraries: their view, pulls and webhook; takedowns and their proof."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from review import clock, feed, hooks
from review.feed import pulls
from review.feed.pulls import Count
from review.models import FeedEntry, FeedHead, Library, Pulls
from review.policy import Role
from review.states import Action, State
from tests.webapp.pages.conftest import Browser
from tests.world import TITLE, World

Visitor = Callable[..., Browser]
URL = "https://thu-vien.example.vn/lan-toa"


@pytest.fixture
def library(world: World) -> Library:
    return world.library()[0]


@pytest.fixture
def path(library: Library) -> str:
    return f"/admin/libraries/{library.id}"


def test_a_view_is_chosen(world: World, visitor: Visitor, library: Library, path: str) -> None:
    world.clip(State.PUBLISHED)
    admin = visitor(Role.ADMIN)
    page = admin.get(path)
    said = admin.follow(admin.send(page, f"{path}/view", scope="public", levels="primary"))
    assert "Thư viện sẽ nhận 1 thay đổi" in said.text
    with world.read() as session:
        row = session.get_one(Library, library.id)
        assert (row.scope, row.levels, row.campaigns) == ("public", ["primary"], [])
        assert [
            e.kind for e in feed.changes(session, "s1", reader=feed.reader_of(row)).entries
        ] == ["withdrawn"]


def test_a_webhook_is_set_and_its_secret_shown_once(
    world: World, visitor: Visitor, library: Library, path: str
) -> None:
    admin = visitor(Role.ADMIN)
    made = admin.send(admin.get(path), f"{path}/hook", url=URL)
    (first,) = re.findall(r"whsec_[A-Za-z0-9+/=]{44}", made.text)
    again = admin.get(path)
    assert "whsec_" not in again.text
    rotated = admin.send(again, f"{path}/hook/rotate")
    (second,) = re.findall(r"whsec_[A-Za-z0-9+/=]{44}", rotated.text)
    assert first != second
    with world.read() as session:
        hook = hooks.get(session, library.id)
        assert hook is not None
        assert (hook.url, hook.secret, hook.old_secret) == (URL, second, first)
    said = admin.follow(admin.send(admin.get(path), f"{path}/hook/test"))
    assert "tin thử" in said.text
    with world.read() as session:
        assert [row.type for row in hooks.recent(session, library.id)] == ["test"]


def test_an_address_inside_is_refused_with_a_reason(
    world: World, visitor: Visitor, library: Library, path: str
) -> None:
    admin = visitor(Role.ADMIN)
    said = admin.follow(
        admin.send(admin.get(path), f"{path}/hook", url="https://169.254.169.254/latest")
    )
    assert "mạng nội bộ" in said.text
    with world.read() as session:
        assert hooks.get(session, library.id) is None


def test_deliveries_do_not_tell_what_they_were_about(
    world: World, visitor: Visitor, library: Library, path: str
) -> None:
    """One of them may be a hold: it reads as any other."""
    with world.write() as session:
        hooks.set_hook(session, library.id, URL, ())
    clip_id = world.clip(State.PUBLISHED)
    world.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
    text = visitor(Role.ADMIN).get(path).text
    assert re.findall(r"số (\d+) Đang chờ", " ".join(text.split())) == ["2", "1"]
    assert [w for w in (clip_id, "withdrawn", "gỡ lúc", TITLE) if w in text] == []


def test_switching_off_and_on(world: World, visitor: Visitor, library: Library, path: str) -> None:
    with world.write() as session:
        hooks.set_hook(session, library.id, URL, ())
        hooks.switch_off(session, library.id, "gone")
    admin = visitor(Role.ADMIN)
    assert library.name in admin.get("/admin").text
    assert "đã tự tắt" in admin.get("/admin").text
    page = admin.get(path)
    assert "báo không nhận nữa (410)" in page.text
    said = admin.follow(admin.send(page, f"{path}/hook/switch", to="on"))
    assert "đã bật lại" in said.text
    assert "đã tự tắt" not in admin.get("/admin").text


def test_a_new_token_ends_the_old_one(
    world: World, visitor: Visitor, path: str, client: Any
) -> None:
    admin = visitor(Role.ADMIN)
    made = admin.send(admin.get(path), f"{path}/token")
    (token,) = re.findall(r"lt_[\w-]{40,}", made.text)
    answer = client.get("/feed/v1/changes", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_an_ack_above_the_head_is_said(
    world: World, visitor: Visitor, library: Library, path: str, client: Any
) -> None:
    world.clip(State.PUBLISHED)
    with world.write() as session:
        feed.ack(session, library.id, 1)
        session.get_one(FeedHead, 1).seq = 0
    assert "khôi phục từ bản cũ" in visitor(Role.ADMIN).get(path).text
    assert client.get("/readyz").get_json()["warnings"] == [
        "a library has acknowledged more than the feed has: run lantoa doctor"
    ]


@pytest.mark.parametrize("role", [None, Role.TEACHER, Role.REVIEWER, Role.MODERATOR])
def test_libraries_are_the_administrators(visitor: Visitor, path: str, role: Role | None) -> None:
    person = visitor(role)
    assert person.get(path).status == (302 if role is None else 403)
    actions = ("view", "active", "token", "hook", "hook/rotate", "hook/test", "hook/switch")
    told = {person.post(f"{path}/{action}").status for action in actions}
    assert told == ({302} if role is None else {403})


class TestTakedowns:
    def test_who_is_late_stands_in_red(
        self, world: World, visitor: Visitor, library: Library
    ) -> None:
        clip_id = world.clip(State.PUBLISHED)
        world.withdraw(clip_id)
        moderator = visitor(Role.MODERATOR)
        for path, words in (("", "Chưa từng lấy clip: "), (f"/{clip_id}", "chưa từng lấy clip")):
            text = " ".join(moderator.get(f"/admin/takedowns{path}").text.split())
            assert (words in text, "Đã xác nhận hết" in text) == (True, False)
        with world.write() as session:
            pulls.add(session, {library.id: Count(1, 0, 1)})
        page = moderator.get("/admin/takedowns")
        assert f"Đang chờ: {library.name}" in " ".join(page.text.split())
        with world.write() as session:
            past = clock.now(session) - timedelta(days=2)
            session.query(FeedEntry).update({"at": past})
            session.query(Library).update({"created_at": past})
            session.query(Pulls).update({"day": past.date()})
            session.merge(world.get(clip_id)).withdrawn_at = past
        page = moderator.get("/admin/takedowns")
        assert f"Trễ: {library.name}" in " ".join(page.text.split())
        assert "Thư viện trễ xác nhận" in visitor(Role.ADMIN).get("/admin").text
        with world.write() as session:
            feed.ack(session, library.id, 2)
        assert "Đã xác nhận hết" in moderator.get("/admin/takedowns").text

    def test_the_proof_says_who_when_why_and_what(
        self, world: World, visitor: Visitor, library: Library
    ) -> None:
        clip_id = world.clip(State.PUBLISHED)
        world.withdraw(clip_id, "guardian")
        with world.write() as session:
            feed.ack(session, library.id, 2)
        text = " ".join(visitor(Role.MODERATOR).get(f"/admin/takedowns/{clip_id}").text.split())
        for word in (TITLE, clip_id, "người kiểm duyệt của Phòng", library.name, "xác nhận đã gỡ"):
            assert word in text
        assert len(re.findall(r"SHA-256 [0-9a-f]{64}", text)) == 6  # 5 files, and the row
        assert "Mã băm khớp" in text
        office = visitor(Role.ADMIN).get(f"/admin/takedowns/{clip_id}").text
        assert (TITLE in office, clip_id in office) == (False, True)

    @pytest.mark.parametrize("state", [State.HELD, State.PUBLISHED, State.IN_REVIEW])
    def test_of_anything_else_there_is_none(
        self, world: World, visitor: Visitor, state: State
    ) -> None:
        clip_id = world.clip(state)
        if state is State.HELD:
            again = world.clip(State.PUBLISHED)
            world.decide(again, Action.ESCALATE, Role.REVIEWER)
            assert visitor(Role.MODERATOR).get(f"/admin/takedowns/{again}").status == 404
            assert again not in visitor(Role.ADMIN).get("/admin/takedowns").text
        assert visitor(Role.MODERATOR).get(f"/admin/takedowns/{clip_id}").status == 404

    @pytest.mark.parametrize("role", [Role.TEACHER, Role.REVIEWER, Role.SAFEGUARDING])
    def test_not_for_others(self, world: World, visitor: Visitor, role: Role) -> None:
        clip_id = world.clip(State.WITHDRAWN)
        person = visitor(role)
        for path in ("/admin/takedowns", f"/admin/takedowns/{clip_id}"):
            assert person.get(path).status == 403

    def test_a_long_list_costs_no_more_questions(
        self, world: World, visitor: Visitor, library: Library, counted: Callable[[], Any]
    ) -> None:
        moderator, costs = visitor(Role.MODERATOR), []
        for count in (1, 6):
            for _ in range(count):
                world.withdraw(world.clip(State.PUBLISHED))
            with counted() as counter:
                assert moderator.get("/admin/takedowns").status == 200
            costs.append(len(counter.statements))
        assert costs[0] == costs[1]
