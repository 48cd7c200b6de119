"""A Redis server of the tests' own, on a free port, that keeps nothing on the disk."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.ports import free_port
from tests.services.programs import end, start, wait_for_port


@dataclass
class Redis:
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def started(cls, folder: Path) -> Iterator[Redis]:
        server = cls(folder, free_port())
        server.start()
        try:
            yield server
        finally:
            server.kill()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        argv = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        argv += ["--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        log = self.folder / "log"
        self.process = start(argv, log=log, env={"PATH": os.environ["PATH"]})
        wait_for_port(self.port, self.process, log)

    def kill(self) -> None:
        """All that it held is lost."""
        if self.process is not None:
            end(self.process)

    def freeze(self) -> None:
        """It takes connections, and never answers."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def command(self, *words: str) -> str:
        argv = ["redis-cli", "-p", str(self.port), *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=30).stdout
