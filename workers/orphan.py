"""Ends a worker whose parent was killed.

``lantoa up`` starts a worker through its keeper, whose death the kernel tells the worker by
SIGTERM. Celery then waits for the jobs of its children, for ever where a child was killed too:
nobody is left to cut that short.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time

PR_GET_PDEATHSIG = 2
GRACE = 15.0  # seconds for the jobs under way: with a look, below what `up` gives its programs
LOOK = 1.0  # seconds


def end_with_parent(grace: float = GRACE) -> None:
    """Watch for the parent's death, and end all that is left of this process's group after it.

    Only where the kernel was asked to tell of it: a worker that was started by hand may outlive
    its shell. To be called in the main thread, of which the kernel is asked.
    """
    if _death_signal() == 0:
        return
    parent = os.getppid()
    threading.Thread(target=_watch, args=(parent, grace), name="orphan", daemon=True).start()


def _death_signal() -> int:
    found = ctypes.c_int(0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_GET_PDEATHSIG, ctypes.byref(found), 0, 0, 0) != 0:
        return 0
    return found.value


def _watch(parent: int, grace: float) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK)
    time.sleep(grace)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # the children are of this group, which is nobody else's
    os.kill(os.getpid(), signal.SIGKILL)
