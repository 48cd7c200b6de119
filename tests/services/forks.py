"""A forked child of the test's own process, as a web server or a worker makes them."""

from __future__ import annotations

import os
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def forked(work: Callable[[], object]) -> Iterator[None]:
    """Run ``work`` in a child meanwhile; fails when it raised there."""
    with warnings.catch_warnings():
        # Said of every fork beside a thread; the test's runner has some.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    try:
        yield
    finally:
        _, status = os.waitpid(child, 0)
    assert status == 0, "the child failed: see its traceback above"
