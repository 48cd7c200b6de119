"""The folder of blobs: what lies on the disk, also after a crash and when the disk is full."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage_config.blobs import LocalBlobs, blob_store
from storage_config.blobs import local as module
from tests.services.disk import small_disk


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_blobs_are_plain_files_that_only_the_owner_reads(local_store: LocalBlobs) -> None:
    local_store.put("originals/a", io.BytesIO(b"bytes"))
    path = local_store.path("originals/a")

    assert path == local_store.root / "originals" / "a"
    assert path.read_bytes() == b"bytes"
    assert path.stat().st_mode & 0o777 == 0o600
    assert local_store.url("originals/a", seconds=60) is None


def test_the_last_blob_takes_its_folders_with_it(local_store: LocalBlobs) -> None:
    local_store.put("derived/7/1/x/a", io.BytesIO(b"a"))
    local_store.put("derived/8/1/x/a", io.BytesIO(b"a"))
    local_store.delete("derived/7/1/x/a")

    assert sorted(p.name for p in (local_store.root / "derived").iterdir()) == ["8"]
    local_store.delete("derived/8/1/x/a")
    assert [p.name for p in local_store.root.iterdir()] == [".aside"]


def test_a_store_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    store = LocalBlobs(tmp_path / "new" / "blobs")

    assert list(store.keys()) == []
    assert store.tidy() == 0
    assert not store.root.exists()


@pytest.mark.parametrize("name", ["blobs", "kho clip 50%?#"])
def test_the_url_names_the_folder(tmp_path: Path, name: str) -> None:
    from storage_config.values import folder_url

    store = blob_store(folder_url("file", tmp_path / name))

    assert isinstance(store, LocalBlobs)
    assert store.root == tmp_path / name


def test_an_unknown_store_is_refused() -> None:
    with pytest.raises(ValueError, match="'ftp' is no storage"):
        blob_store("ftp://host/blobs")


@pytest.mark.faults
def test_a_killed_writer_leaves_no_blob_and_is_tidied_up_after(local_store: LocalBlobs) -> None:
    program = (
        "import io, sys, time\n"
        "from pathlib import Path\n"
        "from storage_config.blobs import LocalBlobs\n"
        "class Slow(io.RawIOBase):\n"
        "    def read(self, size=-1):\n"
        "        print('reading', flush=True)\n"
        "        time.sleep(0 if self.tell_once() else 60)\n"
        "        return b'x' * size\n"
        "    count = 0\n"
        "    def tell_once(self):\n"
        "        self.count += 1\n"
        "        return self.count < 3\n"
        "LocalBlobs(Path(sys.argv[1])).put('originals/a', Slow())\n"
    )
    argv = [sys.executable, "-c", program, str(local_store.root)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(3):
            assert writer.stdout.readline() == "reading\n"
        writer.send_signal(signal.SIGKILL)
    [left] = (local_store.root / ".aside").iterdir()

    assert left.stat().st_size > 0
    assert list(local_store.keys()) == []
    assert local_store.tidy() == 0  # it may still be written, for all that is known
    old = time.time() - module.ABANDONED - 1
    os.utime(left, (old, old))
    assert local_store.tidy() == 1
    assert files(local_store.root) == []


@pytest.mark.faults
def test_a_full_disk_leaves_nothing_and_what_was_there_stays(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        store = LocalBlobs(disk.folder / "blobs")
        store.put("originals/old", io.BytesIO(b"old"))

        for key in ("originals/new", "originals/old"):
            with pytest.raises(OSError, match="No space left") as caught:
                store.put(key, io.BytesIO(bytes(4 * 1024 * 1024)))
            assert caught.value.errno == errno.ENOSPC
        assert files(store.root) == ["originals/old"]
        with store.open("originals/old") as stream:
            assert stream.read() == b"old"

        disk.fill()
        with pytest.raises(OSError, match="No space left"):
            store.put("originals/small", io.BytesIO(b"small"))
        disk.free()
        assert store.put("originals/small", io.BytesIO(b"small")) == 5
        assert files(store.root) == ["originals/old", "originals/small"]


@pytest.mark.faults
def test_a_copy_that_does_not_fit_is_removed(local_store: LocalBlobs, tmp_path: Path) -> None:
    local_store.put("a", io.BytesIO(bytes(4 * 1024 * 1024)))
    with small_disk(tmp_path / "disk") as disk:
        with pytest.raises(OSError, match="No space left"):
            local_store.fetch("a", disk.folder / "a")

        assert files(disk.folder) == []


class TestTake:
    """A finished part becomes a blob without a copy, where it can."""

    def test_it_is_the_same_file(self, local_store: LocalBlobs, tmp_path: Path) -> None:
        part = tmp_path / "a.part"
        part.write_bytes(b"bytes")
        for _ in range(2):  # whoever died after the first does it again
            local_store.take("originals/a", part)
        path = local_store.path("originals/a")

        assert path is not None
        assert path.stat().st_ino == part.stat().st_ino
        assert files(local_store.root) == ["originals/a"]
        part.unlink()
        assert path.read_bytes() == b"bytes"

    def test_it_replaces_the_whole(self, local_store: LocalBlobs, tmp_path: Path) -> None:
        local_store.put("a", io.BytesIO(b"before"))
        part = tmp_path / "a.part"
        part.write_bytes(b"bytes")
        local_store.take("a", part)

        with local_store.open("a") as stream:
            assert stream.read() == b"bytes"

    def test_from_another_disk_it_is_copied(self, local_store: LocalBlobs, tmp_path: Path) -> None:
        with small_disk(tmp_path / "small") as disk:
            part = disk.folder / "a.part"
            part.write_bytes(b"bytes")
            local_store.take("a", part)
            part.unlink()

        with local_store.open("a") as stream:
            assert stream.read() == b"bytes"

    def test_a_missing_file_is_told(self, local_store: LocalBlobs, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            local_store.take("a", tmp_path / "missing")
        assert list(local_store.keys()) == []
