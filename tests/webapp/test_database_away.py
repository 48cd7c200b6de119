"""A database that is locked or away: 503 with Retry-After, never 500, and nothing half done."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from review.policy import Role
from review.states import State
from storage_config import database as database_module
from storage_config.database import Database
from tests.services.postgres import Postgres
from tests.webapp.conftest import PART, TUS, Caller, problem
from tests.webapp.test_security import signed_in
from tests.world import TITLE, World

NOTHING = "01m00000000000000000000000"


@pytest.fixture
def away() -> Iterator[Database]:
    """A database that nobody answers for."""
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    yield database
    database.dispose()


def is_busy(response: Any) -> bool:
    return problem(response) == (503, "busy") and int(response.headers["Retry-After"]) > 0


def test_every_call_is_503_while_it_is_away(make_app: Callable[..., Flask], away: Database) -> None:
    app = make_app(database=away)
    with_token = Caller(app, "lt_any")
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(("/api/", "/feed/", "/uploads", "/media/")):
            continue
        path = re.sub(r"<[^>]+>", NOTHING, rule.rule)
        for method in (rule.methods or set()) - {"OPTIONS"}:
            if rule.endpoint == "api.describe":
                continue
            response = with_token(
                method, path, {} if method == "POST" else None, **TUS, Upload_Length="5"
            )
            if method == "HEAD":
                assert response.status_code == 503, (method, path)
            else:
                assert is_busy(response), (method, path)


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_whoever_is_signed_in_gets_a_503_too(
    app: Flask, make_app: Callable[..., Flask], world: World, away: Database, accept: str
) -> None:
    """Also the error's own page has to be written without asking who reads it."""
    client = app.test_client()
    signed_in(client, world)
    cookie = client.get_cookie("lantoa")
    assert cookie is not None
    later = make_app(database=away).test_client()
    later.set_cookie("lantoa", cookie.value)
    answers = [later.get(path, headers={"Accept": accept}) for path in ("/", "/api/v1/clips")]

    assert [a.status_code for a in answers] == [503, 503]
    assert all(int(a.headers["Retry-After"]) > 0 for a in answers)


def test_a_health_check_needs_no_database(make_app: Callable[..., Flask], away: Database) -> None:
    assert make_app(database=away).test_client().get("/healthz").status_code == 200


class TestLocked:
    @pytest.fixture
    def impatient(self, monkeypatch: pytest.MonkeyPatch, sqlite_database: Database) -> Database:
        """The same rows, by connections that wait for a tenth of a second only."""
        monkeypatch.setattr(database_module, "BUSY_TIMEOUT_MS", 100)
        return Database(str(sqlite_database.engine.url))

    def test_a_locked_database_is_503_and_nothing_is_written(
        self, make_app: Callable[..., Flask], world: World, impatient: Database
    ) -> None:
        call = Caller(make_app(database=impatient), world.token(Role.TEACHER))
        upload, clip_id = world.upload(), world.clip(State.IN_REVIEW)
        before = world.get(clip_id).version
        path = str(impatient.engine.url.database)
        lock = sqlite3.connect(path, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        body = {"title": TITLE, "upload": upload}
        refused = [
            call("POST", "/api/v1/clips", body, Idempotency_Key="one"),
            call("POST", f"/api/v1/clips/{clip_id}/withdraw", {"reason": "owner"}),
            call("POST", "/uploads", **TUS, Upload_Length="5"),
        ]
        reading = call("GET", f"/api/v1/clips/{clip_id}")
        lock.rollback()
        lock.close()

        assert [is_busy(r) for r in refused] == [True] * 3
        assert reading.status_code == 200
        assert (world.get(clip_id).state, world.get(clip_id).version) == ("in_review", before)
        again = call("POST", "/api/v1/clips", body, Idempotency_Key="one")
        assert again.status_code == 201
        with sqlite3.connect(path) as rows:
            assert rows.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows.close()
        impatient.dispose()

    def test_the_last_bytes_of_an_upload_wait_for_their_row(
        self, make_app: Callable[..., Flask], world: World, impatient: Database, tmp_path: Path
    ) -> None:
        call = Caller(make_app(database=impatient), world.token(Role.TEACHER))
        path = call("POST", "/uploads", **TUS, Upload_Length="5").headers["Location"]
        lock = sqlite3.connect(str(impatient.engine.url.database), isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        sent = call.client.patch(
            path,
            data=b"01234",
            headers={**call.headers, **TUS, "Upload-Offset": "0", "Content-Type": PART},
        )
        lock.rollback()
        lock.close()
        asked = call("HEAD", path, **TUS)

        assert sent.status_code == 503
        assert (asked.status_code, asked.headers["Upload-Offset"]) == (200, "5")
        assert "Upload-Expires" not in call("HEAD", path, **TUS).headers  # it is complete
        impatient.dispose()


@pytest.mark.services
@pytest.mark.faults
def test_postgresql_is_restarted_under_load(
    make_app: Callable[..., Flask],
) -> None:
    """Every answer is the right one or 503; afterwards it goes on by itself."""
    from review import schema

    with Postgres.started() as server:
        database = Database(server.create())
        schema.upgrade(database.engine)
        world = World(database)
        app, token = make_app(database=database), world.token(Role.TEACHER)
        clip_id = world.clip(State.IN_REVIEW)
        statuses: list[int] = []
        ended = threading.Event()

        def keep_asking() -> None:
            call = Caller(app, token)
            while not ended.is_set():
                statuses.append(call("GET", f"/api/v1/clips/{clip_id}").status_code)

        threads = [threading.Thread(target=keep_asking) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            server.stop("immediate")
            server.start()
        finally:
            ended.set()
            for thread in threads:
                thread.join()

        assert set(statuses) <= {200, 503}
        assert Caller(app, token)("GET", f"/api/v1/clips/{clip_id}").status_code == 200
        database.dispose()
