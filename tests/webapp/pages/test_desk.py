"""The queue and the desk: decisions, what refuses them, and that nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from review import accounts, decisions, publication, submission
from review.policy import Role
from review.states import Action, State
from tests.webapp.pages.conftest import Browser
from tests.webapp.pages.reading import Page
from tests.world import TITLE, World, consented

Visitor = Callable[..., Browser]

NOTE = {"notes-0-at": "12,5", "notes-0-code": "sound_low", "notes-0-text": "câu cuối nhỏ quá"}


def desk(clip_id: str) -> str:
    return f"/review/{clip_id}"


def typed(page: Page, clip_id: str) -> dict[str, Any]:
    fields = dict(page.form(desk(clip_id)).fields)
    return {name: fields[name].strip() for name in NOTE}


def test_the_queue_has_what_waits_oldest_first(visitor: Visitor, world: World) -> None:
    titles = ("Clip thứ nhất", "Clip thứ hai")
    ids = [world.clip(State.IN_REVIEW, title=t, owner=world.person(Role.PUPIL)) for t in titles]
    page = visitor(Role.REVIEWER).get("/review")
    assert [link for link in page.links if link.startswith("/review/0")] == [
        desk(clip_id) for clip_id in ids
    ]
    assert page.text.index(titles[0]) < page.text.index(titles[1])
    assert visitor(Role.REVIEWER).get("/review/next").location == desk(ids[0])
    # The office's turn comes after the school's.
    assert titles[0] not in visitor(Role.MODERATOR).get("/review").text
    world.decide(ids[0], Action.APPROVE, Role.REVIEWER)
    assert titles[0] in visitor(Role.MODERATOR).get("/review").text


def test_approving_goes_through_both_stages_to_the_library(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    world.ladder(clip_id)
    for role in (Role.REVIEWER, Role.MODERATOR):
        person = visitor(role)
        page = person.get(desk(clip_id))
        done = person.send(page, desk(clip_id), button="approve", watched="y")
        assert (done.status, done.location.partition("=")[0]) == (302, "/review/next?after")
        told = person.follow(person.follow(done)).text
        assert f"Đã duyệt «{TITLE}»." in told
        assert "Không còn clip nào chờ bạn duyệt." in told
    assert world.get(clip_id).state == "published"
    assert visitor(None).get(f"/library/{clip_id}").status == 200


def test_approving_needs_the_whole_clip_to_have_been_watched(
    visitor: Visitor, world: World
) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    person = visitor(Role.REVIEWER)
    page = person.get(desk(clip_id))
    refused = person.send(page, desk(clip_id), button="approve", **NOTE)
    assert refused.status == 422
    assert "Hãy xem hết clip rồi mới duyệt." in refused.text
    assert typed(refused, clip_id) == NOTE
    assert person.send(refused, desk(clip_id), button="approve", watched="y").status == 302


def test_sending_back_needs_a_reason_and_notes_reach_the_owner(
    visitor: Visitor, world: World
) -> None:
    clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    person = visitor(Role.REVIEWER)
    page = person.get(desk(clip_id))
    refused = person.send(page, desk(clip_id), button="request_changes")
    assert refused.status == 422
    assert "Hãy ghi ít nhất một lý do để người gửi biết cần sửa gì." in refused.text
    done = person.send(refused, desk(clip_id), button="request_changes", **NOTE)
    told = person.follow(person.follow(done)).text
    assert f"Đã trả «{TITLE}» lại cho người gửi sửa." in told
    owners = visitor(Role.PUPIL).get(f"/clips/{clip_id}")
    assert "0:12 Tiếng quá nhỏ hoặc khó nghe : câu cuối nhỏ quá" in owners.text
    # The space is this reader's, between two elements; on the page there is none.
    assert 'khó nghe<span class="soft">: câu cuối' in owners.source


def test_a_wrong_time_is_told_beside_the_note(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    person = visitor(Role.REVIEWER)
    page = person.get(desk(clip_id))
    wrong = {**NOTE, "notes-0-at": "một phút"}
    refused = person.send(page, desk(clip_id), button="reject", **wrong)
    assert (refused.status, typed(refused, clip_id)) == (422, wrong)
    assert "Ghi số giây, ví dụ 12,5." in refused.text
    wrong = {**NOTE, "notes-0-at": "-3"}
    refused = person.send(page, desk(clip_id), button="reject", **wrong)
    assert (refused.status, typed(refused, clip_id)) == (422, wrong)
    assert "Thời điểm tính bằng giây, từ 0." in refused.text
    assert world.get(clip_id).state == "in_review"


def test_a_decision_that_is_none_is_asked_for_again(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    person = visitor(Role.REVIEWER)
    page = person.get(desk(clip_id))
    for decision in ({}, {"action": "publish"}, {"action": "withdraw"}, {"action": "bless"}):
        refused = person.send(page, desk(clip_id), watched="y", **NOTE, **decision)
        assert (refused.status, typed(refused, clip_id)) == (422, NOTE)
    assert "Hãy chọn một quyết định." in person.send(page, desk(clip_id)).text
    assert world.get(clip_id).state == "in_review"


def test_enter_in_a_field_never_approves(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    page = visitor(Role.REVIEWER).get(desk(clip_id))
    of_decisions = page.source.partition("data-decide")[2]
    first = next(
        Page(200, f"<button {part.partition('>')[0]}>").all("button")[0]
        for part in of_decisions.split("<button ")[1:]
        if 'type="submit"' in part.partition(">")[0]
    )
    assert first == {"type": "submit", "disabled": None, "hidden": None}


def test_a_decision_on_a_clip_that_moved_on_says_what_happened_and_keeps_the_notes(
    visitor: Visitor, world: World
) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    other = world.account(Role.REVIEWER)
    person = visitor(Role.REVIEWER)
    page = person.get(desk(clip_id))
    with world.write() as session:
        decisions.release_claim(session, clip_id, world.actor(Role.REVIEWER))
    version = world.get(clip_id).version
    with world.write() as session:
        verdict = decisions.Verdict(Action.APPROVE, 1, version, watched=True)
        decisions.decide(session, clip_id, accounts.actor_of(other), verdict)
    refused = person.send(page, desk(clip_id), button="reject", watched="y", **NOTE)
    assert refused.status == 409
    assert "Clip vừa được thay đổi trong lúc bạn xem." in refused.text
    assert "Những gì bạn đã ghi vẫn còn bên dưới." in refused.text
    (told,) = [part for part in refused.source.split("<ul>") if "Những gì bạn đã ghi" in part]
    assert "Đã duyệt" in told.partition("</ul>")[0]
    assert typed(refused, clip_id) == NOTE
    # Once seen, the second try is for the clip as it is now.
    assert person.send(refused, desk(clip_id), button="reject").status == 302
    assert world.get(clip_id).state == "rejected"


def test_a_new_revision_has_to_be_watched_again(visitor: Visitor, world: World) -> None:
    owner = world.person(Role.PUPIL)
    clip_id = world.clip(State.IN_REVIEW, owner=owner)
    person = visitor(Role.MODERATOR)
    page = person.get(desk(clip_id))
    with world.write() as session:
        decisions.release_claim(session, clip_id, world.actor(Role.MODERATOR))
    world.decide(clip_id, Action.REQUEST_CHANGES, Role.REVIEWER)
    upload = world.upload(owner)
    with world.write() as session:
        submission.resubmit(session, clip_id, upload, accounts.actor_of(owner))
    world.examine(clip_id)
    refused = person.send(page, desk(clip_id), button="reject", watched="y", **NOTE)
    assert refused.status == 409
    fields = dict(refused.form(desk(clip_id)).fields)
    assert "watched" not in fields
    assert (fields["revision"], typed(refused, clip_id)) == ("2", NOTE)


def test_a_clip_that_was_escalated_meanwhile_is_gone_from_the_desk(
    visitor: Visitor, world: World
) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    person = visitor(Role.REVIEWER)
    page = person.get(desk(clip_id))
    world.decide(clip_id, Action.ESCALATE, Role.MODERATOR)
    refused = person.send(page, desk(clip_id), button="reject", **NOTE)
    assert refused.location == "/review"
    assert "Clip này vừa rời hàng chờ của bạn." in person.follow(refused).text


def test_a_clip_that_somebody_else_has_open_can_be_watched_but_not_decided(
    visitor: Visitor, world: World
) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    first, second = visitor(Role.REVIEWER), visitor(world.account(Role.REVIEWER))
    first.get(desk(clip_id))
    assert "bạn đang xem" in first.get("/review").text
    assert "reviewer đang xem, giữ đến" in second.get("/review").text
    page = second.get(desk(clip_id))
    assert "Một người khác đang duyệt clip này." in page.text
    refused = second.send(page, desk(clip_id), button="reject", **NOTE)
    assert (refused.status, typed(refused, clip_id)) == (409, NOTE)
    assert second.post(f"{desk(clip_id)}/claim").status == 409
    assert first.post(f"{desk(clip_id)}/claim").status == 204
    assert first.post(f"{desk(clip_id)}/leave").location == "/review"
    assert second.post(f"{desk(clip_id)}/claim").status == 204
    assert second.send(page, desk(clip_id), button="reject", **NOTE).status == 302


def test_who_has_nothing_to_decide_sees_why(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW, stage=1)
    page = visitor(Role.REVIEWER).get(desk(clip_id))
    actions = [value for f in page.forms for name, value in f.buttons if name == "action"]
    # A reviewer of the school may still send it back; approving again is not theirs.
    assert actions == ["request_changes", "reject", "escalate"]
    rejected = world.clip(State.REJECTED)
    page = visitor(Role.REVIEWER).get(desk(rejected))
    assert "Không có việc cho bạn ở bước này" in page.text
    assert [f for f in page.forms if f.action == desk(rejected)] == []


def test_a_decision_that_was_taken_back_says_so_to_the_next(visitor: Visitor, world: World) -> None:
    campaign = world.campaign(announce_at=datetime(2099, 6, 1, tzinfo=UTC))
    one = world.clip(campaign=campaign.slug)
    person = visitor(Role.REVIEWER)
    assert person.send(person.get(desk(one)), desk(one), button="reject", **NOTE).status == 302
    undo = f"/admin/campaigns/decisions/{one}/undo"
    page = person.get(desk(one))
    assert "(đã rút lại)" not in page.text
    assert person.send(page, undo).status == 302
    # And one of a batch.
    kept, again = world.clip(content=b"one"), world.clip(content=b"one")
    chosen = [f"{again}:{world.get(again).version}"]
    done = person.post("/review/batch", {"clip": chosen, "kind": "reject_duplicates", "of": kept})
    page = person.follow(done)
    (undo,) = [f.action for f in page.forms if f.action.endswith("/undo")]
    assert person.send(page, undo).status == 302
    colleague = visitor(world.account(Role.REVIEWER))
    for clip_id in (again, one):
        page = colleague.get(desk(clip_id))
        assert "Không duyệt · reviewer (đã rút lại)" in page.text
    # What is said after it stands.
    assert colleague.send(page, desk(one), button="approve", watched="y").status == 302
    text = visitor(Role.MODERATOR).get(desk(one)).text.partition("Đã quyết định")[2]
    assert text.index("(đã rút lại)") < text.index("Đã duyệt · reviewer")
    assert "Đã duyệt · reviewer (đã rút lại)" not in text


def test_what_the_rules_refuse_is_told_on_the_desk(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    person = visitor(Role.MODERATOR)
    page = person.get(desk(clip_id))
    refused = person.send(page, desk(clip_id), action="approve", watched="y", **NOTE)
    assert (refused.status, typed(refused, clip_id)) == (403, NOTE)
    assert "Bạn không được làm việc này với clip này." in refused.text


def test_missing_consents_are_told_before_the_decision(visitor: Visitor, world: World) -> None:
    people = (consented("bạn áo đỏ"), consented("bạn đội mũ"))
    missing = type(people[1])(people[1].label)
    clip_id = world.clip(State.IN_REVIEW, people=(people[0], missing))
    page = visitor(Role.REVIEWER).get(desk(clip_id))
    assert "Còn thiếu sự đồng ý của: bạn đội mũ." in page.text


def test_without_javascript_the_desk_has_a_box_to_attest_with(
    visitor: Visitor, world: World
) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    page = visitor(Role.REVIEWER).get(desk(clip_id))
    (box,) = [a for a in page.all("input") if a.get("name") == "watched"]
    assert box["type"] == "checkbox"
    assert "hidden" not in box
    assert "Tôi đã xem hết clip" in page.text
    (video,) = page.all("video")
    assert video["src"] == f"/media/{clip_id}/proxy.mp4"
    assert "controls" in video


def test_escalating_from_the_desk_shows_the_help_line(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    person = visitor(Role.REVIEWER)
    page = person.get(desk(clip_id))
    done = person.send(page, desk(clip_id), button="escalate", **NOTE)
    told = person.follow(person.follow(done)).text
    assert f"Đã chuyển «{TITLE}» cho người phụ trách bảo vệ trẻ em." in told
    assert "Tổng đài bảo vệ trẻ em: 111" in told
    assert world.get(clip_id).state == "held"


def test_the_officer_releases_or_rejects_a_held_clip(visitor: Visitor, world: World) -> None:
    held = [world.clip(State.HELD, owner=world.person(Role.PUPIL)) for _ in range(2)]
    person = visitor(Role.SAFEGUARDING)
    inbox = person.get("/safeguarding")
    cases = [f"/safeguarding/{clip_id}" for clip_id in held]
    assert [a for a in inbox.links if a.startswith("/safeguarding/0")] == cases
    page = person.get(desk(held[0]))
    assert "0:01 Thấy rõ tên, bảng tên hoặc phù hiệu của học sinh : bảng tên ở áo" in page.text
    # One form for each decision, and none that leads nowhere.
    assert [f.action for f in page.forms if "review" in f.action or "safe" in f.action] == [
        f"/safeguarding/{held[0]}/release",
        desk(held[0]),
    ]
    after = person.follow(person.send(page, f"/safeguarding/{held[0]}/release"))
    assert "Clip trở lại bước duyệt đầu tiên." in after.text
    assert (world.get(held[0]).state, world.get(held[0]).stage) == ("in_review", 0)
    page = person.get(desk(held[1]))
    done = person.send(page, desk(held[1]), button="reject", **{"notes-0-text": "đã gọi gia đình"})
    assert done.location == "/safeguarding"
    assert world.get(held[1]).state == "rejected"
    assert "đã gọi gia đình" in visitor(Role.PUPIL).get(f"/clips/{held[1]}").text
    assert person.post(f"/safeguarding/{held[0]}/release").status == 422


def test_the_next_clip_is_not_taken_for_the_one_that_was_approved(
    visitor: Visitor, world: World
) -> None:
    owner = world.person(Role.PUPIL)
    first, second = (world.clip(owner=owner, title=f"Clip {n}") for n in ("một", "hai"))
    person = visitor(Role.REVIEWER)
    page = person.get(desk(first))
    done = person.send(page, desk(first), button="approve", watched="y")
    after = person.follow(person.follow(done))
    assert after.headings == ["Clip hai"]
    assert "Đã duyệt «Clip một»." in after.text
    assert desk(second) in [form.action for form in after.forms]


def test_words_for_who_sits_here_for_the_first_time(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW, stage=1)
    page = visitor(Role.MODERATOR).get(desk(clip_id))
    assert "Được dùng lại nếu ghi nguồn và không bán (CC BY-NC 4.0)" in page.text
    # There was no other: a number would only ask for an answer.
    assert "lần nộp thứ" not in page.text


def test_the_desk_shows_the_credit_line_before_it_is_public(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    assert "Ghi nguồn Lớp 7A" in visitor(Role.REVIEWER).get(desk(clip_id)).text


def test_the_officer_closes_the_case_of_a_clip_that_was_withdrawn_meanwhile(
    visitor: Visitor, world: World
) -> None:
    owner = world.person(Role.PUPIL)
    clip_id = world.clip(State.HELD, owner=owner)
    with world.write() as session:
        publication.withdraw(session, clip_id, accounts.actor_of(owner), "owner")
    person = visitor(Role.SAFEGUARDING)
    assert f"/safeguarding/{clip_id}" in person.get("/safeguarding").links
    page = person.get(desk(clip_id))
    (video,) = page.all("video")
    assert video["src"] == f"/media/{clip_id}/proxy.mp4"
    assert "bảng tên ở áo" in page.text
    path = f"/safeguarding/{clip_id}/close"
    assert [f.action for f in page.forms if "review" in f.action or "safe" in f.action] == [path]
    # The moderator finds a withdrawn clip like any other: nothing to watch, nothing to close.
    others = visitor(Role.MODERATOR).get(desk(clip_id))
    assert (others.all("video"), path in others.source) == ([], False)
    # Closing is final: it is asked for once more, and the way back is there.
    assert "Đóng rồi thì không mở lại được" in page.text
    assert "/safeguarding" in page.links
    assert page.source.index("Đóng rồi thì") < page.source.index("Đã lo xong, đóng hồ sơ")
    after = person.follow(person.send(page, path))
    assert f"Đã đóng hồ sơ của «{TITLE}»." in after.text
    assert person.get(desk(clip_id)).status == 404
    assert "hồ sơ" not in visitor(Role.PUPIL).get(f"/clips/{clip_id}").text
