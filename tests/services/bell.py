"""A real Celery worker, in a process of its own, that writes down each bell that it hears."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from storage_config.settings import Settings
from tests.services.programs import end, running

ROOT = Path(__file__).parents[2]
PROGRAM = """
import os, sys, time
from celery import Celery
from storage_config.settings import load
from storage_config.broker import celery_config
heard, ready, queues, seconds = sys.argv[1:]
app = Celery("listener")
app.conf.update(celery_config(load()))
@app.task(name="workers.ring", ignore_result=True, acks_late=True)
def ring(job_id):
    with open(heard, "a") as out:
        out.write(f"{job_id} {os.getpid()}\\n")
    time.sleep(float(seconds))
from celery.signals import worker_ready
worker_ready.connect(lambda **_: open(ready, "w").close(), weak=False)
app.worker_main(["worker", f"--queues={queues}", "--concurrency=1", "--pool=prefork",
                 "--loglevel=warning", "--without-gossip", "--without-mingle"])
"""


@dataclass
class Listener:
    folder: Path
    process: subprocess.Popen[bytes]

    def heard(self) -> list[str]:
        """Job ids, in the order of hearing."""
        return [line.split()[0] for line in self._lines()]

    def children(self) -> list[int]:
        return [int(line.split()[1]) for line in self._lines()]

    def wait_for(self, *job_ids: str, seconds: float = 60) -> None:
        """Until all of these were heard."""
        until = time.monotonic() + seconds
        while not set(job_ids) <= set(self.heard()):
            missing = sorted(set(job_ids) - set(self.heard()))[:5]
            assert time.monotonic() < until, f"never heard {missing}: {self._log()}"
            assert self.process.poll() is None, self._log()
            time.sleep(0.05)

    def kill(self) -> None:
        """As a power cut does it."""
        end(self.process)

    def _lines(self) -> list[str]:
        file = self.folder / "heard"
        return file.read_text().splitlines() if file.exists() else []

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-3000:]


@contextmanager
def listening(
    settings: Settings, folder: Path, *, queues: str = "examine,ladder", seconds: float = 0
) -> Iterator[Listener]:
    """A worker of these queues, ready; each bell keeps it for ``seconds``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ready").unlink(missing_ok=True)
    argv = [sys.executable, "-c", PROGRAM, str(folder / "heard"), str(folder / "ready")]
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "C_FORCE_ROOT": "1",
        "LANTOA_DATA": str(settings.data),
        "LANTOA_BROKER_URL": settings.broker_url,
        "LANTOA_SECRET_KEY": "k" * 40,
    }
    with running([*argv, queues, str(seconds)], log=folder / "log", env=environ) as process:
        listener = Listener(folder, process)
        until = time.monotonic() + 60
        while not (folder / "ready").exists():
            assert process.poll() is None, listener._log()
            assert time.monotonic() < until, listener._log()
            time.sleep(0.05)
        yield listener
