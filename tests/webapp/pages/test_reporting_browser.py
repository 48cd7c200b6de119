"""A clip in a frame of another site, reported from its own page: in Chromium."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, expect

from review import queries
from review.consent import Scope
from review.states import State
from storage_config.blobs import LocalBlobs
from tests.clips.base import ffmpeg, film
from tests.serving import served
from tests.webapp.conftest import store_files
from tests.world import World

pytestmark = pytest.mark.browser


@pytest.fixture
def clip_id(world: World, blobs: LocalBlobs) -> str:
    """A public clip with two seconds of film."""
    clip_id = world.clip(State.PUBLISHED, title="Mật khẩu của em", scope=Scope.PUBLIC)
    store_files(world, blobs, clip_id)
    with world.read() as session:
        key = queries.output_files(session, world.get(clip_id))["mp4/360p.mp4"].key
    coded = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-an")
    ffmpeg("-t", "2", "-i", film("bikes"), *coded, "-vf", "scale=320:-2", blobs.root / key)
    return clip_id


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    with served(app) as url:
        yield url


def elsewhere(frame: str) -> Flask:
    """Another site, with this address in a frame."""
    app = Flask("elsewhere")
    app.add_url_rule(
        "/", "page", lambda: f'<title>x</title><iframe src="{frame}" width="480" height="320">'
    )
    return app


def test_it_plays_in_a_strange_page_until_somebody_in_it_reports_it(
    browser: Browser, site: str, clip_id: str
) -> None:
    troubles: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            troubles.append(message.text)

    context = browser.new_context(locale="vi-VN")
    page = context.new_page()
    page.on("console", note)
    with served(elsewhere(f"{site}/embed/{clip_id}")) as other:
        page.goto(other.replace("127.0.0.1", "localhost"))
        frame = page.frame_locator("iframe")
        expect(frame.get_by_role("link", name="Mật khẩu của em")).to_be_visible()
        video = frame.locator("video")
        video.evaluate("v => { v.muted = true; return v.play() }")
        deadline = time.monotonic() + 30
        while not video.evaluate("v => v.currentTime > 0"):
            assert time.monotonic() < deadline, "the film does not play"
            page.wait_for_timeout(50)
        assert context.cookies() == []

        reporter = browser.new_context(locale="vi-VN", java_script_enabled=False)
        own = reporter.new_page()
        own.goto(f"{site}/library/{clip_id}")
        own.get_by_role("link", name="Báo về clip này").click()
        own.get_by_label("Em/tôi có trong clip và muốn gỡ").check()
        own.get_by_role("button", name="Gửi", exact=True).click()
        expect(own.get_by_role("heading", name="Cảm ơn bạn đã báo")).to_be_visible()

        page.reload()
        expect(frame.get_by_role("heading", name="Clip không còn ở đây")).to_be_visible()
    reporter.close()
    context.close()
    assert troubles == []
