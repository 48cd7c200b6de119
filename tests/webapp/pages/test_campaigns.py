"""Campaigns on their pages: kept without loss, offered to submitters, announced to everybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from review import campaigns, decisions, queries
from review.decisions import NoteInput, Verdict
from review.models import Campaign, Clip, Revision
from review.policy import Actor, Role
from review.stages import OnDisagreement, Stage
from review.states import Action, Party, State
from tests.webapp.conftest import Caller
from tests.webapp.pages.conftest import Browser
from tests.world import World

Visitor = Callable[..., Browser]
LIST, NEW = "/admin/campaigns", "/admin/campaigns/new"
LATER = datetime(2099, 6, 1, tzinfo=UTC)
PEERS: dict[str, Any] = {
    "stages-0-party": "peer",
    "stages-0-approvals": "2",
    "stages-0-third": "y",
    "stages-0-blind": "y",
    "stages-1-party": "moderator",
    "stages-1-approvals": "1",
}


def decide(world: World, clip_id: str, actor: Actor, action: Action) -> None:
    clip = world.get(clip_id)
    notes = [NoteInput(None, "sound_low", "câu cuối nhỏ quá")]
    verdict = Verdict(action, clip.revision, clip.version, notes, watched=True)
    with world.write() as session:
        decisions.decide(session, clip_id, actor, verdict)


def only(world: World) -> Campaign:
    with world.read() as session:
        return session.scalars(select(Campaign)).one()


def test_an_administrator_sets_up_a_campaign_and_finds_it_as_it_was_typed(
    visitor: Visitor, world: World
) -> None:
    person = visitor(Role.ADMIN)
    typed = {
        "title": "Tuần lễ an toàn mạng",
        "slug": "an-toan-mang",
        "opens_at": "2026-10-01",
        "closes_at": "2099-10-31",
        "announce_at": "2099-11-20T08:00",
        "checklist": "Dễ hiểu với học sinh\nĐúng chủ đề",
        **PEERS,
    }
    done = person.send(person.get(NEW), NEW, **typed)
    assert "Đã lưu «Tuần lễ an toàn mạng»." in person.follow(done).text
    made = only(world)
    assert (made.slug, made.announce_at) == ("an-toan-mang", datetime(2099, 11, 20, 1, tzinfo=UTC))
    assert made.closes_at == datetime(2099, 10, 31, 16, 59, 59, tzinfo=UTC)
    with world.read() as session:
        assert campaigns.stages_of(session, made) == (
            Stage(Party.PEER, 2, on_disagreement=OnDisagreement.THIRD, blind=True),
            Stage(Party.MODERATOR, foreign=True),
        )
    page = person.get(f"{LIST}/{made.id}")
    fields = dict(page.form(f"{LIST}/{made.id}").fields)
    assert {n: fields[n] for n in typed if n != "slug"} == {
        n: v for n, v in typed.items() if n != "slug"
    }
    # Saved as it stands it changes nothing: the reviews that wait keep their policy.
    person.send(page, f"{LIST}/{made.id}")
    assert only(world).version == 1


def test_a_refused_campaign_keeps_what_was_typed_and_says_where_it_is_wrong(
    visitor: Visitor, world: World
) -> None:
    person = visitor(Role.MODERATOR)
    typed = {"title": "Tuần lễ", "slug": "x", "checklist": "Một", **PEERS}
    for wrong, sentence in [
        ({"slug": "Sai mã"}, "Mã gồm chữ thường không dấu"),
        ({"stages-1-approvals": "9"}, "Cần từ 1 đến 5 người duyệt."),
        ({"stages-1-third": "y"}, "Người thứ ba chỉ có nghĩa khi cần ít nhất hai người duyệt."),
        ({"stages-0-party": "", "stages-1-party": ""}, "Cần từ 1 đến 4 bước duyệt."),
        ({"opens_at": "hôm nay"}, "Ngày chưa đúng."),
    ]:
        refused = person.send(person.get(NEW), NEW, **{**typed, **wrong})
        assert refused.status == 422
        assert sentence in refused.text
        fields = dict(refused.form(NEW).fields)
        kept = {**typed, **wrong}
        del kept["stages-0-approvals"]
        assert {n: fields.get(n) for n in kept if n != "opens_at"} == {
            n: v for n, v in kept.items() if n != "opens_at"
        }
    with world.read() as session:
        assert queries.campaigns(session) == []


def test_who_saves_second_reads_so_and_loses_nothing(visitor: Visitor, world: World) -> None:
    campaign = world.campaign()
    address = f"{LIST}/{campaign.id}"
    person = visitor(Role.ADMIN)
    page = person.get(address)
    person.send(page, address, title="Tên của người nhanh hơn")
    refused = person.send(page, address, title="Tên của người chậm")
    assert (refused.status, dict(refused.form(address).fields)["title"]) == (
        409,
        "Tên của người chậm",
    )
    assert "vừa được người khác sửa" in refused.text
    person.send(refused, address)
    assert only(world).title == "Tên của người chậm"


def test_each_of_many_campaigns_says_whether_it_takes_clips(visitor: Visitor, world: World) -> None:
    with world.write() as session:
        for number in range(103):
            closes = datetime(2020, 1, 1, tzinfo=UTC) if number < 2 else None
            session.add(
                Campaign(
                    slug=f"tuan-{number}",
                    title=f"Tuần {number:03}",
                    closes_at=closes,
                    created_at=world.school.created_at,
                )
            )
    page = visitor(Role.MODERATOR).get(LIST).text
    assert (page.count("đang nhận clip"), page.count("đã đóng hoặc chưa mở")) == (101, 2)


def test_the_submit_page_offers_the_open_campaigns(visitor: Visitor, world: World) -> None:
    person = visitor(Role.TEACHER)
    assert "Cuộc vận động" not in person.get("/submit").text
    world.campaign(title="Đã qua", closes_at=datetime(2020, 1, 1, tzinfo=UTC))
    campaign = world.campaign(title="Tuần lễ đang mở")
    page = person.get("/submit")
    assert "Tuần lễ đang mở" in page.text
    assert "Đã qua" not in page.text
    saved = person.send(page, "/submit", title="Clip", campaign=campaign.slug)
    draft = person.follow(saved)
    assert dict(draft.form("/submit").fields)["campaign"] == campaign.slug
    with world.read() as session:
        assert session.scalars(select(Clip.campaign_id)).one() == campaign.id


def test_nobody_but_reviewers_learns_of_a_decision_before_its_day(
    visitor: Visitor, world: World, caller: Callable[..., Caller]
) -> None:
    campaign = world.campaign(announce_at=LATER)
    clip_id = world.clip(campaign=campaign.slug, owner=world.person(Role.PUPIL))
    watchers = [Role.PUPIL, Role.TEACHER]

    def all_that_is_told() -> list[Any]:
        pages = [visitor(who).get(path).text for who in watchers for path in paths(who)]
        answers = [caller(who)("GET", f"/api/v1/clips/{clip_id}").get_json() for who in watchers]
        return pages + [{k: v for k, v in a.items() if k != "version"} for a in answers]

    def paths(who: Role) -> list[str]:
        lists = ["/clips?of=class"] if who is Role.TEACHER else ["/clips", "/"]
        return [f"/clips/{clip_id}", *lists]

    before = all_that_is_told()
    decide(world, clip_id, world.actor(Role.REVIEWER), Action.REJECT)
    assert all_that_is_told() == before
    assert "Không được duyệt" in visitor(Role.REVIEWER).get(f"/clips/{clip_id}").text

    person = visitor(Role.MODERATOR)
    page = person.get(f"{LIST}/{campaign.id}/decisions")
    assert "Không được duyệt 1" in page.text
    done = person.send(page, f"{LIST}/{campaign.id}/announce")
    assert "Đã công bố 1 quyết định." in person.follow(done).text
    assert "Không được duyệt" in visitor(Role.PUPIL).get(f"/clips/{clip_id}").text
    assert "câu cuối nhỏ quá" in visitor(Role.PUPIL).get(f"/clips/{clip_id}").text


def test_a_decision_is_taken_back_from_the_desk_and_from_the_list(
    visitor: Visitor, world: World
) -> None:
    campaign = world.campaign(announce_at=LATER)
    clip_id = world.clip(campaign=campaign.slug)
    undo = f"{LIST}/decisions/{clip_id}/undo"
    for who, path in (
        (Role.REVIEWER, f"/review/{clip_id}"),
        (Role.MODERATOR, f"{LIST}/{campaign.id}/decisions"),
    ):
        decide(world, clip_id, world.actor(Role.REVIEWER), Action.REJECT)
        person = visitor(who)
        done = person.send(person.get(path), undo)
        assert "Đã rút lại quyết định về" in person.follow(done).text
        assert world.get(clip_id).state == State.IN_REVIEW
    assert visitor(Role.TEACHER).post(undo, {"version": "1"}).status == 403


def test_a_blind_stage_names_neither_school_nor_class_anywhere(
    visitor: Visitor, world: World, caller: Callable[..., Caller]
) -> None:
    campaign = world.campaign(Stage(Party.PEER, blind=True), Stage(Party.MODERATOR))
    clip_id = world.clip(campaign=campaign.slug, owner=world.person(Role.PUPIL))
    far = world.account(Role.REVIEWER, school=world.another_school())
    person = visitor(far)
    for path in ("/review", "/review/batch", f"/review/{clip_id}", f"/clips/{clip_id}"):
        page = person.get(path)
        assert page.status == 200, path
        for name in (world.school.name, world.group.name):
            assert name not in page.source, path
    (row,) = caller(far)("GET", "/api/v1/review/queue").get_json()["items"]
    assert (row["id"], row["school"], row["class"]) == (clip_id, "", None)
    assert row["stage"] == "other_school"
    decide(world, clip_id, Actor(far.id, Role.REVIEWER, far.school_id), Action.APPROVE)
    # The office, which is not blind, reads them.
    assert world.school.name in visitor(Role.MODERATOR).get("/review").text


def test_a_late_decision_with_the_preview_that_was_watched(
    world: World, caller: Callable[..., Caller]
) -> None:
    clip_id = world.clip()
    with world.read() as session:
        watched = session.scalars(select(Revision.watched_sha256)).one()
    clip = world.get(clip_id)
    body = {"action": "approve", "revision": 1, "version": clip.version, "watched": True}
    decisions_of = f"/api/v1/review/{clip_id}/decisions"
    late = caller(Role.REVIEWER)("POST", decisions_of, {**body, "sha256": "0" * 64})
    assert (late.status_code, late.get_json()["code"]) == (409, "stale_clip")
    made = caller(Role.REVIEWER)("POST", decisions_of, {**body, "sha256": watched})
    assert (made.status_code, made.get_json()["decision"]["sha256"]) == (201, watched)
