"""What the desk shows of clips that resemble this one, and the owner's page of the same file."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from review import lookalikes
from review.models import Account, Revision
from review.policy import Role
from review.states import Action, State
from storage_config.database import Database
from tests.pictured import PicturedWorld
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
    for words in ("Clip giống", TITLE, badge, "trùng gần hết clip kia", "1:11 ↔ 1:01"):
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
    assert "Bạn đã gửi chính tệp này trong clip" in page.text
    assert f"/clips/{first}" in page.links
    assert "Bạn đã gửi chính tệp" not in visitor(owner).get(f"/clips/{first}").text
    # Neither another owner of the same bytes nor the staff read that note.
    third = world.clip(owner=world.account(Role.PUPIL))
    owner_of_third = world.get(third).owner_id
    with world.read() as session:
        other = visitor(session.get_one(Account, owner_of_third))
    assert "Bạn đã gửi chính tệp" not in other.get(f"/clips/{third}").text
    for role in (Role.REVIEWER, Role.MODERATOR, Role.TEACHER):
        assert "Bạn đã gửi chính tệp" not in visitor(role).get(f"/clips/{second}").text


def test_same_bytes_are_told_to_the_reviewer_as_such(visitor: Visitor, world: World) -> None:
    world.clip(State.REJECTED, title=TITLE)
    ours = world.clip()
    page = visitor(Role.REVIEWER).get(f"/review/{ours}")
    assert "cùng một tệp" in page.text
    assert "Giống một clip không được duyệt." in page.text
    # And once more where the decision is taken.
    beside = page.source.partition("data-decide")[2].partition('value="approve"')[0]
    assert "Chính tệp này đã được gửi trước đây:" in beside
    assert f">{TITLE}</a>" in beside
    assert "Không được duyệt" in beside


def test_beside_the_decision_another_schools_clip_stays_a_mark(
    visitor: Visitor, world: World
) -> None:
    earlier = world.clip(State.REJECTED, title=TITLE)
    school = world.another_school()
    ours = world.clip(owner=world.account(Role.TEACHER, school=school))
    page = visitor(world.account(Role.REVIEWER, school=school)).get(f"/review/{ours}")
    assert "Chính tệp này đã được gửi trước đây: ở một trường khác Không được duyệt" in page.text
    assert (earlier in page.source, TITLE in page.source) == (False, False)


def test_a_look_alike_is_shown_by_the_picture_that_its_owner_chose(
    visitor: Visitor, database: Database
) -> None:
    world = PicturedWorld(database)
    earlier = world.clip(title=TITLE)
    ours = world.clip(owner=world.person(Role.PUPIL))
    visitor(world.person(Role.TEACHER)).post(
        f"/clips/{earlier}/poster", {"poster": "posters/2.jpg"}
    )
    page = visitor(world.person(Role.REVIEWER)).get(f"/review/{ours}")
    chosen = f"/media/{earlier}/posters/2.jpg"
    assert [a["src"] for a in page.all("img") if earlier in (a["src"] or "")] == [chosen]
    assert [a["poster"] for a in page.all("video") if earlier in (a["src"] or "")] == [chosen]


STRONG, PLAIN = "giống clip đã gỡ hoặc không được duyệt", "có clip giống"


@pytest.mark.parametrize(
    ("state", "mark"),
    [
        (State.WITHDRAWN, STRONG),
        (State.REJECTED, STRONG),
        (State.APPROVED, PLAIN),
        (State.HELD, None),
    ],
)
def test_the_queue_marks_what_was_here_before(
    visitor: Visitor, world: World, state: State, mark: str | None
) -> None:
    _earlier, ours = pair(world, state)
    page = visitor(Role.REVIEWER).get("/review")
    assert f"/review/{ours}" in page.links
    assert [words for words in (STRONG, PLAIN) if words in page.text] == ([mark] if mark else [])


def test_the_queue_tells_no_more_of_another_school_than_the_desk(
    visitor: Visitor, world: World
) -> None:
    earlier = world.clip(State.WITHDRAWN, title=TITLE)
    school = world.another_school()
    world.clip(owner=world.account(Role.TEACHER, school=school))
    page = visitor(world.account(Role.REVIEWER, school=school)).get("/review")
    assert STRONG in page.text
    assert (earlier in page.source, TITLE in page.source) == (False, False)
