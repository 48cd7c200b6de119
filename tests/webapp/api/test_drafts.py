"""``PUT /drafts/<key>``: whatever is interrupted and repeated, one file is one clip."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from review import accounts, submission
from review.models import Clip
from review.policy import Role
from tests.racing import race
from tests.webapp.conftest import PART, TUS, Caller, problem
from tests.world import World

KEY = "a" * 64
Callers = Callable[..., Caller]


def count(world: World) -> int:
    with world.read() as session:
        return session.scalar(select(func.count()).select_from(Clip)) or 0


def test_a_draft_is_made_once_changed_until_it_is_handed_in_and_then_shown(
    world: World, caller: Callers
) -> None:
    teacher = caller(Role.TEACHER)
    first = teacher("PUT", f"/api/v1/drafts/{KEY}", {"title": "Một"}).get_json()
    again = teacher("PUT", f"/api/v1/drafts/{KEY}", {"title": "Một, sửa"}).get_json()
    assert (first["state"], again["id"]) == ("draft", first["id"])
    assert world.get(first["id"]).title == "Một, sửa"
    about = base64.b64encode(first["id"].encode()).decode()
    made = teacher(
        "POST", "/uploads", **TUS, Upload_Length="9", Upload_Metadata=f"filename YQ==,clip {about}"
    )
    sent = teacher.client.patch(
        made.headers["Location"],
        data=b"123456789",
        headers={**teacher.headers, **TUS, "Upload-Offset": "0", "Content-Type": PART},
    )
    assert sent.status_code == 204
    there = teacher("PUT", f"/api/v1/drafts/{KEY}", {"title": "Muộn rồi"}).get_json()
    assert (there["id"], there["state"]) == (first["id"], "processing")
    assert (world.get(first["id"]).title, count(world)) == ("Một, sửa", 1)


def test_a_name_is_ones_own_and_a_deleted_draft_is_made_again(
    world: World, caller: Callers
) -> None:
    teacher, other = world.person(Role.TEACHER), world.account(Role.TEACHER)
    mine = caller(teacher)("PUT", f"/api/v1/drafts/{KEY}", {"title": "Một"}).get_json()
    theirs = caller(other)("PUT", f"/api/v1/drafts/{KEY}", {"title": "Hai"}).get_json()
    assert mine["id"] != theirs["id"]
    with world.write() as session:
        submission.delete_draft(session, mine["id"], accounts.actor_of(teacher))
    new = caller(teacher)("PUT", f"/api/v1/drafts/{KEY}", {"title": "Một"}).get_json()
    assert new["id"] not in (mine["id"], theirs["id"])
    assert caller(teacher)("PUT", f"/api/v1/drafts/{KEY}", {"title": "Một"}).get_json() == new


def test_two_at_once_make_one_draft(world: World, caller: Callers) -> None:
    programs = [caller(Role.TEACHER) for _ in range(4)]
    answers = race(
        *(lambda p=p: p("PUT", f"/api/v1/drafts/{KEY}", {"title": "Một"}) for p in programs)
    )
    assert len({a.get_json()["id"] for a in answers}) == 1
    assert count(world) == 1


@pytest.mark.parametrize("key", ["short", "a" * 81, "has_underscores_in_it", "ồ" * 20])
def test_a_name_has_a_form(caller: Callers, key: str) -> None:
    refused = caller(Role.TEACHER)("PUT", f"/api/v1/drafts/{key}", {"title": "Một"})
    assert problem(refused) == (422, "invalid")


def test_only_who_submits_and_only_what_is_right(world: World, caller: Callers) -> None:
    path = f"/api/v1/drafts/{KEY}"
    assert problem(caller(None)("PUT", path, {"title": "Một"})) == (401, "sign_in_first")
    assert problem(caller(Role.REVIEWER)("PUT", path, {"title": "Một"})) == (403, "not_allowed")
    assert problem(caller(Role.TEACHER)("PUT", path, {"title": ""})) == (422, "invalid")
    assert count(world) == 0
