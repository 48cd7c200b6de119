"""A real Chromium, a whole installation, and people who use both."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.clips import Clips
from tests.services.installation import Installation

NAMES = {
    "teacher": "giaovien",
    "reviewer": "nguoiduyet",
    "moderator": "kiemduyet",
    "safeguarding": "baovetre",
    "admin": "quantri",
}
Visit = Callable[..., Page]


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation.started(tmp_path_factory.mktemp("installation")) as found:
        yield found


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def visit(browser: Browser, installation: Installation) -> Iterator[Visit]:
    """Open the pages as a person of a role (or as nobody), in a browser of their own."""
    troubles: list[str] = []
    contexts = []

    def note(message: ConsoleMessage) -> None:
        # Chromium tells of refused requests by itself: those are looked at by their answers.
        if message.type == "error" and "Failed to load resource" not in message.text:
            troubles.append(message.text)

    def begin(role: str | None = None, *, width: int = 1280, **more: Any) -> Page:
        context = browser.new_context(
            locale="vi-VN",
            base_url=installation.url,
            viewport={"width": width, "height": 800},
            **more,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        if role is not None:
            sign_in(page, installation, role)
        return page

    yield begin
    for context in contexts:
        context.close()
    assert troubles == []


def until(page: Page, expression: str, patience: float = 60.0) -> None:
    """Wait until this is true in the page. Playwright's own wait evaluates a string inside the
    page, which the pages' policy forbids; ours asks from outside."""
    deadline = time.monotonic() + patience
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never true: {expression}"
        page.wait_for_timeout(50)


def sign_in(page: Page, installation: Installation, role: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Tên đăng nhập").fill(NAMES[role])
    page.get_by_label("Mật khẩu").fill(installation.demo["accounts"][role]["password"])
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_url(re.compile(r"/$"), timeout=90_000)


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which set-up installs with the page assets."""
    return Path("node_modules/axe-core/axe.min.js").read_text("utf-8")
