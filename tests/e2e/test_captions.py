"""Captions in a real browser: written while the clip plays, shown where it plays."""

from __future__ import annotations

import io
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import requests
from PIL import Image
from playwright.sync_api import Page, expect

from tests.clips import Clips
from tests.e2e.conftest import Visit, until
from tests.services.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow]
VTT = """WEBVTT

00:00.200 --> 00:01.000
Chào các bạn

00:01.200 --> 00:01.900
Nhớ <b>đội mũ</b>
"""
MINUTE = 60_000  # ms
# What the first shown text track says now, as the viewer reads it.
SHOWN = """(() => {
  const shown = [...document.querySelector('video').textTracks].filter((t) => t.mode === 'showing');
  return shown.flatMap((t) => [...t.activeCues].map((c) => c.text)).join('|');
})()"""


def hand_in(installation: Installation, clips: Clips, title: str) -> str:
    done = installation.lantoa(
        "submit", str(clips.landscape()), "--title", title, "--wait", "--quiet"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def standing(installation: Installation, clip_id: str) -> int:
    """The version of the captions that are there; 0: none."""
    clip = installation.call("teacher", "GET", f"/api/v1/clips/{clip_id}").json()
    return next((int(c["version"]) for c in clip["media"]["captions"]), 0)


def put(installation: Installation, clip_id: str, vtt: str = VTT) -> None:
    """In place of whatever is there, as another person does meanwhile."""
    version = standing(installation, clip_id)
    answer = requests.put(
        f"{installation.url}/api/v1/clips/{clip_id}/captions/vi?version={version}",
        data=vtt.encode(),
        headers={"Authorization": f"Bearer {installation.token('teacher')}"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text


def editor(visit: Visit, installation: Installation, clip_id: str, **options: str) -> Page:
    """The teacher's editor on captions that are there."""
    put(installation, clip_id)
    page = visit("teacher", **options)
    page.goto(f"/clips/{clip_id}/captions/vi")
    return page


def look_at(page: Page, seconds: float) -> None:
    until(page, "document.querySelector('video').readyState >= 1")
    page.evaluate(f"document.querySelector('video').currentTime = {seconds}")


def says(page: Page) -> list[str]:
    return page.locator("[data-cue] [data-text]").evaluate_all("all => all.map(e => e.value)")


def times(page: Page) -> list[str]:
    return page.locator("[data-cue] input").evaluate_all("all => all.map(e => e.value)")


@pytest.fixture(scope="module")
def clip_id(installation: Installation, clips: Clips) -> str:
    """A clip in review that these tests share, one after the other."""
    return hand_in(installation, clips, "Viết phụ đề")


@pytest.fixture(scope="module")
def published(installation: Installation, clips: Clips) -> str:
    clip_id = hand_in(installation, clips, "Phụ đề trong thư viện")
    put(installation, clip_id)
    assert installation.approve("reviewer", clip_id) == "in_review"
    installation.approve("moderator", clip_id)
    for _ in range(240):
        state = installation.call("moderator", "GET", f"/api/v1/clips/{clip_id}").json()["state"]
        if state == "published":
            return clip_id
        time.sleep(0.5)
    raise AssertionError(state)


def test_they_are_written_while_the_clip_plays(visit: Visit, clip_id: str) -> None:
    """On a phone, with the keyboard; what is typed shows below the picture at once, and only there:
    on the picture the player's own controls would cover it."""
    page = visit("teacher", width=360)
    page.goto(f"/clips/{clip_id}")
    page.get_by_role("link", name="Viết phụ đề").click()
    look_at(page, 0.4)
    page.get_by_role("button", name="Câu ở đây").click()
    page.keyboard.type("Chào các bạn")
    now = page.locator("[data-now]")
    expect(now).to_have_text("Chào các bạn")
    assert page.evaluate(SHOWN) == ""
    look_at(page, 1.2)
    until(page, "document.querySelector('[data-clock]').textContent === '0:01,2'")
    page.keyboard.press("Enter")
    page.keyboard.type("1 < 2 & <b>đội mũ</b>")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("nhé")
    look_at(page, 1.5)
    expect(now).to_have_text("1 < 2 & đội mũ nhé")
    look_at(page, 1.8)
    until(page, "document.querySelector('[data-clock]').textContent === '0:01,8'")
    page.get_by_role("button", name="Kết thúc ở đây").last.click()
    assert times(page) == ["0:00,4", "0:01,2", "0:01,2", "0:01,8"]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide

    page.keyboard.press("Control+s")
    expect(page.locator("[data-status]")).to_contain_text("Đã lưu lúc", timeout=MINUTE)
    stored = page.request.get(f"/media/{clip_id}/captions/vi.vtt").text()
    assert stored == (
        "WEBVTT\n\n00:00.400 --> 00:01.200\nChào các bạn\n\n"
        "00:01.200 --> 00:01.800\n1 &lt; 2 &amp; <b>đội mũ</b>\nnhé\n"
    )
    page.goto(f"/clips/{clip_id}")
    page.get_by_role("link", name="Xem và sửa").click()
    expect(page.locator("[data-cue]")).to_have_count(2)
    assert says(page) == ["Chào các bạn", "1 < 2 & <b>đội mũ</b>\nnhé"]


def test_what_is_wrong_is_marked_while_it_is_typed(
    visit: Visit, installation: Installation, clip_id: str
) -> None:
    page = editor(visit, installation, clip_id)
    first, second = page.locator("[data-cue]").all()
    until(page, "document.querySelector('video').readyState >= 1")
    first.get_by_label("Kết thúc", exact=True).fill("0:01,5")
    expect(second.locator("[data-told]")).to_have_text("Đè lên câu trước.")
    part = second.get_by_role("button", name="Cho câu trước kết thúc ngay trước câu này")
    part.click()
    expect(part).to_be_hidden()
    assert times(page) == ["0:00,2", "0:01,199", "0:01,2", "0:01,9"]
    long = second.get_by_label("Lời của câu")
    long.fill("một câu dài lắm\n" * 8)
    assert long.evaluate("field => field.scrollHeight <= field.clientHeight")  # it has grown
    long.fill("một câu dài lắm " * 4)
    second.get_by_label("Bắt đầu", exact=True).fill("1.6")
    expect(second.locator("[data-told]")).to_contain_text("Câu hiện quá nhanh.")
    second.get_by_label("Kết thúc", exact=True).fill("99")
    expect(second.locator("[data-told]")).to_have_text("Câu kéo dài quá lúc clip kết thúc.")
    first.get_by_label("Kết thúc", exact=True).fill("mai")
    expect(first.locator("[data-told]")).to_contain_text("Thời gian chưa đúng")
    page.get_by_role("button", name="Lưu phụ đề").click()
    expect(page.locator("[data-status]")).to_have_text("Còn 2 câu cần sửa trước khi lưu.")

    second.get_by_role("button", name="Xóa câu").click()
    expect(page.locator("[data-cue]")).to_have_count(1)
    page.get_by_role("button", name="Hoàn tác").click()
    expect(page.locator("[data-cue]")).to_have_count(2)


def test_a_dropped_connection_and_a_closed_page_lose_nothing(
    visit: Visit, installation: Installation, clip_id: str
) -> None:
    page = editor(visit, installation, clip_id, timezone_id="America/Los_Angeles")
    page.get_by_label("Lời của câu").first.fill("Xin chào tất cả")
    page.context.set_offline(True)
    page.get_by_role("button", name="Lưu phụ đề").click()
    expect(page.locator("[data-status]")).to_contain_text("Mất mạng nên chưa lưu được.")
    page.context.set_offline(False)
    expect(page.locator("[data-status]")).to_contain_text("Đã lưu lúc", timeout=MINUTE)

    # The page's own zone, wherever this browser believes to be.
    told = page.locator("[data-status]").inner_text()
    now = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh"))
    minutes = [now - timedelta(minutes=n) for n in range(3)]
    assert told in [f"Đã lưu lúc {m:%H:%M}." for m in minutes]

    page.get_by_label("Lời của câu").first.fill("Chưa kịp lưu")
    page.goto(f"/clips/{clip_id}")
    page.goto(f"/clips/{clip_id}/captions/vi")
    expect(page.locator("[data-restored]")).to_contain_text("Đã mở lại bản chưa lưu lúc")
    assert says(page)[0] == "Chưa kịp lưu"
    page.get_by_role("button", name="Bỏ, dùng bản đã lưu").click()
    assert says(page)[0] == "Xin chào tất cả"
    page.reload()
    expect(page.locator("[data-restored]")).to_be_hidden()


def test_when_somebody_saved_meanwhile_both_stay(
    visit: Visit, installation: Installation, clip_id: str
) -> None:
    page = editor(visit, installation, clip_id)
    page.get_by_label("Lời của câu").first.fill("Bản của tôi")
    put(installation, clip_id, VTT.replace("Chào các bạn", "Bản kia"))
    page.get_by_role("button", name="Lưu phụ đề").click()
    other = page.locator("[data-other]")
    expect(other).to_contain_text("Phụ đề vừa được người khác lưu")
    assert says(page)[0] == "Bản của tôi"
    other.get_by_text("Xem bản kia", exact=True).click()
    expect(other.locator("pre")).to_contain_text("Bản kia")
    page.get_by_role("button", name="Dùng bản kia").click()
    assert says(page)[0] == "Bản kia"
    page.get_by_role("button", name="Giữ bản của tôi").click()
    assert says(page)[0] == "Bản của tôi"
    page.get_by_role("button", name="Lưu phụ đề").click()
    expect(page.locator("[data-status]")).to_contain_text("Đã lưu lúc", timeout=MINUTE)
    expect(other).to_be_hidden()
    assert "Bản của tôi" in page.request.get(f"/media/{clip_id}/captions/vi.vtt").text()


def test_the_reviewer_sees_them_on_the_preview(
    visit: Visit, installation: Installation, clip_id: str
) -> None:
    put(installation, clip_id)
    page = visit("reviewer")
    page.goto(f"/review/{clip_id}")
    look_at(page, 0.6)
    until(page, f"{SHOWN} === 'Chào các bạn'")
    look_at(page, 1.5)
    until(page, f"{SHOWN} === 'Nhớ <b>đội mũ</b>'")
    expect(page.get_by_text("Nhớ đội mũ")).to_be_visible()


def test_they_show_once_while_the_ladder_plays(visit: Visit, published: str) -> None:
    page = visit(width=360)
    page.goto(f"/library/{published}")
    until(page, "document.querySelector('video').dataset.plays === 'hls'")
    page.evaluate("document.querySelector('video').muted = true")
    page.evaluate("document.querySelector('video').play()")
    until(page, "document.querySelector('video').currentTime > 0.3")
    # One entry in the menu, off until the viewer asks.
    assert page.evaluate(
        "[...document.querySelector('video').textTracks]"
        ".map(t => [t.kind, t.language, t.label, t.mode])"
    ) == [["captions", "vi", "Tiếng Việt", "disabled"]]
    page.evaluate("document.querySelector('video').textTracks[0].mode = 'showing'")
    page.evaluate("document.querySelector('video').pause()")
    look_at(page, 1.5)
    until(page, f"{SHOWN} === 'Nhớ <b>đội mũ</b>'")
    assert page.evaluate("document.querySelector('video').currentSrc").startswith("blob:")


def test_a_foreign_player_finds_them_in_the_playlist_at_the_right_time(
    visit: Visit, installation: Installation, published: str
) -> None:
    """hls.js as it comes, on a page without a track and without a policy of ours."""
    page = visit(bypass_csp=True)
    page.goto("/library")
    page.evaluate(Path("node_modules/hls.js/dist/hls.min.js").read_text("utf-8"))
    page.evaluate(
        """(source) => {
          const video = document.body.appendChild(document.createElement('video'));
          video.muted = true;
          window.player = new window.Hls();
          window.player.on('hlsManifestParsed', () => { window.player.subtitleTrack = 0; });
          window.player.loadSource(source);
          window.player.attachMedia(video);
          video.play();
        }""",
        f"/media/{published}/hls/master.m3u8",
    )
    until(page, "document.querySelector('video').currentTime > 0.3")
    assert page.evaluate("window.player.subtitleTracks.map(t => [t.lang, t.name])") == [
        ["vi", "Tiếng Việt"]
    ]
    page.evaluate("document.querySelector('video').pause()")
    page.evaluate("document.querySelector('video').textTracks[0].mode = 'showing'")
    for at, words in ((0.6, "Chào các bạn"), (1.1, ""), (1.5, "Nhớ <b>đội mũ</b>")):
        look_at(page, at)
        until(page, f"{SHOWN} === '{words}'")
    cues = (
        "[...document.querySelector('video').textTracks[0].cues].map(c => [c.startTime, c.endTime])"
    )
    found = page.evaluate(cues)
    assert [[round(t, 2) for t in pair] for pair in found] == [[0.2, 1.0], [1.2, 1.9]]


def test_the_editor_is_usable_by_everybody(
    visit: Visit, installation: Installation, clip_id: str, axe: str
) -> None:
    put(installation, clip_id)
    for width in (360, 1280):
        page = visit("teacher", width=width)
        for path in (f"/clips/{clip_id}", f"/clips/{clip_id}/captions/vi"):
            page.goto(path)
            page.evaluate(axe)
            result = page.evaluate("axe.run({resultTypes: ['violations']})")
            serious = [v for v in result["violations"] if v["impact"] in ("serious", "critical")]
            assert [f"{v['id']}: {v['nodes'][0]['html']}" for v in serious] == []
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_a_visitor_finds_the_captions_and_is_remembered(visit: Visit, published: str) -> None:
    page = visit(width=360)
    page.goto(f"/library/{published}")
    expect(page.locator(".facts")).to_contain_text("Phụ đề")
    until(page, "document.querySelector('video').dataset.plays === 'hls'")
    box = page.get_by_label("Hiện phụ đề")
    expect(box).not_to_be_checked()
    box.check()
    play(page)
    until(page, f"{SHOWN} === 'Chào các bạn'")
    page.reload()
    expect(page.get_by_label("Hiện phụ đề")).to_be_checked()
    play(page)
    until(page, f"{SHOWN} === 'Chào các bạn'")
    # The player's own menu and the box say the same.
    page.evaluate("document.querySelector('video').textTracks[0].mode = 'disabled'")
    expect(page.get_by_label("Hiện phụ đề")).not_to_be_checked()
    page.reload()
    expect(page.get_by_label("Hiện phụ đề")).not_to_be_checked()


def play(page: Page) -> None:
    until(page, "document.querySelector('video').dataset.plays === 'hls'")
    page.evaluate(
        "(v => { v.muted = true; v.playbackRate = 0.3; v.play() })(document.querySelector('video'))"
    )


def test_on_a_phone_the_captions_can_be_read(visit: Visit, published: str) -> None:
    """Left alone, browsers take a twentieth of the picture's height: 7 pixels here."""
    page = visit(width=360)
    page.goto(f"/library/{published}")
    page.get_by_label("Hiện phụ đề").check()
    play(page)
    until(page, f"{SHOWN} === 'Chào các bạn'")
    page.evaluate("document.querySelector('video').pause()")
    with_it = picture(page)
    page.get_by_label("Hiện phụ đề").uncheck()
    rows = np.flatnonzero((np.abs(with_it - picture(page)) > 40).any(axis=(1, 2)))
    assert rows.max() - rows.min() >= 16  # one line of letters of 16 pixels, on its ground


def picture(page: Page) -> np.ndarray:
    page.mouse.move(5, 5)
    page.wait_for_timeout(300)
    shot = page.locator(".player").screenshot(animations="disabled")
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=int)
