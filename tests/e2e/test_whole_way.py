"""The main job as its people do it: in the browser, on filmed clips."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.clips import Clips
from tests.e2e.conftest import Visit, until
from tests.services.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TITLE = "Đi xe đạp nhớ đội mũ bảo hiểm"
MINUTE = 60_000  # ms


def hand_in(page: Page, clip: Path, title: str = TITLE) -> str:
    """Fill in the form as a teacher does; the clip's id."""
    page.goto("/submit")
    page.get_by_label("Chọn clip").set_input_files(clip)
    page.get_by_label("Tên clip").fill(title)
    page.get_by_label("Ứng xử văn minh").check()
    page.get_by_role("button", name="Thêm một bạn").click()
    page.get_by_label("Cách gọi, không ghi tên thật").fill("bạn áo đỏ")
    page.get_by_label("Cha mẹ hoặc người giám hộ đã đồng ý").check()
    page.get_by_label("Bạn ấy cũng đồng ý").check()
    page.get_by_role("button", name="Gửi clip").click()
    page.wait_for_url(re.compile(r"/clips/[0-9a-z]{26}$"), timeout=MINUTE)
    return page.url.rpartition("/")[2]


def until_examined(page: Page) -> None:
    """The page comes to know by itself."""
    expect(page.locator("video")).to_be_visible(timeout=MINUTE)
    expect(page.locator(".badge").first).to_have_text("Đang chờ duyệt")


def until_published(page: Page) -> None:
    """The last approval publishes at once, or as soon as every size is there."""
    for _ in range(120):
        page.reload()
        if page.locator(".badge").first.inner_text() == "Đã đăng":
            return
        page.wait_for_timeout(500)
    raise AssertionError("the clip was never published")


def watch_and_approve(page: Page, title: str) -> None:
    """With the keyboard alone: next, play, wait, approve."""
    page.get_by_role("link", name="Duyệt clip tiếp theo").press("Enter")
    for _ in range(20):
        page.wait_for_load_state()  # a key that comes before the script says nothing
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_be_visible()
        if heading.inner_text() == title:
            break
        with page.expect_navigation():
            page.keyboard.press("n")  # somebody else's clip waits for longer: not now
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    approve = page.get_by_role("button", name="Duyệt", exact=True)
    expect(approve).to_have_attribute("aria-disabled", "true")
    page.evaluate("document.querySelector('video').muted = true")
    for _ in range(4):
        page.keyboard.press("+")  # 3x, so that the test is short
    page.keyboard.press("k")
    expect(page.locator("[data-coverage-text]")).to_have_text("Đã xem hết", timeout=MINUTE)
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.locator(".flash").first).to_have_text(f"Đã duyệt «{title}».")


def plays_hls(page: Page) -> tuple[int, int]:
    """Press play; the size of the picture that moves, from the HLS that was made."""
    until(page, "document.querySelector('video').currentSrc.startsWith('blob:')")
    page.evaluate("document.querySelector('video').muted = true")
    page.evaluate("document.querySelector('video').play()")
    until(page, "document.querySelector('video').currentTime > 1.0")
    played = page.evaluate(
        "(v => [v.dataset.plays, v.currentSrc.split(':')[0], v.videoWidth, v.videoHeight])"
        "(document.querySelector('video'))"
    )
    assert played[:2] == ["hls", "blob"]
    return int(played[2]), int(played[3])


def test_from_a_teachers_upload_to_the_library_and_back(
    visit: Visit, installation: Installation, clips: Clips
) -> None:
    teacher = visit("teacher")
    clip_id = hand_in(teacher, clips.landscape())
    until_examined(teacher)

    watch_and_approve(visit("reviewer"), TITLE)
    watch_and_approve(visit("moderator"), TITLE)

    until_published(teacher)
    anybody = visit()
    anybody.goto("/library")
    anybody.get_by_role("link", name=TITLE).click()
    width, height = plays_hls(anybody)
    assert width > height

    feed = installation.call("library", "GET", "/feed/v1/changes").json()
    entry = next(c for c in feed["changes"] if c["clip"]["id"] == clip_id)
    assert (entry["kind"], entry["clip"]["title"], entry["clip"]["credit"]) == (
        "published",
        TITLE,
        "Lớp 7A",
    )

    teacher.reload()
    teacher.get_by_text("Gỡ clip này").click()
    teacher.get_by_label("Lý do").select_option("guardian")
    teacher.get_by_role("button", name="Gỡ ngay").click()
    expect(teacher.locator(".badge").first).to_have_text("Đã gỡ")

    assert anybody.goto(f"/library/{clip_id}").status == 410  # type: ignore[union-attr]
    for made in entry["clip"]["renditions"]:
        assert anybody.request.get(made["url"]).status == 410
    after = installation.call("library", "GET", f"/feed/v1/changes?cursor={feed['next']}").json()
    tombstone = next(c for c in after["changes"] if c["clip"]["id"] == clip_id)
    assert (tombstone["kind"], tombstone["clip"], tombstone["reason"]) == (
        "withdrawn",
        {"id": clip_id},
        "guardian",
    )


def test_a_portrait_clip_by_the_command_line_plays_upright(
    visit: Visit, installation: Installation, clips: Clips
) -> None:
    told = ("--title", "Hỏi trước khi đăng ảnh bạn", "--wait", "--quiet")
    done = installation.lantoa("submit", str(clips.portrait()), *told)
    assert done.returncode == 0, done.stderr
    clip_id = done.stdout.strip()
    assert installation.approve("reviewer", clip_id) == "in_review"
    assert installation.approve("moderator", clip_id) == "published"

    page = visit(width=360)
    page.goto(f"/library/{clip_id}")
    width, height = plays_hls(page)
    assert height > width


def test_changes_are_asked_for_made_and_approved(
    visit: Visit, installation: Installation, clips: Clips
) -> None:
    title = "Nói lời hay trong lớp học trực tuyến"
    teacher = visit("teacher")
    clip_id = hand_in(teacher, clips.landscape(), title)
    until_examined(teacher)

    reviewer = visit("reviewer")
    reviewer.goto(f"/review/{clip_id}")
    reviewer.get_by_role("button", name="Trả lại để sửa").click()
    expect(reviewer.get_by_role("alert").first).to_contain_text("Hãy ghi ít nhất một lý do")
    reviewer.get_by_label("Lý do").select_option("sound_low")
    reviewer.get_by_label("Ghi thêm").fill("từ giây thứ ba")
    reviewer.get_by_role("button", name="Trả lại để sửa").click()
    expect(reviewer.locator(".flash").first).to_contain_text("lại cho người gửi sửa.")

    teacher.reload()
    expect(teacher.get_by_text("Tiếng quá nhỏ hoặc khó nghe")).to_be_visible()
    expect(teacher.get_by_text("từ giây thứ ba")).to_be_visible()
    teacher.get_by_label("Chọn clip").set_input_files(clips.portrait())
    teacher.get_by_role("button", name="Nộp lại").click()
    expect(teacher.get_by_text("lần nộp thứ 2").first).to_be_visible(timeout=MINUTE)
    until_examined(teacher)


@pytest.mark.parametrize("name", ["text", "empty", "sound_only"])
def test_a_file_that_is_no_clip_is_told_in_words(visit: Visit, clips: Clips, name: str) -> None:
    """Found in the browser where it can tell, else by the server; the page says what to do."""
    page = visit("teacher")
    page.goto("/submit")
    page.get_by_label("Chọn clip").set_input_files(clips.get(name))
    page.get_by_label("Tên clip").fill("Không phải clip")
    page.get_by_role("button", name="Gửi clip").click()
    told = page.locator(".note.bad:visible")
    expect(told).to_contain_text("Hãy", timeout=MINUTE)


def test_every_page_is_usable_by_everybody(visit: Visit, axe: str) -> None:
    """axe-core finds nothing serious on the pages that people see first."""
    pages = {
        None: ("/", "/library", "/sign-in", "/join"),
        "teacher": ("/", "/submit", "/clips"),
        "reviewer": ("/", "/review"),
        "safeguarding": ("/safeguarding",),
        "admin": ("/admin", "/admin/jobs"),
    }
    found: dict[str, list[str]] = {}
    for role, paths in pages.items():
        page = visit(role, width=360)
        for path in paths:
            page.goto(path)
            page.evaluate(axe)
            result = page.evaluate("axe.run({resultTypes: ['violations']})")
            serious = [v for v in result["violations"] if v["impact"] in ("serious", "critical")]
            if serious:
                found[f"{role} {path}"] = [f"{v['id']}: {v['nodes'][0]['html']}" for v in serious]
            wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
            assert not wide, f"{path} is wider than a phone"
    assert found == {}
