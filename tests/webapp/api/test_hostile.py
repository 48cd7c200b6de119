"""What a client may send instead of the JSON that was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from review.models import Clip
from review.policy import Role
from tests.webapp.conftest import Caller, problem
from tests.world import TITLE, World

Callers = Callable[..., Caller]
JSON = "application/json"


def send(caller: Caller, raw: bytes, kind: str = JSON, **headers: str) -> tuple[int, str]:
    return problem(
        caller.client.post(
            "/api/v1/clips",
            data=raw,
            headers=caller.headers | headers | {"Content-Type": kind},
        )
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", (400, "bad_json")),
        (b"{", (400, "bad_json")),
        (b"[]", (400, "bad_json")),
        (b"null", (400, "bad_json")),
        (b'"title"', (400, "bad_json")),
        (b"\xff\xfe{", (400, "bad_json")),
        (b'{"title": "\xc3"}', (400, "bad_json")),
        (b'{"title": "\\ud800"}', (400, "bad_text")),
        (b'{"title": "a\\u0000b"}', (400, "bad_text")),
        (b'{"\\udfff": "a"}', (400, "bad_text")),
        (b'{"people": [{"label": "\\ud800"}]}', (400, "bad_text")),
        (b"[" * 100_000, (400, "bad_json")),
        (b'{"a":' * 900 + b"1" + b"}" * 900, (400, "bad_json")),
        (b'{"a":' * 100_000, (400, "bad_json")),
        (b'{"title": ' + b"9" * 5000 + b"}", (400, "bad_json")),
        (b'{"title": "' + b"a" * (1024 * 1024) + b'"}', (413, "too_large")),
    ],
)
def test_what_is_no_json_of_ours_is_refused(
    caller: Callers, raw: bytes, expected: tuple[int, str]
) -> None:
    assert send(caller(Role.TEACHER), raw) == expected


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""],
)
def test_json_under_another_name_is_refused(caller: Callers, kind: str) -> None:
    raw = json.dumps({"title": TITLE, "upload": "x"}).encode()
    assert send(caller(Role.TEACHER), raw, kind) == (415, "json_only")


def test_a_compressed_body_is_not_unpacked(caller: Callers) -> None:
    import gzip

    packed = gzip.compress(b'{"title": "' + b" " * 20_000_000 + b'"}')
    assert send(caller(Role.TEACHER), packed, **{"Content-Encoding": "gzip"}) == (400, "bad_json")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Đẹp \u202egnp.exe", "Đẹp gnp.exe"),
        ("a\u200b\ufeffb", "ab"),
        ("e\u0323\u0302 ".strip(), "ệ"),
        ("Z" + "\u0301" * 50, "\u0179" + "\u0301" * 4),
        ("{{7*7}} %s ${jndi:ldap://x}", "{{7*7}} %s ${jndi:ldap://x}"),
        ("'; DROP TABLE clips; --", "'; DROP TABLE clips; --"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("a\tb\x01c", "a bc"),
    ],
)
def test_text_is_kept_as_text(world: World, caller: Callers, typed: str, kept: str) -> None:
    body = {"title": typed, "upload": world.upload()}
    clip_id = caller(Role.TEACHER)("POST", "/api/v1/clips", body).get_json()["id"]

    with world.read() as session:
        assert session.get_one(Clip, clip_id).title == kept
    assert caller(Role.TEACHER)("GET", f"/api/v1/clips/{clip_id}").get_json()["title"] == kept


def test_a_long_title_is_cut(world: World, caller: Callers) -> None:
    body: dict[str, Any] = {"title": "ệ" * 5000, "upload": world.upload()}
    clip_id = caller(Role.TEACHER)("POST", "/api/v1/clips", body).get_json()["id"]

    assert world.get(clip_id).title == "ệ" * 120


@pytest.mark.parametrize(
    "clip_id",
    ["..%2f..%2fetc%2fpasswd", "%00", "'%20OR%201=1", "é" * 26, "0" * 26, "A" * 3000, "\u202e"],
)
def test_odd_ids_are_unknown(caller: Callers, clip_id: str) -> None:
    response = caller(Role.MODERATOR)("GET", f"/api/v1/clips/{clip_id}")
    assert response.status_code == 404
