"""Web servers of the tests' own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage_config.database import Database
from tests.services.postgres import Postgres
from tests.webapp.uploads.machines import Machines, two_machines
from tests.webapp.uploads.web import Web
from tests.world import World


@pytest.fixture(scope="session")
def _migrated_copy(migrated: Path) -> Callable[[Path], Path]:
    def copy(data: Path) -> Path:
        data.mkdir(parents=True)
        shutil.copy(migrated, data / "lantoa.sqlite3")
        return data

    return copy


@pytest.fixture(scope="module")
def web(
    tmp_path_factory: pytest.TempPathFactory, _migrated_copy: Callable[[Path], Path]
) -> Iterator[Web]:
    """One server for all tests of a module."""
    yield from _serving(_migrated_copy(tmp_path_factory.mktemp("web") / "data"))


@pytest.fixture
def fresh_web(tmp_path: Path, _migrated_copy: Callable[[Path], Path]) -> Iterator[Web]:
    """A server of this test's own, not started yet."""
    yield from _serving(_migrated_copy(tmp_path / "data"), start=False)


def _serving(data: Path, *, start: bool = True) -> Iterator[Web]:
    database = Database(f"sqlite:///{data / 'lantoa.sqlite3'}")
    web = Web(data, World(database))
    try:
        yield web.start() if start else web
    finally:
        web.kill()
        database.dispose()


@pytest.fixture(autouse=True)
def a_teacher_of_ones_own(request: pytest.FixtureRequest) -> None:
    """Unfinished uploads are counted for each person: no test spends another one's."""
    if "web" in request.fixturenames:
        shared: Web = request.getfixturevalue("web")
        shared.world.people.clear()
        shared._token.clear()


@pytest.fixture(scope="module")
def _two_machines(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> Iterator[Machines]:
    with two_machines(tmp_path_factory.mktemp("machines"), postgres) as found:
        yield found


@pytest.fixture
def machines(_two_machines: Machines) -> Machines:
    return _two_machines.fresh()
