"""What the desk shows of clips that resemble this one, and the owner's page of the same file."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from review import lookalikes
from review.models import Account, Revision
from review.policy import Role
from review.states import Action, State
from tests.webapp.pages.conftest import Browser
from tests.world import World

Visitor = Callable[..., Browser]
TITLE = "Clip đã có từ trước"
FRAMES = [{"at_s": 61.5 + 2 * n, "hash": f"{n + 1:02x}a7" * 16} for n in range(6)]
LATER = [{**frame, "at_s": frame["at_s"] + 10} for frame in FRAMES]


def index(world: World, clip_id: str, frames: list[dict[str, object]]) -> None:
    with world.write() as session:
        revision = session.scalars(select(Revision).where(Revision.clip_id == clip_id)).one()
        lookalikes.index(session, revision, frames)


def pair(world: World, state: State) -> tuple[str, str]:
    """An earlier clip in this state, and one in review that has its frames 10 s later."""
    earlier = world.clip(state, title=TITLE)
    ours = world.clip(owner=world.person(Role.PUPIL))
    with world.write() as session:
        # The world's uploads all have the same bytes; these two have not.
        row = session.scalars(select(Revision).where(Revision.clip_id == ours)).one()
        row.original_sha256 = "f" * 64
    index(world, earlier, FRAMES)
    index(world, ours, LATER)
    return earlier, ours


@pytest.mark.parametrize(
    ("state", "badge", "warning"),
    [
        (State.WITHDRAWN, "Đã gỡ", "Giống một clip đã được gỡ."),
        (State.REJECTED, "Không được duyệt", "Giống một clip không được duyệt."),
        (State.IN_REVIEW, "Đang chờ duyệt", None),
        (State.PUBLISHED, "Đã đăng", None),
    ],
)
def test_the_reviewer_sees_the_clip_its_state_and_the_scenes(
    visitor: Visitor, world: World, state: State, badge: str, warning: str | None
) -> None:
    earlier, ours = pair(world, state)
    page = visitor(Role.REVIEWER).get(f"/review/{ours}")
    assert f"/clips/{earlier}" in page.links
    for words in ("Clip giống", TITLE, badge, "có gần hết clip kia", "1:11 ↔ 1:01"):
        assert words in page.text
    assert ("Giống một clip" in page.text) == (warning is not None)
    assert warning is None or warning in page.text
    jumps = [b for b in page.all("button") if "data-jump-to" in b]
    assert [(b["data-jump-to"], b["data-theirs"]) for b in jumps] == [
        (str(frame["at_s"] + 10), str(frame["at_s"])) for frame in FRAMES[:5]
    ]
    # What was withdrawn has no picture any more.
    pictures = f"/media/{earlier}/" in page.source
    assert pictures == (state is not State.WITHDRAWN)


def test_without_any_there_is_no_card(visitor: Visitor, world: World) -> None:
    ours = world.clip()
    index(world, ours, FRAMES)
    assert "Clip giống" not in visitor(Role.REVIEWER).get(f"/review/{ours}").text


def test_of_a_held_clip_there_is_no_trace(visitor: Visitor, world: World) -> None:
    earlier, ours = pair(world, State.HELD)
    for role in (Role.REVIEWER, Role.MODERATOR):
        if role is Role.MODERATOR:
            world.decide(ours, Action.APPROVE, Role.REVIEWER)
        page = visitor(role).get(f"/review/{ours}")
        assert page.status == 200
        assert "Clip giống" not in page.text
        assert (earlier in page.source, TITLE in page.source) == (False, False)


@pytest.mark.parametrize(
    ("state", "mark"),
    [(State.WITHDRAWN, "Đã gỡ"), (State.REJECTED, "Không được duyệt"), (State.APPROVED, None)],
)
def test_of_another_schools_clip_only_a_mark_is_shown(
    visitor: Visitor, world: World, state: State, mark: str | None
) -> None:
    earlier = world.clip(state, title=TITLE)
    school = world.another_school()
    reviewer = world.account(Role.REVIEWER, school=school)
    ours = world.clip(owner=world.account(Role.TEACHER, school=school))
    index(world, earlier, FRAMES)
    index(world, ours, LATER)
    page = visitor(reviewer).get(f"/review/{ours}")
    assert "Một clip ở trường khác" in page.text
    assert ("Giống một clip" in page.text) == (mark is not None)
    card = page.text[page.text.index("Clip giống") :]
    assert mark is None or mark in card
    for secret in (earlier, TITLE, world.school.name, "1:01"):
        assert secret not in page.source
    assert "1:11" in page.text


def test_the_owner_is_told_of_the_own_clip_with_the_same_file(
    visitor: Visitor, world: World
) -> None:
    owner = world.person(Role.PUPIL)
    first = world.clip(owner=owner, title=TITLE)
    second = world.clip(owner=owner)
    page = visitor(owner).get(f"/clips/{second}")
    assert "Bạn đã gửi đúng tệp này trong clip" in page.text
    assert f"/clips/{first}" in page.links
    assert "Bạn đã gửi đúng tệp" not in visitor(owner).get(f"/clips/{first}").text
    # Neither another owner of the same bytes nor the staff read that note.
    third = world.clip(owner=world.account(Role.PUPIL))
    owner_of_third = world.get(third).owner_id
    with world.read() as session:
        other = visitor(session.get_one(Account, owner_of_third))
    assert "Bạn đã gửi đúng tệp" not in other.get(f"/clips/{third}").text
    for role in (Role.REVIEWER, Role.MODERATOR, Role.TEACHER):
        assert "Bạn đã gửi đúng tệp" not in visitor(role).get(f"/clips/{second}").text


def test_same_bytes_are_told_to_the_reviewer_as_such(visitor: Visitor, world: World) -> None:
    world.clip(State.REJECTED, title=TITLE)
    ours = world.clip()
    page = visitor(Role.REVIEWER).get(f"/review/{ours}")
    assert "đúng tệp này" in page.text
    assert "Giống một clip không được duyệt." in page.text
