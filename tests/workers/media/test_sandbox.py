"""Canaries: what a tool that was taken over could reach."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clips import Clips, film
from workers.media import MediaLimits, Refused, Sandbox, SandboxUnavailable, examine
from workers.media.run import Done, Job, run
from workers.media.sandbox import TIERS, Caps, choose_sandbox

CAPS = Caps(memory_bytes=2 << 30, file_bytes=8 << 20, cpu_seconds=20)
SECRET = "chim-hoang-yen-trong-tep"


class Canary:
    """A server that counts who comes."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.hits = 0
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def _count(self) -> None:
        while True:
            try:
                visitor, _ = self._socket.accept()
            except OSError:
                return
            self.hits += 1
            visitor.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@contextmanager
def canary() -> Iterator[Canary]:
    bird = Canary()
    try:
        yield bird
    finally:
        bird.close()


def tried(tier: str, folder: Path, script: str, *reads: Path) -> Done:
    """What a script says in this cage; skips where there is none."""
    if choose_sandbox("off").tier != tier:
        probe = Job(["/bin/true"], folder, (), CAPS, wall=20.0, stall=20.0)
        if run(probe, Sandbox(tier)).status != 0:
            pytest.skip(f"{tier} does not work on this machine")
    job = Job(["/usr/bin/python3", "-c", script], folder, reads, CAPS, wall=20.0, stall=20.0)
    return run(job, Sandbox(tier))


CALL = """
import socket
try:
    socket.create_connection(("127.0.0.1", {port}), 3).close()
    print("reached")
except OSError as error:
    print("kept out")
"""


@pytest.mark.parametrize(
    ("tier", "word"),
    [("bubblewrap", "kept out"), ("namespaces", "kept out"), ("limits", "reached")],
)
def test_no_network_in_a_cage(tmp_path: Path, tier: str, word: str) -> None:
    with canary() as bird:
        done = tried(tier, tmp_path, CALL.format(port=bird.port))
        assert done.stdout.decode().strip() == word, done.stderr
        assert bird.hits == (word == "reached")


READ = """
from pathlib import Path
for name in {names!r}:
    try:
        print(Path(name).read_text())
    except OSError as error:
        print(type(error).__name__)
"""


def test_only_the_input_and_the_folder_can_be_read(tmp_path: Path) -> None:
    folder, given, secret = tmp_path / "out", tmp_path / "given", tmp_path / "secret"
    folder.mkdir()
    given.write_text("the clip")
    secret.write_text(SECRET)
    names = [str(given), str(secret), "/etc/passwd", "/etc/hostname", "/root", "/proc/1/environ"]
    done = tried("bubblewrap", folder, READ.format(names=names), given)
    lines = done.stdout.decode().splitlines()
    assert lines[:4] == ["the clip", *["FileNotFoundError"] * 3]
    assert SECRET not in done.stdout.decode()
    assert Path(__file__).as_posix() not in done.stdout.decode()


WRITE = """
from pathlib import Path
for name in {names!r}:
    try:
        Path(name).write_text("taken over")
        print("written")
    except OSError as error:
        print(type(error).__name__)
"""


def test_only_the_folder_can_be_written(tmp_path: Path) -> None:
    folder, given = tmp_path / "out", tmp_path / "given"
    folder.mkdir()
    given.write_text("the clip")
    places = [
        folder / "made",
        given,
        tmp_path / "beside",
        Path("/usr/lib/x"),
        Path("/tmp/written-in-a-cage"),
    ]
    done = tried("bubblewrap", folder, WRITE.format(names=[str(p) for p in places]), given)
    words = done.stdout.decode().split()
    # What it writes into its own /tmp goes with the cage.
    assert words == ["written", "OSError", "written", "OSError", "written"]
    assert given.read_text() == "the clip"
    assert (folder / "made").read_text() == "taken over"
    assert not places[2].exists()
    assert not places[4].exists()


def test_no_capability_is_left(tmp_path: Path) -> None:
    """Also when the worker runs as root."""
    script = "print(open('/proc/self/status').read())"
    status = tried("bubblewrap", tmp_path, script).stdout.decode()
    found = {line.split(":")[0]: line.split()[-1] for line in status.splitlines() if ":" in line}
    assert int(found["CapEff"], 16) == int(found["CapPrm"], 16) == 0
    assert found["NoNewPrivs"] == "1"


def test_other_processes_are_out_of_sight(tmp_path: Path) -> None:
    script = "import os; print(sorted(int(n) for n in os.listdir('/proc') if n.isdecimal()))"
    done = tried("bubblewrap", tmp_path, script)
    assert len(eval(done.stdout)) <= 3


def test_require_refuses_to_go_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has neither of the two programs."""
    monkeypatch.setattr("workers.media.sandbox._tool", lambda name: f"/nowhere/{name}")
    assert choose_sandbox("auto") == Sandbox("limits")
    with pytest.raises(SandboxUnavailable, match="no cage works here: bubblewrap: "):
        choose_sandbox("require")


@pytest.mark.parametrize("tier", TIERS)
def test_lists_of_places_are_never_followed(tier: str, clips: Clips, tmp_path: Path) -> None:
    """Whatever the cage: the file itself is refused, and nobody is called."""
    with canary() as bird:
        for name in (f"http://127.0.0.1:{bird.port}/a.ts", "file:///etc/passwd"):
            with pytest.raises(Refused) as caught:
                examine(clips.playlist(name), tmp_path, limits=MediaLimits(), sandbox=Sandbox(tier))
            assert caught.value.code == "playlist_not_video"
        assert bird.hits == 0


@pytest.mark.parametrize("tier", TIERS)
def test_a_playlist_behind_a_video_mask_is_not_opened(
    tier: str, clips: Clips, tmp_path: Path
) -> None:
    """Its first bytes say AVI, the rest is a list of places."""
    with canary() as bird:
        mask = tmp_path / "mask.mp4"
        text = f"#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:{bird.port}/a.ts\nfile:{film('bikes')}\n"
        mask.write_bytes(b"RIFF\xff\x00\x00\x00AVI " + text.encode() * 9)
        with pytest.raises(Refused) as caught:
            examine(mask, tmp_path, limits=MediaLimits(), sandbox=Sandbox(tier))
        assert caught.value.code in ("unreadable", "no_video_track")
        assert bird.hits == 0
