"""The administrator's page: schools, classes, accounts, libraries."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from review import accounts, jobs
from review.models import Account, Clip, Library, Revision, School, SchoolClass
from review.policy import Role
from review.states import State
from tests.webapp.pages.conftest import Browser
from tests.world import World

Visitor = Callable[..., Browser]


def done(person: Browser, path: str, **values: Any) -> str:
    """What the page says after one of its forms was sent."""
    return person.follow(person.send(person.get("/admin"), path, **values)).text


def test_a_school_with_a_class_a_teacher_and_a_pupil(visitor: Visitor, world: World) -> None:
    person = visitor(Role.ADMIN)
    said = done(person, "/admin/schools", name="Trường  Tiểu học Sao Mai\u202e", level="primary")
    assert "Đã thêm trường Trường Tiểu học Sao Mai." in said
    with world.read() as session:
        school = session.scalars(select(School).where(School.name.contains("Sao Mai"))).one()
    assert (school.name, school.level) == ("Trường Tiểu học Sao Mai", "primary")
    said = done(person, "/admin/classes", school=school.id, name="Lớp 3B")
    with world.read() as session:
        group = session.scalars(select(SchoolClass).where(SchoolClass.name == "Lớp 3B")).one()
    assert f"Đã thêm Lớp 3B. Mã lớp: {group.code}" in said
    assert visitor(None).post("/join", {"code": group.code}).location == "/submit"
    values = {"username": "Co.Mai", "label": "Cô giáo lớp 3B", "role": "teacher"}
    said = done(person, "/admin/people", school=school.id, **values)
    told = re.search(r"Đã thêm co\.mai\. Mật khẩu \(chỉ hiện lần này\): (\S+)", said)
    assert told is not None
    with world.read() as session:
        teacher = accounts.sign_in(session, "co.mai", told[1])
    assert (teacher.role, teacher.school_id) == ("teacher", school.id)
    # Shown once: not on the page when it is opened again.
    assert told[1] not in person.get("/admin").text


def test_a_forgotten_password_is_set_anew_and_the_old_sessions_end(
    visitor: Visitor, world: World
) -> None:
    teacher = world.person(Role.TEACHER)
    signed_in, person = visitor(Role.TEACHER), visitor(Role.ADMIN)
    said = done(person, "/admin/people/password", account=teacher.id)
    told = re.search(r"Mật khẩu mới của (\S+) \(chỉ hiện lần này\): (\S+)", said)
    assert told is not None
    assert told[1] == teacher.username
    assert signed_in.get("/clips").location == "/sign-in?next=/clips"
    with world.read() as session:
        assert accounts.sign_in(session, told[1], told[2]).id == teacher.id
    pupil = world.person(Role.PUPIL)
    for account_id in (pupil.id, "no-such-account"):
        answer = person.post("/admin/people/password", {"account": account_id})
        assert answer.status == 404


def test_a_library_gets_a_token_that_is_shown_once(visitor: Visitor, world: World) -> None:
    person = visitor(Role.ADMIN)
    said = done(person, "/admin/libraries", name="Thư viện\u200b huyện")
    told = re.search(r"Mã truy cập của Thư viện huyện \(chỉ hiện lần này\): (lt_\S+)", said)
    assert told is not None
    assert told[1] not in person.get("/admin").text
    with world.read() as session:
        library = accounts.token_owner(session, told[1])
    assert isinstance(library, Library)
    assert library.name == "Thư viện huyện"


def test_what_is_wrong_is_said_and_nothing_is_added(visitor: Visitor, world: World) -> None:
    person = visitor(Role.ADMIN)
    school = {"school": world.school.id}
    wrong: list[tuple[str, dict[str, str], str]] = [
        ("schools", {"name": "\u200b"}, "Hãy ghi tên trường."),
        ("schools", {"name": world.school.name}, "Đã có trường tên này."),
        ("schools", {"name": "Trường X", "level": "university"}, "Phải là một trong: kindergarten"),
        ("classes", {"name": " ", **school}, "Hãy ghi tên lớp."),
        ("classes", {"name": "Lớp 1A", "school": "no-such-school"}, "Không có trường này."),
        ("people", {"username": " ", "role": "admin"}, "Hãy ghi tên đăng nhập."),
        ("people", {"username": "a", "role": "pupil"}, "Phải là một trong: teacher"),
        ("people", {"username": "a", "role": "worker"}, "Phải là một trong: teacher"),
        (
            "people",
            {"username": "a", "role": "teacher", "school": ""},
            "Vai trò này cần một trường.",
        ),
        ("libraries", {"name": ""}, "Hãy ghi tên thư viện."),
    ]

    def rows() -> list[int]:
        with world.read() as session:
            models = (School, SchoolClass, Account, Library)
            return [len(list(session.scalars(select(m.id)))) for m in models]

    before = rows()
    for part, values, sentence in wrong:
        assert sentence in done(person, f"/admin/{part}", **values), (part, values)
    assert rows() == before


def test_the_office_has_no_school_whatever_the_form_says(visitor: Visitor, world: World) -> None:
    person = visitor(Role.ADMIN)
    values = {"username": "kiem.duyet", "role": "moderator", "school": world.school.id}
    assert "Đã thêm kiem.duyet." in done(person, "/admin/people", **values)
    with world.read() as session:
        made = session.scalars(select(Account).where(Account.username == "kiem.duyet")).one()
    assert (made.role, made.school_id, made.active) == ("moderator", None, True)


def test_every_kind_of_job_has_a_word(visitor: Visitor, world: World) -> None:
    clip_id = world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    with world.write() as session:
        clip = session.get_one(Clip, clip_id)
        revision = session.scalars(select(Revision).where(Revision.clip_id == clip_id)).one()
        for kind in jobs.KINDS:
            jobs.enqueue(session, kind, clip, revision)
    source = visitor(Role.ADMIN).get("/admin/jobs").source
    words = set(re.findall(r"<td>\s*([^<]*?)\s*<br>", source))
    assert len(words) == len(jobs.KINDS)
    assert "" not in words
