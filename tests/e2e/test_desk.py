"""A reviewer at the desk with the keyboard alone, and two revisions side by side."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from review import queries
from review.models import Clip
from tests.clips import Clips, ffmpeg
from tests.clips.base import QUICK
from tests.e2e.conftest import Visit, until
from tests.services.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MINUTE = 60_000  # ms


@pytest.fixture
def waiting(installation: Installation, clips: Clips) -> str:
    """A clip of the teacher's that waits for its review."""
    told = ("--title", "Đội mũ khi đi xe", "--wait", "--quiet")
    done = installation.lantoa("submit", str(clips.small()), *told)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Keys:
    """A keyboard that counts."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def __call__(self, *names: str) -> None:
        for name in names:
            self.page.keyboard.press(name)
            self.count += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.count += len(text)


def open_desk(page: Page, clip_id: str) -> Keys:
    page.goto(f"/review/{clip_id}")
    until(page, "document.querySelector('video').readyState > 0")
    page.evaluate("document.querySelector('video').muted = true")
    return Keys(page)


def another_film(clips: Clips) -> Path:
    """Nobody else's: it looks like no clip of the other tests."""
    path = clips.folder / "mandelbrot.mp4"
    ffmpeg("-f", "lavfi", "-i", "mandelbrot=s=320x240:r=25", "-t", "3", *QUICK, path)
    return path


def now(page: Page) -> float:
    return float(page.evaluate("document.querySelector('video').currentTime"))


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))


def decision(installation: Installation, clip_id: str) -> tuple[str, str | None, object]:
    """(action, how it was watched, the checklist) of the last one."""
    database = installation.database
    with database.read() as session:
        made = queries.decisions(session, clip_id)[-1][0]
    database.dispose()
    return made.action, made.watched_how, made.checklist


def claimed_by(installation: Installation, clip_id: str) -> str | None:
    database = installation.database
    with database.read() as session:
        found = session.get_one(Clip, clip_id).claimed_by
    database.dispose()
    return found


def clean(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html']}" for v in found]


def test_a_clip_in_order_takes_three_keys_beside_watching(
    visit: Visit, installation: Installation, waiting: str
) -> None:
    page = visit("reviewer")
    key = open_desk(page, waiting)
    approve = page.get_by_role("button", name="Duyệt", exact=True)
    key(" ")
    expect(page.locator("[data-coverage-text]")).to_have_text("Đã xem hết", timeout=MINUTE)
    expect(approve).to_have_attribute("aria-disabled", "false")
    key("a")
    expect(page.locator("[data-confirm]")).to_contain_text("Duyệt «Đội mũ khi đi xe»?")
    assert focused(page) == "Xác nhận: duyệt"
    key("Enter")
    expect(page.locator(".flash").first).to_contain_text("Đã duyệt «Đội mũ khi đi xe».")
    assert key.count <= 4
    assert decision(installation, waiting) == ("approve", "measured", None)


def test_everything_on_the_desk_is_done_by_keys(
    visit: Visit, installation: Installation, waiting: str, axe: str
) -> None:
    page = visit("reviewer")
    key = open_desk(page, waiting)
    assert clean(page, axe) == []
    key("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert clean(page, axe) == []
    key("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()

    # Frames of the source, steps, a loop.
    rate = float(page.locator("[data-desk]").get_attribute("data-rate") or 0)
    key(".", ".", ".")
    until(page, f"Math.abs(document.querySelector('video').currentTime - {3 / rate}) < 0.01")
    key(",")
    until(page, f"Math.abs(document.querySelector('video').currentTime - {2 / rate}) < 0.01")
    key("i", "ArrowRight", "o", "p")
    expect(page.locator("[data-loop-text]")).to_contain_text("lặp 0:00")
    key("l", "l", "l", "l", "l")
    expect(page.locator("[data-speed]")).to_have_text("3×")
    page.evaluate("window.seeks = 0")
    page.evaluate(
        "document.querySelector('video').addEventListener('seeked', () => window.seeks++)"
    )
    until(page, "window.seeks > 1 && document.querySelector('video').currentTime < 2.6")
    key("k", "p")
    # What was left out is named, and a key goes there.
    expect(page.locator("[data-unplayed]")).to_be_visible()
    key("u")
    until(page, "document.querySelector('video').currentTime > 2")
    key("k")

    # Approving is not possible yet, and says why; the next space plays.
    page.evaluate("document.activeElement.blur()")
    key("a")
    expect(page.locator("[data-told]")).to_contain_text("Hãy xem hết clip rồi mới duyệt.")
    key(" ")
    until(page, "!document.querySelector('video').paused")
    key("k")

    # The checklist, a note with its reason and words; a reload loses none of it.
    key("3", "3", "4", "4", "4")
    at = now(page)
    key("g")
    key.type("Tiếng")  # in the list of reasons: the first that begins so
    key("Tab")
    key.type("câu cuối")
    key("Escape")
    expect(page.get_by_label("Giây thứ")).to_have_value(f"{at:.1f}".replace(".", ","))
    page.reload()
    until(page, "document.querySelector('video').readyState > 0")
    expect(page.get_by_label("Lý do")).to_have_value("sound_low")
    expect(page.get_by_label("Ghi thêm")).to_have_value("câu cuối")
    assert page.locator("[data-unplayed-list] button").count() > 0  # what was played stays, too

    # Requesting changes: said, taken back, said again, done.
    key("c")
    confirm = page.locator("[data-confirm]")
    expect(confirm).to_contain_text("1 ghi chú")
    expect(confirm).to_contain_text("Chưa đạt: Không lộ tên")
    key("Escape")
    expect(confirm).to_be_hidden()
    key("c", "Enter")
    expect(page.locator(".flash").first).to_contain_text("lại cho người gửi sửa.")
    action, _how, answers = decision(installation, waiting)
    assert (action, answers) == ("request_changes", {"privacy": "no", "sound": "unsure"})
    assert (
        page.evaluate("Object.keys(sessionStorage).filter((k) => k.includes('draft')).length") <= 1
    )


def test_a_reason_is_asked_for_where_it_is_missing(visit: Visit, waiting: str) -> None:
    page = visit("reviewer")
    key = open_desk(page, waiting)
    key("r")
    expect(page.locator("[data-told]")).to_contain_text("Hãy ghi ít nhất một lý do")
    assert page.evaluate("document.activeElement.tagName") == "SELECT"
    key.type("Lộ")
    key("Enter")
    assert focused(page) == "Xác nhận: không duyệt"
    key("Escape", "e")
    # What the worry is comes first, and a space in it confirms nothing.
    worry = page.get_by_label("Điều bạn lo")
    expect(worry).to_be_focused()
    for words in ("Chuyển «Đội mũ khi đi xe»", "Người gửi không được báo", "gọi 111"):
        expect(page.locator("[data-confirm]")).to_contain_text(words)
    key.type("sợ em ngã")
    expect(worry).to_have_value("sợ em ngã")
    key("Control+Enter")
    assert focused(page) == "Xác nhận: chuyển ngay"
    key("Escape")
    expect(page.locator("[data-confirm]")).to_be_hidden()
    # The same from a field that was opened by hand.
    worry.focus()
    key("Control+Enter")
    assert focused(page) == "Xác nhận: chuyển ngay"
    key("Escape")
    expect(page.get_by_role("button", name="Chuyển người bảo vệ trẻ em")).to_be_visible()
    # Something to hide: the editor opens at this second, with a box for the keys.
    page.evaluate("document.activeElement.blur()")
    key("ArrowRight", "b")
    expect(page.get_by_role("heading", name="Che hoặc cắt", level=1)).to_be_visible()
    expect(page.locator(".hide-box.chosen")).to_be_focused()
    left = page.locator('[data-row="boxes"] [data-field="x"]')
    before = left.input_value()
    key("ArrowRight")
    assert left.input_value() != before
    start = page.locator('[data-row="boxes"] [data-field="start"]').input_value()
    minutes, _, seconds = start.replace(",", ".").partition(":")
    assert minutes == "0"
    assert abs(float(seconds) - 2) < 0.3


def test_without_a_script_no_button_is_dead(visit: Visit, waiting: str) -> None:
    page = visit("reviewer", java_script_enabled=False)
    page.goto(f"/review/{waiting}")
    shown = page.locator("main button:not([type=submit]):visible")
    assert shown.all_inner_texts() == []
    for part in ("[data-coverage]", "[data-speed]"):
        expect(page.locator(part)).to_be_hidden()
    # Notes are still taken.
    page.get_by_label("Lý do").select_option("sound_low")
    page.get_by_role("button", name="Trả lại để sửa").click()
    expect(page.locator(".flash").first).to_contain_text("lại cho người gửi sửa.")


def test_a_desk_that_is_left_gives_the_clip_back(
    visit: Visit, installation: Installation, waiting: str
) -> None:
    page = visit("reviewer")
    key = open_desk(page, waiting)
    assert claimed_by(installation, waiting) is not None
    key("?")
    page.get_by_role("dialog").get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.goto("/library")
    deadline = time.monotonic() + 10
    while claimed_by(installation, waiting) is not None:
        assert time.monotonic() < deadline, "the desk was left, and the claim was kept"
        page.wait_for_timeout(50)


def test_a_cases_sheet_is_printed_once(
    visit: Visit, installation: Installation, waiting: str
) -> None:
    seen = installation.call("reviewer", "GET", f"/api/v1/clips/{waiting}").json()
    body = {"action": "escalate", "revision": seen["revision"], "version": seen["version"]}
    path = f"/api/v1/review/{waiting}/decisions"
    assert installation.call("reviewer", "POST", path, **body).status_code == 201
    page = visit("safeguarding")
    page.add_init_script("window.prints = 0; window.print = () => void (window.prints += 1)")
    page.goto(f"/safeguarding/{waiting}/sheet")
    page.get_by_role("button", name="In", exact=True).click()
    assert page.evaluate("window.prints") == 1


def test_both_revisions_side_by_side(
    visit: Visit, installation: Installation, clips: Clips, waiting: str, axe: str
) -> None:
    reviewer = visit("reviewer")
    key = open_desk(reviewer, waiting)
    key("ArrowRight", "g")
    key.type("Hình")
    key("Escape", "c", "Enter")
    expect(reviewer.locator(".flash").first).to_contain_text("lại cho người gửi sửa.")

    owner = visit("teacher", width=360)
    owner.goto(f"/clips/{waiting}")
    owner.get_by_role("button", name="▶").click()
    until(owner, "Math.abs(document.querySelector('video').currentTime - 2) < 0.5")
    owner.get_by_label("Đã sửa").check()
    owner.get_by_label("Sửa thế nào").fill("quay lại ngoài sân")
    expect(owner.locator("[data-answers-told]")).to_have_text("Đã lưu lời trả lời.")
    assert not owner.evaluate("document.documentElement.scrollWidth > innerWidth")
    owner.get_by_label("Chọn clip").set_input_files(another_film(clips))
    owner.get_by_role("button", name="Nộp lại").click()
    expect(owner.get_by_text("lần nộp thứ 2").first).to_be_visible(timeout=MINUTE)
    expect(owner.locator(".badge").first).to_have_text("Đang chờ duyệt", timeout=MINUTE)

    key = open_desk(reviewer, waiting)
    expect(reviewer.get_by_text("1 đã trả lời.")).to_be_visible()
    key("v")
    reviewer.wait_for_url(re.compile("/compare$"))
    expect(reviewer.get_by_text("Đã sửa: quay lại ngoài sân")).to_be_visible()
    expect(reviewer.locator("tr.differs").first).to_be_visible()
    expect(reviewer.locator("[data-changed] rect").first).to_be_attached()  # another film
    assert clean(reviewer, axe) == []
    both = "[...document.querySelectorAll('video')]"
    until(reviewer, f"{both}.every((v) => v.readyState > 1)")
    # In step: by play, by frames, with an offset.
    reviewer.get_by_label("Bản cũ chậm hơn (giây)").fill("0,5")
    key("Escape")
    reviewer.evaluate(f"{both}.forEach((v) => (v.muted = true))")
    key(" ")
    until(reviewer, f"{both}[1].currentTime > 1")
    key("k")
    until(reviewer, f"Math.abs({both}[0].currentTime - {both}[1].currentTime - 0.5) < 0.05")
    key(".", ".")
    until(reviewer, f"Math.abs({both}[0].currentTime - {both}[1].currentTime - 0.5) < 0.05")
    key("s")
    expect(reviewer.get_by_text("Đang nghe bản cũ")).to_be_visible()
    # The new one is shorter: what was cut off at its end is seen all the same.
    reviewer.evaluate(f"{both}[1].currentTime = 2.5")
    key(" ")
    until(reviewer, f"{both}[1].ended && {both}[0].ended")
    expect(reviewer.locator("[data-over-new]")).to_be_visible()
    expect(reviewer.locator("[data-over-old]")).to_be_hidden()
    end = reviewer.evaluate(f"{both}[0].currentTime")
    key(",")
    until(reviewer, f"{both}[0].currentTime < {end}")
    assert reviewer.evaluate(f"{both}[1].ended")
    # And the other way round.
    reviewer.get_by_label("Bản cũ chậm hơn (giây)").fill("2,5")
    key("Escape")
    reviewer.evaluate(f"{both}[1].currentTime = 1")
    key(" ")
    expect(reviewer.locator("[data-over-old]")).to_be_visible()
    until(reviewer, f"{both}[1].ended")
    expect(reviewer.locator("[data-over-new]")).to_be_hidden()
    reviewer.set_viewport_size({"width": 360, "height": 700})
    assert not reviewer.evaluate("document.documentElement.scrollWidth > innerWidth")
    key("d")
    reviewer.wait_for_url(re.compile(f"/review/{waiting}$"))
    # The claim went along.
    assert claimed_by(installation, waiting) is not None
