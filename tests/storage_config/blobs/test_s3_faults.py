"""A bucket that answers with errors, late, half or not at all: never a wrong blob."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage_config.blobs import S3Blobs
from tests.services import s3
from tests.services.faulty import (
    Answer,
    Asked,
    Fault,
    Faulty,
    cuts,
    faulty,
    hand_on,
    hangs_up,
    loses_the_answer,
    never_answers,
    says,
)

pytestmark = [pytest.mark.services, pytest.mark.faults]
CONTENT = bytes(range(256)) * 400
SLOW_DOWN = says(503, "SlowDown")
INTERNAL = says(500, "InternalError")
# What a try costs here; an operator's server has 30 s.
TIMEOUT = 0.5


@pytest.fixture
def proxy(moto_server: str) -> Iterator[Faulty]:
    with faulty(moto_server) as started:
        yield started


@pytest.fixture
def store(proxy: Faulty, moto_store: S3Blobs) -> S3Blobs:
    return S3Blobs(s3.BUCKET, moto_store.prefix, endpoint=proxy.address, read_timeout=TIMEOUT)


def put(store: S3Blobs, content: bytes = CONTENT) -> int:
    return store.put("a", io.BytesIO(content))


def read(store: S3Blobs) -> bytes:
    with store.open("a") as stream:
        return stream.read()


CALLS: dict[str, Callable[[S3Blobs, Path], object]] = {
    "put": lambda store, _: put(store),
    "open": lambda store, _: read(store),
    "part": lambda store, _: store.open("a", 7, 10).read(),
    "fetch": lambda store, folder: store.fetch("a", folder / "fetched"),
    "stat": lambda store, _: store.stat("a").bytes,
    "keys": lambda store, _: list(store.keys()),
    "delete": lambda store, _: store.delete("a"),
}
WANTED = {
    "put": len(CONTENT),
    "open": CONTENT,
    "part": CONTENT[7:17],
    "fetch": None,
    "stat": len(CONTENT),
    "keys": ["a"],
    "delete": None,
}


# One with a body, one with a stream, one with pages; the others are made like these.
KINDS = ("put", "open", "keys")
PASSING = [pytest.param(call, SLOW_DOWN, id=f"{call}: 503 SlowDown") for call in CALLS] + [
    pytest.param(call, fault, id=f"{call}: {name}")
    for call in KINDS
    for fault, name in ((INTERNAL, "500"), (hangs_up, "hangs up"), (never_answers, "silent"))
]


@pytest.mark.parametrize(("call", "fault"), PASSING)
def test_trouble_that_passes_is_not_noticed(
    proxy: Faulty, store: S3Blobs, tmp_path: Path, call: str, fault: Fault
) -> None:
    put(store)
    proxy.then(fault)

    assert CALLS[call](store, tmp_path) == WANTED[call]


@pytest.mark.parametrize("call", KINDS)
def test_trouble_that_stays_is_an_error_after_four_tries(
    proxy: Faulty, store: S3Blobs, tmp_path: Path, call: str
) -> None:
    put(store)
    proxy.then(*[SLOW_DOWN] * 10)

    with pytest.raises(OSError, match=r"SlowDown|503") as caught:
        CALLS[call](store, tmp_path)
    assert not isinstance(caught.value, FileNotFoundError)
    assert len(proxy.asked) == 4


def test_a_put_whose_answer_is_lost_is_done_once_more(proxy: Faulty, store: S3Blobs) -> None:
    proxy.then(loses_the_answer)

    assert put(store) == len(CONTENT)
    assert proxy.asked == ["PUT", "PUT"]
    assert read(store) == CONTENT


def test_a_put_that_was_refused_leaves_no_blob(proxy: Faulty, store: S3Blobs) -> None:
    proxy.then(*[INTERNAL] * 4)

    with pytest.raises(OSError, match="InternalError"):
        put(store)
    with pytest.raises(FileNotFoundError):
        store.stat("a")


@pytest.mark.parametrize("code", ["InternalError", "AccessDenied"])
def test_a_put_that_was_answered_200_with_an_error_inside(
    proxy: Faulty, store: S3Blobs, code: str
) -> None:
    """An old blob of the same size stands there: its size says nothing."""
    put(store, bytes(len(CONTENT)))
    proxy.then(*[says(200, code)] * 4)

    with pytest.raises(OSError, match="the store") as caught:
        put(store)
    assert not isinstance(caught.value, FileNotFoundError)
    assert read(store) == bytes(len(CONTENT))


def test_a_store_with_other_tags_is_asked_for_the_size(store: S3Blobs, proxy: Faulty) -> None:
    """With a key of the office's own, the tag is not the MD5 of the bytes."""

    def tagged(asked: Asked) -> Answer:
        answer = asked.forward()
        return Answer(answer.status, answer.headers | {"ETag": '"0"'}, answer.body)

    proxy.then(tagged)
    assert put(store) == len(CONTENT)
    assert proxy.asked == ["PUT", "HEAD"]

    put(store, CONTENT + b"longer")
    proxy.then(lambda _: Answer(200, {"ETag": '"0"'}, b""))
    with pytest.raises(OSError, match="the store did not keep the 102400 bytes of 'a'"):
        put(store)


def test_a_get_that_was_answered_200_with_an_error_inside(
    proxy: Faulty, store: S3Blobs, tmp_path: Path
) -> None:
    put(store)
    proxy.then(says(200, "InternalError"))
    with pytest.raises(OSError, match="the store sent something else"):
        store.open("a")

    proxy.then(says(200, "InternalError"))
    with pytest.raises(OSError, match="the store sent something else"):
        store.fetch("a", tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()


@pytest.mark.parametrize("after", [0, 1, len(CONTENT) // 2, len(CONTENT) - 1])
def test_a_get_that_breaks_off_is_an_error(
    proxy: Faulty, store: S3Blobs, tmp_path: Path, after: int
) -> None:
    put(store)
    proxy.then(cuts(after))
    with pytest.raises(OSError, match="the store"):
        read(store)

    proxy.then(cuts(after))
    with pytest.raises(OSError, match="the store"):
        store.fetch("a", tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()
    store.fetch("a", tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == CONTENT


def test_a_body_that_stops_in_the_middle_is_an_error(proxy: Faulty, store: S3Blobs) -> None:
    def stops(asked: Asked) -> Answer:
        found = asked.forward()
        longer = {"Content-Length": str(len(found.body) + 1000)}
        return Answer(found.status, found.headers | longer, found.body)

    put(store)
    proxy.then(stops)

    with pytest.raises(OSError, match="the store does not answer"):
        read(store)


def test_a_server_that_ignores_ranges_gives_no_wrong_part(proxy: Faulty, store: S3Blobs) -> None:
    def whole(asked: Asked) -> Answer:
        found = asked.forward()
        kept = {k: v for k, v in found.headers.items() if k.lower() != "content-range"}
        return Answer(200, kept, CONTENT)

    put(store)
    proxy.then(hand_on, whole)

    with pytest.raises(OSError, match="the store sent something else"):
        store.open("a", 7, 10)


def test_a_list_that_was_answered_200_with_an_error_is_not_taken_for_empty(
    proxy: Faulty, store: S3Blobs
) -> None:
    put(store)
    proxy.then(*[says(200, "InternalError")] * 4)

    with pytest.raises(OSError, match="InternalError"):
        list(store.keys())


def test_a_list_of_many_pages_is_listed_whole(proxy: Faulty, store: S3Blobs) -> None:
    for key in "abcde":
        store.put(key, io.BytesIO(b""))
    proxy.then(*[lambda asked: asked.forward("&max-keys=2")] * 3)

    assert list(store.keys()) == ["a", "b", "c", "d", "e"]
    assert proxy.asked == ["GET", "GET", "GET"]


def test_a_list_whose_second_page_fails_is_not_cut_short(proxy: Faulty, store: S3Blobs) -> None:
    for key in "abcde":
        store.put(key, io.BytesIO(b""))
    proxy.then(lambda asked: asked.forward("&max-keys=2"), *[SLOW_DOWN] * 4)

    with pytest.raises(OSError, match="SlowDown"):
        list(store.keys())
