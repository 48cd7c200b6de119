"""Clips of all kinds, made once a session, and what the media tool makes of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.clips import Clips
from tests.workers.office import Office
from workers.media import (
    Examined,
    MediaLimits,
    Rendered,
    Sandbox,
    choose_sandbox,
    examine,
    render_ladder,
)


@dataclass
class Works:
    """The whole work on a clip, done once for all tests that look at it."""

    clips: Clips
    folder: Path
    sandbox: Sandbox
    _examined: dict[str, Examined] = field(default_factory=dict)
    _rendered: dict[str, Rendered] = field(default_factory=dict)

    def examined(self, name: str) -> Examined:
        if name not in self._examined:
            out = self.out(name)
            out.mkdir(parents=True)
            self._examined[name] = examine(
                self.clips.get(name), out, limits=MediaLimits(), sandbox=self.sandbox
            )
        return self._examined[name]

    def rendered(self, name: str) -> Rendered:
        examined = self.examined(name)
        if name not in self._rendered:
            self._rendered[name] = render_ladder(
                self.clips.get(name),
                self.out(name),
                facts=examined.facts,
                limits=MediaLimits(),
                sandbox=self.sandbox,
                noticed=examined.signals,
            )
        return self._rendered[name]

    def out(self, name: str) -> Path:
        return self.folder / name


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """The strongest that this machine has."""
    return choose_sandbox("auto")


@pytest.fixture(scope="session")
def works(clips: Clips, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Works:
    return Works(clips, tmp_path_factory.mktemp("works"), sandbox)


@pytest.fixture
def office(migrated: Path, tmp_path: Path) -> Iterator[Office]:
    """An installation of the embedded default, with its own database, store and folders."""
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(migrated, data / "lantoa.sqlite3")
    opened = Office.opened(data)
    yield opened
    opened.close()
