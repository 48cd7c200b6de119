"""What all tests share: databases (SQLite, and a PostgreSQL of their own), an invented world."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from review import schema
from storage_config.blobs import LocalBlobs
from storage_config.database import Database
from tests.services.postgres import Postgres
from tests.world import World

BOTH = ("sqlite", pytest.param("postgres", marks=pytest.mark.services))


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own settings must not reach a test."""
    for name in [n for n in os.environ if n.startswith("LANTOA_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with the schema: copied, since migrating takes longer."""
    path = tmp_path_factory.mktemp("migrated") / "lantoa.sqlite3"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database.engine)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this session's own, with a migrated template to copy."""
    with Postgres.started() as server:
        database = Database(server.create("template_of_tests"))
        schema.upgrade(database.engine)
        database.dispose()
        yield server


@pytest.fixture
def sqlite_database(migrated: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "lantoa.sqlite3"
    shutil.copy(migrated, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.dispose()


@pytest.fixture
def postgres_database(postgres: Postgres) -> Iterator[Database]:
    database = Database(postgres.create(template="template_of_tests"))
    yield database
    database.dispose()


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture(params=BOTH)
def any_database(request: pytest.FixtureRequest) -> Database:
    """The test runs once on SQLite and once on PostgreSQL."""
    found = request.getfixturevalue(f"{request.param}_database")
    assert isinstance(found, Database)
    return found


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


@pytest.fixture
def any_world(any_database: Database) -> World:
    return World(any_database)


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "blobs")


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The system's Chromium, alone: it asks nobody for updates or anything else."""
    quiet = ("gpu", "quic", "background-networking", "component-update", "sync")
    flags = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)]
    return {
        "executable_path": shutil.which("chromium"),
        "args": [*flags, "--autoplay-policy=no-user-gesture-required"],
    }
