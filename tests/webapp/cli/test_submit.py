"""``lantoa submit`` against a whole running installation."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from review.problems import message
from tests.services.ports import free_port
from tests.webapp.cli.cutting_proxy import cutting_proxy
from tests.webapp.cli.processes import Running, clean_environment
from webapp.cli.client import Api, Server, Unreachable
from webapp.cli.resume import Places, key_of
from webapp.cli.tus import Sender

pytestmark = pytest.mark.slow
TITLE = "Không chia sẻ mật khẩu"


@dataclass
class Installation:
    data: Path
    port: int
    home: Path

    def lantoa(self, *argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "webapp.cli", *argv],
            env=clean_environment(self.home) | {"LANTOA_DATA": str(self.data)},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @property
    def demo(self) -> dict[str, Any]:
        return dict(json.loads((self.data / "demo.json").read_text("utf-8")))

    @property
    def teacher(self) -> Server:
        return Server(f"http://127.0.0.1:{self.port}", self.demo["accounts"]["teacher"]["token"])


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    port = free_port()
    argv = [sys.executable, "-m", "webapp.cli", "up"]
    argv += ["--data", str(folder / "data"), "--port", str(port)]
    running = Running(argv, clean_environment(folder))
    try:
        running.line_with("ready:")
        yield Installation(folder / "data", port, folder)
    finally:
        running.end()
        assert running.process.stdout is not None
        running.process.stdout.close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small seconds, as a phone would send them."""
    path = tmp_path_factory.mktemp("clips") / "bài của em.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=15:d=2"]
    sound = ["-f", "lavfi", "-i", "sine=440:d=2"]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run(["ffmpeg", "-v", "error", *source, *sound, *codecs, str(path)], check=True)
    return path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """More than one part; nothing that is a clip."""
    path = tmp_path / "large.mp4"
    path.write_bytes(random.Random(7).randbytes(3_000_000))
    return path


def test_submit_prints_the_id_and_waits_until_all_is_prepared(
    here: Installation, clip: Path
) -> None:
    result = here.lantoa("submit", str(clip), "--title", TITLE, "--wait")

    assert result.returncode == 0, result.stderr
    clip_id = result.stdout.strip()
    shown = Api(here.teacher, say=pytest.fail).clip(clip_id)
    assert (shown["state"], bool(shown["renditions"])) == ("in_review", True)
    assert result.stderr.strip().splitlines()[-2:] == [
        "in_review",
        f"{here.teacher.url}/clips/{clip_id}",
    ]


def test_json_is_the_clip_as_the_api_shows_it(here: Installation, clip: Path) -> None:
    result = here.lantoa("submit", str(clip), "--title", TITLE, "--scope", "school", "--json")

    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert (answer["state"], answer["revision"]) == ("processing", 1)


def test_a_refusal_is_told_in_its_sentence(here: Installation, large: Path) -> None:
    result = here.lantoa("submit", str(large), "--title", TITLE, "--wait", "--quiet")

    assert result.returncode == 1
    assert len(result.stdout.split()) == 1
    assert f"refused: {message('not_a_video')}" in result.stderr.splitlines()


def test_what_is_wrong_is_told_before_a_byte_is_sent(here: Installation, clip: Path) -> None:
    empty = clip.with_name("empty.mp4")
    empty.touch()
    too_long = here.lantoa("submit", str(clip), "--title", " ", "--music", "own")
    nothing = here.lantoa("submit", str(empty), "--title", TITLE)

    assert (too_long.returncode, too_long.stderr) == (1, "Error: title: Hãy đặt tên cho clip.\n")
    assert (nothing.returncode, nothing.stderr) == (1, f"Error: {message('empty_file')}\n")


def test_a_wrong_token_is_told(here: Installation, clip: Path) -> None:
    argv = ("submit", str(clip), "--title", TITLE, "--quiet", "--token-file", "-")
    result = here.lantoa(*argv, stdin="lt_wrong\n")

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")


def test_no_server_is_told(here: Installation, tmp_path: Path) -> None:
    server = Server(f"http://127.0.0.1:{free_port()}", "lt_any")
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"bytes of the clip")
    sender = Sender(
        server,
        Places(tmp_path / "cache", say=pytest.fail),
        say=lambda text: None,
        progress=lambda offset: None,
        pauses=(0.0, 0.0),
    )
    with pytest.raises(Unreachable):
        sender.send(file, key_of(server, file))


def test_an_interrupted_upload_goes_on_where_it_stopped(
    here: Installation, large: Path, tmp_path: Path
) -> None:
    places = Places(tmp_path / "cache", say=pytest.fail)
    key = key_of(here.teacher, large)
    offsets: list[int] = []

    def stop_after_the_first_part(offset: int) -> None:
        if offset > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sender(here.teacher, places, stop_after_the_first_part).send(large, key)
    begun = places.find(key)
    url = sender(here.teacher, places, offsets.append).send(large, key)

    assert url == begun
    assert (offsets[0] > 0, offsets[-1]) == (True, large.stat().st_size)
    assert offset_of(here.teacher, url) == large.stat().st_size


def test_a_network_that_breaks_costs_only_time(
    here: Installation, large: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    with cutting_proxy(here.port, [100_000, 0, 300_000, 20_000]) as port:
        through = Server(f"http://127.0.0.1:{port}", here.teacher.token)
        tunnel = Sender(
            through,
            Places(tmp_path / "cache", say=pytest.fail),
            say=told.append,
            progress=lambda offset: None,
            pauses=(0.0,) * 6,
        )
        url = tunnel.send(large, key_of(through, large))
        body = {"title": TITLE, "upload": url}
        first = Api(through, say=told.append).create_clip(body)
        assert Api(through, say=told.append).create_clip(body)["id"] == first["id"]

    assert len(told) >= 3
    assert offset_of(here.teacher, url.replace(str(port), str(here.port))) == large.stat().st_size


def test_an_upload_that_the_server_no_longer_has_begins_anew(
    here: Installation, large: Path, tmp_path: Path
) -> None:
    places = Places(tmp_path / "cache", say=pytest.fail)
    key = key_of(here.teacher, large)
    places.keep(key, f"{here.teacher.url}/uploads/00000000000000000000000000")

    url = sender(here.teacher, places, lambda offset: None).send(large, key)
    assert offset_of(here.teacher, url) == large.stat().st_size


def sender(server: Server, places: Places, progress: Any) -> Sender:
    return Sender(server, places, say=pytest.fail, progress=progress, pauses=())


def offset_of(server: Server, url: str) -> int:
    headers = server.headers | {"Tus-Resumable": "1.0.0"}
    return int(requests.head(url, headers=headers, timeout=20).headers["Upload-Offset"])


def test_a_list_that_was_killed_twice_goes_on_and_doubles_nothing(
    here: Installation, large: Path, tmp_path: Path
) -> None:
    """Killed once while bytes were on their way, once between two clips."""
    names = [f"bài {number}.mp4" for number in range(4)]
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(large.read_bytes() + bytes([number]))
    table = tmp_path / "list.csv"
    rows = [f"{name};{name} của lớp" for name in names]
    table.write_text("\n".join(["Tệp;Tên clip", *rows]), "utf-8-sig")
    argv = ["submit", "--manifest", str(table), "--quiet"]
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {here.teacher.token}"

        def sent() -> list[str]:
            listed = session.get(f"{here.teacher.url}/api/v1/clips?limit=100", timeout=60).json()
            clips = [c for c in listed["items"] if c["title"].endswith("của lớp")]
            assert len({c["title"] for c in clips}) == len(clips)  # none twice
            begun = {c["title"] for c in clips if c["state"] != "draft"}
            return [row for row in rows if row.split(";")[1] in begun]

        for least in (0, 2):
            process = subprocess.Popen(
                [sys.executable, "-m", "webapp.cli", *argv],
                env=clean_environment(here.home) | {"LANTOA_DATA": str(here.data)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            uploads = here.data / "uploads"
            while len(sent()) < least or not any(uploads.glob("*")):
                assert process.poll() is None
            process.kill()
            process.wait(60)
        before = len(sent())
        done = here.lantoa(*argv)
        assert done.returncode == 0, done.stderr
        assert sent() == rows
    assert done.stdout.count("đã gửi từ trước") == before < len(rows)
