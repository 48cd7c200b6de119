"""The queue by keyboard in a browser, and that both new pages are whole at every width."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.clips import film
from tests.e2e.conftest import Visit
from tests.services.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def submit(installation: Installation, title: str) -> str:
    path = str(film("bikes"))
    done = installation.lantoa("submit", path, "--title", title, "--wait", "--quiet")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_keyboard_leads_through_the_queue_and_into_the_next_clip(
    visit: Visit, installation: Installation
) -> None:
    for title in ("Bàn phím một", "Bàn phím hai"):
        submit(installation, title)
    page = visit("reviewer")
    page.goto("/review?scope=all")
    rows = page.locator("[data-rows] a.item")
    for key, row in (("j", 0), ("ArrowDown", 1), ("k", 0), ("ArrowUp", 0)):
        page.keyboard.press(key)
        expect(rows.nth(row)).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("[data-filters] select").first).to_be_focused()
    page.keyboard.press("n")  # in a field a letter is a letter
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_text("nhận clip tiếp theo và mở bàn duyệt")).to_be_visible()
    first = rows.first.get_attribute("href")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{first}")
    page.goto("/review")
    page.keyboard.press("n")
    page.wait_for_url(re.compile(r"/review/01\w+$"))
    taken = page.url.rpartition("/")[2]
    mine = installation.call("reviewer", "GET", "/api/v1/review/queue?scope=mine").json()["items"]
    assert taken in [row["id"] for row in mine]


@pytest.mark.parametrize("width", [360, 1280])
def test_queue_and_numbers_fit_and_axe_finds_nothing_serious(
    visit: Visit, axe: str, width: int
) -> None:
    page = visit("moderator", width=width)
    for path in ("/review?sign=gps&scope=all", "/review?scope=mine", "/numbers?weeks=13"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.evaluate(axe)
        result = page.evaluate("axe.run({resultTypes: ['violations']})")
        serious = [v for v in result["violations"] if v["impact"] in ("serious", "critical")]
        assert [(v["id"], v["nodes"][0]["html"]) for v in serious] == []
