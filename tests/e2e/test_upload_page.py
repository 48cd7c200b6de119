"""Sending from the upload page as pupils do: slow, cut, closed, another day."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.clips import Clips
from tests.e2e.conftest import Visit, sign_in
from tests.services.installation import Installation
from tests.uploading import (
    MIB,
    MINUTE,
    fill,
    note_offsets,
    originals,
    padded,
    send,
    sha256,
    slow,
    until_sent,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]
# What the server answers to a part is lost: the browser tells of a broken connection.
LOSE_ANSWERS = """
const { open, send } = XMLHttpRequest.prototype;
XMLHttpRequest.prototype.open = function (method, ...more) {
  this.asked = method;
  return open.call(this, method, ...more);
};
XMLHttpRequest.prototype.send = function (body) {
  if (this.asked === "PATCH") this.onload = () => this.onerror(new ProgressEvent("error"));
  return send.call(this, body);
};
"""
Phone = Callable[[], AbstractContextManager[Page]]


@pytest.fixture
def phone(playwright: Playwright, installation: Installation, tmp_path: Path) -> Phone:
    """Open the browser of one phone; closed and opened again, it has what it kept."""

    @contextmanager
    def opened() -> Iterator[Page]:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox"],
            locale="vi-VN",
            base_url=installation.url,
            viewport={"width": 360, "height": 640},
            is_mobile=True,
            has_touch=True,
        )
        try:
            yield context.pages[0]
        finally:
            context.close()

    return opened


@pytest.fixture
def heavy(clips: Clips, tmp_path: Path) -> Path:
    return padded(clips.landscape(), tmp_path / "Bạn bè cùng tiến.mp4", 6 * MIB)


def test_a_closed_phone_goes_on_another_day_from_where_it_was(
    phone: Phone, installation: Installation, heavy: Path
) -> None:
    with phone() as page:
        sign_in(page, installation, "teacher")
        page.goto("/submit")
        slow(page, 400_000)
        fill(page, heavy, "Tắt máy giữa chừng")
        send(page)
        until_sent(page, 0.25)
        expect(page.locator("[data-keep]")).to_contain_text("mở lại trang này là máy gửi tiếp")
    with phone() as page:
        offsets = note_offsets(page)
        page.goto("/submit")
        expect(page.get_by_role("heading", name="Đã gửi xong")).to_be_visible(timeout=MINUTE)
        assert offsets[0] > heavy.stat().st_size // 5
        used = page.locator("[data-used]").text_content() or ""
        assert "gửi lại" not in used
        page.wait_for_url(re.compile(r"/clips/[0-9a-z]{26}$"))
        left = page.evaluate("indexedDB.databases().then((all) => all.length)")
        assert left == 1
    assert originals(installation)["Tắt máy giữa chừng"] == sha256(heavy)


def test_without_a_kept_copy_only_the_same_file_goes_on(
    visit: Visit, installation: Installation, heavy: Path, clips: Clips, tmp_path: Path
) -> None:
    """As where there is no room for a copy: the browser says so, and checks what is chosen."""
    page = visit("teacher", width=360)
    page.add_init_script("navigator.storage.estimate = async () => ({quota: 1000, usage: 900})")
    page.goto("/submit")
    slow(page, 400_000)
    fill(page, heavy, "Không đủ chỗ giữ")
    send(page)
    until_sent(page, 0.2)
    expect(page.locator("[data-keep]")).to_contain_text("đừng đóng trang")
    page.on("dialog", lambda dialog: dialog.accept())  # it asks before it is left
    page.goto("/library")

    offsets = note_offsets(page)
    page.goto("/submit")
    other = padded(clips.landscape(), tmp_path / "khác.mp4", 6 * MIB, b"\1")
    again = page.get_by_label("Chọn lại tệp này")
    again.set_input_files(other)
    expect(page.get_by_text("Không phải tệp đang gửi dở.")).to_be_visible()
    renamed = tmp_path / "tên mới.mp4"
    renamed.write_bytes(heavy.read_bytes())
    slow(page, -1)
    again.set_input_files(renamed)
    expect(page.get_by_role("heading", name="Đã gửi xong")).to_be_visible(timeout=MINUTE)
    assert offsets[0] > heavy.stat().st_size // 6
    assert originals(installation)["Không đủ chỗ giữ"] == sha256(heavy)


def test_several_clips_go_one_after_the_other(
    visit: Visit, installation: Installation, clips: Clips, tmp_path: Path
) -> None:
    files = [padded(clips.landscape(), tmp_path / f"{n}.mp4", MIB, bytes([n])) for n in (1, 2, 3)]
    page = visit("teacher", width=360)
    page.goto("/submit")
    slow(page, 500_000)
    for n, file in enumerate(files):
        if n:
            page.get_by_role("button", name="Điền clip tiếp theo").click()
        fill(page, file, f"Hàng đợi {n}")
        send(page)
    expect(page.get_by_text("Chờ đến lượt").first).to_be_visible()
    expect(page.locator("[data-done] li")).to_have_count(3, timeout=MINUTE)
    expect(page.get_by_role("heading", name="Đã gửi xong tất cả")).to_be_visible()
    assert [originals(installation)[f"Hàng đợi {n}"] for n in range(3)] == [*map(sha256, files)]
    expect(page.get_by_role("button", name="Gửi clip khác")).to_be_visible()
    page.get_by_role("button", name="Gửi clip khác").click()
    expect(page.get_by_label("Tên clip")).to_have_value("")


def test_paused_by_hand_nothing_is_sent_until_it_goes_on(
    visit: Visit, installation: Installation, clips: Clips, tmp_path: Path
) -> None:
    """Pausing holds the whole row, also after the page was closed; the lists of clips say so."""
    names = ["Tạm dừng 1", "Tạm dừng 2"]
    files = [padded(clips.landscape(), tmp_path / f"{n}.mp4", MIB, bytes([n])) for n in (3, 4)]
    page = visit("teacher", width=360)
    page.goto("/submit")
    slow(page, 100_000)
    for n, file in enumerate(files):
        if n:
            page.get_by_role("button", name="Điền clip tiếp theo").click()
        fill(page, file, names[n])
        send(page)
    expect(page.locator("[data-row-words]")).to_contain_text("Chờ đến lượt")
    page.get_by_role("button", name="Tạm dừng").click()
    expect(page.get_by_role("heading", name="Tạm dừng gửi")).to_be_visible()
    expect(page.locator("[data-name]")).to_contain_text(names[0])
    expect(page.locator("[data-row-words]")).to_have_text(re.compile(r"^Đang tạm dừng · 0,0 / "))

    for path in ("/clips", "/"):
        page.goto(path)
        box = page.locator("[data-halfsent]")
        expect(box.get_by_role("heading", name="Còn gửi dở")).to_be_visible()
        expect(box.locator("[data-title]")).to_have_count(2)
        assert sorted(box.locator("[data-title]").all_inner_texts()) == names
        expect(box.locator("[data-sent]").last).to_contain_text("Đang tạm dừng")
    box.get_by_role("link", name="Mở trang gửi clip").click()

    offsets = note_offsets(page)
    slow(page, -1)
    expect(page.get_by_role("heading", name="Tạm dừng gửi")).to_be_visible()
    expect(page.locator("[data-keep]")).to_contain_text("bấm «Gửi tiếp»")
    assert offsets == []
    row = page.locator("[data-id]").first
    (chosen,) = [name for name in names if name in row.inner_text()]
    row.get_by_role("button", name="Gửi tiếp").click()
    expect(page.locator("[data-done] a").first).to_have_text(chosen, timeout=MINUTE)
    expect(page.get_by_role("heading", name="Tạm dừng gửi")).to_be_visible()
    page.locator("[data-toggle]").click()
    expect(page.locator("[data-done] li")).to_have_count(2, timeout=MINUTE)
    assert [originals(installation)[name] for name in names] == [*map(sha256, files)]
    page.goto("/")
    expect(page.locator("[data-halfsent]")).to_be_hidden()


def test_only_on_wifi_waits_and_says_so(visit: Visit, heavy: Path) -> None:
    page = visit("teacher", width=360)
    page.add_init_script(
        "const net = new EventTarget(); net.type = 'cellular';"
        "Object.defineProperty(Navigator.prototype, 'connection', {get: () => net});"
    )
    page.goto("/submit")
    page.evaluate("localStorage.setItem('lantoa.wifi', 'on')")
    page.reload()
    offsets = note_offsets(page)
    fill(page, heavy, "Chờ Wi-Fi")
    send(page)
    expect(page.locator("[data-state]")).to_contain_text("Đang chờ Wi-Fi")
    assert offsets == []
    page.evaluate("navigator.connection.type = 'wifi'")
    page.evaluate("navigator.connection.dispatchEvent(new Event('change'))")
    expect(page.get_by_role("heading", name="Đã gửi xong")).to_be_visible(timeout=MINUTE)


def test_a_lost_answer_is_asked_for_and_not_called_a_failure(
    visit: Visit, installation: Installation, clips: Clips
) -> None:
    """The last part arrived, its answer did not: the page asks the server, and is done."""
    page = visit("teacher", width=360)
    page.add_init_script(LOSE_ANSWERS)
    page.goto("/submit")
    offsets = note_offsets(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    said: list[str] = []
    page.expose_function("noteState", lambda text: said.append(text))
    page.evaluate(
        "new MutationObserver(() => noteState(document.querySelector('[data-state]').textContent))"
        ".observe(document.querySelector('[data-state]'), {childList: true})"
    )
    fill(page, clips.small(), "Mất câu trả lời")
    send(page)
    expect(page.get_by_role("heading", name="Đã gửi xong")).to_be_visible(timeout=MINUTE)
    parts = [method for method in asked if method in ("PATCH", "HEAD")]
    assert parts == ["PATCH", "HEAD"] * len(offsets)
    assert offsets == sorted(set(offsets))  # nothing was sent twice
    assert originals(installation)["Mất câu trả lời"] == sha256(clips.small())
    assert [text for text in said if "không" in text.lower()] == []


def test_the_keyboard_alone_sends_a_clip(visit: Visit, clips: Clips) -> None:
    page = visit("teacher")
    page.goto("/submit")
    page.get_by_label("Chọn clip").set_input_files(clips.small())  # the system's own window
    page.get_by_label("Chọn clip").focus()
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "document.activeElement.id || document.activeElement.textContent.trim()"
        )
        reached.append(here)
        if here == "title":
            page.keyboard.type("Chỉ dùng bàn phím")
        if here == "Gửi clip":
            break
    assert reached[-1] == "Gửi clip", reached
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Đã gửi xong")).to_be_visible(timeout=MINUTE)
    page.get_by_role("button", name="Gửi clip khác").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Chọn clip")).to_be_focused()


def test_axe_finds_nothing_serious_in_any_state(
    visit: Visit, axe: str, clips: Clips, tmp_path: Path
) -> None:
    heavy = padded(clips.landscape(), tmp_path / "nặng.mp4", 9 * MIB)
    page = visit("teacher", width=360)
    found: dict[str, list[str]] = {}

    def look(state: str) -> None:
        page.evaluate(axe)
        result = page.evaluate("axe.run({resultTypes: ['violations']})")
        serious = [v for v in result["violations"] if v["impact"] in ("serious", "critical")]
        if serious:
            found[state] = [f"{v['id']}: {v['nodes'][0]['html']}" for v in serious]
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), state

    page.goto("/submit")
    page.get_by_label("Chọn clip").set_input_files(clips.get("text"))
    expect(page.get_by_role("alert").filter(visible=True)).to_be_visible()
    look("wrong")
    fill(page, heavy, "Ai cũng dùng được")
    expect(page.get_by_role("button", name=re.compile("Thu nhỏ"))).to_have_count(1)
    look("chosen")
    slow(page, 300_000)
    send(page)
    until_sent(page, 0.05)
    look("sending")
    page.get_by_role("button", name="Tạm dừng").click()
    expect(page.locator("[data-state]")).to_contain_text("Đang tạm dừng")
    look("paused")
    slow(page, -1)
    page.get_by_role("button", name="Gửi tiếp").click()
    expect(page.get_by_role("heading", name="Đã gửi xong")).to_be_visible(timeout=MINUTE)
    look("done")
    page.goto("/offline")
    look("offline")
    assert found == {}
