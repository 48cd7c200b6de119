"""A printed card, a pupil's phone, a way back from another one; and a list of clips."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from zxingcpp import read_barcodes

from tests.clips import Clips
from tests.e2e.conftest import Visit
from tests.services.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MINUTE = 60_000  # ms


def printed(page: Page, path: Path, scale: float = 2.0) -> list[str]:
    """What a reader of QR codes sees on the paper: one sheet of A4, nothing cut off."""
    page.pdf(path=str(path), prefer_css_page_size=True)
    document = pypdfium2.PdfDocument(str(path))
    assert len(document) == 1
    width, height = document[0].get_size()
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (210, 297)
    picture = document[0].render(scale=scale).to_pil()
    document.close()
    return [found.text for found in read_barcodes(picture)]


def cut_off(page: Page) -> list[str]:
    """Cards that do not hold their words."""
    page.emulate_media(media="print")
    found = page.evaluate(
        "[...document.querySelectorAll('.join-card')].filter(c => c.offsetHeight &&"
        " (c.scrollHeight > c.clientHeight + 1 || c.scrollWidth > c.clientWidth + 1))"
        ".map(c => c.innerText)"
    )
    page.emulate_media(media="null")
    return list(found)


def test_from_the_printed_card_to_the_second_phone(
    visit: Visit, installation: Installation, clips: Clips, tmp_path: Path
) -> None:
    teacher = visit("teacher")
    teacher.goto("/classes")
    teacher.get_by_role("link", name="In thẻ QR").click()
    join = f"{installation.url}/join?code={installation.demo['class_code']}"
    assert printed(teacher, tmp_path / "cards.pdf") == [join] * 4
    assert cut_off(teacher) == []
    teacher.get_by_role("link", name="Một tờ A4 dán ở lớp").click()
    assert printed(teacher, tmp_path / "poster.pdf", 1.0) == [join]
    assert cut_off(teacher) == []

    pupil = visit(width=360, permissions=["clipboard-read", "clipboard-write"])
    pupil.goto(join)
    pupil.get_by_role("button", name="Vào lớp").click()
    pupil.get_by_label("Chọn clip").set_input_files(clips.landscape())
    pupil.get_by_label("Tên clip").fill("Nhường chỗ trên xe buýt")
    pupil.get_by_role("button", name="Gửi clip").click()
    pupil.wait_for_url(re.compile(r"/clips/[0-9a-z]{26}$"), timeout=MINUTE)
    clip_id = pupil.url.rpartition("/")[2]
    pupil.get_by_role("button", name="Sao chép").click()
    expect(pupil.get_by_role("button", name="Đã sao chép")).to_be_visible()
    link = pupil.evaluate("navigator.clipboard.readText()")
    pupil.get_by_role("img", name="Mã QR của đường dẫn riêng").scroll_into_view_if_needed()
    shot = pupil.get_by_role("img", name="Mã QR của đường dẫn riêng").screenshot()
    assert [b.text for b in read_barcodes(Image.open(io.BytesIO(shot)))] == [link]
    expect(pupil.locator("video[controls]").first).to_be_visible(timeout=MINUTE)

    notes = [{"code": "sound_low", "text": "Nói to hơn một chút nhé"}]
    seen = installation.call("reviewer", "GET", f"/api/v1/clips/{clip_id}").json()
    verdict = {"action": "request_changes", "notes": notes, "watched": True}
    verdict |= {"revision": seen["revision"], "version": seen["version"]}
    path = f"/api/v1/review/{clip_id}/decisions"
    assert installation.call("reviewer", "POST", path, **verdict).status_code == 201

    other = visit(width=360)
    other.goto(link)
    expect(other.get_by_text("Nói to hơn một chút nhé")).to_be_visible()
    expect(other.get_by_role("link", name="Clip của em")).to_have_count(0)
    other.get_by_label("Chọn clip").set_input_files(clips.portrait())
    other.get_by_role("button", name="Nộp lại").click()
    expect(other.get_by_text("lần nộp thứ 2").first).to_be_visible(timeout=MINUTE)
    other.goto("/clips")
    expect(other.get_by_role("heading", name="Đăng nhập")).to_be_visible()


def test_a_list_is_checked_mended_sent_and_sent_again_without_doubling(
    visit: Visit, installation: Installation, clips: Clips, tmp_path: Path
) -> None:
    film = clips.landscape().read_bytes()
    files = []
    for number in range(2):
        files.append(tmp_path / f"danh sách {number}.mp4")
        files[-1].write_bytes(film + bytes([number]) * 4099)  # more than one block of any size
    table = tmp_path / "list.csv"
    table.write_text("Tệp;Tên clip\ndanh sách 0.mp4;Một\ndanh sách 1.mp4;\n", "utf-8-sig")
    page = visit("teacher", width=360)
    page.goto("/manifest")
    page.locator("#clips").set_input_files(files)
    page.locator("#manifest").set_input_files(table)
    expect(page.get_by_text("Dòng 3, cột «Tên clip»: Hãy đặt tên cho clip.")).to_be_visible()
    expect(page.get_by_role("button", name="Gửi 1 clip")).to_be_disabled()
    page.get_by_label("Bỏ qua các dòng sai").check()
    page.get_by_role("button", name="Gửi 1 clip").click()
    expect(page.get_by_text("Đã gửi 1 clip, 0 clip đã gửi từ trước")).to_be_visible(timeout=MINUTE)

    table.write_text("Tệp;Tên clip\ndanh sách 0.mp4;Một\ndanh sách 1.mp4;=Hai\n", "utf-8-sig")
    page.locator("#manifest").set_input_files([])
    page.locator("#manifest").set_input_files(table)
    expect(page.get_by_text("Cả 2 clip đều đúng")).to_be_visible()
    page.get_by_role("button", name="Gửi 2 clip").click()
    expect(page.get_by_text("Đã gửi 1 clip, 1 clip đã gửi từ trước")).to_be_visible(timeout=MINUTE)
    with page.expect_download() as download:
        page.get_by_role("button", name="Tải kết quả (CSV)").click()
    download.value.save_as(tmp_path / "report.csv")
    rows = _rows(tmp_path / "report.csv")
    assert [(r[1], r[2], r[3]) for r in rows[1:]] == [
        ("danh sách 0.mp4", "Một", "đã gửi từ trước"),
        ("danh sách 1.mp4", "'=Hai", "đã gửi"),
    ]

    # The command line knows the files by the same names.
    done = installation.lantoa("submit", "--manifest", str(table), "--quiet")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("đã gửi từ trước") == 2
    third = tmp_path / "ba.mp4"
    third.write_bytes(film + b"three")
    table.write_text(
        "Tệp,Tên clip,Chủ đề\nba.mp4,Ba,conduct\nnăm.mp4,Năm,\ndanh sách 1.mp4,Hai,sức khỏe\n",
        "utf-8",
    )
    refused = installation.lantoa("submit", "--manifest", str(table), "--quiet")
    assert refused.returncode == 1
    assert "Dòng 3, cột «Tệp»: Không thấy tệp này." in refused.stderr
    assert "nothing was sent: 2 of 3 clips have something wrong" in refused.stderr
    argv = ("submit", "--manifest", str(table), "--skip-wrong", "--quiet")
    sent = installation.lantoa(*argv, "--report", str(tmp_path / "cli.csv"))
    assert sent.returncode == 1
    results = [r[3] for r in _rows(tmp_path / "cli.csv", ",")[1:]]
    assert results == ["đã gửi", "có chỗ sai, chưa gửi", "có chỗ sai, chưa gửi"]
    listed = installation.call("teacher", "GET", "/api/v1/clips").json()["items"]
    titles = [clip["title"] for clip in listed]
    assert [titles.count(t) for t in ("Một", "=Hai", "Ba")] == [1, 1, 1]


def _rows(path: Path, delimiter: str = ";") -> list[list[str]]:
    text = path.read_text("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
