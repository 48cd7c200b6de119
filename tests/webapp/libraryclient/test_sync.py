"""The reference client where things go wrong: kills, cut lines, wrong bytes, a feed set back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import delete, update

from review.models import FeedEntry, FeedHead
from storage_config.blobs import LocalBlobs
from storage_config.database import Database
from tests.mirrors import Ours, film, publish
from tests.services.forks import forked
from tests.webapp.feed.conftest import edit
from tests.world import World
from webapp.cli.client import Unreachable
from webapp.libraryclient import InUse, Shelf
from webapp.libraryclient.files import File, Malformed, files_of
from webapp.libraryclient.shelf import WrongServer

# Whatever changes the disk or asks the server goes through one of these.
STEPS = (
    (os, "fsync"),
    (os, "sync"),
    (Path, "replace"),
    (Path, "rename"),
    (Path, "unlink"),
    (os, "rmdir"),
    (requests.Session, "send"),
)


def dying(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """The process ends, as by kill -9, in front of step number ``steps``."""
    left = [steps]

    def guarded(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **more: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                os._exit(0)
            return real(*args, **more)

        return step

    for owner, name in STEPS:
        monkeypatch.setattr(owner, name, guarded(getattr(owner, name)))


@pytest.mark.faults
def test_killed_at_every_step_it_goes_on(
    world: World, blobs: LocalBlobs, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder has a clip that is withdrawn, one that is corrected, and gets a new one; after
    every kill a clip that can be seen is whole, and the next run ends right."""
    gone, kept = (publish(world, blobs, title=t) for t in ("một", "hai"))
    ours.run()
    world.withdraw(gone)
    edit(world, kept, title="hai, sửa lại")
    new = publish(world, blobs, title="ba", heights=(360, 720))
    finished = False
    for step in (*range(1, 20), *range(20, 200, 6)):
        before = ours.folder
        ours.folder = before.parent / f"killed-{step}"
        shutil.copytree(before, ours.folder)
        with monkeypatch.context() as patched:
            dying(patched, step)
            done = ours.folder / "done"

            def run(done: Path = done) -> None:
                ours.run()
                done.touch()

            with forked(run):
                pass
        finished = done.exists()
        seen = ours.shown()  # each with all its files, whenever it was killed
        assert seen.keys() <= {gone, kept, new}
        result = ours.run()
        assert (ours.shown(), result.right) == ({kept: "hai, sửa lại", new: "ba"}, True)
        assert [p for p in ours.folder.rglob("*") if gone in p.name] == []
        ours.folder = before
        if finished:
            break
    assert finished
    assert step > 30


def test_a_cut_download_goes_on_from_its_last_byte(
    world: World, blobs: LocalBlobs, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip_id = publish(world, blobs)
    whole = film(clip_id)
    part = ours.folder / ".lantoa" / "parts" / clip_id / "mp4~360p.mp4"
    part.parent.mkdir(parents=True)
    part.write_bytes(whole[:1000])
    asked = []
    send = requests.Session.send

    def listen(self: requests.Session, request: Any, **more: Any) -> requests.Response:
        asked.append((request.path_url, request.headers.get("Range")))
        return send(self, request, **more)

    monkeypatch.setattr(requests.Session, "send", listen)
    result = ours.run()

    assert (f"/media/{clip_id}/mp4/360p.mp4", "bytes=1000-") in asked
    assert result.bytes == len(whole) - 1000 + len(b"\xff\xd8 picture")
    assert list(ours.shown()) == [clip_id]
    assert not part.parent.exists()


@pytest.mark.parametrize("wrong", [b"x" * 1000, b"x" * 10_000])
def test_a_wrong_beginning_is_fetched_again(
    world: World, blobs: LocalBlobs, ours: Ours, wrong: bytes
) -> None:
    """Of the wrong bytes, or longer than the file."""
    clip_id = publish(world, blobs)
    part = ours.folder / ".lantoa" / "parts" / clip_id / "mp4~360p.mp4"
    part.parent.mkdir(parents=True)
    part.write_bytes(wrong)
    if len(wrong) > len(film(clip_id)):
        with pytest.raises(Unreachable):
            ours.run()  # its one try went into learning that
    assert ours.run().is_good
    assert list(ours.shown()) == [clip_id]


def test_bytes_that_are_not_the_feeds_are_never_shown(
    world: World, blobs: LocalBlobs, ours: Ours
) -> None:
    bad, good = (publish(world, blobs, title=t) for t in ("một", "hai"))
    (place,) = (p for p in blobs.root.rglob("360p.mp4") if bad in str(p))
    right = place.read_bytes()
    place.write_bytes(right[::-1])
    result = ours.run()

    assert (result.failed, result.is_good, list(ours.shown())) == ([bad], False, [good])
    place.write_bytes(right)
    assert ours.run().is_good
    assert set(ours.shown()) == {bad, good}


def test_withdrawn_while_its_film_is_fetched(
    world: World, blobs: LocalBlobs, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip_id = publish(world, blobs)
    send = requests.Session.send

    def interfere(self: requests.Session, request: Any, **more: Any) -> requests.Response:
        if "/media/" in request.path_url:
            world.withdraw(clip_id)
        return send(self, request, **more)

    monkeypatch.setattr(requests.Session, "send", interfere)
    result = ours.run()

    assert (ours.shown(), result.is_good, result.withdrawn) == ({}, True, 1)
    assert [p for p in ours.folder.rglob("*") if clip_id in p.name] == []


def test_takedowns_do_not_wait_for_films(
    world: World, blobs: LocalBlobs, ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long run looks at the feed between two films."""
    first, second, third = (publish(world, blobs, title=t) for t in ("một", "hai", "ba"))
    monkeypatch.setattr("webapp.libraryclient.sync.LOOK_AGAIN", 0.0)
    seen = []
    send = requests.Session.send

    def watch(self: requests.Session, request: Any, **more: Any) -> requests.Response:
        if request.path_url.startswith(f"/media/{second}"):
            world.withdraw(first)
        if request.path_url.startswith(f"/media/{third}"):
            seen.append((ours.folder / "clips" / first).exists())
        return send(self, request, **more)

    monkeypatch.setattr(requests.Session, "send", watch)
    ours.run()

    assert seen == [False, False]  # the film and the poster of the third


def test_a_feed_that_was_set_back_is_read_again(
    world: World, blobs: LocalBlobs, ours: Ours, database: Database
) -> None:
    """The server lost its last hour and had to take a backup."""
    first, second = (publish(world, blobs, title=t) for t in ("một", "hai"))
    ours.run()
    with world.write() as session:
        session.execute(delete(FeedEntry).where(FeedEntry.seq == 2))
        session.execute(update(FeedHead).values(seq=1))
    result = ours.run()

    assert (result.right, result.seq, ours.shown()) == (True, 1, {first: "một"})
    assert second not in {p.name for p in (ours.folder / "clips").iterdir()}


def test_a_smaller_copy(world: World, blobs: LocalBlobs, ours: Ours) -> None:
    clip_id = publish(world, blobs, heights=(240, 360, 720))
    ours.run(max_height=400)
    there = sorted(p.name for p in (ours.folder / "clips" / clip_id / "mp4").iterdir())
    assert there == ["240p.mp4", "360p.mp4"]


def test_no_link_is_followed_and_what_others_left_is_in_nobodys_way(
    world: World, blobs: LocalBlobs, ours: Ours, tmp_path: Path
) -> None:
    linked, filed, gone = (publish(world, blobs, title=t) for t in ("một", "hai", "ba"))
    ours.run()
    outside = tmp_path / "outside"
    clips = ours.folder / "clips"
    (clips / linked).rename(outside)
    (outside / "theirs.txt").write_text("not ours")
    shutil.rmtree(clips / filed)
    shutil.rmtree(clips / gone)
    for name in (filed, gone, ".DS_Store"):
        (clips / name).write_bytes(b"x")
    (clips / linked).symlink_to(outside)
    for clip_id in (linked, filed):
        edit(world, clip_id, title="sửa lại")
    world.withdraw(gone)

    assert ours.run().is_good

    assert ours.shown() == {linked: "sửa lại", filed: "sửa lại"}
    assert not (clips / linked).is_symlink()
    assert (outside / "theirs.txt").exists()
    assert not (clips / gone).exists()


def test_one_program_for_a_folder_and_one_folder_for_a_server(ours: Ours) -> None:
    with Shelf(ours.folder, ours.url), pytest.raises(InUse):
        ours.run()
    with pytest.raises(WrongServer):
        Shelf(ours.folder, "http://127.0.0.1:1")


class TestNames:
    """A server that is not ours must not write where it likes."""

    @pytest.mark.parametrize(
        "name", ["../x", "a/../../x", "/etc/x", "", ".lantoa/x", "a//b", "a\\b", "a/.x", "a\n"]
    )
    def test_of_files(self, name: str) -> None:
        made = {"kind": "mp4", "height": 1, "sha256": "", "bytes": 1}
        url = f"http://a.example/media/x/{name}"
        record = {"id": "x", "renditions": [{**made, "url": url}], "captions": [], "poster": None}
        with pytest.raises(Malformed):
            files_of(record)

    @pytest.mark.parametrize("clip_id", ["../../x", "", None, 7, "A" * 26])
    def test_of_clips(self, tmp_path: Path, clip_id: object) -> None:
        change = {"kind": "withdrawn", "seq": 1, "at": "", "reason": "", "clip": {"id": clip_id}}
        with Shelf(tmp_path / "a", "http://a.example") as shelf, pytest.raises(Malformed):
            shelf.note({"changes": [change], "next": "s1", "more": False})

    def test_the_token_goes_to_our_server_only(self) -> None:
        made = {"kind": "mp4", "height": 1, "sha256": "0", "bytes": 1}
        url = "http://evil.example/media/x/mp4/1p.mp4"
        record = {"id": "x", "renditions": [{**made, "url": url}], "captions": [], "poster": None}
        assert files_of(record) == [File("mp4/1p.mp4", "0", 1)]


def test_a_clip_tells_its_record(world: World, blobs: LocalBlobs, ours: Ours) -> None:
    clip_id = publish(world, blobs)
    ours.run()
    told = json.loads((ours.folder / "clips" / clip_id / "clip.json").read_text())

    assert [f["what"] for f in told.pop("files")] == ["mp4/360p.mp4", "poster.jpg"]
    headers = {"Authorization": f"Bearer {ours.token}"}
    url = f"{ours.url}/feed/v1/clips/{clip_id}"
    assert told == requests.get(url, headers=headers, timeout=30).json()


def test_a_librarys_program_takes_in_nothing_of_the_server(tmp_path: Path) -> None:
    """As docs/library.md says `import webapp.libraryclient` costs no database, no web server."""
    asked = "import sys, webapp.libraryclient; print(*{name.split('.')[0] for name in sys.modules})"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    loaded = set(told.stdout.split())
    assert "webapp" in loaded
    assert not loaded & {"sqlalchemy", "flask", "celery", "storage_config", "workers"}
