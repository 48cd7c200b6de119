"""A held clip: its officer sees it, its owner sees a clip in review, nobody else sees anything."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from review import decisions, queries
from review.policy import Role
from review.states import Action, State
from tests.webapp.pages.conftest import Browser
from tests.webapp.pages.reading import Page
from tests.world import World

Visitor = Callable[..., Browser]
TITLE = "Clip mà ai đó lo cho một bạn"
OWNERS = ("/", "/clips", "/clips/{id}", "/clips/{id}/progress?seen=in_review")
NOTES = {State.IN_REVIEW: 0, State.APPROVED: 2, State.PUBLISHED: 2}
STAFFS = ("/", "/clips?of=class", "/review", "/review/next", "/library", "/admin", "/admin/jobs")


def told(page: Page) -> str:
    """What a page says, without the times that differ from minute to minute."""
    return re.sub(r"\d\d:\d\d, \d\d/\d\d/\d{4}|\d{4}-\d\d-\d\dT[\d:]+Z", "", page.text)


def release(world: World, clip_id: str) -> None:
    officer, version = world.actor(Role.SAFEGUARDING), world.get(clip_id).version
    with world.write() as session:
        decisions.release_hold(session, clip_id, officer, version)


@pytest.mark.parametrize("before", [State.IN_REVIEW, State.APPROVED, State.PUBLISHED])
def test_the_owner_sees_a_clip_in_review(visitor: Visitor, world: World, before: State) -> None:
    owner = world.person(Role.PUPIL)
    clip_id = world.clip(before, owner=owner, title=TITLE)
    if before is State.IN_REVIEW:
        world.ladder(clip_id)
    person = visitor(owner)
    pages = [path.format(id=clip_id) for path in OWNERS]
    as_before = [told(person.get(path)) for path in pages]
    world.decide(clip_id, Action.ESCALATE, Role.MODERATOR)
    while_held = [told(person.get(path)) for path in pages]
    release(world, clip_id)
    after = [told(person.get(path)) for path in pages]
    assert [t.count("Đang chờ duyệt") for t in while_held[:3]] == [1, 1, 1]
    # Neither while it is held nor after does any page differ from one of a clip in review.
    assert while_held == after
    if before is State.IN_REVIEW:
        assert while_held == as_before
    for text in while_held:
        assert "giữ" not in text.replace("giữ lại", "").replace("giữ trang", "")
        # What was written for the officer; approvals before the hold had the same words.
        assert text.count("bảng tên ở áo") == NOTES[before] * ("Người duyệt ghi" in text)


def test_the_source_of_the_owners_page_has_no_trace_either(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.HELD, owner=world.person(Role.PUPIL))
    for path in OWNERS:
        source = visitor(Role.PUPIL).get(path.format(id=clip_id)).source.lower()
        assert [
            word for word in ("held", "escalat", "safeguard", "release") if word in source
        ] == []


def test_the_owner_takes_a_held_clip_back_as_any_other(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    person = visitor(Role.PUPIL)
    page = person.get(f"/clips/{clip_id}")
    world.decide(clip_id, Action.ESCALATE, Role.REVIEWER)
    after = person.follow(person.send(page, f"/clips/{clip_id}/withdraw"))
    assert "Clip đã được gỡ." in after.text
    assert world.get(clip_id).state == "withdrawn"


def test_nobody_else_sees_that_there_is_one(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.PUBLISHED, owner=world.person(Role.PUPIL), title=TITLE)
    world.decide(clip_id, Action.ESCALATE, Role.MODERATOR)
    roles = (None, Role.TEACHER, Role.REVIEWER, Role.MODERATOR, Role.ADMIN)
    for who in roles:
        person = visitor(who)
        for path in (*STAFFS, "/library?q=lo+cho"):
            assert TITLE not in person.get(path).text, (who, path)
        # To the public it reads like any clip that was withdrawn.
        assert person.get(f"/library/{clip_id}").status == 410, who
        for path in ("/clips/{id}", "/clips/{id}/progress", "/review/{id}"):
            assert person.get(path.format(id=clip_id)).status in (302, 403, 404), (who, path)
        for path in ("withdraw", "retry", "escalate", "people", "scope", "restore"):
            answer = person.post(f"/clips/{clip_id}/{path}", {"reason": "office", "version": "1"})
            assert answer.status in (302, 403, 404, 422), (who, path)
            assert TITLE not in answer.text
        assert visitor(who).get(f"/media/{clip_id}/poster.jpg").status == 410
    assert world.get(clip_id).state == "held"


def test_after_the_hold_a_reviewer_learns_nothing_of_it(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    other = world.account(Role.REVIEWER)
    person = visitor(other)
    page = person.get(f"/review/{clip_id}")
    plain = told(page)
    with world.read() as session:
        place = queries.place_of(session, clip_id)
    world.decide(clip_id, Action.ESCALATE, Role.MODERATOR)
    release(world, clip_id)
    assert told(person.get(f"/review/{clip_id}")) == plain
    # The old page works as if nothing had been: it does not even say that something happened.
    done = person.send(page, f"/review/{clip_id}", button="approve", watched="y")
    assert done.location == f"/review/next?after={place}"
    assert (world.get(clip_id).state, world.get(clip_id).stage) == ("in_review", 1)
