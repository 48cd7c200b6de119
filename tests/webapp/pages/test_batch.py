"""Many clips of the queue at once, in the browser without a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from review.policy import Role
from review.states import Action
from tests.webapp.pages.conftest import Browser
from tests.world import World

Visitor = Callable[..., Browser]
PAGE = "/review/batch"


def boxes(world: World, *clip_ids: str) -> list[str]:
    return [f"{clip_id}:{world.get(clip_id).version}" for clip_id in clip_ids]


def done(person: Browser, /, **values: Any) -> Any:
    return person.follow(person.post(PAGE, values))


def test_clips_are_given_to_a_colleague_and_taken_back(visitor: Visitor, world: World) -> None:
    colleague = world.account(Role.REVIEWER)
    one, two, changed = (world.clip(title=f"Clip {n}") for n in (1, 2, 3))
    person = visitor(Role.REVIEWER)
    offered = [a["value"] for a in person.get(PAGE).all("input") if a.get("name") == "clip"]
    assert sorted(offered, key=str) == sorted(boxes(world, one, two, changed))
    world.decide(changed, Action.APPROVE, Role.REVIEWER)
    page = done(person, clip=offered, kind="assign", person=colleague.id)
    assert page.text.count("đã làm") == 2
    assert page.text.count("vừa thay đổi") == 1
    assert [world.get(i).assigned_to for i in (one, two, changed)] == [colleague.id] * 2 + [None]
    (undo,) = [f.action for f in page.forms if f.action.endswith("/undo")]
    after = person.follow(person.send(page, undo))
    assert after.text.count("đã rút lại") == 2
    assert world.get(one).assigned_to is None
    assert [f.action for f in after.forms if f.action.endswith("/undo")] == []


def test_duplicates_of_a_clip_that_is_named_by_its_address_are_rejected(
    visitor: Visitor, world: World
) -> None:
    kept, again = world.clip(content=b"one"), world.clip(content=b"one")
    other = world.clip()
    person = visitor(Role.REVIEWER)
    address = f"http://localhost/review/{kept}"
    page = done(
        person, clip=boxes(world, again, other), kind="reject_duplicates", of=f"  {address}"
    )
    assert "đã làm" in page.text
    assert "không phải bản trùng" in page.text
    assert [world.get(i).state for i in (kept, again, other)] == [
        "in_review",
        "rejected",
        "in_review",
    ]
    assert "Không được duyệt" not in visitor(Role.TEACHER).get(f"/clips/{again}").text


def test_a_choice_that_can_not_be_kept_says_so_and_keeps_the_boxes(
    visitor: Visitor, world: World
) -> None:
    clip_id = world.clip()
    chosen = boxes(world, clip_id)
    person = visitor(Role.REVIEWER)
    for values, sentence in [
        ({"kind": "assign", "person": world.person(Role.REVIEWER).id}, "Hãy chọn từ 1 đến 100"),
        ({"clip": chosen, "kind": "assign", "person": ""}, "Hãy chọn một người duyệt."),
        ({"clip": [clip_id], "kind": "free_claims"}, "Hãy chọn clip trong danh sách."),
        ({"clip": chosen, "kind": "reject_duplicates", "of": "no-such-clip"}, "Không có clip này"),
    ]:
        page = person.post(PAGE, values)
        assert (page.status, sentence in page.text) == (422, True), sentence
        ticked = [a for a in page.all("input") if a.get("name") == "clip" and "checked" in a]
        assert [a["value"] for a in ticked] == (chosen if values.get("clip") == chosen else [])
