"""Programs are started again, ended in order, and never outlive the supervisor."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

from tests.webapp.cli.processes import Running, descendants, wait_until_gone

DRIVER = str(Path(__file__).with_name("drive_supervisor.py"))
# Says its name once its own child, in a session of its own, runs: TERM reaches neither by itself.
DEAF = "trap '' TERM; setsid sleep 600 & echo up; while :; do wait; done"
POLITE = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 600 & wait; done"

Start = Callable[..., Running]


def test_a_signal_ends_everything_and_is_a_success(start: Start, tmp_path: Path) -> None:
    running = start(DRIVER, str(tmp_path), f"one={POLITE}", f"two={POLITE}")
    running.line_with("up")
    running.line_with("up")
    below = descendants(running.pid)

    assert running.end(signal.SIGTERM) == 0
    assert sorted(line for line in running.seen if "bye" in line) == ["one: bye", "two: bye"]
    wait_until_gone(below)


def test_ctrl_c_reaches_the_programs_through_the_supervisor_only(
    start: Start, tmp_path: Path
) -> None:
    running = start(DRIVER, str(tmp_path), f"one={POLITE}")
    running.line_with("up")
    os.killpg(running.pid, signal.SIGINT)  # what a terminal does

    assert running.wait() == 0
    assert running.seen[-2:] == ["ending (SIGINT)", "one: bye"]


def test_a_second_signal_kills_who_does_not_listen(start: Start, tmp_path: Path) -> None:
    running = start(DRIVER, str(tmp_path), f"deaf={DEAF}")
    running.line_with("up")
    below = descendants(running.pid)
    running.process.send_signal(signal.SIGTERM)
    running.line_with("ending (SIGTERM)")

    assert running.end(signal.SIGTERM) == 0
    wait_until_gone(below)


def test_nothing_outlives_a_supervisor_that_was_killed(start: Start, tmp_path: Path) -> None:
    running = start(DRIVER, str(tmp_path), f"one={POLITE}", f"two={POLITE}")
    running.line_with("up")
    running.line_with("up")
    below = descendants(running.pid)
    assert len(below) >= 4

    running.end(signal.SIGKILL)
    wait_until_gone(below)


def test_a_program_that_ends_takes_its_children_along(start: Start, tmp_path: Path) -> None:
    script = "setsid sleep 600 & echo child $!; echo go; read -r line; exit 3"
    running = start(DRIVER, str(tmp_path), f"one={script}")
    child = int(running.line_with("child").split()[-1])

    running.line_with("one ended with status 3; starting it again in 0.5 s")
    wait_until_gone({child})
    running.line_with("go")  # the second life


def test_three_failures_at_the_start_are_final(start: Start, tmp_path: Path) -> None:
    running = start(DRIVER, str(tmp_path), "one=echo no database; exit 7")

    assert running.wait() == 1
    assert running.seen[-1] == (
        "failed: one ended 3 times at the start, last with status 7 "
        "['no database', 'no database', 'no database']"
    )


def test_what_cannot_be_started_is_told(start: Start, tmp_path: Path) -> None:
    running = start(DRIVER, str(tmp_path), "one=exec /no/such/program")

    assert running.wait() == 1
    assert re.search("not found", "\n".join(running.seen))


def test_every_line_is_kept_in_the_log(start: Start, tmp_path: Path) -> None:
    running = start(DRIVER, str(tmp_path), f"one=printf 'Lan Tỏa\\nno end'; {POLITE}")
    running.line_with("up")
    running.end()

    assert (tmp_path / "log" / "one.log").read_text("utf-8") == "Lan Tỏa\nno endup\nbye\n"
