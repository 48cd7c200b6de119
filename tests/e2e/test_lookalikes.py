"""The desk with look-alikes, in a browser: jump to a scene, and compare both clips."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.clips import film
from tests.e2e.conftest import Visit, until
from tests.remakes import remake
from tests.services.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow]
IN_SIGHT = """[...document.querySelectorAll('.ours video, .alike details[open] video')]
  .map((v) => v.getBoundingClientRect())
  .map((box) => box.height > 60 && box.top >= -1 && box.bottom <= innerHeight + 1)"""
TITLES = ("Qua đường đúng vạch", "Đạp xe tới trường", "Đường tới trường (bản ngắn)")


def submit(installation: Installation, path: Path, title: str) -> str:
    done = installation.lantoa("submit", str(path), "--title", title, "--wait", "--quiet")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def three(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """One film three times: taken down, in review, and cut anew."""
    folder = tmp_path_factory.mktemp("remakes")
    films = [
        remake(film("bikes"), change, folder / f"{number}.mp4")
        for number, change in enumerate(
            ("compressed, 240p at CRF 35", "mirrored, letterboxed, 240p", "the first 2 s cut off")
        )
    ]
    found = []
    for path, title in zip(films, TITLES, strict=True):
        found.append(submit(installation, path, title))
    body = {"reason": "guardian"}
    done = installation.call("teacher", "POST", f"/api/v1/clips/{found[0]}/withdraw", **body)
    assert done.status_code == 200, done.text
    return found


@pytest.mark.parametrize("width", [360, 1280])
def test_the_reviewer_jumps_to_the_scene_and_compares(
    visit: Visit, three: list[str], axe: str, width: int, tmp_path: Path
) -> None:
    page = visit("reviewer", width=width)
    page.goto(f"/review/{three[2]}")
    card = page.locator("section", has=page.get_by_role("heading", name="Clip giống"))
    expect(card.locator(".note")).to_have_text("Giống một clip đã được gỡ.")
    # Other tests hand in pieces of the same film.
    expect(card.locator(".item-title").first).to_have_text(TITLES[0])
    assert page.evaluate("document.documentElement.scrollWidth") == width

    if width == 360:
        # In one column they do not stand between the film and the decision.
        expect(card.locator("li").first).to_be_hidden()
        card.locator("summary").first.click()
    scene = card.locator("li").filter(has=page.get_by_text(TITLES[1], exact=True))
    button = scene.locator("[data-jump-to]").last
    ours, theirs = (float(button.get_attribute(f"data-{n}") or 0) for n in ("jump-to", "theirs"))
    button.click()
    until(page, f"Math.abs(document.querySelector('video').currentTime - {ours}) < 0.01")
    until(page, f"Math.abs(document.querySelector('.alike video').currentTime - {theirs}) < 0.01")
    until(page, "document.querySelector('.alike video').readyState >= 2")
    # One press: the other clip's player is open, and both are seen at once.
    until(page, f"{IN_SIGHT}.length === 2 && {IN_SIGHT}.every((whole) => whole)")
    page.evaluate(axe)
    result = page.evaluate("axe.run('section', {resultTypes: ['violations']})")
    serious = [v for v in result["violations"] if v["impact"] in ("serious", "critical")]
    assert [f"{v['id']}: {v['nodes'][0]['html']}" for v in serious] == []
    page.screenshot(path=tmp_path / f"desk-{width}.png", full_page=True)
