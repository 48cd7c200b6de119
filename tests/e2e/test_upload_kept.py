"""What the upload page keeps: on a phone that drops its network, and that others use, too."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.clips import Clips
from tests.e2e.conftest import Visit, sign_in, until
from tests.services.installation import Installation
from tests.uploading import (
    MINUTE,
    drafts,
    fill,
    originals,
    send,
    sha256,
    sign_out,
    until_worker,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_what_is_typed_survives_a_reload_and_reaches_the_server(
    visit: Visit, installation: Installation
) -> None:
    page = visit("teacher", width=360)
    page.goto("/submit")
    until(page, "localStorage.getItem('lantoa.owner') !== null")
    page.get_by_label("Clip nói về điều gì?").fill("Chưa có tên, máy chủ chưa nhận")
    page.get_by_role("button", name="Thêm một bạn").click()
    page.get_by_label("Cách gọi, không ghi tên thật").fill("bạn áo đỏ")
    page.reload()
    expect(page.get_by_label("Clip nói về điều gì?")).to_have_value(
        "Chưa có tên, máy chủ chưa nhận"
    )
    expect(page.get_by_label("Cách gọi, không ghi tên thật")).to_have_value("bạn áo đỏ")
    expect(page.get_by_text("Đã lấy lại những gì đã điền lần trước.")).to_be_visible()

    page.get_by_label("Tên clip").fill("Tự lưu trên máy chủ")
    expect(page.locator("[data-saved]")).to_have_text(re.compile(r"Đã lưu lúc \d\d:\d\d"))
    assert drafts(installation).count("Tự lưu trên máy chủ") == 1
    elsewhere = visit("teacher")
    elsewhere.goto("/submit")
    elsewhere.get_by_role("link", name="Tự lưu trên máy chủ").click()
    expect(elsewhere.get_by_label("Cách gọi, không ghi tên thật")).to_have_value("bạn áo đỏ")


def test_another_person_on_the_same_phone_sees_nothing_and_the_first_one_gets_it_back(
    visit: Visit, installation: Installation
) -> None:
    page = visit("teacher", width=360)
    page.goto("/submit")
    until(page, "localStorage.getItem('lantoa.owner') !== null")
    page.get_by_label("Clip nói về điều gì?").fill("bí mật của cô giáo")
    expect(page.locator("[data-saved]")).to_contain_text("Đã lưu trên máy này")
    sign_out(page)
    until(page, "localStorage.getItem('lantoa.owner') === null")
    kept = page.evaluate(
        "new Promise((told) => { const asked = indexedDB.open('lantoa'); asked.onsuccess = () => {"
        " const all = asked.result.transaction(['me', 'records']);"
        " const [me, records] = ['me', 'records'].map((n) => all.objectStore(n).getAll());"
        " all.oncomplete = () => told([me.result.length,"
        "  records.result.map((one) => one.plain || null)]);"
        "} })"
    )
    assert kept == [0, [None]]  # sealed, and no key to it
    assert page.evaluate("sessionStorage.getItem('lantoa.typed')") is None

    code = installation.demo["class_code"]
    page.goto(f"/join?code={code}")
    page.get_by_role("main").get_by_role("button").click()
    page.wait_for_url(re.compile("/submit"))
    until(page, "localStorage.getItem('lantoa.owner') !== null")
    expect(page.get_by_label("Clip nói về điều gì?")).to_have_value("")
    sign_out(page)

    sign_in(page, installation, "teacher")
    page.goto("/submit")
    expect(page.get_by_label("Clip nói về điều gì?")).to_have_value("bí mật của cô giáo")


def test_filled_in_without_a_network_and_sent_when_there_is_one(
    visit: Visit, installation: Installation, clips: Clips
) -> None:
    """The service worker has the page; the form and the clip wait on the phone."""
    page = visit("teacher", width=360)
    page.goto("/submit")
    until_worker(page)
    page.context.set_offline(True)
    page.goto("/submit")
    expect(page.get_by_text("Không có mạng. Cứ điền và chọn clip")).to_be_visible()
    fill(page, clips.portrait(), "")
    send(page)
    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("Hãy đặt tên")
    fill(page, None, "Điền lúc mất mạng")
    page.reload()
    expect(page.get_by_label("Tên clip")).to_have_value("Điền lúc mất mạng")
    fill(page, clips.portrait(), "Điền lúc mất mạng")
    send(page)
    expect(page.locator("[data-state]")).to_contain_text("Mất mạng")
    page.goto("/clips")
    expect(page.get_by_role("heading", name="Không có mạng")).to_be_visible()
    page.goto("/submit")
    expect(page.locator("[data-state]")).to_contain_text("Mất mạng")
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Đã gửi xong")).to_be_visible(timeout=MINUTE)
    assert originals(installation)["Điền lúc mất mạng"] == sha256(clips.portrait())
    assert drafts(installation).count("Điền lúc mất mạng") == 0


def test_signing_out_empties_the_store_and_the_page_of_nobody_keeps_nothing(visit: Visit) -> None:
    page = visit("teacher", width=360)
    page.goto("/submit")
    until_worker(page)
    kept = page.evaluate(
        "caches.keys().then((names) => caches.open(names[0])).then((cache) => cache.keys())"
        ".then((all) => all.map((one) => new URL(one.url).pathname))"
    )
    private = [path for path in kept if not path.startswith("/static/")]
    assert sorted(set(private)) == ["/offline", "/submit/offline"]
    sign_out(page)
    until(page, "caches.keys().then((names) => names.length === 0)")


def test_the_manifest_is_one_that_chromium_installs(visit: Visit) -> None:
    page = visit("teacher")
    page.goto("/submit")
    until_worker(page)
    session = page.context.new_cdp_session(page)
    told = session.send("Page.getAppManifest")
    assert told["errors"] == []
    assert json.loads(told["data"])["start_url"] == "/submit"
    wrong = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [one["errorId"] for one in wrong if one["errorId"] != "in-incognito"] == []


def test_without_javascript_the_form_is_kept_and_says_what_is_missing(visit: Visit) -> None:
    page = visit("teacher", width=360, java_script_enabled=False)
    page.goto("/submit")
    # Chromium shows <noscript> only where its settings have scripts off: no test reaches them.
    assert "Trang này cần JavaScript để gửi tệp." in page.locator("noscript").inner_html()
    expect(page.get_by_text("Quay clip", exact=True)).to_be_hidden()
    page.get_by_label("Tên clip").fill("Không có JavaScript")
    page.get_by_role("button", name="Gửi clip", exact=True).click()
    expect(page.get_by_text("Đã lưu bản nháp.")).to_be_visible()
    expect(page.get_by_label("Tên clip")).to_have_value("Không có JavaScript")
    page.goto("/submit")
    expect(page.get_by_role("link", name="Không có JavaScript")).to_be_visible()
