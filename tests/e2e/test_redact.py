"""A reviewer hides a face with the mouse, looks at the preview, and keeps it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from review.models import Redaction, Revision
from tests.clips import Clips
from tests.e2e.conftest import Visit, until
from tests.e2e.test_whole_way import hand_in, until_examined
from tests.services.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MINUTE = 60_000  # ms


@pytest.fixture
def waiting(visit: Visit, clips: Clips) -> str:
    """A clip of the teacher's that waits for its review."""
    page = visit("teacher")
    made = hand_in(page, clips.small(), "Che khuôn mặt")
    until_examined(page)
    return made


def open_editor(page: Page, clip: str) -> Locator:
    page.goto(f"/review/{clip}")
    page.get_by_role("link", name="Che hoặc cắt").click()
    expect(page.get_by_role("heading", name="Che hoặc cắt", level=1)).to_be_visible()
    layer = page.locator("[data-layer]")
    expect(layer).to_be_visible()
    until(page, "document.querySelector('video').readyState > 1")
    return layer


def drag(page: Page, layer: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    """With the mouse, between two places of the picture (fractions)."""
    area = layer.bounding_box()
    assert area is not None
    places = [
        (area["x"] + x * area["width"], area["y"] + y * area["height"]) for x, y in (start, end)
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=6)
    page.mouse.up()


def place_of(page: Page) -> list[float]:
    """x, y, width, height of the first box in the form, in percents."""
    fields = [page.locator(f'[data-row="boxes"] [data-field="{name}"]').first for name in PLACES]
    return [float(field.input_value().replace(",", ".")) for field in fields]


PLACES = ("x", "y", "width", "height")


def test_a_box_is_drawn_and_its_render_kept(
    visit: Visit, installation: Installation, waiting: str, tmp_path: Path
) -> None:
    page = visit("reviewer")
    layer = open_editor(page, waiting)
    expect(page.get_by_text("Chưa có gì được che")).to_be_visible()
    page.get_by_role("button", name="Xem thử").click()
    nothing = page.get_by_text("Hãy vẽ ô che, đánh dấu đoạn tắt tiếng hoặc đoạn cắt trước.")
    expect(nothing).to_be_visible()

    # Drawn, moved, made larger at its corner, moved again by the keyboard.
    drag(page, layer, (0.40, 0.12), (0.60, 0.52))
    assert place_of(page) == pytest.approx([40, 12, 20, 40], abs=1.5)
    drag(page, layer, (0.5, 0.3), (0.55, 0.3))
    assert place_of(page) == pytest.approx([45, 12, 20, 40], abs=1.5)
    drag(page, layer, (0.65, 0.52), (0.75, 0.62))
    assert place_of(page) == pytest.approx([45, 12, 30, 50], abs=2)
    for key in ["ArrowLeft"] * 5 + ["Shift+ArrowRight"] * 2:
        page.keyboard.press(key)
    assert place_of(page) == pytest.approx([40, 12, 32, 50], abs=2)
    expect(page.get_by_text("Chưa có gì được che")).to_be_hidden()
    expect(nothing).to_be_hidden()

    # Removed by the keyboard, and taken back.
    page.keyboard.press("Delete")
    expect(page.locator('[data-row="boxes"]')).to_have_count(0)
    page.get_by_role("button", name="Hoàn tác").click()
    assert place_of(page) == pytest.approx([40, 12, 32, 50], abs=2)

    # A cut from the third second on.
    page.get_by_role("button", name="Cắt từ đây").click()
    page.locator('[data-row="cuts"] [data-field="start"]').fill("3")
    page.locator('[data-row="cuts"] [data-field="end"]').fill("4")

    page.get_by_role("button", name="Xem thử").click()
    expect(page.get_by_role("heading", name="Xem thử bản đã che", level=1)).to_be_visible()
    video = page.locator("video")
    expect(video).to_be_visible(timeout=MINUTE)
    until(page, "document.querySelector('video').readyState > 1")
    assert page.evaluate("document.querySelector('video').duration") == pytest.approx(3, abs=0.15)

    page.get_by_text("Dùng bản này", exact=True).click()
    expect(page.get_by_text("việc duyệt bắt đầu lại từ bước đầu")).to_be_visible()
    page.get_by_role("button", name="Đồng ý, dùng bản này").click()
    expect(page.get_by_text("Đã dùng bản mới.")).to_be_visible()
    page.goto(f"/clips/{waiting}")
    expect(page.locator(".badge").first).to_have_text("Đang chờ duyệt", timeout=MINUTE)
    expect(page.get_by_text("lần nộp thứ 2").first).to_be_visible()

    # Whoever hid it does not approve it; what it was made of is gone for everybody.
    page.goto(f"/review/{waiting}")
    expect(page.get_by_text("Chính bạn đã làm, nên một người khác duyệt")).to_be_visible()
    expect(page.get_by_role("button", name="Duyệt", exact=True)).to_have_count(0)
    check_the_face_is_gone(installation, page, waiting, tmp_path)


def test_on_a_phone_the_row_stays_in_sight_below_the_picture(visit: Visit, waiting: str) -> None:
    page = visit("reviewer", width=360)
    page.set_viewport_size({"width": 360, "height": 640})
    open_editor(page, waiting)
    page.get_by_role("button", name="Hộp che").click()
    start, end = (page.locator(f'[data-row="boxes"] [data-field="{n}"]') for n in ("start", "end"))
    for field in (start, end):
        field.focus()
        until(page, f"{BELOW}(document.activeElement)")
    # Refused: the page begins again at the first wrong field, with the comma of our numbers.
    end.fill("77,5")
    page.get_by_role("button", name="Xem thử").click()
    expect(page.get_by_text("Nằm ngoài clip: từ 0 đến 4 giây.")).to_be_visible()
    expect(end).to_be_focused()
    until(page, f"{BELOW}(document.activeElement)")


# Whether it is seen whole, and not under the picture that stays; which leaves the larger half.
BELOW = """((field) => {
  const stage = document.querySelector('.hide-stage').getBoundingClientRect();
  const box = field.getBoundingClientRect();
  const clear = box.top >= Math.max(0, stage.bottom) || box.bottom <= stage.top;
  return clear && box.bottom <= innerHeight && stage.height < innerHeight / 2;
})"""


def check_the_face_is_gone(installation: Installation, page: Page, clip: str, folder: Path) -> None:
    """What `/media` serves now, against the source: the face's place has no detail left."""
    served = folder / "served.mp4"
    served.write_bytes(page.request.get(f"/media/{clip}/proxy.mp4").body())
    database = installation.database
    with database.read() as session:
        first = session.scalars(
            select(Revision).where(Revision.clip_id == clip, Revision.number == 1)
        ).one()
        assert session.scalars(select(Redaction.state)).all() == ["kept"]
    database.dispose()
    before = picture(installation.data / "blobs" / first.original_key)
    after = picture(served)
    assert detail(after[20:85, 80:135]) < 0.3 * detail(before[20:85, 80:135])
    assert detail(after[90:, 10:180]) > 0.7 * detail(before[90:, 10:180])


def picture(path: Path) -> np.ndarray:
    argv = ["ffmpeg", "-v", "error", "-ss", "1", "-i", path, "-frames:v", "1"]
    argv += ["-vf", "scale=192:144,format=gray", "-f", "rawvideo", "-"]
    raw = subprocess.run(argv, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(144, 192).astype(float)


def detail(part: np.ndarray) -> float:
    return float(np.abs(np.diff(part, axis=0)).mean() + np.abs(np.diff(part, axis=1)).mean())


def test_on_a_phone_with_a_finger_and_nothing_axe_complains_about(
    visit: Visit, waiting: str, axe: str
) -> None:
    page = visit("reviewer", width=360, has_touch=True)
    layer = open_editor(page, waiting)
    touch = page.context.new_cdp_session(page)
    area = layer.bounding_box()
    assert area is not None

    def at(x: float, y: float) -> list[dict[str, float]]:
        return [{"x": area["x"] + x * area["width"], "y": area["y"] + y * area["height"]}]

    for kind, points in (
        ("touchStart", at(0.2, 0.2)),
        ("touchMove", at(0.4, 0.5)),
        ("touchMove", at(0.6, 0.6)),
        ("touchEnd", []),
    ):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert place_of(page) == pytest.approx([20, 20, 40, 40], abs=2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

    # From here, to here.
    page.locator("[data-seek]").fill("1.5")
    until(page, "Math.abs(document.querySelector('video').currentTime - 1.5) < 0.05")
    row = page.locator('[data-row="boxes"]')
    row.get_by_role("button", name="Từ đây").click()
    page.locator("[data-seek]").fill("2.5")
    until(page, "Math.abs(document.querySelector('video').currentTime - 2.5) < 0.05")
    row.get_by_role("button", name="Đến đây").click()
    times = [row.locator(f'[data-field="{name}"]').input_value() for name in ("start", "end")]
    assert times == ["0:01,5", "0:02,5"]
    row.get_by_text("Hộp đi theo đường thẳng").click()
    expect(page.locator(".hide-box")).to_have_count(2)

    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    told = [(v["id"], [n["target"] for n in v["nodes"]]) for v in found["violations"]]
    assert told == []
    row.get_by_role("button", name="Xóa").click()
    page.get_by_role("button", name="Xem thử").click()
    expect(page.get_by_text("Hãy vẽ ô che, đánh dấu đoạn")).to_be_visible()


def test_without_a_script_numbers_are_typed(
    visit: Visit, installation: Installation, waiting: str
) -> None:
    page = visit("reviewer", java_script_enabled=False)
    page.goto(f"/clips/{waiting}/redact")
    values = {"start": "0", "end": "2", "x": "10", "y": "10", "width": "30", "height": "30"}
    for name, value in values.items():
        page.locator(f'[name="boxes-0-{name}"]').fill(value)
    page.get_by_role("button", name="Xem thử").click()
    for _ in range(60):
        if page.locator("video").count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    expect(page.get_by_text("Đồng ý, dùng bản này")).to_be_attached()
    page.get_by_text("Bỏ", exact=True).click()
    page.get_by_role("button", name="Bỏ bản xem thử").click()
    expect(page.get_by_text("Clip vẫn như cũ.")).to_be_visible()
    assert re.search(r"/review/[0-9a-z]{26}$", page.url)
