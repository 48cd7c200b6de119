"""Pictures of time at the desk, the poster, the player that moves on, and the saved data."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from review.models import Job, Revision
from storage_config.database import Database
from tests.clips import Clips, ffmpeg, film
from tests.e2e.conftest import Visit, until
from tests.services.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MINUTE = 60_000  # ms
PATIENCE = 180.0  # s, on a busy machine
# 3.5 to 5 s are black, from 6 to 7.5 s the picture flashes six times a second; silence over both.
STRANGE = (
    "drawbox=t=fill:color=black:enable='between(t,3.5,5)',"
    "drawbox=t=fill:color=white:enable='between(t,6,7.5)*lt(mod(n,4),2)'"
)
_STREET = ("-t", "9", "-i", film("bikes"), "-t", "9", "-i", film("bigbuckbunny"))
_CODED = ("-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25")


@pytest.fixture(scope="session")
def strange(installation: Installation, clips: Clips) -> str:
    """Id of a clip with everything that machines notice, its ladder made."""
    clips.folder.mkdir(parents=True, exist_ok=True)
    path = clips.folder / "strange.mp4"
    silence = "apad=whole_dur=9,volume=0:enable='between(t,3,7)'"
    ffmpeg(*_STREET, "-vf", STRANGE, "-af", silence, *_CODED, "-ac", "2", "-c:a", "aac", path)
    return hand_in(installation, path, "Bắt nạt trên mạng")


@pytest.fixture(scope="session")
def acted(installation: Installation, clips: Clips) -> str:
    """Id of an acted scene: its ladder begins with a card."""
    clips.folder.mkdir(parents=True, exist_ok=True)
    path = clips.folder / "acted.mp4"
    ffmpeg(*_STREET, "-af", "apad=whole_dur=9", *_CODED, "-ac", "2", "-c:a", "aac", path)
    return hand_in(installation, path, "Cảnh diễn", "--reenactment")


def hand_in(installation: Installation, path: Any, title: str, *more: str) -> str:
    done = installation.lantoa("submit", str(path), "--title", title, "--quiet", *more)
    assert done.returncode == 0, done.stderr
    clip_id = done.stdout.strip()
    deadline = time.monotonic() + PATIENCE
    while installation.call("teacher", "GET", f"/api/v1/clips/{clip_id}").json()["audio"] is None:
        assert time.monotonic() < deadline, "the ladder was never made"
        time.sleep(0.3)
    return clip_id


def now(page: Page) -> float:
    return float(page.evaluate("document.querySelector('video').currentTime"))


def shown_from(page: Page) -> float:
    """The time of the thumbnail over the bar."""
    return float(page.locator(".bubble-picture").get_attribute("data-from") or -1)


def box_of(page: Page, selector: str) -> dict[str, float]:
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    assert box is not None
    return dict(box)  # type: ignore[arg-type]


def open_desk(page: Page, clip_id: str) -> None:
    page.goto(f"/review/{clip_id}")
    until(page, "document.querySelector('video').readyState > 0")
    expect(page.locator(".frame").first).to_be_visible(timeout=MINUTE)


def test_the_bar_shows_what_is_there(visit: Visit, strange: str) -> None:
    page = visit("reviewer")
    open_desk(page, strange)
    box = box_of(page, "[data-scrub]")
    length = float(page.evaluate("document.querySelector('video').duration"))
    for share in (0.1, 0.5, 0.95):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 8)
        expect(page.locator(".bubble")).to_be_visible()
        assert abs(shown_from(page) - share * length) < 1.0
    # A short clip: tenths are told.
    assert re.fullmatch(r"0:08,[4-6]", page.locator(".bubble .number").inner_text())
    picture = page.locator(".bubble-picture")
    assert "sprite.jpg" in picture.evaluate("e => getComputedStyle(e).backgroundImage")
    assert now(page) < 0.2  # looking is not going
    page.mouse.move(10, 10)
    expect(page.locator(".bubble")).to_be_hidden()
    # The keys of a slider, and what a screen reader hears.
    bar = page.get_by_role("slider", name="Thời điểm trong clip")
    bar.focus()
    page.keyboard.press("ArrowRight")
    until(page, "Math.abs(document.querySelector('video').currentTime - 2) < 0.2")
    expect(page.locator(".bubble")).to_be_visible()
    page.keyboard.press("End")
    until(page, "document.querySelector('video').currentTime > 8")
    page.keyboard.press("Home")
    until(page, "document.querySelector('video').currentTime < 0.1")
    expect(bar).to_have_attribute("aria-valuetext", re.compile(r"0:00,0 / 0:09,0"))


def test_a_finger_drags_over_the_bar(visit: Visit, strange: str) -> None:
    page = visit("reviewer", width=360, has_touch=True)
    open_desk(page, strange)
    box = box_of(page, "[data-scrub]")
    touch = page.context.new_cdp_session(page)

    def send(kind: str, share: float | None) -> None:
        at = [] if share is None else [{"x": box["x"] + share * box["width"], "y": box["y"] + 8}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    send("touchStart", 0.2)
    for share in (0.3, 0.4, 0.5):
        send("touchMove", share)
    expect(page.locator(".bubble")).to_be_visible()
    until(page, "Math.abs(document.querySelector('.bubble-picture').dataset.from - 4.5) < 0.8")
    assert now(page) < 0.2
    send("touchEnd", None)
    until(page, "Math.abs(document.querySelector('video').currentTime - 4.5) < 0.4")
    expect(page.locator(".bubble")).to_be_hidden()
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_jumps_lead_to_what_was_noticed(visit: Visit, strange: str) -> None:
    page = visit("reviewer")
    open_desk(page, strange)
    expect(page.get_by_role("alert").first).to_contain_text("người nhạy cảm với ánh sáng")
    expected = {"flashing": (6.0, 0.6), "black": (3.5, 0.2), "silent": (3.0, 0.5)}
    for kind, (start, slack) in expected.items():
        page.locator(f".lane.{kind} button").first.click()
        until(page, f"Math.abs(document.querySelector('video').currentTime - {start}) < {slack}")
    page.get_by_role("button", name="Tới 0:08,").first.press("Enter")
    until(page, "document.querySelector('video').currentTime > 7.9")
    # A mark stands below the time that it is of.
    bar, mark = box_of(page, "[data-scrub]"), box_of(page, ".lane.black rect")
    assert abs((mark["x"] - bar["x"]) / bar["width"] - 3.5 / 9) < 0.03


HEARD = ("loudness", "sound_plan", "silent_spans", "posters")  # what `examine` noticed
NEVER = datetime(2099, 1, 1, tzinfo=UTC)


class Unmade:
    """Takes a clip's ladder away, as if a worker were still making it; and brings it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.taken: dict[str, tuple[Any, ...]] = {}

    def take(self, clip_id: str) -> None:
        with self.database.write() as session:
            revision, job = self._rows(session, clip_id)
            signals = revision.signals or {}
            self.taken[clip_id] = (revision.ladder_attempt, signals)
            revision.ladder_attempt = None
            revision.signals = {k: v for k, v in signals.items() if k in HEARD}
            job.state, job.lease_until = "running", NEVER

    def bring(self, clip_id: str) -> None:
        if clip_id in self.taken:
            with self.database.write() as session:
                revision, job = self._rows(session, clip_id)
                revision.ladder_attempt, revision.signals = self.taken.pop(clip_id)
                job.state, job.lease_until = "done", None

    @staticmethod
    def _rows(session: Session, clip_id: str) -> tuple[Revision, Job]:
        revision = session.scalars(select(Revision).where(Revision.clip_id == clip_id)).one()
        wanted = select(Job).where(Job.revision_id == revision.id, Job.kind == "ladder")
        return revision, session.scalars(wanted).one()


@pytest.fixture
def unmade(installation: Installation) -> Iterator[Unmade]:
    database = installation.database
    found = Unmade(database)
    yield found
    for clip_id in list(found.taken):
        found.bring(clip_id)
    database.dispose()


def test_the_button_that_approves_can_be_read_before_it_works(visit: Visit, strange: str) -> None:
    page = visit("reviewer")
    open_desk(page, strange)
    approve = page.get_by_role("button", name="Duyệt", exact=True)
    expect(approve).to_have_attribute("aria-disabled", "true")
    assert contrast(approve) >= 4.5
    told = page.locator("[data-told]")
    approve.press("Enter")
    expect(told).to_have_text("Hãy xem hết clip rồi mới duyệt. Thanh xanh cho thấy phần đã xem.")
    page.evaluate(
        "(v => { v.muted = true; v.playbackRate = 3; v.play() })(document.querySelector('video'))"
    )
    # Once the whole clip was watched nothing asks to watch it.
    expect(page.locator("[data-coverage-text]")).to_have_text("Đã xem hết", timeout=MINUTE)
    expect(told).to_be_hidden()
    expect(approve).to_have_attribute("aria-disabled", "false")
    assert contrast(approve) >= 4.5


# Of WCAG 2.2: the words on their ground, both opaque.
CONTRAST = """(button) => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const style = getComputedStyle(button);
  if (style.opacity !== "1") return 0;
  const [a, b] = [light(style.color), light(style.backgroundColor)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""


def contrast(button: Locator) -> float:
    return float(button.evaluate(CONTRAST))


def test_what_is_noticed_comes_to_an_open_desk(visit: Visit, strange: str, unmade: Unmade) -> None:
    unmade.take(strange)
    page = visit("reviewer")
    open_desk(page, strange)
    expect(page.get_by_text("Máy đang phân tích hình…")).to_be_visible()
    expect(page.get_by_text("ánh sáng")).to_have_count(0)
    page.get_by_label("Ghi thêm").fill("đang ghi dở")
    unmade.bring(strange)
    expect(page.get_by_role("alert").first).to_contain_text("ánh sáng", timeout=MINUTE)
    expect(page.locator(".lane.black")).to_be_visible()
    expect(page.get_by_text("Máy đang phân tích hình…")).to_have_count(0)
    # The frames are dressed anew, and nothing that was typed is lost.
    expect(page.locator(".frame")).to_have_count(12)
    expect(page.get_by_label("Ghi thêm")).to_have_value("đang ghi dở")


def test_the_player_goes_on_with_the_ladder_where_the_preview_was(
    visit: Visit, acted: str, unmade: Unmade
) -> None:
    unmade.take(acted)
    page = visit("teacher")
    page.goto(f"/clips/{acted}")
    until(page, "document.querySelector('video').dataset.plays === 'preview'")
    expect(page.locator("[data-saver]")).to_have_count(0)
    page.evaluate(
        "(v => { v.muted = true; v.currentTime = 4; v.play() })(document.querySelector('video'))"
    )
    until(page, "document.querySelector('video').currentTime > 4.1")
    page.evaluate("document.querySelector('video').playbackRate = 0.5")
    unmade.bring(acted)
    until(page, "document.querySelector('video').dataset.plays === 'hls'")
    playing = "(v => !v.paused && v.muted && v.playbackRate === 0.5)"
    until(page, f"{playing}(document.querySelector('video'))")
    # Played on meanwhile, and the card stands before it all: 2 s later than in the preview.
    until(page, "document.querySelector('video').readyState > 2")
    assert 6.1 < now(page) < 9.5
    # What is now there to choose of came along.
    expect(page.locator("#viewing")).to_contain_text("Xem tốn khoảng")
    expect(page.locator("[data-saver]")).to_be_visible()


def paused_at_three(visit: Visit, clip_id: str, unmade: Unmade) -> Page:
    """The owner's page of a clip without its ladder, its preview paused at 3 s."""
    unmade.take(clip_id)
    page = visit("teacher")
    page.goto(f"/clips/{clip_id}")
    until(page, "document.querySelector('video').dataset.plays === 'preview'")
    page.evaluate("document.querySelector('video').currentTime = 3")
    until(page, "document.querySelector('video').readyState > 1")
    return page


def until_at_five(page: Page) -> None:
    """The card stands before the ladder: what is at 3 s of the preview is at 5 s there."""
    until(page, "document.querySelector('video').dataset.plays === 'hls'")
    until(page, "Math.abs(document.querySelector('video').currentTime - 5) < 0.1")


def test_a_paused_player_stays_paused_where_it_was(
    visit: Visit, acted: str, unmade: Unmade
) -> None:
    page = paused_at_three(visit, acted, unmade)
    unmade.bring(acted)
    until_at_five(page)
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('video').paused")
    assert abs(now(page) - 5) < 0.1


def test_a_page_that_is_loaded_again_goes_on_where_it_was(
    visit: Visit, acted: str, unmade: Unmade
) -> None:
    """As it happens when the clip is published while its owner watches."""
    page = paused_at_three(visit, acted, unmade)
    unmade.bring(acted)
    page.reload()
    until_at_five(page)
    # Who comes back later begins anew.
    page.goto("/library")
    page.goto(f"/clips/{acted}")
    until(page, "document.querySelector('video').dataset.plays === 'hls'")
    page.wait_for_timeout(300)
    assert now(page) == 0


def test_the_poster_is_chosen_with_mouse_and_keys(visit: Visit, strange: str) -> None:
    page = visit("teacher")
    page.goto(f"/clips/{strange}")
    picks = page.locator("#poster input[type=radio]")
    assert picks.count() >= 2
    page.locator("#poster .pick").nth(1).click()
    expect(page.locator("#poster [role=status]")).to_have_text("Đã đổi ảnh bìa.")
    second = picks.nth(1).get_attribute("value")
    expect(page.locator("video")).to_have_attribute("poster", f"/media/{strange}/{second}")
    page.reload()
    expect(picks.nth(1)).to_be_checked()
    picks.nth(1).focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#poster [role=status]")).to_have_text("Đã đổi ảnh bìa.")
    expect(picks.nth(0)).to_be_checked()
    expect(picks.nth(0)).to_be_focused()  # the arrow goes on from there
    page.get_by_role("button", name="Dùng lại ảnh máy chọn").click()
    expect(page.get_by_role("button", name="Dùng lại ảnh máy chọn")).to_have_count(0)
    expect(picks.nth(0)).to_be_checked()
    expect(picks.nth(0)).to_be_focused()  # the button is gone, the keyboard goes on here


def test_a_choice_that_did_not_get_through_is_told(visit: Visit, strange: str) -> None:
    page = visit("teacher")
    page.goto(f"/clips/{strange}")
    page.evaluate("console.error = () => {}")  # htmx tells the console of it, too
    page.route("**/poster", lambda route: route.abort())
    page.locator("#poster .pick:has(input:not(:checked))").first.click()
    expect(page.locator("#poster [data-unsent]")).to_be_visible()


def play_to(page: Page, seconds: float) -> None:
    page.evaluate("(v => { v.muted = true; v.play() })(document.querySelector('video'))")
    until(page, f"document.querySelector('video').currentTime > {seconds}")


def test_saved_data_stay_saved(visit: Visit, strange: str) -> None:
    page = visit("teacher")
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url.rpartition("/")[2]))
    page.goto(f"/clips/{strange}")
    until(page, "document.querySelector('video').dataset.plays === 'hls'")
    page.wait_for_timeout(500)
    # Nothing of the film is loaded before somebody wants to watch it.
    assert [name for name in asked if name.endswith(".mp4")] == []
    page.get_by_label("Tiết kiệm dữ liệu").check()
    play_to(page, 1.0)
    assert page.evaluate("document.querySelector('video').dataset.level") == "144"
    assert {name for name in asked if name.endswith(".mp4")} == {"144p.mp4", "audio-low.mp4"}
    page.reload()
    expect(page.get_by_label("Tiết kiệm dữ liệu")).to_be_checked()
    page.get_by_label("Tiết kiệm dữ liệu").uncheck()
    play_to(page, 1.0)
    until(page, "Number(document.querySelector('video').dataset.level) > 144")


def test_a_phone_that_saves_data_is_believed(visit: Visit, strange: str) -> None:
    page = visit("teacher", width=360)
    page.add_init_script(
        "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"
    )
    page.goto(f"/clips/{strange}")
    expect(page.get_by_label("Tiết kiệm dữ liệu")).to_be_checked()
    play_to(page, 1.0)
    assert page.evaluate("document.querySelector('video').dataset.level") == "144"
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_listening_alone(visit: Visit, strange: str) -> None:
    page = visit("teacher")
    page.goto(f"/clips/{strange}")
    play_to(page, 0.3)
    page.locator("[data-listen] summary").click()
    page.evaluate("(a => { a.muted = true; a.play() })(document.querySelector('audio'))")
    until(page, "document.querySelector('audio').currentTime > 0.5")
    # Not both at once.
    assert page.evaluate("document.querySelector('video').paused")


def test_the_pages_are_usable_by_everybody(visit: Visit, strange: str, axe: str) -> None:
    for role, path in (("reviewer", f"/review/{strange}"), ("teacher", f"/clips/{strange}")):
        page = visit(role, width=360)
        page.goto(path)
        page.wait_for_timeout(500)
        page.evaluate(axe)
        result = page.evaluate("axe.run({resultTypes: ['violations']})")
        serious = [v for v in result["violations"] if v["impact"] in ("serious", "critical")]
        assert [f"{v['id']}: {v['nodes'][0]['html']}" for v in serious] == [], path
