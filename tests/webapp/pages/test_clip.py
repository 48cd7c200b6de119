"""One clip's page: taking it back, consents, trying again, and what moderators do with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from review import publication
from review.consent import Scope
from review.models import Clip
from review.policy import Role
from review.states import Action, State
from tests.webapp.pages.conftest import Browser
from tests.webapp.pages.reading import Page
from tests.world import World, consented

Visitor = Callable[..., Browser]


def action(page: Page, pattern: str) -> str:
    """The one form of the page whose address matches."""
    found = [f.action for f in page.forms if re.fullmatch(pattern, f.action)]
    assert len(found) == 1, (pattern, [f.action for f in page.forms])
    return found[0]


def test_an_owner_takes_a_published_clip_back(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, owner=world.person(Role.PUPIL))
    person = visitor(Role.PUPIL)
    page = person.get(f"/clips/{clip_id}")
    after = person.follow(person.send(page, f"/clips/{clip_id}/withdraw", reason="guardian"))
    clip = world.get(clip_id)
    assert (clip.state, clip.withdrawn_reason) == ("withdrawn", "guardian")
    assert "Clip này đã được gỡ." in after.text
    assert "Cha mẹ hoặc người giám hộ yêu cầu" in after.text
    gone = visitor(None).get(f"/library/{clip_id}")
    assert (gone.status, gone.headings) == (410, ["Clip này đã được gỡ."])
    assert visitor(None).get("/library").text.count(clip.title) == 0


def test_taking_back_wins_whatever_happened_since_the_page_was_opened(
    visitor: Visitor, world: World
) -> None:
    clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    person = visitor(Role.PUPIL)
    page = person.get(f"/clips/{clip_id}")
    world.approve(clip_id, ladder=True)
    person.send(page, f"/clips/{clip_id}/withdraw")
    assert world.get(clip_id).state == "withdrawn"


def test_reasons_are_offered_to_those_who_may_give_them(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, owner=world.person(Role.PUPIL))

    def offered(role: Role) -> list[str]:
        source = visitor(role).get(f"/clips/{clip_id}").source
        box = re.search(r'<select id="reason".*?</select>', source, re.DOTALL)
        return re.findall(r'value="(\w+)"', box.group()) if box else []

    roles = (Role.PUPIL, Role.TEACHER, Role.REVIEWER, Role.MODERATOR)
    assert {role: offered(role) for role in roles} == {
        Role.PUPIL: ["owner", "guardian", "error"],
        Role.TEACHER: ["guardian", "error"],
        Role.REVIEWER: [],
        Role.MODERATOR: ["owner", "guardian", "consent_expired", "office", "error"],
    }
    refused = visitor(Role.TEACHER).post(f"/clips/{clip_id}/withdraw", {"reason": "office"})
    assert (refused.status, world.get(clip_id).state) == (422, "published")


def test_a_failed_clip_is_tried_again(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.FAILED, owner=world.person(Role.PUPIL))
    person = visitor(Role.PUPIL)
    page = person.get(f"/clips/{clip_id}")
    assert "Bộ xử lý video dừng giữa chừng." in page.text
    after = person.follow(person.send(page, f"/clips/{clip_id}/retry"))
    assert world.get(clip_id).state == "processing"
    assert "Đang xử lý lại." in after.text
    # The same press again: the page was old, and says so.
    assert person.send(page, f"/clips/{clip_id}/retry").status == 409


def test_a_refused_clip_says_why_and_takes_a_new_revision(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.REFUSED, owner=world.person(Role.PUPIL))
    page = visitor(Role.PUPIL).get(f"/clips/{clip_id}")
    assert "Tệp này không phải là video." in page.text
    assert [a["data-clip"] for a in page.all("form") if "data-upload" in a] == [clip_id]
    # The teacher sees what is wrong; sending again is the pupil's.
    teachers = visitor(Role.TEACHER).get(f"/clips/{clip_id}")
    assert "Tệp này không phải là video." in teachers.text
    assert [a for a in teachers.all("form") if "data-upload" in a] == []


def test_what_the_reviewer_wrote_is_there_for_the_owner(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.CHANGES_REQUESTED, owner=world.person(Role.PUPIL))
    page = visitor(Role.PUPIL).get(f"/clips/{clip_id}")
    assert "Cần sửa" in page.text
    told = "0:01 Thấy rõ tên, bảng tên hoặc phù hiệu của học sinh : bảng tên ở áo"
    assert told in page.text
    # Who decided is not the pupil's to know.
    assert world.person(Role.REVIEWER).label not in page.text


def test_the_last_missing_consent_publishes_an_approved_clip(
    visitor: Visitor, world: World
) -> None:
    person = visitor(Role.TEACHER)
    clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    page = person.get(f"/clips/{clip_id}")
    page = person.follow(
        person.send(page, f"/clips/{clip_id}/people", label="bạn áo đỏ", guardian="y")
    )
    assert "Đã thêm bạn áo đỏ." in page.text
    world.approve(clip_id, ladder=True)
    waiting = person.get(f"/clips/{clip_id}")
    assert "Clip chờ đủ sự đồng ý của những người trong clip" in waiting.text
    target = action(waiting, rf"/clips/{clip_id}/people/[^/]+/consents")
    done = person.follow(person.send(waiting, target, kind="own", evidence="tủ hồ sơ"))
    assert "Đã ghi sự đồng ý." in done.text
    assert world.get(clip_id).state == "published"


def test_revoking_a_consent_withdraws_the_clip(visitor: Visitor, world: World) -> None:
    owner = world.person(Role.PUPIL)
    clip_id = world.clip(State.PUBLISHED, owner=owner, people=(consented(),))
    person = visitor(Role.TEACHER)
    page = person.get(f"/clips/{clip_id}")
    revoke = [f.action for f in page.forms if f.action.endswith("/revoke")]
    assert len(revoke) == 2  # the guardian's and the child's
    after = person.follow(person.send(page, revoke[1]))
    assert world.get(clip_id).state == "withdrawn"
    assert "(đã rút lại)" in after.text
    assert [f.action for f in after.forms if f.action.endswith("/revoke")] == []


def test_wrong_people_and_consents_are_refused_in_words(visitor: Visitor, world: World) -> None:
    owner = world.person(Role.TEACHER)
    clip_id = world.clip(State.IN_REVIEW, owner=owner, people=(consented(),))
    person = visitor(Role.TEACHER)
    page = person.get(f"/clips/{clip_id}")
    people = f"/clips/{clip_id}/people"
    consents = action(page, rf"{people}/[^/]+/consents")

    def told(path: str, **values: Any) -> str:
        return person.follow(person.send(page, path, **values)).text

    assert "Hãy ghi cách gọi, ví dụ «bạn áo đỏ»." in told(people, label="\u200b ")
    assert "Cách gọi này đã có." in told(people, label="bạn áo đỏ")
    assert "Nhiều nhất 80 ký tự." in told(people, label="x" * 81)
    assert "Hãy chọn một mục trong danh sách." in told(people, label="ai đó", scope="everywhere")
    assert "Hãy chọn một mục trong danh sách." in told(consents, kind="neighbour")
    assert "Ngày chưa đúng." in told(consents, valid_until="31/12/2030")


def test_consents_are_recorded_only_for_the_clips_that_one_may_see(
    visitor: Visitor, world: World
) -> None:
    clip_id = world.clip(State.IN_REVIEW, people=(consented(),))
    page = visitor(Role.TEACHER).get(f"/clips/{clip_id}")
    consents = action(page, rf"/clips/{clip_id}/people/[^/]+/consents")
    revoke = next(f.action for f in page.forms if f.action.endswith("/revoke"))
    stranger = visitor(world.account(Role.TEACHER, school=world.another_school()))
    values = {"kind": "own", "scope": "public"}
    for path in (consents, revoke, f"/clips/{clip_id}/people"):
        assert stranger.post(path, {**values, "label": "ai đó"}).status == 404
    # Through a clip of one's own, somebody else's person is just as far away.
    own = world.clip(State.IN_REVIEW, owner=stranger.account)
    assert stranger.post(consents.replace(clip_id, own), values).status == 404
    assert stranger.post(revoke.replace(clip_id, own)).status == 404


def test_a_teacher_says_that_a_child_is_at_risk(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    person = visitor(Role.TEACHER)
    page = person.get(f"/clips/{clip_id}")
    after = person.follow(
        person.send(page, f"/clips/{clip_id}/escalate", text="em ấy khóc ở cuối clip")
    )
    assert world.get(clip_id).state == "held"
    assert "Đã chuyển «Không chia sẻ mật khẩu» cho người phụ trách bảo vệ trẻ em." in after.text
    assert "Tổng đài bảo vệ trẻ em: 111" in after.text
    assert person.get(f"/clips/{clip_id}").status == 404
    officers = visitor(Role.SAFEGUARDING).get(f"/review/{clip_id}")
    assert "em ấy khóc ở cuối clip" in officers.text


def test_no_owner_escalates_and_no_stranger(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    path = f"/clips/{clip_id}/escalate"
    assert path not in [f.action for f in visitor(Role.PUPIL).get(f"/clips/{clip_id}").forms]
    assert visitor(Role.PUPIL).post(path).status == 403
    assert visitor(Role.ADMIN).post(path).status == 404
    stranger = world.account(Role.REVIEWER, school=world.another_school())
    assert visitor(stranger).post(path).status == 404
    assert world.get(clip_id).state == "in_review"


def test_a_moderator_corrects_what_a_published_clip_says(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, owner=world.person(Role.PUPIL))
    with world.write() as session:
        row = session.get_one(type(world.get(clip_id)), clip_id)
        row.language, row.level = "en", "primary"
    person = visitor(Role.MODERATOR)
    path = f"/clips/{clip_id}/details"
    page = person.get(path)
    after = person.follow(
        person.send(page, path, title="Tên mới", topics="conduct", credit="", level="other")
    )
    clip = world.get(clip_id)
    assert "Đã sửa. Các thư viện nhận bản mới." in after.text
    assert (clip.title, clip.topics, clip.credit) == ("Tên mới", ["conduct"], "")
    assert clip.level == "other"
    # What the page does not show stays.
    assert (clip.language, clip.scope) == ("en", "public")
    page = person.get(path)
    assert person.send(page, path, level="university").status == 422
    person.send(page, path, level="")
    assert world.get(clip_id).level is None


def test_a_refused_correction_keeps_what_was_typed(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.PUBLISHED)
    person, path = visitor(Role.MODERATOR), f"/clips/{clip_id}/details"
    page = person.get(path)
    typed = {"summary": "giữ lại dòng này"}
    blank = person.send(page, path, title="\u200b", **typed)
    assert (blank.status, "Hãy đặt tên cho clip." in blank.text) == (422, True)
    moderator = world.actor(Role.MODERATOR)
    with world.write() as session:
        version = world.get(clip_id).version
        publication.lower_scope(session, clip_id, moderator, Scope.LIBRARY, version)
    stale = person.send(page, path, title="Tên mới", **typed)
    assert stale.status == 409
    assert "Clip vừa được thay đổi trong lúc bạn xem." in stale.text
    for answer in (blank, stale):
        assert dict(answer.form(path).fields)["summary"].strip() == "giữ lại dòng này"
    assert person.send(stale, path).status == 302
    assert world.get(clip_id).title == "Tên mới"


def test_a_moderator_narrows_who_may_watch(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.PUBLISHED)
    person = visitor(Role.MODERATOR)
    page = person.get(f"/clips/{clip_id}")
    assert visitor(None).get(f"/library/{clip_id}").status == 200
    after = person.send(page, f"/clips/{clip_id}/scope", scope="school")
    assert "Đã thu hẹp phạm vi." in person.follow(after).text
    assert visitor(None).get(f"/library/{clip_id}").status == 404
    assert visitor(Role.TEACHER).get(f"/library/{clip_id}").status == 200
    assert person.send(page, f"/clips/{clip_id}/scope", scope="class").status == 409
    for scope, status in (("public", 422), ("", 422), ("everywhere", 422)):
        values = {"scope": scope, "version": world.get(clip_id).version}
        assert person.post(f"/clips/{clip_id}/scope", values).status == status
    assert person.post(f"/clips/{clip_id}/scope", {"scope": "class"}).status == 422


def test_a_withdrawn_clip_comes_back_only_with_new_consents(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, people=(consented(),))
    world.withdraw(clip_id, "guardian")
    person = visitor(Role.MODERATOR)
    page = person.get(f"/clips/{clip_id}")
    refused = person.send(page, f"/clips/{clip_id}/restore")
    assert refused.status == 422
    assert "Còn thiếu sự đồng ý của người có mặt trong clip." in refused.text
    assert "bạn áo đỏ" in refused.text
    consents = action(page, rf"/clips/{clip_id}/people/[^/]+/consents")
    for kind in ("guardian", "own"):
        person.send(page, consents, kind=kind)
    after = person.follow(person.send(page, f"/clips/{clip_id}/restore"))
    assert "Clip trở lại bước duyệt đầu tiên." in after.text
    assert (world.get(clip_id).state, world.get(clip_id).stage) == ("in_review", 0)


def told_percent(world: World, person: Browser, clip_id: str, percent: int) -> list[str]:
    with world.write() as session:
        session.get_one(Clip, clip_id).progress = f"ladder:{percent}"
    text = person.client.get(f"/clips/{clip_id}/progress?seen=in_review").text
    assert "Đang làm các cỡ hình" in text
    return re.findall(r"(\d+) %", text)


def test_the_progress_fragment_asks_again_only_while_something_is_made(
    visitor: Visitor, world: World
) -> None:
    clip_id = world.clip(State.PROCESSING, owner=world.person(Role.PUPIL))
    person = visitor(Role.PUPIL)
    path = f"/clips/{clip_id}/progress?seen=processing"
    first = person.client.get(path)
    assert "HX-Refresh" not in first.headers
    assert 'hx-trigger="every 3s"' in first.text
    assert "Đang kiểm tra và chuẩn bị clip…" in first.text
    world.examine(clip_id)
    moved = person.client.get(path)
    assert moved.headers["HX-Refresh"] == "true"
    assert told_percent(world, person, clip_id, 40) == ["40"]
    assert told_percent(world, person, clip_id, 100) == []  # it is not done while it says so
    world.ladder(clip_id)
    made = person.client.get(f"/clips/{clip_id}/progress?seen=in_review")
    assert "hx-get" not in made.text
    assert "HX-Refresh" not in made.headers
    world.decide(clip_id, Action.REJECT, Role.REVIEWER)
    assert "hx-get" not in person.client.get(f"/clips/{clip_id}/progress").text
