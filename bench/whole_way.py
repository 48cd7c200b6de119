"""One clip through a running installation: upload, review in two stages, library page, feed,
withdrawal, tombstone. Prints how long each step took.

.venv/bin/python bench/whole_way.py http://127.0.0.1:8000 var
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

URL, DATA = sys.argv[1], Path(sys.argv[2])
DEMO = json.loads((DATA / "demo.json").read_text("utf-8"))


def call(role: str, method: str, path: str, **body: Any) -> Any:
    token = DEMO["library"]["token"] if role == "library" else DEMO["accounts"][role]["token"]
    answer = requests.request(
        method,
        URL + path,
        headers={"Authorization": f"Bearer {token}"},
        json=body or None,
        timeout=30,
    )
    answer.raise_for_status()
    return answer.json()


def film(path: Path) -> None:
    """Ten seconds of 720p with sound, as a phone films them."""
    picture = ["-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30:d=10"]
    sound = ["-f", "lavfi", "-i", "sine=330:d=10"]
    codecs = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "veryfast", "-c:a", "aac"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *picture, *sound, *codecs, path], check=True)


def approve(role: str, clip_id: str) -> str:
    seen = call(role, "GET", f"/api/v1/clips/{clip_id}")
    decision = {"action": "approve", "watched": True}
    decision |= {"revision": seen["revision"], "version": seen["version"]}
    path = f"/api/v1/review/{clip_id}/decisions"
    return str(call(role, "POST", path, **decision)["state"])


def step(name: str, begun: float) -> float:
    now = time.monotonic()
    print(f"  {name}: {now - begun:.1f} s")
    return now


def main() -> None:
    clip = DATA / "clip.mp4"
    film(clip)
    begun = time.monotonic()
    lantoa = [str(Path(sys.executable).with_name("lantoa")), "submit", str(clip)]
    told = ["--title", "Không chia sẻ mật khẩu", "--data", str(DATA), "--wait", "--quiet"]
    done = subprocess.run([*lantoa, *told], capture_output=True, text=True, check=True)
    clip_id = done.stdout.strip()
    begun = step("uploaded, examined and in every size", begun)
    approve("reviewer", clip_id)
    state = approve("moderator", clip_id)
    assert state == "published", state
    page = requests.get(f"{URL}/library/{clip_id}", timeout=30)
    assert page.status_code == 200, page.status_code
    begun = step("approved twice and on its library page", begun)
    kinds = [c["kind"] for c in call("library", "GET", "/feed/v1/changes")["changes"]]
    assert kinds == ["published"], kinds
    call("moderator", "POST", f"/api/v1/clips/{clip_id}/withdraw", reason="office")
    last = call("library", "GET", "/feed/v1/changes")["changes"][-1]
    assert (last["kind"], last["clip"]) == ("withdrawn", {"id": clip_id}), last
    step("in the feed, withdrawn, its tombstone read", begun)


if __name__ == "__main__":
    main()
