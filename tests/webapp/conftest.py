"""The web part in the test's own process: an application, clients, and files to serve."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from review import accounts, queries
from review.models import Account
from review.policy import Role
from storage_config.blobs import LocalBlobs
from storage_config.database import Database
from storage_config.settings import Settings, load
from tests.world import World
from webapp.app import create_app
from webapp.security import limiter

TUS = {"Tus-Resumable": "1.0.0"}
PART = "application/offset+octet-stream"


@dataclass
class Bell:
    """A doorbell that remembers who was rung for."""

    rung: list[tuple[str, str]] = field(default_factory=list)

    def ring(self, job_id: str, queue: str) -> bool:
        self.rung.append((job_id, queue))
        return True


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real hashes, but cheap ones: these tests make accounts by the dozen."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr("review.accounts._hasher", lambda: hasher)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({}, data=tmp_path)


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def make_app(
    settings: Settings, database: Database, blobs: LocalBlobs, bell: Bell
) -> Callable[..., Flask]:
    """Applications on the test's parts; a keyword replaces one of them."""

    def make(**other: Any) -> Flask:
        parts = {"settings": settings, "database": database, "blobs": blobs, "doorbell": bell}
        parts |= other
        return create_app(parts.pop("settings"), **parts)

    return make


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    yield make_app()
    with make_app().app_context():
        limiter.reset()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Nobody in particular: no cookie, no token."""
    return app.test_client()


class Caller:
    """A program with a bearer token (or without one): one call, and what it was answered."""

    def __init__(self, app: Flask, token: str | None) -> None:
        self.client = app.test_client(use_cookies=False)
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The response; header names may be written with ``_``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        more = {} if body is None else {"json": body}
        sent = {"method": method, "headers": self.headers | named, "buffered": True}
        return self.client.open(path, **sent, **more)


@pytest.fixture
def caller(app: Flask, world: World) -> Callable[..., Caller]:
    """A program of this role, of this account, or with this token."""

    def make(who: Role | Account | str | None) -> Caller:
        if isinstance(who, Role):
            return Caller(app, world.token(who))
        if isinstance(who, Account):
            return Caller(app, token_of(world, who))
        return Caller(app, who)

    return make


def token_of(world: World, account: Account) -> str:
    with world.write() as session:
        return accounts.add_token(session, label="test", account_id=account.id)


def problem(response: Any) -> tuple[int, str]:
    """(status, code) of a refusal, whose form is checked on the way."""
    assert response.mimetype == "application/problem+json", response.data
    body = response.get_json()
    assert body["status"] == response.status_code
    assert body["type"] == f"urn:lantoa:{body['code']}"
    assert body["title"]
    return response.status_code, body["code"]


def store_files(world: World, blobs: LocalBlobs, clip_id: str) -> dict[str, bytes]:
    """Give every output of the clip its bytes; what -> bytes."""
    found = {}
    with world.read() as session:
        files = queries.output_files(session, world.get(clip_id))
    for what, file in files.items():
        target = blobs.root / file.key
        content = b"0123456789abcdef"[: file.bytes]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        found[what] = content
    return found
