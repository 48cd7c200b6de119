"""The look that the upload page takes at a clip, and the smaller one that it makes."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from review.models import Clip, Revision
from tests.clips import Clips
from tests.e2e.conftest import Visit
from tests.services.installation import Installation
from tests.uploading import MIB, MINUTE, fill, note_offsets, padded, send

pytestmark = [pytest.mark.browser, pytest.mark.slow]


WRONG = {
    "text": "không phải là video",
    "empty": "không có dữ liệu",
    "sound_only": "chỉ có tiếng",
    "picture": "không phải là video",
    "tiny": "Hình quá nhỏ",
    "too_short": "ngắn chưa đến một giây",
}


def test_a_wrong_file_is_told_before_a_byte_is_sent(visit: Visit, clips: Clips) -> None:
    page = visit("teacher", width=360)
    page.goto("/submit")
    offsets = note_offsets(page)
    fill(page, None, "Tệp sai")
    for name, told in WRONG.items():
        page.get_by_label("Chọn clip").set_input_files(clips.get(name))
        alert = page.get_by_role("alert").filter(visible=True)
        expect(alert).to_contain_text(told)
        send(page)
        expect(alert).to_contain_text("Hãy")
        expect(page.locator("[data-chosen]")).to_be_hidden()
        expect(page.locator(".dropzone strong")).to_have_text("Chọn clip")
    assert offsets == []


def reopen(page: Page) -> None:
    """What the page kept is back once it asks for the room that is left."""
    with page.expect_response("**/uploads/room"):
        page.reload()


def test_only_what_was_typed_is_said_to_be_here_again(visit: Visit) -> None:
    page = visit("teacher", width=360)
    page.goto("/submit")
    for typed in ("Một điều hay", ""):
        page.get_by_label("Clip nói về điều gì?").fill(typed)
        reopen(page)
        expect(page.locator("[data-restored]")).to_be_visible(visible=bool(typed))


def test_an_empty_press_names_all_that_is_missing(visit: Visit, clips: Clips) -> None:
    page = visit("teacher", width=360)
    page.goto("/submit")
    expect(page.get_by_text("(phải có)")).to_have_count(2)
    send(page)
    alert = page.get_by_role("alert").filter(visible=True)
    expect(alert).to_have_text("Hãy chọn hoặc quay clip trước khi gửi. Hãy đặt tên cho clip.")
    expect(page.get_by_label("Tên clip")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Tên clip").fill("Đặt tên")
    expect(alert).to_have_text("Hãy chọn hoặc quay clip trước khi gửi.")
    page.get_by_label("Chọn clip").set_input_files(clips.small())
    expect(alert).to_have_count(0)


def test_what_the_browser_finds_of_a_clip_is_told(visit: Visit, clips: Clips) -> None:
    page = visit("teacher", width=360)
    page.goto("/submit")
    page.get_by_label("Chọn clip").set_input_files(clips.portrait())
    expect(page.locator("[data-chosen]")).to_have_text(re.compile(r"0:0\d · (\d+) × (\d+)$"))
    text = page.locator("[data-chosen]").inner_text()
    width, height = map(int, re.findall(r"(\d+) × (\d+)", text)[0])
    assert height > width
    expect(page.locator("[data-advice]")).to_be_hidden()
    page.get_by_label("Chọn clip").set_input_files(clips.silent())
    expect(page.locator("[data-advice]")).to_contain_text("không có tiếng")


def test_the_room_that_is_left_is_told_first(visit: Visit, clips: Clips) -> None:
    page = visit("teacher", width=360)
    left = {"bytes_left": 100_000, "clips_left": 3, "max_bytes": 1, "max_seconds": 1, "by": "class"}
    page.route("**/uploads/room", lambda route: route.fulfill(json=left))
    page.goto("/submit")
    expect(page.locator("[data-room]")).to_have_text(
        "Còn gửi được 3 clip, 0,1 MB (tính chung cả lớp)."
    )
    page.get_by_label("Chọn clip").set_input_files(clips.landscape())
    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("chỉ còn chỗ cho 0,1 MB")


def test_a_large_clip_is_made_small_and_keeps_sound_and_turn(
    visit: Visit, installation: Installation, clips: Clips, tmp_path: Path
) -> None:
    """Where this Chromium encodes: the clip that arrives is small, upright and heard."""
    large = padded(clips.portrait(), tmp_path / "quay dọc.mp4", 12 * MIB)
    page = visit("teacher", width=360)
    page.goto("/submit")
    page.get_by_label("Chọn clip").set_input_files(large)
    page.get_by_role("button", name=re.compile("Thu nhỏ còn khoảng")).click()
    expect(page.locator("[data-advice]")).to_contain_text("Đã thu nhỏ còn", timeout=MINUTE)
    fill(page, None, "Thu nhỏ trước khi gửi")
    send(page)
    page.wait_for_url(re.compile(r"/clips/[0-9a-z]{26}$"), timeout=MINUTE)
    clip_id = page.url.rpartition("/")[2]
    facts = until_examined(installation, clip_id)
    assert facts["bytes"] < large.stat().st_size // 4
    assert facts["audio_codec"] is not None
    assert facts["height"] > facts["width"]


def until_examined(installation: Installation, clip_id: str) -> dict[str, object]:
    database = installation.database
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with database.read() as session:
            clip = session.get_one(Clip, clip_id)
            revision = session.scalars(select(Revision).where(Revision.clip_id == clip_id)).one()
            if revision.facts or clip.problem:
                database.dispose()
                assert clip.problem is None
                return dict(revision.facts or {})
        time.sleep(0.3)
    raise AssertionError("the clip was never examined")


def test_shrinking_can_be_stopped_and_the_clip_sent_as_it_is(
    visit: Visit, clips: Clips, tmp_path: Path
) -> None:
    large = padded(clips.full_hd(), tmp_path / "dài.mp4", 30 * MIB)
    page = visit("teacher", width=360)
    page.goto("/submit")
    page.get_by_label("Chọn clip").set_input_files(large)
    page.get_by_role("button", name=re.compile("Thu nhỏ còn khoảng")).click()
    page.get_by_role("button", name="Thôi, không thu nhỏ").click()
    expect(page.get_by_text("Đã thôi thu nhỏ.")).to_be_visible()
    expect(page.locator("[data-chosen]")).to_contain_text("dài.mp4")
    expect(page.get_by_role("button", name=re.compile("Thu nhỏ còn khoảng"))).to_be_visible()
