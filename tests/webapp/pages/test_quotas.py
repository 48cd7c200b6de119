"""Quotas of schools and classes, on the administrator's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from review.models import School, SchoolClass
from review.policy import PEOPLE, Role
from review.states import State
from tests.webapp.pages.conftest import Browser
from tests.world import World

Visitor = Callable[..., Browser]
PAGE = "/admin/quotas"


def save(person: Browser, **values: Any) -> str:
    return person.follow(person.post(PAGE, values)).text


def kept(world: World) -> tuple[tuple[int | None, int | None], tuple[int | None, int | None]]:
    with world.read() as session:
        school = session.get_one(School, world.school.id)
        group = session.get_one(SchoolClass, world.group.id)
        return (school.quota_mb, school.quota_clips), (group.quota_mb, group.quota_clips)


def test_a_school_and_a_class_get_their_own_and_lose_it_again(
    visitor: Visitor, world: World
) -> None:
    person = visitor(Role.ADMIN)
    said = save(person, kind="school", id=world.school.id, mb="500", clips="0")
    save(person, kind="class", id=world.group.id, mb="", clips="20")
    both = kept(world)
    save(person, kind="school", id=world.school.id, mb="", clips=" ")

    assert f"Đã lưu mức cho phép của {world.school.name}." in said
    assert both == ((500, 0), (None, 20))
    assert kept(world) == ((None, None), (None, 20))
    assert "Mức chung mỗi trường: 200 GB · 5.000 clip" in person.get(PAGE).text


def test_it_tells_how_much_each_has_used(visitor: Visitor, world: World) -> None:
    for _ in range(2):
        world.clip(State.IN_REVIEW, owner=world.person(Role.PUPIL))
    world.clip(State.WITHDRAWN, owner=world.person(Role.PUPIL))
    person = visitor(Role.ADMIN)
    save(person, kind="class", id=world.group.id, mb="0", clips="20")
    page = person.get(PAGE).text

    assert "Đã dùng 1 KB trong 200 GB · 2 trong 5.000 clip" in page  # the school
    assert "Đã dùng 1 KB · 2 trong 20 clip" in page  # the class


@pytest.mark.parametrize("mb", ["-1", "1.5", "x", "1e3", "٣", "9" * 11])
def test_what_is_no_number_changes_nothing(visitor: Visitor, world: World, mb: str) -> None:
    """What was typed stays, and the field says what is wrong with it."""
    values = {"kind": "school", "id": world.school.id, "mb": mb, "clips": "1"}
    page = visitor(Role.ADMIN).post(PAGE, values)
    wrong = [field for field in page.all("input") if field.get("aria-invalid")]

    assert page.status == 422
    assert [(f["name"], f["value"]) for f in wrong] == [("mb", mb)]
    assert [f["value"] for f in page.all("input") if f.get("name") == "clips"].count("1") == 1
    assert page.text.count("Hãy ghi một số nguyên") == 1
    assert kept(world)[0] == (None, None)


@pytest.mark.parametrize("role", [r for r in PEOPLE if r is not Role.ADMIN])
def test_only_administrators_see_it(visitor: Visitor, role: Role) -> None:
    assert visitor(role).get(PAGE).status in (403, 404)
