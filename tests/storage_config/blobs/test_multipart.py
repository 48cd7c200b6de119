"""Blobs that come in parts: begun, sent, completed, given up; any step may be repeated."""

from __future__ import annotations

import random

import pytest
import requests

from storage_config.blobs import S3Blobs
from storage_config.blobs.multipart import SMALLEST

pytestmark = pytest.mark.services
KEY = "originals/a"
CONTENT = random.Random(1).randbytes(SMALLEST + 1000)
FIRST, LAST = CONTENT[:SMALLEST], CONTENT[SMALLEST:]


def begun(store: S3Blobs) -> tuple[str, list[dict[str, object]]]:
    """A multipart upload with both parts, under numbers that are not neighbours."""
    multipart = store.multiparts.begin(KEY)
    parts = [
        {"n": n, "bytes": len(data), "etag": store.multiparts.send(KEY, multipart, n, data)}
        for n, data in ((3, FIRST), (8, LAST))
    ]
    return multipart, parts


def read(store: S3Blobs) -> bytes:
    with store.open(KEY) as stream:
        return stream.read()


def test_it_is_there_when_it_is_complete_and_not_before(moto_store: S3Blobs) -> None:
    multipart, parts = begun(moto_store)
    with pytest.raises(FileNotFoundError):
        moto_store.stat(KEY)
    listed = moto_store.multiparts.parts(KEY, multipart)
    for _ in range(2):  # the answer to the first was lost
        moto_store.multiparts.complete(KEY, multipart, parts, len(CONTENT))

    assert [(p["n"], p["bytes"]) for p in listed] == [(3, SMALLEST), (8, 1000)]
    assert read(moto_store) == CONTENT
    assert list(moto_store.multiparts.pending()) == []


def test_parts_that_nobody_names_are_not_in_it(moto_store: S3Blobs) -> None:
    multipart, parts = begun(moto_store)
    moto_store.multiparts.send(KEY, multipart, 9, b"of a writer that was overtaken")
    moto_store.multiparts.complete(KEY, multipart, parts, len(CONTENT))

    assert read(moto_store) == CONTENT


def test_what_was_given_up_is_gone_and_giving_it_up_again_is_no_error(moto_store: S3Blobs) -> None:
    multipart, parts = begun(moto_store)
    pending = [(p.key, p.multipart) for p in moto_store.multiparts.pending()]
    for _ in range(2):
        moto_store.multiparts.abort(KEY, multipart)

    assert pending == [(KEY, multipart)]
    assert list(moto_store.multiparts.pending()) == []
    with pytest.raises(OSError, match="originals/a"):
        moto_store.multiparts.send(KEY, multipart, 1, FIRST)  # moto says 500, Amazon's 404
    with pytest.raises(OSError, match="originals/a"):
        moto_store.multiparts.complete(KEY, multipart, parts, len(CONTENT))


def test_a_whole_of_another_length_is_an_error(moto_store: S3Blobs) -> None:
    multipart, parts = begun(moto_store)
    with pytest.raises(OSError, match="did not put"):
        moto_store.multiparts.complete(KEY, multipart, parts[:1], len(CONTENT))


def test_a_link_takes_one_part(moto_store: S3Blobs) -> None:
    multipart = moto_store.multiparts.begin(KEY)
    url = moto_store.multiparts.url(KEY, multipart, 1, length=5, seconds=60)
    answer = requests.put(url, data=b"01234", timeout=30)

    assert answer.status_code == 200
    assert "content-length" in url.lower()  # signed: another length is another request
    assert [p["bytes"] for p in moto_store.multiparts.parts(KEY, multipart)] == [5]
