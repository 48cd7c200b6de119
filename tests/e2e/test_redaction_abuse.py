"""Hostile staff on a running installation, whose operator set models that are not there."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from review.models import OutputFile, Revision
from tests.clips import Clips
from tests.racing import race
from tests.services.installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.services]

PLAN = {
    "boxes": [{"x": 0.2, "y": 0.2, "width": 0.4, "height": 0.4, "start_s": 0, "end_s": 2}],
    "cuts": [{"start_s": 0.5, "end_s": 1.5}],
}
EVERYBODY = ("teacher", "reviewer", "moderator", "safeguarding", "admin", "library")


@pytest.fixture(scope="module")
def careless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("careless")
    models = {
        "LANTOA_ASR_MODEL": str(folder / "no-model"),
        "LANTOA_FACE_MODEL": str(folder / "no-face.onnx"),
    }
    with Installation.started(folder, **models) as found:
        yield found


def until(what: Callable[[], Any], seconds: float = 120.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def clip(place: Installation, clip_id: str) -> dict[str, Any]:
    return dict(place.call("teacher", "GET", f"/api/v1/clips/{clip_id}").json())


def handed_in(place: Installation, file: Path) -> str:
    argv = ("submit", str(file), "--title", "Che khuôn mặt", "--server", place.url)
    done = place.lantoa(*argv, "--token", place.token("teacher"), "--wait", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return str(json.loads(done.stdout)["id"])


def files(place: Installation, clip_id: str, revision: int) -> dict[str, str]:
    """What -> SHA-256 of all that was ever made of this revision."""
    database = place.database
    with database.read() as session:
        rows = session.execute(
            select(OutputFile.what, OutputFile.sha256)
            .join(Revision)
            .where(Revision.clip_id == clip_id, Revision.number == revision)
        ).all()
    database.dispose()
    return {row.what: row.sha256 for row in rows}


def originals(place: Installation, clip_id: str) -> list[tuple[str, str]]:
    """Key and SHA-256 of each revision's original."""
    database = place.database
    with database.read() as session:
        query = select(Revision.original_key, Revision.original_sha256)
        rows = session.execute(query.where(Revision.clip_id == clip_id)).all()
    database.dispose()
    return [(row[0], row[1]) for row in rows]


def sent(place: Installation, who: str | None, path: str) -> tuple[int, str]:
    """Status, and the SHA-256 of what came."""
    headers = {} if who is None else {"Authorization": f"Bearer {place.token(who)}"}
    answer = requests.get(place.url + path, headers=headers, timeout=30)
    return answer.status_code, hashlib.sha256(answer.content).hexdigest()


def test_models_that_are_not_there_are_told_and_the_clip_goes_on(
    careless: Installation, clips: Clips
) -> None:
    clip_id = handed_in(careless, clips.small())
    until(lambda: any(r["kind"] == "hls" for r in clip(careless, clip_id)["renditions"]))
    assert clip(careless, clip_id)["state"] == "in_review"
    logged = (careless.data / "log" / "ladder.log").read_text("utf-8")
    assert "no-model: there is no such directory" in logged
    assert "no-face.onnx: No such file or directory" in logged


def test_the_doctor_tells_of_both_models(careless: Installation) -> None:
    env = {"LANTOA_ASR_MODEL": "/no-model", "LANTOA_FACE_MODEL": "/no-face.onnx"}
    done = careless.lantoa("doctor", "--json", **env)
    found = {f["part"]: f for f in json.loads(done.stdout)}
    assert done.returncode == 1
    assert (found["captions"]["grade"], found["faces"]["grade"]) == ("bad", "bad")
    assert "/no-model" in found["captions"]["what"]
    assert "/no-face.onnx" in found["faces"]["what"]


def test_what_was_hidden_is_gone_for_everybody_and_one_revision_comes_of_many_words(
    careless: Installation, clips: Clips
) -> None:
    clip_id = handed_in(careless, clips.small())
    until(lambda: any(r["kind"] == "hls" for r in clip(careless, clip_id)["renditions"]))
    ((_, unhidden),) = originals(careless, clip_id)
    before = files(careless, clip_id, 1)
    assert {"proxy.mp4", "poster.jpg", "sprite.jpg", "hls/master.m3u8"} <= set(before)
    assert sent(careless, "reviewer", f"/media/{clip_id}/proxy.mp4") == (200, before["proxy.mp4"])

    base = f"/api/v1/clips/{clip_id}/redactions"
    made = careless.call("reviewer", "POST", base, plan=PLAN).json()["id"]
    until(lambda: careless.call("reviewer", "GET", f"{base}/{made}").json()["state"] == "ready")
    render = f"/media/{clip_id}/redactions/{made}.mp4"
    assert [sent(careless, who, render)[0] for who in ("teacher", "library", None)] == [404] * 3
    version = clip(careless, clip_id)["version"]

    def keep(who: str) -> Callable[[], Any]:
        return lambda: careless.call(who, "POST", f"{base}/{made}/keep", version=version)

    answers = race(*[keep(who) for who in ("reviewer", "moderator", "reviewer", "moderator")])
    told = sorted((a.status_code, a.json().get("code", "")) for a in answers)
    # Whoever was first may press again; the other is told that the clip went on.
    assert [status for status, _ in told] == [200, 200, 409, 409]
    assert {code for status, code in told if status == 409} == {"stale_clip"}
    until(lambda: clip(careless, clip_id)["state"] == "in_review")
    assert len(originals(careless, clip_id)) == 2
    until(lambda: any(r["kind"] == "hls" for r in clip(careless, clip_id)["renditions"]))

    keys = [key for key, _ in originals(careless, clip_id)]
    guesses = ["original", "originals", "1/proxy.mp4", "revisions/1/proxy.mp4", *keys]
    places = [*before, *guesses, f"redactions/{made}.mp4"]
    hidden = {unhidden, *before.values()}
    for who in (*EVERYBODY, None):
        for what in places:
            status, sha256 = sent(careless, who, f"/media/{clip_id}/{what}")
            assert sha256 not in hidden, (who, what)
            assert status in (200, 404), (who, what, status)
        for path in (f"/api/v1/clips/{clip_id}", f"/feed/v1/clips/{clip_id}"):
            if who is not None:
                text = careless.call(who, "GET", path).text
                assert [key for key in keys if key in text] == []

    seen = clip(careless, clip_id)
    body = {"action": "approve", "watched": True, "revision": 2, "version": seen["version"]}
    refused = careless.call("reviewer", "POST", f"/api/v1/review/{clip_id}/decisions", **body)
    assert (refused.status_code, refused.json()["code"]) == (403, "same_person")

    reason = {"reason": "office", "version": seen["version"]}
    gone = careless.call("moderator", "POST", f"/api/v1/clips/{clip_id}/withdraw", **reason)
    assert gone.status_code == 200
    for who in (*EVERYBODY, None):
        for what in files(careless, clip_id, 2):
            assert sent(careless, who, f"/media/{clip_id}/{what}")[0] in (404, 410), (who, what)
