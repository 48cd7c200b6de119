"""Runs one program for a worker and answers for all that it starts.

Run as a file, with nothing but the standard library, so that it is small and starts at once:
``python -I -S launcher.py LIFELINE PROGRAM ARGUMENTS...``

``LIFELINE`` is the reading end of a pipe whose other end only the worker holds. When the worker
closes it or dies, even by SIGKILL and at whatever moment, the pipe ends: then everything below is
killed, or was never started. The kernel's "tell me when my parent dies" can not promise that: it
says nothing to who asks a moment too late, and bubblewrap and `unshare` ask late.

It exits with the program's status, 128 + N where signal N ended it.
"""

import contextlib
import ctypes
import os
import select
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CANNOT_START = 127
# Each thread's own arena of the C library reserves 64 MiB of the address space that is limited.
ENVIRONMENT = {"MALLOC_ARENA_MAX": "2"}

_libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def start(argv: list[str]) -> int:
    """Start the program in a process group of its own; its pid, which names the group."""
    launcher = os.getpid()
    pid = os.fork()
    if pid != 0:
        return pid
    try:
        os.setpgid(0, 0)
        # Somebody may kill the launcher itself; then at least the first program goes with it.
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == launcher:
            os.execve(argv[0], argv, ENVIRONMENT)  # noqa: S606 - an argument list, no shell wanted
    except OSError as error:
        sys.stderr.write(f"cannot start {argv[0]}: {error}\n")
        sys.stderr.flush()
    os._exit(CANNOT_START)


def wait(program: int, lifeline: int, woken: int) -> int:
    """The program's exit status, or 128 + SIGKILL when the worker is gone first."""
    poll = select.poll()
    poll.register(lifeline, select.POLLIN)
    poll.register(woken, select.POLLIN)
    while True:
        # A program that has ended is heard before a worker that waits for nothing more.
        status = reap().get(program)
        if status is not None:
            return status
        for descriptor, _ in poll.poll():
            if descriptor == lifeline:
                return 128 + signal.SIGKILL
            os.read(woken, 4096)


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


def end_everything(group: int, woken: int) -> None:
    """SIGKILL for the group and for those who left it: when their parents die, they are ours."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while True:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        for pid in children.read_text().split():
            os.kill(int(pid), signal.SIGKILL)  # not reaped yet, so the number is still theirs
        reap()
        if not children.read_text():
            return
        if select.select([woken], [], [], 0.1)[0]:
            os.read(woken, 4096)


def main() -> int:
    lifeline = int(sys.argv[1])
    os.set_inheritable(lifeline, False)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    program = start(sys.argv[2:])
    # The answer has ended when the program's own ends of these pipes are closed.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    status = wait(program, lifeline, woken)
    end_everything(program, woken)
    return status


if __name__ == "__main__":
    os._exit(main())
