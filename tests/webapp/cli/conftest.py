"""Programs that the tests start, and end whatever happens."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from tests.webapp.cli.processes import PATIENCE, Running


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """Start a program; whatever is left of it is killed at the end of the test."""
    started: list[Running] = []

    def begin(*argv: str, env: dict[str, str] | None = None) -> Running:
        running = Running([sys.executable, *argv], env)
        started.append(running)
        return running

    yield begin
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait(PATIENCE)
        running.close()
