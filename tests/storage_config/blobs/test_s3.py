"""A bucket's own matters: addresses, signed links, and what is said when it is not there."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import pytest
import requests

from storage_config.blobs import S3Blobs, blob_store
from tests.services import s3
from tests.services.ports import free_port

pytestmark = pytest.mark.services


def put(store: S3Blobs, key: str, content: bytes = b"bytes of the clip") -> None:
    assert store.put(key, io.BytesIO(content), mime="video/mp4") == len(content)


def link(store: S3Blobs, key: str, seconds: int = 60) -> str:
    made = store.url(key, seconds=seconds, mime="video/mp4")
    assert made is not None
    return made


def test_a_link_gives_the_bytes_whole_and_in_parts(nanio_store: S3Blobs) -> None:
    put(nanio_store, "derived/7/clip.mp4")
    address = link(nanio_store, "derived/7/clip.mp4")

    whole = requests.get(address, timeout=10)
    part = requests.get(address, headers={"Range": "bytes=6-7"}, timeout=10)

    assert (whole.status_code, whole.content) == (200, b"bytes of the clip")
    assert (part.status_code, part.content) == (206, b"of")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "POST"])
def test_a_link_is_for_reading_only(nanio_store: S3Blobs, method: str) -> None:
    put(nanio_store, "a")

    answer = requests.request(method, link(nanio_store, "a"), data=b"mine", timeout=10)

    assert answer.status_code == 403
    with nanio_store.open("a") as stream:
        assert stream.read() == b"bytes of the clip"


def test_a_link_opens_no_other_blob(nanio_store: S3Blobs) -> None:
    put(nanio_store, "mine")
    put(nanio_store, "theirs")
    address = link(nanio_store, "mine")

    moved = requests.get(address.replace("/mine?", "/theirs?"), timeout=10)
    longer = requests.get(address.replace("Expires=60", "Expires=600"), timeout=10)
    bare = requests.get(address.partition("?")[0], timeout=10)

    assert [a.status_code for a in (moved, longer, bare)] == [403, 403, 403]


def test_a_link_ends(nanio_store: S3Blobs) -> None:
    put(nanio_store, "a")
    address = link(nanio_store, "a", seconds=1)
    end = time.monotonic() + 20
    while requests.get(address, timeout=10).status_code == 200 and time.monotonic() < end:
        time.sleep(0.2)

    assert requests.get(address, timeout=10).status_code == 403


def test_a_link_names_the_file_as_the_person_knows_it(moto_store: S3Blobs) -> None:
    put(moto_store, "a")
    address = moto_store.url("a", seconds=60, mime="video/mp4", filename='Lớp 7A/"sen".mp4')
    assert address is not None

    answer = requests.get(address, timeout=10)

    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''L%E1%BB%9Bp%207A%2F%22sen%22.mp4"
    )


def test_blobs_keep_their_type(nanio_store: S3Blobs) -> None:
    put(nanio_store, "a")
    nanio_store.put("b", io.BytesIO(b"b"))

    types = [
        requests.get(str(nanio_store.url(key, seconds=60)), timeout=10).headers["Content-Type"]
        for key in "ab"
    ]

    assert types == ["video/mp4", "application/octet-stream"]


def test_wrong_keys_are_an_error_in_words(
    nanio_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    refused = "the store refused 'a': SignatureDoesNotMatch"

    with pytest.raises(OSError, match=refused):
        put(S3Blobs(s3.BUCKET, endpoint=nanio_server), "a")
    with pytest.raises(OSError, match=refused):
        S3Blobs(s3.BUCKET, endpoint=nanio_server).open("a")


def test_without_keys_it_is_an_error_in_words(
    nanio_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in s3.KEYS:
        monkeypatch.delenv(name)
    store = S3Blobs(s3.BUCKET, endpoint=nanio_server)

    with pytest.raises(OSError, match="Unable to locate credentials"):
        store.open("a")


def test_a_bucket_that_is_not_there(moto_server: str) -> None:
    store = S3Blobs("nowhere", endpoint=moto_server)

    with pytest.raises(OSError, match="there is no bucket 'nowhere': make it first"):
        put(store, "a")
    with pytest.raises(OSError, match="there is no bucket 'nowhere': make it first"):
        list(store.keys())


def test_a_server_that_is_not_there() -> None:
    store = S3Blobs(s3.BUCKET, endpoint=f"http://127.0.0.1:{free_port()}")

    with pytest.raises(OSError, match="the store does not answer"):
        store.stat("a")


def test_stores_with_other_prefixes_do_not_see_each_other(moto_server: str) -> None:
    one, two, ten = (
        S3Blobs(s3.BUCKET, prefix, endpoint=moto_server)
        for prefix in ("school/1", "/school/2/", "school/10")
    )
    put(one, "a", b"one")
    put(two, "a", b"two")
    put(ten, "b", b"ten")

    assert [list(store.keys()) for store in (one, two, ten)] == [["a"], ["a"], ["b"]]
    one.delete("a")
    with two.open("a") as stream:
        assert stream.read() == b"two"


def test_the_url_says_where(moto_server: str) -> None:
    store = blob_store(f"s3://{s3.BUCKET}/a/b?endpoint={moto_server}&region=ap-southeast-1")
    assert isinstance(store, S3Blobs)
    put(store, "c")
    address = link(store, "c")

    assert address.startswith(f"{moto_server}/{s3.BUCKET}/a/b/c?")
    assert re.search("%2Fap-southeast-1%2Fs3%2Faws4_request", address)
    assert store.path("c") is None
    store.delete("c")


@pytest.mark.parametrize("url", ["s3://", "s3:///prefix", "s3://bucket?acl=public"])
def test_an_incomplete_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="accepted: s3://bucket"):
        blob_store(url)


def test_fetch_keeps_an_older_file_when_the_blob_is_missing(
    moto_store: S3Blobs, tmp_path: Path
) -> None:
    (tmp_path / "target").write_bytes(b"older")

    with pytest.raises(FileNotFoundError):
        moto_store.fetch("a", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"older"
