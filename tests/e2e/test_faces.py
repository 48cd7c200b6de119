"""A reviewer takes and drops faces that were proposed, with and without a search of one's own."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from review import faces
from review.policy import Role
from review.redaction import Box
from tests.clips import Clips
from tests.e2e.conftest import until
from tests.workers.office import Office
from tests.world import PASSWORD
from webapp.app import create_app
from workers.pipeline import work_once

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FOUND = (
    Box(0.2, 0.1, 0.3, 0.5, 0.0, 4.0),
    Box(0.6, 0.3, 0.2, 0.3, 0.0, 1.0),
    Box(0.05, 0.5, 0.2, 0.3, 2.0, 4.0),
)


class Editor:
    """A clip's editor in an installation with a model, served by this process."""

    def __init__(self, office: Office, clip_id: str, url: str) -> None:
        self.office, self.clip_id, self.url = office, clip_id, url

    def found(self, *boxes: Box) -> None:
        claim = self.office.claim("faces")
        with self.office.deps.database.write() as session:
            faces.found(session, claim, boxes, 0)


@pytest.fixture
def editor(migrated: Path, tmp_path: Path, clips: Clips) -> Iterator[Editor]:
    data = tmp_path / "data"
    data.mkdir()
    (data / "lantoa.sqlite3").write_bytes(migrated.read_bytes())
    office = Office.opened(data, LANTOA_FACE_MODEL="/srv/centerface.onnx")
    clip_id = office.hand_in(clips.small())
    assert work_once(office.deps, "w", ["examine"])
    server = make_server("127.0.0.1", 0, create_app(office.settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Editor(office, clip_id, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()
    office.close()


@pytest.fixture
def visit(browser: Browser, editor: Editor) -> Iterator[Any]:
    contexts = []
    troubles: list[str] = []

    def begin(width: int = 1280, **more: Any) -> Page:
        context = browser.new_context(
            locale="vi-VN",
            base_url=editor.url,
            viewport={"width": width, "height": 800},
            **more,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto("/sign-in")
        reviewer = editor.office.world.person(Role.REVIEWER)
        page.get_by_label("Tên đăng nhập").fill(reviewer.username or "")
        page.get_by_label("Mật khẩu").fill(PASSWORD)
        page.get_by_role("button", name="Đăng nhập").click()
        page.wait_for_url(re.compile(r"/$"))
        page.goto(f"/clips/{editor.clip_id}/redact")
        return page

    yield begin
    for context in contexts:
        context.close()
    assert troubles == []


def boxes(page: Page) -> list[dict[str, str]]:
    """What the form would send, row by row."""
    script = """rows => rows.map(row => Object.fromEntries(
        [...row.querySelectorAll('[data-field]')].map(f => [f.dataset.field, f.value])))"""
    found = page.locator('[data-plan] [data-rows="boxes"] [data-row]').evaluate_all(script)
    return list(found)


def test_the_machine_looks_while_one_draws_and_only_what_is_taken_is_hidden(
    editor: Editor, visit: Any
) -> None:
    page = visit()
    until(page, "document.querySelector('video').readyState > 1")
    page.get_by_role("button", name="Hộp che").click()
    page.get_by_role("button", name="Tìm khuôn mặt").click()
    expect(page.get_by_text("Máy đang tìm khuôn mặt")).to_be_visible()
    assert len(boxes(page)) == 1
    editor.found(*FOUND)
    expect(page.get_by_text("Chưa chỗ nào được che.")).to_be_visible()

    # Nothing that was drawn is lost, and nothing was added; at this moment two of three show.
    assert len(boxes(page)) == 1
    expect(page.locator(".face-box")).to_have_count(3)
    expect(page.locator(".face-box:visible")).to_have_count(2)
    page.get_by_role("button", name="Xem khung 3").click()
    until(page, "Math.abs(document.querySelector('video').currentTime - 3) < 0.05")
    expect(page.get_by_label("Máy đưa ra, chưa nhận: khung 3")).to_be_visible()
    expect(page.get_by_label("Máy đưa ra, chưa nhận: khung 2")).to_be_hidden()

    # One is taken with the keyboard from its dashed box; one is dropped.
    page.get_by_label("Máy đưa ra, chưa nhận: khung 1").press("Enter")
    expect(page.get_by_role("button", name="Nhận khung 1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Nhận khung 2")).to_be_focused()
    page.get_by_role("button", name="Bỏ khung 2").click()
    taken = boxes(page)[1]
    assert (taken["x"], taken["width"], taken["start"], taken["end"], taken["how"]) == (
        "20,00",
        "30,00",
        "0:00,0",
        "0:04,0",
        "blur",
    )
    page.get_by_role("button", name="Bỏ tất cả").click()
    expect(page.get_by_text("Đã xem xét hết các khung máy đưa ra.")).to_be_visible()
    expect(page.locator(".face-box:visible")).to_have_count(0)
    page.get_by_role("button", name="Hiện lại khung đã bỏ").click()
    page.get_by_role("button", name="Nhận tất cả").click()
    assert [row["x"] for row in boxes(page)[1:]] == ["20,00", "60,00", "5,00"]
    expect(page.get_by_text("Đã xem xét hết các khung máy đưa ra.")).to_be_visible()

    page.get_by_role("button", name="Xem thử").click()
    expect(page.get_by_role("heading", name="Xem thử bản đã che", level=1)).to_be_visible()


def test_on_a_phone_and_nothing_axe_complains_about(editor: Editor, visit: Any, axe: str) -> None:
    page = visit(width=360)
    page.get_by_role("button", name="Tìm khuôn mặt").click()
    expect(page.get_by_text("Máy đang tìm khuôn mặt")).to_be_visible()
    editor.found(*FOUND)
    expect(page.get_by_role("button", name="Nhận tất cả")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    told = [(v["id"], [n["target"] for n in v["nodes"]]) for v in found["violations"]]
    assert told == [], json.dumps(told)


def test_a_plan_that_is_full_takes_no_more(editor: Editor, visit: Any) -> None:
    page = visit()
    page.get_by_role("button", name="Tìm khuôn mặt").click()
    expect(page.get_by_text("Máy đang tìm khuôn mặt")).to_be_visible()
    editor.found(*(Box(i / 60, 0.1, 0.1, 0.1, 0.0, 1.0) for i in range(50)))
    page.get_by_role("button", name="Hộp che").click()
    page.get_by_role("button", name="Nhận tất cả").click()
    assert len(boxes(page)) == 50
    expect(page.get_by_text("Đã đủ 50 hộp che.")).to_be_visible()
    expect(page.locator("[data-face]:visible")).to_have_count(1)
