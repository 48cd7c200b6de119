"""Signing in and out, joining a class, and the language of the pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from review.models import Account
from review.policy import Role
from review.states import State
from tests.webapp.pages.conftest import Browser
from tests.world import PASSWORD, World

ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "data:text/html,hi",
    "/\t/evil.example",
    "/\r\nLocation: https://evil.example",
    " //evil.example",
    "clips",
    "",
)


def test_who_signs_in_goes_where_they_wanted(visitor: Callable[..., Browser], world: World) -> None:
    teacher = world.person(Role.TEACHER)
    person = visitor(None)
    form = person.get("/sign-in?next=/clips")
    # Capital letters and blanks round a user name are how phones type.
    name = f" {(teacher.username or '').upper()} "
    done = person.send(form, "/sign-in", username=name, password=PASSWORD)
    assert (done.status, done.location) == (302, "/clips")
    assert person.follow(done).headings == ["Clip của tôi"]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_sign_in_leads_to_no_other_site(
    target: str, visitor: Callable[..., Browser], world: World
) -> None:
    values = {"username": world.person(Role.ADMIN).username, "password": PASSWORD, "next": target}
    assert visitor(None).post("/sign-in", values).location == "/"


@pytest.mark.parametrize("target", ELSEWHERE)
def test_choosing_a_language_leads_to_no_other_site(
    target: str, visitor: Callable[..., Browser]
) -> None:
    assert visitor(None).post("/language", {"language": "en", "next": target}).location == "/"


def test_a_refused_sign_in_never_tells_which_was_wrong(
    visitor: Callable[..., Browser], world: World
) -> None:
    teacher, off = world.person(Role.TEACHER), world.account(Role.REVIEWER)
    with world.write() as session:
        session.get_one(Account, off.id).active = False
    tries = [
        (teacher.username, "wrong-password"),
        ("nobody-of-this-name", PASSWORD),
        (off.username, PASSWORD),
    ]
    answers = [
        visitor(None).post("/sign-in", {"username": name, "password": password})
        for name, password in tries
    ]
    assert [page.status for page in answers] == [401, 401, 401]
    told = [page.text for page in answers]
    assert told[0].count("Tên đăng nhập hoặc mật khẩu chưa đúng.") == 1
    assert told == [told[0]] * 3
    # The name that was typed stays, the password does not.
    assert dict(answers[0].form("/sign-in").fields)["username"] == teacher.username
    assert dict(answers[0].form("/sign-in").fields)["password"] == ""


def test_an_empty_sign_in_says_what_is_missing(visitor: Callable[..., Browser]) -> None:
    page = visitor(None).post("/sign-in")
    assert page.status == 422
    assert "Hãy ghi tên đăng nhập." in page.text
    assert "Hãy ghi mật khẩu." in page.text


def test_guessing_a_password_is_slowed_down(visitor: Callable[..., Browser], world: World) -> None:
    person = visitor(None)
    values = {"username": world.person(Role.TEACHER).username, "password": "wrong-password"}
    assert [person.post("/sign-in", values).status for _ in range(11)] == [401] * 10 + [429]
    refused = person.post("/sign-in", {**values, "password": PASSWORD})
    assert (refused.status, refused.headings) == (
        429,
        ["Bạn thử quá nhiều lần. Hãy đợi một phút rồi thử lại."],
    )


def test_another_spelling_of_the_same_name_is_the_same_name(
    visitor: Callable[..., Browser], world: World
) -> None:
    person, name = visitor(None), world.person(Role.TEACHER).username
    assert name is not None
    spellings = [name, name.upper(), f" {name}", f"{name}  ", f"{name}\u200b", f"\u200b{name}\t"]
    tries = [{"username": s, "password": "wrong-password"} for s in spellings * 2]
    assert [person.post("/sign-in", t).status for t in tries] == [401] * 10 + [429] * 2


def test_signing_in_throws_the_session_before_away(
    visitor: Callable[..., Browser], world: World
) -> None:
    person = visitor(Role.PUPIL)
    person.post("/language", {"language": "en"})
    with person.client.session_transaction() as session:
        before = session["_user_id"]
        session["planted"] = "by somebody else"
    values = {"username": world.person(Role.TEACHER).username, "password": PASSWORD}
    person.post("/sign-in", values)
    with person.client.session_transaction() as session:
        assert session["_user_id"] != before
        assert "planted" not in session
        assert session["language"] == "en"


def test_a_pupil_joins_with_the_class_code_as_people_type_it(
    visitor: Callable[..., Browser], world: World
) -> None:
    person = visitor(None)
    typed = f" {world.group.code[:4].lower()}-{world.group.code[4:].lower()} "
    done = person.send(person.get(f"/join?code={typed}"), "/join")
    assert (done.status, done.location) == (302, "/submit")
    assert person.follow(done).headings == ["Gửi clip"]
    assert person.get("/").headings == ["Chào Học sinh lớp 7A"]


def test_a_pupil_who_types_the_code_again_keeps_the_clips(
    visitor: Callable[..., Browser], world: World
) -> None:
    pupil = world.person(Role.PUPIL)
    world.clip(State.IN_REVIEW, owner=pupil)
    person = visitor(pupil)
    again = person.send(person.get("/join"), "/join", code=world.group.code.lower())
    assert again.location == "/clips"
    assert "Không chia sẻ mật khẩu" in person.follow(again).text
    with world.read() as session:
        pupils = select(func.count(Account.id)).where(Account.role == Role.PUPIL)
        assert session.scalar(pupils) == 1


@pytest.mark.parametrize("code", ["", "WRONG234", "x" * 41])
def test_a_wrong_class_code_says_so_and_keeps_what_was_typed(
    code: str, visitor: Callable[..., Browser]
) -> None:
    page = visitor(None).post("/join", {"code": code})
    sentences = {
        "": "Hãy ghi mã lớp.",
        "WRONG234": "Mã lớp chưa đúng, hoặc thầy cô đã đổi mã. "
        "Hãy xem lại từng chữ, hoặc hỏi thầy cô mã mới.",
        "x" * 41: "Nhiều nhất 40 ký tự.",
    }
    assert page.status == 422
    assert sentences[code] in page.text
    assert dict(page.form("/join").fields)["code"] == code


def test_the_language_is_the_persons_choice_else_what_the_browser_asks_for(
    visitor: Callable[..., Browser], world: World
) -> None:
    assert visitor(None, "en-GB,en;q=0.9").get("/join").headings == ["Join with a class code"]
    assert visitor(None, "vi").get("/join").headings == ["Vào bằng mã lớp"]
    assert visitor(None, "fr").get("/join").headings == ["Vào bằng mã lớp"]
    person = visitor(None, "vi")
    page = person.get("/join?code=ABC")
    english = person.follow(person.send(page, "/language", button="en"))
    assert english.headings == ["Join with a class code"]
    assert english.all("html") == [{"lang": "en"}]
    assert dict(english.form("/join").fields)["code"] == "ABC"
    back = person.follow(person.send(english, "/language", button="vi"))
    assert back.headings == ["Vào bằng mã lớp"]
    assert person.post("/language", {"language": "tlh"}).status == 400


def test_the_language_of_the_account_goes_before_that_of_the_browser(
    visitor: Callable[..., Browser], world: World
) -> None:
    admin = world.person(Role.ADMIN)
    with world.write() as session:
        session.get_one(Account, admin.id).locale = "en"
    person = visitor(Role.ADMIN, "vi")
    assert person.get("/admin").headings == ["Administration"]
    person.post("/language", {"language": "vi"})
    assert person.get("/admin").headings == ["Quản trị"]
