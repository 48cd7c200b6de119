"""Posters, signals and costs as the pages show them; clicks and keys are in tests/e2e."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from review import accounts, publication
from review.policy import Role
from review.stages import Stage
from review.states import Action, Party, State
from storage_config.database import Database
from tests.pictured import CLEAN, FACTS, PicturedWorld
from tests.webapp.pages.conftest import Browser
from tests.webapp.pages.reading import Page
from tests.world import World

Visitor = Callable[..., Browser]


@pytest.fixture
def world(database: Database) -> PicturedWorld:
    return PicturedWorld(database)


def pictures(page: Page) -> list[tuple[str, bool]]:
    """What may be chosen, and which is."""
    radios = [a for a in page.all("input") if a.get("name") == "poster"]
    return [(a["value"] or "", "checked" in a) for a in radios]


def poster(page: Page) -> str | None:
    return page.all("video")[0].get("poster")


def jumps(page: Page) -> list[str]:
    return [a["data-to"] or "" for a in page.all("button") if "data-to" in a]


class TestPoster:
    def test_the_owner_chooses_and_gives_back(self, visitor: Visitor, world: PicturedWorld) -> None:
        clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
        person, path = visitor(Role.PUPIL), f"/clips/{clip_id}/poster"
        page = person.get(f"/clips/{clip_id}")
        assert pictures(page) == [("poster.jpg", True), ("posters/2.jpg", False)]
        assert "Dùng lại ảnh máy chọn" not in page.text
        after = person.follow(person.post(path, {"poster": "posters/2.jpg"}))
        assert "Đã đổi ảnh bìa." in after.text
        assert pictures(after) == [("poster.jpg", False), ("posters/2.jpg", True)]
        assert poster(after) == f"/media/{clip_id}/posters/2.jpg"
        assert f"/media/{clip_id}/posters/2.jpg" in [
            a.get("src") for a in person.get("/clips").all("img")
        ]
        after = person.follow(person.send(after, path, button="y"))
        assert poster(after) == f"/media/{clip_id}/poster.jpg"

    def test_trying_pictures_does_not_flood_the_history(
        self, visitor: Visitor, world: PicturedWorld
    ) -> None:
        clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
        person = visitor(Role.PUPIL)
        for what in ("posters/2.jpg", "poster.jpg", "posters/2.jpg"):
            person.post(f"/clips/{clip_id}/poster", {"poster": what})
        told = person.get(f"/clips/{clip_id}").text
        assert told.count("Chọn ảnh bìa") == 1
        assert "Chọn ảnh bìa (3 lần liền)" in told
        # Between them somebody else acted: both are told, in their order.
        world.decide(clip_id, Action.APPROVE, Role.REVIEWER)
        person.post(f"/clips/{clip_id}/poster", {"poster": "poster.jpg"})
        told = person.get(f"/clips/{clip_id}").text.partition("Đã diễn ra")[2]
        assert told.count("Chọn ảnh bìa") == 2
        assert told.index("(3 lần liền") < told.index("Đã duyệt") < told.rindex("Chọn ảnh bìa")

    def test_htmx_is_answered_with_the_fragment(
        self, visitor: Visitor, world: PicturedWorld
    ) -> None:
        clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
        person = visitor(Role.PUPIL)
        person.headers["HX-Request"] = "true"
        done = person.post(f"/clips/{clip_id}/poster", {"poster": "posters/2.jpg"})
        assert (done.status, done.headings) == (200, [])
        assert "Đã đổi ảnh bìa." in done.text
        refused = person.post(f"/clips/{clip_id}/poster", {"poster": "proxy.mp4"})
        assert "Hãy chọn một trong các ảnh của clip." in refused.text
        assert pictures(refused) == [("poster.jpg", False), ("posters/2.jpg", True)]

    def test_who_may_not_choose_is_offered_nothing_and_told(
        self, visitor: Visitor, world: PicturedWorld
    ) -> None:
        clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
        for role, told in (
            (Role.REVIEWER, "Bạn không được làm việc này với clip này."),
            (Role.MODERATOR, "Clip đang ở trạng thái không làm được việc này."),
        ):
            person = visitor(role)
            assert pictures(person.get(f"/clips/{clip_id}")) == []
            refused = person.post(f"/clips/{clip_id}/poster", {"poster": "posters/2.jpg"})
            assert told in person.follow(refused).text
        for who in (Role.SAFEGUARDING, Role.ADMIN):
            assert visitor(who).post(f"/clips/{clip_id}/poster").status == 404
        assert visitor(None).post(f"/clips/{clip_id}/poster").location is not None

    def test_the_gallery_shows_the_choice(self, visitor: Visitor, world: PicturedWorld) -> None:
        clip_id = world.clip(State.PUBLISHED)
        moderator = visitor(Role.MODERATOR)
        moderator.post(f"/clips/{clip_id}/poster", {"poster": "posters/3.jpg"})
        shown = visitor(None).get("/library")
        assert [a["src"] for a in shown.all("img") if "/media/" in (a["src"] or "")] == [
            f"/media/{clip_id}/posters/3.jpg"
        ]
        assert poster(visitor(None).get(f"/library/{clip_id}")) == f"/media/{clip_id}/posters/3.jpg"


class TestCosts:
    def test_before_watching_the_cost_is_told(self, visitor: Visitor, world: PicturedWorld) -> None:
        clip_id = world.clip(State.PUBLISHED, owner=world.person(Role.PUPIL))
        told = (
            "Xem tốn khoảng 0,1 MB (tiết kiệm) đến 2 MB (nét nhất) · chỉ nghe 0,1 MB",
            "Xem tốn 0,1 MB đến 2 MB",
        )
        for who, path in ((Role.PUPIL, f"/clips/{clip_id}"), (None, f"/library/{clip_id}")):
            page = visitor(who).get(path)
            assert told[0] in page.text
            assert [link for link in page.links if "download" in link] == [
                f"/media/{clip_id}/{what}?download=1"
                for what in ("mp4/144p.mp4", "mp4/720p.mp4", "audio/sound.m4a")
            ]
            assert [a["src"] for a in page.all("audio")] == [f"/media/{clip_id}/audio/sound.m4a"]
        assert told[1] in visitor(None).get("/library").text

    def test_a_silent_clip_offers_no_listening(
        self, visitor: Visitor, world: PicturedWorld
    ) -> None:
        world.silent = True
        clip_id = world.clip(State.PUBLISHED)
        page = visitor(None).get(f"/library/{clip_id}")
        assert "Xem tốn khoảng" in page.text
        assert (page.all("audio"), "hỉ nghe" in page.text) == ([], False)

    def test_the_library_tells_the_length_with_the_card(
        self, visitor: Visitor, world: PicturedWorld
    ) -> None:
        world.seen["card_s"] = 2.0
        clip_id = world.clip(State.PUBLISHED)
        assert "0:14" in visitor(None).get("/library").text
        pages = {
            None: f"/library/{clip_id}",
            Role.TEACHER: f"/clips/{clip_id}",
            Role.MODERATOR: f"/review/{clip_id}",
        }
        for who, path in pages.items():
            assert "Thời lượng 0:12 + thẻ cảnh diễn 2 giây" in visitor(who).get(path).text

    def test_the_page_learns_where_the_ladder_is(
        self, visitor: Visitor, world: PicturedWorld
    ) -> None:
        world.seen["card_s"] = 2.0
        clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
        person, path = visitor(Role.PUPIL), f"/clips/{clip_id}/progress?seen=in_review"
        assert "data-hls" not in person.get(path).source
        world.ladder(clip_id)
        made = person.get(path)
        (told,) = [a for a in made.all("div") if a.get("id") == "progress"]
        assert {k: v for k, v in told.items() if k.startswith("data-") or k == "hx-get"} == {
            "data-hls": f"/media/{clip_id}/hls/master.m3u8",
            "data-mp4": f"/media/{clip_id}/mp4/720p.mp4",
            "data-low": f"/media/{clip_id}/mp4/144p.mp4",
            "data-card": "2.0",
        }
        others = [a.get("id") for a in made.all("div") if "hx-swap-oob" in a]
        assert others == ["viewing", "poster"]


class TestDesk:
    def desk(self, visitor: Visitor, clip_id: str, role: Role = Role.REVIEWER) -> Page:
        return visitor(role).get(f"/review/{clip_id}")

    def test_what_machines_noticed_is_told_with_where(
        self, visitor: Visitor, world: PicturedWorld
    ) -> None:
        clip_id = world.clip(State.IN_REVIEW)
        before = self.desk(visitor, clip_id)
        assert "Máy đang phân tích hình…" in before.text
        assert "Nhấp nháy" not in before.text
        world.ladder(clip_id)
        page = self.desk(visitor, clip_id)
        assert (
            "Nhấp nháy mạnh: có thể gây hại cho người nhạy cảm với ánh sáng. Bắt đầu ở 0:03."
            in page.text
        )
        # Before the player, so that it is read before play is pressed.
        assert page.source.index("có thể gây hại") < page.source.index("<video")
        assert jumps(page) == ["3.2", "7.0", "1.0", "2.0"]
        words = ("Nhấp nháy mạnh", "Hình đen", "Không có tiếng", "Chuyển cảnh 2 lần")
        assert [w in page.text for w in words] == [True] * 4
        assert "0:02 · 3,5 giây" in page.text
        assert "Độ to: nhỏ (−31,2 LUFS)" in page.text
        assert "bất thường" not in page.text

    @pytest.mark.parametrize(
        ("lufs", "word"), [(-28.1, "nhỏ"), (-28.0, "vừa"), (-10.0, "vừa"), (-9.9, "quá to")]
    )
    def test_how_loud_it_is_in_words(
        self, visitor: Visitor, world: PicturedWorld, lufs: float, word: str
    ) -> None:
        world.heard = {"loudness": {"integrated_lufs": lufs}}
        page = self.desk(visitor, world.clip(State.IN_REVIEW))
        assert f"Độ to: {word} (" in page.text

    @pytest.mark.parametrize("heard", [{}, {"loudness": {"integrated_lufs": None}}])
    def test_a_clip_without_sound(
        self, visitor: Visitor, world: PicturedWorld, heard: dict[str, Any]
    ) -> None:
        world.heard, world.silent = heard, not heard
        page = self.desk(visitor, world.clip(State.IN_REVIEW))
        assert "Độ to: không có tiếng" in page.text
        assert "LUFS" not in page.text

    def test_a_short_clip_is_told_by_tenths(
        self, visitor: Visitor, world: PicturedWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tests.pictured.FACTS", {**FACTS, "duration_s": 8.64})
        clip_id = world.clip(State.IN_REVIEW)
        world.ladder(clip_id)
        page = self.desk(visitor, clip_id)
        assert "Thời lượng 0:08,6" in page.text
        assert "0:02,0 · 3,5 giây" in page.text
        assert "Bắt đầu ở 0:03,2." in page.text
        english = visitor(Role.REVIEWER, "en").get(f"/review/{clip_id}")
        assert "0:08.6" in english.text

    def test_a_clean_clip_is_told_so(self, visitor: Visitor, world: PicturedWorld) -> None:
        world.heard = {"loudness": {"integrated_lufs": -18.0}, "silent_spans": []}
        world.seen = dict(CLEAN)
        clip_id = world.clip(State.IN_REVIEW)
        world.ladder(clip_id)
        page = self.desk(visitor, clip_id)
        assert "Máy không thấy gì bất thường." in page.text
        assert jumps(page) == []

    def test_a_clip_of_an_older_version_of_the_program(
        self, visitor: Visitor, world: World
    ) -> None:
        clip_id = World.clip(world, State.IN_REVIEW)
        World.ladder(world, clip_id)
        with world.write() as session:
            from review.models import Revision

            session.query(Revision).filter_by(clip_id=clip_id).one().signals = None
        page = self.desk(visitor, clip_id)
        assert page.status == 200
        assert "Clip này chưa được máy phân tích hình." in page.text
        assert visitor(None).get("/library").status == 200

    def test_hundreds_of_spans_do_not_flood_the_desk(
        self, visitor: Visitor, world: PicturedWorld
    ) -> None:
        world.heard["silent_spans"] = [[n / 50, n / 50 + 0.01] for n in range(500)]
        page = self.desk(visitor, world.clip(State.IN_REVIEW))
        assert len(jumps(page)) == 12
        assert "và 488 lần nữa" in page.text

    def test_what_another_reviewer_noted_is_marked_before_it_is_told(
        self, visitor: Visitor, world: PicturedWorld
    ) -> None:
        campaign = world.campaign(Stage(Party.REVIEWER, 2))
        clip_id = world.clip(State.IN_REVIEW, campaign=campaign.slug)
        world.decide(clip_id, Action.APPROVE, Role.REVIEWER)
        person = visitor(world.account(Role.REVIEWER))
        for path in (f"/review/{clip_id}", f"/review/{clip_id}/signals"):
            page = person.get(path)
            assert "Ghi chú trước" in page.text
            assert "1.5" in jumps(page)

    def test_the_thumbnails_are_timed_for_the_preview(
        self, visitor: Visitor, world: PicturedWorld
    ) -> None:
        world.seen["card_s"] = 2.0
        clip_id = world.clip(State.IN_REVIEW)

        def scrub(page: Page) -> tuple[str | None, str | None, bool]:
            (section,) = [a for a in page.all("section") if a.get("id") == "signals"]
            return section["data-scrub-src"], section["data-shift"], "hx-get" in section

        path = f"/review/{clip_id}/signals"
        person = visitor(Role.REVIEWER)
        assert scrub(person.get(path)) == (f"/media/{clip_id}/sprite.vtt", "0.0", True)
        world.ladder(clip_id)
        assert scrub(person.get(path)) == (f"/media/{clip_id}/hls/sprite.vtt", "2.0", False)

    def test_the_officer_sees_the_signals_of_evidence(
        self, visitor: Visitor, world: PicturedWorld
    ) -> None:
        owner = world.person(Role.PUPIL)
        clip_id = world.clip(State.IN_REVIEW, owner=owner)
        world.ladder(clip_id)
        world.decide(clip_id, Action.ESCALATE, Role.MODERATOR)
        held = self.desk(visitor, clip_id, Role.SAFEGUARDING)
        assert jumps(held) == ["3.2", "7.0", "1.0", "2.0"]
        with world.write() as session:
            publication.withdraw(session, clip_id, accounts.actor_of(owner), "owner")
        page = self.desk(visitor, clip_id, Role.SAFEGUARDING)
        assert jumps(page) == jumps(held)
        # Of what was withdrawn only the preview's own files are kept for the officer.
        assert re.findall(r'data-scrub-src="([^"]*)"', page.source) == [
            f"/media/{clip_id}/sprite.vtt"
        ]
        others = self.desk(visitor, clip_id, Role.MODERATOR)
        assert (jumps(others), "LUFS" in others.text) == ([], False)


@pytest.mark.parametrize("before", [State.IN_REVIEW, State.PUBLISHED])
def test_a_hold_shows_in_nothing_of_this(
    visitor: Visitor, world: PicturedWorld, before: State
) -> None:
    """Decision 0004: the owner's page, with its poster, cost and player, is one of a review."""
    owner = world.person(Role.PUPIL)
    held, plain = (world.clip(before, owner=owner) for _ in range(2))
    if before is State.IN_REVIEW:
        world.ladder(held)
        world.ladder(plain)
    else:
        # The other one goes back to review for all to see: withdrawn and restored.
        plain = world.clip(State.IN_REVIEW, owner=owner)
        world.ladder(plain)
    world.decide(held, Action.ESCALATE, Role.MODERATOR)
    person = visitor(owner)

    def shown(clip_id: str) -> tuple[Any, ...]:
        person.post(f"/clips/{clip_id}/poster", {"poster": "posters/2.jpg"})
        pages = [person.get(f"/clips/{clip_id}"), person.get(f"/clips/{clip_id}/progress")]
        parts = [re.sub(clip_id, "ID", p.source) for p in pages]
        # Only this part of the page: its history differs by what happened before the hold.
        return (
            re.findall(r'<div id="(?:viewing|poster)".*?</form>', parts[0], re.DOTALL)[:1],
            re.sub(r'name="csrf_token"\s+value="[^"]*"', "", parts[1]),
            poster(pages[0]),
        )

    def without_tokens(found: tuple[Any, ...]) -> str:
        return (
            re.sub(r'value="[\w.-]{40,}"', "", str(found)).replace(held, "ID").replace(plain, "ID")
        )

    assert without_tokens(shown(held)) == without_tokens(shown(plain))


def test_a_blind_moderator_does_not_read_the_credit_where_details_are_edited(
    visitor: Visitor, world: PicturedWorld
) -> None:
    campaign = world.campaign(Stage(Party.MODERATOR, blind=True))
    clip_id = world.clip(campaign=campaign.slug)
    page = visitor(Role.MODERATOR).get(f"/clips/{clip_id}/details")
    assert page.status == 409
    assert world.get(clip_id).credit not in page.source
