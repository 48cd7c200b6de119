"""What the tests of the upload page do with it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from weakref import WeakKeyDictionary

from playwright.sync_api import CDPSession, Page, Request
from sqlalchemy import select

from review.models import Clip, Revision
from tests.e2e.conftest import until
from tests.services.installation import Installation

MINUTE = 60_000  # ms
MIB = 1024 * 1024


def padded(clip: Path, target: Path, size: int, mark: bytes = b"\0") -> Path:
    """The clip, ``size`` bytes heavier: a player skips a box named "free"."""
    box = (size + 8).to_bytes(4) + b"free" + mark * size
    target.write_bytes(clip.read_bytes() + box)
    return target


_sessions: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()


def slow(page: Page, upload: int) -> None:
    """So many bytes a second go up; -1: as many as there are."""
    if page not in _sessions:  # two of them would both slow it down
        _sessions[page] = page.context.new_cdp_session(page)
        _sessions[page].send("Network.enable")
    conditions = {"offline": False, "latency": 60, "downloadThroughput": -1}
    _sessions[page].send(
        "Network.emulateNetworkConditions", {**conditions, "uploadThroughput": upload}
    )


def fill(page: Page, file: Path | None, title: str) -> None:
    if file is not None:
        page.get_by_label("Chọn clip").set_input_files(file)
    page.get_by_label("Tên clip").fill(title)


def send(page: Page) -> None:
    page.get_by_role("button", name="Gửi clip", exact=True).click()


def until_sent(page: Page, share: float) -> None:
    until(page, f"document.querySelector('[data-upload-panel] progress').value > {share}")


def originals(installation: Installation) -> dict[str, str]:
    """Title -> sha256 of each clip's original, as its bytes are stored."""
    database = installation.database
    with database.read() as session:
        rows = session.execute(
            select(Clip.title, Revision.original_key, Revision.original_sha256).join(
                Revision, Revision.clip_id == Clip.id
            )
        ).all()
    database.dispose()
    found = {}
    for title, key, told in rows:
        stored = hashlib.sha256((installation.data / "blobs" / key).read_bytes()).hexdigest()
        assert stored == told
        found[title] = stored
    return found


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def drafts(installation: Installation) -> list[str]:
    database = installation.database
    with database.read() as session:
        found = list(session.scalars(select(Clip.title).where(Clip.state == "draft")))
    database.dispose()
    return found


def note_offsets(page: Page) -> list[int]:
    offsets: list[int] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            offsets.append(int(request.headers["upload-offset"]))

    page.on("request", note)
    return offsets


def sign_out(page: Page) -> None:
    page.locator(".menu summary").click()
    page.get_by_role("button", name="Đăng xuất").click()
    page.wait_for_url(re.compile(r"/$"))


def until_worker(page: Page) -> None:
    """The worker is there and has filled its store."""
    until(page, "navigator.serviceWorker.ready.then((found) => found.active.state === 'activated')")
    until(page, "caches.keys().then((names) => names.length === 1)")
