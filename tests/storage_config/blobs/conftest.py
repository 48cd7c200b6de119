"""Stores to test: each empty, all on this machine."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage_config.blobs import LocalBlobs, S3Blobs
from tests.services import s3

_prefixes = itertools.count()


@pytest.fixture(autouse=True)
def keys_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 must find neither a person's keys nor the network."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in s3.KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3.moto(tmp_path_factory.mktemp("moto")) as address:
        yield address


@pytest.fixture(scope="session")
def nanio_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3.nanio(tmp_path_factory.mktemp("nanio")) as address:
        yield address


def empty_store(address: str) -> S3Blobs:
    return S3Blobs(s3.BUCKET, f"test/{next(_prefixes)}", endpoint=address)


@pytest.fixture
def moto_store(moto_server: str) -> S3Blobs:
    return empty_store(moto_server)


@pytest.fixture
def nanio_store(nanio_server: str) -> S3Blobs:
    return empty_store(nanio_server)


@pytest.fixture
def local_store(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs")
