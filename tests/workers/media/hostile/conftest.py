"""Hostile clips, made once a session, and the cages in which they are opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.lists import Lists
from tests.hostile.mp4 import Mp4
from tests.hostile.pictures import Pictures
from tests.hostile.times import Times
from tests.hostile.tracks import Tracks
from workers.media import Sandbox, choose_sandbox


@pytest.fixture(params=["auto", "off"])
def cage(request: pytest.FixtureRequest) -> Sandbox:
    """The strongest that this machine has, and none: what is refused must not hang on it."""
    return choose_sandbox(request.param)


@pytest.fixture
def strongest() -> Sandbox:
    """For what is made: the cage has no part in how."""
    return choose_sandbox("auto")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Lists:
    return Lists(tmp_path_factory.mktemp("lists"))


@pytest.fixture(scope="session")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> Mp4:
    return Mp4(tmp_path_factory.mktemp("mp4"))


@pytest.fixture(scope="session")
def times(tmp_path_factory: pytest.TempPathFactory) -> Times:
    return Times(tmp_path_factory.mktemp("times"))


@pytest.fixture(scope="session")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Tracks:
    return Tracks(tmp_path_factory.mktemp("tracks"))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    return Pictures(tmp_path_factory.mktemp("pictures"))
