"""The teacher's page of a class code: seen, changed, stopped, printed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from PIL import Image, ImageDraw
from sqlalchemy import select
from zxingcpp import BarcodeFormat, read_barcodes

from review import accounts, classcodes, clock
from review.errors import TooManyGuesses
from review.guesses import CLASS_CODE
from review.models import Guesses, SchoolClass
from review.policy import Role
from storage_config.settings import load
from tests.webapp.pages.conftest import Browser
from tests.webapp.pages.reading import Page
from tests.world import World

Visitor = Callable[..., Browser]


def group(world: World) -> SchoolClass:
    with world.read() as session:
        return session.get_one(SchoolClass, world.group.id)


def decoded(source: str) -> list[str]:
    """What a foreign reader sees in the page's QR codes, drawn from their SVG."""
    found = []
    for svg in re.findall(r"<svg[^>]*viewBox=.*?</svg>", source, re.DOTALL):
        if "qr" not in source or "<path" not in svg:
            continue
        found += [b.text for b in read_barcodes(drawn(svg)) if b.format == BarcodeFormat.QRCode]
    return found


def drawn(svg: str) -> Image.Image:
    """segno draws runs of modules as strokes: "M4 4.5h7m1 0h1...", absolute, then relative."""
    size = int(re.findall(r'viewBox="0 0 (\d+) ', svg)[0])
    picture = Image.new("L", (size * 8, size * 8), 255)
    pen = ImageDraw.Draw(picture)
    path = re.findall(r'd="(M[^"]*h[^"]*)"', svg)[-1]
    x = y = 0.0
    for kind, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        values = [float(n) for n in re.findall(r"-?\d*\.?\d+", numbers)]
        if kind == "M":
            x, y = values
        elif kind == "m":
            x, y = x + values[0], y + values[1]
        else:
            box = [8 * x, 8 * (y - 0.5), 8 * (x + values[0]) - 1, 8 * (y + 0.5) - 1]
            pen.rectangle(box, fill=0)
            x += values[0]
    return picture


def page_of(world: World, person: Browser) -> Page:
    return person.get(f"/classes/{world.group.id}")


def test_the_qr_codes_lead_to_joining_this_class(visitor: Visitor, world: World) -> None:
    teacher = visitor(Role.TEACHER)
    address = f"http://localhost/join?code={world.group.code}"
    assert decoded(page_of(world, teacher).source) == [address]
    assert decoded(teacher.get(f"/classes/{world.group.id}/card").source) == [address] * 4
    poster = teacher.get(f"/classes/{world.group.id}/card?as=poster")
    assert decoded(poster.source) == [address]
    for words in (world.group.code[:4], "localhost/join", "Mã dùng được đến hết ngày"):
        assert words in poster.text


def test_the_qr_codes_name_the_public_address_where_one_is_set(
    make_app: Callable[..., Flask], world: World, tmp_path: object
) -> None:
    environ = {"LANTOA_PUBLIC_URL": "https://lantoa.example.vn/clip", "LANTOA_SECRET_KEY": "k" * 40}
    settings = load(environ, data=tmp_path)  # type: ignore[arg-type]
    teacher = Browser(make_app(settings=settings), world, world.person(Role.TEACHER), "vi")
    teacher.client.environ_base["wsgi.url_scheme"] = "https"
    page = page_of(world, teacher)
    assert decoded(page.source) == [f"https://lantoa.example.vn/clip/join?code={world.group.code}"]
    assert "lantoa.example.vn/clip/join" in page.text


def test_terms_are_changed_and_wrong_ones_stay_in_the_form(visitor: Visitor, world: World) -> None:
    teacher, path = visitor(Role.TEACHER), f"/classes/{world.group.id}"
    with world.read() as session:
        day = (clock.now(session) + timedelta(days=30)).date()
    values = {"ends_on": day.isoformat(), "pupils": "2", "clips": "5", "scope": "school"}
    done = teacher.follow(teacher.send(teacher.get(path), path, **values))
    assert "Đã lưu." in done.text
    row = group(world)
    assert row.code_ends_at is not None
    assert classcodes.last_day(row.code_ends_at) == day
    assert (row.code_pupils_limit, row.code_clips_limit, row.code_scope) == (2, 5, "school")
    for wrong, sentence in (
        ({"ends_on": "2020-01-01"}, "Ngày hết hạn đã qua."),
        ({"ends_on": ""}, "Hãy chọn ngày hết hạn."),
        ({"pupils": "nhiều"}, "Cần là số nguyên."),
        ({"clips": "0"}, "Cần là số từ 1 đến 5000."),
        ({"scope": "world"}, "Hãy chọn một mục trong danh sách."),
    ):
        page = teacher.send(done, path, **(values | wrong))
        assert page.status == 422
        assert sentence in page.text, wrong
        (name,) = wrong
        if name in ("pupils", "clips"):
            assert dict(page.form(path).fields)[name] == wrong[name]
    assert group(world).code_clips_limit == 5


def test_the_page_says_how_many_came_and_what_is_closed(visitor: Visitor, world: World) -> None:
    teacher, path = visitor(Role.TEACHER), f"/classes/{world.group.id}"
    pupil = world.person(Role.PUPIL)
    world.clip(owner=pupil)
    with world.write() as session:
        row = session.get_one(SchoolClass, world.group.id)
        row.code_pupils_limit, row.code_clips_limit = 1, 1
    full = teacher.get(path).text
    assert "Học sinh đã vào 1 / 1" in full
    assert "Clip học sinh đã gửi 1 / 1" in full
    assert "Đã đủ số học sinh" in full
    assert "Lớp đã gửi đủ số clip cho phép" in full
    refused = visitor(pupil).post("/submit", {"title": "Thêm một clip"})
    assert refused.status == 409
    assert "Hãy nhờ thầy cô tăng giới hạn." in refused.text
    with world.write() as session:
        session.get_one(SchoolClass, world.group.id).code_ends_at = clock.now(session)
    assert "Mã đã hết hạn" in teacher.get(path).text
    admin = visitor(Role.ADMIN)
    assert "Đã hết hạn" in admin.follow(admin.get("/classes")).text


def test_the_code_is_stopped_and_let_in_again(visitor: Visitor, world: World) -> None:
    teacher, path = visitor(Role.TEACHER), f"/classes/{world.group.id}"
    stopped = teacher.follow(teacher.send(teacher.get(path), f"{path}/stop"))
    told = visitor(None).post("/join", {"code": world.group.code})
    assert (told.status, "Thầy cô đã dừng mã lớp này." in told.text) == (422, True)
    teacher.send(stopped, f"{path}/resume")
    assert visitor(None).post("/join", {"code": world.group.code}).location == "/submit"


@pytest.mark.parametrize("out", [False, True])
def test_a_new_code_ends_the_old_one_at_once(visitor: Visitor, world: World, out: bool) -> None:
    pupil, teacher, old = visitor(Role.PUPIL), visitor(Role.TEACHER), world.group.code
    path = f"/classes/{world.group.id}"
    page = teacher.get(path)
    assert dict(page.form(f"{path}/code").fields)["pupils"] in ("stay", "out")
    after = teacher.follow(teacher.send(page, f"{path}/code", pupils="out" if out else "stay"))
    new = group(world).code
    assert new != old
    assert f"{new[:4]} {new[4:]}" in after.text
    assert old[:4] not in after.text
    assert "Mã cũ không dùng được nữa." in after.text
    assert visitor(None).post("/join", {"code": old}).status == 422
    assert visitor(None).post("/join", {"code": new}).status == 302
    assert pupil.get("/clips").status == (302 if out else 200)


@pytest.mark.parametrize("act", ["", "/code", "/stop", "/resume"])
def test_only_the_own_teacher_and_the_administrator_change_a_code(
    visitor: Visitor, world: World, act: str
) -> None:
    stranger = world.account(Role.TEACHER, school=world.another_school())
    path = f"/classes/{world.group.id}{act}"
    values = {"ends_on": group(world).code_ends_at.date().isoformat(), "scope": "public"}  # type: ignore[union-attr]
    before = group(world).code
    assert visitor(stranger).post(path, values).status == 404
    for role in (Role.PUPIL, Role.REVIEWER, Role.MODERATOR, Role.SAFEGUARDING):
        assert visitor(role).post(path, values).status == 403
    assert visitor(None).post(path, values).status in (302, 401)
    assert visitor(Role.TEACHER).post(path, values, forged=True).status == 400
    assert group(world).code == before
    assert visitor(Role.ADMIN).post(path, values).location == f"/classes/{world.group.id}"
    assert visitor(Role.ADMIN).post(f"/classes/no-such-class{act}", values).status == 404


def test_a_class_of_wrong_codes_is_stopped_and_a_right_one_costs_nothing(
    visitor: Visitor, world: World
) -> None:
    person = visitor(None)
    with world.write() as session:
        session.add(Guesses(kind="class_code", who="other", since=clock.now(session), wrong=99))
    person.post("/join", {"code": "WRONG234"})
    visitor(None).post("/join", {"code": world.group.code})
    with world.write() as session:
        (row,) = session.scalars(select(Guesses).where(Guesses.who != "other")).all()
        assert (row.wrong, "127.0.0.1" in row.who) == (1, False)
        row.wrong = CLASS_CODE.most
    told = visitor(None).client.post("/join", data={"code": world.group.code})
    assert told.status_code in (400, 429)
    shut = visitor(None).post("/join", {"code": world.group.code})
    assert shut.status == 429
    assert "dùng mạng khác, ví dụ 4G" in shut.text
    assert TooManyGuesses.code == "too_many_guesses"


def test_a_pupil_is_offered_no_wider_scope_than_the_class_has(
    visitor: Visitor, world: World
) -> None:
    with world.write() as session:
        session.get_one(SchoolClass, world.group.id).code_scope = "school"
    page = visitor(Role.PUPIL).get("/submit")
    assert dict(page.form("/submit").fields)["scope"] == "school"
    (choice,) = re.findall(r'<select id="scope".*?</select>', page.source, re.DOTALL)
    assert re.findall(r'value="(\w+)"', choice) == ["school", "class"]
    teacher = visitor(Role.TEACHER).get("/submit")
    assert dict(teacher.form("/submit").fields)["scope"] == "public"


def test_a_list_of_many_classes_asks_the_database_no_more(
    visitor: Visitor, world: World, counted: Callable[[], object]
) -> None:
    admin = visitor(Role.ADMIN)

    def asked() -> int:
        with counted() as counter:  # type: ignore[attr-defined]
            assert admin.get("/classes").status in (200, 302)
        return len(counter.statements)

    with world.write() as session:
        accounts.add_class(session, world.school.id, "Lớp 8B")
    few = asked()
    with world.write() as session:
        for n in range(40):
            accounts.add_class(session, world.school.id, f"Lớp {n}")
    assert asked() == few
