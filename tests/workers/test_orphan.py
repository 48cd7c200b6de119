"""A worker whose parent was killed ends, whatever it waits for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.webapp.cli.processes import PATIENCE, descendants, wait_until_gone
from webapp.cli.supervisor import GRACE, KEEPER
from workers import orphan

ROOT = Path(__file__).parents[2]
# Deaf to SIGTERM, as a worker that waits for a child which was killed; with a child of its own.
HANGS = """
import signal, subprocess, sys
from workers import orphan
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "600"])
orphan.end_with_parent(grace=0.1)
print("up", flush=True)
child.wait()
signal.pause()
"""


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    argv = [sys.executable, "-I", "-S", str(KEEPER), str(os.getpid()), str(lock), "1"]
    process = subprocess.Popen(
        [*argv, sys.executable, "-c", HANGS],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        pass_fds=(lock,),
        process_group=0,
    )
    os.close(lock)
    with process:
        yield process
        process.kill()


@pytest.mark.slow
def test_it_and_its_children_end_soon_after(keeper: subprocess.Popen[bytes]) -> None:
    assert keeper.stdout is not None
    assert keeper.stdout.readline() == b"up\n"
    below = descendants(keeper.pid)
    assert len(below) == 2
    os.kill(keeper.pid, signal.SIGKILL)
    keeper.wait(PATIENCE)

    wait_until_gone(below)


def test_who_was_started_by_hand_is_not_watched() -> None:
    """Such a worker may outlive its shell."""
    orphan.end_with_parent(grace=0.0)
    assert "orphan" not in {thread.name for thread in threading.enumerate()}


def test_it_ends_before_the_supervisor_would_give_up() -> None:
    assert orphan.GRACE + orphan.LOOK < GRACE
