"""Private links in the browser: one clip, from any phone, and nothing else of the class."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from review.captions.languages import LANGUAGES
from review.consent import Person, Scope
from review.guesses import CLIP_LINK
from review.models import Guesses, Upload
from review.policy import Role
from review.states import State
from tests.webapp.conftest import TUS
from tests.webapp.pages.conftest import Browser
from tests.webapp.pages.reading import Page
from tests.webapp.pages.test_classes import decoded
from tests.world import World, consented

Visitor = Callable[..., Browser]


def link_on(page: Page) -> str:
    (found,) = [a["data-copy"] for a in page.all("button") if a.get("data-copy")]
    assert found is not None
    return found


def given(visitor: Visitor, world: World, state: State = State.IN_REVIEW) -> tuple[str, str]:
    """(clip, path of its link), as the pupil reads it on the clip's page."""
    clip_id = world.clip(state, owner=world.person(Role.PUPIL), people=(consented(),))
    page = visitor(Role.PUPIL).get(f"/clips/{clip_id}")
    address = link_on(page)
    assert decoded(page.source) == [address]
    match = re.fullmatch(r"http://localhost(/c/[3467acdefghjkmnpqrtwxy]{4}(-\w{4}){2})", address)
    assert match, address
    return clip_id, match[1]


def arrived(visitor: Visitor, path: str) -> Browser:
    """A phone that never was here, after opening the link."""
    phone = visitor(None)
    assert phone.get(path).status == 303
    return phone


def test_a_fresh_phone_follows_and_withdraws_the_clip(visitor: Visitor, world: World) -> None:
    clip_id, path = given(visitor, world)
    phone = visitor(None)
    page = phone.follow(phone.get(path))
    assert page.headings == ["Không chia sẻ mật khẩu"]
    assert "Đang chờ duyệt" in page.text
    assert phone.get(f"/clips/{clip_id}/progress").status == 200
    # What is not the link's is not offered either.
    posts = {f.action for f in page.forms if f.method == "post"}
    assert posts == {"/language", "/sign-out", f"/clips/{clip_id}/withdraw"}
    phone.send(page, f"/clips/{clip_id}/withdraw", reason="owner")
    gone = phone.follow(visitor_get(phone, path))
    assert "Clip này đã được gỡ." in gone.text


def test_a_phone_that_comes_back_later_asks_anew_who_it_is(visitor: Visitor, world: World) -> None:
    """A page that was open for a night has an old token; its script asks for another."""
    clip_id, path = given(visitor, world, State.CHANGES_REQUESTED)
    other_id, other_path = given(visitor, world, State.CHANGES_REQUESTED)
    phone, other = arrived(visitor, path), arrived(visitor, other_path)
    page = phone.get(f"/clips/{clip_id}")
    (chooser,) = [a for a in page.all("div") if "data-chooser" in a]
    me, room = chooser["data-me"], chooser["data-room-url"]
    assert me is not None
    assert room is not None
    told = phone.client.get(me)
    assert told.status_code == 200
    assert set(told.json) == {"owner", "key", "csrf"}
    assert phone.client.get(room).status_code == 200
    # Not of another clip, not without one; and what is kept for one clip opens for no other.
    assert phone.client.get(me.replace(clip_id, other_id)).status_code == 401
    assert phone.client.get("/submit/me").status_code == 401
    theirs = other.client.get(me.replace(clip_id, other_id))
    assert theirs.json["key"] != told.json["key"]
    assert theirs.json["owner"] != told.json["owner"]
    assert f'content="{told.json["owner"]}"' in page.source


def visitor_get(phone: Browser, path: str) -> Page:
    return phone.get(path)


def test_a_clip_sent_back_shows_its_notes_and_takes_a_new_file(
    visitor: Visitor, world: World
) -> None:
    clip_id, path = given(visitor, world, State.CHANGES_REQUESTED)
    phone = arrived(visitor, path)
    page = phone.get(f"/clips/{clip_id}")
    assert "bảng tên ở áo" in page.text
    assert any("data-upload" in a for a in page.all("form"))
    told = announce(phone, clip_id)
    assert told.status_code == 201
    location = told.headers["Location"]
    head = phone.client.head(location, headers={**TUS, "X-CSRFToken": phone.token()})
    assert (head.status_code, head.headers["Upload-Offset"]) == (200, "0")
    with world.read() as session:
        assert [u.clip_id for u in session.scalars(select(Upload))][-1] == clip_id


def test_a_link_takes_whole_files_for_its_clip_and_few_at_once(
    visitor: Visitor, world: World
) -> None:
    clip_id, path = given(visitor, world, State.CHANGES_REQUESTED)
    waiting, its_path = given(visitor, world)
    phone, early = arrived(visitor, path), arrived(visitor, its_path)

    assert announce(phone, clip_id, Upload_Concat="partial").status_code == 403
    assert announce(early, waiting, Upload_Concat="partial").status_code == 403
    assert announce(early, waiting).status_code == 422
    assert [announce(phone, clip_id).status_code for _ in range(4)] == [201] * 3 + [429]
    assert announce(visitor(Role.PUPIL), None).status_code == 201  # the owner's others have room


def announce(phone: Browser, clip_id: str | None, **more: str) -> Any:
    from base64 import b64encode

    about = "" if clip_id is None else f",clip {b64encode(clip_id.encode()).decode()}"
    headers = {
        **TUS,
        "Upload-Length": "9",
        "Upload-Metadata": f"filename Y2xpcC5tcDQ={about}",
        "X-CSRFToken": phone.token(),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return phone.client.post("/uploads", headers=headers)


def test_a_link_opens_nothing_else_of_the_pupil_or_the_class(
    visitor: Visitor, world: World
) -> None:
    pupil = world.person(Role.PUPIL)
    clip_id, path = given(visitor, world, State.CHANGES_REQUESTED)
    other = world.clip(State.CHANGES_REQUESTED, owner=pupil)
    for_class = world.clip(State.PUBLISHED, owner=pupil, scope=Scope.CLASS)
    for_library = world.clip(State.PUBLISHED, owner=pupil, scope=Scope.LIBRARY)
    phone = arrived(visitor, path)
    nobody = visitor(None)
    for page in (
        "/",
        "/submit",
        "/clips",
        f"/clips/{other}",
        f"/clips/{for_class}",
        f"/library/{for_class}",
        f"/library/{for_library}",
        f"/media/{other}/poster.jpg",
        f"/clips/{clip_id}/captions/{next(iter(LANGUAGES))}",
        f"/clips/{clip_id}/redact",
        "/api/v1/clips",
        f"/api/v1/clips/{clip_id}",
    ):
        seen, unseen = phone.get(page), nobody.get(page)
        assert (seen.status, seen.headings) == (unseen.status, unseen.headings), page
    for act in ("people", "poster", "link", "link/revoke", "escalate"):
        told = phone.post(f"/clips/{clip_id}/{act}", {"label": "bạn mới"})
        assert told.status in (302, 401), act
    assert phone.post("/submit", {"title": "Một clip nữa"}).status in (302, 401)
    for target in (None, other):
        assert announce(phone, target).status_code == 401  # type: ignore[attr-defined]
    assert phone.post(f"/clips/{other}/withdraw", {"reason": "owner"}).status in (302, 401)
    assert world.get(other).state == State.CHANGES_REQUESTED


def test_a_shared_phone_keeps_its_own_pupil(visitor: Visitor, world: World) -> None:
    clip_id, path = given(visitor, world)
    sister = visitor(world.account(Role.PUPIL))
    assert sister.follow(sister.get(path)).headings == ["Không chia sẻ mật khẩu"]
    assert sister.get("/clips").status == 200  # still who she was
    assert sister.get(f"/clips/{clip_id}").status == 200
    second, other_path = given(visitor, world)
    sister.get(other_path)
    assert [sister.get(f"/clips/{c}").status for c in (clip_id, second)] == [200, 200]


def test_staff_who_open_a_link_stay_themselves(visitor: Visitor, world: World) -> None:
    clip_id, path = given(visitor, world)
    teacher = visitor(Role.TEACHER)
    page = teacher.follow(teacher.get(path))
    assert page.status == 200
    assert "Đường dẫn riêng của học sinh" in page.text
    admin = visitor(Role.ADMIN)
    assert admin.follow(admin.get(path)).status == 404
    assert visitor(Role.PUPIL).get(path).location == f"/clips/{clip_id}"


def test_the_teacher_hands_out_a_new_link_and_takes_it_back(visitor: Visitor, world: World) -> None:
    clip_id, path = given(visitor, world)
    phone, teacher = arrived(visitor, path), visitor(Role.TEACHER)
    page = teacher.get(f"/clips/{clip_id}")
    assert "data-copy" not in page.source  # the teacher is not the pupil
    made = teacher.send(page, f"/clips/{clip_id}/link")
    new = link_on(made)
    assert decoded(made.source) == [new]
    assert phone.get(f"/clips/{clip_id}").status == 302
    old = phone.get(path)
    assert (old.status, "Hãy xin thầy cô đường dẫn mới." in old.text) == (410, True)
    again = arrived(visitor, new.removeprefix("http://localhost"))
    teacher.send(teacher.get(f"/clips/{clip_id}"), f"/clips/{clip_id}/link/revoke")
    assert again.get(f"/clips/{clip_id}").status == 302
    assert "Thầy cô đã thu hồi đường dẫn riêng" in visitor(Role.PUPIL).get(f"/clips/{clip_id}").text


def test_signing_out_ends_what_the_link_opened_even_for_a_copied_cookie(
    visitor: Visitor, world: World
) -> None:
    clip_id, path = given(visitor, world)
    phone, thief = arrived(visitor, path), visitor(None)
    with phone.client.session_transaction() as session:
        copied = dict(session["links"])
    phone.send(phone.get(f"/clips/{clip_id}"), "/sign-out")
    with thief.client.session_transaction() as session:
        session["links"] = copied
    assert thief.get(f"/clips/{clip_id}").status == 302


def test_letters_are_typed_by_hand_and_the_whole_address_is_pasted(
    visitor: Visitor, world: World
) -> None:
    clip_id, path = given(visitor, world)
    letters = path.removeprefix("/c/")
    for typed in (letters.upper().replace("-", " "), f" http://localhost{path}/ "):
        phone = visitor(None)
        done = phone.send(phone.get("/c"), "/c", link=typed)
        assert done.location == f"/clips/{clip_id}"
    wrong = visitor(None).post("/c", {"link": "acde-3467-fghj"})
    assert wrong.status == 404
    assert "Đường dẫn riêng chưa đúng." in wrong.text
    assert dict(wrong.form("/c").fields)["link"] == "acde-3467-fghj"


def test_guesses_are_counted_and_end(visitor: Visitor, world: World) -> None:
    _, path = given(visitor, world)
    for letters in ("aaaa-aaaa-aaaa", "", "http://[", "x" * 400):
        visitor(None).post("/c", {"link": letters})
    arrived(visitor, path)  # a right one is no guess
    with world.write() as session:
        row = session.scalars(select(Guesses)).one()
        assert (row.kind, row.wrong) == ("clip_link", 4)
        row.wrong = CLIP_LINK.most
    shut = visitor(None).get(path)
    assert (shut.status, "Mạng này vừa gõ sai quá nhiều lần." in shut.text) == (429, True)


@pytest.mark.parametrize("path", ["/c", "/c/acde-3467-fghj"])
def test_no_search_engine_and_no_other_site_learns_a_link(visitor: Visitor, path: str) -> None:
    answer = visitor(None).client.get(path)
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_held_clip_looks_through_its_link_as_in_review(visitor: Visitor, world: World) -> None:
    """Word for word, but for ids, times and secrets."""

    def seen(state: State) -> str:
        clip_id, path = given(visitor, world, state)
        text = arrived(visitor, path).get(f"/clips/{clip_id}").source
        for secret in (clip_id, path.removeprefix("/c/"), r"<path[^>]*>", r'value="[^"]*"'):
            text = re.sub(secret, "", text)
        return re.sub(r'content="[^"]*"|<time.*?</time>', "", text)

    assert seen(State.HELD) == seen(State.IN_REVIEW)


def test_who_may_not_add_a_consent_is_told_who_does(visitor: Visitor, world: World) -> None:
    """A link opens no form for consents: it says whom to ask."""
    pupil = world.person(Role.PUPIL)
    clip_id = world.clip(
        State.CHANGES_REQUESTED, owner=pupil, people=(Person("bạn áo đỏ", False, ()),)
    )
    owner = visitor(Role.PUPIL)
    path = link_on(owner.get(f"/clips/{clip_id}")).removeprefix("http://localhost")
    page = arrived(visitor, path).get(f"/clips/{clip_id}")
    assert "Còn thiếu sự đồng ý" in page.text
    assert "Nhờ thầy cô chủ nhiệm thêm sự đồng ý." in page.text
    assert "#people" not in page.links
