"""Every error is ``application/problem+json`` with a stable code, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from review.policy import Role
from review.problems import PROBLEMS
from tests.webapp.conftest import Caller, problem
from tests.world import World
from webapp.errors import SENTENCES, STATUS

Callers = Callable[..., Caller]
NOTHING = "/api/v1/clips/01m00000000000000000000000"


def test_its_shape_is_rfc_9457(caller: Callers) -> None:
    refused = caller(None)("GET", NOTHING)

    assert refused.mimetype == "application/problem+json"
    assert refused.get_json() == {
        "type": "urn:lantoa:no_such_clip",
        "title": PROBLEMS["no_such_clip"],
        "status": 404,
        "code": "no_such_clip",
    }


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("vi", "vi"),
        ("vi-VN,vi;q=0.9,en;q=0.5", "vi"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("fr", "vi"),
        ("", "vi"),
        ("fr;q=1, en;q=0.5", "en"),
        ("\x7f;;q=x", "vi"),
    ],
)
def test_the_language_is_the_readers(caller: Callers, asked: str, expected: str) -> None:
    words = {
        "vi": "Không có clip này, hoặc bạn không có quyền xem.",
        "en": "There is no such clip, or you may not see it.",
    }
    title = caller(None)("GET", NOTHING, Accept_Language=asked).get_json()["title"]

    assert title == words[expected]


def test_a_field_is_told_in_the_readers_language_too(world: World, caller: Callers) -> None:
    body = {"title": "", "upload": world.upload()}
    teacher = caller(Role.TEACHER)
    vi = teacher("POST", "/api/v1/clips", body).get_json()["errors"]
    en = teacher("POST", "/api/v1/clips", body, Accept_Language="en").get_json()["errors"]

    assert vi == {"title": "Hãy đặt tên cho clip."}
    assert en["title"] != vi["title"]


def test_every_code_has_a_sentence() -> None:
    assert set(STATUS) - set(PROBLEMS) == set()
    assert all(text.endswith((".", "!")) for text in SENTENCES.values())


def test_a_path_and_a_method_that_are_not_there(caller: Callers) -> None:
    assert problem(caller(None)("GET", "/api/v1/nothing")) == (404, "not_found")
    wrong = caller(Role.TEACHER)("PUT", "/api/v1/clips")
    assert problem(wrong) == (405, "method_not_allowed")
    assert set(wrong.headers["Allow"].split(", ")) >= {"GET", "POST"}


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer ", "bearer", "Basic YTpi", "x" * 4000])
def test_a_wrong_token_is_401(caller: Callers, header: str) -> None:
    refused = caller(None)("GET", "/api/v1/clips", Authorization=header)

    assert problem(refused) == (401, "unknown_token")
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_no_token_is_401(caller: Callers) -> None:
    assert problem(caller(None)("POST", "/api/v1/clips", {})) == (401, "sign_in_first")
    assert problem(caller(None)("GET", "/api/v1/review/queue")) == (401, "sign_in_first")


def test_a_librarys_token_is_nobodys_account(world: World, caller: Callers) -> None:
    _, token = world.library()
    assert problem(caller(token)("GET", "/api/v1/clips")) == (401, "sign_in_first")
