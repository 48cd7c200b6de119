"""A program for the tests: supervises the shell scripts of its arguments, as ``up`` would.

``drive_supervisor.py FOLDER [NAME=SCRIPT]...``; prints what it says, each line at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from webapp.cli.supervisor import Failed, Program, Supervisor


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    folder = Path(sys.argv[1])
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
    supervisor = Supervisor(
        folder / "log", lock, say=say, echo=lambda name, line: say(f"{name}: {line}")
    )
    try:
        for pair in sys.argv[2:]:
            name, _, script = pair.partition("=")
            supervisor.add(Program(name, ["/bin/sh", "-c", script]))
        while not supervisor.stopping:
            supervisor.step(60)
    except Failed as failed:
        say(f"failed: {failed} {failed.tail}")
        supervisor.stop()
        return 1
    return 0 if supervisor.stop() else 1


if __name__ == "__main__":
    sys.exit(main())
