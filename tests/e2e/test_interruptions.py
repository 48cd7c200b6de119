"""Networks that drop, pages that are closed, programs that are killed: the clip arrives."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect
from sqlalchemy import select

from review.models import Clip, Job, Revision
from tests.clips import Clips
from tests.e2e.conftest import Visit, until
from tests.services.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.faults]
MINUTE = 60_000  # ms
PADDING = 24 * 1024 * 1024  # bytes


@pytest.fixture(scope="session")
def heavy(clips: Clips, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filmed clip of 24 MB: a player skips a box named "free"."""
    path = tmp_path_factory.mktemp("heavy") / "nặng.mp4"
    box = (PADDING + 8).to_bytes(4) + b"free" + bytes(PADDING)
    path.write_bytes(clips.landscape().read_bytes() + box)
    return path


def begin(page: Page, file: Path, title: str) -> None:
    """Fill in and send over a network of some 2 MB a second."""
    slow = page.context.new_cdp_session(page)
    conditions = {"offline": False, "latency": 20, "downloadThroughput": -1}
    slow.send("Network.enable")
    slow.send("Network.emulateNetworkConditions", {**conditions, "uploadThroughput": 2_000_000})
    page.get_by_label("Chọn clip").set_input_files(file)
    page.get_by_label("Tên clip").fill(title)
    page.get_by_role("button", name="Gửi clip").click()


def until_part_is_sent(page: Page, share: float) -> None:
    until(page, f"document.querySelector('[data-upload-panel] progress').value > {share}")


def until_handed_in(page: Page, installation: Installation, file: Path) -> str:
    """The page of the clip comes by itself, and the server has the very bytes; the clip's id."""
    page.wait_for_url(re.compile(r"/clips/[0-9a-z]{26}$"), timeout=2 * MINUTE)
    clip_id = page.url.rpartition("/")[2]
    database = installation.database
    with database.read() as session:
        found = session.execute(
            select(Revision.original_sha256, Revision.original_key).where(
                Revision.clip_id == clip_id
            )
        ).one()
    database.dispose()
    sent = hashlib.sha256(file.read_bytes()).hexdigest()
    stored = (installation.data / "blobs" / found.original_key).read_bytes()
    assert (found.original_sha256, hashlib.sha256(stored).hexdigest()) == (sent, sent)
    return clip_id


def test_a_dropped_network_costs_only_time(
    visit: Visit, installation: Installation, heavy: Path
) -> None:
    page = visit("teacher", width=360)
    page.goto("/submit")
    begin(page, heavy, "Mất mạng giữa đường")
    until_part_is_sent(page, 0.15)
    page.context.set_offline(True)
    expect(page.locator("[data-state]")).to_contain_text("Mất mạng", timeout=MINUTE)
    page.context.set_offline(False)
    until_handed_in(page, installation, heavy)


def test_a_closed_page_goes_on_where_it_stopped(
    visit: Visit, installation: Installation, heavy: Path
) -> None:
    page = visit("teacher", width=360)
    page.goto("/submit")
    begin(page, heavy, "Đóng trang giữa chừng")
    until_part_is_sent(page, 0.3)
    draft = page.url
    page.goto("about:blank")

    offsets: list[int] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            offsets.append(int(request.headers["upload-offset"]))

    page.on("request", note)
    page.goto(draft)
    expect(page.get_by_text("Đóng trang giữa chừng · nặng.mp4")).to_be_visible()
    until_handed_in(page, installation, heavy)
    assert offsets[0] > PADDING // 5


def test_killing_the_web_in_the_middle_of_an_upload(
    visit: Visit, installation: Installation, heavy: Path
) -> None:
    page = visit("teacher")
    page.goto("/submit")
    begin(page, heavy, "Máy chủ ngã giữa chừng")
    until_part_is_sent(page, 0.2)
    killed = installation.pids("web")
    assert killed
    for pid in killed:
        with suppress(ProcessLookupError):  # the parent's end took it along
            os.kill(pid, signal.SIGKILL)

    clip_id = until_handed_in(page, installation, heavy)
    expect(page.locator("video")).to_be_visible(timeout=MINUTE)
    assert installation.call("teacher", "GET", f"/api/v1/clips/{clip_id}").json()["problem"] is None


def test_killing_the_worker_in_the_middle_of_the_ladder(
    installation: Installation, clips: Clips
) -> None:
    told = ("--title", "Máy xử lý ngã giữa chừng", "--quiet")
    done = installation.lantoa("submit", str(clips.full_hd()), *told)
    assert done.returncode == 0, done.stderr
    clip_id = done.stdout.strip()
    database = installation.database
    until_ladder_runs(installation, clip_id)
    killed = installation.pids("workers", "redact,ladder,mail")
    assert killed
    for pid in killed:
        os.kill(pid, signal.SIGKILL)

    waited = installation.lantoa("submit", "--help")  # the command line is none the worse
    assert waited.returncode == 0
    shown = until_rendered(installation, clip_id)
    assert (shown["state"], shown["problem"]) == ("in_review", None)
    with database.read() as session:
        job = session.scalars(select(Job).where(Job.clip_id == clip_id, Job.kind == "ladder")).one()
        clip = session.get_one(Clip, clip_id)
    database.dispose()
    assert (job.state, job.attempts, clip.progress) == ("done", 2, None)
    assert not list((installation.data / "scratch").glob(f"ladder-{job.id}-2"))


def until_ladder_runs(installation: Installation, clip_id: str) -> None:
    database = installation.database
    running = select(Job.id).where(
        Job.clip_id == clip_id, Job.kind == "ladder", Job.state == "running"
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with database.read() as session:
            if session.scalar(running) and installation.pids("-progress"):
                database.dispose()
                return
        time.sleep(0.05)
    raise AssertionError("the ladder never ran")


def until_rendered(installation: Installation, clip_id: str) -> dict[str, object]:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        shown: dict[str, object] = installation.call(
            "teacher", "GET", f"/api/v1/clips/{clip_id}"
        ).json()
        if shown["renditions"] or shown["problem"]:
            return shown
        time.sleep(0.5)
    raise AssertionError("the clip was never rendered")
