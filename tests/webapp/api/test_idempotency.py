"""``Idempotency-Key``: who did not hear the answer asks again, and makes nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from review.models import Clip
from review.policy import Role
from tests.webapp.conftest import Caller, problem
from tests.world import TITLE, World

Callers = Callable[..., Caller]


def clips(world: World) -> int:
    with world.read() as session:
        return session.scalar(select(func.count()).select_from(Clip)) or 0


def test_the_same_key_is_the_same_answer(world: World, caller: Callers) -> None:
    teacher, body = caller(Role.TEACHER), {"title": TITLE, "upload": world.upload()}
    first = teacher("POST", "/api/v1/clips", body, Idempotency_Key="one")
    again = teacher("POST", "/api/v1/clips", body, Idempotency_Key="one")

    assert (first.status_code, again.status_code) == (201, 201)
    assert (first.data, first.headers["Location"]) == (again.data, again.headers["Location"])
    assert clips(world) == 1


def test_the_first_answer_stays_while_the_clip_goes_on(world: World, caller: Callers) -> None:
    teacher, body = caller(Role.TEACHER), {"title": TITLE, "upload": world.upload()}
    first = teacher("POST", "/api/v1/clips", body, Idempotency_Key="one")
    world.examine(first.get_json()["id"])

    assert teacher("POST", "/api/v1/clips", body, Idempotency_Key="one").data == first.data


def test_another_body_under_the_same_key_is_422(world: World, caller: Callers) -> None:
    teacher, body = caller(Role.TEACHER), {"title": TITLE, "upload": world.upload()}
    teacher("POST", "/api/v1/clips", body, Idempotency_Key="one")
    other = teacher("POST", "/api/v1/clips", body | {"title": "khác"}, Idempotency_Key="one")

    assert problem(other) == (422, "idempotency_mismatch")
    assert clips(world) == 1


def test_keys_are_each_persons_own(world: World, caller: Callers) -> None:
    other = world.account(Role.TEACHER)
    mine = {"title": TITLE, "upload": world.upload()}
    theirs = {"title": TITLE, "upload": world.upload(other)}
    first = caller(Role.TEACHER)("POST", "/api/v1/clips", mine, Idempotency_Key="one")
    second = caller(other)("POST", "/api/v1/clips", theirs, Idempotency_Key="one")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json()["id"] != second.get_json()["id"]


def test_a_refused_call_leaves_its_key_free(world: World, caller: Callers) -> None:
    teacher, upload = caller(Role.TEACHER), world.upload()
    wrong = teacher("POST", "/api/v1/clips", {"title": "", "upload": upload}, Idempotency_Key="a")
    right = teacher(
        "POST", "/api/v1/clips", {"title": TITLE, "upload": upload}, Idempotency_Key="a"
    )

    assert (wrong.status_code, right.status_code) == (422, 201)


def test_a_key_has_a_limit(world: World, caller: Callers) -> None:
    body = {"title": TITLE, "upload": world.upload()}
    refused = caller(Role.TEACHER)("POST", "/api/v1/clips", body, Idempotency_Key="k" * 201)

    assert problem(refused) == (422, "invalid")
    assert list(refused.get_json()["errors"]) == ["Idempotency-Key"]


def test_eight_at_once_make_one_clip(any_world: World, make_app: Callable[..., Flask]) -> None:
    app = make_app(database=any_world.database)
    answers = at_once(app, any_world, {"Idempotency-Key": "one"})

    assert {status for status, _ in answers} == {201}
    assert len({answer["id"] for _, answer in answers}) == 1
    assert clips(any_world) == 1


def test_eight_at_once_without_a_key_make_one_clip_of_one_upload(
    any_world: World, make_app: Callable[..., Flask]
) -> None:
    app = make_app(database=any_world.database)
    answers = at_once(app, any_world, {})

    assert sorted(status for status, _ in answers) == [201] + [409] * 7
    assert {a["code"] for status, a in answers if status == 409} == {"upload_used"}
    assert clips(any_world) == 1


def at_once(app: Flask, world: World, headers: dict[str, str]) -> list[tuple[int, Any]]:
    """Status and body of the same call by eight threads that start together."""
    teacher = Caller(app, world.token(Role.TEACHER))
    body, barrier = {"title": TITLE, "upload": world.upload()}, threading.Barrier(8)
    answers: list[tuple[int, Any]] = []

    def call() -> None:
        barrier.wait()
        response = Caller(app, None).client.post(
            "/api/v1/clips", json=body, headers=teacher.headers | headers
        )
        answers.append((response.status_code, response.get_json()))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
