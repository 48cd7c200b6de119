"""The editor and the preview as a browser without a script sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from review import redacting
from review.models import Account
from review.policy import Role
from review.states import Action, State
from storage_config.blobs import LocalBlobs
from tests import redactions
from tests.webapp.pages.conftest import Browser
from tests.world import World

Visitor = Callable[..., Browser]
TYPED = {
    "boxes-0-x": "10",
    "boxes-0-y": "12,5",
    "boxes-0-width": "30",
    "boxes-0-height": "40",
    "boxes-0-start": "1,5",
    "boxes-0-end": "3",
    "boxes-0-how": "cover",
    "boxes-1-x": "",
    "boxes-1-start": " ",
    "boxes-1-how": "blur",
    "sounds-0-start": "2",
    "sounds-0-end": "4",
    "sounds-0-how": "beep",
    "cuts-0-start": "5",
    "cuts-0-end": "6",
}


def page_of(clip_id: str) -> str:
    return f"/clips/{clip_id}/redact"


def plan_of(world: World, clip_id: str) -> Any:
    with world.read() as session:
        row = redacting.latest(session, world.get(clip_id))
    return None if row is None else row.plan


def test_the_way_to_the_editor_is_where_one_may_redact(visitor: Visitor, world: World) -> None:
    in_review, sent_back = (world.clip(s) for s in (State.IN_REVIEW, State.CHANGES_REQUESTED))
    published = world.clip(State.PUBLISHED)

    def ways(role: Role, path: str) -> bool:
        return any(link.endswith("/redact") for link in visitor(role).get(path).links)

    assert ways(Role.REVIEWER, f"/review/{in_review}")
    assert ways(Role.MODERATOR, f"/clips/{in_review}")
    assert not ways(Role.TEACHER, f"/clips/{in_review}")  # the owner, while others review it
    assert ways(Role.TEACHER, f"/clips/{sent_back}")
    assert not ways(Role.MODERATOR, f"/clips/{published}")


@pytest.mark.parametrize(("state", "role", "status"), redactions.WHO)
def test_who_opens_the_editor(
    visitor: Visitor, world: World, state: State, role: Role, status: int
) -> None:
    assert visitor(role).get(page_of(world.clip(state))).status == status


def test_what_is_typed_becomes_a_plan(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    person = visitor(Role.REVIEWER)
    page = person.get(page_of(clip_id))
    assert "Chưa có gì được che" in page.text
    done = person.send(page, page_of(clip_id), **TYPED)
    assert (done.status, done.location) == (303, page_of(clip_id))
    assert plan_of(world, clip_id) == {
        "boxes": [
            {
                "x": 0.1,
                "y": 0.125,
                "width": 0.3,
                "height": 0.4,
                "start_s": 1.5,
                "end_s": 3.0,
                "how": "cover",
                "to_x": None,
                "to_y": None,
            }
        ],
        "sounds": [{"start_s": 2.0, "end_s": 4.0, "how": "beep"}],
        "cuts": [{"start_s": 5.0, "end_s": 6.0}],
    }
    waiting = person.follow(done)
    assert "Đang dựng bản xem thử…" in waiting.text
    assert "Dùng bản này" not in waiting.text
    # "Sửa tiếp" finds everything again.
    again = person.get(f"{page_of(clip_id)}?edit=1")
    fields = dict(again.form(page_of(clip_id)).fields)
    assert (fields["boxes-0-start"], fields["boxes-0-y"]) == ("0:01,5", "12,50")
    assert (fields["sounds-0-how"], fields["cuts-0-end"]) == ("beep", "0:06,0")


@pytest.mark.parametrize("minutes", ["9" * 400, "9" * 5000])
def test_minutes_beyond_all_counting_are_marked(
    visitor: Visitor, world: World, minutes: str
) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    person = visitor(Role.REVIEWER)
    wrong = {**TYPED, "boxes-0-end": f"{minutes}:00", "sounds-0-end": f"1:{minutes}:00"}
    refused = person.send(person.get(page_of(clip_id)), page_of(clip_id), **wrong)
    assert refused.status == 422
    invalid = [i.get("name") for i in refused.all("input") if i.get("aria-invalid") == "true"]
    assert invalid == ["boxes-0-end", "sounds-0-end"]
    assert dict(refused.form(page_of(clip_id)).fields)["boxes-0-end"] == wrong["boxes-0-end"]
    assert plan_of(world, clip_id) is None


def test_a_refused_plan_comes_back_with_what_was_typed(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    person = visitor(Role.REVIEWER)
    page = person.get(page_of(clip_id))
    wrong = {**TYPED, "boxes-0-start": "một", "cuts-0-end": "99"}
    refused = person.send(page, page_of(clip_id), **wrong)
    assert refused.status == 422
    assert "Cần là một số." in refused.text
    assert "Nằm ngoài clip: từ 0 đến 12,5 giây." in refused.text
    fields = dict(refused.form(page_of(clip_id)).fields)
    assert {name: fields[name] for name in wrong if not name.startswith("boxes-1")} == {
        name: value for name, value in wrong.items() if not name.startswith("boxes-1")
    }
    invalid = [i.get("name") for i in refused.all("input") if i.get("aria-invalid") == "true"]
    assert invalid == ["boxes-0-start", "cuts-0-end"]
    assert [i.get("name") for i in refused.all("input") if "autofocus" in i] == ["boxes-0-start"]
    described = [i["aria-describedby"] for i in refused.all("input") if i.get("aria-describedby")]
    assert described == ["boxes-0-errors", "cuts-0-errors"]
    nothing = person.send(person.get(page_of(clip_id)), page_of(clip_id))
    assert nothing.status == 422
    assert "Hãy thêm ít nhất một hộp che" in nothing.text
    assert plan_of(world, clip_id) is None


def test_the_preview_is_looked_at_and_kept(
    visitor: Visitor, world: World, blobs: LocalBlobs
) -> None:
    clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    person = visitor(Role.REVIEWER)
    made = redactions.asked(world, clip_id, world.actor(Role.REVIEWER))
    key = redactions.render(world, clip_id)
    (blobs.root / key).parent.mkdir(parents=True, exist_ok=True)
    (blobs.root / key).write_bytes(b"0123456 8")
    page = person.get(page_of(clip_id))
    assert "việc duyệt bắt đầu lại từ bước đầu" in page.text
    assert page.all("video")[0]["src"] == f"/media/{clip_id}/redactions/{made}.mp4"
    done = person.send(page, f"{page_of(clip_id)}/{made}/keep")
    assert (done.status, done.location) == (302, "/review")
    assert "Đã dùng bản mới." in person.follow(done).text
    assert (world.get(clip_id).state, world.get(clip_id).revision) == ("processing", 2)
    world.examine(clip_id)
    desk = person.get(f"/review/{clip_id}")
    assert "Chính bạn đã làm, nên một người khác duyệt bản này." in desk.text
    assert "approve" not in [b.get("value") for b in desk.all("button")]
    told = visitor(Role.PUPIL).get(f"/clips/{clip_id}").text
    assert "Đã che, tắt tiếng hoặc cắt bớt" in told


def test_the_render_is_shown_to_those_alone_who_may_keep_it(
    visitor: Visitor, world: World, blobs: LocalBlobs
) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    made = redactions.asked(world, clip_id, world.actor(Role.REVIEWER))
    key = redactions.render(world, clip_id)
    (blobs.root / key).parent.mkdir(parents=True, exist_ok=True)
    (blobs.root / key).write_bytes(b"012345678")
    link = f"/media/{clip_id}/redactions/{made}.mp4"

    def statuses() -> dict[Role | None, int]:
        people = (Role.REVIEWER, Role.MODERATOR, Role.TEACHER, Role.PUPIL, Role.ADMIN, None)
        return {role: status(role, link) for role in people}

    def status(who: Role | Account | None, path: str) -> int:
        return visitor(who).client.get(path, buffered=True).status_code

    others = {Role.TEACHER: 404, Role.PUPIL: 404, Role.ADMIN: 404, None: 404}
    assert statuses() == {Role.REVIEWER: 200, Role.MODERATOR: 200, **others}
    foreign = world.account(Role.REVIEWER, school=world.another_school())
    assert status(foreign, link) == 404
    assert status(Role.REVIEWER, link.replace(made, "0" * 26)) == 404
    world.withdraw(clip_id)
    assert set(statuses().values()) <= {404, 410}


def test_thrown_away_the_clip_is_as_before(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    before = world.get(clip_id)
    made = redactions.ready(world, clip_id, world.actor(Role.REVIEWER))
    person = visitor(Role.REVIEWER)
    done = person.send(person.get(page_of(clip_id)), f"{page_of(clip_id)}/{made}/discard")
    assert "Clip vẫn như cũ." in person.follow(done).text
    after = world.get(clip_id)
    assert (after.state, after.version) == (before.state, before.version)
    assert "Chưa có gì được che" in person.get(page_of(clip_id)).text


def test_an_old_preview_does_not_overrun_a_decision(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    made = redactions.ready(world, clip_id, world.actor(Role.MODERATOR))
    person = visitor(Role.MODERATOR)
    page = person.get(page_of(clip_id))
    world.decide(clip_id, Action.APPROVE, Role.REVIEWER)
    assert person.send(page, f"{page_of(clip_id)}/{made}/keep").status == 409
    assert world.get(clip_id).revision == 1


def test_a_failed_preview_says_why_and_leads_back(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    redactions.asked(world, clip_id, world.actor(Role.REVIEWER))
    claim = world.claim_job(clip_id, "redact")
    with world.write() as session:
        redacting.failed(session, claim, "too_short")
    page = visitor(Role.REVIEWER).get(page_of(clip_id))
    assert "Chưa dựng được bản xem thử." in page.text
    assert "Clip quá ngắn" in page.text
    assert f"{page_of(clip_id)}?edit=1" in page.links


def test_notes_of_the_review_stand_beside_the_picture(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.CHANGES_REQUESTED)
    assert "bảng tên ở áo" in visitor(Role.TEACHER).get(page_of(clip_id)).text


def test_the_fragment_asks_on_until_the_render_is_there(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    redactions.asked(world, clip_id, world.actor(Role.REVIEWER))
    client = visitor(Role.REVIEWER).client
    waiting = client.get(f"{page_of(clip_id)}/progress")
    assert ("HX-Refresh" in waiting.headers, b"every 2s" in waiting.data) == (False, True)
    redactions.render(world, clip_id)
    done = client.get(f"{page_of(clip_id)}/progress")
    assert (done.headers["HX-Refresh"], b"every 2s" in done.data) == ("true", False)


def test_forged_and_unsigned_posts_do_nothing(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW)
    assert visitor(Role.REVIEWER).post(page_of(clip_id), TYPED, forged=True).status == 400
    assert visitor(None).post(page_of(clip_id), TYPED).status in (302, 303)
    assert plan_of(world, clip_id) is None
