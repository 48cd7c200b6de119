"""A real server, and clients that mirror it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.mirrors import Documented, Ours
from tests.serving import served
from tests.world import World


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with served(app) as url:
        yield url


@pytest.fixture
def ours(world: World, address: str, tmp_path: Path) -> Ours:
    return Ours(address, world.library()[1], tmp_path / "ours")


@pytest.fixture(params=["ours", "documented"])
def client(
    request: pytest.FixtureRequest, world: World, address: str, tmp_path: Path
) -> Ours | Documented:
    kind = {"ours": Ours, "documented": Documented}[request.param]
    made: Callable[..., Ours | Documented] = kind
    return made(address, world.library()[1], tmp_path / request.param)
