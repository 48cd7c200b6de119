"""Quotas of schools and classes, on the administrator's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from review.models import School, SchoolClass
from review.policy import PEOPLE, Role
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
    assert "Mức chung: 204800 MB và 5000 clip mỗi trường." in person.get(PAGE).text


@pytest.mark.parametrize("mb", ["-1", "1.5", "x", "1e3", "٣", "9" * 11])
def test_what_is_no_number_changes_nothing(visitor: Visitor, world: World, mb: str) -> None:
    said = save(visitor(Role.ADMIN), kind="school", id=world.school.id, mb=mb, clips="1")

    assert "Hãy ghi một số nguyên" in said
    assert kept(world)[0] == (None, None)


@pytest.mark.parametrize("role", [r for r in PEOPLE if r is not Role.ADMIN])
def test_only_administrators_see_it(visitor: Visitor, role: Role) -> None:
    assert visitor(role).get(PAGE).status in (403, 404)
