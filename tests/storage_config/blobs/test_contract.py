"""What the rules rely on: the same answers from a folder and from two S3 servers."""

from __future__ import annotations

import hashlib
import io
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from review.ports import BlobStore
from storage_config.blobs import BlobStat
from storage_config.blobs.shape import check_key
from tests.services.forks import forked

STORES = (
    "local_store",
    pytest.param("moto_store", marks=pytest.mark.services),
    pytest.param("nanio_store", marks=pytest.mark.services),
)
# nanio keeps blobs as files, with their headers beside them: keys that are folders of others, and
# readers in the middle of a put, are more than it can do (it says so with an error).
STRICT = STORES[:2]
TEN = b"0123456789"
LARGE = 24 * 1024 * 1024  # bytes: more than is kept in memory on the way


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> BlobStore:
    """An empty one."""
    found: BlobStore = request.getfixturevalue(request.param)
    return found


def put(store: BlobStore, key: str, content: bytes = TEN) -> int:
    return store.put(key, io.BytesIO(content))


def read(store: BlobStore, key: str, start: int = 0, length: int | None = None) -> bytes:
    with store.open(key, start, length) as stream:
        return stream.read()


def together(works: Sequence[Callable[[], object]]) -> list[BaseException]:
    """Do all of this at once; what any of it raised."""
    barrier, raised = threading.Barrier(len(works)), []

    def one(work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            work()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=one, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def everything(store: BlobStore) -> dict[str, bytes]:
    keys = list(store.keys())
    return {key: read(store, key) for key in keys}


def test_what_is_put_is_read(store: BlobStore, tmp_path: Path) -> None:
    (tmp_path / "clip").write_bytes(TEN)

    assert store.put("originals/a", tmp_path / "clip", mime="video/mp4") == 10
    assert put(store, "originals/b", b"") == 0
    assert put(store, "derived/7/1/x-1/hls/v360_00001.m4s", b"\0\xff") == 2
    assert everything(store) == {
        "derived/7/1/x-1/hls/v360_00001.m4s": b"\0\xff",
        "originals/a": TEN,
        "originals/b": b"",
    }


def test_a_second_put_replaces_the_whole(store: BlobStore) -> None:
    put(store, "a", b"the first and longer one")
    put(store, "a", b"the second")

    assert read(store, "a") == b"the second"
    assert list(store.keys()) == ["a"]


@pytest.mark.parametrize(
    ("start", "length", "part"),
    [
        (0, None, TEN),
        (0, 4, b"0123"),
        (3, 4, b"3456"),
        (3, None, b"3456789"),
        (9, 1, b"9"),
        (8, 100, b"89"),
        (10, None, b""),
        (10, 5, b""),
        (99, 1, b""),
        (3, 0, b""),
    ],
)
def test_a_part_is_read(store: BlobStore, start: int, length: int | None, part: bytes) -> None:
    put(store, "a")

    assert read(store, "a", start, length) == part


def test_a_stream_is_read_in_pieces(store: BlobStore) -> None:
    put(store, "a")
    with store.open("a", 1, 7) as stream:
        pieces = [stream.read(3), stream.read(3), stream.read(3), stream.read(3)]

    assert pieces == [b"123", b"456", b"7", b""]


def test_a_blob_is_fetched_into_a_file(store: BlobStore, tmp_path: Path) -> None:
    put(store, "a")
    store.fetch("a", tmp_path / "a")

    assert (tmp_path / "a").read_bytes() == TEN


def test_keys_are_listed_in_order(store: BlobStore) -> None:
    names = ["a-b", "a/b/c", "a/b-c", "a/z", "a.b", "b/1", "ab", "b/10", "b/2"]
    for name in names:
        put(store, name)

    assert list(store.keys()) == sorted(names)
    assert list(store.keys("a/")) == ["a/b-c", "a/b/c", "a/z"]
    assert list(store.keys("a")) == ["a-b", "a.b", "a/b-c", "a/b/c", "a/z", "ab"]
    assert list(store.keys("b/1")) == ["b/1", "b/10"]
    assert list(store.keys("b/1/")) == []
    assert list(store.keys("c/")) == []


def test_what_is_known_of_a_blob(store: BlobStore) -> None:
    put(store, "a")
    found = store.stat("a")

    assert found == BlobStat(10, found.modified)
    assert abs(found.modified - time.time()) < 60


def test_a_deleted_blob_is_gone_and_deleting_it_again_is_no_error(store: BlobStore) -> None:
    put(store, "a/b/1")
    put(store, "a/b/2")

    store.delete("a/b/1")
    store.delete("a/b/1")
    store.delete("never/was")

    assert list(store.keys()) == ["a/b/2"]


@pytest.mark.parametrize("key", ["missing", "originals/missing"])
def test_a_missing_blob_is_file_not_found(store: BlobStore, tmp_path: Path, key: str) -> None:
    put(store, "a/b")

    check_missing(store, key, tmp_path)
    assert list(store.keys()) == ["a/b"]


@pytest.mark.parametrize("key", ["a", "a/b/c"])
@pytest.mark.parametrize("store", STRICT, indirect=True)
def test_a_folder_is_no_blob_and_a_blob_no_folder(
    store: BlobStore, tmp_path: Path, key: str
) -> None:
    put(store, "a/b")

    check_missing(store, key, tmp_path)
    assert list(store.keys()) == ["a/b"]


def check_missing(store: BlobStore, key: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        store.open(key)
    with pytest.raises(FileNotFoundError):
        store.open(key, 3, 0)
    with pytest.raises(FileNotFoundError):
        store.stat(key)
    with pytest.raises(FileNotFoundError):
        store.fetch(key, tmp_path / "target")
    assert not (tmp_path / "target").exists()
    store.delete(key)


ODD = ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.b", ".aside/x", "a b", "a\n", "ă", "a\\b",
       "a?b", "a\0b", "x" * 513]  # fmt: skip


@pytest.mark.parametrize("key", ODD)
def test_an_odd_key_is_refused_everywhere(store: BlobStore, tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="is no key of a blob"):
        put(store, key)
    with pytest.raises(ValueError, match="is no key of a blob"):
        store.open(key)
    with pytest.raises(ValueError, match="is no key of a blob"):
        store.fetch(key, tmp_path / "target")
    with pytest.raises(ValueError, match="is no key of a blob"):
        store.stat(key)
    with pytest.raises(ValueError, match="is no key of a blob"):
        store.delete(key)
    with pytest.raises(ValueError, match="is no key of a blob"):
        store.url(key, seconds=60)
    with pytest.raises(ValueError, match="is no key of a blob"):
        store.path(key)
    if key not in ("", "a/"):  # which are prefixes
        with pytest.raises(ValueError, match="is no key of a blob"):
            store.keys(key)
    assert list(store.keys()) == []


def test_a_long_key_works(store: BlobStore) -> None:
    key = "/".join(["part-of-a-key" * 3] * 12) + "/" + "x" * 32
    assert check_key(key) == key
    assert len(key) == 512
    put(store, key)

    assert list(store.keys()) == [key]


class Breaking(io.RawIOBase):
    """A source that gives ``length`` bytes, and then an error."""

    def __init__(self, length: int) -> None:
        self._left = length

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._left <= 0:
            raise ConnectionResetError("the phone went away")
        data = b"x" * min(size, self._left)
        self._left -= len(data)
        return data


@pytest.mark.parametrize("length", [0, 10, 3 * 1024 * 1024])
def test_a_source_that_breaks_leaves_no_blob(store: BlobStore, length: int) -> None:
    with pytest.raises(ConnectionResetError):
        store.put("new", Breaking(length))  # type: ignore[arg-type]
    put(store, "old")
    with pytest.raises(ConnectionResetError):
        store.put("old", Breaking(length))  # type: ignore[arg-type]

    assert everything(store) == {"old": TEN}


def test_a_source_that_is_missing_leaves_no_blob(store: BlobStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        store.put("a", tmp_path / "missing")

    assert list(store.keys()) == []


@pytest.mark.slow
def test_a_large_blob_is_the_same_afterwards(store: BlobStore, tmp_path: Path) -> None:
    content = hashlib.shake_256(b"large").digest(LARGE + 1)
    (tmp_path / "source").write_bytes(content)

    assert store.put("file", tmp_path / "source") == LARGE + 1
    assert store.put("stream", io.BytesIO(content)) == LARGE + 1
    store.fetch("file", tmp_path / "fetched")

    wanted = hashlib.sha256(content).hexdigest()
    assert hashlib.sha256((tmp_path / "fetched").read_bytes()).hexdigest() == wanted
    assert hashlib.sha256(read(store, "stream")).hexdigest() == wanted
    assert read(store, "stream", LARGE - 1) == content[-2:]


def test_puts_at_once_of_one_key_leave_one_of_them_whole(store: BlobStore) -> None:
    contents = [bytes([48 + i]) * (70_000 + i) for i in range(8)]

    raised = together([lambda c=c: put(store, "one", c) for c in contents])  # type: ignore[misc]

    assert raised == []
    assert read(store, "one") in contents
    assert list(store.keys()) == ["one"]


@pytest.mark.parametrize("store", STRICT, indirect=True)
def test_a_reader_sees_the_old_or_the_new_whole(store: BlobStore) -> None:
    contents = [bytes([48 + i]) * (70_000 + i) for i in range(4)]
    seen: set[bytes] = set()
    put(store, "one", contents[0])

    def look() -> None:
        for _ in range(20):
            seen.add(read(store, "one"))

    writers = [lambda c=c: put(store, "one", c) for c in contents * 3]  # type: ignore[misc]
    assert together([look, *writers]) == []
    assert seen <= set(contents)


def test_neighbours_that_are_put_and_deleted_at_once(store: BlobStore) -> None:
    """The last one out takes the folder with it, while others come in."""

    def come_and_go(number: int) -> None:
        for _ in range(15):
            put(store, f"a/b/{number}")
            assert read(store, f"a/b/{number}") == TEN
            store.delete(f"a/b/{number}")
            list(store.keys("a/"))

    assert together([lambda i=i: come_and_go(i) for i in range(6)]) == []  # type: ignore[misc]
    assert list(store.keys()) == []


def test_a_forked_child_reads_its_own_answers(store: BlobStore) -> None:
    for i in range(20):
        put(store, f"{i}", b"%d" % i * 5000)

    def read_all() -> None:
        for i in range(20):
            assert read(store, f"{i}") == b"%d" % i * 5000

    read_all()
    with forked(read_all):
        read_all()


def test_tidying_leaves_what_is_stored(store: BlobStore) -> None:
    put(store, "a")

    assert store.tidy() == 0
    assert read(store, "a") == TEN
