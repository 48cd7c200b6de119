"""Runs one program for ``lantoa up`` and answers for all that it starts.

Run as a file, with nothing but the standard library, so that it is small and starts at once:
``python -I -S keeper.py PARENT LOCK GRACE PROGRAM ARGUMENTS...``

It ends the program when it is told to (SIGTERM, SIGINT, SIGHUP) and when ``PARENT`` dies, even by
SIGKILL: the program gets SIGTERM and ``GRACE`` seconds, then everything below it SIGKILL. A second
signal cuts the grace short. It exits with the program's status, 128 + N where signal N ended it.

``LOCK`` is a file descriptor that holds the data directory's lock: it stays locked until the
last program of an ``up`` that was killed has ended.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
ENDINGS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
WATCHED = ENDINGS | {signal.SIGCHLD}
CANNOT_START = 127

_libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def die_with(parent: int) -> None:
    """SIGTERM for us when the parent is gone; at once when it is gone already."""
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def start(argv: list[str]) -> int:
    """Start the program in a process group of its own; its pid, which names the group."""
    keeper = os.getpid()
    pid = os.fork()
    if pid != 0:
        return pid
    os.setpgid(0, 0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
    die_with(keeper)
    try:
        os.execv(argv[0], argv)  # noqa: S606 - an argument list of ours, no shell wanted
    except OSError as error:
        sys.stderr.write(f"cannot start {argv[0]}: {error}\n")
        sys.stderr.flush()
    os._exit(CANNOT_START)


def reap() -> dict[int, int]:
    """Exit statuses of the children that ended, ours and those that we inherited."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        code = os.waitstatus_to_exitcode(status)
        ended[pid] = code if code >= 0 else 128 - code


def keep(program: int, grace: float) -> int:
    """Wait until the program ends, or until its grace does; its exit status."""
    deadline: float | None = None
    while True:
        wait = 3600.0 if deadline is None else max(0.0, deadline - time.monotonic())
        got = signal.sigtimedwait(WATCHED, wait)
        ended = reap()
        if program in ended:
            return ended[program]
        if got is not None and got.si_signo in ENDINGS:
            # Only the program itself: it knows in which order its own children have to end.
            os.kill(program, signal.SIGTERM)
            deadline = time.monotonic() + (grace if deadline is None else 0.0)
        if deadline is not None and time.monotonic() >= deadline:
            return 128 + signal.SIGKILL


def end_everything(group: int) -> None:
    """SIGKILL for the group and for those who left it: they are our children by now."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while True:
        reap()
        left = children.read_text().split()
        if not left:
            return
        for pid in left:
            os.kill(int(pid), signal.SIGKILL)  # not reaped yet, so the number is still theirs
        signal.sigtimedwait({signal.SIGCHLD}, 1.0)


def main() -> int:
    parent, lock, grace = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    os.set_inheritable(lock, False)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    die_with(parent)
    program = start(sys.argv[4:])
    status = keep(program, grace)
    end_everything(program)
    return status


if __name__ == "__main__":
    sys.exit(main())
