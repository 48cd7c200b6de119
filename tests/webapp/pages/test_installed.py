"""The pages as an app: what the service worker may keep, and for whom."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from typing import Any

from flask import Flask

from review.policy import Role
from tests.webapp.pages.conftest import Browser
from tests.world import World
from webapp.assets import DIST, built_name

Visitor = Callable[..., Browser]


def told(app: Flask) -> dict[str, Any]:
    """What the worker is told that it keeps."""
    first = app.test_client().get("/sw.js").text.split("\n", 1)[0]
    found: dict[str, Any] = json.loads(first.removeprefix("self.LANTOA=").removesuffix(";"))
    return found


def test_the_worker_is_asked_for_anew_each_time_and_sent_when_it_changed(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/sw.js")
    assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get("/sw.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_all_that_the_worker_keeps_is_there_and_is_for_nobody(app: Flask, visitor: Visitor) -> None:
    """The same for a teacher, for a pupil and for nobody: nothing of a person can be in it."""
    kept = told(app)
    pages = [path for kind in kept["pages"].values() for path in kind.values()]
    for path in kept["files"]:
        with app.test_client().get(path) as answer:
            assert answer.status_code == 200, path
    for path in pages:
        seen = {app.test_client().get(path).text}
        seen |= {visitor(role).get(path).source for role in (Role.PUPIL, Role.TEACHER)}
        assert len(seen) == 1, path
        (page,) = seen
        assert 'name="csrf-token" content=""' in page
        assert 'name="owner"' not in page


def test_the_kept_pages_are_in_both_languages(app: Flask) -> None:
    client = app.test_client()
    for path in ("/submit/offline", "/offline"):
        for language in ("vi", "en"):
            page = client.get(f"{path}?language={language}", headers={"Accept-Language": "fr"})
            assert f'<html lang="{language}">' in page.text
        assert client.get(f"{path}?language=fr").status_code == 404


def test_a_browser_can_install_it(app: Flask) -> None:
    page = app.test_client().get("/library").text
    found = re.search(r'<link rel="manifest" href="([^"]+)"', page)
    assert found is not None
    with app.test_client().get(found[1]) as answer:
        assert answer.mimetype == "application/manifest+json"
        manifest = json.loads(answer.data)
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == (
        "/submit",
        "/",
        "standalone",
    )
    sizes = {}
    for icon in manifest["icons"]:
        if icon["type"] != "image/png":
            continue
        data = (DIST / icon["src"]).read_bytes()
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", data[16:24])
        sizes[icon["src"].rsplit(".", 2)[0]] = f"{width}x{height}"
        assert icon["sizes"] == f"{width}x{height}"
    assert sizes == {
        "icon-192": "192x192",
        "icon-512": "512x512",
        "icon-512-maskable": "512x512",
    }
    assert (DIST / built_name("icon-192.png")).is_file()


def test_what_a_browser_keeps_is_one_persons_own(visitor: Visitor) -> None:
    """The same on every visit of the same person, another for another, nothing for nobody."""

    def me(person: Browser) -> tuple[int, dict[str, str]]:
        answer = person.client.get("/submit/me", headers={"Accept": "application/json"})
        return answer.status_code, answer.get_json()

    pupil, again, teacher = visitor(Role.PUPIL), visitor(Role.PUPIL), visitor(Role.TEACHER)
    (_, first), (_, second), (_, other) = me(pupil), me(again), me(teacher)
    assert (first["owner"], first["key"]) == (second["owner"], second["key"])
    assert first["owner"] != other["owner"]
    assert first["key"] != other["key"]
    assert f'<meta name="owner" content="{first["owner"]}">' in pupil.get("/library").source
    assert me(visitor(None))[0] == 401
    assert '<meta name="owner" content="">' in visitor(None).get("/library").source


def test_a_lost_answer_makes_no_second_draft(visitor: Visitor, world: World) -> None:
    person = visitor(Role.PUPIL)
    headers = {"Accept": "application/json", "Idempotency-Key": "abc-123"}
    token = {"csrf_token": person.token()}

    def save(title: str, key: str = "abc-123") -> str:
        sent = {**token, "title": title}
        asked = headers | {"Idempotency-Key": key}
        answer = person.client.post("/submit", data=sent, headers=asked)
        assert answer.status_code == 200, answer.data
        return str(answer.get_json()["clip"])

    first = save("Lần một")
    assert save("Lần hai") == first
    assert world.get(first).title == "Lần hai"
    assert save("Clip khác", "def-456") != first
    page = person.get("/submit")
    assert "Lần hai" in page.text
    assert "Clip khác" in page.text
    assert f'data-clip="{first}"' not in person.get(f"/submit?clip={first}").source
